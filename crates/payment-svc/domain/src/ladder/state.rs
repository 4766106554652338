//! What is remembered of a ladder.

use ids::OrderId;
use money::Amount;

use crate::{
    Reason,
    payment::{Attempt, Operation},
};

/// A hold to be released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The gateway's name for it.
    pub gateway_request_id: String,
    /// How much.
    pub amount: Amount,
}

/// A capture to be withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The gateway's name for it.
    pub gateway_request_id: String,
    /// The attempt that made it.
    pub reference: String,
    /// How much.
    pub amount: Amount,
}

/// What shall be given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The order that it was asked for.
    pub order: OrderId,
    /// What every merchant reference of the pair begins with.
    pub reference_prefix: String,
    /// Which ladder of the payment, from 1: its attempts are numbered from a hundred times this.
    pub number: u32,
    /// The hold, where one stands.
    pub hold: Option<Held>,
    /// The capture, where there is one.
    pub capture: Option<Taken>,
    /// Whether the order waits for it; a stray is nobody's wait.
    pub is_for_the_order: bool,
    /// Why.
    pub reason: Reason,
}

/// One way to give money back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rung {
    /// Release the hold.
    Reverse,
    /// Withdraw the capture.
    Void,
    /// Give captured money back.
    Refund,
}

impl Rung {
    /// What the gateway is asked.
    pub fn operation(self) -> Operation {
        match self {
            Self::Reverse => Operation::Reverse,
            Self::Void => Operation::Void,
            Self::Refund => Operation::Refund,
        }
    }

    /// Reads the word of the operation.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Reverse, Self::Void, Self::Refund].into_iter().find(|rung| rung.operation().word() == word)
    }
}

/// What came of a rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Done.
    Done {
        /// How much, as the gateway says.
        amount: Amount,
        /// The gateway's name.
        gateway_request_id: String,
    },
    /// It was done before.
    Gone,
    /// Too late for this rung.
    MovedOn {
        /// The capture that stands in the way of a reversal, where the gateway shows one of ours.
        capture: Option<Taken>,
        /// What the gateway said.
        reason: Reason,
    },
    /// No, for good.
    Refused(Reason),
    /// Nobody knows.
    Unknown {
        /// Milliseconds since 1970.
        inquiry_due_ms: i64,
    },
    /// Proven never to have happened.
    Absent,
    /// Asked for as long as is reasonable, without an answer. Asking goes on.
    GivenUp(Reason),
}

/// Where a ladder stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    /// Not begun.
    #[default]
    Absent,
    /// The policy's limit or the next try is not due yet.
    Resting,
    /// A rung is under way, or its outcome is being asked about.
    Climbing,
    /// Everything is given back.
    Done,
    /// A person.
    Parked,
}

impl Stage {
    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Resting => "resting",
            Self::Climbing => "climbing",
            Self::Done => "done",
            Self::Parked => "parked",
        }
    }
}

/// A ladder.
///
/// Invariant: at most one attempt is open, and none while another's outcome is unknown; a rung that is done is never asked
/// again; what was refunded is not reversed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ladder {
    /// Where it stands.
    pub stage: Stage,
    /// What shall be given back.
    pub task: Option<Task>,
    /// Since when, milliseconds since 1970.
    pub since_ms: i64,
    /// Until when it rests, milliseconds since 1970.
    pub due_ms: i64,
    /// How often it has rested: timers are named by it.
    pub rests: u32,
    /// The next rung.
    pub rung: Option<Rung>,
    /// The attempt that waits for its answer.
    pub open: Option<(Rung, Attempt)>,
    /// When the next inquiry about it is due.
    pub inquiry_due_ms: Option<i64>,
    /// How many attempts were made.
    pub attempts: u32,
    /// How often the present rung was absent.
    pub absences: u32,
    /// What was given back.
    pub done: Vec<(Rung, Amount)>,
    /// What was tried and what came of it, in words.
    pub tried: Vec<String>,
}
