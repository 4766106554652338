//! What the world is asked because of a payment's event, and what the saga is told.

use ids::MerchantReference;
use money::Amount;

use super::{Event, Payment, Purpose, Verdict};
use crate::{
    Reason,
    order_to_cash::{self, Step},
};

/// What to ask of the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Call: hold funds.
    Authorize {
        /// The attempt.
        reference: MerchantReference,
        /// Amount, card and person.
        purpose: Purpose,
    },
    /// Call: take held funds.
    Capture {
        /// The attempt.
        reference: MerchantReference,
        /// How much.
        amount: Amount,
        /// The hold, by the gateway's name.
        gateway_request_id: String,
    },
    /// Call: release a hold.
    Reverse {
        /// The attempt.
        reference: MerchantReference,
        /// How much.
        amount: Amount,
        /// The hold, by the gateway's name.
        gateway_request_id: String,
        /// Why, for the gateway's record.
        reason: Reason,
    },
    /// Tell the saga, in the same database transaction.
    Tell(order_to_cash::Command),
}

/// The gateway will not reverse: the runbook of this code says what a person does.
pub const REVERSAL_REFUSED: &str = "OTC-PAY-002";

pub(super) fn react(state: &Payment, event: &Event) -> Vec<Effect> {
    use order_to_cash::Command as Saga;
    let gateway_request_id = || state.hold.as_ref().map(|hold| hold.gateway_request_id.clone()).unwrap_or_default();
    let effect = match event {
        Event::AuthorizationRequested { purpose, attempt } => {
            Effect::Authorize { reference: attempt.reference.clone(), purpose: purpose.clone() }
        }
        Event::CaptureRequested { attempt } => Effect::Capture {
            reference: attempt.reference.clone(),
            amount: attempt.amount,
            gateway_request_id: gateway_request_id(),
        },
        Event::ReversalRequested { attempt, reason } => Effect::Reverse {
            reference: attempt.reference.clone(),
            amount: attempt.amount,
            gateway_request_id: gateway_request_id(),
            reason: reason.clone(),
        },
        Event::Authorized(hold) => Effect::Tell(Saga::RecordHeld {
            held: hold.held,
            amiss: amiss(state, &hold.verdict, hold.held),
            at_ms: hold.at_ms,
        }),
        Event::UnderReview { held, at_ms, .. } => Effect::Tell(Saga::RecordUnderReview { held: *held, at_ms: *at_ms }),
        Event::Declined { reason, .. } => Effect::Tell(Saga::RecordDeclined { reason: reason.clone() }),
        Event::Captured(captured) => Effect::Tell(Saga::RecordCaptured {
            captured: captured.amount,
            reference: captured.reference.clone(),
            gateway_request_id: captured.gateway_request_id.clone(),
        }),
        Event::CaptureRefused { reason, .. } => Effect::Tell(Saga::RecordCaptureRefused { reason: reason.clone() }),
        Event::Reversed(reversed) => Effect::Tell(Saga::RecordReversed { reversed: reversed.amount }),
        Event::ReversalRefused { reference, reason } => {
            let text = format!("the hold {reference} should release may still stand: {reason}");
            Effect::Tell(Saga::RecordReversalRefused { reason: Reason::new(REVERSAL_REFUSED, text) })
        }
        Event::OutcomeUnknown { operation, reference, inquiry_due_ms } => Effect::Tell(Saga::RecordUnknown {
            step: Step::from(*operation),
            reference: reference.to_string(),
            inquiry_due_ms: *inquiry_due_ms,
        }),
    };
    vec![effect]
}

/// What is wrong with a hold, in words; `None` for the one that was asked.
fn amiss(state: &Payment, verdict: &Verdict, held: Amount) -> Option<order_to_cash::Amiss> {
    let asked = state.purpose.as_ref().map(|purpose| purpose.amount.to_string()).unwrap_or_default();
    match verdict {
        Verdict::AsAsked => None,
        Verdict::Partial => Some(order_to_cash::Amiss::Partial(Reason::new(
            "partial_approval",
            format!("the issuer approved {held} of {asked}"),
        ))),
        Verdict::Differs => Some(order_to_cash::Amiss::Differs(Reason::new(
            "hold_differs",
            format!("{held} was held where {asked} was asked"),
        ))),
        Verdict::RiskDeclined(reason) => Some(order_to_cash::Amiss::RiskDeclined(reason.clone())),
    }
}
