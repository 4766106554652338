//! What goes into the ledger and what comes out: values only.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use ids::{Pair, StreamId};
use uuid::Uuid;

/// SHA-256 of an event and everything before it in its stream.
pub type Hash = [u8; 32];

/// An event that a decision wants to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// What happened, in the past tense: `authorized`.
    pub kind: String,
    /// Version of the body's layout, from 1.
    pub shape: i16,
    /// When it happened by our node's clock, microseconds at most.
    pub at: DateTime<Utc>,
    /// Who, why and in which trace: an encoded `otc.ledger.v1.Meta`.
    pub meta: Bytes,
    /// The encoded event.
    pub body: Bytes,
    /// True when other services may see it: it gets the next `n` of its stream and an outbox row may point at it.
    pub is_public: bool,
}

/// An event as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Place in the stream, from 1, dense.
    pub version: i64,
    /// What happened.
    pub kind: String,
    /// Version of the body's layout.
    pub shape: i16,
    /// When.
    pub at: DateTime<Utc>,
    /// Who, why, trace.
    pub meta: Bytes,
    /// The encoded event.
    pub body: Bytes,
    /// Place among the public events of the stream, from 1, dense; `None` for a private event.
    pub n: Option<i64>,
    /// Hash over this event and its predecessor's hash.
    pub hash: Hash,
}

/// The end of a stream: the next append must name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Version of the last event, 0 for a stream that does not exist.
    pub version: i64,
    /// Number of public events so far.
    pub n: i64,
    /// Hash of the last event, zeros for a stream that does not exist.
    pub hash: Hash,
}

/// A whole stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Whose it is; `None` when the stream does not exist.
    pub owner: Option<(Pair, String)>,
    /// Its end.
    pub head: Head,
    /// Why a person must look before it goes on, when it is parked.
    pub parked: Option<String>,
    /// All events, oldest first.
    pub events: Vec<StoredEvent>,
}

/// Events to append to one stream.
#[derive(Debug, Clone)]
pub struct Append {
    /// The stream.
    pub stream: StreamId,
    /// Its pair.
    pub pair: Pair,
    /// Its aggregate kind, such as `payment`.
    pub kind: String,
    /// The end that the decision saw. Another end in the database refuses the commit.
    pub after: Head,
    /// At least one event.
    pub events: Vec<NewEvent>,
}

/// A key to own: an order number, an idempotency key, a token.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyClaim {
    /// The pair.
    pub pair: Pair,
    /// What sort of key: `order/shop-1`, `token`, `merchant_reference`.
    pub kind: String,
    /// The key itself; an HMAC where it would be personal data.
    pub key: String,
    /// The stream it leads to.
    pub stream: StreamId,
}

/// A message that was handled, per stream.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InboxRow {
    /// The stream that took it.
    pub stream: StreamId,
    /// Its `ce-id`.
    pub message_id: String,
}

/// The identity of an outbox or effect row: the event that caused it and its place among the wishes of that event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId {
    /// The stream.
    pub stream: StreamId,
    /// The event's version.
    pub version: i64,
    /// Place among the rows of that event.
    pub ordinal: i16,
}

/// The ordinal of a pointer that was put into the outbox again. Wishes count from 0, so it never meets one of theirs, and
/// there is one at most per event. Its subject is empty: like the message, it is derived from the event.
pub const REANNOUNCED: i16 = -1;

/// A message to publish. Without a body it points at the event `(stream, version)`, from which the message is derived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Identity.
    pub id: RowId,
    /// The pair, for subjects and log lines.
    pub pair: Pair,
    /// Where to.
    pub subject: String,
    /// A command's message; `None` for an event.
    pub body: Option<Bytes>,
    /// How often it was asked again: 0 for the first time. Part of `Nats-Msg-Id`, not of `ce-id`.
    pub asked: i32,
}

/// An outbox row with the event it points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxItem {
    /// The row.
    pub row: OutboxRow,
    /// The event `(stream, version)`: for a pointer row what to publish, for a command its cause (metadata, trace).
    pub event: StoredEvent,
    /// The stream's aggregate kind.
    pub stream_kind: String,
}

/// Where an effect stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EffectState {
    /// Nothing left this machine. May be done when due.
    Ready,
    /// Announced: from here on it may have happened.
    Sent,
    /// Sent and not answered. Waits for an inquiry, is never repeated.
    Unknown,
    /// Finished, or no longer needed.
    Done,
    /// Waits for a person.
    Parked,
}

impl EffectState {
    /// The word stored in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Done => "done",
            Self::Parked => "parked",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Ready, Self::Sent, Self::Unknown, Self::Done, Self::Parked].into_iter().find(|s| s.as_str() == word)
    }
}

/// A wish to the outside: one row is one attempt.
#[derive(Debug, Clone)]
pub struct NewEffect {
    /// Identity.
    pub id: RowId,
    /// The pair.
    pub pair: Pair,
    /// What to do: `authorize`, `timer.screening_deadline`, `ask.place_order`.
    pub kind: String,
    /// A name that is unique in this ledger: a merchant reference, or `<stream>/<name>` for a timer or a question.
    pub reference: Option<String>,
    /// Whoever must make the call (a SYSPRO operator), when that matters.
    pub operator: Option<String>,
    /// The encoded request.
    pub request: Bytes,
    /// When it may start, from now (the database's clock).
    pub due_in: Duration,
    /// Who already holds it, for a row that is executed at once by the process that decided it.
    pub birth: Birth,
}

/// How an effect row comes into the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Birth {
    /// For whoever comes first once it is due.
    Unclaimed,
    /// Held by this process under epoch 1 until the lease ends.
    Claimed(Lease),
    /// Held and already announced: the caller holds the outside's permit and writes within two seconds.
    Sent(Lease, Quiet),
}

/// Who holds a row and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The process incarnation.
    pub holder: String,
    /// From now on, database clock.
    pub lasts: Duration,
}

/// After sending, how long the request could still take effect: no second attempt before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet(pub Duration);

/// An effect row that this process holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedEffect {
    /// Identity.
    pub id: RowId,
    /// The pair.
    pub pair: Pair,
    /// What to do.
    pub kind: String,
    /// Its state when it was claimed. `Sent` means: the process that sent it is gone; never send again.
    pub state: EffectState,
    /// The fence: every change to the row names it.
    pub epoch: i64,
    /// Unique name.
    pub reference: Option<String>,
    /// Who must make the call.
    pub operator: Option<String>,
    /// The encoded request.
    pub request: Bytes,
    /// Finished tries so far: transient failures, questions asked. Of a row whose outcome is unknown: the number of the
    /// inquiry that is due, from 1.
    pub tries: i32,
}

/// An effect row that this process holds in order to ask what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueInquiry {
    /// The row, in state `unknown`.
    pub effect: ClaimedEffect,
    /// When it was announced.
    pub sent_at: Option<DateTime<Utc>>,
    /// Until then it could still take effect; `None` when nobody can tell.
    pub dead_after: Option<DateTime<Utc>>,
    /// When it was claimed, by the clock that wrote the other two.
    pub claimed_at: DateTime<Utc>,
}

/// Something that was seen of the outcome of an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Where: `answer`, `inquiry`, a webhook, a report.
    pub source: String,
    /// What, as that source tells it.
    pub body: Bytes,
}

/// An effect row as shown to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectRow {
    /// Identity.
    pub id: RowId,
    /// The pair.
    pub pair: Pair,
    /// What to do.
    pub kind: String,
    /// Where it stands.
    pub state: EffectState,
    /// When it is due next.
    pub due_at: DateTime<Utc>,
    /// Finished tries; of a row whose outcome is unknown the number of the next inquiry.
    pub tries: i32,
    /// The fence.
    pub epoch: i64,
    /// Who holds it.
    pub holder: Option<String>,
    /// Unique name.
    pub reference: Option<String>,
    /// When it was announced.
    pub sent_at: Option<DateTime<Utc>>,
    /// No second attempt before.
    pub dead_after: Option<DateTime<Utc>>,
    /// The encoded outcome.
    pub outcome: Option<Bytes>,
}

/// The end of a try, fenced by the epoch.
#[derive(Debug, Clone)]
pub struct Finish {
    /// The row.
    pub id: RowId,
    /// The epoch under which it was claimed.
    pub epoch: i64,
    /// What becomes of the row.
    pub to: Finished,
    /// The encoded outcome, kept beside the row.
    pub outcome: Option<Bytes>,
}

/// What becomes of an effect row after a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// Over.
    Done,
    /// It did not happen: again after this delay (one try more is counted).
    Again(Duration),
    /// Nobody knows: an inquiry is due after this delay (one try more is counted).
    Unknown(Duration),
    /// A person must look.
    Parked,
}

/// A wrapped key under which one person's data is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectKey {
    /// The person.
    pub subject: Uuid,
    /// The key, wrapped.
    pub wrapped: Bytes,
}

/// Everything one decision wants, committed together or not at all.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// Keys to own first. One that another stream owns refuses the commit; one that names the same stream is fine.
    pub keys: Vec<KeyClaim>,
    /// The message that caused it. Seen before: refused as such.
    pub inbox: Option<InboxRow>,
    /// Events, at most one entry per stream.
    pub appends: Vec<Append>,
    /// Messages.
    pub outbox: Vec<OutboxRow>,
    /// Effects and timers.
    pub effects: Vec<NewEffect>,
    /// References of effects in state `ready` that are no longer needed (answered questions, moot timers).
    pub settle: Vec<String>,
    /// The try that caused it, fenced.
    pub finish: Option<Finish>,
    /// Announce a claimed effect: `ready` → `sent`, fenced.
    pub announce: Option<(RowId, i64, Quiet)>,
    /// Keys of persons. An existing row stays as it is, also an erased one.
    pub subject_keys: Vec<SubjectKey>,
    /// Streams whose public events are to be published again.
    pub reannounce: Vec<StreamId>,
    /// Something seen about an effect; not fenced, and the same twice is one.
    pub evidence: Option<NewEvidence>,
}

/// Something seen outside about an effect, to be kept.
#[derive(Debug, Clone)]
pub struct NewEvidence {
    /// The effect.
    pub id: RowId,
    /// Under which epoch it was seen.
    pub epoch: i64,
    /// Where: `answer`, `inquiry`, a webhook, a report.
    pub source: String,
    /// What.
    pub body: Bytes,
}

/// What became of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// Durable. The outbox items and the stored events are handed back so that nobody reads them again.
    Done(Durable),
    /// A stream moved on since it was loaded: load and decide again.
    Conflict(StreamId),
    /// The message was handled before.
    Seen,
    /// Another stream owns this key.
    KeyTaken {
        /// The claim that failed.
        claim: KeyClaim,
        /// Who owns it.
        owner: StreamId,
    },
    /// The effect row is held under a later epoch, or is not in the state that was assumed.
    Fenced,
    /// A stream waits for a person.
    Parked(StreamId),
}

/// What a commit made durable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Durable {
    /// The new ends of the streams, in the order of `appends`.
    pub heads: Vec<(StreamId, Head)>,
    /// The events as stored, in the order of `appends`.
    pub events: Vec<(StreamId, StoredEvent)>,
    /// All outbox items now pending because of this commit, in stream and version order, re-announced ones too.
    pub outbox: Vec<OutboxItem>,
}

/// A message that could not be handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Identity.
    pub id: Uuid,
    /// The pair, when it could be read.
    pub pair: Option<Pair>,
    /// Where it came from: a subject, `effect`, an HTTP route.
    pub origin: String,
    /// Its id there.
    pub message_id: String,
    /// Why, in words.
    pub why: String,
    /// `undecodable`, `invariant`, `parked`, `panic`.
    pub class: String,
    /// The message as it came: headers and body, encoded by the caller. Never a body in which a card was found.
    pub body: Bytes,
    /// How often it failed.
    pub failures: i32,
    /// The stream, when known.
    pub stream: Option<StreamId>,
}

/// What was last known of one stream of the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusSeen {
    /// The broker's stream.
    pub bus_stream: String,
    /// When that stream was created.
    pub created: DateTime<Utc>,
    /// The highest sequence acknowledged to us.
    pub last_seq: u64,
    /// The message id at that sequence.
    pub last_id: String,
}

/// Counts that tell whether a ledger is at rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pending {
    /// Messages not yet acknowledged by the broker.
    pub outbox: i64,
    /// Effects that are ready and due, or announced and unanswered.
    pub effects_due: i64,
    /// Effects in state `unknown`.
    pub effects_unknown: i64,
    /// Timers and questions due later.
    pub effects_later: i64,
    /// Parked streams.
    pub parked: i64,
    /// Unresolved dead letters.
    pub dead_letters: i64,
}

/// What one ledger has done since its process started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Decisions committed.
    pub commits: u64,
    /// Database transactions that carried them.
    pub groups: u64,
    /// Commits refused: conflict, seen, taken, fenced.
    pub refused: u64,
}
