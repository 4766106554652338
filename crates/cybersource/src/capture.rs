//! Capture: take money that is held. `POST /pts/v2/payments/{id}/captures`.

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

/// What to take, of which hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// Our name for the attempt, unique for ever.
    pub reference: String,
    /// The gateway's id of the authorization.
    pub payment_id: String,
    /// How much.
    pub amount: Amount,
    /// Our id for a later time-out void, on accounts that take one.
    pub transaction_id: Option<String>,
}

/// What the gateway said to a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// The gateway's id of the capture.
    pub request_id: String,
    /// Whether it waits for the day's batch.
    pub status: CaptureStatus,
    /// How much, as told.
    pub amount: Option<Amount>,
    /// The reference as the gateway repeats it.
    pub reference: Option<String>,
    /// The id that settlement reports carry.
    pub reconciliation_id: Option<String>,
    /// When the gateway took it.
    pub submitted_at: Option<DateTime<Utc>>,
}

/// How far an accepted capture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptureStatus {
    /// Accepted for the next batch.
    Pending,
    /// Sent to the processor at once.
    Transmitted,
}

impl Client {
    /// Takes held money. One attempt.
    ///
    /// # Errors
    /// When there is no usable answer, or the gateway refuses.
    pub async fn capture(&self, ask: &Capture) -> Result<Captured, GatewayError> {
        let reference = client::checked_reference(&ask.reference)?;
        let path = format!("/pts/v2/payments/{}/captures", client::checked_id(&ask.payment_id)?);
        let body = json!({
            "clientReferenceInformation": client::reference_information(reference, ask.transaction_id.as_deref())?,
            "orderInformation": {"amountDetails": amount_details(ask.amount)},
        });
        read(ask, &self.post(Call::pts("capture", reference, path), &body).await?)
    }
}

fn read(ask: &Capture, answer: &Answer) -> Result<Captured, GatewayError> {
    let (request_id, document) = client::done(Operation::Capture, answer)?;
    let is_sent = document.text("status").as_deref() == Some("TRANSMITTED");
    let status = if is_sent { CaptureStatus::Transmitted } else { CaptureStatus::Pending };
    let amount = document.amount(
        "orderInformation/amountDetails/totalAmount",
        "orderInformation/amountDetails/currency",
        Some(ask.amount.currency()),
    );
    Ok(Captured {
        request_id,
        status,
        amount: amount.map_err(|what| answer.unreadable(what))?,
        reference: document.text("clientReferenceInformation/code"),
        reconciliation_id: document.text("reconciliationId"),
        submitted_at: document.time("submitTimeUtc"),
    })
}
