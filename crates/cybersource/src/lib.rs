//! Cybersource's REST API, the four operations that move an order's money: authorize, capture, reverse, search.
//!
//! Speaks the vendor's language and knows nothing of orders or sagas. One file per operation, one signer over the final
//! bytes ([`signature`]), one error with one classification ([`GatewayError`]). Nothing is ever repeated in here: the
//! gateway has no idempotency key, so a second sending is a second payment, and whoever keeps the ledger decides.

mod authorize;
mod capture;
mod client;
mod error;
mod reader;
mod reverse;
mod search;
pub mod signature;

pub use crate::{
    authorize::{Authorization, AuthorizationStatus, Authorize, BillTo, Device, PaymentSource, SchemeAdvice},
    capture::{Capture, CaptureStatus, Captured},
    client::{Client, ClientConfig, ConfigError},
    error::GatewayError,
    reverse::{Reverse, Reversed},
    search::{Application, ApplicationOutcome, SearchResult, TransactionSummary},
};

/// The longest merchant reference (`clientReferenceInformation.code`).
pub const REFERENCE_MAX: usize = 50;
