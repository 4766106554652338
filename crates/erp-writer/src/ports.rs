//! What erp-writer needs from outside: an ERP that answers four questions about an order.

use std::{pin::Pin, sync::Arc};

use erp_domain::{
    order::Order,
    sales_order::{Reason, Suspense},
};

use crate::error::CallError;

/// A boxed future of a port call.
pub type PortFuture<'a> = Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send + 'a>>;

/// What the ERP said, and as whom it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The operator as which it was asked.
    pub operator: String,
    /// Yes or no.
    pub verdict: Verdict,
}

/// Yes or no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing speaks against the order; or it was done.
    Yes {
        /// The sales order's number; empty after screening.
        sales_order: String,
        /// The customer's code; empty where it was not asked for.
        customer: String,
        /// For people.
        warnings: Vec<Reason>,
    },
    /// No, for good.
    No(Reason),
}

/// What the ERP shows of a write whose outcome nobody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// It was done; the answer that was lost.
    Done(Answer),
    /// It was not done, so far.
    NotDone,
    /// Something stands there that is not ours to adopt: why, and what a person could do.
    Differs(Reason),
    /// What was seen says nothing yet.
    Unclear(String),
}

/// A boxed future of a look.
pub type SeenFuture<'a> = Pin<Box<dyn Future<Output = Result<Seen, CallError>> + Send + 'a>>;

/// A sales order to be added.
#[derive(Debug, Clone)]
pub struct Placement {
    /// What was sold.
    pub order: Arc<Order>,
    /// The customer that screening found; `None`: look it up first.
    pub customer: Option<String>,
    /// Why it stands in suspense.
    pub suspense: Suspense,
}

/// The ERP of one pair.
pub trait Erp: Send + Sync {
    /// Reads customer, credit and stock.
    fn screen<'a>(&'a self, keys: &'a dyn PersonKeys, order: &'a Order) -> PortFuture<'a>;

    /// Adds the sales order in suspense: one write. `as_operator` is who was announced to make it.
    fn place<'a>(
        &'a self,
        keys: &'a dyn PersonKeys,
        placement: &'a Placement,
        as_operator: Option<&'a str>,
    ) -> PortFuture<'a>;

    /// Lets the sales order leave suspense: one write.
    fn release<'a>(&'a self, sales_order: &'a str, as_operator: Option<&'a str>) -> PortFuture<'a>;

    /// Cancels the sales order: one write.
    fn cancel<'a>(&'a self, sales_order: &'a str, as_operator: Option<&'a str>) -> PortFuture<'a>;

    /// Looks whether a placing was done. `as_operator` is who was announced to make it: it is asked as that operator, which
    /// ends the session in which the write may still be under way.
    fn look_for_placed<'a>(
        &'a self,
        keys: &'a dyn PersonKeys,
        placement: &'a Placement,
        as_operator: Option<&'a str>,
    ) -> SeenFuture<'a>;

    /// Looks whether a release was done.
    fn look_for_released<'a>(&'a self, sales_order: &'a str, as_operator: Option<&'a str>) -> SeenFuture<'a>;

    /// Looks whether a cancellation was done.
    fn look_for_cancelled<'a>(&'a self, sales_order: &'a str, as_operator: Option<&'a str>) -> SeenFuture<'a>;

    /// True when not finding a document proves that it never comes: a session that a fresh logon ends bore the write.
    fn absence_proves(&self) -> bool;

    /// Who would make the next writing call; `None` until an operator is leased.
    fn operator(&self) -> Option<String>;
}

/// A boxed future of a person's wrapped key.
pub type KeyFuture<'a> = Pin<Box<dyn Future<Output = Result<Option<Vec<u8>>, CallError>> + Send + 'a>>;

/// Where the wrapped keys of persons are kept.
pub trait PersonKeys: Send + Sync {
    /// The wrapped key of a person; `None` when the person was erased.
    fn wrapped_key(&self, subject: uuid::Uuid) -> KeyFuture<'_>;
}

impl PersonKeys for ledger::Ledger {
    fn wrapped_key(&self, subject: uuid::Uuid) -> KeyFuture<'_> {
        Box::pin(async move {
            let key = self.subject_key(subject).await.map_err(CallError::Ledger)?;
            Ok(key.map(|key| key.wrapped.to_vec()).filter(|wrapped| !wrapped.is_empty()))
        })
    }
}
