//! Outcomes that nobody knows, and how they become known.

use std::time::Duration;

use bytes::Bytes;
use ids::StreamId;
use ledger::EffectState;
use node::Action;
use runtime::{Inquired, query::Queryable as _};

use crate::{
    errands::{ASK_FOR, CALL_LIMIT, Command, Deed, LAG, QUIET},
    world::{Process, World, paused},
};

const MINUTE: Duration = Duration::from_secs(60);

fn found(answer: &'static str) -> Inquired {
    Inquired::Found(Bytes::from_static(answer.as_bytes()))
}

/// One call whose answer is lost.
async fn silence(world: &mut World, deed: Deed) -> (Process, StreamId) {
    world.outside.will([deed]);
    let process = world.start();
    let stream = world.new_stream();
    world.tell(&process, stream, Command::Run).await;
    (process, stream)
}

fn unknowns(world: &World, stream: StreamId) -> usize {
    world.kinds(stream).iter().filter(|kind| *kind == "unknown").count()
}

#[test]
fn what_is_found_is_adopted_and_kept() {
    paused(async {
        for deed in [Deed::Breaks, Deed::Hangs] {
            let mut world = World::new();
            world.outside.says([found("yes")]);
            let (_process, stream) = silence(&mut world, deed).await;
            world.until(stream, "answered").await;
            assert_eq!(world.kinds(stream), ["ran", "unknown", "answered"]);
            assert_eq!(world.told(stream)[2].1, "yes");
            let row = world.rows(stream).remove(0);
            assert_eq!((row.state, row.outcome.as_deref()), (EffectState::Done, Some(&b"yes"[..])));
            let evidence = world.ledger().evidence(row.id).await.expect("it answers");
            assert_eq!(evidence.iter().map(|seen| seen.source.as_str()).collect::<Vec<_>>(), ["inquiry"]);
            let question = world.outside.questions().remove(0);
            assert_eq!((question.inquiry.number, question.inquiry.absence_is_proof), (1, false));
            assert_eq!(question.operator.as_deref(), Some("op7"));
            assert_eq!(world.outside.called().len(), 1);
            world.pass(60 * MINUTE).await;
            assert_eq!(world.outside.questions().len(), 1, "what is known is not asked");
        }
    });
}

#[test]
fn absence_counts_only_when_it_is_proof() {
    paused(async {
        let mut world = World::new();
        world.outside.says([Inquired::Absent]);
        let (_process, stream) = silence(&mut world, Deed::Breaks).await;
        world.until(stream, "answered").await;
        let told = world.kinds(stream);
        assert_eq!(told, ["ran", "unknown", "unknown", "unknown", "absent", "ran", "answered"]);

        let calls = world.outside.books().calls.clone();
        let apart = calls[1].0 - calls[0].0;
        assert!(apart >= QUIET + LAG, "tried again after {apart:?}");
        assert!(apart <= QUIET + LAG + MINUTE, "only tried again after {apart:?}");
        assert_ne!(calls[0].1, calls[1].1, "another attempt has a name of its own");

        let questions = world.outside.questions();
        let hours: Vec<u64> = questions.iter().map(|question| (question.at - calls[0].0).as_secs()).collect();
        assert!(hours[0] >= 15 && hours[1] >= 60 && hours[2] >= 300 && hours.len() == 3, "{hours:?}");
        let proofs: Vec<bool> = questions.iter().map(|question| question.inquiry.absence_is_proof).collect();
        assert_eq!(proofs, [false, false, true]);
        assert_eq!(questions.iter().map(|question| question.inquiry.number).collect::<Vec<_>>(), [1, 2, 3]);
        let quiet = questions[0].inquiry.dead_after - questions[0].inquiry.sent_at;
        // It may be written a little after it was announced.
        assert_eq!(quiet.to_std().expect("it is later"), QUIET + runtime::Settings::default().write_within);
    });
}

#[test]
fn each_hour_that_changes_is_told() {
    paused(async {
        let mut world = World::new();
        world.outside.says([Inquired::Unclear("the search is down".to_owned())]);
        let (process, stream) = silence(&mut world, Deed::Breaks).await;
        let mut seen = 0;
        while world.kinds(stream).last().is_none_or(|kind| kind != "given_up") {
            let last = world.told(stream).pop().expect("it ran");
            if last.0 == "unknown" && unknowns(&world, stream) > seen {
                seen = unknowns(&world, stream);
                let hour = last.1.parse::<chrono::DateTime<chrono::Utc>>().expect("an hour");
                assert!(hour > world.now(), "the hour that is told is still to come");
                let record =
                    process.engine.order(ids::OrderId(stream.0)).await.expect("it answers").expect("it is there");
                let effect = &record.streams[0].effects[0];
                assert_eq!((effect.state.as_str(), effect.in_hand), ("unknown", false));
                let off = effect.due_at_ms - hour.timestamp_millis();
                assert!((0..1000).contains(&off), "the row is due {off} ms after what was told");
                assert!(effect.sent_at_ms > 0 && effect.dead_after_ms - effect.sent_at_ms == 202_000);
                assert_eq!(effect.absence_is_proof, effect.due_at_ms >= effect.sent_at_ms + 302_000);
            }
            world.pass(Duration::from_millis(500)).await;
        }
        assert!(seen >= 4, "told {seen} times");
    });
}

#[test]
fn giving_up_tells_somebody_and_asking_goes_on() {
    paused(async {
        let mut world = World::new();
        world.outside.says([Inquired::Unclear("the search is down".to_owned())]);
        let (_process, stream) = silence(&mut world, Deed::Hangs).await;
        world.until(stream, "given_up").await;
        let events = world.events(stream);
        let after = (events[events.len() - 1].at - events[0].at).to_std().expect("it is later");
        assert!(after >= ASK_FOR && after < ASK_FOR + CALL_LIMIT + MINUTE, "given up after {after:?}");
        let asked = world.outside.questions().len();
        world.pass(30 * MINUTE).await;
        assert!(world.outside.questions().len() >= asked + 2, "asking goes on");
        world.outside.says([found("after all")]);
        world.until(stream, "answered").await;
        assert_eq!(world.outside.called().len(), 1);
    });
}

#[test]
fn what_differs_is_never_absent() {
    paused(async {
        let mut world = World::new();
        world.outside.says([Inquired::Absent, Inquired::Differs(Bytes::from_static(b"half of it")), Inquired::Absent]);
        let (_process, stream) = silence(&mut world, Deed::Breaks).await;
        world.until(stream, "differs").await;
        assert_eq!(world.rows(stream)[0].state, EffectState::Done);
        world.pass(120 * MINUTE).await;
        assert_eq!(world.kinds(stream).last().map(String::as_str), Some("differs"));
        assert_eq!(world.outside.called().len(), 1, "no other attempt");
    });
}

#[test]
fn evidence_speaks_before_the_outside_is_asked() {
    paused(async {
        let mut world = World::new();
        let (_process, stream) = silence(&mut world, Deed::Breaks).await;
        world.until(stream, "unknown").await;
        let row = world.rows(stream).remove(0);
        // Somebody who had lost the row saw the answer.
        world.ledger().keep_evidence(row.id, 1, "answer", Bytes::from_static(b"late")).await.expect("it is kept");
        world.until(stream, "answered").await;
        assert_eq!(world.told(stream).pop().map(|told| told.1).as_deref(), Some("late"));
        assert_eq!(world.outside.questions(), []);
    });
}

#[test]
fn evidence_that_comes_while_it_is_asked_outweighs_absence() {
    paused(async {
        let mut world = World::new();
        world.outside.says([Inquired::Absent]);
        let (_process, stream) = silence(&mut world, Deed::Breaks).await;
        testkit::within(60 * MINUTE, "the question of which absence is proof", async || {
            world.outside.books().thinks_for = Duration::from_secs(10);
            world.outside.questions().last().is_some_and(|last| last.inquiry.absence_is_proof).then_some(())
        })
        .await;
        let row = world.rows(stream).remove(0);
        world.ledger().keep_evidence(row.id, 1, "answer", Bytes::from_static(b"late")).await.expect("it is kept");
        world.until(stream, "answered").await;
        assert_eq!(world.outside.called().len(), 1);
        assert!(!world.kinds(stream).contains(&"absent".to_owned()));
    });
}

#[test]
fn no_attempt_comes_before_quiet_has_passed_whatever_is_said() {
    paused(async {
        let unclear = || Inquired::Unclear("who knows".to_owned());
        let lies = [
            vec![Inquired::Absent],
            vec![unclear(), Inquired::Absent],
            vec![Inquired::Absent, unclear(), Inquired::Absent],
            vec![Inquired::Absent, Inquired::Absent, unclear(), unclear(), Inquired::Absent],
        ];
        for (says, deed) in lies.iter().flat_map(|says| [(says, Deed::Breaks), (says, Deed::Hangs)]) {
            let mut world = World::new();
            world.outside.says(says.clone());
            // Two attempts are lost, the third is answered.
            world.outside.will([deed]);
            let (_process, stream) = silence(&mut world, deed).await;
            world.until(stream, "answered").await;
            let calls = world.outside.books().calls.clone();
            assert_eq!(calls.len(), 3, "{says:?}");
            for two in calls.windows(2) {
                let apart = two[1].0 - two[0].0;
                assert!(apart >= QUIET + LAG, "{says:?}: another attempt after {apart:?}");
            }
        }
    });
}

#[test]
fn a_question_that_hangs_is_asked_again() {
    paused(async {
        let mut world = World::new();
        world.outside.says([found("yes")]);
        world.outside.books().thinks_for = CALL_LIMIT * 10;
        let (_process, stream) = silence(&mut world, Deed::Breaks).await;
        testkit::within(60 * MINUTE, "two questions", async || (world.outside.questions().len() >= 2).then_some(()))
            .await;
        world.outside.books().thinks_for = Duration::ZERO;
        world.until(stream, "answered").await;
        assert_eq!(world.outside.called().len(), 1);
    });
}

#[test]
fn an_inquiry_survives_every_death() {
    paused(async {
        for (point, says, last) in [
            ("inquiry.before", found("yes"), "answered"),
            ("inquiry.after_answer", found("yes"), "answered"),
            ("inquiry.after_commit", found("yes"), "answered"),
            ("inquiry.before", Inquired::Absent, "answered"),
            ("inquiry.after_answer", Inquired::Absent, "answered"),
            ("inquiry.after_commit", Inquired::Absent, "answered"),
        ] {
            let mut world = World::new();
            let is_absent = says == Inquired::Absent;
            world.outside.says([says]);
            world.faults.arm(point, 1, Action::Die);
            let (mut process, stream) = silence(&mut world, Deed::Breaks).await;
            let mut deaths = 0;
            while world.kinds(stream).last().is_none_or(|kind| kind != last) || process.node.is_dead() {
                world.pass(Duration::from_millis(100)).await;
                if process.node.is_dead() {
                    deaths += 1;
                    // What is found at once is asked once: a second death needs a second silence.
                    if deaths < 2 {
                        world.faults.arm(point, 1, Action::Die);
                    }
                    process = world.start();
                }
            }
            assert!(deaths >= 1, "{point} never fired");
            world.pass(60 * MINUTE).await;
            let kinds = world.kinds(stream);
            assert_eq!(kinds.iter().filter(|kind| *kind == "answered").count(), 1, "{point}: {kinds:?}");
            assert_eq!(world.outside.called().len(), if is_absent { 2 } else { 1 }, "{point}: {kinds:?}");
        }
    });
}

#[test]
fn a_frozen_inquirer_is_overtaken_and_changes_nothing() {
    paused(async {
        let mut world = World::new();
        world.outside.says([found("yes")]);
        world.faults.arm("inquiry.after_answer", 1, Action::Pause(4 * MINUTE));
        let (_frozen, stream) = silence(&mut world, Deed::Breaks).await;
        let _other = world.start();
        world.until(stream, "answered").await;
        assert_eq!(world.faults.fired("inquiry.after_answer"), 1);
        assert_eq!(world.outside.questions().len(), 2);
        world.pass(10 * MINUTE).await;
        assert_eq!(world.kinds(stream), ["ran", "unknown", "answered"], "the frozen one woke up and was fenced");
    });
}

#[test]
fn a_parked_stream_hears_nothing_and_loses_nothing() {
    paused(async {
        let mut world = World::new();
        let (_process, stream) = silence(&mut world, Deed::Breaks).await;
        world.outside.says([found("yes")]);
        world.until(stream, "unknown").await;
        world.ledger().park(stream, "a person looks").await.expect("it parks");
        world.pass(60 * MINUTE).await;
        assert_eq!(world.kinds(stream), ["ran", "unknown"]);
        let row = world.rows(stream).remove(0);
        assert_eq!(row.state, EffectState::Unknown);
        let evidence = world.ledger().evidence(row.id).await.expect("it answers");
        assert_eq!(evidence.len(), 1, "what was found waits as evidence");
        assert_eq!(world.outside.questions().len(), 1, "and is not asked again");
    });
}
