//! Why a ledger gave no answer. A conflict, a seen message and a taken key are not here: those are answers.

use fault::{Class, Classify};
use ids::StreamId;

/// Why a ledger gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The database could not be reached, or had no room in time. Nothing was written.
    #[error("ledger unavailable: {detail}")]
    Unavailable {
        /// The cause, in the driver's words.
        detail: String,
    },
    /// The connection went away while a write was being made durable, and could not be asked afterwards.
    /// Handle the message again from the beginning: the inbox row or the head of the stream tells what became of it.
    #[error("connection lost while committing: {detail}")]
    LostInCommit {
        /// The cause, in the driver's words.
        detail: String,
    },
    /// A stored event does not follow from its predecessor: somebody changed history.
    #[error("stream {stream} is corrupt at version {version}")]
    Corrupt {
        /// The stream.
        stream: StreamId,
        /// The first version that does not fit, 0 when it is the head itself.
        version: i64,
    },
    /// The database, or the ledger before it, finds the request itself wrong: the same request fails again.
    #[error("ledger refused: {detail}")]
    Refused {
        /// What is wrong.
        detail: String,
    },
}

impl LedgerError {
    pub(crate) fn refused(detail: impl Into<String>) -> Self {
        Self::Refused { detail: detail.into() }
    }

    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::Unavailable { detail: detail.into() }
    }
}

impl Classify for LedgerError {
    fn class(&self) -> Class {
        match self {
            Self::Unavailable { .. } => Class::Transient,
            // Both may be true. Unlike an outside call it is safe to decide again: heads, keys and inbox rows
            // arbitrate. It is never safe to answer from memory.
            Self::LostInCommit { .. } => Class::UnknownOutcome,
            Self::Corrupt { .. } | Self::Refused { .. } => Class::Permanent,
        }
    }
}
