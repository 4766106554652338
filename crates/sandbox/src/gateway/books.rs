//! What the gateway really did with money, ordered by its own ids.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The state of an authorization, in the gateway's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PaymentStatus {
    /// Money is held.
    Authorized,
    /// Less money than asked for is held.
    PartialAuthorized,
    /// Money is held, a person must look first.
    AuthorizedPendingReview,
    /// Money is held although the risk rules said no.
    AuthorizedRiskDeclined,
    /// Nothing is held.
    Declined,
}

impl PaymentStatus {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Authorized => "AUTHORIZED",
            Self::PartialAuthorized => "PARTIAL_AUTHORIZED",
            Self::AuthorizedPendingReview => "AUTHORIZED_PENDING_REVIEW",
            Self::AuthorizedRiskDeclined => "AUTHORIZED_RISK_DECLINED",
            Self::Declined => "DECLINED",
        }
    }
}

/// A capture or a reversal of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowOn {
    /// The gateway's id of this request, 22 digits.
    pub id: String,
    /// The merchant reference of this request.
    pub reference: String,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// How much, in minor units.
    pub amount_minor: i64,
}

/// One authorization (or sale) and what followed on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRecord {
    /// The gateway's id, 22 digits.
    pub id: String,
    /// The merchant reference.
    pub reference: String,
    /// The merchant.
    pub merchant_id: String,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// What came of it.
    pub status: PaymentStatus,
    /// The gateway's word for why, when not simply authorized.
    pub reason: Option<String>,
    /// The currency's three letters.
    pub currency: String,
    /// Asked for, in minor units.
    pub requested_minor: i64,
    /// Held, in minor units; 0 when declined.
    pub authorized_minor: i64,
    /// Whether it was captured in the same request.
    pub is_sale: bool,
    /// The brand's code.
    pub card_type: String,
    /// First six digits.
    pub card_prefix: String,
    /// Last four digits.
    pub card_suffix: String,
    /// Captures, oldest first.
    pub captures: Vec<FollowOn>,
    /// Authorization reversals, oldest first.
    pub reversals: Vec<FollowOn>,
}

impl PaymentRecord {
    /// Taken so far, in minor units.
    pub fn captured_minor(&self) -> i64 {
        self.captures.iter().map(|capture| capture.amount_minor).sum()
    }

    /// Released so far, in minor units.
    pub fn reversed_minor(&self) -> i64 {
        self.reversals.iter().map(|reversal| reversal.amount_minor).sum()
    }

    /// Still held, in minor units: neither taken nor released.
    pub fn held_minor(&self) -> i64 {
        self.authorized_minor - self.captured_minor() - self.reversed_minor()
    }
}

/// Everything the gateway did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayBooks {
    /// Every payment, oldest first. Refused requests (4xx) made none.
    pub payments: Vec<PaymentRecord>,
    /// How many requests came in, by operation, refused ones included.
    pub calls: std::collections::BTreeMap<String, u64>,
}

impl GatewayBooks {
    /// The payments made under this merchant reference; more than one is a double charge.
    pub fn by_reference<'a>(&'a self, reference: &'a str) -> impl Iterator<Item = &'a PaymentRecord> {
        self.payments.iter().filter(move |payment| payment.reference == reference)
    }

    /// The payments whose reference starts with this, such as all attempts of one order.
    pub fn by_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a PaymentRecord> {
        self.payments.iter().filter(move |payment| payment.reference.starts_with(prefix))
    }
}
