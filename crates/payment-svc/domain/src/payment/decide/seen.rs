//! What the gateway's own list shows of this payment: known, adopted, or money without an order, to be given back.

use ids::merchant_reference;

use super::authorization::compare;
use crate::payment::{Captured, Event, Hold, Operation, Payment, Purpose, Seen, Stage};

pub(super) fn decide(state: &Payment, seen: Seen, undo_in_ms: i64, at_ms: i64) -> Vec<Event> {
    let Some(purpose) = &state.purpose else { return Vec::new() };
    if state.strays.contains(&seen.gateway_request_id) || is_known(state, &seen) {
        return Vec::new();
    }
    // An attempt whose outcome is being asked about has an inquiry of its own, with proof and evidence.
    if state.open.as_ref().is_some_and(|open| open.reference == seen.reference) {
        return Vec::new();
    }
    if !is_ours(state, purpose, &seen) {
        return Vec::new();
    }
    let is_silent = state.silent.as_ref().is_some_and(|silent| silent.reference == seen.reference);
    match (state.stage, seen.operation) {
        // The order is still unpaid: late money is money.
        (Stage::NotFound, Operation::Authorize) if is_silent => {
            let verdict = compare(purpose.amount, seen.amount);
            vec![Event::Authorized(Hold {
                held: seen.amount,
                reference: seen.reference,
                gateway_request_id: seen.gateway_request_id,
                approval_code: String::new(),
                verdict,
                at_ms,
            })]
        }
        (Stage::CaptureNotFound, Operation::Capture) if is_silent => vec![Event::Captured(Captured {
            amount: seen.amount,
            reference: seen.reference,
            gateway_request_id: seen.gateway_request_id,
        })],
        // By our own id it is being undone already.
        (Stage::TimeoutReversing | Stage::TimeoutVoiding, _) if is_silent => Vec::new(),
        (_, Operation::Authorize | Operation::Capture) => {
            vec![Event::StrayFound { seen, ladder: state.ladders.saturating_add(1), undo_in_ms, at_ms }]
        }
        _ => Vec::new(),
    }
}

fn is_known(state: &Payment, seen: &Seen) -> bool {
    match seen.operation {
        Operation::Authorize => {
            state.hold.as_ref().is_some_and(|hold| {
                hold.gateway_request_id == seen.gateway_request_id || hold.reference == seen.reference
            }) || state.stage == Stage::UnderReview
        }
        Operation::Capture => state.captures.iter().any(|captured| captured.reference == seen.reference),
        // Giving back is never undone.
        Operation::Reverse
        | Operation::Void
        | Operation::Refund
        | Operation::TimeoutReverse
        | Operation::TimeoutVoid => true,
    }
}

/// Only what we asked for is ours to undo: an attempt of this payment, by its whole reference.
fn is_ours(state: &Payment, purpose: &Purpose, seen: &Seen) -> bool {
    let attempts = match seen.operation {
        Operation::Authorize => state.authorization_attempts,
        Operation::Capture => state.capture_attempts,
        _ => return false,
    };
    let name = |number| merchant_reference(&purpose.reference_prefix, purpose.order.0, seen.operation.letter(), number);
    (1..=attempts).any(|number| name(number) == seen.reference)
}

impl Payment {
    /// True when the payment would decide something about what was seen.
    pub fn is_news(&self, seen: &Seen) -> bool {
        !decide(self, seen.clone(), 0, 0).is_empty()
    }
}
