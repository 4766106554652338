//! A broker that lost what it had acknowledged, and one that lost nothing; rows that it has acknowledged.

use std::time::Duration;

use bus::topology::EVENTS;
use ids::StreamId;

use crate::{
    errands::Command,
    world::{Process, World, paused},
};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

fn published(process: &Process) -> u64 {
    process.engine.published()
}

/// A process that has said so many things, all of which the broker has.
async fn said(world: &mut World, count: u64) -> (Process, Vec<StreamId>) {
    let process = world.start();
    let mut streams = Vec::new();
    for _ in 0..count {
        let stream = world.new_stream();
        world.tell(&process, stream, Command::Say).await;
        streams.push(stream);
    }
    testkit::within(HOUR, "a quiet outbox", async || {
        (world.disk.all_outbox().is_empty() && published(&process) == count).then_some(())
    })
    .await;
    // Until the detector has looked at this broker at least once.
    world.pass(2 * MINUTE).await;
    assert_eq!(published(&process), count, "a healthy broker is told nothing twice");
    (process, streams)
}

#[test]
fn a_wiped_broker_is_told_everything_again() {
    paused(async {
        let mut world = World::new();
        let (process, _) = said(&mut world, 300).await;
        world.broker.wipe();
        testkit::within(HOUR, "every event", async || (world.broker.stored(EVENTS) == Some(300)).then_some(())).await;
        world.pass(5 * MINUTE).await;
        assert_eq!((world.broker.stored(EVENTS), published(&process)), (Some(300), 600), "once is enough");
    });
}

#[test]
fn a_broker_that_was_rolled_back_is_told_everything_again() {
    paused(async {
        let mut world = World::new();
        let (process, _) = said(&mut world, 20).await;
        world.broker.roll_back(EVENTS, 3);
        testkit::within(HOUR, "all of them", async || (published(&process) > 20).then_some(())).await;
        world.pass(5 * MINUTE).await;
        assert!(world.broker.stored(EVENTS).is_some_and(|stored| stored >= 20), "nothing is missing");
    });
}

#[test]
fn a_message_in_the_place_of_ours_is_noticed() {
    paused(async {
        let mut world = World::new();
        let (process, _) = said(&mut world, 5).await;
        drop(process.engine);
        process.node.kill();
        // While nobody looked the last message was lost, and another one came to stand in its place.
        world.broker.roll_back(EVENTS, 1);
        let other = bus::OutMessage {
            subject: "otc.demo.order.event.completed.v1".to_owned(),
            broker_id: "of-another".to_owned(),
            headers: Vec::new(),
            payload: bytes::Bytes::from_static(b"of another"),
        };
        testkit::within(HOUR, "a broker", async || world.bus().publish(other.clone()).await.ok()).await;
        assert_eq!(world.broker.stored(EVENTS), Some(5), "by its length it is the broker it was");
        let again = world.start();
        testkit::within(HOUR, "our events again", async || (published(&again) >= 5).then_some(())).await;
    });
}

#[test]
fn a_broker_that_only_restarted_is_told_nothing() {
    paused(async {
        let mut world = World::new();
        let (process, _) = said(&mut world, 20).await;
        for _ in 0..3 {
            world.broker.restart();
            world.pass(5 * MINUTE).await;
        }
        assert_eq!(published(&process), 20);
        process.node.kill();
        let again = world.start();
        world.pass(5 * MINUTE).await;
        assert_eq!(published(&again), 0, "nor by a process that has only the ledger's word for it");
    });
}

#[test]
fn acknowledged_rows_go_in_time_under_a_trickle() {
    paused(async {
        let mut world = World::new();
        let (process, _) = said(&mut world, 1).await;
        let mut most = 0;
        // Each comes before the time to forget the one before it has passed.
        for _ in 0..300 {
            let stream = world.new_stream();
            world.tell(&process, stream, Command::Say).await;
            world.pass(Duration::from_millis(15)).await;
            most = most.max(world.disk.all_outbox().len());
        }
        assert!(most <= 5, "{most} rows waited");
        world.pass(MINUTE).await;
        assert_eq!(published(&process), 301, "none was taken for one that was left behind");
    });
}
