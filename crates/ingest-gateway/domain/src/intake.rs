//! One shop order: accepted once, started once, followed to its end, told to the shop.
//!
//! ```text
//!  Accept ──▶ accepted ──▶ screening ──▶ authorized ──▶ placed ──▶ paid ──▶ completed
//!                 │             │             │            │
//!                 └─────────────┴── refused, declined, cancelled, under_review, waiting, parked
//! ```
//!
//! Everything after `accepted` is news from the saga, kept as it comes. The saga numbers its public events, so news that
//! arrives late or twice never turns the state back: the highest number tells the state, the others only fill in facts.
//!
//! The callback to the shop is a call of this aggregate and not an aggregate of its own: an order has one or two of them,
//! their fate belongs into the order's history, and a second stream would cost a commit per order and decide nothing.

mod command;
mod decide;
mod event;
mod evolve;
mod react;
mod state;
#[cfg(test)]
mod tests;

pub use command::{Command, Rejection};
pub use event::{Event, News, Offer, Outcome, Reason, Shortage, Source};
pub use react::{Effect, ShopNews};
pub use state::{Accepted, Intake};

/// The aggregate.
#[derive(Debug, Clone, Copy)]
pub struct IntakeDecider;

impl decider::Decider for IntakeDecider {
    type State = Intake;
    type Command = Command;
    type Event = Event;
    type Effect = Effect;
    type Rejection = Rejection;

    fn decide(state: &Intake, command: Command) -> Result<Vec<Event>, Rejection> {
        decide::decide(state, command)
    }

    fn evolve(state: Intake, event: &Event) -> Intake {
        evolve::evolve(state, event)
    }

    fn react(state: &Intake, event: &Event) -> Vec<Effect> {
        react::react(state, event)
    }
}
