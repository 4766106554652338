//! The whole service over the twins of ledger and broker, without sockets and under paused time.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world should fail loudly")]

mod callbacks;
mod crashes;
mod orders;
mod refusals;
mod shops;
mod world;
