//! Words that both aggregates share.

use std::fmt;

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;

/// Why something was refused or parked: a stable code for machines, words for people.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reason {
    /// The code: `stock_short`, `INSUFFICIENT_FUND`, `OTC-PAY-002`.
    pub code: String,
    /// The words.
    pub text: String,
    /// What is short, when stock is.
    pub shortages: Vec<Shortage>,
}

impl Reason {
    /// A reason without shortages.
    pub fn new(code: impl Into<String>, text: impl Into<String>) -> Self {
        Self { code: code.into(), text: text.into(), shortages: Vec::new() }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.text)
    }
}

/// One item of which there is too little. Quantities are exact decimal texts, as the ERP has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortage {
    /// The item.
    pub sku: String,
    /// Where it was looked for.
    pub warehouse: String,
    /// How much the order wants.
    pub asked: String,
    /// How much there is.
    pub available: String,
}

/// How a shop hands the card over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenMode {
    /// A token of the checkout page: short-lived, serves one order.
    Transient,
    /// A token of an earlier payment.
    Stored,
}

/// A card token and what may be shown of the card. Never a card number.
#[derive(Clone, PartialEq, Eq)]
pub struct CardToken {
    /// Transient or stored.
    pub mode: TokenMode,
    /// The token's own id: whoever has it can pay with it, so it is never printed.
    pub token: String,
    /// `visa`.
    pub brand: String,
    /// The last four digits.
    pub last_four: String,
    /// When it dies, milliseconds since 1970; `None` for a stored token.
    pub expires_at_ms: Option<i64>,
}

impl CardToken {
    /// True once the gateway would not take it any more.
    pub fn is_expired(&self, now_ms: i64) -> bool {
        self.expires_at_ms.is_some_and(|expires_at_ms| expires_at_ms <= now_ms)
    }
}

impl fmt::Debug for CardToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardToken({:?}, {} ending {})", self.mode, self.brand, self.last_four)
    }
}
