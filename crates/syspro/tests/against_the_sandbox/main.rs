//! The facade client against the simulated ERP: without sockets on paused time, and once over real HTTP.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails like the test itself")]

mod orders;
mod outcomes;
mod over_http;
mod questions;
mod sessions;
mod world;
