//! What a ladder may be told, and what has happened on it. Events are never edited after release.

use ids::MerchantReference;
use money::Amount;

use super::{Answer, Rung, Taken, Task};
use crate::{Reason, payment::Attempt};

/// What may be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Give this back.
    Begin {
        /// What.
        task: Task,
        /// After how long.
        after_ms: i64,
        /// Now, milliseconds since 1970.
        now_ms: i64,
    },
    /// The rest is over.
    Wake {
        /// Which rest.
        rest: u32,
    },
    /// What came of a rung.
    RecordAnswer {
        /// The attempt.
        reference: MerchantReference,
        /// Its outcome.
        answer: Answer,
        /// Now, milliseconds since 1970.
        now_ms: i64,
    },
}

/// A ladder refuses nothing: what does not fit is old news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Something shall be given back.
    Begun {
        /// What.
        task: Task,
        /// After how long.
        after_ms: i64,
        /// Now, milliseconds since 1970.
        at_ms: i64,
    },
    /// A rung is under way.
    Asked {
        /// Which.
        rung: Rung,
        /// The attempt.
        attempt: Attempt,
        /// The gateway's name for what it is done to.
        target: String,
    },
    /// A rung is done.
    Done {
        /// Which.
        rung: Rung,
        /// The attempt.
        reference: MerchantReference,
        /// How much.
        amount: Amount,
        /// The gateway's name; blank when it had been done before.
        gateway_request_id: String,
    },
    /// It is too late for this rung: another.
    MovedOn {
        /// From which.
        rung: Rung,
        /// The attempt.
        reference: MerchantReference,
        /// To which.
        to: Rung,
        /// The capture, when it was not known before.
        capture: Option<Taken>,
        /// What the gateway said.
        reason: Reason,
    },
    /// A rung was proven never to have happened: again later.
    PutOff {
        /// Which.
        rung: Rung,
        /// The attempt.
        reference: MerchantReference,
        /// How long from now.
        again_in_ms: i64,
        /// When, milliseconds since 1970.
        again_at_ms: i64,
    },
    /// Nobody knows what came of a rung.
    OutcomeUnknown {
        /// Which.
        rung: Rung,
        /// The attempt.
        reference: MerchantReference,
        /// When the inquiry is due, milliseconds since 1970.
        inquiry_due_ms: i64,
    },
    /// Everything is given back.
    GivenBack {
        /// How much.
        amount: Amount,
        /// The last attempt.
        reference: MerchantReference,
        /// The gateway's name for it.
        gateway_request_id: String,
    },
    /// A person must give it back.
    Parked {
        /// The last attempt.
        reference: MerchantReference,
        /// Everything that a person needs.
        reason: Reason,
        /// Whether the last attempt is still asked about.
        is_asked_about: bool,
    },
}

impl Event {
    /// The stored kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Begun { .. } => "begun",
            Self::Asked { .. } => "asked",
            Self::Done { .. } => "done",
            Self::MovedOn { .. } => "moved_on",
            Self::PutOff { .. } => "put_off",
            Self::OutcomeUnknown { .. } => "outcome_unknown",
            Self::GivenBack { .. } => "given_back",
            Self::Parked { .. } => "parked",
        }
    }
}
