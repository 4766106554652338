//! What the saga may be told, and how it may refuse.

use std::sync::Arc;

use ids::MerchantReference;
use money::Amount;
use sealed::SealedBox;

use super::{OrderFacts, Policies, Step};
use crate::{CardToken, Reason};

/// What is wrong with money that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amiss {
    /// Less than asked: the pair's policy decides.
    Partial(Reason),
    /// More than asked, or another currency.
    Differs(Reason),
    /// Held although risk said no.
    RiskDeclined(Reason),
}

/// What may be told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "the large one comes once in an order's life and is not kept in numbers")]
pub enum Command {
    /// Take over an order.
    Start {
        /// The order.
        facts: Arc<OrderFacts>,
        /// The pair's choices.
        policies: Policies,
        /// Now, milliseconds since 1970.
        now_ms: i64,
    },
    /// The ERP has nothing against the order.
    RecordScreened {
        /// The customer there.
        customer_code: String,
        /// What people should know.
        warnings: Vec<Reason>,
        /// Now, milliseconds since 1970.
        now_ms: i64,
    },
    /// The ERP speaks against the order.
    RecordScreenFailed {
        /// Why.
        reason: Reason,
    },
    /// Screening took too long.
    ScreeningDeadline {
        /// Now, milliseconds since 1970.
        now_ms: i64,
    },
    /// The gateway holds money.
    RecordHeld {
        /// How much.
        held: Amount,
        /// What is wrong with it.
        amiss: Option<Amiss>,
        /// Since when, milliseconds since 1970.
        at_ms: i64,
    },
    /// The gateway wants a review.
    RecordUnderReview {
        /// How much is held.
        held: Option<Amount>,
        /// Since when, milliseconds since 1970.
        at_ms: i64,
    },
    /// The gateway holds nothing.
    RecordDeclined {
        /// Why.
        reason: Reason,
        /// When that was heard, milliseconds since 1970.
        at_ms: i64,
    },
    /// Try another card, or the same one with the buyer's proof.
    AddPayment {
        /// The shop's how manieth payment of this order; the order itself brought the first.
        number: u32,
        /// The card.
        token: CardToken,
        /// Who pays, sealed.
        personal: SealedBox,
    },
    /// The pair's limit for another payment is over.
    OpenUntilOver,
    /// The shop's plugin had taken the money, and the gateway confirms it.
    RecordTaken {
        /// How much.
        captured: Amount,
        /// The attempt.
        reference: MerchantReference,
        /// The gateway's name for it.
        gateway_request_id: String,
    },
    /// What was silent is being tried again, or undone by its id.
    RecordResumed {
        /// Which step.
        step: Step,
    },
    /// No machine can know or do more.
    RecordNeedsPerson {
        /// At which step.
        step: Step,
        /// Everything that a person needs.
        reason: Reason,
    },
    /// The issuer lets the hold go in a day.
    HoldEnding,
    /// The issuer lets the hold go.
    HoldEnded,
    /// Nobody decided the review in time.
    ReviewDeadline,
    /// The sales order stands.
    RecordPlaced {
        /// Its number.
        sales_order: String,
        /// Its customer.
        customer_code: String,
    },
    /// The ERP refuses the order for good.
    RecordPlaceRefused {
        /// Why.
        reason: Reason,
    },
    /// Money was taken.
    RecordCaptured {
        /// How much.
        captured: Amount,
        /// The attempt.
        reference: MerchantReference,
        /// The gateway's name for it.
        gateway_request_id: String,
    },
    /// The gateway will not take the money.
    RecordCaptureRefused {
        /// Why.
        reason: Reason,
    },
    /// The sales order left suspense.
    RecordReleased {
        /// Its number.
        sales_order: String,
    },
    /// The ERP refuses the release.
    RecordReleaseRefused {
        /// Why.
        reason: Reason,
    },
    /// The hold is gone.
    RecordReversed {
        /// How much.
        reversed: Amount,
    },
    /// The gateway will not let the hold go.
    RecordReversalRefused {
        /// Why.
        reason: Reason,
    },
    /// The sales order is cancelled, or never was.
    RecordSalesOrderCancelled {
        /// Its number; empty when there was none.
        sales_order: String,
    },
    /// The ERP refuses to cancel.
    RecordCancelRefused {
        /// Why.
        reason: Reason,
    },
    /// Nobody knows what came of a step.
    RecordUnknown {
        /// Which.
        step: Step,
        /// The attempt.
        reference: String,
        /// When the inquiry is due, milliseconds since 1970.
        inquiry_due_ms: i64,
    },
}

impl Command {
    /// The word in refusals and tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Start { .. } => "Start",
            Self::RecordScreened { .. } => "RecordScreened",
            Self::RecordScreenFailed { .. } => "RecordScreenFailed",
            Self::ScreeningDeadline { .. } => "ScreeningDeadline",
            Self::RecordHeld { .. } => "RecordHeld",
            Self::RecordUnderReview { .. } => "RecordUnderReview",
            Self::RecordDeclined { .. } => "RecordDeclined",
            Self::ReviewDeadline => "ReviewDeadline",
            Self::AddPayment { .. } => "AddPayment",
            Self::OpenUntilOver => "OpenUntilOver",
            Self::RecordTaken { .. } => "RecordTaken",
            Self::RecordResumed { .. } => "RecordResumed",
            Self::RecordNeedsPerson { .. } => "RecordNeedsPerson",
            Self::HoldEnding => "HoldEnding",
            Self::HoldEnded => "HoldEnded",
            Self::RecordPlaced { .. } => "RecordPlaced",
            Self::RecordPlaceRefused { .. } => "RecordPlaceRefused",
            Self::RecordCaptured { .. } => "RecordCaptured",
            Self::RecordCaptureRefused { .. } => "RecordCaptureRefused",
            Self::RecordReleased { .. } => "RecordReleased",
            Self::RecordReleaseRefused { .. } => "RecordReleaseRefused",
            Self::RecordReversed { .. } => "RecordReversed",
            Self::RecordReversalRefused { .. } => "RecordReversalRefused",
            Self::RecordSalesOrderCancelled { .. } => "RecordSalesOrderCancelled",
            Self::RecordCancelRefused { .. } => "RecordCancelRefused",
            Self::RecordUnknown { .. } => "RecordUnknown",
        }
    }

    /// The hour, for commands that can lead to a question about time.
    pub(super) fn now_ms(&self) -> Option<i64> {
        match self {
            Self::Start { now_ms, .. } | Self::RecordScreened { now_ms, .. } | Self::ScreeningDeadline { now_ms } => {
                Some(*now_ms)
            }
            _ => None,
        }
    }
}

/// Why a command is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Only `Start` opens an order: news about one that we do not know is not ours.
    #[error("{0} is about an order that was never opened here")]
    NotOpened(&'static str),
    /// Whether money is held is being found out: another payment now could charge the buyer twice.
    #[error("whether money is held is not known yet; the gateway is asked again at {inquiry_due_ms} ms since 1970")]
    PaymentUnknown {
        /// When, milliseconds since 1970.
        inquiry_due_ms: i64,
    },
    /// There is nothing to pay, or not any more, or not yet.
    #[error("no other payment is taken: the order is {0}")]
    NotOpenForPayment(&'static str),
}
