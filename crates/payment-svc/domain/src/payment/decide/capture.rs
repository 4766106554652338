//! Taking the money that is held.

use ids::MerchantReference;
use money::Amount;

use super::{Decision, attempt, given_up, undo_by_id, unknown};
use crate::payment::{CaptureAnswer, Captured, Event, Operation, Payment, Rejection, Stage, Verdict};

pub(super) fn ask(state: &Payment, amount: Amount) -> Decision {
    match (state.stage, &state.hold, &state.purpose) {
        // Part of the money is taken only when exactly that part is asked: the pair accepts partial approvals.
        (Stage::Authorized, Some(hold), _)
            if hold.verdict != Verdict::AsAsked && (hold.verdict != Verdict::Partial || amount != hold.held) =>
        {
            Err(Rejection::HoldAmiss)
        }
        (Stage::Authorized, Some(hold), Some(purpose)) => {
            if amount.currency() != hold.held.currency() || amount.minor() > hold.held.minor() || !amount.is_positive()
            {
                return Err(Rejection::ExceedsHold { asked: amount, held: hold.held });
            }
            let attempt = attempt(purpose, Operation::Capture, state.capture_attempts.saturating_add(1), amount);
            Ok(vec![if purpose.is_captured_by_shop {
                Event::CaptureAwaited { attempt }
            } else {
                Event::CaptureRequested { attempt }
            }])
        }
        (
            Stage::Capturing
            | Stage::CaptureUnknown
            | Stage::Captured
            | Stage::CaptureRefused
            | Stage::TimeoutVoiding
            | Stage::CaptureNotFound,
            ..,
        ) => Ok(Vec::new()),
        (stage, ..) => Err(Rejection::OutOfTurn { stage: stage.name(), command: "Capture" }),
    }
}

pub(super) fn answered(
    state: &Payment,
    reference: &MerchantReference,
    answer: CaptureAnswer,
    at_ms: i64,
) -> Vec<Event> {
    let (Stage::Capturing | Stage::CaptureUnknown, Some(open)) = (state.stage, state.awaits(reference)) else {
        return Vec::new();
    };
    match answer {
        // What was taken is what the gateway says, also when it is not what we asked: the saga must see the difference.
        CaptureAnswer::Captured { amount, gateway_request_id } => {
            vec![Event::Captured(Captured { amount, reference: reference.clone(), gateway_request_id })]
        }
        CaptureAnswer::Refused(reason) => vec![Event::CaptureRefused { reference: reference.clone(), reason }],
        CaptureAnswer::Unknown { inquiry_due_ms } => unknown(state, Operation::Capture, reference, inquiry_due_ms),
        CaptureAnswer::Absent => match &state.purpose {
            Some(purpose) if purpose.has_transaction_ids => undo_by_id(state, Operation::TimeoutVoid, open),
            _ => vec![Event::NotFound { operation: Operation::Capture, reference: reference.clone(), at_ms }],
        },
        CaptureAnswer::Differs(reason) => {
            vec![Event::OutcomeDiffers { operation: Operation::Capture, reference: reference.clone(), reason }]
        }
        CaptureAnswer::GivenUp(reason) => given_up(state, Operation::Capture, reference, reason),
    }
}
