//! The buyer's proof (3-D Secure) that goes with a payment: the page got it, the gateway wants it by scheme.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::authorize::present;

/// The buyer's proof (3-D Secure) as the page got it. Blank texts are not sent.
#[derive(Clone, Default)]
pub struct Authentication {
    /// Whose scheme it is.
    pub scheme: AuthenticationScheme,
    /// The proof itself; whoever has it can pay with it.
    pub cavv: String,
    /// The electronic commerce indicator, such as `05`.
    pub eci: String,
    /// The scheme's name for the exchange.
    pub xid: String,
    /// The directory server's name for the exchange.
    pub directory_server_id: String,
    /// The protocol, such as `2.2.0`.
    pub version: String,
}

/// Whose scheme a proof is of: it decides where the gateway wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthenticationScheme {
    /// Visa Secure.
    Visa,
    /// Mastercard Identity Check.
    Mastercard,
    /// American Express SafeKey.
    Amex,
    /// Another one, or not told.
    #[default]
    Other,
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authentication").field("scheme", &self.scheme).field("eci", &self.eci).finish_non_exhaustive()
    }
}

impl AuthenticationScheme {
    pub(crate) fn commerce_indicator(self) -> &'static str {
        match self {
            Self::Visa => "vbv",
            Self::Mastercard => "spa",
            Self::Amex => "aesk",
            Self::Other => "internet",
        }
    }
}

impl Authentication {
    pub(crate) fn members(&self) -> Map<String, Value> {
        // Mastercard has names of its own for the proof.
        let proof = if self.scheme == AuthenticationScheme::Mastercard { "ucafAuthenticationData" } else { "cavv" };
        let mut members = present([
            (proof, &self.cavv),
            ("eciRaw", &self.eci),
            ("xid", &self.xid),
            ("directoryServerTransactionId", &self.directory_server_id),
            ("paSpecificationVersion", &self.version),
        ]);
        if self.scheme == AuthenticationScheme::Mastercard {
            members.insert("ucafCollectionIndicator".to_owned(), json!("2"));
        }
        members
    }
}
