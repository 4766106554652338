//! What has happened to a payment. Never edited after release.

use ids::MerchantReference;
use money::Amount;

use super::{Attempt, Captured, Hold, Operation, Purpose, Reversed, Seen};
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
        /// When that was heard, milliseconds since 1970; 0 in the first releases.
        at_ms: i64,
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
    /// The gateway shall be asked whether the shop's plugin did what the shop says.
    ConfirmationRequested {
        /// What for.
        purpose: Purpose,
        /// The attempt, under a reference of ours.
        attempt: Attempt,
    },
    /// The gateway tells another story than the shop.
    NotConfirmed {
        /// The attempt.
        reference: MerchantReference,
        /// What is different.
        reason: Reason,
    },
    /// The shop's plugin took the money, and the gateway confirms it.
    Taken(Captured),
    /// The shop takes the money that is held; we look until it has.
    CaptureAwaited {
        /// The attempt, under a reference of ours.
        attempt: Attempt,
    },
    /// A silent request shall be undone by our own id, whatever it did.
    TimeoutRequested {
        /// `TimeoutReverse` or `TimeoutVoid`.
        operation: Operation,
        /// The attempt.
        attempt: Attempt,
        /// The request that was never answered.
        silent: MerchantReference,
    },
    /// What a silent request did is undone, or it did nothing.
    TimeoutUndone {
        /// `TimeoutReverse` or `TimeoutVoid`.
        operation: Operation,
        /// The attempt.
        reference: MerchantReference,
    },
    /// A request was never found, and nothing can undo it by id.
    NotFound {
        /// `Authorize` or `Capture`.
        operation: Operation,
        /// The attempt.
        reference: MerchantReference,
        /// When that was known, milliseconds since 1970.
        at_ms: i64,
    },
    /// Something else happened than what was asked: a person must look.
    OutcomeDiffers {
        /// What was asked.
        operation: Operation,
        /// The attempt.
        reference: MerchantReference,
        /// What happened.
        reason: Reason,
    },
    /// Asking has brought nothing for so long that a person should know. It goes on.
    InquiryGivenUp {
        /// What was asked.
        operation: Operation,
        /// The attempt.
        reference: MerchantReference,
        /// What was tried.
        reason: Reason,
    },
    /// The first rung did not hold: the ladder gives the money back.
    HandedOver {
        /// Which ladder of this payment.
        ladder: u32,
        /// The capture that stands in the way of a reversal, when there is one.
        capture: Option<crate::ladder::Taken>,
        /// Why.
        reason: Reason,
        /// When, milliseconds since 1970.
        at_ms: i64,
    },
    /// The ladder has given the money back.
    GaveBack(Reversed),
    /// Something of ours turned up without an order to go with it.
    StrayFound {
        /// What.
        seen: Seen,
        /// The ladder that will give it back.
        ladder: u32,
        /// How long from now.
        undo_in_ms: i64,
        /// When it was seen, milliseconds since 1970.
        at_ms: i64,
    },
    /// The order ended: what still turns up is given back.
    Closed,
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
            Self::ConfirmationRequested { .. } => "confirmation_requested",
            Self::NotConfirmed { .. } => "not_confirmed",
            Self::Taken(_) => "taken",
            Self::CaptureAwaited { .. } => "capture_awaited",
            Self::TimeoutRequested { .. } => "timeout_requested",
            Self::TimeoutUndone { .. } => "timeout_undone",
            Self::NotFound { .. } => "not_found",
            Self::OutcomeDiffers { .. } => "outcome_differs",
            Self::InquiryGivenUp { .. } => "inquiry_given_up",
            Self::HandedOver { .. } => "handed_over",
            Self::GaveBack(_) => "gave_back",
            Self::StrayFound { .. } => "stray_found",
            Self::Closed => "closed",
        }
    }
}
