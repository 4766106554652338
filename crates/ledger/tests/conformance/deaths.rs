//! A ledger and the death of those who use it.

use std::{future::poll_fn, task::Poll};

use ledger::{Committed, LedgerError};
use node::Action;

use crate::world::*;

pub async fn a_death_before_commit_leaves_nothing(world: &mut World) {
    let stream = world.stream();
    for _ in 0..2 {
        world.faults.arm("append.after_head_update", 1, Action::Die);
        let answer = world.ledger.commit(first(stream)).await;
        assert!(matches!(answer, Err(LedgerError::LostInCommit { .. })), "{answer:?}");
        world.restart().await;
        assert_eq!(world.ledger.load(stream).await.expect("it loads").owner, None);
    }
    assert_eq!(world.faults.fired("append.after_head_update"), 2);
    world.done(first(stream)).await;
    assert_eq!(world.ledger.load(stream).await.expect("it loads").head.version, 1);
}

pub async fn a_caller_that_goes_away_stops_nothing(world: &mut World) {
    for _ in 0..20 {
        let stream = world.stream();
        let mut going = world.ledger.commit(first(stream));
        // One look at it hands the commit over; then nobody waits any more.
        poll_fn(|context| {
            let _ = going.as_mut().poll(context);
            Poll::Ready(())
        })
        .await;
        drop(going);
        until(|| async { world.ledger.load(stream).await.expect("it loads").owner }).await;
        let answer = world.ledger.commit(first(stream)).await;
        assert_eq!(answer, Ok(Committed::Conflict(stream)));
    }
}

pub async fn a_dead_node_answers_nobody(world: &mut World) {
    world.node.kill();
    let stream = world.stream();
    assert!(world.ledger.commit(first(stream)).await.is_err());
    world.restart().await;
    assert_eq!(world.ledger.load(stream).await.expect("it loads").owner, None);
}
