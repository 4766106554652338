//! What may be asked of an intake stream, and how it may be refused.

use std::sync::Arc;

use super::event::{News, Offer, Outcome};

/// What may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Take this order. Everything it needs was checked before; the time is in it.
    Accept(Arc<Offer>),
    /// The saga tells how the order fares.
    Record {
        /// Number among the saga's public events.
        n: i64,
        /// What it says.
        news: News,
    },
    /// The shop acknowledged the callback about news number `n`.
    RecordTold {
        /// Which news.
        n: i64,
        /// What it was told.
        outcome: Outcome,
    },
    /// The shop will never take the callback about news number `n`.
    RecordUntold {
        /// Which news.
        n: i64,
        /// What it would have been told.
        outcome: Outcome,
        /// Why not.
        why: String,
    },
}

impl Command {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Accept(_) => "accept",
            Self::Record { .. } => "record",
            Self::RecordTold { .. } => "record_told",
            Self::RecordUntold { .. } => "record_untold",
        }
    }
}

/// Why a command is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The stream holds an order with other content.
    #[error("order {order_number} was accepted with other content: {}", fields.join(", "))]
    Differs {
        /// The number of the order that stands.
        order_number: String,
        /// The fields that differ, in the words of the order's JSON.
        fields: Vec<String>,
    },
    /// News about an order that was never accepted here.
    #[error("`{command}` is out of turn: no order was accepted on this stream")]
    NotAccepted {
        /// What was asked.
        command: &'static str,
    },
}
