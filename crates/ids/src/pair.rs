//! A pair is one Cybersource merchant with one SYSPRO company; a shop belongs to exactly one pair.

use std::{fmt, str::FromStr};

/// Why a text is not a pair token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a pair: 1 to 24 of a-z, 0-9 and -")]
pub struct PairError(pub String);

/// Why a text is not a shop id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a shop: 1 to 24 of a-z, 0-9 and -")]
pub struct ShopIdError(pub String);

fn is_token(text: &str) -> bool {
    (1..=24).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

macro_rules! token {
    ($(#[$doc:meta])* $name:ident, $error:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The token as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = $error;
            fn from_str(text: &str) -> Result<Self, $error> {
                if is_token(text) { Ok(Self(text.to_owned())) } else { Err($error(text.to_owned())) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

token! {
    /// One Cybersource merchant with one SYSPRO company. Stands on every stream, effect, key, subject and log line.
    Pair, PairError
}
token! {
    /// One shop of one pair. Order numbers are unique per (pair, shop).
    ShopId, ShopIdError
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_could_break_a_subject() {
        for bad in ["", "Demo", "a.b", "a*", "a b", "ü", "aaaaaaaaaaaaaaaaaaaaaaaaa"] {
            assert_eq!(bad.parse::<Pair>(), Err(PairError(bad.to_owned())), "{bad}");
        }
        assert_eq!("demo-1".parse::<Pair>().map(|p| p.to_string()), Ok("demo-1".to_owned()));
    }
}
