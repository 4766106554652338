//! The state after one more event. Only assigns.

use super::{
    event::{Event, Operation},
    state::{Document, Flight, SalesOrder, Screening},
};

pub(super) fn evolve(state: SalesOrder, event: &Event) -> SalesOrder {
    let call = |state: &SalesOrder| state.flight().map(|(operation, flight)| (operation, flight.attempt));
    let before = call(&state);
    let mut state = assign(state, event);
    if call(&state) != before {
        state.task = None;
    }
    state
}

fn assign(mut state: SalesOrder, event: &Event) -> SalesOrder {
    match event {
        Event::ScreenAsked { attempt, order } => {
            if let Some(order) = order {
                state.order = Some(order.clone());
            }
            state.screening = Screening::Asked { attempt: *attempt };
        }
        Event::Screened { attempt, customer, .. } => {
            state.screening = Screening::Passed { attempt: *attempt };
            state.customer = Some(customer.clone());
        }
        Event::ScreenFailed { attempt, reason } => {
            state.screening = Screening::Failed { attempt: *attempt, reason: reason.clone() };
        }
        Event::PlaceAsked { attempt, order, suspense } => {
            if let Some(order) = order {
                state.order = Some(order.clone());
                // Found for another order: it proves nothing about this one.
                state.customer = None;
            }
            state.suspense = Some(*suspense);
            state.document = Document::Placing(Flight::new(*attempt));
        }
        Event::Placed { number, customer, .. } => {
            state.document = Document::Placed;
            state.number.clone_from(number);
            state.customer = Some(customer.clone());
        }
        Event::PlaceRefused { reason, .. } => state.document = Document::PlaceRefused(reason.clone()),
        Event::ReleaseAsked { attempt, payment } => {
            state.payment = Some(payment.clone());
            state.document = Document::Releasing(Flight::new(*attempt));
        }
        Event::Released { .. } => state.document = Document::Released,
        // Attempt 0: SYSPRO was not asked, so nothing changed there.
        Event::ReleaseRefused { attempt: 0, .. } => state.is_release_denied = true,
        Event::ReleaseRefused { reason, .. } => state.document = Document::ReleaseRefused(reason.clone()),
        Event::CancelAccepted { reason } => state.cancel = Some(reason.clone()),
        Event::CancelAsked { attempt, reason } => {
            state.cancel = Some(reason.clone());
            state.document = Document::Cancelling(Flight::new(*attempt));
        }
        Event::Cancelled { reason, .. } => {
            state.cancel = Some(reason.clone());
            state.document = Document::Cancelled;
        }
        Event::CancelRefused { reason, .. } => state.document = Document::CancelRefused(reason.clone()),
        Event::OutcomeUnknown { operation, attempt, inquiry_due_at_ms, .. } => {
            let flight = Flight { attempt: *attempt, is_unknown: true, inquiry_due_at_ms: *inquiry_due_at_ms };
            state.document = out(*operation, flight);
        }
        Event::PersonWanted { operation, attempt, reason } => {
            state.document = out(*operation, Flight { is_unknown: true, ..Flight::new(*attempt) });
            state.task = Some(reason.clone());
        }
    }
    state
}

/// The document while a call is out.
fn out(operation: Operation, flight: Flight) -> Document {
    match operation {
        Operation::Place => Document::Placing(flight),
        Operation::Release => Document::Releasing(flight),
        Operation::Cancel => Document::Cancelling(flight),
    }
}
