//! The tables of the twin. Ordered maps throughout, so that walking them is the same in every run.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use ids::{Pair, StreamId};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    memory::MemoryFaults,
    types::{
        BusSeen, DeadLetter, EffectRow, EffectState, Hash, Head, History, InboxRow, KeyClaim, OutboxRow, RowId,
        StoredEvent,
    },
    verdict::Facts,
};

/// One stream.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) pair: Pair,
    pub(super) kind: String,
    pub(super) head: Head,
    pub(super) parked: Option<String>,
    pub(super) events: Vec<StoredEvent>,
}

impl Stream {
    pub(super) fn history(&self) -> History {
        History {
            owner: Some((self.pair.clone(), self.kind.clone())),
            head: self.head,
            parked: self.parked.clone(),
            events: self.events.clone(),
        }
    }
}

/// The history of a stream that does not exist.
pub(super) fn nothing() -> History {
    History { owner: None, head: Head::default(), parked: None, events: Vec::new() }
}

/// An effect row with what only its holder needs.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) row: EffectRow,
    pub(super) until: Option<DateTime<Utc>>,
    pub(super) operator: Option<String>,
    pub(super) request: Bytes,
}

/// One piece of evidence.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) seen_at: DateTime<Utc>,
    #[expect(dead_code, reason = "part of the state's hash")]
    pub(super) epoch: i64,
    pub(super) body: Bytes,
}

/// Everything stored.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) faults: MemoryFaults,
    pub(super) streams: BTreeMap<StreamId, Stream>,
    pub(super) inbox: BTreeSet<InboxRow>,
    /// With the time since when nobody published it.
    pub(super) outbox: BTreeMap<RowId, (OutboxRow, DateTime<Utc>)>,
    pub(super) effects: BTreeMap<RowId, Held>,
    pub(super) references: BTreeMap<String, RowId>,
    pub(super) evidence: BTreeMap<(RowId, String, Hash), Kept>,
    pub(super) keys: BTreeMap<(Pair, String, String), StreamId>,
    pub(super) dead_letters: BTreeMap<Uuid, DeadLetter>,
    /// Those of them that need nobody any more.
    pub(super) resolved: BTreeSet<Uuid>,
    /// `None` for an erased person.
    pub(super) subject_keys: BTreeMap<Uuid, Option<Bytes>>,
    pub(super) bus_seen: BTreeMap<String, BusSeen>,
}

impl State {
    pub(super) fn hash(&self) -> Hash {
        let Self {
            faults: _,
            streams,
            inbox,
            outbox,
            effects,
            references,
            evidence,
            keys,
            dead_letters,
            resolved,
            subject_keys,
            bus_seen,
        } = self;
        let first = format!("{streams:?}{inbox:?}{outbox:?}{effects:?}{references:?}{evidence:?}");
        let second = format!("{keys:?}{dead_letters:?}{resolved:?}{subject_keys:?}{bus_seen:?}");
        Sha256::new().chain_update(first).chain_update(second).finalize().into()
    }
}

impl Facts for State {
    fn is_seen(&self, row: &InboxRow) -> bool {
        self.inbox.contains(row)
    }

    fn owner(&self, claim: &KeyClaim) -> Option<StreamId> {
        self.find_key(&claim.pair, &claim.kind, &claim.key)
    }

    fn head(&self, stream: StreamId) -> Option<(Head, bool)> {
        self.streams.get(&stream).map(|stream| (stream.head, stream.parked.is_some()))
    }

    fn effect(&self, id: RowId) -> Option<(EffectState, i64)> {
        self.effects.get(&id).map(|held| (held.row.state, held.row.epoch))
    }

    fn has_reference(&self, reference: &str) -> bool {
        self.references.contains_key(reference)
    }
}
