//! The saga of one order, default sequence `authorize_order_capture`. This table is the design; the code follows it.
//!
//! | # | step | asks | name of the question | goes on when | undone by | if the outcome is unknown |
//! |---|---|---|---|---|---|---|
//! | 1 | screen: is the customer known, is there credit and stock | erp-writer, `ScreenOrder` | `screen` | screened; failed: `refused`; silent until the deadline: the pair's policy | nothing to undo | asked again: it only reads |
//! | 2 | authorize | the card gateway, through `payment` | (call `authorize`) | held as asked; held otherwise: the pair's policy, undo, then `declined`; not held: 2b | authorization reversal | asked about; absent: undone by id and tried again, or `not_found` and 2b |
//! | 2a | screen again, only when 2 went ahead unscreened | erp-writer, `ScreenOrder` | `screen_again` | screened; failed: undo, then `cancelled` | authorization reversal | asked again: it only reads |
//! | 2b | unpaid: wait for another card or the buyer's proof | the shop, `AddPayment` | (timer `open_until`) | added: 2 again; over: `declined` | nothing to undo | refused while 2 is unknown |
//! | 2c | adopt, instead of 2: the shop's plugin holds the money | the card gateway, through `payment` | (look `confirm`) | confirmed: as held; another story: `parked` | authorization reversal | asked again: it only reads |
//! | 2d | taken, instead of 2: the shop's plugin took the money | the card gateway, through `payment` | (look `confirm`) | confirmed: the pivot is behind, 5 is skipped | –, a person | asked again: it only reads |
//! | 3 | place the sales order, always in suspense | erp-writer, `PlaceOrder` | `place` | placed; refused: undo, then `cancelled` | cancel the sales order | wait; look up customer + purchase order number |
//! | 4 | review, only when the gateway wants one | a person | (timer `review_deadline`) | not built: `parked` a day before the hold ends | – | – |
//! | 4a | hold watched: an alert a day before it ends, then it is given back | – | (timers `hold_ending`, `hold_ended`) | over: undo, then `cancelled`, no capture | authorization reversal | – |
//! | 5 | capture: **the pivot**, from here only forward | the card gateway, through `payment`; or the shop, where it takes its own | (call `capture`, look `await_capture`) | captured; refused: undo, then `cancelled` | – | asked about; absent: undone by id and tried again, or `parked` |
//! | 6 | book: release the sales order from suspense | erp-writer, `BookPayment` | `book` | released; refused: `parked` | –, a person | wait; look at the sales order |
//! | 7 | tell the shop | ingest-gateway, by its own ear for our events | – | `completed` here | – | the callback is retried there |
//!
//! Undoing is steps like any other: `reverse` (the card gateway, call `reverse`; what a reversal cannot release goes up the
//! [`crate::ladder`]) and, when a sales order stands, `cancel` (erp-writer, `CancelOrder`, question `cancel`). The order ends
//! when both are answered; a refusal of either parks it. Nothing is undone while an outcome is unknown, and nothing after the
//! pivot.
//!
//! How it decides: a command is first turned into the *fact* it brings, kept once, whenever it comes — late, early or
//! twice. Then the table is walked from the state with that fact for as long as a step can be taken. So the order in
//! which answers arrive does not matter, and a question that is already answered is not asked.

mod command;
mod decide;
mod event;
mod evolve;
mod react;
mod state;

#[cfg(test)]
mod tests;

pub use self::{
    command::{Amiss, Command, Rejection},
    decide::{CAPTURE_DIFFERS, NOBODY_REVIEWED, NOT_FOUND, REFUSED_THOUGH_PAID, REFUSED_UNDER_REVIEW, TOKEN_MARGIN_MS},
    event::Event,
    react::{Effect, ErpWish, Question, Timer},
    state::{
        Added, Ending, OrderFacts, OrderToCash, Parked, PartialApproval, Placing, Policies, Review, Screening, Stage,
        Step, Suspense, Taken, Undo, Unpaid, Unscreened, Waiting,
    },
};

impl decider::Decider for OrderToCash {
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
