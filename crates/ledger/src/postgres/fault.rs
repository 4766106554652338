//! What a driver error means: lost, worth repeating, or wrong for good.

use std::error::Error;

use crate::error::LedgerError;

/// What is known after a failed statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The connection is gone; what it was doing may have been done.
    Lost(String),
    /// Two writers stood in each other's way and the database gave one up: repeat at once.
    Clash(String),
    /// The database answers, but cannot now. Nothing was written.
    Busy(String),
    /// The request is wrong: the same one fails again.
    Refused(String),
}

/// The whole chain of causes in words.
pub(crate) fn words(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

/// Sorts a driver error.
pub(crate) fn trouble(error: &sqlx::Error) -> Trouble {
    let text = words(error);
    let sqlx::Error::Database(database) = error else {
        return match error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::PoolClosed
            | sqlx::Error::BeginFailed => Trouble::Lost(text),
            sqlx::Error::PoolTimedOut => Trouble::Busy(text),
            // The driver's enum grows: whatever it says about encoding, decoding or configuration stays wrong.
            _ => Trouble::Refused(text),
        };
    };
    let code = database.code().unwrap_or_default();
    match code.get(..2).unwrap_or_default() {
        _ if matches!(&*code, "40001" | "40P01") => Trouble::Clash(text),
        // Ended by an administrator or a crash of a neighbour: the server closes the connection after saying so.
        _ if matches!(&*code, "57P01" | "57P02" | "57P03" | "57P05" | "25P03") => Trouble::Lost(text),
        "08" => Trouble::Lost(text),
        "25" => Trouble::Lost(text),
        // Out of room, a lock or a statement that took too long, a standby that takes no writes.
        "53" | "55" | "57" | "58" => Trouble::Busy(text),
        _ => Trouble::Refused(text),
    }
}

/// A failure to connect.
pub(crate) fn connecting(error: sqlx::Error) -> LedgerError {
    match trouble(&error) {
        Trouble::Lost(detail) | Trouble::Clash(detail) | Trouble::Busy(detail) => LedgerError::Unavailable { detail },
        Trouble::Refused(detail) => LedgerError::Refused { detail },
    }
}

/// A failed statement that only reads.
pub(crate) fn reading(error: &sqlx::Error) -> LedgerError {
    match trouble(error) {
        Trouble::Lost(detail) | Trouble::Clash(detail) | Trouble::Busy(detail) => LedgerError::Unavailable { detail },
        Trouble::Refused(detail) => LedgerError::Refused { detail },
    }
}

/// A failed statement that writes and commits by itself.
pub(crate) fn writing(error: &sqlx::Error) -> LedgerError {
    match trouble(error) {
        Trouble::Lost(detail) => LedgerError::LostInCommit { detail },
        Trouble::Clash(detail) | Trouble::Busy(detail) => LedgerError::Unavailable { detail },
        Trouble::Refused(detail) => LedgerError::Refused { detail },
    }
}
