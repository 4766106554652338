//! Messages on their way out: order, one taker, forgetting, asking and announcing again.

use std::time::Duration;

use ids::StreamId;
use ledger::{Commit, NewEffect, OutboxItem, OutboxRow, RowId};

use crate::world::*;

const YOUNG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(40);

async fn talkative(world: &World, messages: i64) -> StreamId {
    let stream = world.stream();
    let mut commit = first(stream);
    commit.appends[0].events = (0..messages).map(|n| public(&format!("e{n}"))).collect();
    commit.outbox = (1..=messages).rev().flat_map(|v| [command(stream, v, 1), pointer(stream, v, 0)]).collect();
    world.done(commit).await;
    stream
}

fn ids(items: &[OutboxItem]) -> Vec<RowId> {
    items.iter().map(|item| item.row.id).collect()
}

async fn claim(world: &World, older_than: Duration, most: i64) -> Vec<OutboxItem> {
    world.ledger.claim_outbox(older_than, most).await.expect("it answers")
}

async fn claim_some(world: &World, older_than: Duration, most: i64) -> Vec<OutboxItem> {
    until(|| async {
        let taken = claim(world, older_than, most).await;
        (!taken.is_empty()).then_some(taken)
    })
    .await
}

fn marks(items: &[OutboxItem]) -> Vec<(RowId, i32)> {
    items.iter().map(|item| (item.row.id, item.row.asked)).collect()
}

async fn forget(world: &World, items: &[OutboxItem]) {
    world.ledger.forget_outbox(&marks(items)).await.expect("it answers");
}

async fn left(world: &World) -> i64 {
    world.ledger.pending().await.expect("it counts").outbox
}

pub async fn messages_come_in_order_and_are_forgotten(world: &mut World) {
    let (one, two) = (talkative(world, 3).await, talkative(world, 2).await);
    let taken = claim(world, Duration::ZERO, 100).await;
    let mut expected: Vec<RowId> = Vec::new();
    for (stream, messages) in [(one, 3), (two, 2)] {
        expected.extend((1..=messages).flat_map(|v| [id(stream, v, 0), id(stream, v, 1)]));
    }
    expected.sort_unstable();
    assert_eq!(ids(&taken), expected);
    for item in &taken {
        assert_eq!((item.event.version, item.row.body.is_some()), (item.row.id.version, item.row.id.ordinal == 1));
    }
    forget(world, &taken[..4]).await;
    assert_eq!(left(world).await, 6);
    let rest = claim_some(world, SHORT, 100).await;
    assert_eq!(ids(&rest), expected[4..]);
    forget(world, &rest).await;
    assert_eq!(left(world).await, 0);
}

pub async fn a_message_just_taken_is_left_alone(world: &mut World) {
    talkative(world, 1).await;
    assert_eq!(claim(world, YOUNG, 100).await, [], "the process that committed publishes first");
    assert_eq!(claim_some(world, SHORT, 100).await.len(), 2);
    assert_eq!(claim(world, YOUNG, 100).await, []);
    assert_eq!(claim_some(world, SHORT, 100).await.len(), 2, "its taker may have died");
}

pub async fn one_stream_has_one_taker(world: &mut World) {
    let stream = talkative(world, 5).await;
    let part = claim_some(world, SHORT, 3).await;
    assert_eq!(ids(&part), [id(stream, 1, 0), id(stream, 1, 1), id(stream, 2, 0)]);
    let neighbour = world.neighbour().await;
    assert_eq!(neighbour.claim_outbox(YOUNG, 100).await, Ok(vec![]));
    // A young row of the stream keeps others off even when its older rows look abandoned.
    let head = world.ledger.load(stream).await.expect("it loads").head;
    until(|| async { (!claim(world, SHORT, 3).await.is_empty()).then_some(()) }).await;
    let appends = vec![append(stream, head, vec![public("more")])];
    world.done(Commit { appends, outbox: vec![pointer(stream, 6, 0)], ..Commit::default() }).await;
    assert_eq!(neighbour.claim_outbox(Duration::from_secs(5), 100).await, Ok(vec![]));
}

pub async fn what_was_asked_again_stays(world: &mut World) {
    let stream = world.stream();
    let question = NewEffect { reference: Some(format!("{stream}/ask")), ..effect(stream, 1, 0) };
    world.done(Commit { outbox: vec![command(stream, 1, 0)], effects: vec![question], ..first(stream) }).await;
    let sent = claim_some(world, SHORT, 10).await;
    let held =
        world.ledger.claim_effects(&["authorize".to_owned()], 1, "w", YOUNG).await.expect("it answers").remove(0);
    let again = world.ledger.ask_again(held.id, held.epoch, command(stream, 1, 0), YOUNG).await.expect("it answers");
    let again = again.expect("not fenced");
    assert_eq!((again.row.asked, again.event.version, again.stream_kind.as_str()), (1, 1, "payment"));
    forget(world, &sent).await;
    assert_eq!(left(world).await, 1, "the acknowledgement was for the first asking");
    forget(world, &[again]).await;
    assert_eq!(left(world).await, 0);
}

pub async fn asking_again_is_fenced_and_counted(world: &mut World) {
    let stream = world.stream();
    world.done(Commit { effects: vec![effect(stream, 1, 0)], ..first(stream) }).await;
    let (question, row) = (id(stream, 1, 0), command(stream, 1, 0));
    assert_eq!(world.ledger.ask_again(question, 1, row.clone(), SHORT).await, Ok(None));
    for asked in 1..=3 {
        let held = until(|| async {
            world.ledger.claim_effects(&["authorize".to_owned()], 1, "w", YOUNG).await.expect("it answers").pop()
        })
        .await;
        assert_eq!((held.epoch, held.tries), (i64::from(asked), asked - 1));
        let item = world.ledger.ask_again(question, held.epoch, row.clone(), SHORT).await.expect("it answers");
        assert_eq!(item.map(|item| item.row), Some(OutboxRow { asked, ..row.clone() }));
        assert_eq!(left(world).await, 1);
    }
    let effects = world.ledger.effects_of(stream).await.expect("it answers");
    assert_eq!((effects[0].tries, &effects[0].holder), (3, &None));
    world.done(Commit { settle: vec![], ..Commit::default() }).await;
}

pub async fn a_stream_is_announced_again(world: &mut World) {
    let stream = world.stream();
    let mut commit = first(stream);
    commit.appends[0].events = vec![public("a"), private("b"), public("c")];
    commit.outbox = vec![pointer(stream, 1, 0), command(stream, 1, 1), pointer(stream, 3, 0)];
    let durable = world.done(commit).await;
    // The first was acknowledged, the third is still on its way.
    forget(world, &durable.outbox[..1]).await;
    let again = Commit { reannounce: vec![stream], ..Commit::default() };
    let fresh = world.done(again.clone()).await.outbox;
    assert_eq!(fresh.iter().map(|item| item.row.id.version).collect::<Vec<_>>(), [1]);
    assert_eq!((&fresh[0].row.body, fresh[0].row.asked, &fresh[0].event), (&None, 0, &durable.events[0].1));
    assert_eq!(world.done(again.clone()).await.outbox, [], "once is enough while it is pending");
    assert_eq!(left(world).await, 3);
    let taken = claim_some(world, SHORT, 10).await;
    assert_eq!(taken.iter().map(|item| item.row.id.version).collect::<Vec<_>>(), [1, 1, 3]);
    forget(world, &taken).await;
    // In one commit with new events: the old and the new, in order.
    let head = world.ledger.load(stream).await.expect("it loads").head;
    let appends = vec![append(stream, head, vec![public("d")])];
    let both = world.done(Commit { appends, outbox: vec![pointer(stream, 4, 0)], ..again }).await.outbox;
    assert_eq!(both.iter().map(|item| item.row.id.version).collect::<Vec<_>>(), [1, 3, 4]);
}

pub async fn everything_young_is_announced_again_page_by_page(world: &mut World) {
    let now = world.node.now();
    let streams: Vec<_> = (0..4).map(|_| world.stream()).collect();
    for (n, stream) in (0_i64..).zip(&streams) {
        let at = |minutes: i64| now - chrono::TimeDelta::minutes(minutes);
        let events = vec![
            ledger::NewEvent { at: at(300), ..public("old") },
            ledger::NewEvent { at: at(30 - n), ..public("young") },
            ledger::NewEvent { at: at(10), ..private("private") },
        ];
        world.append(*stream, events).await;
    }
    let (mut cursor, mut pages) = (None, 0);
    loop {
        pages += 1;
        cursor = world.ledger.reannounce_page(Duration::from_secs(3600), cursor, 3).await.expect("it answers");
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(pages, 2);
    let taken = claim(world, Duration::ZERO, 100).await;
    assert_eq!(taken.iter().map(|item| (item.row.id.stream, item.event.version)).collect::<Vec<_>>(), {
        let mut expected: Vec<_> = streams.iter().map(|stream| (*stream, 2)).collect();
        expected.sort_unstable();
        expected
    });
}
