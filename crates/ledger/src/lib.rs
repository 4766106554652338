//! The ledger: hash-chained event streams, and beside them everything that must become durable together with an event.
//!
//! One decision is one [`Commit`]: events at an expected end, the inbox row of the message that caused it, messages to
//! send, effects and timers, keys to own. It goes through whole or not at all. [`Store`] is the face; behind it stand
//! Postgres ([`PostgresLedger`], which gathers commits of many callers into one database transaction, because a flush to
//! disk is the dearest thing here) and a twin in memory ([`MemoryLedger`]) with the same answers, seeded faults and a
//! clock that a test can pause. One conformance suite runs against both.
//!
//! Three things hold whatever happens: versions are dense and one writer wins; a stored event can be neither changed nor
//! moved without it showing ([`chain`]); an effect is announced (`sent`) before anything leaves, and only under the epoch
//! of whoever holds it.

pub mod chain;
mod error;
mod memory;
mod migrate;
mod postgres;
mod prepare;
mod store;
mod types;
mod verdict;

pub use crate::{
    error::LedgerError,
    memory::{MemoryFaults, MemoryLedger, MemoryState},
    migrate::{FIRST_OF_SERVICE, create_database, migrate},
    postgres::{PostgresConfig, PostgresLedger},
    store::{Ledger, LedgerFuture, Store},
    types::*,
};
