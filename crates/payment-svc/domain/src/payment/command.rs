//! What may be asked of a payment, and how it may be refused.

use ids::MerchantReference;
use money::Amount;

use super::{
    AuthorizationAnswer, CaptureAnswer, Confirmation, Operation, Purpose, ReversalAnswer, Reversed, Seen, TimeoutAnswer,
};
use crate::Reason;

/// What may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Hold the money.
    Authorize(Purpose),
    /// What came of an authorization.
    RecordAuthorization {
        /// The attempt.
        reference: MerchantReference,
        /// Its outcome.
        answer: AuthorizationAnswer,
        /// When it was heard, milliseconds since 1970.
        at_ms: i64,
    },
    /// Take what is held.
    Capture {
        /// How much.
        amount: Amount,
    },
    /// What came of a capture.
    RecordCapture {
        /// The attempt.
        reference: MerchantReference,
        /// Its outcome.
        answer: CaptureAnswer,
        /// When it was heard, milliseconds since 1970.
        at_ms: i64,
    },
    /// Release what is held.
    Reverse {
        /// Why.
        reason: Reason,
    },
    /// What came of a reversal.
    RecordReversal {
        /// The attempt.
        reference: MerchantReference,
        /// Its outcome.
        answer: ReversalAnswer,
        /// When it was heard, milliseconds since 1970.
        at_ms: i64,
    },
    /// Hold the money of another card: nothing is held on the one before.
    AuthorizeAnother(Purpose),
    /// What the gateway says to the shop's claim.
    RecordConfirmation {
        /// The attempt.
        reference: MerchantReference,
        /// What it says.
        confirmation: Confirmation,
        /// When it was heard, milliseconds since 1970.
        at_ms: i64,
    },
    /// What came of undoing a silent request.
    RecordTimeout {
        /// The attempt.
        reference: MerchantReference,
        /// Its outcome.
        answer: TimeoutAnswer,
        /// When it was heard, milliseconds since 1970.
        at_ms: i64,
    },
    /// The ladder gave the money back.
    RecordGivenBack {
        /// How much, the last attempt and the gateway's name for it.
        reversed: Reversed,
    },
    /// Nobody knows what came of a rung of the ladder.
    RecordRungUnknown {
        /// `Reverse`, `Void` or `Refund`.
        operation: Operation,
        /// The attempt.
        reference: MerchantReference,
        /// When the inquiry is due, milliseconds since 1970.
        inquiry_due_ms: i64,
    },
    /// The ladder came to an end: a person.
    RecordNotGivenBack {
        /// The last attempt.
        reference: MerchantReference,
        /// Everything a person needs.
        reason: Reason,
    },
    /// The gateway's own list shows a success of ours.
    RecordSeen {
        /// What.
        seen: Seen,
        /// How long it may stand before it is given back.
        undo_in_ms: i64,
        /// Now, milliseconds since 1970.
        at_ms: i64,
    },
    /// The order has ended without money.
    Close,
}

impl Command {
    /// The word in refusals and tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Authorize(_) => "Authorize",
            Self::RecordAuthorization { .. } => "RecordAuthorization",
            Self::Capture { .. } => "Capture",
            Self::RecordCapture { .. } => "RecordCapture",
            Self::Reverse { .. } => "Reverse",
            Self::RecordReversal { .. } => "RecordReversal",
            Self::AuthorizeAnother(_) => "AuthorizeAnother",
            Self::RecordConfirmation { .. } => "RecordConfirmation",
            Self::RecordTimeout { .. } => "RecordTimeout",
            Self::RecordGivenBack { .. } => "RecordGivenBack",
            Self::RecordRungUnknown { .. } => "RecordRungUnknown",
            Self::RecordNotGivenBack { .. } => "RecordNotGivenBack",
            Self::RecordSeen { .. } => "RecordSeen",
            Self::Close => "Close",
        }
    }
}

/// Why a command is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// More than is held, another currency, or nothing at all.
    #[error("{asked} cannot be captured: {held} is held")]
    ExceedsHold {
        /// How much was asked.
        asked: Amount,
        /// How much is held.
        held: Amount,
    },
    /// The hold is not the one that was asked for, so it may only be reversed.
    #[error("the hold differs from what was asked: it may only be reversed")]
    HoldAmiss,
    /// Nothing can be undone while nobody knows what happened.
    #[error("the outcome of {0} is unknown: nothing is undone or repeated before an inquiry is answered")]
    OutcomeUnknown(MerchantReference),
    /// Money was taken: the pivot is behind.
    #[error("money was captured: a hold cannot be released any more")]
    AfterCapture,
    /// Anything else.
    #[error("{command} is out of turn: the payment is {stage}")]
    OutOfTurn {
        /// Where the payment stands.
        stage: &'static str,
        /// What was asked.
        command: &'static str,
    },
}
