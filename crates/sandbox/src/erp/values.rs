//! The ERP's value formats: keys in two forms, texts and numbers of fixed widths.
//!
//! A numeric key is stored right-aligned with leading zeros and shown without most of them; an alphanumeric key is
//! stored as it is. Both forms find the same row, and letter case does not matter, as in the database behind.

use rust_decimal::{Decimal, RoundingStrategy};

/// Digits of a stored numeric key.
const KEY_DIGITS: usize = 15;
/// Digits of a sales order number on a screen.
const PRESENTED_DIGITS: usize = 6;

/// Widths in characters.
pub(crate) mod width {
    pub(crate) const CUSTOMER: usize = 15;
    pub(crate) const CUSTOMER_PO: usize = 30;
    pub(crate) const SALES_ORDER: usize = 20;
    pub(crate) const STOCK_CODE: usize = 30;
    pub(crate) const WAREHOUSE: usize = 10;
    pub(crate) const UOM: usize = 10;
    pub(crate) const NAME: usize = 50;
    pub(crate) const ADDRESS_LINE: usize = 40;
    pub(crate) const POSTAL_CODE: usize = 10;
    pub(crate) const INSTRUCTIONS: usize = 50;
    pub(crate) const ORDER_EMAIL: usize = 255;
    pub(crate) const CUSTOMER_EMAIL: usize = 50;
    pub(crate) const COMMENT: usize = 100;
    pub(crate) const TAX_CODE: usize = 3;
    pub(crate) const PRODUCT_CLASS: usize = 20;
    pub(crate) const BRANCH: usize = 10;
    pub(crate) const SALESPERSON: usize = 20;
    pub(crate) const TERMS: usize = 2;
    pub(crate) const CURRENCY: usize = 3;
    pub(crate) const REASON: usize = 6;
    pub(crate) const TELEPHONE: usize = 20;
    pub(crate) const EXTERNAL_ID: usize = 10;
    pub(crate) const CREDIT_AUTHORITY: usize = 20;
}

/// How many digits before and after the dot a number may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) whole: usize,
    pub(crate) scale: u32,
}

/// Quantities.
pub(crate) const QUANTITY: Format = Format { whole: 12, scale: 6 };
/// Unit prices, net of tax.
pub(crate) const PRICE: Format = Format { whole: 10, scale: 5 };
/// Values of lines and documents.
pub(crate) const VALUE: Format = Format { whole: 12, scale: 2 };
/// Percentages, at most 100.00.
pub(crate) const PERCENT: Format = Format { whole: 3, scale: 2 };
/// Credit limits: whole units of the currency.
pub(crate) const LIMIT: Format = Format { whole: 12, scale: 0 };

impl Format {
    /// The number with exactly this many decimals, as the ERP prints it.
    pub(crate) fn print(self, value: Decimal) -> String {
        let mut value = value.round_dp_with_strategy(self.scale, RoundingStrategy::MidpointAwayFromZero);
        value.rescale(self.scale);
        value.to_string()
    }
}

/// A value rounded to the two decimals of a document.
pub(crate) fn to_value(exact: Decimal) -> Decimal {
    exact.round_dp_with_strategy(VALUE.scale, RoundingStrategy::MidpointAwayFromZero)
}

/// The form in which keys are compared: trimmed, upper case, without leading zeros when numeric.
pub(crate) fn norm(key: &str) -> String {
    let key = key.trim();
    if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) {
        let bare = key.trim_start_matches('0');
        return if bare.is_empty() { "0".to_owned() } else { bare.to_owned() };
    }
    key.to_uppercase()
}

/// The stored form of a key.
pub(crate) fn raw(key: &str) -> String {
    let norm = norm(key);
    if norm.bytes().all(|byte| byte.is_ascii_digit()) { format!("{norm:0>KEY_DIGITS$}") } else { norm }
}

/// A sales order number as a screen shows it.
pub(crate) fn order_presented(number: u64) -> String {
    format!("{number:0PRESENTED_DIGITS$}")
}

/// A sales order number as it is stored.
pub(crate) fn order_raw(number: u64) -> String {
    format!("{number:0KEY_DIGITS$}")
}

/// Reads either form of a sales order number.
pub(crate) fn order_number(text: &str) -> Option<u64> {
    let text = text.trim();
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}
