//! Giving one piece of money back, rung by rung, until it is given back or a person has everything on one screen.
//!
//! ```text
//!  what stands            rung             and when that is refused
//!  a hold                 reverse          because it was taken meanwhile: void
//!  a capture, batch open  void             because the batch closed: refund
//!                         then reverse     a void leaves the hold
//!  a capture, batch shut  refund           a person
//! ```
//!
//! A ladder is begun by the payment, for a hold that a plain reversal did not release, or for something that the sweep found
//! without an order to go with it; then it waits as long as the pair's policy says before its first rung. Every rung is an
//! attempt with a reference of its own, asked about when it stays silent. A rung that was proven absent is tried again after
//! 1, 5, 15 and 60 minutes, then every 6 hours; after 48 hours, or at a refusal that names no other rung, a person.

mod decide;
mod event;
mod evolve;
mod react;
mod state;

#[cfg(test)]
mod tests;

pub use self::{
    event::{Command, Event, Rejection},
    react::Effect,
    state::{Answer, Held, Ladder, Rung, Stage, Taken, Task},
};

impl decider::Decider for Ladder {
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
