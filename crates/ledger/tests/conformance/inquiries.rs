//! Outcomes that nobody knows: who may ask, when, and what a stopped process leaves behind.

use std::time::Duration;

use ids::StreamId;
use ledger::{Birth, Commit, Committed, DueInquiry, EffectState, Finished, Lease, Ledger, NewEffect, Quiet, RowId};

use crate::{
    effects::{LONG, QUIET, SHORT, announce, claim, claim_one, finish, kinds, one, wish},
    world::*,
};

async fn due_of(ledger: &Ledger, holder: &str, lease: Duration) -> Vec<DueInquiry> {
    ledger.claim_inquiries(&kinds(), 10, holder, lease).await.expect("it answers")
}

async fn due(world: &World, lease: Duration) -> Vec<DueInquiry> {
    due_of(&world.ledger, "asker", lease).await
}

async fn due_one(world: &World, lease: Duration) -> DueInquiry {
    let mut taken = until(|| async {
        let taken = due(world, lease).await;
        (!taken.is_empty()).then_some(taken)
    })
    .await;
    assert_eq!(taken.len(), 1);
    taken.remove(0)
}

/// A row that was announced and whose outcome is unknown, due for an inquiry after `due_in`.
async fn unknown(world: &World, due_in: Duration) -> (StreamId, RowId) {
    let stream = one(world).await;
    let held = claim_one(world, LONG).await;
    world.done(announce(held.id, held.epoch)).await;
    world.done(finish(held.id, held.epoch, Finished::Unknown(due_in))).await;
    (stream, held.id)
}

pub async fn an_inquiry_is_claimed_when_it_is_due(world: &mut World) {
    let (_, later) = unknown(world, LONG).await;
    let (_, row) = unknown(world, Duration::ZERO).await;
    assert_eq!(world.ledger.claim_inquiries(&["other".to_owned()], 10, "asker", LONG).await, Ok(vec![]));
    let asked = due_one(world, LONG).await;
    assert_eq!((asked.effect.id, asked.effect.state, asked.effect.epoch), (row, EffectState::Unknown, 2));
    assert_eq!((&*asked.effect.request, asked.effect.operator.as_deref()), (&b"request"[..], Some("op1")));
    assert_eq!(due(world, LONG).await, [], "one is held, the other is not due");
    let seen = world.ledger.effects_of(row.stream).await.expect("it answers").remove(0);
    assert_eq!((seen.state, seen.holder.as_deref()), (EffectState::Unknown, Some("asker")));
    assert!(seen.due_at > asked.claimed_at, "nobody sees an hour that has passed");
    let untouched = world.ledger.effects_of(later.stream).await.expect("it answers").remove(0);
    assert_eq!((untouched.epoch, untouched.tries), (1, 1));
    assert_eq!(claim(world, LONG).await, [], "never to be sent again");
}

pub async fn an_inquiry_is_fenced_like_a_call(world: &mut World) {
    let (stream, row) = unknown(world, Duration::ZERO).await;
    let stale = due_one(world, SHORT).await.effect.epoch;
    let held = due_one(world, LONG).await.effect.epoch;
    assert_eq!(held, stale + 1);
    for to in [Finished::Done, Finished::Unknown(LONG), Finished::Parked] {
        assert_eq!(world.ledger.commit(finish(row, stale, to)).await, Ok(Committed::Fenced));
    }
    for to in [Finished::Again(SHORT), Finished::Again(Duration::ZERO)] {
        assert_eq!(
            world.ledger.commit(finish(row, held, to)).await,
            Ok(Committed::Fenced),
            "asking sends nothing again"
        );
    }
    assert_eq!(world.ledger.commit(announce(row, held)).await, Ok(Committed::Fenced));
    world.done(finish(row, held, Finished::Done)).await;
    assert_eq!(world.ledger.commit(finish(row, held, Finished::Unknown(LONG))).await, Ok(Committed::Fenced));
    assert_eq!(world.ledger.effects_of(stream).await.expect("it answers")[0].state, EffectState::Done);
}

pub async fn inquiries_are_counted_from_the_silence(world: &mut World) {
    let stream = one(world).await;
    // Two failures that surely had no effect come first, and are not inquiries.
    for _ in 0..2 {
        let held = claim_one(world, LONG).await;
        world.done(announce(held.id, held.epoch)).await;
        world.done(finish(held.id, held.epoch, Finished::Again(Duration::ZERO))).await;
    }
    let held = claim_one(world, LONG).await;
    assert_eq!(held.tries, 2);
    world.done(announce(held.id, held.epoch)).await;
    world.done(finish(held.id, held.epoch, Finished::Unknown(Duration::ZERO))).await;
    for number in 1..4 {
        let asked = due_one(world, LONG).await.effect;
        assert_eq!(asked.tries, number);
        world.done(finish(asked.id, asked.epoch, Finished::Unknown(Duration::ZERO))).await;
    }
    assert_eq!(world.ledger.effects_of(stream).await.expect("it answers")[0].tries, 4);
}

pub async fn an_inquiry_whose_process_died_is_made_by_another(world: &mut World) {
    let (_, row) = unknown(world, Duration::ZERO).await;
    due_one(world, SHORT).await;
    world.restart().await;
    let again = due_one(world, LONG).await.effect;
    assert_eq!((again.id, again.epoch, again.tries), (row, 3, 1), "the same question, under another epoch");
}

pub async fn quiet_is_told_by_the_clock_that_wrote_it(world: &mut World) {
    let Quiet(quiet) = QUIET;
    let (_, _) = unknown(world, Duration::ZERO).await;
    let asked = due_one(world, LONG).await;
    let (sent, dead) = asked.sent_at.zip(asked.dead_after).expect("it was announced");
    assert!(sent <= asked.claimed_at && asked.claimed_at < dead);
    let gap = (dead - sent).as_seconds_f64() - quiet.as_secs_f64();
    assert!(gap.abs() < 1.0, "{asked:?}");
}

pub async fn what_a_stopped_process_held_is_free_at_once(world: &mut World) {
    let lease = |holder: &str| Lease { holder: holder.to_owned(), lasts: LONG };
    let stream = wish(world, |s| {
        vec![
            NewEffect { birth: Birth::Claimed(lease("stopped")), ..effect(s, 1, 0) },
            NewEffect { birth: Birth::Sent(lease("stopped"), QUIET), ..effect(s, 1, 1) },
            NewEffect { birth: Birth::Claimed(lease("alive")), ..effect(s, 1, 2) },
        ]
    })
    .await;
    let (_, row) = unknown(world, Duration::ZERO).await;
    assert_eq!(due_of(&world.ledger, "stopped", LONG).await.len(), 1);
    assert_eq!(world.ledger.release("stopped").await, Ok(3));
    assert_eq!(world.ledger.release("stopped").await, Ok(0));

    let taken = claim(world, LONG).await;
    let seen: Vec<_> = taken.iter().map(|held| (held.id.ordinal, held.state, held.epoch)).collect();
    // What it had announced may have left: it is found as such, and asked about.
    assert_eq!(seen, [(0, EffectState::Ready, 2), (1, EffectState::Sent, 2)]);
    assert_eq!(world.ledger.commit(announce(id(stream, 1, 0), 1)).await, Ok(Committed::Fenced));
    world.done(Commit { announce: Some((id(stream, 1, 2), 1, QUIET)), ..Commit::default() }).await;
    let asked = due_one(world, LONG).await.effect;
    assert_eq!((asked.id, asked.epoch, asked.tries), (row, 3, 1), "an inquiry that was not finished is due at once");
}
