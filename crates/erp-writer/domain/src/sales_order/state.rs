//! What is remembered of one sales order.

use std::sync::Arc;

use super::event::{Operation, Payment, Reason, Suspense};
use crate::order::Order;

/// A call to SYSPRO whose outcome we do not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flight {
    /// Which attempt, from 1.
    pub attempt: u32,
    /// True when silence was recorded: nothing is repeated, an answer is still taken.
    pub is_unknown: bool,
    /// When it is asked next what became of it, milliseconds since 1970; 0 while nobody has to ask.
    pub inquiry_due_at_ms: i64,
}

impl Flight {
    /// A call just asked for.
    pub fn new(attempt: u32) -> Self {
        Self { attempt, is_unknown: false, inquiry_due_at_ms: 0 }
    }
}

/// Where screening stands. Reads only, so it may be asked again at any time before placing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Screening {
    /// Nobody asked.
    #[default]
    NotAsked,
    /// The reads are under way.
    Asked {
        /// Which attempt.
        attempt: u32,
    },
    /// Nothing speaks against the order.
    Passed {
        /// Which attempt.
        attempt: u32,
    },
    /// Something does.
    Failed {
        /// Which attempt.
        attempt: u32,
        /// What.
        reason: Reason,
    },
}

impl Screening {
    /// The number of attempts so far.
    pub fn attempts(&self) -> u32 {
        match self {
            Self::NotAsked => 0,
            Self::Asked { attempt } | Self::Passed { attempt } | Self::Failed { attempt, .. } => *attempt,
        }
    }
}

/// Where the order document stands in SYSPRO.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Document {
    /// Not there, and nothing was asked.
    #[default]
    NotPlaced,
    /// Being added.
    Placing(Flight),
    /// There, in suspense.
    Placed,
    /// SYSPRO refused it for good.
    PlaceRefused(Reason),
    /// Leaving suspense.
    Releasing(Flight),
    /// Out of suspense.
    Released,
    /// SYSPRO refused the release; it still stands in suspense.
    ReleaseRefused(Reason),
    /// Being cancelled.
    Cancelling(Flight),
    /// Cancelled, or never there and never to be.
    Cancelled,
    /// SYSPRO refused to cancel it; a person must look.
    CancelRefused(Reason),
}

/// One sales order.
///
/// Invariants: `number` is not empty from [`Document::Placed`] on, except in [`Document::Cancelled`] when none was ever
/// placed; `cancel` is set only while a cancel waits or after one was asked of SYSPRO; at most one writing call is out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SalesOrder {
    /// What was sold, from the first command that told us.
    pub order: Option<Arc<Order>>,
    /// Where screening stands.
    pub screening: Screening,
    /// Where the document stands.
    pub document: Document,
    /// Its number, empty until it has one.
    pub number: String,
    /// The SYSPRO customer, once found.
    pub customer: Option<String>,
    /// Why it is to be cancelled, once somebody asked.
    pub cancel: Option<Reason>,
    /// Why it stands in suspense, from the first placing.
    pub suspense: Option<Suspense>,
    /// What was captured, once a release was asked for.
    pub payment: Option<Payment>,
    /// Why a person must look at the call that is out, and what that person could do. Ends with the call.
    pub task: Option<Reason>,
    /// A release was asked for when it could not be, and that was told.
    pub is_release_denied: bool,
}

impl SalesOrder {
    /// The writing call that is out, if one is.
    pub fn flight(&self) -> Option<(Operation, Flight)> {
        match &self.document {
            Document::Placing(flight) => Some((Operation::Place, *flight)),
            Document::Releasing(flight) => Some((Operation::Release, *flight)),
            Document::Cancelling(flight) => Some((Operation::Cancel, *flight)),
            Document::NotPlaced
            | Document::Placed
            | Document::PlaceRefused(_)
            | Document::Released
            | Document::ReleaseRefused(_)
            | Document::Cancelled
            | Document::CancelRefused(_) => None,
        }
    }

    /// One word for people and for refusals.
    pub fn name(&self) -> &'static str {
        match (&self.document, &self.screening) {
            (Document::NotPlaced, Screening::NotAsked) => "fresh",
            (Document::NotPlaced, Screening::Asked { .. }) => "screening",
            (Document::NotPlaced, Screening::Passed { .. }) => "screened",
            (Document::NotPlaced, Screening::Failed { .. }) => "screen_failed",
            (Document::Placing(_), _) => "placing",
            (Document::Placed, _) => "placed",
            (Document::PlaceRefused(_), _) => "refused",
            (Document::Releasing(_), _) => "releasing",
            (Document::Released, _) => "released",
            (Document::ReleaseRefused(_), _) => "release_refused",
            (Document::Cancelling(_), _) => "cancelling",
            (Document::Cancelled, _) => "cancelled",
            (Document::CancelRefused(_), _) => "cancel_refused",
        }
    }
}
