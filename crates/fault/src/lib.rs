//! Three kinds of failure, never two.
//!
//! It did not happen and may work later; it did not happen and never will; *we do not know whether it happened*.
//! Every error of a client says which one it is, in one exhaustive `match` without a default arm, because the
//! third kind treated as the first is a double charge.

mod backoff;

pub use backoff::{Backoff, jittered};

/// What is known about a call that gave no usable answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// It did **not** happen; the same thing may work later.
    Transient,
    /// It did not happen and never will: the same bytes fail again.
    Permanent,
    /// It **may** have happened. Nobody repeats it and nobody compensates it before an inquiry is answered.
    UnknownOutcome,
}

impl Class {
    /// The word used in logs, metrics and stored rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Permanent => "permanent",
            Self::UnknownOutcome => "unknown_outcome",
        }
    }
}

/// An error that knows which of the three failures it is.
///
/// Implementations list every variant: a new one must be thought about.
pub trait Classify {
    /// The class of this failure.
    fn class(&self) -> Class;
}
