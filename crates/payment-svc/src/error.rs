//! Why a call to the gateway gave nothing to decide on, and which of the three failures each is.

use std::error::Error as _;

use cybersource::GatewayError;
use fault::{Class, Classify};
use ids::{MerchantReference, Pair};
use ledger::LedgerError;
use sealed::SealedError;

use crate::codec::Corrupt;

/// Why a call gave nothing to decide on. A refusal by the gateway is not here: that is an answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The pair is not in this process's configuration.
    #[error("pair `{0}` is not configured here")]
    NoSuchPair(Pair),
    /// The service knows no such call.
    #[error("no call `{0}` in this service")]
    NoSuchCall(String),
    /// The stored request cannot be read.
    #[error("the stored request cannot be read: {0}")]
    Unreadable(String),
    /// The card token died before the gateway could be reached.
    #[error("the card token expired before the gateway could be reached")]
    TokenExpired,
    /// The person's key is gone: the person was erased.
    #[error("the person's data was erased")]
    Erased,
    /// The personal part cannot be opened.
    #[error("the personal part cannot be opened")]
    Sealed(#[source] SealedError),
    /// The ledger did not give the person's key.
    #[error("the person's key could not be read")]
    Ledger(#[source] LedgerError),
    /// The gateway's records do not show it yet.
    #[error("the gateway's records do not show it yet")]
    NotShownYet,
    /// The gateway gave no usable answer.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The gateway answered about another request.
    #[error("the gateway answered {asked} with news of `{told}`")]
    OtherReference {
        /// What was asked.
        asked: MerchantReference,
        /// What it says that it answers.
        told: String,
    },
}

impl Classify for CallError {
    fn class(&self) -> Class {
        match self {
            // A configuration can be mended; the order waits meanwhile, visibly.
            Self::NoSuchPair(_) => Class::Transient,
            Self::NoSuchCall(_) | Self::Unreadable(_) => Class::Permanent,
            Self::TokenExpired | Self::Erased | Self::Sealed(_) => Class::Permanent,
            // Read before anything is sent.
            Self::Ledger(_) => Class::Transient,
            // Looked for again; nothing was written.
            Self::NotShownYet => Class::Transient,
            Self::Gateway(error) => error.class(),
            Self::OtherReference { .. } => Class::UnknownOutcome,
        }
    }
}

impl From<Corrupt> for CallError {
    fn from(Corrupt(why): Corrupt) -> Self {
        Self::Unreadable(why)
    }
}

impl CallError {
    /// The whole chain of causes in one line.
    pub(crate) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut next = self.source();
        while let Some(cause) = next {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            next = cause.source();
        }
        text
    }
}
