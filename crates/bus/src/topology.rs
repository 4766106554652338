//! What must exist on the broker: two streams and a durable consumer per service and purpose.
//!
//! | | `OTC_EVENTS` | `OTC_COMMANDS` |
//! |---|---|---|
//! | subjects | `otc.*.*.event.>` | `otc.*.*.command.>` |
//! | kept | 14 days or until the bytes are used up | until consumed |
//! | when full | the oldest goes: a subscriber sees the gap and asks | new ones are refused: the outbox grows |
//!
//! Consumers have no limit of deliveries and no backoff list: a message that was given up by the broker would be lost
//! silently. We count and decide ourselves.

mod differences;
mod role;

use std::time::Duration;

pub(crate) use self::differences::{consumer_differences, merged_consumer, merged_stream, stream_differences};
pub use self::role::role;

/// The stream that public events live in.
pub const EVENTS: &str = "OTC_EVENTS";
/// The stream that commands between services live in.
pub const COMMANDS: &str = "OTC_COMMANDS";
/// What falls into [`EVENTS`].
pub const EVENT_SUBJECTS: &str = "otc.*.*.event.>";
/// What falls into [`COMMANDS`].
pub const COMMAND_SUBJECTS: &str = "otc.*.*.command.>";
/// How long an event stays. Whoever was away longer asks the source to send its events again.
pub const EVENT_AGE_MAX: Duration = Duration::from_secs(14 * 24 * 3600);
/// How long the broker recognises a message id. A help, no guarantee: inboxes decide.
pub const DUPLICATE_WINDOW: Duration = Duration::from_secs(600);
/// Largest message, headers included.
pub const MESSAGE_BYTES_MAX: u32 = 256 * 1024;
/// After this long without an answer a message is delivered again.
pub const ACK_WAIT: Duration = Duration::from_secs(30);
/// Messages of one consumer that may wait for their acknowledgement at a time.
pub const ACK_PENDING_MAX: u32 = 64;
/// Open fetches of one consumer, over all replicas of its service.
pub const WAITING_MAX: u32 = 64;

/// How long a stream keeps what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retention {
    /// Until a limit is reached.
    Limits,
    /// Until a consumer has acknowledged it.
    WorkQueue,
}

/// What gives way when a stream is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Discard {
    /// The oldest message goes.
    Old,
    /// The new message is refused.
    New,
}

/// A stream as it must be. `None` means without limit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StreamSpec {
    /// Its name.
    pub name: String,
    /// What falls into it.
    pub subjects: Vec<String>,
    /// How long it keeps what it has.
    pub retention: Retention,
    /// What gives way when it is full.
    pub discard: Discard,
    /// How old a message may become.
    pub max_age: Option<Duration>,
    /// How much it may hold. Always set by us: a stream without limit ends as a full disk.
    pub max_bytes: Option<u64>,
    /// How long it recognises message ids.
    pub duplicate_window: Duration,
    /// Largest message.
    pub max_message_bytes: Option<u32>,
    /// Copies.
    pub replicas: u32,
    /// Single messages cannot be deleted over the wire.
    pub deny_delete: bool,
    /// It cannot be emptied over the wire.
    pub deny_purge: bool,
    /// Messages can be read at a sequence without the leader.
    pub allow_direct: bool,
}

/// A durable pull consumer with explicit acknowledgement, read by all replicas of one service.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Consumer {
    /// Its durable name, unique in its stream; letters, digits, `-` and `_`.
    pub name: String,
    /// The stream of the broker that it reads.
    pub bus_stream: String,
    /// The subjects that it reads; never empty.
    pub filters: Vec<String>,
    /// After this long without an answer a message is delivered again.
    pub ack_wait: Duration,
    /// Messages that may wait for their acknowledgement at a time.
    pub max_ack_pending: u32,
}

impl Consumer {
    /// A consumer with the usual limits.
    pub fn new(name: impl Into<String>, bus_stream: impl Into<String>, filters: Vec<String>) -> Self {
        Self {
            name: name.into(),
            bus_stream: bus_stream.into(),
            filters,
            ack_wait: ACK_WAIT,
            max_ack_pending: ACK_PENDING_MAX,
        }
    }

    pub(crate) fn takes(&self, subject: &str) -> bool {
        self.filters.iter().any(|filter| crate::subject::matches(filter, subject))
    }
}

/// What differs between a laptop and a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Copies of each stream: 1 on a laptop, 3 in a cluster.
    pub replicas: u32,
    /// How much [`EVENTS`] may hold.
    pub event_bytes_max: u64,
    /// How much [`COMMANDS`] may hold.
    pub command_bytes_max: u64,
}

impl Default for Sizes {
    /// The laptop's.
    fn default() -> Self {
        Self { replicas: 1, event_bytes_max: 256 << 20, command_bytes_max: 256 << 20 }
    }
}

/// Everything that must exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// The streams.
    pub streams: Vec<StreamSpec>,
    /// The consumers of all services.
    pub consumers: Vec<Consumer>,
}

impl Topology {
    /// The two streams of this system and the consumers of its services.
    pub fn new(sizes: Sizes, consumers: Vec<Consumer>) -> Self {
        Self { streams: vec![events(sizes), commands(sizes)], consumers }
    }
}

fn events(sizes: Sizes) -> StreamSpec {
    StreamSpec {
        name: EVENTS.to_owned(),
        subjects: vec![EVENT_SUBJECTS.to_owned()],
        retention: Retention::Limits,
        discard: Discard::Old,
        max_age: Some(EVENT_AGE_MAX),
        max_bytes: Some(sizes.event_bytes_max),
        duplicate_window: DUPLICATE_WINDOW,
        max_message_bytes: Some(MESSAGE_BYTES_MAX),
        replicas: sizes.replicas,
        deny_delete: true,
        deny_purge: true,
        allow_direct: true,
    }
}

fn commands(sizes: Sizes) -> StreamSpec {
    StreamSpec {
        name: COMMANDS.to_owned(),
        subjects: vec![COMMAND_SUBJECTS.to_owned()],
        retention: Retention::WorkQueue,
        discard: Discard::New,
        max_age: None,
        max_bytes: Some(sizes.command_bytes_max),
        ..events(sizes)
    }
}
