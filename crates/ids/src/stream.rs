//! Names of streams. All are UUIDs whose first bits are a time (version 7), so that rows append instead of scattering.

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The name of one event stream in one service's ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub Uuid);

/// The id of one order, chosen at intake. Every service names the order's main stream by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(pub Uuid);

impl OrderId {
    /// The order's main stream.
    pub fn stream(self) -> StreamId {
        StreamId(self.0)
    }

    /// Another stream of the same order, such as its payment: same time bits, other random bits.
    pub fn stream_of(self, part: &str) -> StreamId {
        StreamId(derived(self.0, part))
    }
}

/// A UUID that keeps the time of `base` and takes its random bits from `base` and `part`; the same input gives the same UUID.
pub fn derived(base: Uuid, part: &str) -> Uuid {
    let digest = Sha256::new().chain_update(base.as_bytes()).chain_update(part.as_bytes()).finalize();
    let mut bytes = *base.as_bytes();
    bytes[6] = 0x70 | (digest[0] & 0x0f);
    bytes[7] = digest[1];
    bytes[8] = 0x80 | (digest[2] & 0x3f);
    bytes[9..16].copy_from_slice(&digest[3..10]);
    Uuid::from_bytes(bytes)
}

macro_rules! uuid_text {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}
uuid_text!(StreamId);
uuid_text!(OrderId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_stream_keeps_the_time_and_differs_by_part() {
        let order = OrderId(Uuid::from_u128(0x0193_5e7a_1234_7abc_8def_0123_4567_89ab));
        let payment = order.stream_of("payment");
        assert_eq!(payment, order.stream_of("payment"));
        assert_ne!(payment, order.stream_of("refund"));
        assert_eq!(payment.0.as_bytes()[..6], order.0.as_bytes()[..6]);
        assert_eq!(payment.0.get_version_num(), 7);
    }
}
