//! Effects: lease, fence, announcement, and outcomes of every kind.

use std::time::Duration;

use bytes::Bytes;
use ids::StreamId;
use ledger::{
    Birth, ClaimedEffect, Commit, Committed, EffectState, Evidence, Finish, Finished, Lease, LedgerError, NewEffect,
    Quiet, RowId,
};

use crate::world::*;

pub const LONG: Duration = Duration::from_secs(60);
pub const SHORT: Duration = Duration::from_millis(40);
pub const QUIET: Quiet = Quiet(Duration::from_secs(300));

pub fn kinds() -> Vec<String> {
    vec!["authorize".to_owned(), "timer.deadline".to_owned()]
}

pub async fn claim(world: &World, lease: Duration) -> Vec<ClaimedEffect> {
    world.ledger.claim_effects(&kinds(), 10, "worker", lease).await.expect("it answers")
}

/// Waits until exactly one row can be taken.
pub async fn claim_one(world: &World, lease: Duration) -> ClaimedEffect {
    let mut taken = until(|| async {
        let taken = claim(world, lease).await;
        (!taken.is_empty()).then_some(taken)
    })
    .await;
    assert_eq!(taken.len(), 1);
    taken.remove(0)
}

pub async fn wish(world: &World, effects: impl Fn(StreamId) -> Vec<NewEffect>) -> StreamId {
    let stream = world.stream();
    world.done(Commit { effects: effects(stream), ..first(stream) }).await;
    stream
}

pub async fn one(world: &World) -> StreamId {
    wish(world, |stream| vec![effect(stream, 1, 0)]).await
}

pub fn finish(id: RowId, epoch: i64, to: Finished) -> Commit {
    Commit {
        finish: Some(Finish { id, epoch, to, outcome: Some(Bytes::from_static(b"outcome")) }),
        ..Commit::default()
    }
}

pub fn announce(id: RowId, epoch: i64) -> Commit {
    Commit { announce: Some((id, epoch, QUIET)), ..Commit::default() }
}

async fn state(world: &World, stream: StreamId) -> EffectState {
    world.ledger.effects_of(stream).await.expect("it answers")[0].state
}

pub async fn a_due_effect_is_taken_once(world: &mut World) {
    let stream = wish(world, |s| (0..30).map(|n| effect(s, 1, n)).collect()).await;
    let ledgers = [world.ledger.clone(), world.neighbour().await];
    let tasks: Vec<_> = (0..10)
        .map(|n| {
            let ledger = ledgers[n % 2].clone();
            world.node.spawn(async move { ledger.claim_effects(&kinds(), 5, &format!("w{n}"), LONG).await })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        let taken = task.await.expect("no panic").expect("alive").expect("an answer");
        assert!(taken.len() <= 5);
        all.extend(taken);
    }
    all.extend(world.ledger.claim_effects(&kinds(), 30, "last", LONG).await.expect("it answers"));
    let mut ids: Vec<_> = all.iter().map(|taken| taken.id.ordinal).collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..30).collect::<Vec<_>>());
    assert!(all.iter().all(|taken| taken.epoch == 1 && taken.state == EffectState::Ready && taken.tries == 0));
    assert_eq!((&*all[0].request, all[0].operator.as_deref()), (&b"request"[..], Some("op1")));
    let rows = world.ledger.effects_of(stream).await.expect("it answers");
    assert!(rows.len() == 30 && rows.iter().all(|row| row.holder.is_some()));
}

pub async fn a_lease_that_ended_frees_the_row(world: &mut World) {
    let stream = one(world).await;
    assert_eq!(claim_one(world, SHORT).await.epoch, 1);
    let again = claim_one(world, SHORT).await;
    assert_eq!((again.epoch, again.state), (2, EffectState::Ready));
    world.done(announce(id(stream, 1, 0), 2)).await;
    // Taken after its sender is gone: told that it was sent, so that nobody sends it again.
    let found = claim_one(world, LONG).await;
    assert_eq!((found.epoch, found.state), (3, EffectState::Sent));
    assert_eq!(claim(world, LONG).await, []);
}

pub async fn only_the_holder_of_the_epoch_changes_a_row(world: &mut World) {
    let stream = one(world).await;
    let row = id(stream, 1, 0);
    let stale = claim_one(world, SHORT).await;
    let held = claim_one(world, LONG).await;
    for commit in [
        announce(row, stale.epoch),
        finish(row, stale.epoch, Finished::Done),
        finish(row, stale.epoch, Finished::Again(LONG)),
        announce(row, held.epoch + 1),
        announce(id(stream, 1, 9), 1),
    ] {
        assert_eq!(world.ledger.commit(commit).await, Ok(Committed::Fenced));
    }
    world.done(finish(row, held.epoch, Finished::Done)).await;
    assert_eq!(world.ledger.commit(finish(row, held.epoch, Finished::Done)).await, Ok(Committed::Fenced));
    let rows = world.ledger.effects_of(stream).await.expect("it answers");
    assert_eq!((rows[0].state, rows[0].tries, &rows[0].holder), (EffectState::Done, 0, &None));
    assert_eq!(rows[0].outcome.as_deref(), Some(&b"outcome"[..]));
}

pub async fn nothing_is_done_twice_with_one_announcement(world: &mut World) {
    let stream = one(world).await;
    let row = id(stream, 1, 0);
    let held = claim_one(world, LONG).await;
    world.done(announce(row, held.epoch)).await;
    assert_eq!(world.ledger.commit(announce(row, held.epoch)).await, Ok(Committed::Fenced));
    let sent = world.ledger.effects_of(stream).await.expect("it answers").remove(0);
    assert_eq!(sent.state, EffectState::Sent);
    let quiet = sent.dead_after.zip(sent.sent_at).map(|(dead, sent)| dead - sent);
    assert!(quiet.is_some_and(|quiet| (quiet.as_seconds_f64() - 300.0).abs() < 1.0), "{sent:?}");
}

pub async fn a_try_that_did_not_happen_is_due_again(world: &mut World) {
    let stream = one(world).await;
    let row = id(stream, 1, 0);
    let held = claim_one(world, LONG).await;
    world.done(announce(row, held.epoch)).await;
    world.done(finish(row, held.epoch, Finished::Again(SHORT))).await;
    let ready = world.ledger.effects_of(stream).await.expect("it answers").remove(0);
    assert_eq!((ready.state, ready.tries, ready.sent_at, ready.dead_after), (EffectState::Ready, 1, None, None));
    let again = claim_one(world, LONG).await;
    assert_eq!((again.epoch, again.tries, again.state), (2, 1, EffectState::Ready));
}

pub async fn an_unknown_outcome_is_never_tried_again(world: &mut World) {
    let stream = one(world).await;
    let row = id(stream, 1, 0);
    let held = claim_one(world, LONG).await;
    world.done(announce(row, held.epoch)).await;
    world.done(finish(row, held.epoch, Finished::Unknown(Duration::ZERO))).await;
    assert_eq!(claim(world, LONG).await, []);
    let pending = world.ledger.pending().await.expect("it counts");
    assert_eq!((pending.effects_unknown, pending.effects_due), (1, 0));
    let refused = world.ledger.commit(finish(row, held.epoch, Finished::Again(SHORT))).await;
    assert_eq!(refused, Ok(Committed::Fenced));
    assert_eq!(world.ledger.commit(announce(row, held.epoch)).await, Ok(Committed::Fenced));
    world.done(finish(row, held.epoch, Finished::Unknown(LONG))).await;
    assert_eq!(world.ledger.effects_of(stream).await.expect("it answers")[0].tries, 2);
    world.done(finish(row, held.epoch, Finished::Parked)).await;
    assert_eq!(state(world, stream).await, EffectState::Parked);
}

pub async fn births_are_as_asked(world: &mut World) {
    let lease = || Lease { holder: "me".to_owned(), lasts: LONG };
    let stream = wish(world, |s| {
        vec![
            NewEffect { birth: Birth::Claimed(lease()), ..effect(s, 1, 0) },
            NewEffect { birth: Birth::Sent(lease(), QUIET), ..effect(s, 1, 1) },
            NewEffect { due_in: LONG, ..effect(s, 1, 2) },
        ]
    })
    .await;
    assert_eq!(claim(world, LONG).await, []);
    let rows = world.ledger.effects_of(stream).await.expect("it answers");
    let seen: Vec<_> = rows.iter().map(|r| (r.state, r.epoch, r.holder.as_deref(), r.sent_at.is_some())).collect();
    let expected = [
        (EffectState::Ready, 1, Some("me"), false),
        (EffectState::Sent, 1, Some("me"), true),
        (EffectState::Ready, 0, None, false),
    ];
    assert_eq!(seen, expected);
    assert!(rows[2].due_at > rows[1].due_at && rows[1].dead_after > rows[1].sent_at);
    world.done(finish(id(stream, 1, 1), 1, Finished::Done)).await;
    world.done(announce(id(stream, 1, 0), 1)).await;
}

pub async fn evidence_needs_no_fence(world: &mut World) {
    let stream = one(world).await;
    let row = id(stream, 1, 0);
    let held = claim_one(world, LONG).await;
    world.done(finish(row, held.epoch, Finished::Done)).await;
    let bodies = [Bytes::from_static(b"late answer"), Bytes::from_static(b"a webhook")];
    for (body, source) in [(0, "answer"), (1, "webhook"), (0, "answer")] {
        world.ledger.keep_evidence(row, 7, source, bodies[body].clone()).await.expect("it is kept");
    }
    let kept = [(0, "answer"), (1, "webhook")]
        .map(|(body, source)| Evidence { source: source.to_owned(), body: bodies[body].clone() });
    assert_eq!(world.ledger.evidence(row).await, Ok(kept.to_vec()));
    assert_eq!(world.ledger.evidence(id(stream, 1, 1)).await, Ok(vec![]));
    assert_eq!(state(world, stream).await, EffectState::Done);
}

pub async fn settling_ends_only_what_has_not_begun(world: &mut World) {
    let name = |s: StreamId, n: &str| Some(format!("{s}/{n}"));
    let stream = wish(world, |s| {
        let lease = Lease { holder: "me".to_owned(), lasts: LONG };
        vec![
            NewEffect { reference: name(s, "timer"), due_in: LONG, ..effect(s, 1, 0) },
            NewEffect { reference: name(s, "claimed"), birth: Birth::Claimed(lease.clone()), ..effect(s, 1, 1) },
            NewEffect { reference: name(s, "sent"), birth: Birth::Sent(lease, QUIET), ..effect(s, 1, 2) },
            NewEffect { reference: Some("REF-1".to_owned()), due_in: LONG, ..effect(s, 1, 3) },
        ]
    })
    .await;
    let settle =
        ["timer", "claimed", "sent", "never"].iter().filter_map(|n| name(stream, n)).chain(["REF-1".to_owned()]);
    world.done(Commit { settle: settle.collect(), ..Commit::default() }).await;
    let states: Vec<_> = world.ledger.effects_of(stream).await.expect("it answers").iter().map(|r| r.state).collect();
    assert_eq!(states, [EffectState::Done, EffectState::Done, EffectState::Sent, EffectState::Done]);
    assert_eq!(world.ledger.commit(announce(id(stream, 1, 1), 1)).await, Ok(Committed::Fenced));

    // A row that the same commit finishes is left to that.
    let held = wish(world, |s| {
        let lease = Lease { holder: "me".to_owned(), lasts: LONG };
        vec![NewEffect { reference: name(s, "own"), birth: Birth::Claimed(lease), ..effect(s, 1, 0) }]
    })
    .await;
    let own =
        Commit { settle: name(held, "own").into_iter().collect(), ..finish(id(held, 1, 0), 1, Finished::Again(LONG)) };
    world.done(own).await;
    assert_eq!(state(world, held).await, EffectState::Ready);
}

pub async fn a_name_is_given_once(world: &mut World) {
    let named = |s: StreamId, n: i16| NewEffect { reference: Some("REF".to_owned()), ..effect(s, 1, n) };
    let stream = world.stream();
    let twice =
        world.ledger.commit(Commit { effects: vec![named(stream, 0), named(stream, 1)], ..first(stream) }).await;
    assert!(matches!(twice, Err(LedgerError::Refused { .. })), "{twice:?}");
    wish(world, |s| vec![named(s, 0)]).await;
    let again = world.ledger.commit(Commit { effects: vec![named(stream, 0)], ..first(stream) }).await;
    assert!(matches!(again, Err(LedgerError::Refused { .. })), "{again:?}");
}

pub async fn a_timer_fires_late_and_once(world: &mut World) {
    let timer =
        |s| NewEffect { kind: "timer.deadline".to_owned(), due_in: Duration::from_millis(800), ..effect(s, 1, 0) };
    let stream = wish(world, |s| vec![timer(s)]).await;
    assert_eq!(world.ledger.pending().await.expect("it counts").effects_later, 1);
    let held = claim_one(world, LONG).await;
    assert_eq!(held.kind, "timer.deadline");
    let head = world.ledger.load(stream).await.expect("it loads").head;
    let fire = || Commit {
        appends: vec![append(stream, head, vec![public("expired")])],
        ..finish(held.id, held.epoch, Finished::Done)
    };
    world.done(fire()).await;
    assert_eq!(world.ledger.commit(fire()).await, Ok(Committed::Conflict(stream)));
    assert_eq!(claim(world, LONG).await, []);
}

pub async fn only_known_kinds_are_taken(world: &mut World) {
    wish(world, |s| vec![NewEffect { kind: "of_tomorrow".to_owned(), ..effect(s, 1, 0) }]).await;
    assert_eq!(claim(world, LONG).await, []);
    let taken = world.ledger.claim_effects(&["of_tomorrow".to_owned()], 10, "newer", LONG).await.expect("it answers");
    assert_eq!(taken.len(), 1);
}
