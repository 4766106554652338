//! What became of a call, and the one table that says what each code of the facade means.
//!
//! A write ends in one of three ways, never two. Silence, a broken answer, a lost session and the facade's own doubt are all
//! [`Outcome::Unknown`]: the document may stand in SYSPRO, so the caller asks by its natural key before anything else.

mod codes;

use std::fmt;

use fault::{Class, Classify};

pub use codes::Code;

/// What became of a write.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum Outcome<T> {
    /// It was done.
    Applied(Applied<T>),
    /// It was surely not done; [`Refusal::class`] says whether it may work later.
    NotApplied(Refusal),
    /// Nobody can tell. Never repeated before an inquiry is answered.
    Unknown(Doubt),
}

/// A write that was done.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied<T> {
    /// What SYSPRO gave back.
    pub result: T,
    /// What it remarked.
    pub warnings: Vec<Warning>,
}

/// Something SYSPRO remarked while doing what was asked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Warning {
    /// Its number, when it has one.
    #[serde(default)]
    pub number: Option<String>,
    /// In words.
    #[serde(default)]
    pub message: String,
    /// About which element.
    #[serde(default)]
    pub element: Option<String>,
    /// Of which line.
    #[serde(default)]
    pub line: Option<u32>,
}

/// Why something was surely not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("SYSPRO did not do it: {code_text}, {message}")]
pub struct Refusal {
    /// What the code means.
    pub code: Code,
    /// The code as it came.
    pub code_text: String,
    /// In SYSPRO's words.
    pub message: String,
    /// What was objected to, element by element.
    pub lines: Vec<LineRefusal>,
    pub(crate) class: Class,
}

impl Refusal {
    pub(crate) fn new(code: Code, class: Class, message: impl Into<String>) -> Self {
        let code_text = code.text().to_owned();
        Self { code, code_text, message: message.into(), lines: Vec::new(), class }
    }
}

impl Classify for Refusal {
    fn class(&self) -> Class {
        self.class
    }
}

/// One objection. Values are not repeated: they may be personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRefusal {
    /// Of which line; `None` is the head.
    pub line: Option<u32>,
    /// To which element.
    pub element: String,
    /// In SYSPRO's words.
    pub message: String,
}

/// Why nobody can tell what became of a write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("nobody can tell what became of {operation}: {detail}")]
pub struct Doubt {
    /// What was asked.
    pub operation: &'static str,
    /// What was heard instead of an answer.
    pub detail: String,
}

impl Classify for Doubt {
    fn class(&self) -> Class {
        Class::UnknownOutcome
    }
}

/// Why a question got no answer. Questions change nothing, so none of this is ever unknown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// SYSPRO did not answer it.
    #[error("SYSPRO refused {operation}")]
    Refused {
        /// What was asked.
        operation: &'static str,
        /// Why.
        #[source]
        refusal: Refusal,
    },
    /// Silence, or a broken connection.
    #[error("no answer from SYSPRO to {operation}: {detail}")]
    NoAnswer {
        /// What was asked.
        operation: &'static str,
        /// What was heard instead.
        detail: String,
    },
    /// An answer that could not be read.
    #[error("the answer of SYSPRO to {operation} cannot be read: {detail}")]
    Unreadable {
        /// What was asked.
        operation: &'static str,
        /// What is wrong with it.
        detail: String,
    },
}

impl Classify for ReadError {
    fn class(&self) -> Class {
        match self {
            Self::Refused { refusal, .. } => refusal.class(),
            // Asking again is free.
            Self::NoAnswer { .. } | Self::Unreadable { .. } => Class::Transient,
        }
    }
}

impl<T> Outcome<T> {
    /// The result, with the rest as it is.
    pub(crate) fn and_then<U>(self, read: impl FnOnce(T) -> Result<U, Doubt>) -> Outcome<U> {
        match self {
            Self::Applied(applied) => match read(applied.result) {
                Ok(result) => Outcome::Applied(Applied { result, warnings: applied.warnings }),
                Err(doubt) => Outcome::Unknown(doubt),
            },
            Self::NotApplied(refusal) => Outcome::NotApplied(refusal),
            Self::Unknown(doubt) => Outcome::Unknown(doubt),
        }
    }
}

impl<T> fmt::Display for Outcome<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Applied(_) => f.write_str("applied"),
            Self::NotApplied(refusal) => refusal.fmt(f),
            Self::Unknown(doubt) => doubt.fmt(f),
        }
    }
}
