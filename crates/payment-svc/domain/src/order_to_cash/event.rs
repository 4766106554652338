//! What has happened to an order. Never edited after release.

use std::sync::Arc;

use ids::MerchantReference;
use money::Amount;
use sealed::SealedBox;

use super::{Ending, OrderFacts, Policies, Step, Suspense};
use crate::{CardToken, Reason};

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "the large one comes once in an order's life and is not kept in numbers")]
pub enum Event {
    /// The order was taken over, under these policies.
    Opened {
        /// The order.
        facts: Arc<OrderFacts>,
        /// The pair's choices of that day.
        policies: Policies,
    },
    /// The ERP shall look.
    ScreenRequested {
        /// For how long.
        deadline_in_ms: i64,
        /// Until when, milliseconds since 1970.
        deadline_at_ms: i64,
    },
    /// The ERP has nothing against the order.
    Screened {
        /// The customer there.
        customer_code: String,
        /// What people should know.
        warnings: Vec<Reason>,
    },
    /// The ERP speaks against the order.
    ScreenFailed {
        /// Why.
        reason: Reason,
    },
    /// Screening took too long.
    ScreeningTimedOut,
    /// Money shall be held.
    AuthorizationRequested,
    /// Money is held as asked.
    Authorized {
        /// How much.
        held: Amount,
        /// When the issuer lets the hold go, milliseconds since 1970; `None` in the first releases.
        hold_ends_at_ms: Option<i64>,
        /// How long until a day before; 0 when nobody watches.
        watch_in_ms: i64,
    },
    /// The gateway wants a review.
    UnderReview {
        /// How much is held.
        held: Option<Amount>,
        /// Why.
        reason: Reason,
        /// When the issuer lets the hold go, milliseconds since 1970.
        hold_ends_at_ms: i64,
        /// How long until a person is called.
        deadline_in_ms: i64,
        /// When that is, milliseconds since 1970.
        deadline_at_ms: i64,
    },
    /// The ERP shall look again: money was held before it answered.
    ScreenAgainRequested,
    /// The sales order shall be placed.
    PlaceRequested {
        /// Why it waits.
        suspense: Suspense,
    },
    /// The sales order stands.
    Placed {
        /// Its number.
        sales_order: String,
        /// Its customer.
        customer_code: String,
    },
    /// The ERP refuses the order.
    PlaceRefused {
        /// Why.
        reason: Reason,
    },
    /// Money shall be taken.
    CaptureRequested {
        /// How much.
        amount: Amount,
    },
    /// Money was taken.
    Paid {
        /// How much.
        captured: Amount,
        /// The attempt.
        reference: MerchantReference,
        /// The gateway's name for it.
        gateway_request_id: String,
    },
    /// The sales order shall leave suspense.
    BookRequested,
    /// The sales order left suspense.
    Released {
        /// Its number.
        sales_order: String,
    },
    /// Everything is done.
    Completed {
        /// The sales order.
        sales_order: String,
        /// How much was taken.
        captured: Amount,
    },
    /// What was done shall be undone, the hold first.
    UndoRequested {
        /// How the order ends.
        ending: Ending,
        /// Why.
        reason: Reason,
    },
    /// The sales order shall be cancelled.
    CancelRequested {
        /// Why.
        reason: Reason,
    },
    /// The hold is gone.
    Reversed {
        /// How much.
        reversed: Amount,
    },
    /// The sales order is cancelled.
    SalesOrderCancelled {
        /// Its number; empty when there was none.
        sales_order: String,
    },
    /// Refused before money moved.
    Refused {
        /// Why.
        reason: Reason,
    },
    /// The card did not give what was asked.
    Declined {
        /// Why.
        reason: Reason,
    },
    /// Undone.
    Cancelled {
        /// Why.
        reason: Reason,
        /// How much went back.
        reversed: Option<Amount>,
    },
    /// Nobody knows what came of a step.
    Waiting {
        /// Which.
        step: Step,
        /// The attempt.
        reference: String,
        /// When the inquiry is due, milliseconds since 1970.
        inquiry_due_ms: i64,
        /// Whether the public message says in words what is done about it; false in the first releases.
        is_explained: bool,
    },
    /// The card did not give what was asked; another payment may come until the limit.
    LeftUnpaid {
        /// Why.
        reason: Reason,
        /// Whether the buyer's bank wants the buyer to prove who they are.
        is_authentication_wanted: bool,
        /// How long from now; 0 when the limit is running already.
        open_in_ms: i64,
        /// Until when, milliseconds since 1970.
        open_until_ms: i64,
    },
    /// Another payment shall be tried.
    PaymentAdded {
        /// The shop's how manieth.
        number: u32,
        /// The card.
        token: CardToken,
        /// Who pays, sealed.
        personal: SealedBox,
    },
    /// The limit for another payment passed while one was under way: it is the last.
    OpenUntilOver,
    /// The shop's plugin had taken the money: the pivot is behind before the sales order stands.
    TakenByShop {
        /// How much.
        captured: Amount,
        /// The attempt.
        reference: MerchantReference,
        /// The gateway's name for it.
        gateway_request_id: String,
    },
    /// What was silent is being tried again, or undone by its id.
    Resumed {
        /// Which step.
        step: Step,
    },
    /// The issuer lets the hold go soon: an alert.
    HoldEnding {
        /// When, milliseconds since 1970.
        hold_ends_at_ms: i64,
    },
    /// The issuer lets the hold go: it is not taken any more.
    HoldEnded,
    /// A person must decide.
    Parked {
        /// At which step.
        step: Step,
        /// Why.
        reason: Reason,
    },
}

impl Event {
    /// The stored kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::ScreenRequested { .. } => "screen_requested",
            Self::Screened { .. } => "screened",
            Self::ScreenFailed { .. } => "screen_failed",
            Self::ScreeningTimedOut => "screening_timed_out",
            Self::AuthorizationRequested => "authorization_requested",
            Self::Authorized { .. } => "authorized",
            Self::UnderReview { .. } => "under_review",
            Self::ScreenAgainRequested => "screen_again_requested",
            Self::PlaceRequested { .. } => "place_requested",
            Self::Placed { .. } => "placed",
            Self::PlaceRefused { .. } => "place_refused",
            Self::CaptureRequested { .. } => "capture_requested",
            Self::Paid { .. } => "paid",
            Self::BookRequested => "book_requested",
            Self::Released { .. } => "released",
            Self::Completed { .. } => "completed",
            Self::UndoRequested { .. } => "undo_requested",
            Self::CancelRequested { .. } => "cancel_requested",
            Self::Reversed { .. } => "reversed",
            Self::SalesOrderCancelled { .. } => "sales_order_cancelled",
            Self::Refused { .. } => "refused",
            Self::Declined { .. } => "declined",
            Self::Cancelled { .. } => "cancelled",
            Self::Waiting { .. } => "waiting",
            Self::Parked { .. } => "parked",
            Self::LeftUnpaid { .. } => "left_unpaid",
            Self::PaymentAdded { .. } => "payment_added",
            Self::OpenUntilOver => "open_until_over",
            Self::TakenByShop { .. } => "taken_by_shop",
            Self::Resumed { .. } => "resumed",
            Self::HoldEnding { .. } => "hold_ending",
            Self::HoldEnded => "hold_ended",
        }
    }
}
