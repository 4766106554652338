//! Search: what became of an attempt, by our reference. `POST /tss/v2/searches`.
//!
//! The index is late by seconds to minutes, so nothing found proves nothing until enough time has passed; whoever asks
//! knows when the attempt was sent.

use chrono::{DateTime, Utc};
use money::Amount;
use serde_json::json;

use crate::{
    client::{self, Call, Client},
    error::GatewayError,
    reader::{Answer, Document},
};

/// Records asked for. A reference names one attempt, so more than a few are already a finding.
const LIMIT: usize = 20;

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchResult {
    /// The newest records first, at most 20.
    pub transactions: Vec<TransactionSummary>,
    /// False when the gateway has more records than it showed.
    pub is_complete: bool,
}

/// A record of the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionSummary {
    /// The gateway's id.
    pub request_id: String,
    /// The reference it was sent with.
    pub reference: Option<String>,
    /// When the gateway took it.
    pub submitted_at: Option<DateTime<Utc>>,
    /// The amount as told. On a record the amount asked for, not the amount approved.
    pub amount: Option<Amount>,
    /// The numeric reason of the whole: `100` success, `110` partial approval.
    pub reason_code: Option<String>,
    /// What the record consists of, each with its own result.
    pub applications: Vec<Application>,
    /// The issuer's approval code.
    pub approval_code: Option<String>,
}

/// A part of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// `ics_auth`, `ics_bill` (capture), `ics_auth_reversal`, `ics_credit`, `ics_void`, `ics_decision`.
    pub name: String,
    /// How it went.
    pub outcome: ApplicationOutcome,
    /// The vendor's flag: `SOK`, `D…` for declined, `E…` for an error.
    pub flag: Option<String>,
    /// Its numeric reason.
    pub reason_code: Option<String>,
    /// The id that settlement reports carry.
    pub reconciliation_id: Option<String>,
}

/// How a part of a record went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplicationOutcome {
    /// It was done.
    Done,
    /// It was declined.
    Declined,
    /// It failed.
    Failed,
    /// The record does not say, or says something new.
    NotTold,
}

impl TransactionSummary {
    /// How the part of this name went, when the record has one.
    pub fn outcome_of(&self, application: &str) -> Option<ApplicationOutcome> {
        self.applications.iter().find(|part| part.name == application).map(|part| part.outcome)
    }
}

impl Client {
    /// Finds what was sent with this reference.
    ///
    /// # Errors
    /// When there is no usable answer; it may always be asked again.
    pub async fn search(&self, reference: &str) -> Result<SearchResult, GatewayError> {
        let reference = client::checked_reference(reference)?;
        let body = json!({
            "save": false,
            "name": "inquiry",
            "timezone": "UTC",
            "query": format!("clientReferenceInformation.code:\"{reference}\""),
            "offset": 0,
            "limit": LIMIT,
            "sort": "submitTimeUtc:desc",
        });
        let call = Call::tss("search", reference, "/tss/v2/searches".to_owned());
        let answer = self.post(call, &body).await.map_err(inquiry)?;
        read(reference, &answer).map_err(inquiry)
    }
}

pub(crate) fn inquiry(error: GatewayError) -> GatewayError {
    GatewayError::Inquiry(Box::new(error))
}

fn read(reference: &str, answer: &Answer) -> Result<SearchResult, GatewayError> {
    let document = answer.document()?;
    let total = document.value("totalCount").and_then(serde_json::Value::as_u64);
    let total = total.ok_or_else(|| answer.unreadable("no count"))?;
    let (mut transactions, mut shown) = (Vec::new(), 0);
    for record in document.entries("_embedded/transactionSummaries") {
        shown += 1;
        // The search language matches more than the exact text; another attempt's record would be a wrong answer.
        if record.text("clientReferenceInformation/code").is_some_and(|code| code != reference) {
            continue;
        }
        transactions.push(summary(answer, record)?);
    }
    // "Nothing found" decides over money, so a count without its records must not look like it.
    if total > 0 && shown == 0 {
        return Err(answer.unreadable("records are counted and none is shown"));
    }
    Ok(SearchResult { transactions, is_complete: total <= shown })
}

pub(crate) fn summary(answer: &Answer, record: Document<'_>) -> Result<TransactionSummary, GatewayError> {
    let details = "orderInformation/amountDetails";
    let amount = record.amount(&format!("{details}/totalAmount"), &format!("{details}/currency"), None);
    Ok(TransactionSummary {
        request_id: record.text("id").ok_or_else(|| answer.unreadable("a record without id"))?,
        reference: record.text("clientReferenceInformation/code"),
        submitted_at: record.time("submitTimeUtc"),
        amount: amount.map_err(|what| answer.unreadable(what))?,
        reason_code: record.text("applicationInformation/reasonCode"),
        applications: record.entries("applicationInformation/applications").map(application).collect(),
        approval_code: record.text("processorInformation/approvalCode"),
    })
}

fn application(part: Document<'_>) -> Application {
    Application {
        name: part.text("name").unwrap_or_default(),
        outcome: match part.text("rCode").as_deref() {
            Some("1") => ApplicationOutcome::Done,
            Some("0") => ApplicationOutcome::Declined,
            Some("-1") => ApplicationOutcome::Failed,
            Some(_) | None => ApplicationOutcome::NotTold,
        },
        flag: part.text("rFlag"),
        reason_code: part.text("reasonCode"),
        reconciliation_id: part.text("reconciliationId"),
    }
}
