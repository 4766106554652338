//! The state after one more event. Only assigns.

use super::{
    event::{Event, Operation},
    state::{Document, Flight, SalesOrder, Screening},
};

pub(super) fn evolve(mut state: SalesOrder, event: &Event) -> SalesOrder {
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
        Event::PlaceAsked { attempt, order, .. } => {
            if let Some(order) = order {
                state.order = Some(order.clone());
            }
            state.document = Document::Placing(Flight::new(*attempt));
        }
        Event::Placed { number, customer, .. } => {
            state.document = Document::Placed;
            state.number.clone_from(number);
            state.customer = Some(customer.clone());
        }
        Event::PlaceRefused { reason, .. } => state.document = Document::PlaceRefused(reason.clone()),
        Event::ReleaseAsked { attempt, .. } => state.document = Document::Releasing(Flight::new(*attempt)),
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
        Event::OutcomeUnknown { operation, attempt, .. } => {
            let flight = Flight { attempt: *attempt, is_unknown: true };
            state.document = match operation {
                Operation::Place => Document::Placing(flight),
                Operation::Release => Document::Releasing(flight),
                Operation::Cancel => Document::Cancelling(flight),
            };
        }
    }
    state
}
