//! What the payment asks and tells.

use contracts::payment::v1::{
    AuthorizationReversed, PaymentAuthorized, PaymentCaptured, PaymentDeclined, PaymentOrphanFound,
    PaymentOutcomeUnknown, PaymentParked, PaymentUnderReview,
};
use ids::MerchantReference;
use payment_domain::{
    Reason,
    payment::{Effect, Event, Operation, Payment},
};
use runtime::{Call, Outgoing, Place, Wish};

use super::{AUTHORIZE, AWAIT_CAPTURE, CAPTURE, CONFIRM, REVERSE, TIMEOUT_REVERSE, TIMEOUT_VOID};
use crate::{
    Command,
    codec::{self, FollowOn, Timeout, reason_to_wire},
    ladder_place, saga_place,
};

/// Room for the reason of a reversal at the gateway.
pub(super) const REASON_MAX: usize = 60;

/// An effect as a wish.
pub(crate) fn wish(place: &Place, state: &Payment, effect: Effect) -> Wish<Command> {
    let has_transaction_ids = state.purpose.as_ref().is_some_and(|purpose| purpose.has_transaction_ids);
    let follow_on = |reference, amount, gateway_request_id, reason| FollowOn {
        order: place.order,
        reference,
        amount,
        gateway_request_id,
        reason,
        ladder: 0,
        has_transaction_ids,
    };
    let call = |kind, reference: &MerchantReference, request| {
        Wish::Call(Call { kind, reference: reference.to_string(), request })
    };
    match effect {
        Effect::Authorize { reference, purpose } => {
            call(AUTHORIZE, &reference, codec::write_authorize(&reference, &purpose))
        }
        Effect::Confirm { reference, purpose } => {
            call(CONFIRM, &reference, codec::write_authorize(&reference, &purpose))
        }
        Effect::Capture { reference, amount, gateway_request_id } => {
            let follow_on = follow_on(reference, amount, gateway_request_id, String::new());
            call(CAPTURE, &follow_on.reference, codec::write_follow_on(&follow_on))
        }
        Effect::AwaitCapture { reference, amount, gateway_request_id } => {
            let follow_on = follow_on(reference, amount, gateway_request_id, String::new());
            call(AWAIT_CAPTURE, &follow_on.reference, codec::write_follow_on(&follow_on))
        }
        Effect::Timeout { operation, reference, silent, amount } => {
            let kind = if operation == Operation::TimeoutVoid { TIMEOUT_VOID } else { TIMEOUT_REVERSE };
            let timeout = Timeout { order: place.order, reference, silent, amount };
            call(kind, &timeout.reference, codec::write_timeout(&timeout))
        }
        Effect::Begin { ladder, command } => {
            Wish::Tell { place: ladder_place(&place.pair, place.order, ladder), command: Command::Ladder(command) }
        }
        Effect::Reverse { reference, amount, gateway_request_id, reason } => {
            // Only the code: words can hold what the gateway's record has no business to know.
            let reason = reason.code.chars().take(REASON_MAX).collect();
            let follow_on = follow_on(reference, amount, gateway_request_id, reason);
            call(REVERSE, &follow_on.reference, codec::write_follow_on(&follow_on))
        }
        Effect::Tell(command) => {
            Wish::Tell { place: saga_place(&place.pair, place.order), command: Command::Saga(command) }
        }
    }
}

/// True for what others may see. A refused capture is the saga's business: it undoes the order by itself.
pub(crate) fn is_public(event: &Event) -> bool {
    match event {
        Event::Authorized(_)
        | Event::UnderReview { .. }
        | Event::Declined { .. }
        | Event::Captured(_)
        | Event::Reversed(_)
        | Event::ReversalRefused { .. }
        | Event::OutcomeDiffers { .. }
        | Event::NotConfirmed { .. }
        | Event::InquiryGivenUp { .. }
        | Event::StrayFound { .. }
        | Event::OutcomeUnknown { .. } => true,
        // A time-out that is undone, a request that was never found, and what the ladder does are told by the saga or the ladder.
        Event::AuthorizationRequested { .. }
        | Event::ConfirmationRequested { .. }
        | Event::CaptureRequested { .. }
        | Event::CaptureAwaited { .. }
        | Event::Taken(_)
        | Event::TimeoutRequested { .. }
        | Event::TimeoutUndone { .. }
        | Event::NotFound { .. }
        | Event::HandedOver { .. }
        | Event::GaveBack(_)
        | Event::Closed
        | Event::CaptureRefused { .. }
        | Event::ReversalRequested { .. } => false,
    }
}

/// The message of a public event; `None` for a private one.
pub(super) fn message(order_id: String, event: Event) -> Option<Outgoing> {
    Some(match event {
        Event::Authorized(hold) => Outgoing::new(&PaymentAuthorized {
            order_id,
            merchant_reference: hold.reference.to_string(),
            gateway_request_id: hold.gateway_request_id,
            held: Some(hold.held.into()),
            approval_code: hold.approval_code,
        }),
        Event::UnderReview { reference, gateway_request_id, held, .. } => Outgoing::new(&PaymentUnderReview {
            order_id,
            merchant_reference: reference.to_string(),
            gateway_request_id,
            held: held.map(Into::into),
        }),
        Event::Declined { reference, reason, .. } => Outgoing::new(&PaymentDeclined {
            order_id,
            merchant_reference: reference.to_string(),
            reason: Some(reason_to_wire(&reason)),
        }),
        Event::Captured(captured) => Outgoing::new(&PaymentCaptured {
            order_id,
            merchant_reference: captured.reference.to_string(),
            gateway_request_id: captured.gateway_request_id,
            captured: Some(captured.amount.into()),
        }),
        Event::Reversed(reversed) => Outgoing::new(&AuthorizationReversed {
            order_id,
            merchant_reference: reversed.reference.to_string(),
            gateway_request_id: reversed.gateway_request_id,
            reversed: Some(reversed.amount.into()),
        }),
        Event::ReversalRefused { reference, reason } => parked(order_id, &reference, Operation::Reverse, &reason),
        Event::NotConfirmed { reference, reason } => parked(order_id, &reference, Operation::Authorize, &reason),
        Event::OutcomeDiffers { operation, reference, reason }
        | Event::InquiryGivenUp { operation, reference, reason } => parked(order_id, &reference, operation, &reason),
        Event::StrayFound { seen, undo_in_ms, at_ms, .. } => Outgoing::new(&PaymentOrphanFound {
            order_id,
            merchant_reference: seen.reference.to_string(),
            gateway_request_id: seen.gateway_request_id,
            operation: seen.operation.word().to_owned(),
            amount: Some(seen.amount.into()),
            undo_at_ms: at_ms.saturating_add(undo_in_ms),
        }),
        Event::OutcomeUnknown { operation, reference, inquiry_due_ms } => Outgoing::new(&PaymentOutcomeUnknown {
            order_id,
            merchant_reference: reference.to_string(),
            operation: operation.word().to_owned(),
            inquiry_due_at_ms: inquiry_due_ms,
        }),
        Event::AuthorizationRequested { .. }
        | Event::ConfirmationRequested { .. }
        | Event::CaptureRequested { .. }
        | Event::CaptureAwaited { .. }
        | Event::Taken(_)
        | Event::TimeoutRequested { .. }
        | Event::TimeoutUndone { .. }
        | Event::NotFound { .. }
        | Event::HandedOver { .. }
        | Event::GaveBack(_)
        | Event::Closed
        | Event::CaptureRefused { .. }
        | Event::ReversalRequested { .. } => return None,
    })
}

/// A person must look.
pub(super) fn parked(
    order_id: String,
    reference: &MerchantReference,
    operation: Operation,
    reason: &Reason,
) -> Outgoing {
    Outgoing::new(&PaymentParked {
        order_id,
        merchant_reference: reference.to_string(),
        operation: operation.word().to_owned(),
        reason: Some(reason_to_wire(reason)),
    })
}
