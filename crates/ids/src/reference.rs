//! Our name for one attempt at the card gateway.

use std::fmt;

use uuid::Uuid;

use crate::OrderId;

/// Why a text is not a merchant reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a merchant reference: 1 to 50 printable characters without spaces")]
pub struct ReferenceError(pub String);

/// Our name for one attempt at the gateway (`clientReferenceInformation.code`, at most 50 characters).
///
/// Never used for a second attempt: a reference that is found at the gateway tells the fate of exactly one request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MerchantReference(String);

impl MerchantReference {
    /// Takes a reference back from storage.
    ///
    /// # Errors
    /// When the text is empty, longer than 50 characters, or holds spaces or control characters.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        if (1..=50).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ReferenceError(text.to_owned()))
        }
    }

    /// The reference as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MerchantReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyzBCDFGH";

/// The reference of attempt `attempt` of `verb` (one letter: A authorize, C capture, R reversal) for the order with this id:
/// `<prefix>-<26 letters of the id>-<verb><attempt>`.
///
/// The id is written in base 32 letters, so that no run of digits in it can be taken for a card number.
pub fn merchant_reference(prefix: &str, order: Uuid, verb: char, attempt: u32) -> MerchantReference {
    let mut rest = order.as_u128();
    let mut text = [0_u8; 26];
    for slot in text.iter_mut().rev() {
        *slot = LETTERS[(rest & 31) as usize];
        rest >>= 5;
    }
    let id = text.iter().map(|b| char::from(*b)).collect::<String>();
    MerchantReference(format!("{prefix}-{id}-{verb}{attempt}"))
}

/// The order that a reference made by [`merchant_reference`] with this prefix is about; `None` for any other text.
pub fn order_of(prefix: &str, reference: &str) -> Option<OrderId> {
    let (id, _) = reference.strip_prefix(prefix)?.strip_prefix('-')?.split_once('-')?;
    if id.len() != 26 {
        return None;
    }
    let mut number: u128 = 0;
    for letter in id.bytes() {
        let value = LETTERS.iter().position(|known| *known == letter)?;
        number = number.checked_mul(32)?.checked_add(u128::try_from(value).ok()?)?;
    }
    Some(OrderId(Uuid::from_u128(number)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn references_fit_and_differ(a: u128, b: u128, attempt in 1_u32..1000) {
            let one = merchant_reference("demo", Uuid::from_u128(a), 'A', attempt);
            prop_assert!(MerchantReference::parse(one.as_str()).is_ok());
            prop_assert_eq!(order_of("demo", one.as_str()), Some(OrderId(Uuid::from_u128(a))));
            prop_assert_eq!(order_of("dem", one.as_str()), None);
            if a != b {
                prop_assert_ne!(&one, &merchant_reference("demo", Uuid::from_u128(b), 'A', attempt));
            }
        }
    }
}
