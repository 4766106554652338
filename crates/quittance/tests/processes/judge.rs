//! When all is quiet: every order against the books of the outside.

use std::time::Duration;

use contracts::query::v1::OrderSummary;
use quittance::{ask, orders::GRILLS};
use sandbox::Books;
use testkit::within;
use tokio::time::Instant;

use crate::{cluster::Cluster, load::Accepted};

/// How long a cluster may take to come to rest.
const REST_LIMIT: Duration = Duration::from_secs(60);

/// How an order may have come to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Paid and released.
    Completed,
    /// Visibly waiting for an inquiry, with a due time.
    Waiting,
}

fn kind(summary: &OrderSummary) -> Option<Kind> {
    match summary.state.as_str() {
        "completed" => Some(Kind::Completed),
        "waiting" if summary.due_at_ms > 0 && !summary.waits_for.is_empty() => Some(Kind::Waiting),
        _ => None,
    }
}

/// Waits for rest, then judges.
pub async fn judge(cluster: &Cluster, accepted: &[Accepted], allowed: &[Kind]) {
    let queries = cluster.ports.queries();
    let deadline = Instant::now() + REST_LIMIT;
    let rested = within(REST_LIMIT * 2, "the ledgers say how the orders stand", async || {
        let all = ask::orders(&queries, 200, false).await.ok()?;
        let find = |one: &Accepted| all.iter().find(|summary| summary.order_id == one.id).cloned();
        let summaries: Vec<OrderSummary> = accepted.iter().filter_map(find).collect();
        let known = summaries.len() == accepted.len();
        if known && summaries.iter().all(|summary| kind(summary).is_some()) && ask::are_at_rest(&queries).await.ok()? {
            return Some(Ok(summaries));
        }
        let unsettled = all.into_iter().filter(|summary| kind(summary).is_none());
        (Instant::now() >= deadline).then(|| Err(unsettled.collect::<Vec<_>>()))
    })
    .await;
    let summaries = rested.unwrap_or_else(|unsettled| panic!("not at rest after {REST_LIMIT:?}: {unsettled:#?}"));
    let books = cluster.sandbox.books();
    let wrongs: Vec<String> =
        accepted.iter().zip(&summaries).flat_map(|(order, summary)| wrongs(order, summary, &books, allowed)).collect();
    assert!(wrongs.is_empty(), "{wrongs:#?}");
    assert_eq!(books.erp.orders.len(), count(&books), "no sales order of nobody");
}

fn count(books: &Books) -> usize {
    let mut numbers: Vec<_> = books.erp.orders.iter().map(|order| order.customer_po.as_str()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.len()
}

fn wrongs(order: &Accepted, summary: &OrderSummary, books: &Books, allowed: &[Kind]) -> Vec<String> {
    let mut wrongs = Vec::new();
    let mut wrong = |text: String| wrongs.push(format!("{} {}: {text}", order.number, summary.state));
    let id: ids::OrderId = order.id.parse().expect("an order id");
    let prefix = ids::merchant_reference("demo", id.0, 'A', 0).to_string();
    let payments: Vec<_> = books.gateway.by_prefix(prefix.trim_end_matches("A0")).collect();
    let captures: usize = payments.iter().map(|payment| payment.captures.len()).sum();
    let captured: i64 = payments.iter().map(|payment| payment.captured_minor()).sum();
    let sales: Vec<_> =
        books.erp.orders.iter().filter(|sale| sale.customer_po == format!("D-{}", order.number)).collect();
    let kind = kind(summary);
    if !kind.is_some_and(|kind| allowed.contains(&kind)) {
        wrong(format!("came to rest so, waits for `{}`, {}", summary.waits_for, summary.reason));
    }
    if payments.len() > 1 {
        wrong(format!("{} payments", payments.len()));
    }
    if captures > 1 || captured > GRILLS.total() {
        wrong(format!("{captures} captures of {captured}"));
    }
    if sales.len() > 1 {
        wrong(format!("{} sales orders", sales.len()));
    }
    let released = sales.iter().any(|sale| sale.status == "1");
    if released && captured == 0 {
        wrong("released unpaid".to_owned());
    }
    if kind == Some(Kind::Completed) && !(captured == GRILLS.total() && released) {
        wrong(format!("completed with {captured} captured, released: {released}"));
    }
    wrongs
}
