//! The promises, checked against the books of the outside worlds and against the ledgers.

use std::time::Duration;

use contracts::query::v1::OrderSummary;
use ids::OrderId;
use sandbox::Books;

use crate::{Cluster, cluster::ALL, orders::Story};

/// States from which nothing moves by itself, visibly.
const VISIBLE: [&str; 3] = ["waiting", "parked", "under_review"];

/// One accepted order and what is known of it.
#[derive(Debug)]
pub struct Case {
    /// Its id.
    pub id: OrderId,
    /// What it was meant to be.
    pub story: Story,
    /// Its total in minor units.
    pub total: i64,
    /// SYSPRO's purchase order number for it.
    pub customer_po: String,
    /// What the ledgers say.
    pub summary: OrderSummary,
}

/// Everything that is wrong with one order; empty when all promises are kept.
pub fn wrongs(case: &Case, books: &Books) -> Vec<String> {
    let mut wrongs = Vec::new();
    let mut wrong = |text: String| wrongs.push(format!("{} ({:?}): {text}", case.customer_po, case.story));
    let prefix = ids::merchant_reference("demo", case.id.0, 'A', 0).to_string();
    let prefix = prefix.trim_end_matches("A0");
    let payments: Vec<_> = books.gateway.by_prefix(prefix).collect();
    let mut references: Vec<_> = payments.iter().map(|payment| payment.reference.as_str()).collect();
    references.sort_unstable();
    // One attempt, one reference, one request: never sent twice.
    if references.windows(2).any(|pair| pair[0] == pair[1]) {
        wrong("a merchant reference was used for two payments".to_owned());
    }
    let captures: usize = payments.iter().map(|payment| payment.captures.len()).sum();
    let captured: i64 = payments.iter().map(|payment| payment.captured_minor()).sum();
    let held: i64 = payments.iter().map(|payment| payment.held_minor()).sum();
    let standing: i64 = payments.iter().map(|payment| payment.standing_minor()).sum();
    if captures > 1 || held + captured > case.total {
        wrong(format!("{captures} captures of {captured} in all and {held} held, for a total of {}", case.total));
    }
    let orders: Vec<_> = books.erp.orders.iter().filter(|order| order.customer_po == case.customer_po).collect();
    if orders.len() > 1 {
        wrong(format!("{} sales orders", orders.len()));
    }
    let live = orders.iter().filter(|order| order.status != "\\").count();
    let released = orders.iter().any(|order| !["S", "\\"].contains(&order.status.as_str()));
    if released && captured == 0 {
        wrong("goods may leave unpaid".to_owned());
    }
    let state = case.summary.state.as_str();
    match state {
        "completed" => {
            if standing != case.total || held != 0 || !released {
                wrong(format!(
                    "completed with {standing} taken for good, {held} held and the sales order {}",
                    if released { "released" } else { "held" }
                ));
            }
        }
        "cancelled" | "declined" | "refused" => {
            if captured != 0 || held != 0 {
                wrong(format!("{state} with {held} held and {captured} captured"));
            }
            if live != 0 {
                wrong(format!("{state} with a live sales order"));
            }
        }
        _ if VISIBLE.contains(&state) => {
            if case.summary.waits_for.is_empty() && case.summary.reason.is_empty() {
                wrong(format!("{state} without saying what for"));
            }
        }
        other => wrong(format!("came to rest in state `{other}`, waits for `{}`", case.summary.waits_for)),
    }
    if !VISIBLE.contains(&state) && !case.story.ends().contains(&state) {
        wrong(format!("ended {state} instead of {:?}: {}", case.story.ends(), case.summary.reason));
    }
    wrongs
}

/// True when nothing more happens to an order by itself.
pub fn is_at_rest(summary: &OrderSummary) -> bool {
    runtime::query::is_final(&summary.state) || VISIBLE.contains(&summary.state.as_str())
}

/// What must hold in every ledger over the twins when all is quiet.
pub async fn ledgers(cluster: &Cluster) -> Vec<String> {
    let mut wrongs = Vec::new();
    for name in ALL {
        let state = cluster.twin(name);
        for (stream, history) in state.all_streams() {
            if let Err(error) = ledger::chain::verify(stream, &history) {
                wrongs.push(format!("{}: {error}", name.as_str()));
            }
            if let Some(why) = history.parked {
                wrongs.push(format!("{}: stream {stream} is parked: {why}", name.as_str()));
            }
        }
        let outbox = state.all_outbox().len();
        if outbox > 0 {
            wrongs.push(format!("{}: {outbox} messages never left", name.as_str()));
        }
    }
    for part in cluster.queries() {
        match part.health().await {
            Ok(health) if health.dead_letters > 0 => {
                wrongs.push(format!("{}: {} dead letters", health.service, health.dead_letters))
            }
            Ok(_) => {}
            Err(error) => wrongs.push(error),
        }
    }
    wrongs
}

/// Everything the ledgers hold about one order, for whoever must find out why.
pub async fn dump(cluster: &Cluster, id: OrderId) -> String {
    let mut text = String::new();
    for part in cluster.queries() {
        let Ok(Some(record)) = part.order(id).await else { continue };
        for stream in record.streams {
            text.push_str(&format!("{} {} {} {}\n", record.service, stream.kind, stream.stream, stream.parked));
            for event in stream.events {
                text.push_str(&format!(
                    "    {} {} {} {} <- {}\n",
                    event.version, event.at_ms, event.kind, event.detail, event.caused_by
                ));
            }
            for effect in stream.effects {
                text.push_str(&format!(
                    "    ! {} {} {} tries {} due {} {}\n",
                    effect.version, effect.kind, effect.state, effect.tries, effect.due_at_ms, effect.reference
                ));
            }
        }
    }
    text
}

/// Waits until an order is at rest.
///
/// # Panics
/// When it is not within `limit`.
pub async fn rests(cluster: &Cluster, id: &str, limit: Duration) -> OrderSummary {
    let what = format!("order {id} comes to rest");
    testkit::within(limit, &what, async || Some(cluster.summary(id).await).filter(is_at_rest)).await
}

/// An order of the test shop over [`crate::orders`], at rest.
///
/// # Panics
/// When it is not within `limit`.
pub async fn case(cluster: &Cluster, number: &str, story: Story, id: &str, limit: Duration) -> Case {
    let summary = rests(cluster, id, limit).await;
    let total = if story == Story::Short { 30_333 } else { 12_483 };
    Case { id: id.parse().expect("an order id"), story, total, customer_po: format!("T-{number}"), summary }
}
