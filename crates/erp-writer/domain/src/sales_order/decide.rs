//! What follows from a command.
//!
//! A wish never fails: it is answered by new events, or it was asked before and the events that are there answer it.

use std::sync::Arc;

use super::{
    command::{Command, Rejection, ScreenOutcome},
    event::{Event, Operation, Payment, Reason, Suspense},
    state::{Document, SalesOrder, Screening},
};
use crate::order::Order;

pub(super) fn decide(state: &SalesOrder, command: Command) -> Result<Vec<Event>, Rejection> {
    let out_of_turn = Rejection::OutOfTurn { state: state.name(), command: command.name() };
    match command {
        Command::Screen { order } => Ok(screen(state, order)),
        Command::Place { order, suspense } => Ok(place(state, order, suspense)),
        Command::Book { payment } => Ok(book(state, payment)),
        Command::Cancel { reason } => Ok(cancel(state, reason)),
        Command::RecordScreen { attempt, outcome } => Ok(screen_outcome(state, attempt, outcome)),
        Command::RecordPlaced { attempt, number, customer, operator } => match &state.document {
            // A document without a number could never be released, cancelled or found again. The answer to an earlier attempt is
            // as good: SYSPRO holds one document under the order's natural key.
            Document::Placing(flight) if flight.attempt >= attempt && !number.is_empty() => {
                let placed = Event::Placed { attempt, number, customer, operator };
                // A cancel came while the call was out: now there is something to cancel.
                Ok(std::iter::once(placed).chain(waiting_cancel(state)).collect())
            }
            _ if state.number.is_empty() => Err(out_of_turn),
            _ if state.number == number => Ok(Vec::new()),
            _ => Err(Rejection::AnotherNumber { known: state.number.clone(), told: number }),
        },
        Command::RecordReleased { attempt, operator } => match &state.document {
            Document::Releasing(flight) if flight.attempt >= attempt => {
                let released = Event::Released { attempt, number: state.number.clone(), operator };
                Ok(std::iter::once(released).chain(waiting_cancel(state)).collect())
            }
            // Known already, or overtaken by a cancel.
            Document::Released | Document::Cancelling(_) | Document::CancelRefused(_) => Ok(Vec::new()),
            Document::Cancelled if !state.number.is_empty() => Ok(Vec::new()),
            _ => Err(out_of_turn),
        },
        Command::RecordCancelled { attempt, operator } => match (&state.document, &state.cancel) {
            (Document::Cancelling(flight), Some(reason)) if flight.attempt >= attempt => {
                Ok(vec![Event::Cancelled { attempt, number: state.number.clone(), reason: reason.clone(), operator }])
            }
            (Document::Cancelled, _) => Ok(Vec::new()),
            _ => Err(out_of_turn),
        },
        Command::RecordRefused { operation, attempt, reason } => {
            refused(state, operation, attempt, reason, out_of_turn)
        }
        Command::RecordUnknown { operation, attempt, reference, inquiry_due_at_ms } => match state.flight() {
            Some((out, flight))
                if out == operation && flight.attempt == attempt && flight.inquiry_due_at_ms < inquiry_due_at_ms =>
            {
                Ok(vec![Event::OutcomeUnknown { operation, attempt, reference, inquiry_due_at_ms }])
            }
            // Told before, or the answer was faster than the silence: not knowing teaches nothing.
            _ => Ok(Vec::new()),
        },
        Command::RecordAbsent { operation, attempt } => Ok(absent(state, operation, attempt)),
        Command::RecordUnresolved { operation, attempt, reason } => match state.flight() {
            Some((out, flight)) if out == operation && flight.attempt == attempt && state.task.is_none() => {
                Ok(vec![Event::PersonWanted { operation, attempt, reason }])
            }
            _ => Ok(Vec::new()),
        },
    }
}

/// What was not done is done again, under another attempt, unless it is not wanted any more. Proof of an attempt that is not the
/// one that is out teaches nothing.
fn absent(state: &SalesOrder, operation: Operation, attempt: u32) -> Vec<Event> {
    match state.flight() {
        Some((out, flight)) if out == operation && flight.attempt == attempt => {}
        _ => return Vec::new(),
    }
    let next = attempt.saturating_add(1);
    match (operation, &state.cancel) {
        (Operation::Place, Some(reason)) => vec![nothing_to_cancel(reason.clone())],
        (Operation::Release, Some(_)) => waiting_cancel(state).into_iter().collect(),
        (Operation::Cancel, Some(reason)) => vec![Event::CancelAsked { attempt: next, reason: reason.clone() }],
        (Operation::Place, None) => {
            // Written by every placing; an order from before it was remembered waits for money.
            let suspense = state.suspense.unwrap_or(Suspense::AwaitingPayment);
            vec![Event::PlaceAsked { attempt: next, order: None, suspense }]
        }
        (Operation::Release, None) => {
            state.payment.clone().map(|payment| Event::ReleaseAsked { attempt: next, payment }).into_iter().collect()
        }
        // No cancel is out without a reason.
        (Operation::Cancel, None) => Vec::new(),
    }
}

fn screen(state: &SalesOrder, order: Arc<Order>) -> Vec<Event> {
    match (&state.document, &state.screening) {
        // Asked again, done again: stock and credit may have changed.
        (Document::NotPlaced, Screening::NotAsked | Screening::Passed { .. } | Screening::Failed { .. }) => {
            let attempt = state.screening.attempts() + 1;
            vec![Event::ScreenAsked { attempt, order: unless_known(state, order) }]
        }
        // The reads are under way, or there is nothing left to look before.
        _ => Vec::new(),
    }
}

fn place(state: &SalesOrder, order: Arc<Order>, suspense: Suspense) -> Vec<Event> {
    match &state.document {
        Document::NotPlaced => vec![Event::PlaceAsked { attempt: 1, order: unless_known(state, order), suspense }],
        // Asked before. Neither a refusal nor silence earns a second attempt: that needs proof that the first did nothing.
        _ => Vec::new(),
    }
}

/// An order that is already kept is not kept twice.
fn unless_known(state: &SalesOrder, order: Arc<Order>) -> Option<Arc<Order>> {
    if state.order.as_ref() == Some(&order) { None } else { Some(order) }
}

fn book(state: &SalesOrder, payment: Payment) -> Vec<Event> {
    let deny = |code: &str, text: &str| {
        // Once is enough: the same question later is answered by the same event.
        if state.is_release_denied {
            return Vec::new();
        }
        vec![Event::ReleaseRefused { attempt: 0, number: state.number.clone(), reason: Reason::new(code, text) }]
    };
    match &state.document {
        Document::Releasing(_) | Document::Released if state.cancel.is_none() => Vec::new(),
        Document::Placed => vec![Event::ReleaseAsked { attempt: 1, payment }],
        Document::ReleaseRefused(_) => Vec::new(),
        Document::NotPlaced | Document::Placing(_) | Document::PlaceRefused(_) if state.cancel.is_none() => {
            deny("not_placed", "there is no sales order to release")
        }
        // Goods of a cancelled order must not leave, whatever was captured.
        _ => deny("cancelled", "the sales order is cancelled, or is going to be"),
    }
}

fn cancel(state: &SalesOrder, reason: Reason) -> Vec<Event> {
    if state.cancel.is_some() {
        return Vec::new();
    }
    match &state.document {
        // Nothing stands, and from now on nothing will.
        Document::NotPlaced | Document::PlaceRefused(_) => vec![nothing_to_cancel(reason)],
        // What may come to stand cannot be cancelled before its fate is known.
        Document::Placing(_) | Document::Releasing(_) => vec![Event::CancelAccepted { reason }],
        Document::Placed | Document::Released | Document::ReleaseRefused(_) => {
            vec![Event::CancelAsked { attempt: 1, reason }]
        }
        Document::Cancelling(_) | Document::Cancelled | Document::CancelRefused(_) => Vec::new(),
    }
}

fn nothing_to_cancel(reason: Reason) -> Event {
    Event::Cancelled { attempt: 0, number: String::new(), reason, operator: String::new() }
}

/// The cancel that waited for the call that now came home.
fn waiting_cancel(state: &SalesOrder) -> Option<Event> {
    state.cancel.clone().map(|reason| Event::CancelAsked { attempt: 1, reason })
}

fn screen_outcome(state: &SalesOrder, attempt: u32, outcome: ScreenOutcome) -> Vec<Event> {
    match (&state.screening, &state.document) {
        // Nobody waits for it any more.
        (_, Document::Cancelled) => Vec::new(),
        (Screening::Asked { attempt: asked }, _) if *asked == attempt => vec![match outcome {
            ScreenOutcome::Passed { customer, warnings } => Event::Screened { attempt, customer, warnings },
            ScreenOutcome::Failed { reason } => Event::ScreenFailed { attempt, reason },
        }],
        // Told before, or of an attempt that was overtaken: reads prove nothing about later.
        _ => Vec::new(),
    }
}

fn refused(
    state: &SalesOrder,
    operation: Operation,
    attempt: u32,
    reason: Reason,
    out_of_turn: Rejection,
) -> Result<Vec<Event>, Rejection> {
    let number = state.number.clone();
    match (operation, &state.document) {
        (Operation::Place, Document::Placing(flight)) if flight.attempt == attempt => {
            let refused = Event::PlaceRefused { attempt, reason };
            Ok(std::iter::once(refused).chain(state.cancel.clone().map(nothing_to_cancel)).collect())
        }
        (Operation::Release, Document::Releasing(flight)) if flight.attempt == attempt => {
            let refused = Event::ReleaseRefused { attempt, number, reason };
            Ok(std::iter::once(refused).chain(waiting_cancel(state)).collect())
        }
        (Operation::Cancel, Document::Cancelling(flight)) if flight.attempt == attempt => {
            Ok(vec![Event::CancelRefused { attempt, number, reason }])
        }
        // Told before.
        (Operation::Place, Document::PlaceRefused(_) | Document::Cancelled) if number.is_empty() => Ok(Vec::new()),
        (Operation::Release, Document::ReleaseRefused(_) | Document::Cancelling(_) | Document::CancelRefused(_)) => {
            Ok(Vec::new())
        }
        (Operation::Release, Document::Cancelled) if !number.is_empty() => Ok(Vec::new()),
        (Operation::Cancel, Document::CancelRefused(_)) => Ok(Vec::new()),
        _ => Err(out_of_turn),
    }
}
