//! What has happened to a sales order. Never edited after release.

use std::sync::Arc;

use ids::MerchantReference;
use money::Amount;

use crate::order::Order;

/// A call that writes in SYSPRO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Add the order.
    Place,
    /// Let it leave suspense.
    Release,
    /// Cancel it.
    Cancel,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Place, Self::Release, Self::Cancel];

    /// The word in messages, in stored events and on effect rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Release => "release",
            Self::Cancel => "cancel",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.as_str() == word)
    }
}

/// Why an order stands in suspense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suspense {
    /// Its money is held, not captured.
    AwaitingPayment,
    /// Somebody must look before its money is captured.
    UnderReview,
}

impl Suspense {
    /// The word in messages and stored events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingPayment => "awaiting_payment",
            Self::UnderReview => "under_review",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::AwaitingPayment, Self::UnderReview].into_iter().find(|suspense| suspense.as_str() == word)
    }
}

/// Why something was refused: a stable code for machines, words for people.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reason {
    /// For machines.
    pub code: String,
    /// For people.
    pub text: String,
    /// What is short, when stock is the reason.
    pub shortages: Vec<Shortage>,
}

impl Reason {
    /// A reason without shortages.
    pub fn new(code: impl Into<String>, text: impl Into<String>) -> Self {
        Self { code: code.into(), text: text.into(), shortages: Vec::new() }
    }
}

/// One item that cannot be delivered as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortage {
    /// Stock code.
    pub sku: String,
    /// Warehouse.
    pub warehouse: String,
    /// Asked for, over all lines.
    pub asked: String,
    /// There.
    pub available: String,
}

/// What was captured for an order. Kept with the release, because the receipt will need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// How much.
    pub captured: Amount,
    /// Our name of the capture.
    pub merchant_reference: MerchantReference,
    /// The gateway's name of it.
    pub gateway_request_id: String,
}

/// A fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The reads were asked for.
    ScreenAsked {
        /// Which attempt.
        attempt: u32,
        /// What was sold; `None`: the order that is already known.
        order: Option<Arc<Order>>,
    },
    /// Nothing speaks against the order. Public.
    Screened {
        /// Which attempt.
        attempt: u32,
        /// The SYSPRO customer.
        customer: String,
        /// For people.
        warnings: Vec<Reason>,
    },
    /// Something speaks against it. Public.
    ScreenFailed {
        /// Which attempt.
        attempt: u32,
        /// What.
        reason: Reason,
    },
    /// SYSPRO is asked to add the order.
    PlaceAsked {
        /// Which attempt.
        attempt: u32,
        /// What was sold; `None`: the order that is already known.
        order: Option<Arc<Order>>,
        /// Why it stands in suspense.
        suspense: Suspense,
    },
    /// It stands in suspense. Public.
    Placed {
        /// Which attempt.
        attempt: u32,
        /// Its number.
        number: String,
        /// For which customer.
        customer: String,
        /// As which operator it was asked.
        operator: String,
    },
    /// SYSPRO refuses it for good. Public.
    PlaceRefused {
        /// Which attempt.
        attempt: u32,
        /// Why.
        reason: Reason,
    },
    /// SYSPRO is asked to release it.
    ReleaseAsked {
        /// Which attempt.
        attempt: u32,
        /// What was captured.
        payment: Payment,
    },
    /// It left suspense. Public.
    Released {
        /// Which attempt.
        attempt: u32,
        /// Its number.
        number: String,
        /// As which operator it was asked.
        operator: String,
    },
    /// It is not released, by SYSPRO's word or by ours. Public.
    ReleaseRefused {
        /// Which attempt; 0 when SYSPRO was never asked.
        attempt: u32,
        /// Its number, empty when none was placed.
        number: String,
        /// Why.
        reason: Reason,
    },
    /// A cancel was accepted and waits for the outcome of the call that is out.
    CancelAccepted {
        /// Why.
        reason: Reason,
    },
    /// SYSPRO is asked to cancel it.
    CancelAsked {
        /// Which attempt.
        attempt: u32,
        /// Why.
        reason: Reason,
    },
    /// It is cancelled, or never existed and never will. Public.
    Cancelled {
        /// Which attempt; 0 when SYSPRO had nothing to cancel.
        attempt: u32,
        /// Its number, empty when none was placed.
        number: String,
        /// Why.
        reason: Reason,
        /// As which operator it was asked; empty when nobody was.
        operator: String,
    },
    /// SYSPRO refuses to cancel it; a person must look. Public.
    CancelRefused {
        /// Which attempt.
        attempt: u32,
        /// Its number.
        number: String,
        /// Why.
        reason: Reason,
    },
    /// A call was announced and its outcome is not known. Public.
    OutcomeUnknown {
        /// What was asked.
        operation: Operation,
        /// Which attempt.
        attempt: u32,
        /// Our name of the call.
        reference: String,
        /// When an inquiry is due, milliseconds since 1970.
        inquiry_due_at_ms: i64,
    },
    /// No machine can tell what became of a call, or what stands there is not ours to adopt. A later answer is still taken.
    PersonWanted {
        /// What was asked.
        operation: Operation,
        /// Which attempt.
        attempt: u32,
        /// Why, and what a person could do.
        reason: Reason,
    },
}

impl Event {
    /// The kind under which it is stored.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ScreenAsked { .. } => "screen_asked",
            Self::Screened { .. } => "screened",
            Self::ScreenFailed { .. } => "screen_failed",
            Self::PlaceAsked { .. } => "place_asked",
            Self::Placed { .. } => "placed",
            Self::PlaceRefused { .. } => "place_refused",
            Self::ReleaseAsked { .. } => "release_asked",
            Self::Released { .. } => "released",
            Self::ReleaseRefused { .. } => "release_refused",
            Self::CancelAccepted { .. } => "cancel_accepted",
            Self::CancelAsked { .. } => "cancel_asked",
            Self::Cancelled { .. } => "cancelled",
            Self::CancelRefused { .. } => "cancel_refused",
            Self::OutcomeUnknown { .. } => "outcome_unknown",
            Self::PersonWanted { .. } => "person_wanted",
        }
    }

    /// True when other services may see it.
    pub fn is_public(&self) -> bool {
        match self {
            Self::ScreenAsked { .. }
            | Self::PlaceAsked { .. }
            | Self::ReleaseAsked { .. }
            | Self::CancelAccepted { .. }
            | Self::CancelAsked { .. }
            | Self::PersonWanted { .. } => false,
            Self::Screened { .. }
            | Self::ScreenFailed { .. }
            | Self::Placed { .. }
            | Self::PlaceRefused { .. }
            | Self::Released { .. }
            | Self::ReleaseRefused { .. }
            | Self::Cancelled { .. }
            | Self::CancelRefused { .. }
            | Self::OutcomeUnknown { .. } => true,
        }
    }
}
