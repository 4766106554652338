//! The face of a ledger: implemented by Postgres ([`crate::PostgresLedger`]) and by the in-memory twin ([`crate::MemoryLedger`]).

use std::{pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use ids::{Pair, StreamId};
use uuid::Uuid;

use crate::{
    error::LedgerError,
    types::{
        BusSeen, ClaimedEffect, Commit, Committed, DeadLetter, DueInquiry, EffectRow, Evidence, Figures, History,
        OutboxItem, Pending, RowId, SubjectKey,
    },
};

/// A boxed future of a ledger call.
pub type LedgerFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, LedgerError>> + Send + 'a>>;

/// A ledger, real or twin.
pub type Ledger = Arc<dyn Store>;

/// Every call of a ledger. Calls are safe to drop midway: writes go through one writer task that finishes what it took.
pub trait Store: Send + Sync {
    /// A whole stream, its hash chain checked; an unknown stream gives an empty history.
    fn load(&self, stream: StreamId) -> LedgerFuture<'_, History>;

    /// Commits everything of one decision together or nothing. Returns after it is durable.
    fn commit(&self, commit: Commit) -> LedgerFuture<'_, Committed>;

    /// The stream that owns a key.
    fn find_key<'a>(&'a self, pair: &'a Pair, kind: &'a str, key: &'a str) -> LedgerFuture<'a, Option<StreamId>>;

    /// Takes due effects of the named kinds that nobody holds: `ready` ones, and `sent` ones whose holder's lease ended.
    /// `unknown` rows are never taken here.
    fn claim_effects<'a>(
        &'a self,
        kinds: &'a [String],
        most: i64,
        holder: &'a str,
        lease: Duration,
    ) -> LedgerFuture<'a, Vec<ClaimedEffect>>;

    /// Takes rows of the named kinds whose outcome is unknown, whose inquiry is due and that nobody holds. They stay
    /// `unknown`, and are due again when the lease ends.
    fn claim_inquiries<'a>(
        &'a self,
        kinds: &'a [String],
        most: i64,
        holder: &'a str,
        lease: Duration,
    ) -> LedgerFuture<'a, Vec<DueInquiry>>;

    /// Lets go of every row that `holder` still holds, so that nobody waits for the leases of a process that has stopped.
    /// Gives their number.
    fn release<'a>(&'a self, holder: &'a str) -> LedgerFuture<'a, u64>;

    /// Keeps what was seen of an effect's outcome. No fence: also a worker that lost its lease may tell.
    fn keep_evidence<'a>(&'a self, id: RowId, epoch: i64, source: &'a str, body: Bytes) -> LedgerFuture<'a, ()>;

    /// The evidence about an effect, oldest first.
    fn evidence(&self, id: RowId) -> LedgerFuture<'_, Vec<Evidence>>;

    /// Takes outbox rows that nobody published for `older_than`, in stream, version, ordinal order.
    fn claim_outbox(&self, older_than: Duration, most: i64) -> LedgerFuture<'_, Vec<OutboxItem>>;

    /// Forgets acknowledged outbox rows (`(id, asked)`; a row asked again since then stays). Need not be durable.
    fn forget_outbox<'a>(&'a self, rows: &'a [(RowId, i32)]) -> LedgerFuture<'a, ()>;

    /// Puts a question's message into the outbox again with one more `asked`, and sets the effect due after `next` (fenced).
    /// Gives the item to publish, or `None` when fenced.
    fn ask_again(
        &self,
        effect: RowId,
        epoch: i64,
        row: crate::types::OutboxRow,
        next: Duration,
    ) -> LedgerFuture<'_, Option<OutboxItem>>;

    /// Puts the public events of the last `younger_than` into the outbox again, oldest first, `most` per call, from after `cursor`.
    /// Gives the next cursor, or `None` at the end.
    fn reannounce_page(
        &self,
        younger_than: Duration,
        cursor: Option<(chrono::DateTime<chrono::Utc>, RowId)>,
        most: i64,
    ) -> LedgerFuture<'_, Option<(chrono::DateTime<chrono::Utc>, RowId)>>;

    /// Parks a stream: nothing is appended until a person has looked.
    fn park<'a>(&'a self, stream: StreamId, why: &'a str) -> LedgerFuture<'a, ()>;

    /// Stores a dead letter; the same (origin, message id) again counts one failure more. Gives the number of failures.
    fn bury(&self, letter: DeadLetter) -> LedgerFuture<'_, i32>;

    /// How often a message failed so far.
    fn failures<'a>(&'a self, origin: &'a str, message_id: &'a str) -> LedgerFuture<'a, i32>;

    /// Notes that a dead letter needs nobody any more, by whom and why. False when there is none that is unresolved.
    fn resolve<'a>(&'a self, origin: &'a str, message_id: &'a str, by: &'a str, why: &'a str)
    -> LedgerFuture<'a, bool>;

    /// Unresolved dead letters, newest first.
    fn dead_letters(&self, most: i64) -> LedgerFuture<'_, Vec<DeadLetter>>;

    /// The wrapped key of a person; `None` when unknown or erased.
    fn subject_key(&self, subject: Uuid) -> LedgerFuture<'_, Option<SubjectKey>>;

    /// What was last known of the broker.
    fn bus_seen(&self) -> LedgerFuture<'_, Vec<BusSeen>>;

    /// Remembers what was acknowledged by the broker.
    fn saw_bus(&self, seen: BusSeen) -> LedgerFuture<'_, ()>;

    /// Effects of one stream, oldest first.
    fn effects_of(&self, stream: StreamId) -> LedgerFuture<'_, Vec<EffectRow>>;

    /// Streams of one kind, newest first, before `before`.
    fn streams<'a>(&'a self, kind: &'a str, before: Option<StreamId>, most: i64) -> LedgerFuture<'a, Vec<StreamId>>;

    /// Whether the ledger is at rest.
    fn pending(&self) -> LedgerFuture<'_, Pending>;

    /// What this process did.
    fn figures(&self) -> Figures;

    /// A cheap question that proves the database answers.
    fn ping(&self) -> LedgerFuture<'_, ()>;
}
