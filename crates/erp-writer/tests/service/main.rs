//! erp-writer against the simulated SYSPRO, and its operators' leases against memory and a real Postgres.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails like the test itself")]

mod engine;
mod leases;
mod operators;
mod orders;
mod world;
