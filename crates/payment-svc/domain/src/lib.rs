//! What `payment-svc` decides: two aggregates per order, which talk to each other inside one database transaction, and two
//! that come in when something went wrong.
//!
//! ```text
//! erp-writer's events ──▶ order_to_cash (the saga) ──▶ commands to erp-writer
//!                              │  ▲
//!                    Authorize │  │ RecordHeld, RecordDeclined,
//!              Capture, Reverse│  │ RecordCaptured, RecordReversed …
//!                              ▼  │
//!                           payment (the card money) ──▶ calls to the gateway, answers from it
//!                              │  ▲         ▲
//!                        Begin │  │ RecordUndone, RecordUndoParked
//!                              ▼  │         │ RecordSeen
//!                             ladder      sweep ──▶ the gateway's own list, every two minutes
//! ```
//!
//! [`order_to_cash`] decides what happens next to an order; [`payment`] decides what may be asked of the card gateway and
//! reads its answers; [`ladder`] gives one piece of money back, rung by rung; [`sweep`] compares the gateway's list of what it
//! did with ours. None of them waits, fails or looks at a clock: the hour of a request travels inside the command.

pub mod ladder;
pub mod order_to_cash;
pub mod payment;
pub mod sweep;
mod vocabulary;

pub use vocabulary::{Authentication, CardToken, Claim, DAY_MS, Reason, Shortage, TokenMode};
