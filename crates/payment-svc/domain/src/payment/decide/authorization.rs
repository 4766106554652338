//! Holding the money: the first attempt, another card, what the gateway says, and what is done about its silence.

use ids::MerchantReference;
use money::Amount;

use super::{Decision, attempt, given_up, undo_by_id, unknown};
use crate::{
    Reason,
    payment::{
        Attempt, AuthorizationAnswer, Captured, Confirmation, Event, Hold, Operation, Payment, Purpose, Rejection,
        Stage, TimeoutAnswer, Verdict,
    },
};

/// A token that dies sooner than this would die on its way to the gateway.
const TOKEN_MARGIN_MS: i64 = 5_000;

pub(super) fn first(state: &Payment, purpose: Purpose) -> Vec<Event> {
    // Another attempt with another card is a command with a name of its own: this one, repeated, asks nothing new.
    if state.stage == Stage::Absent { ask(state, purpose) } else { Vec::new() }
}

pub(super) fn another(state: &Payment, purpose: Purpose) -> Decision {
    match (state.stage, &state.open) {
        (Stage::Absent | Stage::Declined | Stage::NotFound, _) => Ok(ask(state, purpose)),
        (Stage::AuthorizationUnknown | Stage::TimeoutReversing, Some(open)) => {
            Err(Rejection::OutcomeUnknown(open.reference.clone()))
        }
        (stage, _) => Err(Rejection::OutOfTurn { stage: stage.name(), command: "AuthorizeAnother" }),
    }
}

fn ask(state: &Payment, purpose: Purpose) -> Vec<Event> {
    let number = state.authorization_attempts.saturating_add(1);
    let attempt = attempt(&purpose, Operation::Authorize, number, purpose.amount);
    if purpose.token.claim.is_some() {
        return vec![Event::ConfirmationRequested { purpose, attempt }];
    }
    vec![Event::AuthorizationRequested { purpose, attempt }]
}

pub(super) fn answered(
    state: &Payment,
    reference: &MerchantReference,
    answer: AuthorizationAnswer,
    at_ms: i64,
) -> Vec<Event> {
    let (Stage::Authorizing | Stage::AuthorizationUnknown, Some(open)) = (state.stage, state.awaits(reference)) else {
        return Vec::new();
    };
    match answer {
        AuthorizationAnswer::Held { held, gateway_request_id, approval_code, risk } => {
            let verdict = match risk {
                Some(reason) => Verdict::RiskDeclined(reason),
                None => compare(open.amount, held),
            };
            let reference = reference.clone();
            vec![Event::Authorized(Hold { held, reference, gateway_request_id, approval_code, verdict, at_ms })]
        }
        AuthorizationAnswer::UnderReview { held, gateway_request_id } => {
            vec![Event::UnderReview { reference: reference.clone(), gateway_request_id, held, at_ms }]
        }
        AuthorizationAnswer::NotHeld(reason) => {
            vec![Event::Declined { reference: reference.clone(), reason, at_ms }]
        }
        AuthorizationAnswer::Unknown { inquiry_due_ms } => {
            unknown(state, Operation::Authorize, reference, inquiry_due_ms)
        }
        AuthorizationAnswer::Absent => absent(state, open, at_ms),
        AuthorizationAnswer::Differs(reason) => {
            vec![Event::OutcomeDiffers { operation: Operation::Authorize, reference: reference.clone(), reason }]
        }
        AuthorizationAnswer::GivenUp(reason) => given_up(state, Operation::Authorize, reference, reason),
    }
}

/// It did not happen and cannot happen any more. Where the account knows our ids, that is said to the gateway as well.
fn absent(state: &Payment, open: &Attempt, at_ms: i64) -> Vec<Event> {
    match &state.purpose {
        Some(purpose) if purpose.has_transaction_ids => undo_by_id(state, Operation::TimeoutReverse, open),
        _ => vec![Event::NotFound { operation: Operation::Authorize, reference: open.reference.clone(), at_ms }],
    }
}

pub(super) fn compare(asked: Amount, held: Amount) -> Verdict {
    if asked == held {
        Verdict::AsAsked
    } else if asked.currency() == held.currency() && held.minor() < asked.minor() {
        Verdict::Partial
    } else {
        Verdict::Differs
    }
}

pub(super) fn confirmed(
    state: &Payment,
    reference: &MerchantReference,
    confirmation: Confirmation,
    at_ms: i64,
) -> Vec<Event> {
    let (Stage::Confirming, Some(open)) = (state.stage, state.awaits(reference)) else { return Vec::new() };
    let claim = state.purpose.as_ref().and_then(|purpose| purpose.token.claim.as_ref());
    let gateway_request_id = claim.map(|claim| claim.gateway_request_id.clone()).unwrap_or_default();
    let reference = reference.clone();
    let differs = |amount: Amount| Event::NotConfirmed {
        reference: open.reference.clone(),
        reason: Reason::new("claim_differs", format!("the gateway shows {amount} where the order is {}", open.amount)),
    };
    vec![match confirmation {
        Confirmation::Held { held, approval_code } if held == open.amount => {
            let verdict = Verdict::AsAsked;
            Event::Authorized(Hold { held, reference, gateway_request_id, approval_code, verdict, at_ms })
        }
        Confirmation::Taken { amount, gateway_request_id } if amount == open.amount => {
            Event::Taken(Captured { amount, reference, gateway_request_id })
        }
        // Not what was sold: the shop's own hands made it, and neither taking nor undoing it is for us to choose.
        Confirmation::Held { held: amount, .. } | Confirmation::Taken { amount, .. } => differs(amount),
        Confirmation::NotConfirmed(reason) => Event::NotConfirmed { reference, reason },
    }]
}

/// What came of undoing a silent request, and what may now be asked again.
pub(super) fn timeout(state: &Payment, reference: &MerchantReference, answer: TimeoutAnswer, at_ms: i64) -> Vec<Event> {
    let operation = match state.stage {
        Stage::TimeoutReversing => Operation::TimeoutReverse,
        Stage::TimeoutVoiding => Operation::TimeoutVoid,
        _ => return Vec::new(),
    };
    let (Some(_), Some(silent), Some(purpose)) = (state.awaits(reference), &state.silent, &state.purpose) else {
        return Vec::new();
    };
    match answer {
        // A refusal says that there is nothing to undo: the silent request was proven absent before this was asked.
        TimeoutAnswer::Undone | TimeoutAnswer::Refused(_) => {
            let mut events = vec![Event::TimeoutUndone { operation, reference: reference.clone() }];
            events.push(match operation {
                Operation::TimeoutVoid => {
                    let number = state.capture_attempts.saturating_add(1);
                    Event::CaptureRequested { attempt: attempt(purpose, Operation::Capture, number, silent.amount) }
                }
                _ => again(state, purpose, silent, at_ms),
            });
            events
        }
        TimeoutAnswer::Unknown { inquiry_due_ms } => unknown(state, operation, reference, inquiry_due_ms),
        // Undoing twice is undoing once: the same is asked under a new reference, about the same silent request.
        TimeoutAnswer::Absent => undo_by_id(state, operation, silent),
        TimeoutAnswer::GivenUp(reason) => given_up(state, operation, reference, reason),
    }
}

fn again(state: &Payment, purpose: &Purpose, silent: &Attempt, at_ms: i64) -> Event {
    if purpose.token.is_expired(at_ms.saturating_add(TOKEN_MARGIN_MS)) {
        let text = "the gateway never answered, nothing is held, and the card token has expired since";
        let reason = Reason::new("token_expired", text);
        return Event::Declined { reference: silent.reference.clone(), reason, at_ms };
    }
    let number = state.authorization_attempts.saturating_add(1);
    let attempt = attempt(purpose, Operation::Authorize, number, purpose.amount);
    Event::AuthorizationRequested { purpose: purpose.clone(), attempt }
}
