//! What has happened to a payment. Never edited after release.

use ids::MerchantReference;
use money::Amount;

use super::{Attempt, Captured, Hold, Operation, Purpose, Reversed};
use crate::Reason;

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The gateway shall hold funds.
    AuthorizationRequested {
        /// What for.
        purpose: Purpose,
        /// The attempt.
        attempt: Attempt,
    },
    /// Funds are held, as asked or not.
    Authorized(Hold),
    /// The gateway wants a review; funds may be held.
    UnderReview {
        /// The attempt.
        reference: MerchantReference,
        /// The gateway's name.
        gateway_request_id: String,
        /// How much is held, when anything is.
        held: Option<Amount>,
        /// When the gateway answered, milliseconds since 1970.
        at_ms: i64,
    },
    /// Nothing is held.
    Declined {
        /// The attempt.
        reference: MerchantReference,
        /// Why.
        reason: Reason,
    },
    /// The gateway shall take what is held.
    CaptureRequested {
        /// The attempt.
        attempt: Attempt,
    },
    /// Funds were taken.
    Captured(Captured),
    /// The gateway will not capture.
    CaptureRefused {
        /// The attempt.
        reference: MerchantReference,
        /// Why.
        reason: Reason,
    },
    /// The gateway shall release the hold.
    ReversalRequested {
        /// The attempt.
        attempt: Attempt,
        /// Why.
        reason: Reason,
    },
    /// The hold is gone.
    Reversed(Reversed),
    /// The gateway will not reverse, or reversed another amount: a person must look.
    ReversalRefused {
        /// The attempt.
        reference: MerchantReference,
        /// Why.
        reason: Reason,
    },
    /// A request was announced and nobody knows what became of it.
    OutcomeUnknown {
        /// What was asked.
        operation: Operation,
        /// The attempt.
        reference: MerchantReference,
        /// When an inquiry is due, milliseconds since 1970.
        inquiry_due_ms: i64,
    },
}

impl Event {
    /// The stored kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::AuthorizationRequested { .. } => "authorization_requested",
            Self::Authorized(_) => "authorized",
            Self::UnderReview { .. } => "under_review",
            Self::Declined { .. } => "declined",
            Self::CaptureRequested { .. } => "capture_requested",
            Self::Captured(_) => "captured",
            Self::CaptureRefused { .. } => "capture_refused",
            Self::ReversalRequested { .. } => "reversal_requested",
            Self::Reversed(_) => "reversed",
            Self::ReversalRefused { .. } => "reversal_refused",
            Self::OutcomeUnknown { .. } => "outcome_unknown",
        }
    }
}
