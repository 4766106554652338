//! Decides what may be asked of the gateway and what its answers mean.

mod authorization;
mod capture;
mod seen;
mod undoing;

use ids::merchant_reference;
use money::Amount;

use super::{Attempt, Command, Event, Operation, Payment, Purpose, Rejection, Stage};
use crate::Reason;

type Decision = Result<Vec<Event>, Rejection>;

pub(super) fn decide(state: &Payment, command: Command) -> Decision {
    match command {
        Command::Authorize(purpose) => Ok(authorization::first(state, purpose)),
        Command::AuthorizeAnother(purpose) => authorization::another(state, purpose),
        Command::RecordAuthorization { reference, answer, at_ms } => {
            Ok(authorization::answered(state, &reference, answer, at_ms))
        }
        Command::RecordConfirmation { reference, confirmation, at_ms } => {
            Ok(authorization::confirmed(state, &reference, confirmation, at_ms))
        }
        Command::RecordTimeout { reference, answer, at_ms } => {
            Ok(authorization::timeout(state, &reference, answer, at_ms))
        }
        Command::Capture { amount } => capture::ask(state, amount),
        Command::RecordCapture { reference, answer, at_ms } => Ok(capture::answered(state, &reference, answer, at_ms)),
        Command::Reverse { reason } => undoing::ask(state, reason),
        Command::RecordReversal { reference, answer, at_ms } => Ok(undoing::answered(state, &reference, answer, at_ms)),
        Command::RecordGivenBack { reversed } => Ok(undoing::given_back(state, reversed)),
        Command::RecordRungUnknown { operation, reference, inquiry_due_ms } => Ok(match state.stage {
            Stage::GivingBack => unknown(state, operation, &reference, inquiry_due_ms),
            _ => Vec::new(),
        }),
        Command::RecordNotGivenBack { reference, reason } => Ok(undoing::not_given_back(state, reference, reason)),
        Command::RecordSeen { seen, undo_in_ms, at_ms } => Ok(seen::decide(state, seen, undo_in_ms, at_ms)),
        Command::Close => Ok(match state.stage {
            Stage::NotFound => vec![Event::Closed],
            _ => Vec::new(),
        }),
    }
}

/// A request that was never made before: number and reference are its own.
fn attempt(purpose: &Purpose, operation: Operation, number: u32, amount: Amount) -> Attempt {
    let reference = merchant_reference(&purpose.reference_prefix, purpose.order.0, operation.letter(), number);
    Attempt { number, reference, amount }
}

/// Told once per hour of inquiry: the second silence before the same hour is no news.
fn unknown(
    state: &Payment,
    operation: Operation,
    reference: &ids::MerchantReference,
    inquiry_due_ms: i64,
) -> Vec<Event> {
    if state.inquiry_due_ms == Some(inquiry_due_ms) {
        return Vec::new();
    }
    vec![Event::OutcomeUnknown { operation, reference: reference.clone(), inquiry_due_ms }]
}

/// The silent request, undone by our own id.
fn undo_by_id(state: &Payment, operation: Operation, silent: &Attempt) -> Vec<Event> {
    let Some(purpose) = &state.purpose else { return Vec::new() };
    let attempt = attempt(purpose, operation, state.timeout_attempts.saturating_add(1), silent.amount);
    vec![Event::TimeoutRequested { operation, attempt, silent: silent.reference.clone() }]
}

/// Told once per attempt.
fn given_up(state: &Payment, operation: Operation, reference: &ids::MerchantReference, reason: Reason) -> Vec<Event> {
    if state.is_given_up {
        return Vec::new();
    }
    vec![Event::InquiryGivenUp { operation, reference: reference.clone(), reason }]
}
