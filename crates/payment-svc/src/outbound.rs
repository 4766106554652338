//! What leaves: effects as wishes, public events as messages. One function each.

pub(crate) mod order_to_cash;
pub(crate) mod payment;

#[cfg(test)]
mod tests;

use ledger::StoredEvent;
use runtime::{Aggregate as _, CodecError, Outgoing, Place};

use crate::codec::{PaymentStream, SagaStream};

/// Call: hold funds.
pub(crate) const AUTHORIZE: &str = "authorize";
/// Call: take held funds.
pub(crate) const CAPTURE: &str = "capture";
/// Call: release a hold.
pub(crate) const REVERSE: &str = "reverse";
/// Timer: screening has taken too long.
pub(crate) const SCREENING_DEADLINE: &str = "timer.screening_deadline";
/// Timer: a hold under review ends in a day.
pub(crate) const REVIEW_DEADLINE: &str = "timer.review_deadline";
/// All kinds of effects of this service.
pub(crate) const EFFECT_KINDS: &[&str] = &[AUTHORIZE, CAPTURE, REVERSE, SCREENING_DEADLINE, REVIEW_DEADLINE];

/// The message of a public event.
///
/// # Errors
/// When the stored event cannot be read, or is none that others may see.
pub(crate) fn publish(place: &Place, stored: &StoredEvent) -> Result<Outgoing, CodecError> {
    let order_id = place.order.to_string();
    let message = match place.kind {
        SagaStream::KIND => {
            order_to_cash::message(order_id, SagaStream::decode(&stored.kind, stored.shape, &stored.body)?)
        }
        _ => payment::message(order_id, PaymentStream::decode(&stored.kind, stored.shape, &stored.body)?),
    };
    message.ok_or_else(|| CodecError::Corrupt {
        kind: stored.kind.clone(),
        why: "is private and was to be published".to_owned(),
    })
}
