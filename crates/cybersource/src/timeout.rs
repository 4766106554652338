//! Undo a request whose answer never came, by our own id for it: time-out reversal (`POST /pts/v2/reversals`) of an
//! authorization, time-out void (`POST /pts/v2/voids`) of a sale, capture, refund or void.
//!
//! Only accounts that take client transaction ids can do this, and the gateway wants 60 s between the two.

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

/// Which silent authorization to undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeoutReverse {
    /// Our name for this attempt, unique for ever.
    pub reference: String,
    /// The `transaction_id` that the silent request was sent with.
    pub transaction_id: String,
    /// How much it asked for.
    pub amount: Amount,
    /// Why, for whoever reads it at the gateway; may be blank.
    pub reason: String,
}

/// Which silent sale, capture or refund to undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeoutVoid {
    /// Our name for this attempt, unique for ever.
    pub reference: String,
    /// The `transaction_id` that the silent request was sent with.
    pub transaction_id: String,
}

/// What the gateway said when it undid a silent request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// The gateway's id of this request.
    pub request_id: String,
    /// How much was undone, as told.
    pub amount: Option<Amount>,
    /// How much the silent request had asked for; told when that one had failed anyway.
    pub original_amount: Option<Amount>,
    /// The processor's answer code.
    pub response_code: Option<String>,
    /// The reference as the gateway repeats it.
    pub reference: Option<String>,
    /// When the gateway took it.
    pub submitted_at: Option<DateTime<Utc>>,
}

impl Client {
    /// Lets go of whatever a silent authorization may hold. One attempt.
    ///
    /// # Errors
    /// When there is no usable answer, or the gateway refuses: `INVALID_DATA` where it knows no such id.
    pub async fn timeout_reverse(&self, ask: &TimeoutReverse) -> Result<Undone, GatewayError> {
        let mut information = json!({"amountDetails": amount_details(ask.amount)});
        if !ask.reason.trim().is_empty() {
            information["reason"] = json!(ask.reason.trim());
        }
        let body = json!({
            "clientReferenceInformation": client::reference_information(&ask.reference, Some(&ask.transaction_id))?,
            "reversalInformation": information,
        });
        let call = Call::pts("timeout_reverse", &ask.reference, "/pts/v2/reversals".to_owned());
        let answer = self.post(call, &body).await?;
        read(Operation::TimeoutReverse, &answer, "reversalAmountDetails", "reversedAmount", Some(ask.amount))
    }

    /// Withdraws whatever a silent sale, capture or refund may have done. One attempt.
    ///
    /// # Errors
    /// When there is no usable answer, or the gateway refuses: `INVALID_DATA` where it knows no such id.
    pub async fn timeout_void(&self, ask: &TimeoutVoid) -> Result<Undone, GatewayError> {
        let information = client::reference_information(&ask.reference, Some(&ask.transaction_id))?;
        let body = json!({ "clientReferenceInformation": information });
        let call = Call::pts("timeout_void", &ask.reference, "/pts/v2/voids".to_owned());
        let answer = self.post(call, &body).await?;
        read(Operation::TimeoutVoid, &answer, "voidAmountDetails", "voidAmount", None)
    }
}

fn read(
    operation: Operation,
    answer: &Answer,
    details: &str,
    name: &str,
    asked: Option<Amount>,
) -> Result<Undone, GatewayError> {
    let (request_id, document) = client::done(operation, answer)?;
    let currency = format!("{details}/currency");
    let amount = |name: &str| {
        let told = document.amount(&format!("{details}/{name}"), &currency, asked.map(|amount| amount.currency()));
        told.map_err(|what| answer.unreadable(what))
    };
    Ok(Undone {
        request_id,
        amount: amount(name)?,
        original_amount: amount("originalTransactionAmount")?,
        response_code: document.text("processorInformation/responseCode"),
        reference: document.text("clientReferenceInformation/code"),
        submitted_at: document.time("submitTimeUtc"),
    })
}
