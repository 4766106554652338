//! What is remembered of a payment.

use ids::{MerchantReference, OrderId};
use money::Amount;
use sealed::SealedBox;

use crate::{CardToken, Reason};

/// What the money is for and where it comes from: handed in once, with the first attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// The order.
    pub order: OrderId,
    /// What every merchant reference begins with.
    pub reference_prefix: String,
    /// What the card should pay.
    pub amount: Amount,
    /// The card.
    pub token: CardToken,
    /// Who pays: bill-to address, e-mail, device.
    pub personal: SealedBox,
}

/// What may be asked of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Hold funds.
    Authorize,
    /// Take held funds.
    Capture,
    /// Release a hold.
    Reverse,
}

impl Operation {
    /// The word in events and effects.
    pub fn word(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::Capture => "capture",
            Self::Reverse => "reverse",
        }
    }

    /// The letter in merchant references.
    pub fn letter(self) -> char {
        match self {
            Self::Authorize => 'A',
            Self::Capture => 'C',
            Self::Reverse => 'R',
        }
    }
}

/// One request to the gateway. A second attempt would be another event, another number and another reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// From 1, counted per operation.
    pub number: u32,
    /// Our name for it, used once.
    pub reference: MerchantReference,
    /// How much was asked.
    pub amount: Amount,
}

/// How a hold compares with what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Amount and currency are those asked for.
    AsAsked,
    /// Less than asked, in the same currency.
    Partial,
    /// More than asked, or another currency: nothing that we wanted.
    Differs,
    /// Held, although the gateway's risk rules said no.
    RiskDeclined(Reason),
}

/// Funds that stand on the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// How much.
    pub held: Amount,
    /// The attempt that made it.
    pub reference: MerchantReference,
    /// The gateway's name for it: captures and reversals point there.
    pub gateway_request_id: String,
    /// The issuer's approval.
    pub approval_code: String,
    /// Whether it is what was asked for.
    pub verdict: Verdict,
    /// When the gateway answered, milliseconds since 1970.
    pub at_ms: i64,
}

/// Funds taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// How much.
    pub amount: Amount,
    /// The attempt.
    pub reference: MerchantReference,
    /// The gateway's name for it.
    pub gateway_request_id: String,
}

/// A hold released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversed {
    /// How much.
    pub amount: Amount,
    /// The attempt.
    pub reference: MerchantReference,
    /// The gateway's name for it.
    pub gateway_request_id: String,
}

/// What came of an authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizationAnswer {
    /// Funds are held.
    Held {
        /// How much, as the gateway says.
        held: Amount,
        /// The gateway's name.
        gateway_request_id: String,
        /// The issuer's approval.
        approval_code: String,
        /// What the risk rules said, when they said no.
        risk: Option<Reason>,
    },
    /// A person must look first; funds may be held.
    UnderReview {
        /// How much is held, when anything is.
        held: Option<Amount>,
        /// The gateway's name.
        gateway_request_id: String,
    },
    /// Nothing is held and nothing will be.
    NotHeld(Reason),
    /// Nobody knows; an inquiry is due then.
    Unknown {
        /// Milliseconds since 1970.
        inquiry_due_ms: i64,
    },
}

/// What came of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaptureAnswer {
    /// Funds were taken.
    Captured {
        /// How much, as the gateway says.
        amount: Amount,
        /// The gateway's name.
        gateway_request_id: String,
    },
    /// Nothing was taken and nothing will be.
    Refused(Reason),
    /// Nobody knows.
    Unknown {
        /// Milliseconds since 1970.
        inquiry_due_ms: i64,
    },
}

/// What came of a reversal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReversalAnswer {
    /// The hold is gone.
    Reversed {
        /// How much, as the gateway says.
        amount: Amount,
        /// The gateway's name.
        gateway_request_id: String,
    },
    /// The gateway will not.
    Refused(Reason),
    /// Nobody knows.
    Unknown {
        /// Milliseconds since 1970.
        inquiry_due_ms: i64,
    },
}

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    /// Nothing was asked.
    #[default]
    Absent,
    /// An authorization is under way.
    Authorizing,
    /// Nobody knows whether funds are held.
    AuthorizationUnknown,
    /// Funds are held.
    Authorized,
    /// The gateway wants a review; funds may be held.
    UnderReview,
    /// Nothing is held.
    Declined,
    /// A capture is under way.
    Capturing,
    /// Nobody knows whether funds were taken.
    CaptureUnknown,
    /// The gateway will not capture; the hold may stand.
    CaptureRefused,
    /// Funds were taken.
    Captured,
    /// A reversal is under way.
    Reversing,
    /// Nobody knows whether the hold is gone.
    ReversalUnknown,
    /// The gateway will not reverse: a person.
    ReversalRefused,
    /// The hold is gone.
    Reversed,
}

impl Stage {
    /// Every stage, for tables.
    pub const ALL: [Self; 14] = [
        Self::Absent,
        Self::Authorizing,
        Self::AuthorizationUnknown,
        Self::Authorized,
        Self::UnderReview,
        Self::Declined,
        Self::Capturing,
        Self::CaptureUnknown,
        Self::CaptureRefused,
        Self::Captured,
        Self::Reversing,
        Self::ReversalUnknown,
        Self::ReversalRefused,
        Self::Reversed,
    ];

    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Authorizing => "authorizing",
            Self::AuthorizationUnknown => "authorization_unknown",
            Self::Authorized => "authorized",
            Self::UnderReview => "under_review",
            Self::Declined => "declined",
            Self::Capturing => "capturing",
            Self::CaptureUnknown => "capture_unknown",
            Self::CaptureRefused => "capture_refused",
            Self::Captured => "captured",
            Self::Reversing => "reversing",
            Self::ReversalUnknown => "reversal_unknown",
            Self::ReversalRefused => "reversal_refused",
            Self::Reversed => "reversed",
        }
    }
}

/// A payment.
///
/// Invariant: at most one attempt is open; Σ `captures` ≤ `hold`; nothing is captured after a reversal was asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Payment {
    /// Where it stands.
    pub stage: Stage,
    /// What the money is for; `None` before the first attempt.
    pub purpose: Option<Purpose>,
    /// The attempt that waits for its answer, or, in an `…Unknown` stage, whose answer never came.
    pub open: Option<Attempt>,
    /// When the next inquiry about it is due, when its outcome is unknown.
    pub inquiry_due_ms: Option<i64>,
    /// What is or was held.
    pub hold: Option<Hold>,
    /// What was taken. A list from the first day: shipments will be captured one by one.
    pub captures: Vec<Captured>,
    /// What was released.
    pub reversals: Vec<Reversed>,
    /// How many captures were asked.
    pub capture_attempts: u32,
    /// How many reversals were asked.
    pub reversal_attempts: u32,
}

impl Payment {
    /// The open attempt when it has this reference: answers to anything else are old news.
    pub(super) fn awaits(&self, reference: &MerchantReference) -> Option<&Attempt> {
        self.open.as_ref().filter(|open| open.reference == *reference)
    }
}
