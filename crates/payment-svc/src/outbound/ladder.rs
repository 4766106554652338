//! What a ladder asks and tells.

use contracts::payment::v1::{AuthorizationReversed, PaymentOutcomeUnknown, PaymentRefunded, PaymentVoided};
use payment_domain::{
    ladder::{Effect, Event, Ladder, Rung},
    payment::Operation,
};
use runtime::{Call, Outgoing, Place, Wish};

use super::{
    LADDER_REST, REFUND, REVERSE, VOID,
    payment::{REASON_MAX, parked},
};
use crate::{
    Command,
    codec::{self, FollowOn},
    payment_place,
};

/// An effect as a wish.
pub(crate) fn wish(place: &Place, state: &Ladder, effect: Effect) -> Wish<Command> {
    match effect {
        Effect::Call { rung, reference, amount, target, reason } => {
            let kind = match rung {
                Rung::Reverse => REVERSE,
                Rung::Void => VOID,
                Rung::Refund => REFUND,
            };
            let follow_on = FollowOn {
                order: place.order,
                reference,
                amount,
                gateway_request_id: target,
                reason: reason.code.chars().take(REASON_MAX).collect(),
                ladder: state.task.as_ref().map(|task| task.number).unwrap_or_default(),
                has_transaction_ids: false,
            };
            let reference = follow_on.reference.to_string();
            Wish::Call(Call { kind, reference, request: codec::write_follow_on(&follow_on) })
        }
        Effect::Rest { rest, after } => Wish::Timer {
            name: format!("rest/{rest}"),
            kind: LADDER_REST,
            request: codec::write_rest(place.order, rest),
            after,
        },
        Effect::Tell(command) => {
            Wish::Tell { place: payment_place(&place.pair, place.order), command: Command::Payment(*command) }
        }
    }
}

/// True for what others may see.
pub(crate) fn is_public(event: &Event) -> bool {
    match event {
        Event::Done { .. } | Event::OutcomeUnknown { .. } | Event::Parked { .. } => true,
        Event::Begun { .. }
        | Event::Asked { .. }
        | Event::MovedOn { .. }
        | Event::PutOff { .. }
        | Event::GivenBack { .. } => false,
    }
}

/// The message of a public event; `None` for a private one.
pub(super) fn message(order_id: String, event: Event) -> Option<Outgoing> {
    Some(match event {
        Event::Done { rung, reference, amount, gateway_request_id } => {
            let (merchant_reference, amount) = (reference.to_string(), Some(amount.into()));
            match rung {
                Rung::Reverse => Outgoing::new(&AuthorizationReversed {
                    order_id,
                    merchant_reference,
                    gateway_request_id,
                    reversed: amount,
                }),
                Rung::Void => {
                    Outgoing::new(&PaymentVoided { order_id, merchant_reference, gateway_request_id, voided: amount })
                }
                Rung::Refund => Outgoing::new(&PaymentRefunded {
                    order_id,
                    merchant_reference,
                    gateway_request_id,
                    refunded: amount,
                }),
            }
        }
        Event::OutcomeUnknown { rung, reference, inquiry_due_ms } => Outgoing::new(&PaymentOutcomeUnknown {
            order_id,
            merchant_reference: reference.to_string(),
            operation: rung.operation().word().to_owned(),
            inquiry_due_at_ms: inquiry_due_ms,
        }),
        Event::Parked { reference, reason, .. } => parked(order_id, &reference, Operation::Reverse, &reason),
        Event::Begun { .. }
        | Event::Asked { .. }
        | Event::MovedOn { .. }
        | Event::PutOff { .. }
        | Event::GivenBack { .. } => return None,
    })
}
