//! What a commit promises.

use ledger::{Committed, Finish, Finished, Head, LedgerError, Pending};

use crate::world::*;
use ledger::Commit;

pub async fn versions_are_dense_and_n_counts_public_events(world: &mut World) {
    let stream = world.stream();
    world.append(stream, vec![public("a"), private("b")]).await;
    world.append(stream, vec![public("c")]).await;
    let history = world.ledger.load(stream).await.expect("it loads");
    let numbers: Vec<_> = history.events.iter().map(|event| (event.version, event.n)).collect();
    assert_eq!(numbers, [(1, Some(1)), (2, None), (3, Some(2))]);
    assert_eq!((history.head.version, history.head.n), (3, 2));
    assert_eq!(history.owner, Some((pair(), "payment".to_owned())));
    assert_eq!(history.parked, None);
    let nothing = world.ledger.load(world.stream()).await.expect("an unknown stream is empty");
    assert_eq!((nothing.owner, nothing.head, nothing.events), (None, Head::default(), vec![]));
}

pub async fn what_is_answered_is_what_is_stored(world: &mut World) {
    let stream = world.stream();
    let mut commit = first(stream);
    commit.appends[0].events.push(private("noted"));
    commit.outbox = vec![command(stream, 2, 0), pointer(stream, 1, 0)];
    let durable = world.done(commit).await;
    let history = world.ledger.load(stream).await.expect("it loads");
    assert_eq!(durable.heads, [(stream, history.head)]);
    assert_eq!(durable.events, history.events.iter().map(|e| (stream, e.clone())).collect::<Vec<_>>());
    let taken = until(|| async {
        let taken = world.ledger.claim_outbox(std::time::Duration::ZERO, 10).await.expect("it answers");
        (!taken.is_empty()).then_some(taken)
    })
    .await;
    assert_eq!(durable.outbox, taken);
    assert_eq!(taken[0].stream_kind, "payment");
}

pub async fn of_many_writers_one_wins(world: &mut World) {
    let stream = world.stream();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (ledger, commit) = (world.ledger.clone(), first(stream));
            world.node.spawn(async move { ledger.commit(commit).await })
        })
        .collect();
    let mut winners = 0;
    for task in tasks {
        match task.await.expect("no panic").expect("alive").expect("an answer") {
            Committed::Done(_) => winners += 1,
            refused => assert_eq!(refused, Committed::Conflict(stream)),
        }
    }
    assert_eq!(winners, 1);
    assert_eq!(world.ledger.load(stream).await.expect("it loads").head.version, 1);
    assert_eq!((world.ledger.figures().commits, world.ledger.figures().refused), (1, 49));
}

pub async fn losers_that_load_again_all_get_in(world: &mut World) {
    let stream = world.stream();
    let ledgers = [world.ledger.clone(), world.neighbour().await];
    let tasks: Vec<_> = (0..24)
        .map(|n| {
            let ledger = ledgers[n % 2].clone();
            world.node.spawn(async move {
                loop {
                    let after = ledger.load(stream).await.expect("it loads").head;
                    let mut commit =
                        Commit { appends: vec![append(stream, after, vec![public("a")])], ..Commit::default() };
                    commit.inbox = inbox(stream, &format!("m{n}"));
                    match ledger.commit(commit).await.expect("an answer") {
                        Committed::Done(_) => return,
                        refused => assert_eq!(refused, Committed::Conflict(stream)),
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic").expect("alive");
    }
    assert_eq!(world.ledger.load(stream).await.expect("the chain holds").head.version, 24);
}

/// A stream with an effect held under epoch 1, to make commits that fail in one part.
async fn held_effect(world: &World) -> ledger::RowId {
    let stream = world.stream();
    let lease = ledger::Lease { holder: "me".to_owned(), lasts: std::time::Duration::from_secs(60) };
    let commit = Commit {
        effects: vec![ledger::NewEffect { birth: ledger::Birth::Claimed(lease), ..effect(stream, 1, 0) }],
        ..first(stream)
    };
    world.done(commit).await;
    id(stream, 1, 0)
}

/// A commit with something of everything, on a new stream.
fn everything(world: &World, held: ledger::RowId) -> Commit {
    let stream = world.stream();
    Commit {
        keys: vec![key(stream, &format!("key of {stream}"))],
        inbox: inbox(stream, "message"),
        outbox: vec![pointer(stream, 1, 0)],
        effects: vec![effect(stream, 1, 0)],
        finish: Some(Finish { id: held, epoch: 1, to: Finished::Done, outcome: None }),
        subject_keys: vec![ledger::SubjectKey { subject: stream.0, wrapped: bytes::Bytes::from_static(b"key") }],
        ..first(stream)
    }
}

pub async fn a_refused_commit_leaves_nothing(world: &mut World) {
    let held = held_effect(world).await;
    let (owner, busy, parked) = (world.stream(), world.stream(), world.stream());
    let mut commit = Commit { keys: vec![key(owner, "taken")], inbox: inbox(busy, "seen"), ..first(owner) };
    commit.effects = vec![ledger::NewEffect { reference: Some("name".to_owned()), ..effect(owner, 1, 0) }];
    world.done(commit).await;
    world.append(busy, vec![public("a")]).await;
    world.append(parked, vec![public("a")]).await;
    world.ledger.park(parked, "look").await.expect("it parks");
    let before = world.ledger.pending().await.expect("it counts");

    type Spoiler = (Box<dyn Fn(&mut Commit)>, Result<Committed, ()>);
    let mut spoilers: Vec<Spoiler> = Vec::new();
    spoilers.push((Box::new(move |c| c.inbox = inbox(busy, "seen")), Ok(Committed::Seen)));
    let claim = move |c: &Commit| key(c.appends[0].stream, "taken");
    spoilers.push((Box::new(move |c| c.keys.push(claim(c))), Err(())));
    let late = append(busy, Head::default(), vec![public("a")]);
    spoilers.push((Box::new(move |c| c.appends.push(late.clone())), Ok(Committed::Conflict(busy))));
    let still = append(parked, world.ledger.load(parked).await.expect("it loads").head, vec![public("b")]);
    spoilers.push((Box::new(move |c| c.appends.push(still.clone())), Ok(Committed::Parked(parked))));
    let stale = Finish { id: held, epoch: 0, to: Finished::Done, outcome: None };
    spoilers.push((Box::new(move |c| c.finish = Some(stale.clone())), Ok(Committed::Fenced)));
    let double = move |c: &mut Commit| c.effects[0].reference = Some("name".to_owned());
    spoilers.push((Box::new(double), Err(())));

    for (spoil, expected) in spoilers {
        let mut commit = everything(world, held);
        let (stream, fresh) = (commit.appends[0].stream, commit.keys[0].clone());
        spoil(&mut commit);
        match (world.ledger.commit(commit).await, expected) {
            (Ok(Committed::KeyTaken { claim, owner: by }), Err(())) => {
                assert_eq!((claim.key.as_str(), by), ("taken", owner))
            }
            (Err(LedgerError::Refused { detail }), Err(())) => assert!(detail.contains("`name`"), "{detail}"),
            (answer, expected) => assert_eq!(answer.map_err(|_| ()), expected),
        }
        assert_eq!(world.ledger.load(stream).await.expect("it loads").owner, None);
        assert_eq!(world.ledger.find_key(&pair(), &fresh.kind, &fresh.key).await, Ok(None));
        assert_eq!(world.ledger.subject_key(stream.0).await, Ok(None));
        assert_eq!(world.ledger.effects_of(stream).await, Ok(vec![]));
    }
    assert_eq!(world.ledger.pending().await, Ok(before));
    let whole = world.done(everything(world, held)).await;
    assert_eq!(world.ledger.pending().await, Ok(Pending { outbox: before.outbox + 1, ..before }));
    assert_eq!(whole.outbox.len(), 1);
}

pub async fn reasons_come_in_their_order(world: &mut World) {
    let held = held_effect(world).await;
    let (owner, parked) = (world.stream(), world.stream());
    world.done(Commit { keys: vec![key(owner, "taken")], ..first(owner) }).await;
    world.done(Commit { inbox: inbox(parked, "seen"), ..first(parked) }).await;
    world.ledger.park(parked, "look").await.expect("it parks");
    let stale = Finish { id: held, epoch: 9, to: Finished::Done, outcome: None };
    // Every reason at once; then the foremost is taken away, one by one.
    let mut commit = Commit {
        keys: vec![key(parked, "taken")],
        inbox: inbox(parked, "seen"),
        appends: vec![
            append(owner, Head::default(), vec![public("b")]),
            append(parked, Head::default(), vec![public("b")]),
        ],
        finish: Some(stale),
        ..Commit::default()
    };
    assert_eq!(world.ledger.commit(commit.clone()).await, Ok(Committed::Seen));
    commit.inbox = inbox(parked, "new");
    assert!(
        matches!(world.ledger.commit(commit.clone()).await, Ok(Committed::KeyTaken { owner: by, .. }) if by == owner)
    );
    commit.keys.clear();
    assert_eq!(world.ledger.commit(commit.clone()).await, Ok(Committed::Parked(parked)));
    commit.appends.pop();
    assert_eq!(world.ledger.commit(commit.clone()).await, Ok(Committed::Conflict(owner)));
    commit.appends.clear();
    assert_eq!(world.ledger.commit(commit).await, Ok(Committed::Fenced));
}

pub async fn a_poison_member_fails_alone(world: &mut World) {
    let owner = world.stream();
    let named = |stream| ledger::NewEffect { reference: Some("taken".to_owned()), ..effect(stream, 1, 0) };
    world.done(Commit { effects: vec![named(owner)], ..first(owner) }).await;
    let mut tasks = Vec::new();
    for n in 0..60 {
        let stream = world.stream();
        let mut commit = Commit { inbox: inbox(stream, "m"), outbox: vec![pointer(stream, 1, 0)], ..first(stream) };
        match n % 20 {
            7 => commit.effects = vec![named(stream)],
            13 => {
                let appends = vec![append(stream, Head { version: 3, ..Head::default() }, vec![public("a")])];
                commit = Commit { inbox: commit.inbox, appends, ..Commit::default() };
            }
            _ => commit.effects = vec![effect(stream, 1, 0)],
        }
        let ledger = world.ledger.clone();
        tasks.push((n, stream, world.node.spawn(async move { ledger.commit(commit).await })));
    }
    for (n, stream, task) in tasks {
        match (n % 20, task.await.expect("no panic").expect("alive")) {
            (7, answer) => assert!(matches!(answer, Err(LedgerError::Refused { .. })), "{answer:?}"),
            (13, answer) => assert_eq!(answer, Ok(Committed::Conflict(stream))),
            (_, answer) => assert_eq!(done(answer).heads[0].0, stream),
        }
    }
    assert_eq!(world.ledger.pending().await.expect("it counts").outbox, 54);
}

pub async fn a_message_is_handled_once_per_stream(world: &mut World) {
    let (one, two) = (world.stream(), world.stream());
    world.done(Commit { inbox: inbox(one, "m"), ..first(one) }).await;
    assert_eq!(world.ledger.commit(Commit { inbox: inbox(one, "m"), ..Commit::default() }).await, Ok(Committed::Seen));
    world.done(Commit { inbox: inbox(two, "m"), ..Commit::default() }).await;
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let (ledger, commit) = (world.ledger.clone(), Commit { inbox: inbox(two, "n"), ..Commit::default() });
            world.node.spawn(async move { ledger.commit(commit).await })
        })
        .collect();
    let mut through = 0;
    for task in tasks {
        match task.await.expect("no panic").expect("alive").expect("an answer") {
            Committed::Done(_) => through += 1,
            refused => assert_eq!(refused, Committed::Seen),
        }
    }
    assert_eq!(through, 1);
}

pub async fn a_key_leads_to_one_stream(world: &mut World) {
    let (one, two) = (world.stream(), world.stream());
    let claims = |stream| vec![key(stream, "SO-1"), key(stream, "SO-1")];
    world.done(Commit { keys: claims(one), ..first(one) }).await;
    assert_eq!(world.ledger.find_key(&pair(), "order", "SO-1").await, Ok(Some(one)));
    assert_eq!(world.ledger.find_key(&pair(), "token", "SO-1").await, Ok(None));
    let taken = Committed::KeyTaken { claim: key(two, "SO-1"), owner: one };
    assert_eq!(world.ledger.commit(Commit { keys: claims(two), ..first(two) }).await, Ok(taken));
    world.done(Commit { keys: vec![key(one, "SO-1"), key(one, "SO-2")], ..Commit::default() }).await;
    assert_eq!(world.ledger.find_key(&pair(), "order", "SO-2").await, Ok(Some(one)));
    let both = vec![key(one, "SO-3"), key(two, "SO-3")];
    assert!(matches!(
        world.ledger.commit(Commit { keys: both, ..Commit::default() }).await,
        Ok(Committed::KeyTaken { .. })
    ));
}

pub async fn two_streams_move_together_or_not_at_all(world: &mut World) {
    let (one, two) = (world.stream(), world.stream());
    let both = |after| Commit {
        appends: vec![append(two, after, vec![public("b")]), append(one, after, vec![public("a"), public("c")])],
        ..Commit::default()
    };
    let durable = world.done(both(Head::default())).await;
    assert_eq!(durable.heads.iter().map(|(s, h)| (*s, h.version)).collect::<Vec<_>>(), [(two, 1), (one, 2)]);
    world.append(one, vec![public("d")]).await;
    let mut commit = both(Head::default());
    commit.appends[0].after = world.ledger.load(two).await.expect("it loads").head;
    assert_eq!(world.ledger.commit(commit).await, Ok(Committed::Conflict(one)));
    assert_eq!(world.ledger.load(two).await.expect("it loads").head.version, 1);
}

pub async fn what_cannot_be_is_refused(world: &mut World) {
    let stream = world.stream();
    let orphan = Commit { outbox: vec![pointer(stream, 2, 0)], ..first(stream) };
    let twin = Commit { effects: vec![effect(stream, 1, 0), effect(stream, 1, 0)], ..first(stream) };
    let empty = Commit { appends: vec![append(stream, Head::default(), vec![])], ..Commit::default() };
    let long = Commit { inbox: inbox(stream, &"x".repeat(5000)), ..first(stream) };
    let zero = Commit { keys: vec![key(stream, "a\0b")], ..first(stream) };
    let never = Head { version: 0, n: 3, ..Head::default() };
    let before = Commit { appends: vec![append(stream, never, vec![public("a")])], ..Commit::default() };
    for commit in [orphan, twin, empty, long, zero, before] {
        let answer = world.ledger.commit(commit).await;
        assert!(matches!(answer, Err(LedgerError::Refused { .. })), "{answer:?}");
    }
    assert_eq!(world.done(Commit::default()).await, ledger::Durable::default());
    world.done(first(stream)).await;
}
