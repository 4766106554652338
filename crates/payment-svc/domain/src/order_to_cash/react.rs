//! What the world is asked because of the saga's event, and what the payment is told.

use std::time::Duration;

use ids::MerchantReference;
use money::Amount;

use super::{Event, OrderToCash, Placing, Stage, Step, Suspense};
use crate::{
    Reason,
    payment::{self, Purpose},
};

/// A question to another service, asked again on silence. Its name is unique in the saga's stream for all time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Step 1.
    Screen,
    /// Step 2a.
    ScreenAgain,
    /// Step 3.
    Place,
    /// Step 6.
    Book,
    /// Undoing.
    Cancel,
}

impl Question {
    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Screen => "screen",
            Self::ScreenAgain => "screen_again",
            Self::Place => "place",
            Self::Book => "book",
            Self::Cancel => "cancel",
        }
    }
}

/// A timer of the saga; its name is unique in the stream for all time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// Screening has taken too long.
    ScreeningDeadline,
    /// The hold ends in a day.
    ReviewDeadline,
    /// The pair's limit for another payment.
    OpenUntil,
    /// The issuer lets the hold go in a day.
    HoldEnding,
    /// The issuer lets the hold go.
    HoldEnded,
}

impl Timer {
    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::ScreeningDeadline => "screening_deadline",
            Self::ReviewDeadline => "review_deadline",
            Self::OpenUntil => "open_until",
            Self::HoldEnding => "hold_ending",
            Self::HoldEnded => "hold_ended",
        }
    }
}

/// What erp-writer is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErpWish {
    /// Look whether anything speaks against the order.
    Screen,
    /// Place the sales order in suspense.
    Place(Suspense),
    /// The money is taken: release the sales order.
    Book {
        /// How much.
        captured: Amount,
        /// The attempt.
        reference: MerchantReference,
        /// The gateway's name for it.
        gateway_request_id: String,
    },
    /// Cancel the sales order.
    Cancel(Reason),
}

/// What to ask of the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask erp-writer.
    Send(Question, ErpWish),
    /// Tell the payment, in the same database transaction.
    Tell(Box<payment::Command>),
    /// Wake the saga up.
    StartTimer(Timer, Duration),
    /// A timer is moot.
    CancelTimer(Timer),
    /// A question is answered.
    Settle(Question),
}

pub(super) fn react(state: &OrderToCash, event: &Event) -> Vec<Effect> {
    match event {
        Event::ScreenRequested { deadline_in_ms, .. } => vec![
            Effect::Send(Question::Screen, ErpWish::Screen),
            Effect::StartTimer(Timer::ScreeningDeadline, duration(*deadline_in_ms)),
        ],
        Event::Screened { .. } | Event::ScreenFailed { .. } => match state.stage {
            Stage::Screening => vec![Effect::Settle(Question::Screen), Effect::CancelTimer(Timer::ScreeningDeadline)],
            Stage::ScreeningAgain => vec![Effect::Settle(Question::ScreenAgain)],
            _ => Vec::new(),
        },
        // Asked again under another name once the money is held.
        Event::ScreeningTimedOut => vec![Effect::Settle(Question::Screen)],
        Event::AuthorizationRequested => purpose(state)
            .map(|purpose| Effect::Tell(Box::new(payment::Command::Authorize(purpose))))
            .into_iter()
            .collect(),
        Event::Authorized { watch_in_ms, .. } => {
            let watch = (*watch_in_ms > 0).then(|| Effect::StartTimer(Timer::HoldEnding, duration(*watch_in_ms)));
            closed(state).chain(watch).collect()
        }
        Event::UnderReview { deadline_in_ms, .. } => {
            let review = Effect::StartTimer(Timer::ReviewDeadline, duration(*deadline_in_ms));
            closed(state).chain([review]).collect()
        }
        Event::LeftUnpaid { open_in_ms, .. } if *open_in_ms > 0 => {
            vec![Effect::StartTimer(Timer::OpenUntil, duration(*open_in_ms))]
        }
        Event::PaymentAdded { .. } => purpose(state)
            .map(|purpose| Effect::Tell(Box::new(payment::Command::AuthorizeAnother(purpose))))
            .into_iter()
            .collect(),
        Event::HoldEnding { .. } => vec![Effect::StartTimer(Timer::HoldEnded, duration(crate::DAY_MS))],
        // What turns up after the end is given back by the payment.
        Event::Declined { .. } if state.is_not_found => vec![Effect::Tell(Box::new(payment::Command::Close))],
        Event::ScreenAgainRequested => vec![Effect::Send(Question::ScreenAgain, ErpWish::Screen)],
        Event::PlaceRequested { suspense } => vec![Effect::Send(Question::Place, ErpWish::Place(*suspense))],
        Event::Placed { .. } | Event::PlaceRefused { .. } if state.stage == Stage::Placing => {
            vec![Effect::Settle(Question::Place)]
        }
        Event::CaptureRequested { amount } => {
            let capture = Effect::Tell(Box::new(payment::Command::Capture { amount: *amount }));
            unwatched(state).chain([capture]).collect()
        }
        Event::BookRequested => book(state).into_iter().collect(),
        Event::Released { .. } if state.stage == Stage::Booking => vec![Effect::Settle(Question::Book)],
        Event::UndoRequested { reason, .. } => {
            let reverse = Effect::Tell(Box::new(payment::Command::Reverse { reason: reason.clone() }));
            let unwatched = unwatched(state).filter(|_| !state.is_capture_asked);
            closed(state).chain(unwatched).chain([reverse]).collect()
        }
        Event::CancelRequested { reason } => vec![Effect::Send(Question::Cancel, ErpWish::Cancel(reason.clone()))],
        Event::SalesOrderCancelled { .. } if state.undo.as_ref().is_some_and(|undo| undo.cancel_asked) => {
            vec![Effect::Settle(Question::Cancel)]
        }
        // A refusal is an answer: nobody asks again before a person has looked.
        Event::Parked { step: Step::Book, .. } => vec![Effect::Settle(Question::Book)],
        Event::Parked { step: Step::Cancel, .. } => vec![Effect::Settle(Question::Cancel)],
        Event::Opened { .. }
        | Event::LeftUnpaid { .. }
        | Event::OpenUntilOver
        | Event::TakenByShop { .. }
        | Event::Resumed { .. }
        | Event::HoldEnded
        | Event::Placed { .. }
        | Event::PlaceRefused { .. }
        | Event::Paid { .. }
        | Event::Released { .. }
        | Event::Completed { .. }
        | Event::Reversed { .. }
        | Event::SalesOrderCancelled { .. }
        | Event::Refused { .. }
        | Event::Declined { .. }
        | Event::Cancelled { .. }
        // While an outcome is unknown the question stays asked: repeating it does nothing there but brings back an answer that
        // was lost on its way.
        | Event::Waiting { .. }
        | Event::Parked { .. } => Vec::new(),
    }
}

/// Nobody waits for another payment any more.
fn closed(state: &OrderToCash) -> impl Iterator<Item = Effect> + use<> {
    // Once placed, the order was held before, and the timer settled then.
    let is_open = state.open_until_ms.is_some() && !state.is_open_over && state.placing == Placing::Unanswered;
    is_open.then_some(Effect::CancelTimer(Timer::OpenUntil)).into_iter()
}

/// The hold is taken or given back: nobody watches it any more.
fn unwatched(state: &OrderToCash) -> impl Iterator<Item = Effect> + use<> {
    let timer = match (state.hold_ends_at_ms, state.is_hold_ending, state.is_hold_over) {
        (None, ..) | (_, _, true) => None,
        (Some(_), false, false) => Some(Timer::HoldEnding),
        (Some(_), true, false) => Some(Timer::HoldEnded),
    };
    timer.map(Effect::CancelTimer).into_iter()
}

fn purpose(state: &OrderToCash) -> Option<Purpose> {
    let facts = state.facts.as_ref()?;
    let (token, personal) = match &state.added {
        Some(added) => (added.token.clone(), added.personal.clone()),
        None => (facts.token.clone(), facts.personal.clone()),
    };
    Some(Purpose {
        order: facts.order,
        reference_prefix: facts.reference_prefix.clone(),
        amount: facts.total,
        token,
        personal,
        has_transaction_ids: state.policies.has_transaction_ids,
        is_captured_by_shop: facts.is_captured_by_shop,
    })
}

fn book(state: &OrderToCash) -> Option<Effect> {
    let taken = state.captures.last()?;
    let (reference, gateway_request_id) = (taken.reference.clone(), taken.gateway_request_id.clone());
    Some(Effect::Send(Question::Book, ErpWish::Book { captured: taken.captured, reference, gateway_request_id }))
}

fn duration(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}
