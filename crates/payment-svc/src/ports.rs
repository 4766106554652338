//! What this service needs from outside: a card gateway.

use std::pin::Pin;

use contracts::r#type::v1::Personal;
use ids::{MerchantReference, Pair};
use money::Amount;
use payment_domain::payment::{Operation, Purpose};

use crate::{
    codec::{FollowOn, What},
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

    /// What the gateway knows of one attempt. Finding nothing proves nothing before its index has caught up.
    fn search<'a>(&'a self, pair: &'a Pair, reference: &'a MerchantReference) -> PortFuture<'a, Vec<Sighting>>;
}

/// A trace of one attempt in the gateway's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// What it was, where it is one of ours.
    pub operation: Option<Operation>,
    /// The gateway's name for it.
    pub gateway_request_id: String,
    /// The amount that was asked for, not the one approved.
    pub amount: Option<Amount>,
    /// Whether it was done; `None` when the record does not say.
    pub is_done: Option<bool>,
}
