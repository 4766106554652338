//! What the gateway really did with money, ordered by its own ids.

mod orders;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use orders::OrderMoney;

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

/// Who brought a transaction into the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A signed request.
    #[default]
    Request,
    /// The control planted it: another system's, or a shop plugin's.
    Planted,
}

/// A capture, a reversal, a refund or a void.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowOn {
    /// The gateway's id of this request, 22 digits.
    pub id: String,
    /// The merchant reference of this request.
    pub reference: String,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// The id of what it follows: the payment, or the capture or refund that a refund or void is about.
    #[serde(default)]
    pub of: String,
    /// The caller's own id of this request, on accounts that take one.
    #[serde(default)]
    pub transaction_id: Option<String>,
    /// Whether the request named its original by the caller's id: a time-out reversal or void.
    #[serde(default)]
    pub is_by_transaction_id: bool,
    /// When a capture or refund was withdrawn.
    #[serde(default)]
    pub voided_at: Option<DateTime<Utc>>,
    /// When the batch that carries a capture or refund was closed; from then on it cannot be withdrawn.
    #[serde(default)]
    pub batched_at: Option<DateTime<Utc>>,
    /// A capture of a hold that the issuer had dropped: the gateway takes it, and nobody is sure of the money.
    #[serde(default)]
    pub is_after_expiry: bool,
}

impl FollowOn {
    /// Not withdrawn.
    pub fn stands(&self) -> bool {
        self.voided_at.is_none()
    }
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
    /// Captures, oldest first, withdrawn ones too.
    pub captures: Vec<FollowOn>,
    /// Authorization reversals, oldest first.
    pub reversals: Vec<FollowOn>,
    /// Refunds, oldest first, withdrawn ones too.
    #[serde(default)]
    pub refunds: Vec<FollowOn>,
    /// Voids of captures and refunds, oldest first.
    #[serde(default)]
    pub voids: Vec<FollowOn>,
    /// The caller's own id of this request, on accounts that take one.
    #[serde(default)]
    pub transaction_id: Option<String>,
    /// When the issuer drops what is still held then.
    #[serde(default)]
    pub hold_ends_at: Option<DateTime<Utc>>,
    /// What the issuer has dropped, in minor units.
    #[serde(default)]
    pub expired_minor: i64,
    /// Who brought it in.
    #[serde(default)]
    pub origin: Origin,
}

impl PaymentRecord {
    /// Taken and not withdrawn, in minor units. Refunds are not taken off.
    pub fn captured_minor(&self) -> i64 {
        self.captures.iter().filter(|capture| capture.stands()).map(|capture| capture.amount_minor).sum()
    }

    /// Released so far, in minor units.
    pub fn reversed_minor(&self) -> i64 {
        self.reversals.iter().map(|reversal| reversal.amount_minor).sum()
    }

    /// Given back and not withdrawn, in minor units.
    pub fn refunded_minor(&self) -> i64 {
        self.refunds.iter().filter(|refund| refund.stands()).map(|refund| refund.amount_minor).sum()
    }

    /// Taken, neither withdrawn nor given back, in minor units: what the buyer has paid in the end.
    pub fn standing_minor(&self) -> i64 {
        self.captured_minor() - self.refunded_minor()
    }

    /// What the gateway would still let be captured or reversed, in minor units: it does not hear of dropped holds.
    pub fn open_minor(&self) -> i64 {
        self.authorized_minor - self.captured_minor() - self.reversed_minor()
    }

    /// Still held on the card, in minor units: neither taken nor released nor dropped.
    pub fn held_minor(&self) -> i64 {
        self.open_minor() - self.expired_minor
    }

    /// All that followed, in the order of its kinds.
    pub fn follow_ons(&self) -> impl Iterator<Item = &FollowOn> {
        self.captures.iter().chain(&self.reversals).chain(&self.refunds).chain(&self.voids)
    }
}

/// A request to move money that the gateway refused (4xx): an attempt that made nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedRequest {
    /// When.
    pub at: DateTime<Utc>,
    /// Its operation.
    pub operation: String,
    /// Its merchant reference.
    pub reference: String,
    /// The gateway's word for why.
    pub reason: String,
}

/// A request that came when its signature had expired. Nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateRequest {
    /// When it came, by its sender's clock.
    pub at: DateTime<Utc>,
    /// Its operation.
    pub operation: String,
    /// Its merchant reference.
    pub reference: String,
    /// Until when its signature was good.
    pub expired_at: DateTime<Utc>,
}

/// Everything the gateway did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayBooks {
    /// Every payment, oldest first. Refused requests (4xx) made none.
    pub payments: Vec<PaymentRecord>,
    /// How many requests came in, by operation, refused ones included.
    pub calls: std::collections::BTreeMap<String, u64>,
    /// Requests to move money that were refused, oldest first; the oldest are forgotten.
    #[serde(default)]
    pub refused: Vec<RefusedRequest>,
    /// Requests whose signature had expired when they came, oldest first; the oldest are forgotten.
    #[serde(default)]
    pub late: Vec<LateRequest>,
    /// When batches were closed by hand.
    #[serde(default)]
    pub batches: Vec<DateTime<Utc>>,
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
