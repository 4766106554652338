//! What the payment asks and tells.

use contracts::payment::v1::{
    AuthorizationReversed, PaymentAuthorized, PaymentCaptured, PaymentDeclined, PaymentOutcomeUnknown, PaymentParked,
    PaymentUnderReview,
};
use ids::MerchantReference;
use payment_domain::payment::{Effect, Event, Operation, Payment};
use runtime::{Call, Outgoing, Place, Wish};

use super::{AUTHORIZE, CAPTURE, REVERSE};
use crate::{
    Command,
    codec::{self, FollowOn, reason_to_wire},
    saga_place,
};

/// Room for the reason of a reversal at the gateway.
const REASON_MAX: usize = 60;

/// An effect as a wish.
pub(crate) fn wish(place: &Place, _state: &Payment, effect: Effect) -> Wish<Command> {
    let call = |kind, reference: &MerchantReference, request| {
        Wish::Call(Call { kind, reference: reference.to_string(), request })
    };
    match effect {
        Effect::Authorize { reference, purpose } => {
            call(AUTHORIZE, &reference, codec::write_authorize(&reference, &purpose))
        }
        Effect::Capture { reference, amount, gateway_request_id } => {
            let follow_on =
                FollowOn { order: place.order, reference, amount, gateway_request_id, reason: String::new() };
            call(CAPTURE, &follow_on.reference, codec::write_follow_on(&follow_on))
        }
        Effect::Reverse { reference, amount, gateway_request_id, reason } => {
            // Only the code: words can hold what the gateway's record has no business to know.
            let reason = reason.code.chars().take(REASON_MAX).collect();
            let follow_on = FollowOn { order: place.order, reference, amount, gateway_request_id, reason };
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
        | Event::OutcomeUnknown { .. } => true,
        Event::AuthorizationRequested { .. }
        | Event::CaptureRequested { .. }
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
        Event::Declined { reference, reason } => Outgoing::new(&PaymentDeclined {
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
        Event::ReversalRefused { reference, reason } => Outgoing::new(&PaymentParked {
            order_id,
            merchant_reference: reference.to_string(),
            operation: Operation::Reverse.word().to_owned(),
            reason: Some(reason_to_wire(&reason)),
        }),
        Event::OutcomeUnknown { operation, reference, inquiry_due_ms } => Outgoing::new(&PaymentOutcomeUnknown {
            order_id,
            merchant_reference: reference.to_string(),
            operation: operation.word().to_owned(),
            inquiry_due_at_ms: inquiry_due_ms,
        }),
        Event::AuthorizationRequested { .. }
        | Event::CaptureRequested { .. }
        | Event::CaptureRefused { .. }
        | Event::ReversalRequested { .. } => return None,
    })
}
