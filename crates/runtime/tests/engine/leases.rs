//! Rows in hand: of a process that froze, of one that stopped, and of too many at once.

use std::{cell::Cell, sync::Arc, time::Duration};

use ledger::{EffectState, MemoryFaults};
use node::Action;
use runtime::{health::Readiness, process};

use crate::{
    errands::{CALL_LIMIT, Command, Deed, WIDTH},
    world::{Process, World, paused},
};

const FEW_SECONDS: Duration = Duration::from_secs(5);
const HOUR: Duration = Duration::from_secs(3600);

async fn stop(process: Process, drain_limit: Duration) {
    let parts: Vec<Arc<dyn Readiness>> = vec![Arc::new(process.engine)];
    process::stop(&[process.node], &parts, drain_limit).await;
}

#[test]
fn a_worker_frozen_between_announcing_and_sending_does_not_send() {
    paused(async {
        let mut world = World::new();
        world.faults.arm("effect.after_sent_commit", 1, Action::Pause(Duration::from_secs(3)));
        let process = world.start();
        let stream = world.new_stream();
        world.tell(&process, stream, Command::Run).await;
        let first = world.rows(stream).remove(0);
        assert_eq!(first.state, EffectState::Sent, "born announced");
        world.until(stream, "answered").await;
        assert_eq!(world.faults.fired("effect.after_sent_commit"), 1);
        let last = world.rows(stream).remove(0);
        // It went back to ready without a word, and was announced anew: that is the announcement it was sent under.
        assert_eq!((world.kinds(stream).len(), last.tries), (2, 1));
        let between = (last.sent_at.expect("sent") - first.sent_at.expect("sent")).to_std().expect("it is later");
        assert!(between >= Duration::from_secs(3), "announced {between:?} apart");
        assert_eq!(world.outside.called().len(), 1);
        assert_eq!(world.outside.questions(), [], "that it did not write is proof; nobody was asked");
    });
}

#[test]
fn a_worker_that_wakes_when_another_has_decided_does_not_send() {
    paused(async {
        let mut world = World::new();
        world.faults.arm("effect.after_sent_commit", 1, Action::Pause(Duration::from_secs(15 * 60)));
        let frozen = world.start();
        let stream = world.new_stream();
        world.tell(&frozen, stream, Command::Run).await;
        let _other = world.start();
        world.until(stream, "answered").await;
        world.pass(HOUR).await;
        assert_eq!(world.kinds(stream).iter().filter(|kind| *kind == "absent").count(), 1);
        assert_eq!(
            world.outside.called(),
            [format!("{stream}/2")],
            "only the attempt that followed the proof was made"
        );
    });
}

#[test]
fn what_a_stopped_process_held_is_taken_up_at_once() {
    paused(async {
        let mut world = World::new();
        let process = world.start();
        world.outside.will([Deed::Hangs; WIDTH]);
        let mut streams = Vec::new();
        for _ in 0..WIDTH + 2 {
            let stream = world.new_stream();
            world.tell(&process, stream, Command::Run).await;
            streams.push(stream);
        }
        testkit::within(FEW_SECONDS, "calls that hang", async || (world.outside.called().len() == WIDTH).then_some(()))
            .await;
        stop(process, Duration::from_secs(1)).await;
        let open: Vec<_> = streams.iter().flat_map(|stream| world.rows(*stream)).collect();
        assert!(open.iter().all(|row| row.holder.is_none()), "nothing is held by nobody: {open:?}");

        let stopped_at = world.now();
        let _next = world.start();
        for (place, stream) in streams.iter().enumerate() {
            // What may have left is asked about; what was only in hand is made.
            let last = if place < WIDTH { "unknown" } else { "answered" };
            testkit::within(HOUR, last, async || world.kinds(*stream).iter().any(|kind| kind == last).then_some(()))
                .await;
        }
        let waited = (world.now() - stopped_at).to_std().expect("it is later");
        assert!(waited < FEW_SECONDS, "the next process waited {waited:?}");
    });
}

#[test]
fn a_row_found_by_a_process_that_died_waits_for_the_lease_of_its_own_lane() {
    paused(async {
        let mut world = World::new();
        world.outside.will([Deed::Unreachable]);
        world.faults.arm("effect.after_claim", 1, Action::Die);
        let process = world.start();
        let stream = world.new_stream();
        world.tell(&process, stream, Command::Run).await;
        testkit::within(HOUR, "a death", async || process.node.is_dead().then_some(())).await;
        let died_at = world.now();
        let _next = world.start();
        world.until(stream, "answered").await;
        let waited = (world.now() - died_at).to_std().expect("it is later");
        assert!(waited <= CALL_LIMIT + world.settings.lease_margin + FEW_SECONDS, "it waited {waited:?}");
    });
}

#[test]
fn a_stop_lets_calls_finish() {
    paused(async {
        let mut world = World::new();
        let process = world.start();
        world.outside.will([Deed::AnswersAfter(Duration::from_secs(10), "slowly")]);
        let stream = world.new_stream();
        world.tell(&process, stream, Command::Run).await;
        stop(process, Duration::from_secs(25)).await;
        assert_eq!(world.kinds(stream), ["ran", "answered"]);
    });
}

/// Rows that some process holds.
fn held(world: &World) -> usize {
    world.disk.all_effects().iter().filter(|row| row.holder.is_some()).count()
}

fn is_over(world: &World) -> bool {
    world.disk.all_effects().iter().all(|row| row.state == EffectState::Done)
}

#[test]
fn timers_that_come_due_together_are_taken_up_in_bounded_numbers() {
    paused(async {
        let mut world = World::new();
        let process = world.start();
        let long = Duration::from_secs(600);
        let streams: Vec<_> = (0..700).map(|_| world.new_stream()).collect();
        for stream in &streams {
            world.tell(&process, *stream, Command::Wait { long }).await;
        }
        world.disk.set_faults(MemoryFaults { latency_ms_max: 200, ..MemoryFaults::default() });
        let most = Cell::new(0);
        testkit::within(HOUR, "every bell", async || {
            most.set(most.get().max(held(&world)));
            is_over(&world).then_some(())
        })
        .await;
        assert!((100..=256).contains(&most.get()), "{most:?} at a time");
        world.pass(HOUR).await;
        let rung = world.disk.all_events().iter().filter(|(_, event)| event.kind == "rang").count();
        assert_eq!(rung, streams.len(), "late is fine, twice is not");
    });
}

#[test]
fn more_calls_than_a_process_can_hold_are_each_made_once() {
    paused(async {
        let mut world = World::new();
        let process = world.start();
        world.outside.books().otherwise = Some(Deed::AnswersAfter(Duration::from_secs(1), "done"));
        let streams: Vec<_> = (0..500).map(|_| world.new_stream()).collect();
        for stream in &streams {
            world.tell(&process, *stream, Command::Run).await;
        }
        let most = Cell::new(0);
        testkit::within(HOUR, "every call", async || {
            most.set(most.get().max(held(&world)));
            is_over(&world).then_some(())
        })
        .await;
        assert!(most.get() <= 512, "{most:?} in hand");
        let mut called = world.outside.called();
        called.sort();
        called.dedup();
        assert_eq!((called.len(), world.outside.called().len()), (500, 500));
        assert_eq!(world.outside.books().with_it, (0, WIDTH));
    });
}

#[test]
fn many_questions_at_once_keep_to_the_width_of_their_lane() {
    paused(async {
        let mut world = World::new();
        let process = world.start();
        world.outside.books().otherwise = Some(Deed::Breaks);
        world.outside.says([runtime::Inquired::Found(bytes::Bytes::from_static(b"yes"))]);
        world.outside.books().thinks_for = Duration::from_secs(2);
        let streams: Vec<_> = (0..100).map(|_| world.new_stream()).collect();
        for stream in &streams {
            world.tell(&process, *stream, Command::Run).await;
        }
        testkit::within(HOUR, "every answer", async || is_over(&world).then_some(())).await;
        assert_eq!(world.outside.books().with_it, (0, WIDTH));
        assert_eq!((world.outside.called().len(), world.outside.questions().len()), (100, 100), "each asked once");
    });
}
