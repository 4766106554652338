//! Messages that come twice, late, out of order, broken, or from a newer release.

use bus::{Bus, OutMessage, Receipt, topology};
use contracts::{Contract as _, MessageKind, envelope::Envelope, erp::v1 as erp, order::v1 as order, subjects};
use system_tests::{Cluster, Name, database, orders::Story, tap::header};
use testkit::within;

use crate::{LIMIT, Load, dead_letters, patient, quiet, send};

/// Publishes a copy that the broker cannot know for one; an inbox does, by its `ce-id`.
async fn copy(bus: &Bus, message: &OutMessage, mark: &str) {
    let broker_id = format!("{mark} of {}", message.broker_id);
    let copy = OutMessage { broker_id, ..message.clone() };
    bus.publish(copy).await.expect("the broker takes it");
}

async fn events(cluster: &Cluster) -> i64 {
    let mut events = 0;
    for name in [Name::Ingest, Name::Payment, Name::Erp] {
        events += database::number(cluster, name, "select count(*) from event").await;
    }
    events
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_come_twice_and_out_of_order_change_nothing() {
    let cluster = Cluster::real(31, patient()).await;
    let stranger = cluster.stranger().await;
    let mut load = Load::default();
    load.send(&cluster, 10).await;
    // While the orders run, everything that was said is said again, the newest first.
    let copied = std::cell::Cell::new(0);
    within(LIMIT, "all orders are at rest in spite of the echo", async || {
        let messages = cluster.tap.messages();
        for message in messages[copied.get()..].iter().rev() {
            copy(&stranger, message, "echo").await;
        }
        copied.set(messages.len());
        load.is_at_rest(&cluster).await.then_some(())
    })
    .await;
    load.ended(&cluster).await;

    // And once more from the first to the last, when all is done.
    let (before, books) = (events(&cluster).await, cluster.sandbox.books());
    for message in cluster.tap.messages() {
        copy(&stranger, &message, "late echo").await;
    }
    let mut last = Load::default();
    last.0.push(("after".to_owned(), Story::Good, send(&cluster, "after", Story::Good).await));
    within(LIMIT, "the order behind the echo is done", async || last.is_at_rest(&cluster).await.then_some(())).await;
    quiet(&cluster).await;
    let after = cluster.sandbox.books();
    assert_eq!(after.gateway.payments.len(), books.gateway.payments.len() + 1);
    assert_eq!(after.erp.orders.len(), books.erp.orders.len() + 1);
    let of_the_last = cluster.queries();
    let mut grown = 0;
    for part in of_the_last {
        let record = part.order(last.0[0].2.parse().unwrap()).await.unwrap().unwrap();
        grown += i64::try_from(record.streams.iter().map(|stream| stream.events.len()).sum::<usize>()).unwrap();
    }
    assert_eq!(events(&cluster).await, before + grown, "an old order has grown");
    assert_eq!(dead_letters(&cluster).await, 0);
}

/// A message with right headers of this kind, for an order that nobody knows.
fn made_up(kind: &MessageKind, payload: &[u8], mark: u64) -> OutMessage {
    let order = ids::OrderId(uuid::Uuid::from_u128(0x0193_5e7a_1234_7abc_8def_0000_0000_0000 + u128::from(mark)));
    let pair = "demo".parse().expect("a pair");
    let envelope = Envelope {
        id: format!("made-up-{mark}"),
        ce_type: kind.ce_type.to_owned(),
        source: Envelope::source(&pair, "a-stranger"),
        order,
        time: "2026-11-24T10:00:00Z".parse().expect("a time"),
        stream: order.stream(),
        n: i64::from(kind.role == contracts::Role::Event),
        shape: 1,
        traceparent: None,
    };
    OutMessage {
        subject: subjects::subject(&pair, kind),
        broker_id: envelope.id.clone(),
        headers: envelope.headers(kind),
        payload: payload.to_vec().into(),
    }
}

fn set(message: &mut OutMessage, name: &str, value: &str) {
    message.headers.retain(|(key, _)| key != name);
    message.headers.push((name.to_owned(), value.to_owned()));
}

/// Messages that nobody can ever handle, each to a service that listens to its subject.
fn poison() -> Vec<OutMessage> {
    let garbage = b"\xff\xff\xff\xff not protobuf";
    let kinds: [&MessageKind; 4] =
        [erp::PlaceOrder::KIND, order::StartOrder::KIND, erp::SalesOrderPlaced::KIND, order::OrderCompleted::KIND];
    let mut all: Vec<OutMessage> = kinds.iter().zip(1..).map(|(kind, mark)| made_up(kind, garbage, mark)).collect();
    // No headers at all; one header missing; one unreadable; a type that does not belong on this subject.
    let mut bare = made_up(erp::ScreenOrder::KIND, b"", 11);
    bare.headers.clear();
    let mut without = made_up(erp::CancelOrder::KIND, b"", 12);
    without.headers.retain(|(key, _)| key != "ce-subject");
    let mut unreadable = made_up(order::OrderPaid::KIND, b"", 13);
    set(&mut unreadable, "ce-n", "many");
    let mut displaced = made_up(erp::OrderScreened::KIND, b"", 14);
    set(&mut displaced, "ce-type", erp::OrderScreenFailed::KIND.ce_type);
    // Well-formed and senseless: no order inside; a pair that nobody has configured.
    let empty = made_up(order::StartOrder::KIND, b"", 15);
    let mut elsewhere = made_up(order::StartOrder::KIND, b"", 16);
    elsewhere.subject = elsewhere.subject.replace(".demo.", ".nowhere.");
    all.extend([bare, without, unreadable, displaced, empty, elsewhere]);
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn poison_becomes_one_dead_letter_each_and_other_orders_flow() {
    let cluster = Cluster::real(32, patient()).await;
    let stranger = cluster.stranger().await;
    let mut load = Load::default();
    load.send(&cluster, 3).await;
    let poison = poison();
    let count = i64::try_from(poison.len()).unwrap();
    for message in &poison {
        stranger.publish(message.clone()).await.expect("the broker takes it");
    }
    load.send(&cluster, 3).await;
    within(LIMIT, "every bad message is a dead letter", async || (dead_letters(&cluster).await >= count).then_some(()))
        .await;
    // The same poison again is the same dead letter, once more.
    copy(&stranger, &poison[0], "again").await;
    let failures = "select coalesce(max(failures), 0)::bigint from dead_letter";
    within(LIMIT, "the second failure is counted", async || {
        (database::number(&cluster, Name::Erp, failures).await == 2).then_some(())
    })
    .await;
    load.ended(&cluster).await;
    assert_eq!(dead_letters(&cluster).await, count);
    for name in [Name::Ingest, Name::Payment, Name::Erp] {
        let undecodable = "select count(*) from dead_letter where class <> 'undecodable'";
        assert_eq!(database::number(&cluster, name, undecodable).await, 0, "{}", name.as_str());
        let parked = "select count(*) from stream where parked_at is not null";
        assert_eq!(database::number(&cluster, name, parked).await, 0, "{}", name.as_str());
    }
}

/// What a newer release of a service might say.
fn newer() -> Vec<OutMessage> {
    let mut shape = made_up(erp::ScreenOrder::KIND, b"from the future", 21);
    set(&mut shape, "ce-shape", "99");
    let mut kind = made_up(erp::CancelOrder::KIND, b"from the future", 22);
    set(&mut kind, "ce-type", "otc.erp.v1.CancelOrderLater");
    let mut start = made_up(order::StartOrder::KIND, b"from the future", 23);
    set(&mut start, "ce-shape", "2");
    let mut event = made_up(erp::SalesOrderPlaced::KIND, b"from the future", 24);
    set(&mut event, "ce-shape", "99");
    vec![shape, kind, start, event]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_newer_than_this_binary_is_left_for_one_that_knows_it() {
    let cluster = Cluster::real(33, patient()).await;
    let stranger = cluster.stranger().await;
    let mut receipts: Vec<(String, Receipt)> = Vec::new();
    for message in newer() {
        let receipt = stranger.publish(message.clone()).await.expect("the broker takes it");
        receipts.push((header(&message, "ce-type").to_owned(), receipt));
    }
    let mut load = Load::default();
    load.send(&cluster, 6).await;
    load.ended(&cluster).await;
    assert_eq!(dead_letters(&cluster).await, 0, "newer is not broken");
    for (ce_type, receipt) in &receipts {
        if receipt.bus_stream == topology::COMMANDS {
            // A work queue forgets what was acknowledged.
            let kept = stranger.id_at(&receipt.bus_stream, receipt.seq).await.expect("the broker answers");
            assert!(kept.is_some(), "{ce_type} was acknowledged by somebody who cannot read it");
        }
    }
    // And only they are left there: whatever can be read was acknowledged.
    let last = stranger.mark(topology::COMMANDS).await.expect("the broker answers").expect("the stream").last_seq;
    let mut kept = 0;
    for seq in 1..=last {
        kept += usize::from(stranger.id_at(topology::COMMANDS, seq).await.expect("the broker answers").is_some());
    }
    assert_eq!(kept, receipts.iter().filter(|(_, receipt)| receipt.bus_stream == topology::COMMANDS).count());
    let left =
        database::number(&cluster, Name::Erp, "select count(*) from inbox where message_id like 'made-up-%'").await;
    assert_eq!(left, 0);
}
