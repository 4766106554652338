//! The ledger over Postgres.
//!
//! Three kinds of connections, each for one thing: the group writer's own (every commit, flushed to disk before it is
//! answered), a few for reading and for the small writes that stand alone, and one whose writes need not survive a crash
//! (forgetting what the broker has acknowledged: forgotten twice is a duplicate message at worst).

mod connections;
mod effects;
mod facts;
pub(crate) mod fault;
mod group;
mod letters;
mod outbox;
mod queue;
mod rows;
mod statement;
mod streams;
mod together;

use std::{
    collections::BTreeMap,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use ids::{Pair, StreamId};
use node::Node;
use sqlx::{ConnectOptions, Connection, postgres::PgConnectOptions};
use uuid::Uuid;

use crate::{
    chain,
    error::LedgerError,
    postgres::{connections::Connections, group::Group, together::Together},
    store::{Ledger, LedgerFuture, Store},
    types::{
        BusSeen, ClaimedEffect, Commit, Committed, DeadLetter, DueInquiry, EffectRow, Evidence, Figures, Head, History,
        NewEvidence, OutboxItem, OutboxRow, Pending, RowId, SubjectKey,
    },
};

/// How to reach the database.
#[derive(Clone)]
pub struct PostgresConfig {
    /// `postgres://user:password@host:port/database`.
    pub url: String,
    /// Connections beside the writer's own and the one for forgetting.
    pub connections_max: usize,
    /// How long a call waits for a connection.
    pub patience: Duration,
    /// How long the writer waits before it takes a group while it has company, so that those it has just answered can come
    /// along. A commit that comes after a lone one, or after a rest,
    /// does not wait.
    pub linger: Duration,
}

impl PostgresConfig {
    /// The usual sizes.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), connections_max: 6, patience: Duration::from_secs(3), linger: Duration::from_millis(1) }
    }
}

impl std::fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL holds a password.
        f.debug_struct("PostgresConfig").field("connections_max", &self.connections_max).finish_non_exhaustive()
    }
}

/// What every connection of ours has in common.
pub(crate) fn options(url: &str, name: &str) -> Result<PgConnectOptions, LedgerError> {
    let options =
        PgConnectOptions::from_str(url).map_err(|_| LedgerError::refused("the database URL cannot be read"))?;
    Ok(options.application_name(name).disable_statement_logging())
}

fn working(url: &str, name: &str, synchronous_commit: &str) -> Result<PgConnectOptions, LedgerError> {
    Ok(options(url, name)?.statement_cache_capacity(512).options([
        ("synchronous_commit", synchronous_commit),
        ("statement_timeout", "5s"),
        ("lock_timeout", "2s"),
        ("idle_in_transaction_session_timeout", "10s"),
        // Every statement here finds its rows by an index, with few parameters or with whole arrays of them. Left to
        // itself the planner judges a table that is still small, and keeps that plan when it has grown.
        ("enable_seqscan", "off"),
        // A bitmap over the index of due effects walks every entry that vacuum has not yet taken out of it.
        ("enable_bitmapscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("plan_cache_mode", "force_generic_plan"),
        ("jit", "off"),
    ]))
}

/// A ledger in Postgres.
pub struct PostgresLedger {
    group: Arc<Group>,
    connections: Connections,
    lazy: Connections,
    forgetting: Forgetting,
    loads: Together<StreamId, History>,
    keys: Together<Uuid, Option<Bytes>>,
}

/// Acknowledged rows on their way out of the table. Acknowledgements come one by one and in crowds: whoever gets the lane
/// takes along what gathered while the lane was busy.
#[derive(Default)]
struct Forgetting {
    waiting: Mutex<Vec<(RowId, i32)>>,
    lane: tokio::sync::Mutex<()>,
}

/// A write that stands alone: take a connection, ask, give it back.
macro_rules! write {
    ($from:expr, |$connection:ident| $ask:expr) => {
        Box::pin(async move {
            let mut held = $from.take().await?;
            let $connection = &mut *held;
            let outcome = $ask.await;
            held.done(outcome, fault::writing)
        })
    };
}

/// A question. It changes nothing, so when the connection turns out to be dead it is asked once more on a new one.
macro_rules! read {
    ($from:expr, |$connection:ident| $ask:expr) => {
        Box::pin(async move {
            let mut held = $from.take().await?;
            let $connection = &mut *held;
            let mut outcome = $ask.await;
            if outcome.as_ref().is_err_and(connections::is_lost) {
                let _ = held.done(outcome, fault::reading);
                held = $from.take().await?;
                let $connection = &mut *held;
                outcome = $ask.await;
            }
            held.done(outcome, fault::reading)
        })
    };
}

impl PostgresLedger {
    /// Connects, and proves that the database answers. The tables must be there: see [`crate::migrate`].
    ///
    /// # Errors
    /// When the database cannot be reached, or has not been migrated.
    pub async fn connect(node: Node, config: PostgresConfig) -> Result<Ledger, LedgerError> {
        let PostgresConfig { url, connections_max, patience, linger } = config;
        let durable = working(&url, node.name(), "on")?;
        let lazy = working(&url, node.name(), "off")?;
        let ledger = Self {
            connections: Connections::new(durable.clone(), connections_max.max(1), patience),
            lazy: Connections::new(lazy, 1, patience),
            forgetting: Forgetting::default(),
            loads: Together::default(),
            keys: Together::default(),
            group: Arc::new(Group::new(node, durable, patience, linger)),
        };
        ledger.pending().await?;
        Ok(Arc::new(ledger))
    }

    async fn read_keys(&self, subjects: Vec<Uuid>) -> Result<BTreeMap<Uuid, Option<Bytes>>, LedgerError> {
        let asked: LedgerFuture<'_, _> = read!(self.connections, |c| streams::subject_keys(c, &subjects));
        asked.await
    }

    async fn read_streams(&self, ids: Vec<StreamId>) -> Result<BTreeMap<StreamId, History>, LedgerError> {
        let asked: LedgerFuture<'_, _> = read!(self.connections, |c| streams::load(c, &ids));
        asked.await
    }

    /// Forgets these rows and those of everybody who waits. When the one who took them along fails or goes away they stay,
    /// and are published once more by whoever finds them: that costs a duplicate, which every reader bears.
    async fn forget(&self, rows: &[(RowId, i32)]) -> Result<(), LedgerError> {
        self.forgetting.waiting.lock().unwrap_or_else(PoisonError::into_inner).extend(rows);
        let _lane = self.forgetting.lane.lock().await;
        let crowd = std::mem::take(&mut *self.forgetting.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        if crowd.is_empty() {
            return Ok(());
        }
        let mut held = self.lazy.take().await?;
        let outcome = outbox::forget(&mut held, &crowd).await;
        held.done(outcome, fault::writing)
    }
}

impl Store for PostgresLedger {
    fn load(&self, stream: StreamId) -> LedgerFuture<'_, History> {
        Box::pin(async move {
            let none = History { owner: None, head: Head::default(), parked: None, events: Vec::new() };
            let history = self.loads.ask(stream, none, |streams| self.read_streams(streams)).await?;
            chain::verify(stream, &history)?;
            Ok(history)
        })
    }

    fn commit(&self, commit: Commit) -> LedgerFuture<'_, Committed> {
        Box::pin(self.group.commit(commit))
    }

    fn find_key<'a>(&'a self, pair: &'a Pair, kind: &'a str, key: &'a str) -> LedgerFuture<'a, Option<StreamId>> {
        read!(self.connections, |c| streams::find_key(c, pair, kind, key))
    }

    fn claim_effects<'a>(
        &'a self,
        kinds: &'a [String],
        most: i64,
        holder: &'a str,
        lease: Duration,
    ) -> LedgerFuture<'a, Vec<ClaimedEffect>> {
        write!(self.connections, |c| effects::claim(c, kinds, most, holder, lease))
    }

    fn claim_inquiries<'a>(
        &'a self,
        kinds: &'a [String],
        most: i64,
        holder: &'a str,
        lease: Duration,
    ) -> LedgerFuture<'a, Vec<DueInquiry>> {
        write!(self.connections, |c| effects::claim_inquiries(c, kinds, most, holder, lease))
    }

    fn release<'a>(&'a self, holder: &'a str) -> LedgerFuture<'a, u64> {
        write!(self.connections, |c| effects::release(c, holder))
    }

    fn keep_evidence<'a>(&'a self, id: RowId, epoch: i64, source: &'a str, body: Bytes) -> LedgerFuture<'a, ()> {
        let seen = NewEvidence { id, epoch, source: source.to_owned(), body };
        Box::pin(
            async move { self.group.commit(Commit { evidence: Some(seen), ..Commit::default() }).await.map(|_| ()) },
        )
    }

    fn evidence(&self, id: RowId) -> LedgerFuture<'_, Vec<Evidence>> {
        read!(self.connections, |c| effects::evidence(c, id))
    }

    fn claim_outbox(&self, older_than: Duration, most: i64) -> LedgerFuture<'_, Vec<OutboxItem>> {
        Box::pin(async move {
            let mut held = self.connections.take().await?;
            let outcome = outbox::claim(&mut held, older_than, most).await.and_then(|found| rows::outbox_items(&found));
            held.done(outcome, fault::writing)
        })
    }

    fn forget_outbox<'a>(&'a self, rows: &'a [(RowId, i32)]) -> LedgerFuture<'a, ()> {
        Box::pin(self.forget(rows))
    }

    fn ask_again(
        &self,
        effect: RowId,
        epoch: i64,
        row: OutboxRow,
        next: Duration,
    ) -> LedgerFuture<'_, Option<OutboxItem>> {
        Box::pin(async move {
            let mut held = self.connections.take().await?;
            let outcome = outbox::ask_again(&mut held, effect, epoch, &row, next).await;
            let items = held.done(outcome.and_then(|found| rows::outbox_items(&found)), fault::writing)?;
            Ok(items.into_iter().next())
        })
    }

    fn reannounce_page(
        &self,
        younger_than: Duration,
        cursor: Option<(DateTime<Utc>, RowId)>,
        most: i64,
    ) -> LedgerFuture<'_, Option<(DateTime<Utc>, RowId)>> {
        write!(self.connections, |c| outbox::reannounce_page(c, younger_than, cursor, most))
    }

    fn park<'a>(&'a self, stream: StreamId, why: &'a str) -> LedgerFuture<'a, ()> {
        write!(self.connections, |c| streams::park(c, stream, why))
    }

    fn bury(&self, letter: DeadLetter) -> LedgerFuture<'_, i32> {
        write!(self.connections, |c| letters::bury(c, &letter))
    }

    fn failures<'a>(&'a self, origin: &'a str, message_id: &'a str) -> LedgerFuture<'a, i32> {
        read!(self.connections, |c| letters::failures(c, origin, message_id))
    }

    fn resolve<'a>(
        &'a self,
        origin: &'a str,
        message_id: &'a str,
        by: &'a str,
        why: &'a str,
    ) -> LedgerFuture<'a, bool> {
        write!(self.connections, |c| letters::resolve(c, origin, message_id, by, why))
    }

    fn dead_letters(&self, most: i64) -> LedgerFuture<'_, Vec<DeadLetter>> {
        read!(self.connections, |c| letters::unresolved(c, most))
    }

    fn subject_key(&self, subject: Uuid) -> LedgerFuture<'_, Option<SubjectKey>> {
        Box::pin(async move {
            let wrapped = self.keys.ask(subject, None, |subjects| self.read_keys(subjects)).await?;
            Ok(wrapped.map(|wrapped| SubjectKey { subject, wrapped }))
        })
    }

    fn bus_seen(&self) -> LedgerFuture<'_, Vec<BusSeen>> {
        read!(self.connections, |c| letters::bus_seen(c))
    }

    fn saw_bus(&self, seen: BusSeen) -> LedgerFuture<'_, ()> {
        write!(self.lazy, |c| letters::saw_bus(c, &seen))
    }

    fn effects_of(&self, stream: StreamId) -> LedgerFuture<'_, Vec<EffectRow>> {
        read!(self.connections, |c| effects::of_stream(c, stream))
    }

    fn streams<'a>(&'a self, kind: &'a str, before: Option<StreamId>, most: i64) -> LedgerFuture<'a, Vec<StreamId>> {
        read!(self.connections, |c| streams::of_kind(c, kind, before, most))
    }

    fn pending(&self) -> LedgerFuture<'_, Pending> {
        read!(self.connections, |c| effects::pending(c))
    }

    fn figures(&self) -> Figures {
        self.group.figures()
    }

    fn ping(&self) -> LedgerFuture<'_, ()> {
        read!(self.connections, |c| c.ping())
    }
}
