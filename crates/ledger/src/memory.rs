//! The twin: a ledger in memory that answers as Postgres does, for simulation and for tests of what stands on it.
//!
//! [`MemoryState`] is the disk: it survives the node that wrote to it. [`MemoryLedger`] is one process's connection to it.
//! The node's clock is the database's clock, and every fault is drawn from the node's randomness.

mod apply;
mod faces;
mod state;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use ids::{Pair, StreamId};
use node::Node;
use uuid::Uuid;

use crate::{
    chain,
    error::LedgerError,
    memory::state::State,
    prepare::Prepared,
    store::{Ledger, LedgerFuture, Store},
    types::{
        BusSeen, ClaimedEffect, Commit, Committed, DeadLetter, DueInquiry, EffectRow, Evidence, Figures, Hash, History,
        OutboxItem, OutboxRow, Pending, RowId, StoredEvent, SubjectKey,
    },
    verdict::verdict,
};

/// How often, in thousandths, the simulated database misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryFaults {
    /// A commit is refused before anything happened: [`LedgerError::Unavailable`].
    pub commit_refused: u32,
    /// A commit is applied, but its caller hears [`LedgerError::LostInCommit`].
    pub commit_unknown: u32,
    /// The longest delay of any call, milliseconds.
    pub latency_ms_max: u64,
}

/// The disk of a simulated database. Cloning shares it.
#[derive(Clone, Default)]
pub struct MemoryState(Arc<Mutex<State>>);

impl MemoryState {
    /// An empty database.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the weather from now on.
    pub fn set_faults(&self, faults: MemoryFaults) {
        self.lock().faults = faults;
    }

    /// A hash over everything stored: two runs of one seed must agree on it.
    pub fn hash(&self) -> Hash {
        self.lock().hash()
    }

    /// Every stream with its events, by id.
    pub fn all_streams(&self) -> Vec<(StreamId, History)> {
        self.lock().streams.iter().map(|(id, stream)| (*id, stream.history())).collect()
    }

    /// Every event, by stream and version.
    pub fn all_events(&self) -> Vec<(StreamId, StoredEvent)> {
        let state = self.lock();
        state.streams.iter().flat_map(|(id, stream)| stream.events.iter().map(|event| (*id, event.clone()))).collect()
    }

    /// Every effect row, by identity.
    pub fn all_effects(&self) -> Vec<EffectRow> {
        self.lock().effects.values().map(|held| held.row.clone()).collect()
    }

    /// Every outbox row not yet acknowledged, by identity.
    pub fn all_outbox(&self) -> Vec<OutboxRow> {
        self.lock().outbox.values().map(|(row, _)| row.clone()).collect()
    }

    /// Changes a stored event behind the ledger's back, as somebody with a superuser's hands could.
    #[doc(hidden)]
    pub fn edit_event(&self, stream: StreamId, version: i64, edit: impl FnOnce(&mut StoredEvent)) {
        if let Some(stream) = self.lock().streams.get_mut(&stream) {
            stream.events.iter_mut().filter(|event| event.version == version).take(1).for_each(edit_once(edit));
        }
    }

    /// Erases a person's key as the command of erasure will: the row stays, the key goes.
    #[doc(hidden)]
    pub fn erase_subject(&self, subject: Uuid) {
        self.lock().subject_keys.insert(subject, None);
    }
}

fn edit_once(edit: impl FnOnce(&mut StoredEvent)) -> impl FnMut(&mut StoredEvent) {
    let mut edit = Some(edit);
    move |event| {
        if let Some(edit) = edit.take() {
            edit(event);
        }
    }
}

/// One process's connection to a [`MemoryState`].
pub struct MemoryLedger {
    inner: Arc<Inner>,
}

struct Inner {
    state: MemoryState,
    node: Node,
    commits: AtomicU64,
    refused: AtomicU64,
}

impl MemoryLedger {
    /// Connects `node` to `state`.
    pub fn attach(state: MemoryState, node: Node) -> Ledger {
        let inner = Inner { state, node, commits: AtomicU64::new(0), refused: AtomicU64::new(0) };
        Arc::new(Self { inner: Arc::new(inner) })
    }

    /// One call: the simulated way there, then one look at the state under its lock.
    fn call<'a, T, F>(&'a self, work: F) -> LedgerFuture<'a, T>
    where
        T: Send + 'a,
        F: FnOnce(&mut State, DateTime<Utc>) -> Result<T, LedgerError> + Send + 'a,
    {
        Box::pin(async move {
            self.inner.travel().await;
            work(&mut self.inner.state.lock(), self.inner.node.now())
        })
    }
}

impl Inner {
    async fn travel(&self) {
        let most = self.state.lock().faults.latency_ms_max;
        if most > 0 {
            tokio::time::sleep(Duration::from_millis(self.node.random() % (most + 1))).await;
        }
    }

    fn happens(&self, per_thousand: u32) -> bool {
        per_thousand > 0 && self.node.random() % 1000 < u64::from(per_thousand)
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, LedgerError> {
        let prepared = Prepared::new(commit)?;
        self.travel().await;
        let faults = self.state.lock().faults;
        if self.happens(faults.commit_refused) {
            return Err(LedgerError::unavailable("simulated: no connection"));
        }
        if let Some(refusal) = verdict(&prepared.commit, &*self.state.lock())? {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Ok(refusal);
        }
        // A death here is a death before COMMIT: nothing was written.
        self.node.at("append.after_head_update").await;
        let answer = self.state.lock().commit(&prepared, self.node.now())?;
        let counter = if matches!(answer, Committed::Done(_)) { &self.commits } else { &self.refused };
        counter.fetch_add(1, Ordering::Relaxed);
        if self.happens(faults.commit_unknown) {
            return Err(LedgerError::LostInCommit { detail: "simulated: connection lost".to_owned() });
        }
        Ok(answer)
    }
}

impl Store for MemoryLedger {
    fn load(&self, stream: StreamId) -> LedgerFuture<'_, History> {
        self.call(move |state, _| {
            let history = state.streams.get(&stream).map(state::Stream::history).unwrap_or_else(state::nothing);
            chain::verify(stream, &history)?;
            Ok(history)
        })
    }

    fn commit(&self, commit: Commit) -> LedgerFuture<'_, Committed> {
        Box::pin(async move {
            // A task of its own, as the writer of the real ledger is: a caller that goes away does not stop it.
            let inner = self.inner.clone();
            let running = self.inner.node.spawn(async move { inner.commit(commit).await });
            match running.await {
                Ok(Some(answer)) => answer,
                _ => Err(LedgerError::LostInCommit { detail: "the node died".to_owned() }),
            }
        })
    }

    fn find_key<'a>(&'a self, pair: &'a Pair, kind: &'a str, key: &'a str) -> LedgerFuture<'a, Option<StreamId>> {
        self.call(move |state, _| Ok(state.find_key(pair, kind, key)))
    }

    fn claim_effects<'a>(
        &'a self,
        kinds: &'a [String],
        most: i64,
        holder: &'a str,
        lease: Duration,
    ) -> LedgerFuture<'a, Vec<ClaimedEffect>> {
        self.call(move |state, now| Ok(state.claim_effects(kinds, most, holder, lease, now)))
    }

    fn claim_inquiries<'a>(
        &'a self,
        kinds: &'a [String],
        most: i64,
        holder: &'a str,
        lease: Duration,
    ) -> LedgerFuture<'a, Vec<DueInquiry>> {
        self.call(move |state, now| Ok(state.claim_inquiries(kinds, most, holder, lease, now)))
    }

    fn release<'a>(&'a self, holder: &'a str) -> LedgerFuture<'a, u64> {
        self.call(move |state, now| Ok(state.release(holder, now)))
    }

    fn keep_evidence<'a>(&'a self, id: RowId, epoch: i64, source: &'a str, body: Bytes) -> LedgerFuture<'a, ()> {
        self.call(move |state, now| {
            state.keep_evidence(id, epoch, source, body, now);
            Ok(())
        })
    }

    fn evidence(&self, id: RowId) -> LedgerFuture<'_, Vec<Evidence>> {
        self.call(move |state, _| Ok(state.evidence_of(id)))
    }

    fn claim_outbox(&self, older_than: Duration, most: i64) -> LedgerFuture<'_, Vec<OutboxItem>> {
        self.call(move |state, now| Ok(state.claim_outbox(older_than, most, now)))
    }

    fn forget_outbox<'a>(&'a self, rows: &'a [(RowId, i32)]) -> LedgerFuture<'a, ()> {
        self.call(move |state, _| {
            state.forget_outbox(rows);
            Ok(())
        })
    }

    fn ask_again(
        &self,
        effect: RowId,
        epoch: i64,
        row: OutboxRow,
        next: Duration,
    ) -> LedgerFuture<'_, Option<OutboxItem>> {
        self.call(move |state, now| Ok(state.ask_again(effect, epoch, row, next, now)))
    }

    fn reannounce_page(
        &self,
        younger_than: Duration,
        cursor: Option<(DateTime<Utc>, RowId)>,
        most: i64,
    ) -> LedgerFuture<'_, Option<(DateTime<Utc>, RowId)>> {
        self.call(move |state, now| Ok(state.reannounce_page(younger_than, cursor, most, now)))
    }

    fn park<'a>(&'a self, stream: StreamId, why: &'a str) -> LedgerFuture<'a, ()> {
        self.call(move |state, _| {
            if let Some(stream) = state.streams.get_mut(&stream) {
                stream.parked.get_or_insert_with(|| why.to_owned());
            }
            Ok(())
        })
    }

    fn bury(&self, letter: DeadLetter) -> LedgerFuture<'_, i32> {
        self.call(move |state, _| Ok(state.bury(letter)))
    }

    fn failures<'a>(&'a self, origin: &'a str, message_id: &'a str) -> LedgerFuture<'a, i32> {
        self.call(move |state, _| Ok(state.failures(origin, message_id)))
    }

    fn resolve<'a>(
        &'a self,
        origin: &'a str,
        message_id: &'a str,
        _by: &'a str,
        _why: &'a str,
    ) -> LedgerFuture<'a, bool> {
        self.call(move |state, _| Ok(state.resolve(origin, message_id)))
    }

    fn dead_letters(&self, most: i64) -> LedgerFuture<'_, Vec<DeadLetter>> {
        self.call(move |state, _| Ok(state.unresolved(most)))
    }

    fn subject_key(&self, subject: Uuid) -> LedgerFuture<'_, Option<SubjectKey>> {
        self.call(move |state, _| {
            let wrapped = state.subject_keys.get(&subject).cloned().flatten();
            Ok(wrapped.map(|wrapped| SubjectKey { subject, wrapped }))
        })
    }

    fn bus_seen(&self) -> LedgerFuture<'_, Vec<BusSeen>> {
        self.call(|state, _| Ok(state.bus_seen.values().cloned().collect()))
    }

    fn saw_bus(&self, seen: BusSeen) -> LedgerFuture<'_, ()> {
        self.call(move |state, _| {
            state.bus_seen.insert(seen.bus_stream.clone(), seen);
            Ok(())
        })
    }

    fn effects_of(&self, stream: StreamId) -> LedgerFuture<'_, Vec<EffectRow>> {
        self.call(move |state, _| Ok(state.effects_of(stream)))
    }

    fn streams<'a>(&'a self, kind: &'a str, before: Option<StreamId>, most: i64) -> LedgerFuture<'a, Vec<StreamId>> {
        self.call(move |state, _| Ok(state.streams_of(kind, before, most)))
    }

    fn pending(&self) -> LedgerFuture<'_, Pending> {
        self.call(|state, now| Ok(state.pending(now)))
    }

    fn figures(&self) -> Figures {
        let commits = self.inner.commits.load(Ordering::Relaxed);
        Figures { commits, groups: commits, refused: self.inner.refused.load(Ordering::Relaxed) }
    }

    fn ping(&self) -> LedgerFuture<'_, ()> {
        self.call(|_, _| Ok(()))
    }
}
