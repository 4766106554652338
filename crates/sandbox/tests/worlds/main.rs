//! The worlds as their callers see them: over real HTTP and over the simulated network.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails like the test itself")]

mod caller;
mod control;
mod faults;
mod gateway;
mod giving_back;
mod http;
mod looking;
mod search;
