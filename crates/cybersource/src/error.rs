//! Why the gateway gave no usable answer, and which of the three failures each is. A decline is not here: that is an answer.
//!
//! | what happened | class | why |
//! |---|---|---|
//! | not sent (refused, TLS) | transient | nothing left this machine |
//! | 401, 403 | transient | nothing was done; an expired key must delay an order and alarm somebody, never lose it |
//! | 429 | transient | nothing was done |
//! | 404, 400 and other reasons | permanent | nothing was done and the same bytes fail again |
//! | 400 DUPLICATE_REQUEST | unknown | an earlier request arrived; how it ended is not said |
//! | 400 PROCESSOR_UNAVAILABLE | unknown | the gateway itself does not know |
//! | 500, 502, 503, 504 | unknown | the request had arrived |
//! | no answer, an unreadable answer, an unknown status | unknown | it may have happened |

use fault::{Class, Classify};
use node::TransportError;

/// Why a call to the card gateway gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The request cannot be built; nothing was sent.
    #[error("the request to the card gateway cannot be made: {0}")]
    Unbuildable(String),
    /// No byte of the request left this machine.
    #[error("the card gateway was not reached")]
    NotSent(#[source] TransportError),
    /// It may have arrived, and no answer came.
    #[error("no answer from the card gateway to {reference}")]
    NoAnswer {
        /// Our name for the attempt.
        reference: String,
        /// What the network said.
        #[source]
        source: TransportError,
    },
    /// 401: the signature was not accepted (key expired, wrong world, clock wrong).
    #[error("the card gateway did not accept our signature (correlation {correlation})")]
    Unauthenticated {
        /// What the vendor's support asks for.
        correlation: String,
    },
    /// 403: the key may not do this.
    #[error("the card gateway does not permit this to our key (correlation {correlation})")]
    Forbidden {
        /// What the vendor's support asks for.
        correlation: String,
    },
    /// 429.
    #[error("the card gateway asks for fewer requests")]
    RateLimited,
    /// 404: it knows no such payment, or the product is not enabled.
    #[error("the card gateway does not know what {reference} is about")]
    NotFound {
        /// Our name for the attempt.
        reference: String,
    },
    /// 400, or an answer INVALID_REQUEST: refused before anything was done.
    #[error("the card gateway refused {reference}: {reason} {fields:?}")]
    Refused {
        /// Our name for the attempt.
        reference: String,
        /// The vendor's word, such as `INVALID_DATA` or `AUTH_ALREADY_REVERSED`.
        reason: String,
        /// The fields it names.
        fields: Vec<String>,
    },
    /// 400 DUPLICATE_REQUEST: an earlier request with this reference arrived.
    #[error("the card gateway has seen {reference} before")]
    Duplicate {
        /// Our name for the attempt.
        reference: String,
    },
    /// 400 PROCESSOR_UNAVAILABLE.
    #[error("the processor behind the card gateway did not answer for {reference}")]
    ProcessorUnavailable {
        /// Our name for the attempt.
        reference: String,
    },
    /// 500, 502, 503 or 504.
    #[error("the card gateway failed at {reference}: {status} {reason}")]
    ServerFailed {
        /// Our name for the attempt.
        reference: String,
        /// The HTTP status.
        status: u16,
        /// The vendor's word, when it gave one.
        reason: String,
    },
    /// An HTTP status that is documented for nothing we call.
    #[error("the card gateway answered {reference} with the unexpected status {status}")]
    UnexpectedStatus {
        /// Our name for the attempt.
        reference: String,
        /// The HTTP status.
        status: u16,
    },
    /// An answer that cannot be read, or lacks what it must hold.
    #[error("the card gateway's answer to {reference} cannot be read: {what}")]
    Unreadable {
        /// Our name for the attempt.
        reference: String,
        /// What is wrong with it; never its text.
        what: String,
    },
    /// A payment status that we do not know.
    #[error("the card gateway says {status:?} of {reference}, which we do not know (request {request_id})")]
    UnknownStatus {
        /// Our name for the attempt.
        reference: String,
        /// The vendor's word.
        status: String,
        /// The vendor's id of the request.
        request_id: String,
    },
    /// A search failed. A question changes nothing, so it may be asked again whatever went wrong.
    #[error("the card gateway did not answer our question")]
    Inquiry(#[source] Box<GatewayError>),
}

impl Classify for GatewayError {
    fn class(&self) -> Class {
        match self {
            Self::Unbuildable(_) => Class::Permanent,
            Self::NotSent(_) => Class::Transient,
            Self::NoAnswer { .. } => Class::UnknownOutcome,
            // The request was judged by its signature alone, so nothing happened. The fault is in a configuration that
            // a person mends within the day; an order refused for good meanwhile would be lost for nothing. It waits,
            // and the growing number of attempts makes a task of it.
            Self::Unauthenticated { .. } | Self::Forbidden { .. } => Class::Transient,
            Self::RateLimited => Class::Transient,
            Self::NotFound { .. } | Self::Refused { .. } => Class::Permanent,
            // Both are 400, and neither says that no money moved.
            Self::Duplicate { .. } | Self::ProcessorUnavailable { .. } => Class::UnknownOutcome,
            Self::ServerFailed { .. } => Class::UnknownOutcome,
            Self::UnexpectedStatus { .. } => Class::UnknownOutcome,
            Self::Unreadable { .. } | Self::UnknownStatus { .. } => Class::UnknownOutcome,
            Self::Inquiry(cause) => match cause.class() {
                Class::Permanent => Class::Permanent,
                Class::Transient | Class::UnknownOutcome => Class::Transient,
            },
        }
    }
}
