//! What a sweep asks and tells. Nothing of it is public: what it finds is told by the payments.

use payment_domain::{
    payment::Command as Payment,
    sweep::{Command as Sweep, Effect, Event, Sweep as State},
};
use runtime::{Call, Place, Wish};

use super::{SWEEP, SWEEP_REST};
use crate::{Command, codec, payment_place, sweeping::sweep_place};

/// An effect as a wish.
pub(crate) fn wish(place: &Place, _state: &State, effect: Effect) -> Wish<Command> {
    match effect {
        Effect::Look(window) => {
            let reference = format!("{}/sweep/{}", place.stream, window.number);
            Wish::Call(Call { kind: SWEEP, reference, request: codec::write_window(window) })
        }
        Effect::Rest { number, after } => Wish::Timer {
            name: format!("window/{number}"),
            kind: SWEEP_REST,
            request: codec::write_rest(place.order, number),
            after,
        },
        Effect::Tell { sighting, undo_in_ms, at_ms } => Wish::Tell {
            place: payment_place(&place.pair, sighting.order),
            command: Command::Payment(Payment::RecordSeen { seen: sighting.seen, undo_in_ms, at_ms }),
        },
        Effect::BeginDay { rhythm, now_ms } => Wish::Tell {
            place: sweep_place(&place.pair, now_ms),
            command: Command::Sweep(Sweep::Begin { rhythm, now_ms }),
        },
    }
}

/// Never: coverage is for those who look at this ledger.
pub(crate) fn is_public(_event: &Event) -> bool {
    false
}
