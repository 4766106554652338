//! Chains, parking, persons, dead letters, the broker, lists and counts.

use bytes::Bytes;
use ids::StreamId;
use ledger::{BusSeen, Commit, Committed, DeadLetter, LedgerError, Pending, SubjectKey};
use uuid::Uuid;

use crate::world::*;

pub async fn an_edited_event_is_named(world: &mut World) {
    let stream = world.stream();
    world.append(stream, vec![public("a"), public("b"), public("c")]).await;
    world.tamper(stream, 2).await;
    assert_eq!(world.ledger.load(stream).await, Err(LedgerError::Corrupt { stream, version: 2 }));
}

pub async fn a_parked_stream_takes_nothing(world: &mut World) {
    let stream = world.stream();
    world.ledger.park(stream, "does not exist").await.expect("nothing to park is fine");
    world.append(stream, vec![public("a")]).await;
    world.ledger.park(stream, "look at this").await.expect("it parks");
    world.ledger.park(stream, "and at that").await.expect("it stays parked");
    let history = world.ledger.load(stream).await.expect("it loads");
    assert_eq!(history.parked.as_deref(), Some("look at this"));
    let commit = Commit { appends: vec![append(stream, history.head, vec![public("b")])], ..Commit::default() };
    assert_eq!(world.ledger.commit(commit).await, Ok(Committed::Parked(stream)));
}

pub async fn an_erased_person_stays_erased(world: &mut World) {
    let subject = Uuid::from_u128(7);
    let keep = |wrapped: &'static [u8]| Commit {
        subject_keys: vec![SubjectKey { subject, wrapped: Bytes::from_static(wrapped) }],
        ..Commit::default()
    };
    assert_eq!(world.ledger.subject_key(subject).await, Ok(None));
    world.done(keep(b"one")).await;
    world.done(keep(b"two")).await;
    let kept = SubjectKey { subject, wrapped: Bytes::from_static(b"one") };
    assert_eq!(world.ledger.subject_key(subject).await, Ok(Some(kept)));
    world.erase(subject).await;
    world.done(keep(b"late")).await;
    assert_eq!(world.ledger.subject_key(subject).await, Ok(None));
}

fn letter(id: u128, origin: &str, message_id: &str) -> DeadLetter {
    DeadLetter {
        id: Uuid::from_u128(id),
        pair: None,
        origin: origin.to_owned(),
        message_id: message_id.to_owned(),
        why: "cannot be read".to_owned(),
        class: "undecodable".to_owned(),
        body: Bytes::from_static(b"???"),
        failures: 1,
        stream: None,
    }
}

pub async fn burying_counts_failures(world: &mut World) {
    assert_eq!(world.ledger.failures("s", "m").await, Ok(0));
    assert_eq!(world.ledger.bury(letter(1, "s", "m")).await, Ok(1));
    let later = DeadLetter { pair: Some(pair()), stream: Some(StreamId(Uuid::from_u128(9))), ..letter(5, "s", "m") };
    assert_eq!(world.ledger.bury(later.clone()).await, Ok(2));
    assert_eq!(world.ledger.bury(letter(3, "s", "n")).await, Ok(1));
    assert_eq!(world.ledger.failures("s", "m").await, Ok(2));
    let known = DeadLetter { id: Uuid::from_u128(1), failures: 2, ..later };
    assert_eq!(world.ledger.dead_letters(10).await, Ok(vec![letter(3, "s", "n"), known]));
    assert_eq!(world.ledger.dead_letters(1).await, Ok(vec![letter(3, "s", "n")]));
}

pub async fn a_resolved_letter_is_shown_no_more(world: &mut World) {
    world.ledger.bury(letter(1, "s", "m")).await.expect("it is kept");
    world.ledger.bury(letter(2, "s", "n")).await.expect("it is kept");
    assert_eq!(world.ledger.resolve("s", "of another", "us", "handled").await, Ok(false));
    assert_eq!(world.ledger.resolve("s", "m", "us", "handled").await, Ok(true));
    assert_eq!(world.ledger.resolve("s", "m", "us", "handled").await, Ok(false));
    assert_eq!(world.ledger.dead_letters(10).await, Ok(vec![letter(2, "s", "n")]));
    assert_eq!(world.ledger.pending().await.expect("it counts").dead_letters, 1);
    // Its failures are not forgotten, and one more opens it again.
    assert_eq!(world.ledger.failures("s", "m").await, Ok(1));
    assert_eq!(world.ledger.bury(letter(3, "s", "m")).await, Ok(2));
    assert_eq!(world.ledger.dead_letters(10).await.map(|letters| letters.len()), Ok(2));
}

pub async fn the_broker_is_remembered(world: &mut World) {
    assert_eq!(world.ledger.bus_seen().await, Ok(vec![]));
    let seen = |bus_stream: &str, last_seq| BusSeen {
        bus_stream: bus_stream.to_owned(),
        created: private("x").at,
        last_seq,
        last_id: format!("id {last_seq}"),
    };
    for mark in [seen("EVENTS", 8), seen("COMMANDS", 3), seen("EVENTS", 5)] {
        world.ledger.saw_bus(mark).await.expect("it is kept");
    }
    assert_eq!(world.ledger.bus_seen().await, Ok(vec![seen("COMMANDS", 3), seen("EVENTS", 5)]));
}

pub async fn streams_are_listed_newest_first(world: &mut World) {
    let mut streams: Vec<_> = (0..5).map(|_| world.stream()).collect();
    for stream in &streams {
        world.done(first(*stream)).await;
    }
    let other = world.stream();
    let mut commit = first(other);
    commit.appends[0].kind = "order".to_owned();
    world.done(commit).await;
    streams.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(world.ledger.streams("payment", None, 3).await, Ok(streams[..3].to_vec()));
    assert_eq!(world.ledger.streams("payment", Some(streams[2]), 10).await, Ok(streams[3..].to_vec()));
    assert_eq!(world.ledger.streams("order", None, 10).await, Ok(vec![other]));
}

pub async fn pending_tells_whether_all_is_at_rest(world: &mut World) {
    world.ledger.ping().await.expect("it answers");
    assert_eq!(world.ledger.pending().await, Ok(Pending::default()));
    let stream = world.stream();
    let later = ledger::NewEffect { due_in: std::time::Duration::from_secs(60), ..effect(stream, 1, 1) };
    let commit =
        Commit { outbox: vec![pointer(stream, 1, 0)], effects: vec![effect(stream, 1, 0), later], ..first(stream) };
    world.done(commit).await;
    world.ledger.park(stream, "look").await.expect("it parks");
    world.ledger.bury(letter(1, "s", "m")).await.expect("it is kept");
    let expected =
        Pending { outbox: 1, effects_due: 1, effects_unknown: 0, effects_later: 1, parked: 1, dead_letters: 1 };
    assert_eq!(world.ledger.pending().await, Ok(expected));
}
