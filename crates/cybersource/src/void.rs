//! Void: withdraw a sale, a capture or a refund before its batch closes. `POST /pts/v2/{captures|payments|refunds}/{id}/voids`.
//!
//! It has no amount. A voided capture leaves the hold in place: that is reversed by itself.

use chrono::{DateTime, Utc};
use money::Amount;
use serde_json::json;

use crate::{
    client::{self, Call, Client},
    error::GatewayError,
    reader::Answer,
    status::Operation,
};

/// What to withdraw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Void {
    /// Our name for the attempt, unique for ever.
    pub reference: String,
    /// Which request.
    pub target: Voidable,
    /// Our id of this request, on accounts that take one.
    pub transaction_id: Option<String>,
}

/// What can be withdrawn, by the gateway's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Voidable {
    /// A sale.
    Sale(String),
    /// A capture.
    Capture(String),
    /// A refund.
    Refund(String),
}

/// What the gateway said to a void that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voided {
    /// The gateway's id of the void.
    pub request_id: String,
    /// How much was withdrawn, as told.
    pub amount: Option<Amount>,
    /// The reference as the gateway repeats it.
    pub reference: Option<String>,
    /// When the gateway took it.
    pub submitted_at: Option<DateTime<Utc>>,
}

impl Client {
    /// Withdraws what the day's batch has not yet taken. One attempt.
    ///
    /// # Errors
    /// When there is no usable answer, or the gateway refuses: `NOT_VOIDABLE` after the batch closed.
    pub async fn void(&self, ask: &Void) -> Result<Voided, GatewayError> {
        let reference = client::checked_reference(&ask.reference)?;
        let (kind, id) = match &ask.target {
            Voidable::Sale(id) => ("payments", id),
            Voidable::Capture(id) => ("captures", id),
            Voidable::Refund(id) => ("refunds", id),
        };
        let path = format!("/pts/v2/{kind}/{}/voids", client::checked_id(id)?);
        let information = client::reference_information(reference, ask.transaction_id.as_deref())?;
        let body = json!({ "clientReferenceInformation": information });
        read(&self.post(Call::pts("void", reference, path), &body).await?)
    }
}

fn read(answer: &Answer) -> Result<Voided, GatewayError> {
    let (request_id, document) = client::done(Operation::Void, answer)?;
    let amount = document.amount("voidAmountDetails/voidAmount", "voidAmountDetails/currency", None);
    Ok(Voided {
        request_id,
        amount: amount.map_err(|what| answer.unreadable(what))?,
        reference: document.text("clientReferenceInformation/code"),
        submitted_at: document.time("submitTimeUtc"),
    })
}
