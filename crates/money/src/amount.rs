//! An amount of one currency in minor units.

use std::fmt;

use rust_decimal::Decimal;

use crate::Currency;

/// Why an amount could not be made or added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// The text is not a plain decimal number.
    #[error("`{0}` is not an amount: digits with at most one dot, such as 12.50")]
    Malformed(String),
    /// More decimals than the currency has.
    #[error("`{text}` has more than {exponent} decimals, which {currency} does not have")]
    TooPrecise {
        /// What was given.
        text: String,
        /// The currency.
        currency: Currency,
        /// Its decimals.
        exponent: u32,
    },
    /// Outside what 64 bits of minor units hold.
    #[error("`{0}` is larger than any amount we accept")]
    TooLarge(String),
    /// Two currencies in one sum.
    #[error("{0} and {1} cannot be added: two currencies")]
    Mixed(Currency, Currency),
}

/// Money: minor units (cents, yen, fils) of one currency. May be negative where a caller says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    minor: i64,
    currency: Currency,
}

impl Amount {
    /// An amount of `minor` units.
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in this currency.
    pub fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Reads a plain decimal text such as `190.56` exactly; no exponent, no thousands mark, no sign but a leading minus.
    ///
    /// # Errors
    /// When the text is no number, is too precise for the currency or too large.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let plain = text.strip_prefix('-').unwrap_or(text);
        let is_plain = !plain.is_empty()
            && plain.len() <= 30
            && plain.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && plain.bytes().filter(|b| *b == b'.').count() <= 1
            && !plain.starts_with('.')
            && !plain.ends_with('.');
        if !is_plain {
            return Err(AmountError::Malformed(text.chars().take(40).collect()));
        }
        let value: Decimal = text.parse().map_err(|_| AmountError::TooLarge(text.to_owned()))?;
        Self::from_decimal(value, currency)
    }

    /// Takes an exact decimal value.
    ///
    /// # Errors
    /// When the value has more decimals than the currency, or does not fit.
    pub fn from_decimal(value: Decimal, currency: Currency) -> Result<Self, AmountError> {
        let exponent = currency.exponent();
        let normal = value.normalize();
        if normal.scale() > exponent {
            return Err(AmountError::TooPrecise { text: value.to_string(), currency, exponent });
        }
        let too_large = || AmountError::TooLarge(value.to_string());
        let factor = 10_i128.pow(exponent - normal.scale());
        let minor = normal.mantissa().checked_mul(factor).ok_or_else(too_large)?;
        Ok(Self { minor: i64::try_from(minor).map_err(|_| too_large())?, currency })
    }

    /// Minor units.
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// The same amount as a decimal number of major units.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.minor, self.currency.exponent())
    }

    /// True for more than nothing.
    pub fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// Sum of two amounts of one currency.
    ///
    /// # Errors
    /// When the currencies differ or the sum does not fit.
    pub fn plus(self, other: Self) -> Result<Self, AmountError> {
        self.combine(other, i64::checked_add)
    }

    /// Difference of two amounts of one currency.
    ///
    /// # Errors
    /// When the currencies differ or the difference does not fit.
    pub fn minus(self, other: Self) -> Result<Self, AmountError> {
        self.combine(other, i64::checked_sub)
    }

    fn combine(self, other: Self, with: fn(i64, i64) -> Option<i64>) -> Result<Self, AmountError> {
        if self.currency != other.currency {
            return Err(AmountError::Mixed(self.currency, other.currency));
        }
        let minor = with(self.minor, other.minor).ok_or_else(|| AmountError::TooLarge(self.number()))?;
        Ok(Self { minor, currency: self.currency })
    }

    /// The bare number with exactly the currency's decimals, as both outside systems want it: `190.56`, `3490`.
    pub fn number(self) -> String {
        self.to_decimal().to_string()
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    #[test]
    fn reads_what_a_shop_sends() {
        assert_eq!(Amount::parse("190.56", currency("EUR")).unwrap().minor(), 19056);
        assert_eq!(Amount::parse("3490", currency("ISK")).unwrap().minor(), 3490);
        assert_eq!(Amount::parse("1.250", currency("KWD")).unwrap().minor(), 1250);
        assert_eq!(Amount::parse("1.50000", currency("EUR")).unwrap().minor(), 150);
    }

    #[test]
    fn refuses_what_is_not_exact() {
        for bad in ["", "1e3", "1,50", "1.", ".5", "+1", "--1", "NaN", "1.2.3", "٣", " 1"] {
            assert!(matches!(Amount::parse(bad, currency("EUR")), Err(AmountError::Malformed(_))), "{bad}");
        }
        assert!(matches!(Amount::parse("1.005", currency("EUR")), Err(AmountError::TooPrecise { .. })));
        assert!(matches!(Amount::parse("0.5", currency("JPY")), Err(AmountError::TooPrecise { .. })));
        assert!(matches!(Amount::parse("99999999999999999999", currency("EUR")), Err(AmountError::TooLarge(_))));
    }

    proptest! {
        #[test]
        fn text_round_trips(minor: i64, code in prop::sample::select(vec!["EUR", "JPY", "KWD", "USD"])) {
            let amount = Amount::new(minor, currency(code));
            prop_assert_eq!(Amount::parse(&amount.number(), currency(code)).unwrap(), amount);
        }

        #[test]
        fn currencies_never_mix(a: i64, b: i64) {
            let sum = Amount::new(a, currency("EUR")).plus(Amount::new(b, currency("USD")));
            prop_assert!(matches!(sum, Err(AmountError::Mixed(..))));
        }
    }
}
