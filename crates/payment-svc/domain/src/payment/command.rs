//! What may be asked of a payment, and how it may be refused.

use ids::MerchantReference;
use money::Amount;

use super::{AuthorizationAnswer, CaptureAnswer, Purpose, ReversalAnswer};
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
    },
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
