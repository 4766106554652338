//! The card money of one order: what is held, what was taken, what was given back, and what the gateway said to each.
//!
//! ```text
//!              Authorize            Capture             (the pivot)
//!  ∅ ──▶ Authorizing ──▶ Authorized ──▶ Capturing ──▶ Captured
//!            │   │  │        │  ▲          │   │
//!            │   │  └▶ UnderReview         │   └▶ CaptureUnknown ─ ─▶ as answered
//!            │   └▶ Declined │             ▼
//!            │               │ Reverse  CaptureRefused
//!            ▼               ▼             │ Reverse
//!   AuthorizationUnknown  Reversing ◀──────┘
//!      ─ ─▶ as answered      │ └▶ ReversalUnknown ─ ─▶ as answered
//!                            ▼ └▶ ReversalRefused (a person)
//!                         Reversed
//! ```
//!
//! The gateway has no idempotency key: a request sent twice is two payments. So one attempt has one reference of its own,
//! an answer counts only for the attempt whose reference it carries, and out of an `…Unknown` stage nothing leads but an
//! answer to that very attempt.

mod command;
mod decide;
mod event;
mod evolve;
mod react;
mod state;

#[cfg(test)]
mod tests;

pub use self::{
    command::{Command, Rejection},
    event::Event,
    react::Effect,
    state::{
        Attempt, AuthorizationAnswer, CaptureAnswer, Captured, Hold, Operation, Payment, Purpose, ReversalAnswer,
        Reversed, Stage, Verdict,
    },
};

impl decider::Decider for Payment {
    type State = Self;
    type Command = Command;
    type Event = Event;
    type Effect = Effect;
    type Rejection = Rejection;

    fn decide(state: &Self, command: Command) -> Result<Vec<Event>, Rejection> {
        decide::decide(state, command)
    }

    fn evolve(state: Self, event: &Event) -> Self {
        evolve::evolve(state, event)
    }

    fn react(state: &Self, event: &Event) -> Vec<Effect> {
        react::react(state, event)
    }
}
