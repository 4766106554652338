//! Why a call brought no answer, and what that proves. A refusal by SYSPRO is not here: that is an answer.

use fault::{Class, Classify};

use crate::operators::NoOperator;

/// Why a call to SYSPRO brought no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// This process does not serve the pair.
    #[error("pair `{0}` is not configured in this process")]
    NoSuchPair(ids::Pair),
    /// No operator could be leased.
    #[error(transparent)]
    NoOperator(#[from] NoOperator),
    /// The ledger could not say under which key the order's personal data is sealed.
    #[error("the key of the order's person could not be read")]
    Ledger(#[source] ledger::LedgerError),
    /// The order's personal data cannot be opened: not with this master key.
    #[error("the order's personal data cannot be opened")]
    Sealed(#[source] sealed::SealedError),
    /// Too much time was lost before the write, which was therefore not begun.
    #[error("too little time is left for a write")]
    TooLate,
    /// A question got no answer.
    #[error(transparent)]
    Read(#[from] syspro::ReadError),
    /// The write was surely not made, and may work later.
    #[error(transparent)]
    NotYet(syspro::Refusal),
    /// Nobody can tell whether the write was made.
    #[error(transparent)]
    Doubt(syspro::Doubt),
    /// The stored request cannot be read.
    #[error("the stored request cannot be read: {0}")]
    Request(String),
}

impl Classify for CallError {
    fn class(&self) -> Class {
        match self {
            // Another process may serve it, or this one after a look at its configuration.
            Self::NoSuchPair(_) | Self::NoOperator(_) | Self::Ledger(_) | Self::Sealed(_) | Self::TooLate => {
                Class::Transient
            }
            Self::Read(error) => match error.class() {
                // Questions change nothing.
                Class::UnknownOutcome | Class::Transient => Class::Transient,
                Class::Permanent => Class::Permanent,
            },
            Self::NotYet(refusal) => refusal.class(),
            Self::Doubt(doubt) => doubt.class(),
            Self::Request(_) => Class::Permanent,
        }
    }
}
