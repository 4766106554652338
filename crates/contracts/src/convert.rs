//! Between messages and vocabulary.

use money::{Amount, CurrencyError};

use crate::r#type::v1::Money;

impl From<Amount> for Money {
    fn from(amount: Amount) -> Self {
        Self { minor: amount.minor(), currency: amount.currency().code().to_owned() }
    }
}

impl TryFrom<&Money> for Amount {
    type Error = CurrencyError;
    fn try_from(money: &Money) -> Result<Self, CurrencyError> {
        Ok(Self::new(money.minor, money.currency.parse()?))
    }
}

/// Reads an amount that a message must have.
///
/// # Errors
/// When it is missing or its currency is none.
pub fn amount(money: Option<&Money>) -> Result<Amount, CurrencyError> {
    money.ok_or_else(|| CurrencyError(String::new())).and_then(Amount::try_from)
}
