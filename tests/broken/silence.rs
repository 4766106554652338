//! A reply that never comes: the effect is unknown, the order waits visibly with its next due time, nothing is repeated.

use std::time::Duration;

use sandbox::{
    WorldName,
    faults::{FaultKind, FaultRule},
};
use system_tests::{
    Cluster, Name, check,
    cluster::{ALL, Drill},
    database,
    orders::Story,
};
use testkit::within;

use crate::{LIMIT, quiet, send};

/// A call, its effect, and what has happened outside when nothing of it was heard.
struct Silence {
    world: WorldName,
    operation: &'static str,
    effect: &'static str,
    fault: FaultKind,
    /// Held and captured minor units, and the status of the sales order.
    outside: (i64, i64, Option<&'static str>),
}

fn silences() -> [Silence; 6] {
    use FaultKind::{Hang, HangBeforeApply};
    use WorldName::{Erp, Gateway};
    let silence = |world, operation, effect, fault, outside| Silence { world, operation, effect, fault, outside };
    [
        silence(Gateway, "authorize", "authorize", Hang, (12_483, 0, None)),
        silence(Gateway, "authorize", "authorize", HangBeforeApply, (0, 0, None)),
        silence(Gateway, "capture", "capture", Hang, (0, 12_483, Some("S"))),
        silence(Erp, "AddSalesOrder", "place", Hang, (12_483, 0, Some("S"))),
        silence(Erp, "AddSalesOrder", "place", HangBeforeApply, (12_483, 0, None)),
        silence(Erp, "UpdateSalesOrder", "release", Hang, (0, 12_483, Some("1"))),
    ]
}

/// How often an operation was asked of its world, whatever became of it.
fn calls(cluster: &Cluster, silence: &Silence) -> u32 {
    let records = cluster.sandbox.books().faults;
    let rule =
        records.iter().find(|record| record.rule.operation == silence.operation && record.rule.kind == silence.fault);
    rule.map_or(0, |record| record.seen)
}

/// The effects of a kind on an order: state, tries.
async fn effects(cluster: &Cluster, id: &str, kind: &str) -> Vec<(String, i32)> {
    let order = id.parse().expect("an id");
    let mut found = Vec::new();
    for part in cluster.queries() {
        let record = part.order(order).await.expect("the ledger answers");
        let streams = record.into_iter().flat_map(|record| record.streams);
        let effects = streams.flat_map(|stream| stream.effects).filter(|effect| effect.kind == kind);
        found.extend(effects.map(|effect| (effect.state, effect.tries)));
    }
    found
}

async fn assert_waits(cluster: &Cluster, id: &str, silence: &Silence, customer_po: &str) {
    let what = format!("{} {:?}", silence.operation, silence.fault);
    let summary = cluster.summary(id).await;
    assert_eq!(summary.state, "waiting", "{what}");
    assert!(summary.waits_for.contains("inquiry"), "{what}: {}", summary.waits_for);
    assert!(summary.due_at_ms > 0, "{what}: no due time");
    let found = effects(cluster, id, silence.effect).await;
    assert_eq!(found.len(), 1, "{what}: one attempt, one row: {found:?}");
    assert_eq!(found[0].0, "unknown", "{what}");
    let books = cluster.sandbox.books();
    let first = ids::merchant_reference("demo", id.parse::<ids::OrderId>().expect("an id").0, 'A', 0).to_string();
    let payments: Vec<_> = books.gateway.by_prefix(first.trim_end_matches("A0")).collect();
    let held = payments.iter().map(|payment| payment.held_minor()).sum::<i64>();
    let captured = payments.iter().map(|payment| payment.captured_minor()).sum::<i64>();
    let sales_orders: Vec<_> = books.erp.orders.iter().filter(|order| order.customer_po == customer_po).collect();
    assert!(payments.len() <= 1 && sales_orders.len() <= 1, "{what}");
    let status = sales_orders.first().map(|order| order.status.as_str());
    assert_eq!((held, captured, status), silence.outside, "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_never_comes_is_unknown_and_never_repeated() {
    let mut cluster = Cluster::real(21, Drill::short()).await;
    // Nobody answers questions either: what is not known stays so.
    for (world, question) in
        [(WorldName::Gateway, "search"), (WorldName::Erp, "FindSalesOrders"), (WorldName::Erp, "GetSalesOrder")]
    {
        cluster.sandbox.add_fault(FaultRule::always(world, question, FaultKind::ErrorBefore(503)));
    }
    let mut waiting = Vec::new();
    for (at, silence) in silences().into_iter().enumerate() {
        cluster.sandbox.add_fault(FaultRule::once(silence.world, silence.operation, silence.fault));
        let (number, po) = (format!("S{at}"), format!("T-S{at}"));
        let id = send(&cluster, &number, Story::Good).await;
        check::rests(&cluster, &id, LIMIT).await;
        quiet(&cluster).await;
        assert_eq!(calls(&cluster, &silence), 1, "{} {:?}: asked once", silence.operation, silence.fault);
        assert_waits(&cluster, &id, &silence, &po).await;
        let due = cluster.summary(&id).await.due_at_ms;
        assert!(due > cluster.sandbox.now().timestamp_millis(), "the inquiry is due in the future");
        let shown = cluster.send("GET", &format!("/v1/orders/{id}"), &[("prefer", "wait=10")], "").await.unwrap();
        assert_eq!(shown.body["state"], "waiting");
        assert!(shown.body["waiting"]["until"].is_string(), "{}", shown.body);
        waiting.push((id, silence, po, due));
    }
    let before: Vec<u32> = waiting.iter().map(|(_, silence, _, _)| calls(&cluster, silence)).collect();
    // All processes die and come back: what nobody knows, nobody tries again.
    for name in ALL {
        cluster.kill(name);
    }
    cluster.revive().await;
    let came_back = tokio::time::Instant::now();
    let lease = Drill::short().gateway_limit + Drill::short().lease_margin + Duration::from_secs(2);
    let next = send(&cluster, "next", Story::Declined).await;
    within(LIMIT, "another order flows, and every lease has ended", async || {
        let is_over = check::is_at_rest(&cluster.summary(&next).await) && came_back.elapsed() > lease;
        is_over.then_some(())
    })
    .await;
    for ((id, silence, po, due), before) in waiting.iter().zip(before) {
        // The other order was declined: it has asked the gateway once, and SYSPRO for nothing.
        let others = u32::from(silence.operation == "authorize");
        assert_eq!(calls(&cluster, silence), before + others, "{} was asked again", silence.operation);
        assert_waits(&cluster, id, silence, po).await;
        // An hour that has passed without an inquiry is followed by the next one.
        assert!(cluster.summary(id).await.due_at_ms >= *due, "{po} has no due time any more");
    }
    let unknown = "select count(*) from effect where state = 'unknown'";
    let (payment, erp) =
        (database::number(&cluster, Name::Payment, unknown), database::number(&cluster, Name::Erp, unknown));
    assert_eq!((payment.await, erp.await), (3, 3));
}
