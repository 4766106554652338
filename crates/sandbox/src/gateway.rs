//! The card gateway: Cybersource's REST operations on one ledger of amounts, faithful and not idempotent on purpose.
//!
//! Authorize and sale, capture, authorization reversal, search and detail. Requests are signed in either of two ways and
//! verified by code of this crate alone. Sending a payment twice makes two payments, as it does out there.

pub mod books;
pub mod cards;
pub mod tokens;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{Method, Request, Response, StatusCode};
use rand::{SeedableRng, rngs::StdRng};

pub use books::{FollowOn, GatewayBooks, PaymentRecord, PaymentStatus};

use crate::{
    gateway::tokens::{MintError, MintedToken, Tokens},
    world::{Reply, World},
};

/// How the gateway is set up.
#[derive(Debug, Clone, Default)]
pub struct GatewayConfig {}

/// The gateway's whole state.
pub struct GatewayWorld {
    tokens: Tokens,
    random: StdRng,
    clock_offset: TimeDelta,
}

impl GatewayWorld {
    /// A gateway without payments; `seed` decides its numbers.
    pub fn new(_config: GatewayConfig, seed: u64) -> Self {
        Self { tokens: Tokens::default(), random: StdRng::seed_from_u64(seed), clock_offset: TimeDelta::zero() }
    }

    /// What it really did.
    pub fn books(&self) -> GatewayBooks {
        GatewayBooks::default()
    }

    /// How far this world's time is ahead of its callers' clocks.
    pub fn set_clock_offset(&mut self, offset: TimeDelta) {
        self.clock_offset = offset;
    }

    /// Mints a transient token.
    ///
    /// # Errors
    /// When no test card has this name.
    pub fn mint_transient(&mut self, card: &str, now: DateTime<Utc>) -> Result<MintedToken, MintError> {
        self.tokens.mint(card, now, &mut self.random)
    }

    /// Mints a stored token.
    ///
    /// # Errors
    /// When no test card has this name.
    pub fn mint_stored(&mut self, card: &str) -> Result<String, MintError> {
        self.tokens.store(card, &mut self.random)
    }
}

impl World for GatewayWorld {
    fn handle(&mut self, _request: &Request<Bytes>, _now: DateTime<Utc>) -> Reply {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NOT_FOUND;
        Reply::now(response)
    }
}

/// The word by which fault rules and books name an operation.
pub(crate) fn operation_name(method: &Method, path: &str) -> &'static str {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match (method, segments.as_slice()) {
        (&Method::POST, ["pts", "v2", "payments"]) => "authorize",
        (&Method::POST, ["pts", "v2", "payments", _, "captures"]) => "capture",
        (&Method::POST, ["pts", "v2", "payments", _, "reversals"]) => "reverse",
        (&Method::POST, ["tss", "v2", "searches"]) => "search",
        (&Method::GET, ["tss", "v2", "transactions", _]) => "detail",
        _ => "other",
    }
}
