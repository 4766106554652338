//! Folds an event onto the saga. Only assigns.

use super::{Event, OrderToCash, Parked, Placing, Review, Screening, Stage, Step, Taken, Undo, Waiting};

pub(super) fn evolve(state: OrderToCash, event: &Event) -> OrderToCash {
    match event {
        Event::Opened { facts, policies } => {
            OrderToCash { stage: Stage::Opened, facts: Some(facts.clone()), policies: *policies, ..state }
        }
        Event::ScreenRequested { deadline_at_ms, .. } => {
            OrderToCash { stage: Stage::Screening, screening_deadline_at_ms: *deadline_at_ms, ..state }
        }
        Event::Screened { .. } => OrderToCash { screening: Screening::Passed, ..state },
        Event::ScreenFailed { reason } => OrderToCash { screening: Screening::Failed(reason.clone()), ..state },
        Event::ScreeningTimedOut => OrderToCash { is_screening_late: true, ..state },
        Event::AuthorizationRequested => OrderToCash { stage: Stage::Authorizing, ..state },
        Event::Authorized { held } => {
            OrderToCash { stage: Stage::Held, held: Some(*held), ..answered(state, Step::Authorize) }
        }
        Event::UnderReview { held, hold_ends_at_ms, deadline_at_ms, .. } => {
            let review = Review { hold_ends_at_ms: *hold_ends_at_ms, deadline_at_ms: *deadline_at_ms };
            OrderToCash { stage: Stage::Held, held: *held, review: Some(review), ..answered(state, Step::Authorize) }
        }
        Event::ScreenAgainRequested => OrderToCash { stage: Stage::ScreeningAgain, ..state },
        Event::PlaceRequested { .. } => OrderToCash { stage: Stage::Placing, ..state },
        Event::Placed { sales_order, .. } => {
            OrderToCash { placing: Placing::Placed(sales_order.clone()), ..answered(state, Step::Place) }
        }
        Event::PlaceRefused { reason } => {
            OrderToCash { placing: Placing::Refused(reason.clone()), ..answered(state, Step::Place) }
        }
        Event::CaptureRequested { .. } => OrderToCash { stage: Stage::Capturing, ..state },
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
        Event::Declined { reason } => ended(state, Stage::Declined, reason),
        Event::Cancelled { reason, .. } => ended(state, Stage::Cancelled, reason),
        Event::Waiting { step, reference, inquiry_due_ms } => {
            let mut state = answered(state, *step);
            state.waits.push(Waiting { step: *step, reference: reference.clone(), inquiry_due_ms: *inquiry_due_ms });
            state
        }
        Event::Parked { step, reason } => {
            let parked = Some(Parked { step: *step, reason: reason.clone() });
            OrderToCash { parked, ..answered(state, *step) }
        }
    }
}

fn answered(mut state: OrderToCash, step: Step) -> OrderToCash {
    state.waits.retain(|waiting| waiting.step != step);
    state
}

fn ended(state: OrderToCash, stage: Stage, reason: &crate::Reason) -> OrderToCash {
    OrderToCash { stage, waits: Vec::new(), reason: Some(reason.clone()), ..state }
}
