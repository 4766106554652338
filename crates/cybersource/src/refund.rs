//! Refund: give back money that was taken. `POST /pts/v2/captures/{id}/refunds`, or `/payments/{id}/refunds` for a sale.
//!
//! The gateway guards a repeated refund by nothing but the balance that remains, so a second sending pays twice.

use chrono::{DateTime, Utc};
use money::Amount;
use serde_json::json;

use crate::{
    authorize::amount_details,
    client::{self, Call, Client},
    error::GatewayError,
    reader::Answer,
    status::Operation,
};

/// What to give back, of which money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Our name for the attempt, unique for ever.
    pub reference: String,
    /// Which money.
    pub of: Taken,
    /// How much.
    pub amount: Amount,
    /// Our id for a later time-out void, on accounts that take one.
    pub transaction_id: Option<String>,
}

/// Money that was taken, by the gateway's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// By a sale.
    Sale(String),
    /// By a capture.
    Capture(String),
}

/// What the gateway said to a refund that it took. It waits for the day's batch, and may be declined there later: only a
/// report or a notice tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refunded {
    /// The gateway's id of the refund.
    pub request_id: String,
    /// How much, as told.
    pub amount: Option<Amount>,
    /// The reference as the gateway repeats it.
    pub reference: Option<String>,
    /// The id that settlement reports carry.
    pub reconciliation_id: Option<String>,
    /// When the gateway took it.
    pub submitted_at: Option<DateTime<Utc>>,
}

impl Client {
    /// Gives money back. One attempt.
    ///
    /// # Errors
    /// When there is no usable answer, or the gateway refuses.
    pub async fn refund(&self, ask: &Refund) -> Result<Refunded, GatewayError> {
        let reference = client::checked_reference(&ask.reference)?;
        let (kind, id) = match &ask.of {
            Taken::Sale(id) => ("payments", id),
            Taken::Capture(id) => ("captures", id),
        };
        let path = format!("/pts/v2/{kind}/{}/refunds", client::checked_id(id)?);
        let body = json!({
            "clientReferenceInformation": client::reference_information(reference, ask.transaction_id.as_deref())?,
            "orderInformation": {"amountDetails": amount_details(ask.amount)},
        });
        read(ask, &self.post(Call::pts("refund", reference, path), &body).await?)
    }
}

fn read(ask: &Refund, answer: &Answer) -> Result<Refunded, GatewayError> {
    let (request_id, document) = client::done(Operation::Refund, answer)?;
    let currency = Some(ask.amount.currency());
    let amount = document.amount("refundAmountDetails/refundAmount", "refundAmountDetails/currency", currency);
    Ok(Refunded {
        request_id,
        amount: amount.map_err(|what| answer.unreadable(what))?,
        reference: document.text("clientReferenceInformation/code"),
        reconciliation_id: document.text("reconciliationId"),
        submitted_at: document.time("submitTimeUtc"),
    })
}
