//! What the world is asked because of the saga's event, and what the payment is told.

use std::time::Duration;

use ids::MerchantReference;
use money::Amount;

use super::{Event, OrderToCash, Stage, Step, Suspense};
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
}

impl Timer {
    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::ScreeningDeadline => "screening_deadline",
            Self::ReviewDeadline => "review_deadline",
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
        Event::UnderReview { deadline_in_ms, .. } => {
            vec![Effect::StartTimer(Timer::ReviewDeadline, duration(*deadline_in_ms))]
        }
        Event::ScreenAgainRequested => vec![Effect::Send(Question::ScreenAgain, ErpWish::Screen)],
        Event::PlaceRequested { suspense } => vec![Effect::Send(Question::Place, ErpWish::Place(*suspense))],
        Event::Placed { .. } | Event::PlaceRefused { .. } if state.stage == Stage::Placing => {
            vec![Effect::Settle(Question::Place)]
        }
        Event::CaptureRequested { amount } => vec![Effect::Tell(Box::new(payment::Command::Capture { amount: *amount }))],
        Event::BookRequested => book(state).into_iter().collect(),
        Event::Released { .. } if state.stage == Stage::Booking => vec![Effect::Settle(Question::Book)],
        Event::UndoRequested { reason, .. } => {
            vec![Effect::Tell(Box::new(payment::Command::Reverse { reason: reason.clone() }))]
        }
        Event::CancelRequested { reason } => vec![Effect::Send(Question::Cancel, ErpWish::Cancel(reason.clone()))],
        Event::SalesOrderCancelled { .. } if state.undo.as_ref().is_some_and(|undo| undo.cancel_asked) => {
            vec![Effect::Settle(Question::Cancel)]
        }
        // A refusal is an answer: nobody asks again before a person has looked.
        Event::Parked { step: Step::Book, .. } => vec![Effect::Settle(Question::Book)],
        Event::Parked { step: Step::Cancel, .. } => vec![Effect::Settle(Question::Cancel)],
        Event::Opened { .. }
        | Event::Authorized { .. }
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

fn purpose(state: &OrderToCash) -> Option<Purpose> {
    let facts = state.facts.as_ref()?;
    Some(Purpose {
        order: facts.order,
        reference_prefix: facts.reference_prefix.clone(),
        amount: facts.total,
        token: facts.token.clone(),
        personal: facts.personal.clone(),
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
