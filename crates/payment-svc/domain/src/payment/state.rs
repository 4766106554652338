//! What is remembered of a payment.

use ids::{MerchantReference, OrderId};
use money::Amount;
use sealed::SealedBox;

use crate::{CardToken, Reason, ladder::Taken};

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
    /// Whether the merchant's account takes an id of ours with each request, by which a silent one can be undone.
    pub has_transaction_ids: bool,
    /// Whether the shop itself takes the money that is held.
    pub is_captured_by_shop: bool,
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
    /// Withdraw a capture before its batch closes.
    Void,
    /// Give captured money back.
    Refund,
    /// Undo an authorization that was never answered, by our own id.
    TimeoutReverse,
    /// Undo a capture that was never answered, by our own id.
    TimeoutVoid,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 7] = [
        Self::Authorize,
        Self::Capture,
        Self::Reverse,
        Self::Void,
        Self::Refund,
        Self::TimeoutReverse,
        Self::TimeoutVoid,
    ];

    /// The word in events and effects.
    pub fn word(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::Capture => "capture",
            Self::Reverse => "reverse",
            Self::Void => "void",
            Self::Refund => "refund",
            Self::TimeoutReverse => "timeout_reverse",
            Self::TimeoutVoid => "timeout_void",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.word() == word)
    }

    /// The letter in merchant references.
    pub fn letter(self) -> char {
        match self {
            Self::Authorize => 'A',
            Self::Capture => 'C',
            Self::Reverse => 'R',
            Self::Void => 'V',
            Self::Refund => 'F',
            Self::TimeoutReverse => 'T',
            Self::TimeoutVoid => 'U',
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
    /// Asked for, and proven never to have happened.
    Absent,
    /// Something happened under this reference that is not what was asked.
    Differs(Reason),
    /// Asked for as long as is reasonable, without an answer. Asking goes on.
    GivenUp(Reason),
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
    /// Proven never to have happened.
    Absent,
    /// Something happened under this reference that is not what was asked.
    Differs(Reason),
    /// Asked for as long as is reasonable, without an answer. Asking goes on.
    GivenUp(Reason),
}

/// What came of undoing a request by our own id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeoutAnswer {
    /// Whatever that request did is undone, or it did nothing.
    Undone,
    /// The gateway knows nothing to undo.
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

/// What the gateway confirms of the shop's claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// The money is held, as claimed.
    Held {
        /// How much.
        held: Amount,
        /// The issuer's approval.
        approval_code: String,
    },
    /// The money was taken, as claimed.
    Taken {
        /// How much.
        amount: Amount,
        /// The gateway's name for the capture.
        gateway_request_id: String,
    },
    /// The gateway tells another story than the shop.
    NotConfirmed(Reason),
}

/// A success that the gateway's own list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What was done.
    pub operation: Operation,
    /// By which attempt.
    pub reference: MerchantReference,
    /// The gateway's name for it.
    pub gateway_request_id: String,
    /// How much.
    pub amount: Amount,
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
    /// The hold was let go before.
    Gone,
    /// The money has been taken meanwhile: another rung.
    MovedOn {
        /// The capture, where the gateway shows one of ours.
        capture: Option<Taken>,
        /// What the gateway said.
        reason: Reason,
    },
    /// Proven never to have happened.
    Absent,
    /// Asked for as long as is reasonable, without an answer. Asking goes on.
    GivenUp(Reason),
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
    /// The gateway is asked whether the shop's plugin did what the shop says.
    Confirming,
    /// The gateway tells another story than the shop: a person.
    NotConfirmed,
    /// An authorization without answer is being undone by our own id.
    TimeoutReversing,
    /// An authorization was never found, and cannot be undone by an id: closed, and still looked for.
    NotFound,
    /// A capture without answer is being undone by our own id.
    TimeoutVoiding,
    /// A capture was never found: the settlement report or a person says what became of it.
    CaptureNotFound,
    /// Something happened that nobody asked for: a person.
    Amiss,
    /// The hold is being given back by the ladder.
    GivingBack,
    /// The order ended while an authorization was not found: what still turns up is given back.
    Closed,
}

impl Stage {
    /// Every stage, for tables.
    pub const ALL: [Self; 23] = [
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
        Self::Confirming,
        Self::NotConfirmed,
        Self::TimeoutReversing,
        Self::NotFound,
        Self::TimeoutVoiding,
        Self::CaptureNotFound,
        Self::Amiss,
        Self::GivingBack,
        Self::Closed,
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
            Self::Confirming => "confirming",
            Self::NotConfirmed => "not_confirmed",
            Self::TimeoutReversing => "timeout_reversing",
            Self::NotFound => "not_found",
            Self::TimeoutVoiding => "timeout_voiding",
            Self::CaptureNotFound => "capture_not_found",
            Self::Amiss => "amiss",
            Self::GivingBack => "giving_back",
            Self::Closed => "closed",
        }
    }
}

/// A payment.
///
/// Invariant: at most one attempt is open; Σ `captures` ≤ `hold`; nothing is captured after a reversal was asked; a second
/// attempt is asked only after the first is known not to have happened.
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
    /// Whether a person was told that asking about it has brought nothing.
    pub is_given_up: bool,
    /// What is or was held.
    pub hold: Option<Hold>,
    /// What was taken. A list from the first day: shipments will be captured one by one.
    pub captures: Vec<Captured>,
    /// What was released.
    pub reversals: Vec<Reversed>,
    /// How many authorizations were asked.
    pub authorization_attempts: u32,
    /// How many captures were asked.
    pub capture_attempts: u32,
    /// How many reversals were asked.
    pub reversal_attempts: u32,
    /// How many requests were made to undo a silent one.
    pub timeout_attempts: u32,
    /// The attempt that is being undone by our own id.
    pub silent: Option<Attempt>,
    /// What turned up although it was written off, by the gateway's names: each is given back on a ladder of its own.
    pub strays: Vec<String>,
    /// How many ladders were begun.
    pub ladders: u32,
}

impl Payment {
    /// The open attempt when it has this reference: answers to anything else are old news.
    pub(super) fn awaits(&self, reference: &MerchantReference) -> Option<&Attempt> {
        self.open.as_ref().filter(|open| open.reference == *reference)
    }
}
