//! What `payment-svc` decides: two aggregates per order, which talk to each other inside one database transaction.
//!
//! ```text
//! erp-writer's events ──▶ order_to_cash (the saga) ──▶ commands to erp-writer
//!                              │  ▲
//!                    Authorize │  │ RecordHeld, RecordDeclined,
//!              Capture, Reverse│  │ RecordCaptured, RecordReversed …
//!                              ▼  │
//!                           payment (the card money) ──▶ calls to the gateway, answers from it
//! ```
//!
//! [`order_to_cash`] decides what happens next to an order; [`payment`] decides what may be asked of the card gateway and
//! reads its answers. Neither waits, fails or looks at a clock: the hour of a request travels inside the command.

pub mod order_to_cash;
pub mod payment;
mod vocabulary;

pub use vocabulary::{CardToken, DAY_MS, Reason, Shortage, TokenMode};
