//! The card money of one order: what is held, what was taken, what was given back, and what the gateway said to each.
//!
//! ```text
//!              Authorize            Capture             (the pivot)
//!  ∅ ──▶ Authorizing ──▶ Authorized ──▶ Capturing ──▶ Captured
//!            │   │  │        │  ▲          │   │
//!            │   │  └▶ UnderReview         │   └▶ CaptureUnknown ─ ─▶ as answered
//!            │   └▶ Declined │             ▼                     └ absent ▶ TimeoutVoiding ▶ Capturing, once more
//!            │               │ Reverse  CaptureRefused                  └▶ CaptureNotFound (the report, or a person)
//!            ▼               ▼             │ Reverse
//!   AuthorizationUnknown  Reversing ◀──────┘
//!      ─ ─▶ as answered      │ ├▶ ReversalUnknown ─ ─▶ as answered
//!      │                     ▼ └▶ GivingBack (the ladder) ─▶ Reversed, or ReversalRefused (a person)
//!      │                  Reversed
//!      └ absent ▶ TimeoutReversing ▶ Authorizing, once more, while the token lives
//!              └▶ NotFound: open for another card; a late success is adopted, and once Closed given back
//! ```
//!
//! The gateway has no idempotency key: a request sent twice is two payments. So one attempt has one reference of its own,
//! an answer counts only for the attempt whose reference it carries, and out of an `…Unknown` stage nothing leads but what is
//! known of that very attempt: its answer, or the proof that it did not and will not happen. Which stage follows on that
//! proof depends on the merchant's account: with ids of ours, the silent request is undone by its id and asked again; without,
//! an authorization is closed and a capture waits for somebody who knows.
//!
//! What the shop's plugin did before us (`Confirming`) is believed once the gateway confirms it. What the sweep finds
//! (`RecordSeen`) is known, adopted, or given back on a [`crate::ladder`] of its own.

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
    react::{CAPTURE_NOT_FOUND, Effect, INQUIRY_GIVEN_UP, NOT_CONFIRMED, OUTCOME_DIFFERS, REVERSAL_REFUSED},
    state::{
        Attempt, AuthorizationAnswer, CaptureAnswer, Captured, Confirmation, Hold, Operation, Payment, Purpose,
        ReversalAnswer, Reversed, Seen, Stage, TimeoutAnswer, Verdict,
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
