//! One database of either kind, the nodes that use it, and small builders.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use chrono::DateTime;
use ids::{Pair, StreamId};
use ledger::{
    Append, Birth, Commit, Committed, Durable, Head, InboxRow, KeyClaim, Ledger, LedgerError, MemoryLedger,
    MemoryState, NewEffect, NewEvent, OutboxRow, PostgresConfig, PostgresLedger, RowId,
};
use node::{FaultPoints, Node, NodeBuilder, SimNetwork};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::time::Instant;
use uuid::Uuid;

/// What survives a death.
#[derive(Clone)]
pub enum Disk {
    Memory(MemoryState),
    Postgres(String),
}

/// A database with one node connected to it.
pub struct World {
    pub disk: Disk,
    pub faults: FaultPoints,
    pub node: Node,
    pub ledger: Ledger,
    started: Instant,
}

fn node(disk: &Disk, faults: &FaultPoints, started: Instant, seed: u64) -> Node {
    let transport = Arc::new(SimNetwork::new(seed));
    let builder = match disk {
        Disk::Memory(_) => {
            let base = DateTime::from_timestamp(1_790_000_000, 0).expect("a time");
            NodeBuilder::simulated("ledger-test", base, started, seed, transport)
        }
        Disk::Postgres(_) => NodeBuilder::real("ledger-test", transport),
    };
    builder.faults(faults.clone()).build()
}

async fn attach(disk: &Disk, node: &Node) -> Ledger {
    match disk {
        Disk::Memory(state) => MemoryLedger::attach(state.clone(), node.clone()),
        Disk::Postgres(url) => {
            PostgresLedger::connect(node.clone(), PostgresConfig::new(url)).await.expect("the test database answers")
        }
    }
}

impl World {
    pub async fn new(disk: Disk) -> Self {
        let (faults, started) = (FaultPoints::planned(), Instant::now());
        let node = node(&disk, &faults, started, 1);
        let ledger = attach(&disk, &node).await;
        Self { disk, faults, node, ledger, started }
    }

    /// A new incarnation of the node on the same disk.
    pub async fn restart(&mut self) {
        self.node.kill();
        self.node = node(&self.disk, &self.faults, self.started, 2);
        self.ledger = attach(&self.disk, &self.node).await;
    }

    /// Another process on the same disk.
    pub async fn neighbour(&self) -> Ledger {
        attach(&self.disk, &node(&self.disk, &FaultPoints::none(), self.started, 3)).await
    }

    pub fn stream(&self) -> StreamId {
        StreamId(self.node.new_id())
    }

    /// Commits what must go through.
    pub async fn done(&self, commit: Commit) -> Durable {
        done(self.ledger.commit(commit).await)
    }

    /// Appends `events` at the end of the stream as it stands.
    pub async fn append(&self, stream: StreamId, events: Vec<NewEvent>) -> Durable {
        let after = self.ledger.load(stream).await.expect("the stream loads").head;
        self.done(Commit { appends: vec![append(stream, after, events)], ..Commit::default() }).await
    }

    /// Changes something behind the ledger's back.
    pub async fn tamper(&self, stream: StreamId, version: i64) {
        match &self.disk {
            Disk::Memory(state) => {
                state.edit_event(stream, version, |event| event.body = Bytes::from_static(b"forged"))
            }
            Disk::Postgres(url) => {
                let sql = format!(
                    "alter table event disable trigger all;
                     update event set body = 'forged' where stream_id = '{stream}' and version = {version};
                     alter table event enable trigger all"
                );
                execute(url, &sql).await;
            }
        }
    }

    pub async fn erase(&self, subject: Uuid) {
        match &self.disk {
            Disk::Memory(state) => state.erase_subject(subject),
            Disk::Postgres(url) => {
                execute(
                    url,
                    &format!("update subject_key set wrapped = null, erased_at = now() where subject = '{subject}'"),
                )
                .await;
            }
        }
    }
}

pub async fn execute(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.expect("the server answers");
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.expect("the statement works");
    connection.close().await.expect("the connection closes");
}

pub fn done(answer: Result<Committed, LedgerError>) -> Durable {
    match answer {
        Ok(Committed::Done(durable)) => durable,
        other => panic!("the commit should have gone through: {other:?}"),
    }
}

/// Asks until the answer is there.
pub async fn until<T, F: Future<Output = Option<T>>>(mut ask: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "the condition never came true");
        ticks.tick().await;
    }
}

pub fn pair() -> Pair {
    "demo".parse().expect("a pair")
}

pub fn public(kind: &str) -> NewEvent {
    NewEvent { is_public: true, ..private(kind) }
}

pub fn private(kind: &str) -> NewEvent {
    NewEvent {
        kind: kind.to_owned(),
        shape: 1,
        at: DateTime::from_timestamp_micros(1_790_000_000_123_456).expect("a time"),
        meta: Bytes::from_static(b"meta"),
        body: Bytes::from(format!("body of {kind}")),
        is_public: false,
    }
}

pub fn append(stream: StreamId, after: Head, events: Vec<NewEvent>) -> Append {
    Append { stream, pair: pair(), kind: "payment".to_owned(), after, events }
}

/// A first event on a new stream.
pub fn first(stream: StreamId) -> Commit {
    Commit { appends: vec![append(stream, Head::default(), vec![public("started")])], ..Commit::default() }
}

pub fn id(stream: StreamId, version: i64, ordinal: i16) -> RowId {
    RowId { stream, version, ordinal }
}

pub fn pointer(stream: StreamId, version: i64, ordinal: i16) -> OutboxRow {
    OutboxRow { id: id(stream, version, ordinal), pair: pair(), subject: "a.subject".to_owned(), body: None, asked: 0 }
}

pub fn command(stream: StreamId, version: i64, ordinal: i16) -> OutboxRow {
    OutboxRow { body: Some(Bytes::from_static(b"do it")), ..pointer(stream, version, ordinal) }
}

pub fn effect(stream: StreamId, version: i64, ordinal: i16) -> NewEffect {
    NewEffect {
        id: id(stream, version, ordinal),
        pair: pair(),
        kind: "authorize".to_owned(),
        reference: None,
        operator: Some("op1".to_owned()),
        request: Bytes::from_static(b"request"),
        due_in: Duration::ZERO,
        birth: Birth::Unclaimed,
    }
}

pub fn inbox(stream: StreamId, message: &str) -> Option<InboxRow> {
    Some(InboxRow { stream, message_id: message.to_owned() })
}

pub fn key(stream: StreamId, key: &str) -> KeyClaim {
    KeyClaim { pair: pair(), kind: "order".to_owned(), key: key.to_owned(), stream }
}

pub type Case = for<'a> fn(&'a mut World) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Runs a case on the twin, under a paused clock.
pub fn on_memory(case: Case) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let mut world = World::new(Disk::Memory(MemoryState::new())).await;
        case(&mut world).await;
    });
}

/// Runs a case on a database of its own in a real Postgres.
pub fn on_postgres(case: Case) {
    let admin = std::env::var("QUITTANCE_POSTGRES_URL");
    let admin = admin.expect("QUITTANCE_POSTGRES_URL names a Postgres to test on: run through make test");
    let namer = NodeBuilder::real("namer", Arc::new(SimNetwork::new(0))).build();
    let name = format!("ledger_test_{}", namer.new_nonce().simple());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(execute(&admin, &format!("create database {name}")));
    let (server, _) = admin.rsplit_once('/').expect("the URL names a database");
    let url = format!("{server}/{name}");
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            ledger::migrate(&url, &[]).await.expect("the tables are made");
            let mut world = World::new(Disk::Postgres(url.clone())).await;
            case(&mut world).await;
            world.node.kill();
        });
    }));
    runtime.block_on(execute(&admin, &format!("drop database {name} with (force)")));
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}
