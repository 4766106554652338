//! The sweep's search: everything that the gateway did in a stretch of time, page by page. `POST /tss/v2/searches`.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::{
    client::{self, Call, Client},
    error::GatewayError,
    reader::Answer,
    search::{self, TransactionSummary},
};

/// The most records that one page may hold.
pub const WINDOW_MAX: usize = 2500;

/// A page of a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Only references that begin so; all of them otherwise.
    pub prefix: Option<String>,
    /// From then, that moment included.
    pub from: DateTime<Utc>,
    /// Until then, that moment left out.
    pub to: DateTime<Utc>,
    /// After so many records.
    pub offset: usize,
    /// So many at most, up to [`WINDOW_MAX`].
    pub limit: usize,
}

/// What a page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowPage {
    /// Oldest first.
    pub transactions: Vec<TransactionSummary>,
    /// How many records the gateway counts in the whole stretch.
    pub total: usize,
}

impl Client {
    /// What was sent in a stretch of time. A stretch is covered when its pages together show `total` records.
    ///
    /// # Errors
    /// When there is no usable answer; it may always be asked again.
    pub async fn search_window(&self, window: &Window) -> Result<WindowPage, GatewayError> {
        let body = body(window)?;
        let call = Call::tss("search", "the sweep", "/tss/v2/searches".to_owned());
        let answer = self.post(call, &body).await.map_err(search::inquiry)?;
        read(window, &answer).map_err(search::inquiry)
    }
}

fn body(window: &Window) -> Result<Value, GatewayError> {
    if window.from >= window.to || !(1..=WINDOW_MAX).contains(&window.limit) {
        return Err(GatewayError::Unbuildable("a window has a length and a limit of 1 to 2500".to_owned()));
    }
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut query = format!("submitTimeUtc:[{} TO {}}}", time(window.from), time(window.to));
    if let Some(prefix) = &window.prefix {
        query = format!("clientReferenceInformation.code:{}* AND {query}", client::checked_reference(prefix)?);
    }
    Ok(json!({
        "save": false,
        "name": "sweep",
        "timezone": "UTC",
        "query": query,
        "offset": window.offset,
        "limit": window.limit,
        // A late record takes its place at the end, so pages do not shift under the reader.
        "sort": "submitTimeUtc:asc",
    }))
}

fn read(window: &Window, answer: &Answer) -> Result<WindowPage, GatewayError> {
    let document = answer.document()?;
    let total = document.value("totalCount").and_then(Value::as_u64).and_then(|total| usize::try_from(total).ok());
    let total = total.ok_or_else(|| answer.unreadable("no count"))?;
    let records = document.entries("_embedded/transactionSummaries");
    let transactions = records.map(|record| search::summary(answer, record)).collect::<Result<Vec<_>, _>>()?;
    // A page that should show something and does not would pass for coverage.
    if transactions.is_empty() && window.offset < total {
        return Err(answer.unreadable("records are counted and none is shown"));
    }
    Ok(WindowPage { transactions, total })
}
