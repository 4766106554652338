//! This service's errors and what each means.

use fault::{Class, Classify};
use node::TransportError;
use runtime::EngineError;

use crate::person::PersonError;

/// Why a shop was not told.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    /// The shop has no callback (any more).
    #[error("the shop has no callback configured")]
    NoTarget,
    /// The request cannot be made.
    #[error("the callback cannot be written: {0}")]
    Unsendable(String),
    /// The shop says that nobody listens there any more.
    #[error("the shop answers 410: nobody listens there any more")]
    Gone,
    /// Another answer than success.
    #[error("the shop answers {0}")]
    Status(u16),
    /// No answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

impl Classify for CallbackError {
    fn class(&self) -> Class {
        match self {
            Self::NoTarget | Self::Unsendable(_) | Self::Gone => Class::Permanent,
            // A shop in maintenance answers anything, 404 and 401 included. A callback only tells and carries its event
            // id, so also one that may have arrived is simply repeated.
            Self::Status(_) | Self::Transport(_) => Class::Transient,
        }
    }
}

/// Why a request could not be worked on; none of it the caller's fault.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The engine gave no verdict.
    #[error("the order could not be decided on")]
    Engine(#[from] EngineError),
    /// The person's data could not be sealed.
    #[error("personal data could not be sealed")]
    Person(#[from] PersonError),
    /// The ledger gave no answer.
    #[error("the ledger gave no answer")]
    Ledger(#[from] ledger::LedgerError),
    /// Something that cannot be: a programmer must look.
    #[error("{0}")]
    Broken(String),
}

impl Classify for IntakeError {
    fn class(&self) -> Class {
        match self {
            Self::Engine(error) => error.class(),
            Self::Person(PersonError::Ledger(error)) | Self::Ledger(error) => error.class(),
            Self::Person(PersonError::Sealed(_) | PersonError::Generations) | Self::Broken(_) => Class::Permanent,
        }
    }
}
