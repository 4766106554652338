//! What this service needs from outside: a card gateway.

use std::pin::Pin;

use chrono::{DateTime, Utc};
use contracts::r#type::v1::Personal;
use ids::{MerchantReference, Pair};
use money::Amount;
use payment_domain::payment::{Operation, Purpose};

use crate::{
    codec::{FollowOn, Timeout, What},
    error::CallError,
};

/// A boxed future of a port.
pub type PortFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, CallError>> + Send + 'a>>;

/// A card gateway. Every method is one attempt; nothing is ever repeated behind a caller's back.
pub trait CardGateway: Send + Sync {
    /// Holds funds. The personal part is for the issuer's checks and goes nowhere else.
    fn authorize<'a>(
        &'a self,
        pair: &'a Pair,
        reference: &'a MerchantReference,
        purpose: &'a Purpose,
        personal: &'a Personal,
    ) -> PortFuture<'a, What>;

    /// Takes held funds.
    fn capture<'a>(&'a self, pair: &'a Pair, call: &'a FollowOn) -> PortFuture<'a, What>;

    /// Releases a hold.
    fn reverse<'a>(&'a self, pair: &'a Pair, call: &'a FollowOn) -> PortFuture<'a, What>;

    /// Withdraws a capture before its batch closes. The hold stays.
    fn void<'a>(&'a self, pair: &'a Pair, call: &'a FollowOn) -> PortFuture<'a, What>;

    /// Gives captured money back.
    fn refund<'a>(&'a self, pair: &'a Pair, call: &'a FollowOn) -> PortFuture<'a, What>;

    /// Undoes a silent authorization (`TimeoutReverse`) or capture (`TimeoutVoid`) by our own id for it.
    fn undo_by_id<'a>(&'a self, pair: &'a Pair, operation: Operation, call: &'a Timeout) -> PortFuture<'a, What>;

    /// Looks whether the shop's plugin did what the shop says.
    fn confirm<'a>(&'a self, pair: &'a Pair, purpose: &'a Purpose) -> PortFuture<'a, What>;

    /// Looks whether the shop has taken the money of this hold.
    fn await_capture<'a>(&'a self, pair: &'a Pair, call: &'a FollowOn) -> PortFuture<'a, What>;

    /// What became of an attempt.
    fn inquire<'a>(&'a self, pair: &'a Pair, question: &'a Question) -> PortFuture<'a, Sought>;

    /// What the gateway knows of one attempt. Finding nothing proves nothing before its index has caught up.
    fn search<'a>(&'a self, pair: &'a Pair, reference: &'a MerchantReference) -> PortFuture<'a, Vec<Sighting>>;

    /// What the gateway did in a stretch of time, a page of it, oldest first.
    fn window<'a>(&'a self, pair: &'a Pair, stretch: Stretch) -> PortFuture<'a, Page>;
}

/// One attempt whose outcome is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What was asked.
    pub operation: Operation,
    /// The attempt.
    pub reference: MerchantReference,
    /// How much was asked.
    pub amount: Amount,
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// This.
    Found(What),
    /// Nothing is there, or not yet.
    Absent,
    /// Something is there that is not what was asked.
    Differs(String),
    /// What is there says nothing yet.
    Unclear(String),
}

/// A trace of one attempt in the gateway's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// What it was, where it is one of ours.
    pub operation: Option<Operation>,
    /// The merchant reference that it was sent with.
    pub reference: String,
    /// The gateway's name for it.
    pub gateway_request_id: String,
    /// The amount that was asked for, not the one approved.
    pub amount: Option<Amount>,
    /// Whether it was done; `None` when the record does not say.
    pub is_done: Option<bool>,
}

/// A stretch of the gateway's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// From then.
    pub from: DateTime<Utc>,
    /// Until then.
    pub to: DateTime<Utc>,
    /// After so many.
    pub offset: usize,
    /// So many at most.
    pub limit: usize,
}

/// A page of the gateway's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What it shows.
    pub sightings: Vec<Sighting>,
    /// How many the gateway counts in the whole stretch.
    pub total: usize,
}
