//! What every simulated world has in common: a request and the time in, a reply and its delivery out.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};

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
    /// The head at once, then one byte of the body each so long.
    Drip(Duration),
    /// The head and half of the body, then the connection is closed.
    Half,
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

/// Whom a world let in: the name behind a good signature or session; empty where nobody is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caller(pub String);

/// How much of the truth a world's look-ups show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// As they are set up.
    #[default]
    Present,
    /// What is younger than this is missing.
    Behind(TimeDelta),
    /// Nothing is there.
    Nothing,
    /// Everything is as it was when it was made; what followed is missing.
    Stale,
}

/// A pure state machine that speaks HTTP in values. It never waits and never looks at a clock.
pub trait World: Send {
    /// Who asks, by the request's own proof at this moment; or the answer to whoever cannot prove it.
    ///
    /// # Errors
    /// The refusal, when the proof is missing, wrong or expired.
    fn admit(&mut self, request: &http::Request<Bytes>, now: DateTime<Utc>) -> Result<Caller, Reply>;

    /// Does what a caller that was let in asks.
    fn work(&mut self, request: &http::Request<Bytes>, caller: &Caller, now: DateTime<Utc>) -> Reply;

    /// Handles one request at `now`.
    fn handle(&mut self, request: &http::Request<Bytes>, now: DateTime<Utc>) -> Reply {
        match self.admit(request, now) {
            Ok(caller) => self.work(request, &caller, now),
            Err(refusal) => refusal,
        }
    }

    /// What would be refused at once, when the work is to be written only later. Nothing is changed.
    fn refuses(&mut self, _request: &http::Request<Bytes>, _caller: &Caller, _now: DateTime<Utc>) -> Option<Reply> {
        None
    }

    /// Writes the work of a request that came at `arrived` and was let in and checked then. `None`: the world gave it up,
    /// because it was busy with it for longer than it is with anything.
    fn commit(
        &mut self,
        request: &http::Request<Bytes>,
        caller: &Caller,
        _arrived: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<Reply> {
        Some(self.work(request, caller, now))
    }

    /// Changes how much of the truth look-ups show from now on.
    fn set_view(&mut self, _view: View) {}

    /// Judges a request as if it had come when its proof had just expired. `None`: this world has no such proof.
    fn refuse_expired(&mut self, _request: &http::Request<Bytes>, _now: DateTime<Utc>) -> Option<Reply> {
        None
    }

    /// Ends the session that a request shows, as a second logon elsewhere does.
    fn evict(&mut self, _request: &http::Request<Bytes>) {}
}
