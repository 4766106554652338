//! Authorization reversal: let go of money that is held. `POST /pts/v2/payments/{id}/reversals`.

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

/// What to let go, of which hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reverse {
    /// Our name for the attempt, unique for ever.
    pub reference: String,
    /// The gateway's id of the authorization.
    pub payment_id: String,
    /// How much: what was authorized, which may be less than was asked.
    pub amount: Amount,
    /// Why, for whoever reads it at the gateway; may be blank.
    pub reason: String,
    /// Our id of this request, on accounts that take one.
    pub transaction_id: Option<String>,
}

/// What the gateway said to a reversal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversed {
    /// The gateway's id of the reversal.
    pub request_id: String,
    /// How much, as told.
    pub amount: Option<Amount>,
    /// The reference as the gateway repeats it.
    pub reference: Option<String>,
    /// The id that reports carry.
    pub reconciliation_id: Option<String>,
    /// When the gateway took it.
    pub submitted_at: Option<DateTime<Utc>>,
}

impl Client {
    /// Lets held money go. One attempt.
    ///
    /// # Errors
    /// When there is no usable answer, or the gateway refuses.
    pub async fn reverse(&self, ask: &Reverse) -> Result<Reversed, GatewayError> {
        let reference = client::checked_reference(&ask.reference)?;
        let path = format!("/pts/v2/payments/{}/reversals", client::checked_id(&ask.payment_id)?);
        let mut information = json!({"amountDetails": amount_details(ask.amount)});
        if !ask.reason.trim().is_empty() {
            information["reason"] = json!(ask.reason.trim());
        }
        let body = json!({
            "clientReferenceInformation": client::reference_information(reference, ask.transaction_id.as_deref())?,
            "reversalInformation": information,
        });
        read(ask, &self.post(Call::pts("reverse", reference, path), &body).await?)
    }
}

fn read(ask: &Reverse, answer: &Answer) -> Result<Reversed, GatewayError> {
    let (request_id, document) = client::done(Operation::Reverse, answer)?;
    let amount = document.amount(
        "reversalAmountDetails/reversedAmount",
        "reversalAmountDetails/currency",
        Some(ask.amount.currency()),
    );
    Ok(Reversed {
        request_id,
        amount: amount.map_err(|what| answer.unreadable(what))?,
        reference: document.text("clientReferenceInformation/code"),
        reconciliation_id: document.text("reconciliationId"),
        submitted_at: document.time("submitTimeUtc"),
    })
}
