//! Decides what may be asked of the gateway and what its answers mean.

use ids::{MerchantReference, merchant_reference};
use money::Amount;

use super::{
    Attempt, AuthorizationAnswer, CaptureAnswer, Captured, Command, Event, Hold, Operation, Payment, Purpose,
    Rejection, ReversalAnswer, Reversed, Stage, Verdict,
};
use crate::Reason;

type Decision = Result<Vec<Event>, Rejection>;

pub(super) fn decide(state: &Payment, command: Command) -> Decision {
    match command {
        Command::Authorize(purpose) => authorize(state, purpose),
        Command::RecordAuthorization { reference, answer, at_ms } => {
            Ok(authorization(state, &reference, answer, at_ms))
        }
        Command::Capture { amount } => capture(state, amount),
        Command::RecordCapture { reference, answer } => Ok(capture_answer(state, &reference, answer)),
        Command::Reverse { reason } => reverse(state, reason),
        Command::RecordReversal { reference, answer } => Ok(reversal(state, &reference, answer)),
    }
}

fn attempt(purpose: &Purpose, operation: Operation, number: u32, amount: Amount) -> Attempt {
    let reference = merchant_reference(&purpose.reference_prefix, purpose.order.0, operation.letter(), number);
    Attempt { number, reference, amount }
}

fn authorize(state: &Payment, purpose: Purpose) -> Decision {
    // Another attempt with another card is a later command with a name of its own: this one, repeated, asks nothing new.
    if state.stage != Stage::Absent {
        return Ok(Vec::new());
    }
    let attempt = attempt(&purpose, Operation::Authorize, 1, purpose.amount);
    Ok(vec![Event::AuthorizationRequested { purpose, attempt }])
}

fn authorization(
    state: &Payment,
    reference: &MerchantReference,
    answer: AuthorizationAnswer,
    at_ms: i64,
) -> Vec<Event> {
    let (Stage::Authorizing | Stage::AuthorizationUnknown, Some(open)) = (state.stage, state.awaits(reference)) else {
        return Vec::new();
    };
    let reference = reference.clone();
    match answer {
        AuthorizationAnswer::Held { held, gateway_request_id, approval_code, risk } => {
            let verdict = match risk {
                Some(reason) => Verdict::RiskDeclined(reason),
                None => compare(open.amount, held),
            };
            vec![Event::Authorized(Hold { held, reference, gateway_request_id, approval_code, verdict, at_ms })]
        }
        AuthorizationAnswer::UnderReview { held, gateway_request_id } => {
            vec![Event::UnderReview { reference, gateway_request_id, held, at_ms }]
        }
        AuthorizationAnswer::NotHeld(reason) => vec![Event::Declined { reference, reason }],
        AuthorizationAnswer::Unknown { inquiry_due_ms } => {
            unknown(state.stage, Operation::Authorize, reference, inquiry_due_ms)
        }
    }
}

fn compare(asked: Amount, held: Amount) -> Verdict {
    if asked == held {
        Verdict::AsAsked
    } else if asked.currency() == held.currency() && held.minor() < asked.minor() {
        Verdict::Partial
    } else {
        Verdict::Differs
    }
}

/// Told once: the second silence about one attempt is no news.
fn unknown(stage: Stage, operation: Operation, reference: MerchantReference, inquiry_due_ms: i64) -> Vec<Event> {
    match stage {
        Stage::AuthorizationUnknown | Stage::CaptureUnknown | Stage::ReversalUnknown => Vec::new(),
        _ => vec![Event::OutcomeUnknown { operation, reference, inquiry_due_ms }],
    }
}

fn capture(state: &Payment, amount: Amount) -> Decision {
    match (state.stage, &state.hold, &state.purpose) {
        (Stage::Authorized, Some(hold), _) if hold.verdict != Verdict::AsAsked => Err(Rejection::HoldAmiss),
        (Stage::Authorized, Some(hold), Some(purpose)) => {
            if amount.currency() != hold.held.currency() || amount.minor() > hold.held.minor() || !amount.is_positive()
            {
                return Err(Rejection::ExceedsHold { asked: amount, held: hold.held });
            }
            let attempt = attempt(purpose, Operation::Capture, state.capture_attempts.saturating_add(1), amount);
            Ok(vec![Event::CaptureRequested { attempt }])
        }
        (Stage::Capturing | Stage::CaptureUnknown | Stage::Captured | Stage::CaptureRefused, ..) => Ok(Vec::new()),
        (stage, ..) => Err(Rejection::OutOfTurn { stage: stage.name(), command: "Capture" }),
    }
}

fn capture_answer(state: &Payment, reference: &MerchantReference, answer: CaptureAnswer) -> Vec<Event> {
    let (Stage::Capturing | Stage::CaptureUnknown, Some(_)) = (state.stage, state.awaits(reference)) else {
        return Vec::new();
    };
    let reference = reference.clone();
    match answer {
        // What was taken is what the gateway says, also when it is not what we asked: the saga must see the difference.
        CaptureAnswer::Captured { amount, gateway_request_id } => {
            vec![Event::Captured(Captured { amount, reference, gateway_request_id })]
        }
        CaptureAnswer::Refused(reason) => vec![Event::CaptureRefused { reference, reason }],
        CaptureAnswer::Unknown { inquiry_due_ms } => {
            unknown(state.stage, Operation::Capture, reference, inquiry_due_ms)
        }
    }
}

fn reverse(state: &Payment, reason: Reason) -> Decision {
    match (state.stage, &state.hold, &state.purpose) {
        (Stage::Authorized | Stage::CaptureRefused, Some(hold), Some(purpose)) => {
            // A reversal names the amount that is held, which after a partial approval is not the amount asked.
            let attempt = attempt(purpose, Operation::Reverse, state.reversal_attempts.saturating_add(1), hold.held);
            Ok(vec![Event::ReversalRequested { attempt, reason }])
        }
        (Stage::Reversing | Stage::ReversalUnknown | Stage::ReversalRefused | Stage::Reversed, ..) => Ok(Vec::new()),
        (Stage::Capturing | Stage::Captured, ..) => Err(Rejection::AfterCapture),
        (Stage::AuthorizationUnknown | Stage::CaptureUnknown, ..) => match &state.open {
            Some(open) => Err(Rejection::OutcomeUnknown(open.reference.clone())),
            None => Err(Rejection::OutOfTurn { stage: state.stage.name(), command: "Reverse" }),
        },
        (stage, ..) => Err(Rejection::OutOfTurn { stage: stage.name(), command: "Reverse" }),
    }
}

fn reversal(state: &Payment, reference: &MerchantReference, answer: ReversalAnswer) -> Vec<Event> {
    let (Stage::Reversing | Stage::ReversalUnknown, Some(open)) = (state.stage, state.awaits(reference)) else {
        return Vec::new();
    };
    let asked = open.amount;
    let reference = reference.clone();
    match answer {
        ReversalAnswer::Reversed { amount, gateway_request_id } if amount == asked => {
            vec![Event::Reversed(Reversed { amount, reference, gateway_request_id })]
        }
        // Part of the hold may still stand on the customer's card, and asking again could release another order's money.
        ReversalAnswer::Reversed { amount, .. } => {
            let text = format!("the gateway reversed {amount} where {asked} was asked");
            vec![Event::ReversalRefused { reference, reason: Reason::new("amount_differs", text) }]
        }
        ReversalAnswer::Refused(reason) => vec![Event::ReversalRefused { reference, reason }],
        ReversalAnswer::Unknown { inquiry_due_ms } => {
            unknown(state.stage, Operation::Reverse, reference, inquiry_due_ms)
        }
    }
}
