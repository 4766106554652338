//! The group writer: one task writes for everybody, so that many commits share one flush to disk, and so that no caller
//! who goes away can stop a transaction halfway.
//!
//! There is a task only while there is something to write. It takes what waits (whoever commits alone goes at once; in
//! company the writer waits a millisecond for those it has just answered), writes it as one statement in one transaction, and
//! answers after `COMMIT`. A member that must be refused makes the group roll back; the refused ones hear why, the rest
//! goes again. A request that the database finds wrong fails alone. When the connection breaks during `COMMIT`, every
//! member is looked up by the hash of its events before anything is said or repeated.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use node::Node;
use sqlx::{Executor, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::{Mutex, Semaphore, oneshot},
    time::{Instant, sleep},
};
use uuid::Uuid;

use crate::{
    error::LedgerError,
    postgres::{
        connections::open,
        facts::{self, Stored},
        fault::{Trouble, trouble},
        queue::{Job, Queue},
        rows::outbox_items,
        statement::{self, Statement},
    },
    prepare::Prepared,
    types::{Commit, Committed, Durable, Figures, OutboxItem},
    verdict::verdict,
};

/// Most commits in one database transaction.
const GROUP_MAX: usize = 64;
/// Most commits that wait or are being written; more callers wait in front of the door.
const QUEUE_MAX: usize = 1024;
/// How often a group is tried again when other processes stand in its way, before it is given up as unavailable.
const ROUNDS_MAX: u32 = 12;
/// How long a lost `COMMIT` is looked after before its callers are told that nobody knows.
const LOOK_UP_LIMIT: Duration = Duration::from_secs(10);
/// Between two attempts to reach the database again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(100);

/// The writer of one process.
pub(super) struct Group {
    node: Node,
    options: PgConnectOptions,
    patience: Duration,
    linger: Duration,
    queue: Queue,
    places: Arc<Semaphore>,
    /// Held by the writing task for as long as it lives.
    connection: Mutex<Option<PgConnection>>,
    commits: AtomicU64,
    groups: AtomicU64,
    refused: AtomicU64,
}

/// What became of one attempt to write a group.
enum Attempt {
    /// Durable; with the items of all re-announced streams.
    Through(Vec<OutboxItem>),
    /// Rolled back: somebody must be refused.
    Refused,
    /// Nothing was written.
    NotYet(Trouble),
    /// The connection went away during `COMMIT`.
    InDoubt(String),
}

/// If the writer falls, those who wait hear it instead of waiting for ever.
struct Watch<'a>(&'a Queue);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let mut line = self.0.lock();
        line.has_writer = false;
        line.waiting.clear();
    }
}

impl Group {
    pub(super) fn new(node: Node, options: PgConnectOptions, patience: Duration, linger: Duration) -> Self {
        Self {
            node,
            options,
            patience,
            linger,
            queue: Queue::default(),
            places: Arc::new(Semaphore::new(QUEUE_MAX)),
            connection: Mutex::new(None),
            commits: AtomicU64::new(0),
            groups: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    pub(super) fn figures(&self) -> Figures {
        Figures {
            commits: self.commits.load(Ordering::Relaxed),
            groups: self.groups.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }

    /// Hands a commit to the writer and waits. The caller may go away at any time: the commit stays in the line.
    pub(super) async fn commit(self: &Arc<Self>, commit: Commit) -> Result<Committed, LedgerError> {
        let prepared = Prepared::new(commit)?;
        let Ok(place) = self.places.clone().acquire_owned().await else {
            return Err(LedgerError::unavailable("the writer has stopped"));
        };
        if self.node.is_dead() {
            return Err(LedgerError::unavailable("the node is dead"));
        }
        let (answer, answered) = oneshot::channel();
        let needs_writer = {
            let mut line = self.queue.lock();
            line.waiting.push_back(Job { prepared, answer, _place: place });
            !std::mem::replace(&mut line.has_writer, true)
        };
        if needs_writer {
            let writer = self.clone();
            drop(self.node.spawn(async move { writer.write_all().await }));
        }
        tokio::select! {
            biased;
            answer = answered => answer.unwrap_or_else(|_| Err(lost("the writer fell"))),
            () = self.node.dead() => Err(lost("the node died")),
        }
    }

    async fn write_all(&self) {
        let watch = Watch(&self.queue);
        let mut connection = self.connection.lock().await;
        while let Some(group) = self.next().await {
            self.write(group, &mut connection).await;
        }
        // `next` has said under the line's lock that there is no writer any more.
        std::mem::forget(watch);
    }

    /// The next group, or `None` when nobody waits.
    async fn next(&self) -> Option<Vec<Job>> {
        let (waiting, last_size) = {
            let line = self.queue.lock();
            (line.waiting.len(), line.last_size)
        };
        // Whoever commits alone goes at once. In company, those just answered get time to come back first: a flush is the
        // dearest thing here, and what one commit waits another saves.
        if last_size > 1 && waiting < GROUP_MAX {
            sleep(self.linger).await;
        }
        let mut line = self.queue.lock();
        let group = line.take(GROUP_MAX);
        if group.is_empty() {
            line.has_writer = false;
            return None;
        }
        Some(group)
    }

    /// Writes a group until every member has its answer.
    async fn write(&self, group: Vec<Job>, connection: &mut Option<PgConnection>) {
        let mut left = vec![group];
        let mut rounds = 0;
        while let Some(mut group) = left.pop() {
            if group.is_empty() {
                continue;
            }
            rounds += 1;
            match self.attempt(&group, connection).await {
                Attempt::Through(items) => {
                    self.groups.fetch_add(1, Ordering::Relaxed);
                    metrics::counter!("ledger_groups_total").increment(1);
                    self.answer(group, items);
                    rounds = 0;
                }
                Attempt::Refused => match self.refuse(&mut group, connection).await {
                    Ok(true) => {
                        rounds = 0;
                        left.push(group);
                    }
                    Ok(false) if rounds < ROUNDS_MAX => left.push(group),
                    Ok(false) => tell_all(group, &LedgerError::unavailable("too much contention")),
                    Err(error) => {
                        *connection = None;
                        tell_all(group, &error);
                    }
                },
                Attempt::NotYet(Trouble::Refused(detail)) if group.len() == 1 => {
                    tell_all(group, &LedgerError::Refused { detail });
                    rounds = 0;
                }
                Attempt::NotYet(Trouble::Refused(detail)) => {
                    tracing::warn!(%detail, members = group.len(), "a group of commits failed; its members go alone");
                    left.extend(group.into_iter().rev().map(|job| vec![job]));
                    rounds = 0;
                }
                Attempt::NotYet(Trouble::Lost(_) | Trouble::Clash(_)) if rounds < ROUNDS_MAX => left.push(group),
                Attempt::NotYet(Trouble::Lost(detail) | Trouble::Clash(detail) | Trouble::Busy(detail)) => {
                    tell_all(group, &LedgerError::Unavailable { detail });
                }
                Attempt::InDoubt(detail) => {
                    tracing::warn!(%detail, members = group.len(), "connection lost while committing; asking what became of it");
                    left.push(self.look_up(group, detail, connection).await);
                    rounds = 0;
                }
            }
        }
    }

    fn answer(&self, group: Vec<Job>, mut items: Vec<OutboxItem>) {
        let size = u64::try_from(group.len()).unwrap_or(0);
        self.commits.fetch_add(size, Ordering::Relaxed);
        metrics::counter!("ledger_commits_total").increment(size);
        for job in group {
            let mut durable = job.prepared.durable();
            let again = &job.prepared.commit.reannounce;
            if !again.is_empty() {
                durable.outbox.extend(items.extract_if(.., |item| again.contains(&item.row.id.stream)));
                durable.outbox.sort_by_key(|item| item.row.id);
            }
            job.tell(Ok(Committed::Done(durable)));
        }
    }

    /// One transaction.
    async fn attempt(&self, group: &[Job], slot: &mut Option<PgConnection>) -> Attempt {
        let connection = match self.connected(slot).await {
            Ok(connection) => connection,
            Err(
                LedgerError::Refused { detail }
                | LedgerError::Unavailable { detail }
                | LedgerError::LostInCommit { detail },
            ) => {
                return Attempt::NotYet(Trouble::Busy(detail));
            }
            Err(error @ LedgerError::Corrupt { .. }) => return Attempt::NotYet(Trouble::Busy(error.to_string())),
        };
        let outcome = self.transaction(group, connection).await;
        match &outcome {
            Attempt::Through(_) => {}
            Attempt::InDoubt(_) | Attempt::NotYet(Trouble::Lost(_)) => *slot = None,
            Attempt::Refused | Attempt::NotYet(_) => {
                if connection.execute("rollback").await.is_err() {
                    *slot = None;
                }
            }
        }
        outcome
    }

    async fn transaction(&self, group: &[Job], connection: &mut PgConnection) -> Attempt {
        match self.statements(group, connection).await {
            Ok(Some(items)) => {
                self.node.at("append.after_head_update").await;
                match connection.execute("commit").await {
                    Ok(_) => Attempt::Through(items),
                    // A commit that the server refused is no commit; only silence leaves a doubt.
                    Err(error) => match trouble(&error) {
                        Trouble::Lost(detail) => Attempt::InDoubt(detail),
                        other => Attempt::NotYet(other),
                    },
                }
            }
            Ok(None) => Attempt::Refused,
            Err(error) => Attempt::NotYet(trouble(&error)),
        }
    }

    async fn statements(
        &self,
        group: &[Job],
        connection: &mut PgConnection,
    ) -> Result<Option<Vec<OutboxItem>>, sqlx::Error> {
        connection.execute("begin").await?;
        let members: Vec<&Prepared> = group.iter().map(|job| &job.prepared).collect();
        if !Statement::of(&members).run(connection).await? {
            return Ok(None);
        }
        let again: Vec<Uuid> = members.iter().flat_map(|member| &member.commit.reannounce).map(|s| s.0).collect();
        if again.is_empty() {
            return Ok(Some(Vec::new()));
        }
        outbox_items(&statement::reannounce(connection, &again).await?).map(Some)
    }

    /// Tells each member that must be refused why, and leaves the others in the group. False when none was found: then
    /// somebody else's transaction stood in the way for a moment.
    async fn refuse(&self, group: &mut Vec<Job>, slot: &mut Option<PgConnection>) -> Result<bool, LedgerError> {
        let connection = self.connected(slot).await?;
        let members: Vec<&Prepared> = group.iter().map(|job| &job.prepared).collect();
        let stored = Stored::about(&members, connection).await.map_err(|e| super::fault::reading(&e))?;
        let mut is_changed = false;
        for mut job in std::mem::take(group) {
            match verdict(&job.prepared.commit, &stored) {
                Ok(None) => {
                    // What the stream owns already need not be claimed again.
                    let claims = job.prepared.commit.keys.len();
                    job.prepared.commit.keys.retain(|claim| crate::verdict::Facts::owner(&stored, claim).is_none());
                    is_changed |= job.prepared.commit.keys.len() < claims;
                    group.push(job);
                }
                Ok(Some(refusal)) => {
                    is_changed = true;
                    self.refused.fetch_add(1, Ordering::Relaxed);
                    metrics::counter!("ledger_commits_refused_total").increment(1);
                    job.tell(Ok(refusal));
                }
                Err(error) => {
                    is_changed = true;
                    job.tell(Err(error));
                }
            }
        }
        Ok(is_changed)
    }

    /// Asks what became of each member of a group whose `COMMIT` was not answered. Those that went through are told; the
    /// others are given back to be written again.
    async fn look_up(&self, mut group: Vec<Job>, detail: String, slot: &mut Option<PgConnection>) -> Vec<Job> {
        let began = Instant::now();
        let mut missing = Vec::new();
        while let Some(job) = group.pop() {
            match self.found(&job.prepared, slot).await {
                Ok(Some(durable)) => {
                    self.commits.fetch_add(1, Ordering::Relaxed);
                    job.tell(Ok(Committed::Done(durable)));
                }
                Ok(None) => missing.push(job),
                Err(error) => {
                    *slot = None;
                    group.push(job);
                    if began.elapsed() > LOOK_UP_LIMIT {
                        tracing::error!(%error, "the database does not come back; what was committed is unknown");
                        tell_all(group, &LedgerError::LostInCommit { detail });
                        break;
                    }
                    sleep(RECONNECT_PAUSE).await;
                }
            }
        }
        missing.reverse();
        missing
    }

    async fn found(&self, member: &Prepared, slot: &mut Option<PgConnection>) -> Result<Option<Durable>, LedgerError> {
        let connection = self.connected(slot).await?;
        let meaning = |error: sqlx::Error| super::fault::reading(&error);
        if !facts::went_through(member, connection).await.map_err(meaning)? {
            return Ok(None);
        }
        let mut durable = member.durable();
        for stream in &member.commit.reannounce {
            // What was re-announced then is pending now, or has been published since by whoever found it.
            let rows = super::outbox::pending_again(connection, *stream).await.map_err(meaning)?;
            durable.outbox.extend(outbox_items(&rows).map_err(meaning)?);
        }
        durable.outbox.sort_by_key(|item| item.row.id);
        Ok(Some(durable))
    }

    async fn connected<'a>(&self, slot: &'a mut Option<PgConnection>) -> Result<&'a mut PgConnection, LedgerError> {
        let connection = match slot.take() {
            Some(connection) => connection,
            None => open(&self.options, self.patience).await?,
        };
        Ok(slot.insert(connection))
    }
}

fn lost(detail: &str) -> LedgerError {
    LedgerError::LostInCommit { detail: detail.to_owned() }
}

fn tell_all(group: Vec<Job>, error: &LedgerError) {
    for job in group {
        job.tell(Err(error.clone()));
    }
}
