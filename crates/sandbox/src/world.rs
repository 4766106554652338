//! What every simulated world has in common: a request and the time in, a reply and its delivery out.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};

/// How a reply reaches the caller. The work is done before this is decided, unless a fault says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// At once.
    Now,
    /// After this long.
    After(Duration),
    /// The connection is held and nothing is ever sent.
    Never,
    /// The connection is closed without an answer.
    Dropped,
}

/// An answer and its delivery.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Status, headers, body.
    pub response: http::Response<Bytes>,
    /// When and whether it is sent.
    pub delivery: Delivery,
}

impl Reply {
    /// An answer sent at once.
    pub fn now(response: http::Response<Bytes>) -> Self {
        Self { response, delivery: Delivery::Now }
    }
}

/// A pure state machine that speaks HTTP in values. It never waits and never looks at a clock.
pub trait World: Send {
    /// Handles one request at `now`.
    fn handle(&mut self, request: &http::Request<Bytes>, now: DateTime<Utc>) -> Reply;
}
