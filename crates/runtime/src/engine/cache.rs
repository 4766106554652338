//! Folded states of streams that this process wrote lately. A stale entry costs a conflict, never a wrong event.

use std::{any::Any, collections::BTreeMap, sync::Arc};

use ids::StreamId;
use ledger::Head;

use crate::service::Folded;

/// Keeps the most recently kept streams.
pub(super) struct Cache {
    most: usize,
    tick: u64,
    entries: BTreeMap<StreamId, (u64, Folded)>,
    by_age: BTreeMap<u64, StreamId>,
}

impl Cache {
    pub(super) fn new(most: usize) -> Self {
        Self { most, tick: 0, entries: BTreeMap::new(), by_age: BTreeMap::new() }
    }

    pub(super) fn get(&self, stream: StreamId) -> Option<Folded> {
        self.entries.get(&stream).map(|(_, folded)| folded.clone())
    }

    pub(super) fn keep(&mut self, stream: StreamId, head: Head, state: Arc<dyn Any + Send + Sync>) {
        self.forget(stream);
        self.tick += 1;
        self.entries.insert(stream, (self.tick, Folded { head, state }));
        self.by_age.insert(self.tick, stream);
        while self.entries.len() > self.most {
            let Some((_, oldest)) = self.by_age.pop_first() else { break };
            self.entries.remove(&oldest);
        }
    }

    pub(super) fn forget(&mut self, stream: StreamId) {
        if let Some((tick, _)) = self.entries.remove(&stream) {
            self.by_age.remove(&tick);
        }
    }
}
