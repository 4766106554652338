//! What the world is asked because of a payment's event, and what the saga is told.

use ids::MerchantReference;
use money::Amount;

use super::{Event, Operation, Payment, Purpose, Seen, Verdict};
use crate::{
    Reason, ladder,
    order_to_cash::{self, Command as Saga, Step},
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
    /// Look: did the shop's plugin do what the shop says?
    Confirm {
        /// The attempt.
        reference: MerchantReference,
        /// Amount and claim.
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
    /// Look until the shop has taken the money.
    AwaitCapture {
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
    /// Call: undo a silent request by our own id.
    Timeout {
        /// `TimeoutReverse` or `TimeoutVoid`.
        operation: Operation,
        /// The attempt.
        reference: MerchantReference,
        /// The request that was never answered.
        silent: MerchantReference,
        /// How much it asked for.
        amount: Amount,
    },
    /// Tell the saga, in the same database transaction.
    Tell(order_to_cash::Command),
    /// Give money back on a ladder of its own, begun in the same database transaction.
    Begin {
        /// Which ladder of this payment.
        ladder: u32,
        /// What to do there.
        command: ladder::Command,
    },
}

/// The gateway will not give money back: the runbook of this code says what a person does.
pub const REVERSAL_REFUSED: &str = "OTC-PAY-002";
/// Something else happened at the gateway than what was asked.
pub const OUTCOME_DIFFERS: &str = "OTC-PAY-006";
/// A capture was never found; the settlement report or a person says what became of it.
pub const CAPTURE_NOT_FOUND: &str = "OTC-PAY-007";
/// Asking has brought nothing for too long.
pub const INQUIRY_GIVEN_UP: &str = "OTC-PAY-008";
/// The gateway does not confirm what the shop says it did.
pub const NOT_CONFIRMED: &str = "OTC-PAY-009";

pub(super) fn react(state: &Payment, event: &Event) -> Vec<Effect> {
    let gateway_request_id = || state.hold.as_ref().map(|hold| hold.gateway_request_id.clone()).unwrap_or_default();
    match event {
        Event::AuthorizationRequested { purpose, attempt } => {
            let call = Effect::Authorize { reference: attempt.reference.clone(), purpose: purpose.clone() };
            again(attempt.number, Step::Authorize, call)
        }
        Event::ConfirmationRequested { purpose, attempt } => {
            vec![Effect::Confirm { reference: attempt.reference.clone(), purpose: purpose.clone() }]
        }
        Event::CaptureRequested { attempt } => {
            let (reference, amount) = (attempt.reference.clone(), attempt.amount);
            let call = Effect::Capture { reference, amount, gateway_request_id: gateway_request_id() };
            again(attempt.number, Step::Capture, call)
        }
        Event::CaptureAwaited { attempt } => {
            let (reference, amount) = (attempt.reference.clone(), attempt.amount);
            vec![Effect::AwaitCapture { reference, amount, gateway_request_id: gateway_request_id() }]
        }
        Event::ReversalRequested { attempt, reason } => vec![Effect::Reverse {
            reference: attempt.reference.clone(),
            amount: attempt.amount,
            gateway_request_id: gateway_request_id(),
            reason: reason.clone(),
        }],
        Event::TimeoutRequested { operation, attempt, silent } => {
            let (reference, silent, amount) = (attempt.reference.clone(), silent.clone(), attempt.amount);
            let call = Effect::Timeout { operation: *operation, reference, silent, amount };
            vec![call, Effect::Tell(Saga::RecordResumed { step: Step::from(*operation) })]
        }
        Event::HandedOver { ladder, capture, reason, at_ms } => {
            begin(state, *ladder, hold(state), capture.clone(), reason, (0, *at_ms), true).into_iter().collect()
        }
        Event::StrayFound { seen, ladder, undo_in_ms, at_ms } => stray(state, seen, *ladder, (*undo_in_ms, *at_ms)),
        // What was undone by id is nobody's news: the attempt that follows is.
        Event::TimeoutUndone { .. } | Event::Closed => Vec::new(),
        told => tell(state, told).map(Effect::Tell).into_iter().collect(),
    }
}

/// A second attempt is made where the saga saw a silence: it waits no longer for the first.
fn again(number: u32, step: Step, call: Effect) -> Vec<Effect> {
    if number == 1 { vec![call] } else { vec![call, Effect::Tell(Saga::RecordResumed { step })] }
}

fn hold(state: &Payment) -> Option<ladder::Held> {
    let hold = state.hold.as_ref()?;
    Some(ladder::Held { gateway_request_id: hold.gateway_request_id.clone(), amount: hold.held })
}

/// When a ladder begins: after how long, and from when.
type When = (i64, i64);

fn begin(
    state: &Payment,
    number: u32,
    hold: Option<ladder::Held>,
    capture: Option<ladder::Taken>,
    reason: &Reason,
    (after_ms, now_ms): When,
    is_for_the_order: bool,
) -> Option<Effect> {
    let purpose = state.purpose.as_ref()?;
    let task = ladder::Task {
        order: purpose.order,
        reference_prefix: purpose.reference_prefix.clone(),
        number,
        hold,
        capture,
        is_for_the_order,
        reason: reason.clone(),
    };
    Some(Effect::Begin { ladder: number, command: ladder::Command::Begin { task, after_ms, now_ms } })
}

fn stray(state: &Payment, seen: &Seen, number: u32, when: When) -> Vec<Effect> {
    let text = format!("{} of {} was found without an order to go with it", seen.reference, seen.amount);
    let reason = Reason::new("orphan", text);
    let (hold, capture) = match seen.operation {
        Operation::Capture => {
            let taken = ladder::Taken {
                gateway_request_id: seen.gateway_request_id.clone(),
                reference: seen.reference.to_string(),
                amount: seen.amount,
            };
            // What a capture of ours took from is the hold of this payment: a void leaves it.
            (hold(state), Some(taken))
        }
        _ => {
            let held = ladder::Held { gateway_request_id: seen.gateway_request_id.clone(), amount: seen.amount };
            (Some(held), None)
        }
    };
    begin(state, number, hold, capture, &reason, when, false).into_iter().collect()
}

/// What the saga is told of an event.
fn tell(state: &Payment, event: &Event) -> Option<Saga> {
    Some(match event {
        Event::Authorized(hold) => {
            Saga::RecordHeld { held: hold.held, amiss: amiss(state, &hold.verdict, hold.held), at_ms: hold.at_ms }
        }
        Event::UnderReview { held, at_ms, .. } => Saga::RecordUnderReview { held: *held, at_ms: *at_ms },
        Event::Declined { reason, at_ms, .. } => Saga::RecordDeclined { reason: reason.clone(), at_ms: *at_ms },
        Event::Captured(captured) => Saga::RecordCaptured {
            captured: captured.amount,
            reference: captured.reference.clone(),
            gateway_request_id: captured.gateway_request_id.clone(),
        },
        Event::Taken(captured) => Saga::RecordTaken {
            captured: captured.amount,
            reference: captured.reference.clone(),
            gateway_request_id: captured.gateway_request_id.clone(),
        },
        Event::CaptureRefused { reason, .. } => Saga::RecordCaptureRefused { reason: reason.clone() },
        Event::Reversed(reversed) | Event::GaveBack(reversed) => Saga::RecordReversed { reversed: reversed.amount },
        Event::ReversalRefused { reference, reason } => {
            let text = format!("the money that {reference} should give back may still stand: {reason}");
            Saga::RecordReversalRefused { reason: Reason::new(REVERSAL_REFUSED, text) }
        }
        Event::OutcomeUnknown { operation, reference, inquiry_due_ms } => Saga::RecordUnknown {
            step: Step::from(*operation),
            reference: reference.to_string(),
            inquiry_due_ms: *inquiry_due_ms,
        },
        Event::NotConfirmed { reason, .. } => needs_person(Step::Authorize, NOT_CONFIRMED, reason.to_string()),
        Event::NotFound { operation: Operation::Capture, reference, .. } => {
            let text = format!(
                "capture {reference} was never found at the gateway and cannot be undone by an id: the settlement report \
                 or the gateway's own screen says whether the money was taken"
            );
            needs_person(Step::Capture, CAPTURE_NOT_FOUND, text)
        }
        Event::NotFound { reference, at_ms, .. } => {
            let text = format!("the gateway never answered {reference} and does not know it");
            Saga::RecordDeclined { reason: Reason::new(order_to_cash::NOT_FOUND, text), at_ms: *at_ms }
        }
        Event::OutcomeDiffers { operation, reference, reason } => {
            needs_person(Step::from(*operation), OUTCOME_DIFFERS, format!("{reference}: {reason}"))
        }
        Event::InquiryGivenUp { operation, reference, reason } => {
            needs_person(Step::from(*operation), INQUIRY_GIVEN_UP, format!("{reference}: {}", reason.text))
        }
        Event::AuthorizationRequested { .. }
        | Event::ConfirmationRequested { .. }
        | Event::CaptureRequested { .. }
        | Event::CaptureAwaited { .. }
        | Event::ReversalRequested { .. }
        | Event::TimeoutRequested { .. }
        | Event::TimeoutUndone { .. }
        | Event::HandedOver { .. }
        | Event::StrayFound { .. }
        | Event::Closed => return None,
    })
}

fn needs_person(step: Step, code: &str, text: String) -> Saga {
    Saga::RecordNeedsPerson { step, reason: Reason::new(code, text) }
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
