//! The face of the table of leases: Postgres, or memory under simulation. One suite of tests runs over both.

use std::{pin::Pin, time::Duration};

use ids::Pair;

/// Who holds, and for how long from now.
#[derive(Debug, Clone, Copy)]
pub struct Hold<'a> {
    /// Of which pair the operators are.
    pub pair: &'a Pair,
    /// The incarnation of the process.
    pub holder: &'a str,
    /// How long a lease lasts unless renewed.
    pub lasts: Duration,
}

/// A lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    /// The operator.
    pub name: String,
    /// Tells this lease from earlier and later ones.
    pub epoch: i64,
}

/// Why the leases could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct LeaseError(pub String);

/// A boxed future of a lease call.
pub type LeaseFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, LeaseError>> + Send + 'a>>;

/// Who holds which operator.
pub trait OperatorLeases: Send + Sync {
    /// Leases the first of the candidates that nobody else holds; `None` when others hold all of them.
    fn acquire<'a>(&'a self, hold: Hold<'a>, candidates: &'a [String]) -> LeaseFuture<'a, Option<Leased>>;

    /// Makes a lease last again as long; false when somebody else holds it by now.
    fn renew<'a>(&'a self, hold: Hold<'a>, lease: &'a Leased) -> LeaseFuture<'a, bool>;

    /// Gives a lease back. One that somebody else holds by now stays as it is.
    fn release<'a>(&'a self, hold: Hold<'a>, lease: &'a Leased) -> LeaseFuture<'a, ()>;
}
