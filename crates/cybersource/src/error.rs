//! Why the gateway gave no usable answer, and which of the three failures each is. A decline is not here: that is an answer.
//!
//! | what happened | class | why |
//! |---|---|---|
//! | not sent (refused, TLS) | transient | nothing left this machine |
//! | 401, 403 | transient | nothing was done; an expired key must delay an order and alarm somebody, never lose it |
//! | 429 | transient | nothing was done |
//! | 404, 400 and other known reasons | permanent | nothing was done and the same bytes fail again |
//! | 400 DUPLICATE_REQUEST | unknown | an earlier request arrived; how it ended is not said |
//! | PROCESSOR_UNAVAILABLE, ISSUER_UNAVAILABLE and other such reasons | unknown | the gateway itself does not know |
//! | a reason in no table | unknown | what it says of the money is not guessed |
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
    /// The gateway itself does not know: `PROCESSOR_UNAVAILABLE`, `ISSUER_UNAVAILABLE` and their like.
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
    /// A reason that we do not know.
    #[error("the card gateway gives {reference} the reason {reason:?}, which we do not know")]
    UnknownReason {
        /// Our name for the attempt.
        reference: String,
        /// The vendor's word.
        reason: String,
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
            Self::UnknownReason { .. } => Class::UnknownOutcome,
            Self::Inquiry(cause) => match cause.class() {
                Class::Permanent => Class::Permanent,
                Class::Transient | Class::UnknownOutcome => Class::Transient,
            },
        }
    }
}

impl GatewayError {
    /// Whether the same bytes may be sent again by a machine: only what surely did not happen and may work later.
    pub fn is_retriable(&self) -> bool {
        match self.class() {
            Class::Transient => true,
            Class::Permanent | Class::UnknownOutcome => false,
        }
    }

    /// Whether the gateway said something that stands in no table: a person must hear of it.
    pub fn is_unheard_of(&self) -> bool {
        match self {
            Self::UnknownStatus { .. } | Self::UnknownReason { .. } | Self::UnexpectedStatus { .. } => true,
            Self::Inquiry(cause) => cause.is_unheard_of(),
            Self::Unbuildable(_)
            | Self::NotSent(_)
            | Self::NoAnswer { .. }
            | Self::Unauthenticated { .. }
            | Self::Forbidden { .. }
            | Self::RateLimited
            | Self::NotFound { .. }
            | Self::Refused { .. }
            | Self::Duplicate { .. }
            | Self::ProcessorUnavailable { .. }
            | Self::ServerFailed { .. }
            | Self::Unreadable { .. } => false,
        }
    }
}
