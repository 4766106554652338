//! Why the engine could not finish a piece of work.

use fault::{Class, Classify};
use ids::StreamId;
use ledger::LedgerError;

use crate::service::{CodecError, Unreadable};

/// Why a piece of work could not be finished. Nothing was committed, except where the ledger itself does not know.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The ledger gave no answer.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A stored event cannot be folded.
    #[error("stream {stream}: {source}")]
    Codec {
        /// The stream.
        stream: StreamId,
        /// Why.
        #[source]
        source: CodecError,
    },
    /// A stored answer or timer cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Somebody else was faster, again and again.
    #[error("stream {0} is contended: gave up after several tries")]
    Contended(StreamId),
    /// A decision asked for more commands of its own service than the limit: a loop in the rules.
    #[error("a decision on stream {0} told other streams without end")]
    Endless(StreamId),
    /// The node is stopping or dead.
    #[error("the service is stopping")]
    Stopping,
}

impl Classify for EngineError {
    fn class(&self) -> Class {
        match self {
            Self::Ledger(error) => error.class(),
            Self::Codec { source: CodecError::Newer { .. }, .. } | Self::Contended(_) | Self::Stopping => {
                Class::Transient
            }
            Self::Codec { source: CodecError::Corrupt { .. }, .. } | Self::Unreadable(_) | Self::Endless(_) => {
                Class::Permanent
            }
        }
    }
}
