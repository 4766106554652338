//! Why the bus gave no answer, and what that means.

use std::time::Duration;

use fault::{Class, Classify};

/// Why the bus did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// No stream takes this subject, or the named stream is not there: a leader is being elected, or the topology role
    /// has not made it yet.
    #[error("no stream of the bus for {what}")]
    NoStream {
        /// The subject or the stream's name.
        what: String,
    },
    /// No answer in time. It may have been stored.
    #[error("the bus did not answer within {limit:?}: {what}")]
    Timeout {
        /// What was asked.
        what: String,
        /// How long we waited.
        limit: Duration,
    },
    /// Nobody listens where JetStream should.
    #[error("the bus has no JetStream that answers")]
    NoResponders,
    /// Not connected; nothing was sent.
    #[error("not connected to the bus")]
    Disconnected,
    /// The stream is at its limit of bytes and keeps what it has, or the disk is full.
    #[error("the bus has no room: {detail}")]
    Full {
        /// The broker's words.
        detail: String,
    },
    /// The broker refused for a reason that may pass.
    #[error("the bus refused: {detail}")]
    Refused {
        /// The broker's words.
        detail: String,
    },
    /// A receipt without a stream or a sequence: it proves nothing.
    #[error("the bus gave an empty receipt for {subject}")]
    EmptyReceipt {
        /// The subject of the message.
        subject: String,
    },
    /// The message is above the stream's limit.
    #[error("message of {bytes} bytes is too large for the bus: {subject}")]
    TooLarge {
        /// The subject of the message.
        subject: String,
        /// Its size.
        bytes: usize,
    },
    /// Nothing can be published on this subject.
    #[error("invalid subject {subject:?}")]
    InvalidSubject {
        /// The subject.
        subject: String,
    },
    /// A header that cannot be written.
    #[error("invalid header {name:?}")]
    InvalidHeader {
        /// The header's name; its value may be private.
        name: String,
    },
    /// The server is older than what we rely on.
    #[error(
        "the NATS server is version {version}; 2.10 or later is needed (older ones ignore consumer filters silently)"
    )]
    TooOld {
        /// What it says it is.
        version: String,
    },
    /// The address or the credentials cannot be used.
    #[error("the bus is configured wrongly: {detail}")]
    Misconfigured {
        /// What is wrong, without secrets.
        detail: String,
    },
}

impl Classify for BusError {
    fn class(&self) -> Class {
        match self {
            // A publish that timed out may well be stored, and yet it is not an unknown outcome: the same message with
            // the same id again is harmless, because the broker drops it or every inbox does. Nobody has to ask first.
            Self::Timeout { .. } => Class::Transient,
            Self::NoStream { .. }
            | Self::NoResponders
            | Self::Disconnected
            | Self::Full { .. }
            | Self::Refused { .. }
            | Self::EmptyReceipt { .. } => Class::Transient,
            Self::TooLarge { .. } | Self::InvalidSubject { .. } | Self::InvalidHeader { .. } => Class::Permanent,
            Self::TooOld { .. } | Self::Misconfigured { .. } => Class::Permanent,
        }
    }
}
