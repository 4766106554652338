//! What is remembered of an order's way to cash.

use std::{fmt, sync::Arc};

use ids::{MerchantReference, OrderId};
use money::Amount;
use sealed::SealedBox;

use crate::{CardToken, Reason, payment::Operation};

/// What this service needs to know of an order.
#[derive(Clone, PartialEq, Eq)]
pub struct OrderFacts {
    /// The order.
    pub order: OrderId,
    /// The shop.
    pub shop: String,
    /// The shop's number.
    pub order_number: String,
    /// What the customer pays.
    pub total: Amount,
    /// The card.
    pub token: CardToken,
    /// The person, sealed and without the wrapped key: forgetting the key in one table must forget the person.
    pub personal: SealedBox,
    /// The order as the contract encodes it, without its personal part. The saga decides nothing from lines, prices or
    /// addresses: it only hands them on, and so they can change without a change here.
    pub contract_order: Vec<u8>,
    /// What every merchant reference of this pair begins with.
    pub reference_prefix: String,
    /// Whether the shop itself takes the money that is held.
    pub is_captured_by_shop: bool,
}

impl fmt::Debug for OrderFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrderFacts").field("order", &self.order).field("total", &self.total).finish_non_exhaustive()
    }
}

/// What to do with an order that could not be screened in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unscreened {
    /// Hold the money; screen again before placing, and give the money back if that fails.
    #[default]
    Authorize,
    /// Refuse the order.
    Refuse,
}

/// What to do when the issuer approves less than was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PartialApproval {
    /// Give back what is held and decline the order.
    #[default]
    ReverseAndDecline,
    /// Go on with what is held, and take that.
    Accept,
}

/// The pair's choices, pinned when the order is opened: a later change of configuration does not reach back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policies {
    /// How long screening may take.
    pub screening_deadline_ms: i64,
    /// What comes then.
    pub unscreened: Unscreened,
    /// Less money than asked.
    pub partial_approval: PartialApproval,
    /// How long issuers keep a hold.
    pub hold_days: u32,
    /// How long an unpaid order is open for another payment; 0 ends it at the first decline.
    pub open_for_ms: i64,
    /// Whether the merchant's account takes an id of ours with each request, by which a silent one can be undone.
    pub has_transaction_ids: bool,
}

impl Default for Policies {
    fn default() -> Self {
        Self {
            screening_deadline_ms: 30_000,
            unscreened: Unscreened::default(),
            partial_approval: PartialApproval::default(),
            hold_days: 7,
            open_for_ms: 0,
            has_transaction_ids: false,
        }
    }
}

/// The steps of the table, as public events name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Ask the ERP whether anything speaks against the order.
    Screen,
    /// Hold the money.
    Authorize,
    /// Place the sales order.
    Place,
    /// Somebody looks.
    Review,
    /// Take the money.
    Capture,
    /// Release the sales order.
    Book,
    /// Give the hold back.
    Reverse,
    /// Cancel the sales order.
    Cancel,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 8] = [
        Self::Screen,
        Self::Authorize,
        Self::Place,
        Self::Review,
        Self::Capture,
        Self::Book,
        Self::Reverse,
        Self::Cancel,
    ];

    /// The word in events.
    pub fn word(self) -> &'static str {
        match self {
            Self::Screen => "screen",
            Self::Authorize => "authorize",
            Self::Place => "place",
            Self::Review => "review",
            Self::Capture => "capture",
            Self::Book => "book",
            Self::Reverse => "reverse",
            Self::Cancel => "cancel",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.word() == word)
    }
}

impl From<Operation> for Step {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::Authorize | Operation::TimeoutReverse => Self::Authorize,
            Operation::Capture | Operation::TimeoutVoid => Self::Capture,
            Operation::Reverse | Operation::Void | Operation::Refund => Self::Reverse,
        }
    }
}

/// Why a sales order stands in suspense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspense {
    /// The money is held and not yet taken.
    AwaitingPayment,
    /// Somebody must look first.
    UnderReview,
}

impl Suspense {
    /// The word in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::AwaitingPayment => "awaiting_payment",
            Self::UnderReview => "under_review",
        }
    }
}

/// What the ERP said before money moved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Screening {
    /// Nothing yet.
    #[default]
    Unanswered,
    /// Nothing speaks against the order.
    Passed,
    /// Something does.
    Failed(Reason),
}

/// What the ERP said to the order itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Placing {
    /// Nothing yet.
    #[default]
    Unanswered,
    /// It stands, under this number.
    Placed(String),
    /// It does not and will not.
    Refused(Reason),
}

/// A review that the gateway asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// When the issuer lets the hold go, milliseconds since 1970.
    pub hold_ends_at_ms: i64,
    /// When a person is called, a day before.
    pub deadline_at_ms: i64,
}

/// How an undone order ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The card did not give what was asked.
    Declined,
    /// Everything else.
    Cancelled,
}

/// What is being undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// How the order ends.
    pub ending: Ending,
    /// Why.
    pub reason: Reason,
    /// Whether the sales order's cancellation was asked.
    pub cancel_asked: bool,
}

/// A capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// How much.
    pub captured: Amount,
    /// The attempt.
    pub reference: MerchantReference,
    /// The gateway's name for it.
    pub gateway_request_id: String,
}

/// Why an order waits for another payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpaid {
    /// What the card said.
    pub reason: Reason,
    /// Whether the buyer's bank wants the buyer to prove who they are.
    pub is_authentication_wanted: bool,
}

/// A later payment of the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// The card.
    pub token: CardToken,
    /// Who pays, sealed.
    pub personal: SealedBox,
}

/// An outcome that nobody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Of which step.
    pub step: Step,
    /// The attempt's reference, as its owner names it.
    pub reference: String,
    /// When the inquiry is due, milliseconds since 1970.
    pub inquiry_due_ms: i64,
}

/// A person must decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// At which step.
    pub step: Step,
    /// Why.
    pub reason: Reason,
}

/// Where the order stands. Never goes back, except from anything before `Paid` to `Undoing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Stage {
    /// No order yet.
    #[default]
    Unopened,
    /// Taken over.
    Opened,
    /// The ERP looks.
    Screening,
    /// The gateway is asked to hold.
    Authorizing,
    /// Money is held (or under review).
    Held,
    /// The ERP looks, for the second time.
    ScreeningAgain,
    /// The sales order is being placed, or placed and under review.
    Placing,
    /// The gateway is asked to take.
    Capturing,
    /// Money is taken: the pivot is behind.
    Paid,
    /// The sales order is being released.
    Booking,
    /// Held money goes back, a sales order is cancelled.
    Undoing,
    /// Everything is done.
    Completed,
    /// Refused before money moved.
    Refused,
    /// The card did not give what was asked.
    Declined,
    /// Undone.
    Cancelled,
}

impl Stage {
    /// Every stage, for tables.
    pub const ALL: [Self; 15] = [
        Self::Unopened,
        Self::Opened,
        Self::Screening,
        Self::Authorizing,
        Self::Held,
        Self::ScreeningAgain,
        Self::Placing,
        Self::Capturing,
        Self::Paid,
        Self::Booking,
        Self::Undoing,
        Self::Completed,
        Self::Refused,
        Self::Declined,
        Self::Cancelled,
    ];

    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unopened => "unopened",
            Self::Opened => "opened",
            Self::Screening => "screening",
            Self::Authorizing => "authorizing",
            Self::Held => "held",
            Self::ScreeningAgain => "screening_again",
            Self::Placing => "placing",
            Self::Capturing => "capturing",
            Self::Paid => "paid",
            Self::Booking => "booking",
            Self::Undoing => "undoing",
            Self::Completed => "completed",
            Self::Refused => "refused",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
        }
    }

    /// True when nothing happens any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Refused | Self::Declined | Self::Cancelled)
    }
}

/// An order on its way to cash.
///
/// Invariant: money is asked for only once `facts` are known, captured only once it is held as asked, screened and placed,
/// and never asked back once captured. `waits` and `parked` say why a stage lasts; they never replace it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderToCash {
    /// Where it stands.
    pub stage: Stage,
    /// The order; `None` before it is opened.
    pub facts: Option<Arc<OrderFacts>>,
    /// The pair's choices.
    pub policies: Policies,
    /// Until when the ERP may screen, milliseconds since 1970.
    pub screening_deadline_at_ms: i64,
    /// What the ERP said before money moved.
    pub screening: Screening,
    /// Whether it took too long.
    pub is_screening_late: bool,
    /// What the gateway holds as asked.
    pub held: Option<Amount>,
    /// The gateway's wish for a review.
    pub review: Option<Review>,
    /// What the ERP said to the order.
    pub placing: Placing,
    /// What was taken.
    pub captures: Vec<Taken>,
    /// Whether the sales order left suspense.
    pub is_released: bool,
    /// What is being undone.
    pub undo: Option<Undo>,
    /// What was given back.
    pub reversals: Vec<Amount>,
    /// Whether the sales order is cancelled.
    pub is_sales_order_cancelled: bool,
    /// Outcomes that nobody knows, one per step at most.
    pub waits: Vec<Waiting>,
    /// Why a person must look. Stays until the order ends, or until an authorization or capture is answered after all.
    pub parked: Option<Parked>,
    /// How many payments the shop has sent.
    pub payments: u32,
    /// The last of them, when it is not the order's own.
    pub added: Option<Added>,
    /// Why the order waits for another payment.
    pub unpaid: Option<Unpaid>,
    /// Until when it may wait for one, milliseconds since 1970; set at the first decline and never moved.
    pub open_until_ms: Option<i64>,
    /// Whether that limit has passed.
    pub is_open_over: bool,
    /// Whether an authorization of this order was never found: it may still turn up.
    pub is_not_found: bool,
    /// What the shop's plugin had taken before us.
    pub taken: Option<Taken>,
    /// When the issuer lets the hold go, milliseconds since 1970.
    pub hold_ends_at_ms: Option<i64>,
    /// Whether a person was told that it will.
    pub is_hold_ending: bool,
    /// Whether it has.
    pub is_hold_over: bool,
    /// Whether the payment was told to take the money: from then on nobody watches the hold.
    pub is_capture_asked: bool,
    /// Why it ended as it did, when it did not complete.
    pub reason: Option<Reason>,
}

impl OrderToCash {
    /// The word for people: what lasts before what goes on.
    pub fn name(&self) -> &'static str {
        if self.stage.is_final() {
            self.stage.name()
        } else if self.parked.is_some() {
            "parked"
        } else if !self.waits.is_empty() {
            "waiting"
        } else if self.unpaid.is_some() {
            "unpaid"
        } else if self.review.is_some() {
            "under_review"
        } else {
            self.stage.name()
        }
    }

    /// The sales order's number.
    pub fn sales_order(&self) -> Option<&str> {
        match &self.placing {
            Placing::Placed(number) => Some(number),
            Placing::Unanswered | Placing::Refused(_) => None,
        }
    }
}
