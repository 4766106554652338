//! What has happened to one shop order. Never edited after release.

use std::sync::Arc;

use money::Amount;

use crate::order::{Marks, Order};

/// Through which door an order came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The canonical API.
    Api,
    /// WooCommerce's own format.
    WooCommerce,
}

impl Source {
    /// The word in stored events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::WooCommerce => "woocommerce",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Api, Self::WooCommerce].into_iter().find(|source| source.as_str() == word)
    }
}

/// An order as it was offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The order.
    pub order: Order,
    /// Marks of what is sealed in it.
    pub marks: Marks,
    /// The door.
    pub source: Source,
    /// The shop's immutable id of the order, empty when its number is all it has.
    pub shop_order_id: String,
    /// Whether the shop wants to be called when the order ends. Decided when the order is taken.
    pub tells_shop: bool,
}

/// Why something was refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reason {
    /// For machines.
    pub code: String,
    /// For people.
    pub text: String,
    /// What is short, when stock is the reason.
    pub shortages: Vec<Shortage>,
}

/// One item that is short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortage {
    /// Stock code.
    pub sku: String,
    /// Warehouse.
    pub warehouse: String,
    /// Asked for.
    pub asked: String,
    /// There.
    pub available: String,
}

/// How an order fares, by the saga's public events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The saga has taken it and looks at customer, credit and stock.
    Opened,
    /// Money is held.
    Authorized {
        /// How much.
        held: Amount,
    },
    /// Somebody must look before capture.
    UnderReview {
        /// What is held, if anything.
        held: Option<Amount>,
        /// Why.
        reason: Reason,
        /// When the hold is given up.
        hold_ends_at_ms: i64,
    },
    /// The sales order stands in suspense.
    Placed {
        /// Its number.
        sales_order: String,
    },
    /// The held money was taken.
    Paid {
        /// How much.
        captured: Amount,
    },
    /// Done.
    Completed {
        /// The sales order.
        sales_order: String,
        /// What was taken.
        captured: Amount,
    },
    /// Refused before money moved.
    Refused {
        /// Why.
        reason: Reason,
    },
    /// The issuer said no.
    Declined {
        /// Why.
        reason: Reason,
    },
    /// Undone after money was held.
    Cancelled {
        /// Why.
        reason: Reason,
        /// What was released.
        reversed: Option<Amount>,
    },
    /// An outcome is unknown; nothing is repeated before it is known.
    Waiting {
        /// Of which step.
        step: String,
        /// Under which reference somebody would search.
        reference: String,
        /// When the inquiry is due.
        inquiry_due_at_ms: i64,
    },
    /// A person must decide.
    Parked {
        /// At which step.
        step: String,
        /// Why.
        reason: Reason,
    },
}

impl News {
    /// The kind under which it is stored.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Opened => "opened",
            other => other.state(),
        }
    }

    /// The state that an order has after it, as shops read it.
    pub fn state(&self) -> &'static str {
        match self {
            Self::Opened => "screening",
            Self::Authorized { .. } => "authorized",
            Self::UnderReview { .. } => "under_review",
            Self::Placed { .. } => "placed",
            Self::Paid { .. } => "paid",
            Self::Completed { .. } => "completed",
            Self::Refused { .. } => "refused",
            Self::Declined { .. } => "declined",
            Self::Cancelled { .. } => "cancelled",
            Self::Waiting { .. } => "waiting",
            Self::Parked { .. } => "parked",
        }
    }

    /// True when a caller who waits for an answer has one.
    pub fn is_at_rest(&self) -> bool {
        match self {
            Self::Opened | Self::Authorized { .. } | Self::Placed { .. } | Self::Paid { .. } => false,
            Self::UnderReview { .. }
            | Self::Completed { .. }
            | Self::Refused { .. }
            | Self::Declined { .. }
            | Self::Cancelled { .. }
            | Self::Waiting { .. }
            | Self::Parked { .. } => true,
        }
    }

    /// What the shop is told because of it. Waiting and parked are ours to resolve and no news for a buyer.
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::UnderReview { .. } => Some(Outcome::UnderReview),
            Self::Completed { .. } => Some(Outcome::Completed),
            Self::Refused { .. } => Some(Outcome::Refused),
            Self::Declined { .. } => Some(Outcome::Declined),
            Self::Cancelled { .. } => Some(Outcome::Cancelled),
            Self::Opened
            | Self::Authorized { .. }
            | Self::Placed { .. }
            | Self::Paid { .. }
            | Self::Waiting { .. }
            | Self::Parked { .. } => None,
        }
    }

    /// The reason it gives.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::UnderReview { reason, .. }
            | Self::Refused { reason }
            | Self::Declined { reason }
            | Self::Cancelled { reason, .. }
            | Self::Parked { reason, .. } => Some(reason),
            Self::Opened
            | Self::Authorized { .. }
            | Self::Placed { .. }
            | Self::Paid { .. }
            | Self::Completed { .. }
            | Self::Waiting { .. } => None,
        }
    }
}

/// What a shop is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Money taken, sales order released.
    Completed,
    /// Refused before money moved.
    Refused,
    /// The issuer said no.
    Declined,
    /// Undone.
    Cancelled,
    /// Somebody looks at it.
    UnderReview,
}

impl Outcome {
    /// The word in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Refused => "refused",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
            Self::UnderReview => "under_review",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Completed, Self::Refused, Self::Declined, Self::Cancelled, Self::UnderReview]
            .into_iter()
            .find(|outcome| outcome.as_str() == word)
    }
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The order was taken: from here on it is not lost.
    Accepted(Arc<Offer>),
    /// The saga told something.
    Moved {
        /// Number among the saga's public events.
        n: i64,
        /// What.
        news: News,
    },
    /// The shop knows.
    ShopTold {
        /// About which news.
        n: i64,
        /// What it was told.
        outcome: Outcome,
        /// Which shop: the public event is made from this one alone.
        shop: ids::ShopId,
    },
    /// The shop will not hear it.
    ShopUntold {
        /// About which news.
        n: i64,
        /// What it would have been told.
        outcome: Outcome,
        /// Why.
        why: String,
    },
}
