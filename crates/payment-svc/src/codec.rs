//! Domain event ↔ stored protobuf, both ways. An event's bytes never change after release: golden files pin them.

mod calls;
mod ladder;
mod order_to_cash;
mod parts;
mod payment;
mod sweep;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use decider::Decider;
use payment_domain::{ladder::Ladder, order_to_cash::OrderToCash, payment::Payment, sweep::Sweep};
use prost::Message;
use runtime::{Aggregate, CodecError, Place, Wish};

pub(crate) use self::parts::{
    amount, reason_from_wire, reason_to_wire, sealed_from_wire, sealed_to_wire, token_from_wire,
};
pub use self::{
    calls::{
        FollowOn, Heard, Timeout, What, read_answer, read_authorize, read_follow_on, read_rest, read_timeout,
        write_answer, write_authorize, write_follow_on, write_rest, write_timeout,
    },
    sweep::{Compared, read_compared, read_window, write_compared, write_window},
};
use crate::{Command, outbound};

/// The layout of every event so far.
const SHAPE: i16 = 1;

/// The saga as the runtime sees it. A type of this crate, because neither the trait nor the decider is.
#[derive(Debug, Clone, Copy)]
pub struct SagaStream;

/// The payment as the runtime sees it.
#[derive(Debug, Clone, Copy)]
pub struct PaymentStream;

/// A ladder as the runtime sees it.
#[derive(Debug, Clone, Copy)]
pub struct LadderStream;

/// A pair's sweep of one day as the runtime sees it.
#[derive(Debug, Clone, Copy)]
pub struct SweepStream;

macro_rules! stored {
    ($stream:ident, $decider:ident, $kind:literal, $room:ident, $wish:path) => {
        impl Decider for $stream {
            type State = $decider;
            type Command = <$decider as Decider>::Command;
            type Event = <$decider as Decider>::Event;
            type Effect = <$decider as Decider>::Effect;
            type Rejection = <$decider as Decider>::Rejection;

            fn decide(state: &$decider, command: Self::Command) -> Result<Vec<Self::Event>, Self::Rejection> {
                $decider::decide(state, command)
            }
            fn evolve(state: $decider, event: &Self::Event) -> $decider {
                $decider::evolve(state, event)
            }
            fn react(state: &$decider, event: &Self::Event) -> Vec<Self::Effect> {
                $decider::react(state, event)
            }
        }

        impl Aggregate for $stream {
            const KIND: &'static str = $kind;
            type Union = Command;

            fn encode(event: &Self::Event) -> (&'static str, i16, Bytes, bool) {
                (event.kind(), SHAPE, $room::encode(event), outbound::$room::is_public(event))
            }
            fn decode(kind: &str, shape: i16, body: &[u8]) -> Result<Self::Event, CodecError> {
                let newer = || CodecError::Newer { kind: kind.to_owned(), shape };
                if shape > SHAPE {
                    return Err(newer());
                }
                let corrupt = |Corrupt(why)| CodecError::Corrupt { kind: kind.to_owned(), why };
                $room::decode(kind, body).map_err(corrupt)?.ok_or_else(newer)
            }
            fn wish(place: &Place, state: &$decider, effect: Self::Effect) -> Wish<Command> {
                $wish(place, state, effect)
            }
        }
    };
}

stored!(SagaStream, OrderToCash, "order_to_cash", order_to_cash, outbound::order_to_cash::wish);
stored!(PaymentStream, Payment, "payment", payment, outbound::payment::wish);
stored!(LadderStream, Ladder, "ladder", ladder, outbound::ladder::wish);
stored!(SweepStream, Sweep, "sweep", sweep, outbound::sweep::wish);

/// Why stored bytes are not what their kind says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrupt(pub String);

impl<E: std::error::Error> From<E> for Corrupt {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

fn missing(what: &str) -> Corrupt {
    Corrupt(format!("no {what}"))
}

fn body(message: &impl Message) -> Bytes {
    message.encode_to_vec().into()
}
