//! The twin's own accidents: each one happens, and the same seed gives the same history.

use std::{collections::BTreeMap, time::Duration};

use bus::{BusError, BusFaults, MemoryBroker, MemoryBus, topology};
use fault::{Class, Classify};
use tokio::time::Instant;

use crate::world::{
    Broker, World, command, commands, event, events, eventually, next, node, silent, take, text, topology as usual,
};

fn broker(world: &World) -> &MemoryBroker {
    match &world.broker {
        Broker::Twin(broker) => broker,
        Broker::JetStream(_) => panic!("only the twin has seeded accidents"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_receipt_is_a_timeout_and_the_message_is_there() {
    let world = World::twin().with(&[]).await;
    broker(&world).set_faults(BusFaults { publish_lost_ack: 1000, ..BusFaults::default() });
    let at = Instant::now();
    let error = world.bus.publish(event("a")).await.unwrap_err();
    assert!(matches!(error, BusError::Timeout { .. }) && error.class() == Class::Transient, "{error:?}");
    assert_eq!(at.elapsed(), Duration::from_secs(5));
    broker(&world).set_faults(BusFaults::default());
    assert!(world.bus.publish(event("a")).await.unwrap().is_duplicate);
}

#[tokio::test(start_paused = true)]
async fn a_refused_publish_stores_nothing() {
    let world = World::twin().with(&[]).await;
    broker(&world).set_faults(BusFaults { publish_refused: 1000, ..BusFaults::default() });
    assert_eq!(world.bus.publish(event("a")).await.unwrap_err().class(), Class::Transient);
    assert_eq!(broker(&world).stored(topology::EVENTS), Some(0));
}

#[tokio::test(start_paused = true)]
async fn a_doubled_message_comes_again_although_it_was_acknowledged() {
    let erp = commands("erp");
    let world = World::twin().with(std::slice::from_ref(&erp)).await;
    broker(&world).set_faults(BusFaults { duplicate: 1000, ..BusFaults::default() });
    world.publish(command("a")).await;
    let mut reader = world.reader(&erp).await;
    assert_eq!((take(&mut reader).await, take(&mut reader).await), ("a".to_owned(), "a".to_owned()));
    silent(&mut reader).await;
}

#[tokio::test(start_paused = true)]
async fn messages_held_back_come_out_of_order_and_none_is_lost() {
    let shop = events("shop");
    let world = World::twin().with(std::slice::from_ref(&shop)).await;
    broker(&world).set_faults(BusFaults { reorder: 400, ..BusFaults::default() });
    let sent: Vec<_> = (0..30).map(|n| format!("e{n:02}")).collect();
    for id in &sent {
        world.publish(event(id)).await;
    }
    let mut reader = world.reader(&shop).await;
    let mut got = Vec::new();
    for _ in &sent {
        got.push(take(&mut reader).await);
    }
    assert_ne!(got, sent);
    got.sort();
    assert_eq!(got, sent);
    silent(&mut reader).await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_hint_is_not_delivered() {
    let world = World::twin();
    let mut hints = world.bus.hints("otc-hint.payment").await.unwrap();
    broker(&world).set_faults(BusFaults { drop_hint: 1000, ..BusFaults::default() });
    world.bus.hint("otc-hint.payment", bytes::Bytes::new()).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_secs(1), hints.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_rolled_back_stream_gives_its_sequences_to_other_messages() {
    let shop = events("shop");
    let world = World::twin().with(std::slice::from_ref(&shop)).await;
    let mut reader = world.reader(&shop).await;
    for id in ["a", "b", "c"] {
        world.publish(event(id)).await;
        take(&mut reader).await;
    }
    let before = world.bus.mark(topology::EVENTS).await.unwrap().unwrap();
    broker(&world).roll_back(topology::EVENTS, 2);
    let after = world.bus.mark(topology::EVENTS).await.unwrap().unwrap();
    assert_eq!((after.created, after.last_seq), (before.created, 1));
    // The lost id is not remembered, and the consumer gets what is now at its place.
    let receipt = world.bus.publish(event("c")).await.unwrap();
    assert_eq!((receipt.seq, receipt.is_duplicate), (2, false));
    assert_eq!(world.bus.id_at(topology::EVENTS, 2).await.unwrap().as_deref(), Some("c"));
    assert_eq!(take(&mut reader).await, "c");
}

#[tokio::test(start_paused = true)]
async fn ids_are_forgotten_after_the_window() {
    let world = World::twin().with(&[]).await;
    world.bus.publish(event("a")).await.unwrap();
    tokio::time::advance(topology::DUPLICATE_WINDOW - Duration::from_secs(1)).await;
    assert!(world.bus.publish(event("a")).await.unwrap().is_duplicate);
    tokio::time::advance(Duration::from_secs(2)).await;
    assert!(!world.bus.publish(event("a")).await.unwrap().is_duplicate);
}

#[tokio::test(start_paused = true)]
async fn the_broker_outlives_the_node_that_used_it() {
    let shop = events("shop");
    let world = World::twin().with(std::slice::from_ref(&shop)).await;
    world.publish(event("a")).await;
    let taken = next(&mut world.reader(&shop).await).await;
    world.node.kill();
    drop(taken);
    let bus = MemoryBus::attach(broker(&world), node());
    let mut reader = bus.reader(&shop).await.unwrap();
    let again = next(&mut reader).await;
    assert_eq!((text(&again), again.message.delivered), ("a".to_owned(), 2));
}

#[tokio::test(start_paused = true)]
async fn one_seed_gives_one_history() {
    let (one, two, other) = (history(11).await, history(11).await, history(12).await);
    assert_eq!(one, two);
    assert_ne!(one, other);
    assert!(one.1.values().any(|count| *count > 1), "something was doubled: {:?}", one.1);
}

/// Fifty events through every accident and two drills: what came in which order, how often, and the broker's hash.
async fn history(seed: u64) -> (Vec<String>, BTreeMap<String, u32>, u64) {
    let erp = commands("erp");
    let node = node();
    let broker = MemoryBroker::new(seed);
    let bus = MemoryBus::attach(&broker, node.clone());
    let role = topology::role(bus.clone(), node.clone(), usual(std::slice::from_ref(&erp)));
    let role = node.spawn(role);
    eventually("the role has applied", async || broker.stored(topology::COMMANDS)).await;
    let hundred = 100;
    broker.set_faults(BusFaults {
        publish_lost_ack: hundred,
        publish_refused: hundred,
        duplicate: hundred,
        reorder: hundred,
        delay_ms_max: 40,
        drop_hint: hundred,
    });
    let mut reader = bus.reader(&erp).await.unwrap();
    let reading = node.spawn(async move {
        let mut order = Vec::new();
        let mut counts = BTreeMap::<String, u32>::new();
        while counts.len() < 50 {
            let id = take(&mut reader).await;
            *counts.entry(id.clone()).or_default() += 1;
            order.push(id);
        }
        (order, counts)
    });
    for n in 0..50 {
        if n == 20 {
            broker.restart();
        }
        if n == 30 {
            // Only once everything before was handled: what a wipe takes along is put back by the ledgers, not here.
            eventually("the queue is empty", async || (broker.stored(topology::COMMANDS) == Some(0)).then_some(()))
                .await;
            broker.wipe();
        }
        eventually("a publish succeeds", async || bus.publish(command(&format!("c{n:02}"))).await.ok()).await;
    }
    let (order, counts) = reading.await.unwrap().unwrap();
    node.stop();
    role.await.unwrap();
    (order, counts, broker.hash())
}
