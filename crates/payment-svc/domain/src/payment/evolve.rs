//! Folds an event onto a payment. Only assigns.

use super::{Event, Operation, Payment, Stage};

pub(super) fn evolve(state: Payment, event: &Event) -> Payment {
    match event {
        Event::AuthorizationRequested { purpose, attempt } => Payment {
            stage: Stage::Authorizing,
            purpose: Some(purpose.clone()),
            open: Some(attempt.clone()),
            authorization_attempts: attempt.number,
            silent: None,
            ..state
        },
        Event::ConfirmationRequested { purpose, attempt } => Payment {
            stage: Stage::Confirming,
            purpose: Some(purpose.clone()),
            open: Some(attempt.clone()),
            authorization_attempts: attempt.number,
            ..state
        },
        Event::NotConfirmed { .. } => Payment { stage: Stage::NotConfirmed, ..answered(state) },
        Event::Authorized(hold) => Payment { stage: Stage::Authorized, hold: Some(hold.clone()), ..answered(state) },
        Event::UnderReview { .. } => Payment { stage: Stage::UnderReview, ..answered(state) },
        Event::Declined { .. } => Payment { stage: Stage::Declined, ..answered(state) },
        Event::CaptureRequested { attempt } | Event::CaptureAwaited { attempt } => Payment {
            stage: Stage::Capturing,
            open: Some(attempt.clone()),
            capture_attempts: attempt.number,
            silent: None,
            ..state
        },
        Event::Captured(captured) | Event::Taken(captured) => {
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
                Operation::Reverse if state.stage != Stage::GivingBack => Stage::ReversalUnknown,
                // Whether a silent request was undone is asked like the request itself; the stage says which it was.
                Operation::Reverse
                | Operation::TimeoutReverse
                | Operation::TimeoutVoid
                | Operation::Void
                | Operation::Refund => state.stage,
            };
            Payment { stage, inquiry_due_ms: Some(*inquiry_due_ms), ..state }
        }
        Event::TimeoutRequested { operation, attempt, .. } => {
            let silent = state.silent.clone().or_else(|| state.open.clone());
            let stage = match operation {
                Operation::TimeoutVoid => Stage::TimeoutVoiding,
                _ => Stage::TimeoutReversing,
            };
            let timeout_attempts = attempt.number;
            Payment {
                stage,
                silent,
                open: Some(attempt.clone()),
                timeout_attempts,
                inquiry_due_ms: None,
                is_given_up: false,
                ..state
            }
        }
        Event::TimeoutUndone { operation, .. } => {
            let stage = match operation {
                Operation::TimeoutVoid => Stage::Authorized,
                _ => Stage::Declined,
            };
            Payment { stage, ..answered(state) }
        }
        Event::NotFound { operation, .. } => {
            let stage = match operation {
                Operation::Capture => Stage::CaptureNotFound,
                _ => Stage::NotFound,
            };
            Payment { stage, silent: state.open.clone(), ..answered(state) }
        }
        Event::OutcomeDiffers { .. } => Payment { stage: Stage::Amiss, ..answered(state) },
        Event::InquiryGivenUp { .. } => Payment { is_given_up: true, ..state },
        Event::HandedOver { ladder, .. } => Payment { stage: Stage::GivingBack, ladders: *ladder, ..answered(state) },
        Event::GaveBack(reversed) => {
            let mut state = answered(state);
            state.reversals.push(reversed.clone());
            Payment { stage: Stage::Reversed, ..state }
        }
        Event::StrayFound { seen, ladder, .. } => {
            let mut state = state;
            state.strays.push(seen.gateway_request_id.clone());
            Payment { ladders: *ladder, ..state }
        }
        Event::Closed => Payment { stage: Stage::Closed, ..state },
    }
}

fn answered(state: Payment) -> Payment {
    Payment { open: None, inquiry_due_ms: None, is_given_up: false, ..state }
}
