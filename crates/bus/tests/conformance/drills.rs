//! What holds when the broker dies, comes back, or comes back empty.

use std::{collections::BTreeSet, time::Duration};

use bus::{Bus, OutMessage, topology};
use bytes::Bytes;
use fault::{Class, Classify};

use crate::world::{
    PATIENCE, World, ack, command, commands, event, events, eventually, next, silent, take, text, topology as usual,
};

pub async fn a_reader_survives_a_restart(world: World) {
    let (shop, erp) = (events("shop"), commands("erp"));
    let mut world = world.with(&[shop.clone(), erp.clone()]).await;
    let (mut reader, mut queue) = (world.reader(&shop).await, world.reader(&erp).await);
    world.publish(event("before")).await;
    assert_eq!(take(&mut reader).await, "before");
    for round in 0..3 {
        world.stop();
        world.start();
        let id = format!("after {round}");
        world.publish(event(&id)).await;
        world.publish(command(&id)).await;
        for reader in [&mut reader, &mut queue] {
            // What was answered just before the death may come once more.
            let deadline = tokio::time::timeout(PATIENCE, async { while take(reader).await != id {} });
            deadline.await.expect("the new message comes");
        }
    }
}

pub async fn a_reader_survives_a_wipe(world: World) {
    let (shop, erp) = (events("shop"), commands("erp"));
    let all = [shop.clone(), erp.clone()];
    let mut world = world.with(&all).await;
    let (mut reader, mut queue) = (world.reader(&shop).await, world.reader(&erp).await);
    for round in 0..2 {
        for n in 0..3 {
            let id = format!("{round}/{n}");
            world.publish(event(&id)).await;
            world.publish(command(&id)).await;
            assert_eq!((take(&mut reader).await, take(&mut queue).await), (id.clone(), id));
        }
        world.wipe();
        world.apply(&usual(&all)).await;
    }
    // Sequences start again from 1; the reader must not wait for the fourth message.
    assert_eq!(world.publish(event("last")).await.seq, 1);
    assert_eq!(take(&mut reader).await, "last");
    world.publish(command("last")).await;
    assert_eq!(take(&mut queue).await, "last");
}

pub async fn a_publish_while_the_broker_is_away_fails_transiently_and_succeeds_later(world: World) {
    let mut world = world.with(&[]).await;
    world.publish(event("a")).await;
    world.stop();
    let error = world.bus.publish(event("b")).await.unwrap_err();
    assert_eq!(error.class(), Class::Transient, "{error}");
    eventually("the loss is noticed", async || (!world.bus.is_connected()).then_some(())).await;
    assert!(world.bus.publish(event("b")).await.is_err());
    assert!(world.bus.mark(topology::EVENTS).await.is_err());
    let before = *world.bus.connections().borrow();
    world.start();
    world.publish(event("b")).await;
    assert!(*world.bus.connections().borrow() > before);
    assert!(world.bus.publish(event("b")).await.unwrap().is_duplicate);
}

pub async fn a_restarted_work_queue_forgets_consumed_ids_and_a_limited_stream_does_not(world: World) {
    let (erp, shop) = (commands("erp"), events("shop"));
    let mut world = world.with(&[erp.clone(), shop.clone()]).await;
    for id in ["consumed", "waiting"] {
        world.publish(command(id)).await;
    }
    world.publish(event("consumed")).await;
    ack(&*next(&mut world.reader(&erp).await).await.acker).await;
    ack(&*next(&mut world.reader(&shop).await).await.acker).await;
    eventually("the command is gone", async || {
        world.bus.id_at(topology::COMMANDS, 1).await.unwrap().is_none().then_some(())
    })
    .await;
    assert!(world.bus.publish(command("consumed")).await.unwrap().is_duplicate);
    world.stop();
    world.start();
    assert!(world.publish(command("waiting")).await.is_duplicate);
    assert!(!world.publish(command("consumed")).await.is_duplicate);
    assert!(world.publish(event("consumed")).await.is_duplicate);
}

pub async fn a_wiped_broker_shows_another_mark(world: World) {
    let mut world = world.with(&[]).await;
    world.publish(event("a")).await;
    let before = world.bus.mark(topology::EVENTS).await.unwrap().unwrap();
    world.wipe();
    let gone = eventually("the broker is back", async || world.bus.mark(topology::EVENTS).await.ok()).await;
    assert_eq!(gone, None);
    world.apply(&usual(&[])).await;
    let after = world.bus.mark(topology::EVENTS).await.unwrap().unwrap();
    assert_ne!(after.created, before.created);
    assert_eq!(after.last_seq, 0);
    assert_eq!(world.publish(event("b")).await.seq, 1);
    assert_eq!(world.bus.id_at(topology::EVENTS, 1).await.unwrap().as_deref(), Some("b"));
}

pub async fn an_old_answer_takes_nothing_from_a_new_consumer(world: World) {
    let erp = commands("erp");
    let mut world = world.with(std::slice::from_ref(&erp)).await;
    let mut reader = world.reader(&erp).await;
    world.publish(command("old")).await;
    let old = next(&mut reader).await;
    world.wipe();
    world.apply(&usual(std::slice::from_ref(&erp))).await;
    // The same sequence, another message, delivered and not yet answered.
    assert_eq!(world.publish(command("new")).await.seq, old.message.seq);
    let new = next(&mut reader).await;
    assert_eq!(text(&new), "new");
    let _ = old.acker.ack().await;
    let again = next(&mut reader).await;
    assert_eq!((text(&again), again.message.delivered), ("new".to_owned(), 2));
    ack(&*again.acker).await;
    silent(&mut reader).await;
}

pub async fn hints_go_on_after_a_restart(mut world: World) {
    let mut hints = world.bus.hints("otc-hint.payment").await.unwrap();
    world.stop();
    world.start();
    world.connected().await;
    eventually("a hint arrives", async || {
        let _ = world.bus.hint("otc-hint.payment", Bytes::new()).await;
        tokio::time::timeout(Duration::from_millis(200), hints.next()).await.ok().flatten()
    })
    .await;
}

pub async fn the_role_applies_at_the_start_and_after_a_wipe(mut world: World) {
    let shop = events("shop");
    let role = topology::role(world.bus.clone(), world.node.clone(), usual(std::slice::from_ref(&shop)));
    let role = world.node.spawn(role);
    // Opened before the consumer exists: it waits.
    let mut reader = world.reader(&shop).await;
    world.publish(event("a")).await;
    assert_eq!(take(&mut reader).await, "a");
    world.wipe();
    world.publish(event("b")).await;
    let mut got = BTreeSet::new();
    while !got.contains("b") {
        got.insert(take(&mut reader).await);
    }
    world.node.stop();
    tokio::time::timeout(PATIENCE, role).await.expect("the role stops when asked").unwrap();
}

pub async fn nothing_with_a_receipt_is_lost_by_deaths_under_load(world: World) {
    let (shop, erp) = (events("shop"), commands("erp"));
    let mut world = world.with(&[shop.clone(), erp.clone()]).await;
    let mut collecting = Vec::new();
    for consumer in [&shop, &erp] {
        let mut reader = world.reader(consumer).await;
        collecting.push(world.node.spawn(async move {
            let mut got = BTreeSet::new();
            while got.len() < 200 {
                got.insert(take(&mut reader).await);
            }
            got
        }));
    }
    let publishing = [event as fn(&str) -> OutMessage, command].map(|make| {
        let bus = world.bus.clone();
        world.node.spawn(async move { publish_all(&bus, make, 200).await })
    });
    for _ in 0..3 {
        tokio::time::timeout(Duration::from_millis(300), std::future::pending::<()>()).await.unwrap_err();
        world.stop();
        world.start();
    }
    for task in publishing {
        tokio::time::timeout(PATIENCE, task).await.expect("everything is published").unwrap();
    }
    let expected: BTreeSet<_> = (0..200).map(|n| format!("m{n}")).collect();
    for task in collecting {
        let got = tokio::time::timeout(PATIENCE, task).await.expect("everything arrives").unwrap();
        assert_eq!(got, Some(expected.clone()));
    }
}

pub async fn what_is_published_again_after_a_wipe_under_load_arrives(world: World) {
    let (shop, erp) = (events("shop"), commands("erp"));
    let mut world = world.with(&[]).await;
    let role = topology::role(world.bus.clone(), world.node.clone(), usual(&[shop.clone(), erp.clone()]));
    world.node.spawn(role);
    let mut collecting = Vec::new();
    for consumer in [&shop, &erp] {
        let mut reader = world.reader(consumer).await;
        collecting.push(world.node.spawn(async move {
            let mut got = BTreeSet::new();
            while got.len() < 100 {
                got.insert(take(&mut reader).await);
            }
        }));
    }
    let publishing = [event as fn(&str) -> OutMessage, command].map(|make| {
        let bus = world.bus.clone();
        world.node.spawn(async move { publish_all(&bus, make, 100).await })
    });
    tokio::time::timeout(Duration::from_millis(200), std::future::pending::<()>()).await.unwrap_err();
    world.wipe();
    for task in publishing {
        tokio::time::timeout(PATIENCE, task).await.expect("everything is published").unwrap();
    }
    // What the ledgers do once they notice the loss: everything again.
    for make in [event as fn(&str) -> OutMessage, command] {
        publish_all(&world.bus, make, 100).await;
    }
    for task in collecting {
        tokio::time::timeout(PATIENCE, task).await.expect("everything arrives").unwrap();
    }
    world.node.stop();
}

/// As a relay does: one after another, each until it has its receipt.
async fn publish_all(bus: &Bus, make: fn(&str) -> OutMessage, count: u32) {
    for n in 0..count {
        let message = make(&format!("m{n}"));
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        while bus.publish(message.clone()).await.is_err() {
            tick.tick().await;
        }
    }
}
