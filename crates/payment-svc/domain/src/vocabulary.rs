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
    /// No card at all: the shop's own plugin already holds the money.
    Adopt,
    /// No card at all: the shop's own plugin already took the money.
    Taken,
}

/// Money that the shop's plugin says it holds or took: believed only once the gateway has confirmed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The gateway's name for it.
    pub gateway_request_id: String,
    /// The plugin's merchant reference.
    pub reference: String,
}

/// What the buyer's bank said when it asked the buyer who they are (3-D Secure).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Authentication {
    /// The proof; whoever has it can pay with it, so it is never printed.
    pub cavv: String,
    /// The electronic commerce indicator: `05`.
    pub eci: String,
    /// The scheme's name for the exchange.
    pub xid: String,
    /// The directory server's name for the exchange.
    pub directory_server_id: String,
    /// The protocol: `2.2.0`.
    pub version: String,
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authentication").field("eci", &self.eci).finish_non_exhaustive()
    }
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
    /// What the shop's plugin has done already, in the modes `Adopt` and `Taken`.
    pub claim: Option<Claim>,
    /// What the buyer proved.
    pub authentication: Option<Authentication>,
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
