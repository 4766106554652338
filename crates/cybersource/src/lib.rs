//! Cybersource's REST API, the operations on an order's money: authorize, sale, capture, reverse, void, refund, the two ways
//! to undo a silent request, and the questions: search, detail, a window of time.
//!
//! Speaks the vendor's language and knows nothing of orders or sagas. One file per operation, a signer over the final
//! bytes ([`signature`]), one table of words ([`status`]), one error with one classification ([`GatewayError`]). Nothing is
//! ever repeated in here: the gateway has no idempotency key, so a second sending is a second payment, and whoever keeps
//! the ledger decides.

mod authentication;
mod authorize;
mod capture;
mod client;
mod detail;
mod error;
mod reader;
mod refund;
mod reverse;
mod search;
pub mod signature;
pub mod status;
mod timeout;
mod void;
mod window;

pub use crate::{
    authentication::{Authentication, AuthenticationScheme},
    authorize::{Authorization, AuthorizationStatus, Authorize, BillTo, Device, PaymentSource, SchemeAdvice},
    capture::{Capture, CaptureStatus, Captured},
    client::{Client, ClientConfig, ConfigError, Scheme},
    detail::TransactionDetail,
    error::GatewayError,
    refund::{Refund, Refunded, Taken},
    reverse::{Reverse, Reversed},
    search::{Application, ApplicationOutcome, SearchResult, TransactionSummary},
    timeout::{TimeoutReverse, TimeoutVoid, Undone},
    void::{Void, Voidable, Voided},
    window::{WINDOW_MAX, Window, WindowPage},
};

/// The longest merchant reference (`clientReferenceInformation.code`).
pub const REFERENCE_MAX: usize = 50;
/// The longest client transaction id (`clientReferenceInformation.transactionId`).
pub const TRANSACTION_ID_MAX: usize = 30;
