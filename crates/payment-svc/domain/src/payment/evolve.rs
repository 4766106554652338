//! Folds an event onto a payment. Only assigns.

use super::{Event, Operation, Payment, Stage};

pub(super) fn evolve(state: Payment, event: &Event) -> Payment {
    match event {
        Event::AuthorizationRequested { purpose, attempt } => {
            Payment { stage: Stage::Authorizing, purpose: Some(purpose.clone()), open: Some(attempt.clone()), ..state }
        }
        Event::Authorized(hold) => Payment { stage: Stage::Authorized, hold: Some(hold.clone()), ..answered(state) },
        Event::UnderReview { .. } => Payment { stage: Stage::UnderReview, ..answered(state) },
        Event::Declined { .. } => Payment { stage: Stage::Declined, ..answered(state) },
        Event::CaptureRequested { attempt } => {
            Payment { stage: Stage::Capturing, open: Some(attempt.clone()), capture_attempts: attempt.number, ..state }
        }
        Event::Captured(captured) => {
            let mut state = answered(state);
            state.captures.push(captured.clone());
            Payment { stage: Stage::Captured, ..state }
        }
        Event::CaptureRefused { .. } => Payment { stage: Stage::CaptureRefused, ..answered(state) },
        Event::ReversalRequested { attempt, .. } => {
            Payment { stage: Stage::Reversing, open: Some(attempt.clone()), reversal_attempts: attempt.number, ..state }
        }
        Event::Reversed(reversed) => {
            let mut state = answered(state);
            state.reversals.push(reversed.clone());
            Payment { stage: Stage::Reversed, ..state }
        }
        Event::ReversalRefused { .. } => Payment { stage: Stage::ReversalRefused, ..answered(state) },
        Event::OutcomeUnknown { operation, inquiry_due_ms, .. } => {
            let stage = match operation {
                Operation::Authorize => Stage::AuthorizationUnknown,
                Operation::Capture => Stage::CaptureUnknown,
                Operation::Reverse => Stage::ReversalUnknown,
            };
            Payment { stage, inquiry_due_ms: Some(*inquiry_due_ms), ..state }
        }
    }
}

fn answered(state: Payment) -> Payment {
    Payment { open: None, inquiry_due_ms: None, ..state }
}
