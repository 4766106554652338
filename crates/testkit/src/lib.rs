//! What tests of several crates need: waiting for conditions, databases and brokers of one's own, orders to send.

pub mod servers;
pub mod wait;

pub use wait::{eventually, within};
