//! The whole service over the twins of ledger and broker, without sockets and under paused time.

mod callbacks;
mod crashes;
mod orders;
mod refusals;
mod shops;
mod world;
