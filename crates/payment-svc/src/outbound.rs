//! What leaves: effects as wishes, public events as messages. One function each.

pub(crate) mod ladder;
pub(crate) mod order_to_cash;
pub(crate) mod payment;
pub(crate) mod sweep;

#[cfg(test)]
mod tests;

use ledger::StoredEvent;
use runtime::{Aggregate as _, CodecError, Outgoing, Place};

use crate::codec::{LadderStream, PaymentStream, SagaStream};

/// Call: hold funds.
pub(crate) const AUTHORIZE: &str = "authorize";
/// Call: take held funds.
pub(crate) const CAPTURE: &str = "capture";
/// Call: release a hold.
pub(crate) const REVERSE: &str = "reverse";
/// Call: withdraw a capture.
pub(crate) const VOID: &str = "void";
/// Call: give captured money back.
pub(crate) const REFUND: &str = "refund";
/// Call: undo a silent authorization by our own id.
pub(crate) const TIMEOUT_REVERSE: &str = "timeout_reverse";
/// Call: undo a silent capture by our own id.
pub(crate) const TIMEOUT_VOID: &str = "timeout_void";
/// Look: did the shop's plugin do what the shop says?
pub(crate) const CONFIRM: &str = "confirm";
/// Look: has the shop taken the money?
pub(crate) const AWAIT_CAPTURE: &str = "await_capture";
/// Look: everything that the gateway did in a stretch of time.
pub(crate) const SWEEP: &str = "sweep";
/// Timer: screening has taken too long.
pub(crate) const SCREENING_DEADLINE: &str = "timer.screening_deadline";
/// Timer: a hold under review ends in a day.
pub(crate) const REVIEW_DEADLINE: &str = "timer.review_deadline";
/// Timer: the limit for another payment.
pub(crate) const OPEN_UNTIL: &str = "timer.open_until";
/// Timer: the issuer lets the hold go in a day.
pub(crate) const HOLD_ENDING: &str = "timer.hold_ending";
/// Timer: the issuer lets the hold go.
pub(crate) const HOLD_ENDED: &str = "timer.hold_ended";
/// Timer: a ladder's next try.
pub(crate) const LADDER_REST: &str = "timer.ladder";
/// Timer: a sweep's next window.
pub(crate) const SWEEP_REST: &str = "timer.sweep";
/// Calls that move money or let it go.
pub(crate) const WRITES: &[&str] = &[AUTHORIZE, CAPTURE, REVERSE, VOID, REFUND, TIMEOUT_REVERSE, TIMEOUT_VOID];
/// Calls that only look.
pub(crate) const LOOKS: &[&str] = &[CONFIRM, AWAIT_CAPTURE];
/// All kinds of effects of this service.
pub(crate) const EFFECT_KINDS: &[&str] = &[
    AUTHORIZE,
    CAPTURE,
    REVERSE,
    VOID,
    REFUND,
    TIMEOUT_REVERSE,
    TIMEOUT_VOID,
    CONFIRM,
    AWAIT_CAPTURE,
    SWEEP,
    SCREENING_DEADLINE,
    REVIEW_DEADLINE,
    OPEN_UNTIL,
    HOLD_ENDING,
    HOLD_ENDED,
    LADDER_REST,
    SWEEP_REST,
];

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
        LadderStream::KIND => {
            ladder::message(order_id, LadderStream::decode(&stored.kind, stored.shape, &stored.body)?)
        }
        _ => payment::message(order_id, PaymentStream::decode(&stored.kind, stored.shape, &stored.body)?),
    };
    message.ok_or_else(|| CodecError::Corrupt {
        kind: stored.kind.clone(),
        why: "is private and was to be published".to_owned(),
    })
}
