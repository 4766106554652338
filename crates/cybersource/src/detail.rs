//! Detail: everything the gateway knows of one request. `GET /tss/v2/transactions/{id}`.
//!
//! It lags behind like the search, by seconds to minutes: "not found" means not yet.

use money::Amount;

use crate::{
    client::{self, Call, Client},
    error::GatewayError,
    reader::{Answer, Document},
    search::{self, TransactionSummary},
};

/// What the gateway knows of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionDetail {
    /// What a search shows of it, too.
    pub summary: TransactionSummary,
    /// The first request of the payment; its own id when it is the first.
    pub root_id: Option<String>,
    /// The vendor's one word for the whole record, such as `AUTHORIZED`, `PENDING`, `TRANSMITTED`, `VOIDED`, `REVERSED`.
    /// It may be some minutes old.
    pub status: Option<String>,
    /// How much was approved, where it is told: less than asked after a partial approval.
    pub approved: Option<Amount>,
    /// How much can still be given back, where it is told.
    pub refund_balance: Option<Amount>,
    /// The gateway's ids of what belongs to the same payment.
    pub related: Vec<String>,
}

impl Client {
    /// What became of a request, by the gateway's id. [`GatewayError::Inquiry`] of [`GatewayError::NotFound`] means not
    /// shown yet.
    ///
    /// # Errors
    /// When there is no usable answer; it may be asked again.
    pub async fn detail(&self, request_id: &str) -> Result<TransactionDetail, GatewayError> {
        let id = client::checked_id(request_id)?;
        let call = Call::tss("detail", id, format!("/tss/v2/transactions/{id}"));
        let answer = self.get(call).await.map_err(search::inquiry)?;
        read(id, &answer).map_err(search::inquiry)
    }
}

fn read(id: &str, answer: &Answer) -> Result<TransactionDetail, GatewayError> {
    let document = answer.document()?;
    let summary = search::summary(answer, document)?;
    if summary.request_id != id {
        return Err(answer.unreadable("a detail of another request"));
    }
    let amount = |name: &str| {
        let details = "orderInformation/amountDetails";
        let told = document.amount(&format!("{details}/{name}"), &format!("{details}/currency"), None);
        told.map_err(|what| answer.unreadable(what))
    };
    Ok(TransactionDetail {
        root_id: document.text("rootId"),
        status: document.text("applicationInformation/status"),
        approved: amount("authorizedAmount")?,
        refund_balance: amount("refundBalance")?,
        related: document.entries("_links/relatedTransactions").filter_map(id_of).collect(),
        summary,
    })
}

/// The last segment of a link.
fn id_of(link: Document<'_>) -> Option<String> {
    let href = link.text("href")?;
    let id = href.rsplit('/').next()?;
    client::checked_id(id).ok().map(str::to_owned)
}
