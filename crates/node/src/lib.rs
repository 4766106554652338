//! The machine a service runs on, real or simulated: clock, ids, randomness, tasks, fault points, HTTP.
//!
//! Everything that would make two runs differ comes from here, so that one seed gives one history: under
//! simulation the clock is tokio's paused clock, the randomness is seeded, the network is a table of
//! functions, and a *death* drops every task of the node at its current await.

mod fault_points;
mod http;
mod node;
mod real_http;
mod sim_http;

pub use crate::{
    fault_points::{Action, FaultPoints},
    http::{Handler, HttpFuture, Limits, Request, Response, Transport, TransportError},
    node::{Node, NodeBuilder},
    real_http::RealTransport,
    sim_http::{SimNetwork, Weather},
};
