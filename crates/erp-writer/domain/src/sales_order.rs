//! One order's document in SYSPRO: screened, placed in suspense, released once paid, or cancelled.
//!
//! ```text
//!            screen ⟲                  (reads only: asked again, done again)
//!              │
//!  Place ──▶ placing ──▶ placed ──▶ releasing ──▶ released
//!              │  ╲         │           │   ╲         │
//!              │   refused  │           │    refused  │
//!              ▼            ▼           ▼             ▼
//!  Cancel ──▶ waits ─────▶ cancelling ──▶ cancelled (or refused: a person looks)
//! ```
//!
//! | asked | of SYSPRO | if the outcome is unknown |
//! |---|---|---|
//! | `Screen` | customer, credit, stock: reads only | cannot be: asked again |
//! | `Place` | add the order, status S | looked up by customer and purchase order number: adopted, or proven absent and added again |
//! | `Book` | status S → 1 | the order's status is looked at: adopted, or proven not done and asked again |
//! | `Cancel` | cancel the order | the order's status is looked at: adopted, or proven not done and asked again |
//!
//! A repeat is another attempt with another reference. Nothing is repeated on silence alone; a late answer is always taken. What
//! no machine can tell, and what stands there but is not ours to adopt, wants a person ([`Event::PersonWanted`]).
//!
//! A cancel that comes while a call is out, or its outcome unknown, is accepted and waits for that outcome: what may
//! stand in SYSPRO cannot be cancelled before we know its number. A cancel that comes first ends the order for good.
//! After an accepted cancel nothing is released.
//!
//! The documents that follow (invoices, receipts, credit notes) will be lists beside [`Document`].

mod command;
mod decide;
mod event;
mod evolve;
mod react;
mod state;
#[cfg(test)]
mod tests;

pub use command::{Command, Rejection, ScreenOutcome};
pub use event::{Event, Operation, Payment, Reason, Shortage, Suspense};
pub use react::Effect;
pub use state::{Document, Flight, SalesOrder, Screening};

/// The aggregate.
#[derive(Debug, Clone, Copy)]
pub struct SalesOrderDecider;

impl decider::Decider for SalesOrderDecider {
    type State = SalesOrder;
    type Command = Command;
    type Event = Event;
    type Effect = Effect;
    type Rejection = Rejection;

    fn decide(state: &SalesOrder, command: Command) -> Result<Vec<Event>, Rejection> {
        decide::decide(state, command)
    }

    fn evolve(state: SalesOrder, event: &Event) -> SalesOrder {
        evolve::evolve(state, event)
    }

    fn react(state: &SalesOrder, event: &Event) -> Vec<Effect> {
        react::react(state, event)
    }
}
