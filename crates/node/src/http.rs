//! HTTP as a value: a request of bytes, an answer of bytes, and an error that says whether anything left the machine.

use std::{pin::Pin, time::Duration};

use bytes::Bytes;
use fault::{Class, Classify};

/// A request with its whole body and an absolute URI.
pub type Request = ::http::Request<Bytes>;
/// An answer with its whole body.
pub type Response = ::http::Response<Bytes>;
/// A boxed future, so that transports can be chosen at run time.
pub type HttpFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How long a call may take and how much it may answer.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the first attempt to connect until the last byte of the answer.
    pub total: Duration,
    /// Answers above this many bytes are cut off and count as unreadable.
    pub body_bytes_max: usize,
}

impl Limits {
    /// A total time and the usual 1 MiB of answer.
    pub const fn within(total: Duration) -> Self {
        Self { total, body_bytes_max: 1 << 20 }
    }
}

/// Why a call gave no answer. The two variants are the whole point: only the first proves that nothing happened.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The name did not resolve, the connection was refused or TLS failed: no byte of the request left.
    #[error("could not connect to {host}: {detail}")]
    NotSent {
        /// Host and port.
        host: String,
        /// The cause, in the system's words.
        detail: String,
    },
    /// The request may have arrived: no answer in time, a broken connection, an answer that could not be read.
    #[error("no usable answer from {host}: {detail}")]
    MaybeSent {
        /// Host and port.
        host: String,
        /// The cause, in the system's words.
        detail: String,
    },
}

impl Classify for TransportError {
    fn class(&self) -> Class {
        match self {
            Self::NotSent { .. } => Class::Transient,
            Self::MaybeSent { .. } => Class::UnknownOutcome,
        }
    }
}

/// Sends a request and waits for its answer. Never follows redirects, never retries: a caller that signs bytes and
/// accounts for attempts cannot have either done behind its back.
pub trait Transport: Send + Sync {
    /// One attempt.
    fn send(&self, request: Request, limits: Limits) -> HttpFuture<'_, Result<Response, TransportError>>;
}

/// The other side of a simulated connection. `None` means: received, worked on, never answered.
pub trait Handler: Send + Sync {
    /// Handles one request; may wait on tokio time before it answers.
    fn handle(&self, request: Request) -> HttpFuture<'static, Option<Response>>;
}
