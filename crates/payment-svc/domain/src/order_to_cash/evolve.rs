//! Folds an event onto the saga. Only assigns.

use super::{
    Added, Event, NOT_FOUND, OrderToCash, Parked, Placing, Review, Screening, Stage, Step, Taken, Undo, Unpaid, Waiting,
};

pub(super) fn evolve(state: OrderToCash, event: &Event) -> OrderToCash {
    match event {
        Event::Opened { facts, policies } => {
            OrderToCash { stage: Stage::Opened, facts: Some(facts.clone()), policies: *policies, payments: 1, ..state }
        }
        Event::ScreenRequested { deadline_at_ms, .. } => {
            OrderToCash { stage: Stage::Screening, screening_deadline_at_ms: *deadline_at_ms, ..state }
        }
        Event::Screened { .. } => OrderToCash { screening: Screening::Passed, ..state },
        Event::ScreenFailed { reason } => OrderToCash { screening: Screening::Failed(reason.clone()), ..state },
        Event::ScreeningTimedOut => OrderToCash { is_screening_late: true, ..state },
        Event::AuthorizationRequested => OrderToCash { stage: Stage::Authorizing, ..state },
        Event::Authorized { held, hold_ends_at_ms, .. } => OrderToCash {
            stage: Stage::Held,
            held: Some(*held),
            unpaid: None,
            hold_ends_at_ms: *hold_ends_at_ms,
            ..answered(state, Step::Authorize)
        },
        Event::UnderReview { held, hold_ends_at_ms, deadline_at_ms, .. } => {
            let review = Review { hold_ends_at_ms: *hold_ends_at_ms, deadline_at_ms: *deadline_at_ms };
            OrderToCash {
                stage: Stage::Held,
                held: *held,
                review: Some(review),
                unpaid: None,
                ..answered(state, Step::Authorize)
            }
        }
        Event::ScreenAgainRequested => OrderToCash { stage: Stage::ScreeningAgain, ..state },
        Event::PlaceRequested { .. } => OrderToCash { stage: Stage::Placing, ..state },
        Event::Placed { sales_order, .. } => {
            OrderToCash { placing: Placing::Placed(sales_order.clone()), ..answered(state, Step::Place) }
        }
        Event::PlaceRefused { reason } => {
            OrderToCash { placing: Placing::Refused(reason.clone()), ..answered(state, Step::Place) }
        }
        Event::CaptureRequested { .. } => OrderToCash { stage: Stage::Capturing, is_capture_asked: true, ..state },
        Event::Paid { captured, reference, gateway_request_id } => {
            let mut state = answered(state, Step::Capture);
            let (reference, gateway_request_id) = (reference.clone(), gateway_request_id.clone());
            state.captures.push(Taken { captured: *captured, reference, gateway_request_id });
            OrderToCash { stage: Stage::Paid, ..state }
        }
        Event::BookRequested => OrderToCash { stage: Stage::Booking, ..state },
        Event::Released { .. } => OrderToCash { is_released: true, ..answered(state, Step::Book) },
        Event::Completed { .. } => OrderToCash { stage: Stage::Completed, waits: Vec::new(), ..state },
        Event::UndoRequested { ending, reason } => {
            let undo = Undo { ending: *ending, reason: reason.clone(), cancel_asked: false };
            let state = answered(answered(state, Step::Authorize), Step::Capture);
            OrderToCash { stage: Stage::Undoing, undo: Some(undo), ..state }
        }
        Event::CancelRequested { .. } => {
            let undo = state.undo.map(|undo| Undo { cancel_asked: true, ..undo });
            OrderToCash { undo, ..state }
        }
        Event::Reversed { reversed } => {
            let mut state = answered(state, Step::Reverse);
            state.reversals.push(*reversed);
            state
        }
        Event::SalesOrderCancelled { .. } => {
            OrderToCash { is_sales_order_cancelled: true, ..answered(state, Step::Cancel) }
        }
        Event::Refused { reason } => ended(state, Stage::Refused, reason),
        Event::Declined { reason } => {
            let is_not_found = state.is_not_found || reason.code == NOT_FOUND;
            OrderToCash { is_not_found, ..ended(state, Stage::Declined, reason) }
        }
        Event::Cancelled { reason, .. } => ended(state, Stage::Cancelled, reason),
        Event::Waiting { step, reference, inquiry_due_ms, .. } => {
            let mut state = heard(state, *step);
            state.waits.push(Waiting { step: *step, reference: reference.clone(), inquiry_due_ms: *inquiry_due_ms });
            state
        }
        Event::Parked { step, reason } => {
            let parked = Some(Parked { step: *step, reason: reason.clone() });
            OrderToCash { parked, ..heard(state, *step) }
        }
        Event::LeftUnpaid { reason, is_authentication_wanted, open_until_ms, .. } => {
            let unpaid = Unpaid { reason: reason.clone(), is_authentication_wanted: *is_authentication_wanted };
            let is_not_found = state.is_not_found || reason.code == NOT_FOUND;
            let open_until_ms = Some(*open_until_ms);
            let state = answered(state, Step::Authorize);
            OrderToCash { unpaid: Some(unpaid), open_until_ms, is_not_found, ..state }
        }
        Event::PaymentAdded { number, token, personal } => {
            let added = Added { token: token.clone(), personal: personal.clone() };
            OrderToCash { payments: *number, added: Some(added), unpaid: None, ..state }
        }
        Event::OpenUntilOver => OrderToCash { is_open_over: true, ..state },
        Event::TakenByShop { captured, reference, gateway_request_id } => {
            let (reference, gateway_request_id) = (reference.clone(), gateway_request_id.clone());
            let taken = Taken { captured: *captured, reference, gateway_request_id };
            OrderToCash { stage: Stage::Held, taken: Some(taken), ..answered(state, Step::Authorize) }
        }
        Event::Resumed { step } => answered(state, *step),
        Event::HoldEnding { .. } => OrderToCash { is_hold_ending: true, ..state },
        Event::HoldEnded => OrderToCash { is_hold_over: true, ..state },
    }
}

/// The step is answered: nobody waits for it. A person who was called for the silence of one of the steps that stand alone
/// is not needed any more; undoing is several steps at once, and there a later call may hide an earlier one.
fn answered(state: OrderToCash, step: Step) -> OrderToCash {
    let stands_alone = matches!(step, Step::Authorize | Step::Capture);
    let parked = state.parked.clone().filter(|parked| !(stands_alone && parked.step == step));
    OrderToCash { parked, ..heard(state, step) }
}

fn heard(mut state: OrderToCash, step: Step) -> OrderToCash {
    state.waits.retain(|waiting| waiting.step != step);
    state
}

fn ended(state: OrderToCash, stage: Stage, reason: &crate::Reason) -> OrderToCash {
    OrderToCash { stage, waits: Vec::new(), unpaid: None, reason: Some(reason.clone()), ..state }
}
