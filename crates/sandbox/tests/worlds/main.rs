//! The worlds as their callers see them: over real HTTP and over the simulated network.

mod caller;
mod control;
mod faults;
mod gateway;
mod http;
mod search;
