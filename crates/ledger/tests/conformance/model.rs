//! Random commits against the twin and against a few maps that say what must come of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use chrono::DateTime;
use ids::StreamId;
use ledger::{
    Commit, Committed, EffectState, Finish, Finished, Head, Ledger, MemoryLedger, MemoryState, NewEffect, Quiet, RowId,
};
use node::{NodeBuilder, SimNetwork};
use proptest::prelude::*;
use tokio::time::Instant;
use uuid::Uuid;

use crate::world::*;

/// One random act. Small numbers, so that they meet.
#[derive(Debug, Clone)]
enum Act {
    Commit { stream: u8, is_stale: bool, events: u8, message: Option<u8>, key: Option<u8>, finish: Option<(u8, u8)> },
    Announce { effect: u8, epoch_off: i64 },
    Claim { most: i64 },
    Inquire { most: i64 },
    Park { stream: u8 },
    Forget { count: u8 },
    Pass { millis: u64 },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let commit = (
        0..4_u8,
        prop::bool::weighted(0.15),
        0..3_u8,
        prop::option::of(0..12_u8),
        prop::option::weighted(0.3, 0..6_u8),
    );
    let finish = prop::option::weighted(0.4, (0..8_u8, 0..4_u8));
    let act = prop_oneof![
        8 => (commit, finish).prop_map(|((stream, is_stale, events, message, key), finish)| {
            Act::Commit { stream, is_stale, events, message, key, finish }
        }),
        2 => (0..8_u8, 0..2_i64).prop_map(|(effect, epoch_off)| Act::Announce { effect, epoch_off }),
        3 => (1..4_i64).prop_map(|most| Act::Claim { most }),
        2 => (1..4_i64).prop_map(|most| Act::Inquire { most }),
        1 => (0..4_u8).prop_map(|stream| Act::Park { stream }),
        2 => (1..5_u8).prop_map(|count| Act::Forget { count }),
        2 => (1..400_u64).prop_map(|millis| Act::Pass { millis }),
    ];
    prop::collection::vec(act, 1..60)
}

#[derive(Default)]
struct Model {
    versions: BTreeMap<StreamId, i64>,
    parked: BTreeSet<StreamId>,
    inbox: BTreeSet<(StreamId, u8)>,
    keys: BTreeMap<u8, StreamId>,
    /// State and epoch, in the order of birth.
    effects: Vec<(RowId, EffectState, i64)>,
    outbox: BTreeSet<RowId>,
}

fn stream(n: u8) -> StreamId {
    StreamId(Uuid::from_u128(u128::from(n) + 1))
}

const TO: [Finished; 4] = [
    Finished::Done,
    Finished::Again(Duration::from_millis(50)),
    Finished::Unknown(Duration::from_millis(50)),
    Finished::Parked,
];

fn becomes(state: EffectState, to: Finished) -> Option<EffectState> {
    match (state, to) {
        (EffectState::Done | EffectState::Parked, _) | (EffectState::Unknown, Finished::Again(_)) => None,
        (_, Finished::Done) => Some(EffectState::Done),
        (_, Finished::Again(_)) => Some(EffectState::Ready),
        (_, Finished::Unknown(_)) => Some(EffectState::Unknown),
        (_, Finished::Parked) => Some(EffectState::Parked),
    }
}

impl Model {
    /// What must come of a commit, by the promised order of reasons; applied when it goes through.
    fn expect(&mut self, act: &Act) -> &'static str {
        let Act::Commit { stream: n, is_stale, events, message, key, finish } = act else {
            unreachable!("only commits")
        };
        let id = stream(*n);
        if message.is_some_and(|m| self.inbox.contains(&(id, m))) {
            return "seen";
        }
        if key.is_some_and(|k| self.keys.get(&k).is_some_and(|owner| *owner != id)) {
            return "taken";
        }
        if *events > 0 && self.parked.contains(&id) {
            return "parked";
        }
        if *events > 0 && *is_stale {
            return "conflict";
        }
        let row =
            finish.and_then(|(effect, to)| Some((usize::from(effect), self.effects.get(usize::from(effect))?.1, to)));
        if finish.is_some() {
            let Some((place, state, to)) = row else { return "fenced" };
            let Some(next) = becomes(state, TO[usize::from(to)]) else { return "fenced" };
            self.effects[place].1 = next;
        }
        self.inbox.extend(message.map(|m| (id, m)));
        self.keys.extend(key.map(|k| (k, id)));
        let version = self.versions.entry(id).or_default();
        for _ in 0..*events {
            *version += 1;
            let row = RowId { stream: id, version: *version, ordinal: 0 };
            self.outbox.insert(row);
            self.effects.push((row, EffectState::Ready, 0));
        }
        "done"
    }
}

fn word(answer: &Committed) -> &'static str {
    match answer {
        Committed::Done(_) => "done",
        Committed::Conflict(_) => "conflict",
        Committed::Seen => "seen",
        Committed::KeyTaken { .. } => "taken",
        Committed::Fenced => "fenced",
        Committed::Parked(_) => "parked",
    }
}

/// The commit that an act means, as a caller would build it after loading the stream.
async fn build(ledger: &Ledger, model: &Model, act: &Act) -> Commit {
    let Act::Commit { stream: n, is_stale, events, message, key: k, finish } = act else {
        unreachable!("only commits")
    };
    let id = stream(*n);
    let head = ledger.load(id).await.expect("it loads").head;
    let after = if *is_stale { Head { version: head.version + 1, ..head } } else { head };
    let fresh: Vec<_> = (1..=i64::from(*events)).map(|v| after.version + v).collect();
    let effects = fresh.iter().map(|v| NewEffect { reference: Some(format!("{id}/{v}")), ..effect(id, *v, 0) });
    let finish = finish.map(|(place, to)| {
        let (row, _, epoch) = model.effects.get(usize::from(place)).copied().unwrap_or((
            RowId { stream: id, version: 99, ordinal: 0 },
            EffectState::Ready,
            0,
        ));
        Finish { id: row, epoch, to: TO[usize::from(to)], outcome: None }
    });
    Commit {
        keys: k.iter().map(|k| key(id, &k.to_string())).collect(),
        inbox: message.and_then(|m| inbox(id, &m.to_string())),
        outbox: fresh.iter().map(|v| pointer(id, *v, 0)).collect(),
        effects: effects.collect(),
        appends: if *events == 0 { vec![] } else { vec![append(id, after, vec![public("e"); usize::from(*events)])] },
        finish,
        ..Commit::default()
    }
}

async fn play(ledger: &Ledger, state: &MemoryState, model: &mut Model, act: &Act) {
    match act {
        Act::Commit { .. } => {
            let commit = build(ledger, model, act).await;
            let answer = ledger.commit(commit).await.expect("an answer");
            assert_eq!(word(&answer), model.expect(act), "{act:?}");
        }
        Act::Announce { effect, epoch_off } => {
            let Some((row, at, epoch)) = model.effects.get_mut(usize::from(*effect)) else { return };
            let announce = Some((*row, *epoch + epoch_off, Quiet(Duration::from_secs(1))));
            let answer = ledger.commit(Commit { announce, ..Commit::default() }).await.expect("an answer");
            let goes = *at == EffectState::Ready && *epoch_off == 0;
            assert_eq!(word(&answer), if goes { "done" } else { "fenced" });
            if goes {
                *at = EffectState::Sent;
            }
        }
        Act::Claim { most } => {
            let lease = Duration::from_millis(200);
            for taken in ledger.claim_effects(&["authorize".to_owned()], *most, "w", lease).await.expect("an answer") {
                let known = model.effects.iter_mut().find(|(row, _, _)| *row == taken.id).expect("it was born");
                known.2 += 1;
                assert_eq!((known.1, known.2), (taken.state, taken.epoch), "each claim is one epoch");
                assert!(matches!(taken.state, EffectState::Ready | EffectState::Sent));
            }
        }
        Act::Inquire { most } => {
            let lease = Duration::from_millis(200);
            for due in ledger.claim_inquiries(&["authorize".to_owned()], *most, "w", lease).await.expect("an answer") {
                let known = model.effects.iter_mut().find(|(row, _, _)| *row == due.effect.id).expect("it was born");
                known.2 += 1;
                assert_eq!((known.1, known.2), (EffectState::Unknown, due.effect.epoch), "each claim is one epoch");
            }
        }
        Act::Park { stream: n } => {
            ledger.park(stream(*n), "look").await.expect("it answers");
            if model.versions.get(&stream(*n)).is_some_and(|version| *version > 0) {
                model.parked.insert(stream(*n));
            }
        }
        Act::Forget { count } => {
            let rows: Vec<_> = model.outbox.iter().take(usize::from(*count)).map(|row| (*row, 0)).collect();
            ledger.forget_outbox(&rows).await.expect("it answers");
            model.outbox.retain(|row| !rows.contains(&(*row, 0)));
        }
        Act::Pass { millis } => tokio::time::advance(Duration::from_millis(*millis)).await,
    }
    check(state, model);
}

/// The invariants after each step: dense versions, a chain that holds, every event's rows, and nothing else.
fn check(state: &MemoryState, model: &Model) {
    for (id, history) in state.all_streams() {
        ledger::chain::verify(id, &history).expect("the chain holds");
        assert_eq!(Some(&history.head.version), model.versions.get(&id));
        assert_eq!(history.parked.is_some(), model.parked.contains(&id));
    }
    let stored: BTreeMap<_, _> = state.all_effects().iter().map(|row| (row.id, (row.state, row.epoch))).collect();
    assert_eq!(stored, model.effects.iter().map(|(row, state, epoch)| (*row, (*state, *epoch))).collect());
    assert_eq!(state.all_outbox().iter().map(|row| row.id).collect::<BTreeSet<_>>(), model.outbox);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_twin_does_what_a_few_maps_say(acts in acts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        runtime.block_on(async {
            let state = MemoryState::new();
            let base = DateTime::from_timestamp(1_790_000_000, 0).expect("a time");
            let node = NodeBuilder::simulated("twin", base, Instant::now(), 1, Arc::new(SimNetwork::new(1))).build();
            let ledger = MemoryLedger::attach(state.clone(), node);
            let mut model = Model::default();
            for act in &acts {
                play(&ledger, &state, &mut model, act).await;
            }
        });
    }
}
