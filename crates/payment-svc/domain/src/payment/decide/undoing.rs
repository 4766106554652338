//! Letting a hold go: the first rung here, every other one on the ladder.

use ids::MerchantReference;

use super::{Decision, attempt, given_up, unknown};
use crate::{
    Reason,
    ladder::Taken,
    payment::{Event, Operation, Payment, Rejection, ReversalAnswer, Reversed, Stage},
};

pub(super) fn ask(state: &Payment, reason: Reason) -> Decision {
    match (state.stage, &state.hold, &state.purpose) {
        (Stage::Authorized | Stage::CaptureRefused, Some(hold), Some(purpose)) => {
            // A reversal names the amount that is held, which after a partial approval is not the amount asked.
            let attempt = attempt(purpose, Operation::Reverse, state.reversal_attempts.saturating_add(1), hold.held);
            Ok(vec![Event::ReversalRequested { attempt, reason }])
        }
        (
            Stage::Reversing | Stage::ReversalUnknown | Stage::ReversalRefused | Stage::Reversed | Stage::GivingBack,
            ..,
        ) => Ok(Vec::new()),
        (Stage::Capturing | Stage::Captured, ..) => Err(Rejection::AfterCapture),
        (
            Stage::AuthorizationUnknown
            | Stage::CaptureUnknown
            | Stage::CaptureNotFound
            | Stage::TimeoutReversing
            | Stage::TimeoutVoiding,
            ..,
        ) => match state.open.as_ref().or(state.silent.as_ref()) {
            Some(open) => Err(Rejection::OutcomeUnknown(open.reference.clone())),
            None => Err(Rejection::OutOfTurn { stage: state.stage.name(), command: "Reverse" }),
        },
        (stage, ..) => Err(Rejection::OutOfTurn { stage: stage.name(), command: "Reverse" }),
    }
}

pub(super) fn answered(
    state: &Payment,
    reference: &MerchantReference,
    answer: ReversalAnswer,
    at_ms: i64,
) -> Vec<Event> {
    let (Stage::Reversing | Stage::ReversalUnknown, Some(open)) = (state.stage, state.awaits(reference)) else {
        return Vec::new();
    };
    let asked = open.amount;
    let refused = |reason| vec![Event::ReversalRefused { reference: reference.clone(), reason }];
    match answer {
        ReversalAnswer::Reversed { amount, gateway_request_id } if amount == asked => {
            vec![Event::Reversed(Reversed { amount, reference: reference.clone(), gateway_request_id })]
        }
        // Part of the hold may still stand on the customer's card, and asking again could release another order's money.
        ReversalAnswer::Reversed { amount, .. } => {
            refused(Reason::new("amount_differs", format!("the gateway reversed {amount} where {asked} was asked")))
        }
        ReversalAnswer::Gone => {
            let gateway_request_id = String::new();
            vec![Event::Reversed(Reversed { amount: asked, reference: reference.clone(), gateway_request_id })]
        }
        // Decided anew: never the same verb again.
        ReversalAnswer::MovedOn { capture: Some(capture), reason } => hand_over(state, Some(capture), reason, at_ms),
        ReversalAnswer::MovedOn { capture: None, reason } | ReversalAnswer::Refused(reason) => refused(reason),
        ReversalAnswer::Unknown { inquiry_due_ms } => unknown(state, Operation::Reverse, reference, inquiry_due_ms),
        ReversalAnswer::Absent => {
            let text = format!("the reversal {reference} was never found at the gateway");
            hand_over(state, None, Reason::new("reversal_absent", text), at_ms)
        }
        ReversalAnswer::GivenUp(reason) => given_up(state, Operation::Reverse, reference, reason),
    }
}

fn hand_over(state: &Payment, capture: Option<Taken>, reason: Reason, at_ms: i64) -> Vec<Event> {
    vec![Event::HandedOver { ladder: state.ladders.saturating_add(1), capture, reason, at_ms }]
}

pub(super) fn given_back(state: &Payment, reversed: Reversed) -> Vec<Event> {
    if matches!(state.stage, Stage::GivingBack | Stage::ReversalRefused) {
        vec![Event::GaveBack(reversed)]
    } else {
        Vec::new()
    }
}

pub(super) fn not_given_back(state: &Payment, reference: MerchantReference, reason: Reason) -> Vec<Event> {
    if state.stage == Stage::GivingBack { vec![Event::ReversalRefused { reference, reason }] } else { Vec::new() }
}
