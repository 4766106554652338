//! What may be asked of a sales order, and how it may be refused.

use std::sync::Arc;

use super::event::{Operation, Payment, Reason, Suspense};
use crate::order::Order;

/// A wish, or an outcome that comes home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Look before money moves.
    Screen {
        /// What was sold.
        order: Arc<Order>,
    },
    /// Place the sales order in suspense.
    Place {
        /// What was sold.
        order: Arc<Order>,
        /// Why it stands in suspense.
        suspense: Suspense,
    },
    /// The money is captured: release the sales order.
    Book {
        /// What was captured.
        payment: Payment,
    },
    /// Cancel it if it exists, and place none later.
    Cancel {
        /// Why.
        reason: Reason,
    },
    /// The reads are done.
    RecordScreen {
        /// Of which attempt.
        attempt: u32,
        /// What they showed.
        outcome: ScreenOutcome,
    },
    /// SYSPRO added the order.
    RecordPlaced {
        /// Of which attempt.
        attempt: u32,
        /// Its number.
        number: String,
        /// For which customer.
        customer: String,
        /// As which operator it was asked.
        operator: String,
    },
    /// SYSPRO released the order.
    RecordReleased {
        /// Of which attempt.
        attempt: u32,
        /// As which operator it was asked.
        operator: String,
    },
    /// SYSPRO cancelled the order.
    RecordCancelled {
        /// Of which attempt.
        attempt: u32,
        /// As which operator it was asked.
        operator: String,
    },
    /// SYSPRO said no, for good.
    RecordRefused {
        /// To what.
        operation: Operation,
        /// Of which attempt.
        attempt: u32,
        /// Why.
        reason: Reason,
    },
    /// SYSPRO may have done it, or not.
    RecordUnknown {
        /// What.
        operation: Operation,
        /// Of which attempt.
        attempt: u32,
        /// Our name of the call.
        reference: String,
        /// When an inquiry is due, milliseconds since 1970.
        inquiry_due_at_ms: i64,
    },
    /// It is proven that SYSPRO did not do it and never will.
    RecordAbsent {
        /// What.
        operation: Operation,
        /// Of which attempt.
        attempt: u32,
    },
    /// Asking came to no end, or to something that is not ours to adopt.
    RecordUnresolved {
        /// What.
        operation: Operation,
        /// Of which attempt.
        attempt: u32,
        /// What was seen, and what a person could do.
        reason: Reason,
    },
}

/// What the reads showed, after the pair's policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScreenOutcome {
    /// Nothing speaks against the order.
    Passed {
        /// The SYSPRO customer.
        customer: String,
        /// For people.
        warnings: Vec<Reason>,
    },
    /// Something does.
    Failed {
        /// What.
        reason: Reason,
    },
}

impl Command {
    /// One word for refusals.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Screen { .. } => "screen",
            Self::Place { .. } => "place",
            Self::Book { .. } => "book",
            Self::Cancel { .. } => "cancel",
            Self::RecordScreen { .. } => "record_screen",
            Self::RecordPlaced { .. } => "record_placed",
            Self::RecordReleased { .. } => "record_released",
            Self::RecordCancelled { .. } => "record_cancelled",
            Self::RecordRefused { .. } => "record_refused",
            Self::RecordUnknown { .. } => "record_unknown",
            Self::RecordAbsent { .. } => "record_absent",
            Self::RecordUnresolved { .. } => "record_unresolved",
        }
    }
}

/// Why a command is refused. Wishes never are: they are answered by an event. What is refused is an outcome that cannot
/// belong to what was asked, and a person should hear of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// An outcome of a call that was never asked for, or that ended otherwise.
    #[error("`{command}` cannot follow on a sales order that is {state}")]
    OutOfTurn {
        /// Where the order stands.
        state: &'static str,
        /// What came.
        command: &'static str,
    },
    /// A second number for one order.
    #[error("the sales order is {known}, and now SYSPRO names {told}")]
    AnotherNumber {
        /// The number we have.
        known: String,
        /// The number that came.
        told: String,
    },
}
