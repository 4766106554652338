//! One piece of work from command to commit: load, fold, decide, react, one database transaction, then hand over.

mod cache;
mod draft;
mod watch;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bus::Bus;
use ids::StreamId;
use ledger::{Commit, Committed, Durable, Finish, InboxRow, KeyClaim, LedgerError, SubjectKey};
use tokio::sync::mpsc;

pub use self::watch::Watch;
use self::{cache::Cache, draft::Draft, watch::Watchers};
use crate::{
    effect::Handed,
    error::EngineError,
    lanes::Lanes,
    service::{Context, DecideError, Place, Service},
    settings::Settings,
};

/// How often a decision is made anew when somebody else was faster.
const CONFLICT_TRIES: u32 = 8;
/// How many commands one piece of work may send to streams of its own service.
const TELLS_MAX: usize = 16;
/// Streams whose folded state is kept in memory.
const CACHED_STREAMS_MAX: usize = 4096;
/// So many pieces of work can be under way at a time; see [`Inner::gates`]. Orders that came in the same millisecond (or
/// four seconds apart to the millisecond) share one.
const GATES: usize = 4096;

/// The engine of one service in one process. Cloning shares it.
pub struct Engine<S: Service>(pub(crate) Arc<Inner<S>>);

impl<S: Service> Clone for Engine<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

pub(crate) struct Inner<S: Service> {
    pub(crate) service: Arc<S>,
    pub(crate) context: Context,
    pub(crate) bus: Bus,
    pub(crate) settings: Settings,
    pub(crate) lanes: Lanes,
    pub(crate) relay: mpsc::Sender<ledger::OutboxItem>,
    pub(crate) calls: mpsc::UnboundedSender<Handed>,
    pub(crate) published: AtomicU64,
    pub(crate) incarnation: String,
    pub(crate) nonce: uuid::Uuid,
    cache: Mutex<Cache>,
    /// Work on one order goes one at a time inside a process, so that replicas conflict but tasks do not.
    gates: Vec<tokio::sync::Mutex<()>>,
    watchers: Arc<Watchers>,
    hints: mpsc::Sender<StreamId>,
    /// Counts what was committed here, for those who look less often when nothing is.
    commits: AtomicU64,
}

/// Where a commit is handed over to.
pub(crate) struct Outlets {
    pub(crate) relay: mpsc::Sender<ledger::OutboxItem>,
    pub(crate) calls: mpsc::UnboundedSender<Handed>,
    pub(crate) hints: mpsc::Sender<StreamId>,
}

/// A command from outside the bus: an HTTP request, a person.
pub struct Request<C> {
    /// Where.
    pub place: Place,
    /// What.
    pub command: C,
    /// Keys to own.
    pub claims: Vec<KeyClaim>,
    /// Wrapped keys of persons.
    pub subject_keys: Vec<SubjectKey>,
    /// What caused it: `http POST /v1/orders`.
    pub caused_by: String,
    /// Who, when a person acted.
    pub actor: Option<String>,
}

/// What came of a piece of work.
#[derive(Debug)]
pub enum Verdict {
    /// Decided and durable. `changed` is false when everything had been asked before.
    Done {
        /// Whether events were appended.
        changed: bool,
    },
    /// The message was handled before.
    Seen,
    /// The aggregate said no.
    Rejected(Box<dyn std::error::Error + Send + Sync>),
    /// Another stream owns a key.
    KeyTaken {
        /// The key.
        claim: KeyClaim,
        /// Its owner.
        owner: StreamId,
    },
    /// The effect row is held by somebody else by now.
    Fenced,
    /// A stream waits for a person.
    Parked(StreamId),
}

/// A piece of work, before it is decided. Kept until the verdict, because a conflict decides it again.
pub(crate) struct Work<C> {
    pub(crate) place: Place,
    pub(crate) command: C,
    pub(crate) claims: Vec<KeyClaim>,
    pub(crate) subject_keys: Vec<SubjectKey>,
    pub(crate) inbox: Option<InboxRow>,
    pub(crate) finish: Option<Finish>,
    pub(crate) caused_by: String,
    pub(crate) actor: Option<String>,
    /// A command from the bus: when it decides nothing new, the stream's public events are its answer.
    pub(crate) answer_repetition: bool,
    /// Fault point before the commit, and after.
    pub(crate) points: (&'static str, &'static str),
}

/// How one attempt went.
enum Attempt {
    /// There is a verdict.
    Over(Verdict),
    /// Somebody else was faster: again after a pause.
    Beaten,
    /// A remembered state had nothing to add: again from the ledger.
    Stale,
}

impl<S: Service> Engine<S> {
    pub(crate) fn new(
        service: Arc<S>,
        context: Context,
        bus: Bus,
        settings: Settings,
        lanes: Lanes,
        Outlets { relay, calls, hints }: Outlets,
    ) -> Self {
        let nonce = context.node.new_nonce();
        let incarnation = format!("{}/{nonce}", context.node.name());
        Self(Arc::new(Inner {
            service,
            context,
            bus,
            settings,
            lanes,
            relay,
            calls,
            published: AtomicU64::new(0),
            incarnation,
            nonce,
            cache: Mutex::new(Cache::new(CACHED_STREAMS_MAX)),
            gates: (0..GATES).map(|_| tokio::sync::Mutex::new(())).collect(),
            watchers: Arc::default(),
            hints,
            commits: AtomicU64::new(0),
        }))
    }

    /// The machine and the ledger.
    pub fn context(&self) -> &Context {
        &self.0.context
    }

    /// The service.
    pub fn service(&self) -> &Arc<S> {
        &self.0.service
    }

    /// Messages published and acknowledged since the process started.
    pub fn published(&self) -> u64 {
        self.0.published.load(Ordering::Relaxed)
    }

    /// Handles one command. It runs in a task of the node: a caller that goes away changes nothing.
    ///
    /// # Errors
    /// See [`EngineError`].
    pub async fn handle(&self, request: Request<S::Command>) -> Result<Verdict, EngineError> {
        let engine = self.clone();
        let Request { place, command, claims, subject_keys, caused_by, actor } = request;
        let work = Work {
            place,
            command,
            claims,
            subject_keys,
            inbox: None,
            finish: None,
            caused_by,
            actor,
            answer_repetition: false,
            points: ("intake.before_commit", "intake.after_commit"),
        };
        let task =
            self.0.context.node.spawn(tracing::Instrument::in_current_span(async move { engine.work(work).await }));
        match task.await {
            Ok(Some(verdict)) => verdict,
            Ok(None) | Err(_) => Err(EngineError::Stopping),
        }
    }

    /// How much was committed here since the process started; standing still means that nothing goes on.
    pub(crate) fn commits(&self) -> u64 {
        self.0.commits.load(Ordering::Relaxed)
    }

    /// Watches one stream from now on. Subscribe first, read the ledger then, wait last.
    pub fn watch(&self, stream: StreamId) -> Watch {
        Watch::new(&self.0.watchers, stream)
    }

    /// The folded state of a stream as this process last wrote it; `None` when it did not, or has heard that another did.
    /// Good enough to show, after a [`Watch`] woke; a decision is proved by the ledger.
    pub fn remembered<T: Send + Sync + 'static>(&self, stream: StreamId) -> Option<Arc<T>> {
        let folded = self.0.cache.lock().unwrap_or_else(PoisonError::into_inner).get(stream)?;
        folded.state.downcast().ok()
    }

    /// Tells watchers in this process that a stream was changed by another.
    pub(crate) fn changed_elsewhere(&self, stream: StreamId) {
        self.forget(&[stream]);
        self.0.watchers.tell(stream);
    }

    /// Decides and commits one piece of work, as often as it takes.
    pub(crate) async fn work(&self, work: Work<S::Command>) -> Result<Verdict, EngineError> {
        let id = work.place.stream.0.as_bytes();
        let gate = usize::from(u16::from_be_bytes([id[4], id[5]])) % GATES;
        let _one_at_a_time = self.0.gates[gate].lock().await;
        for attempt in 1..=CONFLICT_TRIES {
            match self.attempt(&work).await? {
                Attempt::Over(verdict) => return Ok(verdict),
                Attempt::Stale => continue,
                Attempt::Beaten => {}
            }
            let pause = fault::jittered(Duration::from_millis(2_u64 << attempt), self.0.context.node.random());
            tokio::time::sleep(pause).await;
        }
        Err(EngineError::Contended(work.place.stream))
    }

    /// One attempt.
    async fn attempt(&self, work: &Work<S::Command>) -> Result<Attempt, EngineError> {
        let mut draft = Draft::new(self, work);
        let mut rejection = None;
        let mut queue = VecDeque::from([(work.place.clone(), work.command.clone())]);
        let mut told = 0;
        while let Some((place, command)) = queue.pop_front() {
            if let Some(parked) = draft.open(self, &place).await? {
                return Ok(Attempt::Over(Verdict::Parked(parked)));
            }
            match draft.decide(self, &place, command, &mut queue) {
                Ok(()) => {}
                Err(DecideError::Rejected(why)) if told == 0 => rejection = Some(why),
                // The fact itself must be kept; what another stream thinks of it must not lose it.
                Err(DecideError::Rejected(why)) => {
                    tracing::warn!(stream = %place.stream, kind = place.kind, %why, "a stream of this service refused what it was told");
                }
                Err(DecideError::Codec(source)) => return Err(EngineError::Codec { stream: place.stream, source }),
                Err(DecideError::NoSuchKind(kind)) => {
                    return Err(EngineError::Unreadable(crate::service::Unreadable(format!(
                        "no aggregate `{kind}` here"
                    ))));
                }
            }
            told += 1;
            if told > TELLS_MAX {
                return Err(EngineError::Endless(place.stream));
            }
        }
        let unproven = draft.unproven();
        if !unproven.is_empty() {
            self.forget(&unproven);
            return Ok(Attempt::Stale);
        }
        let streams = draft.streams();
        let (commit, hand_over) = draft.finish(work);
        if draft::is_empty(&commit) {
            return Ok(Attempt::Over(match rejection {
                Some(why) => Verdict::Rejected(why),
                None => Verdict::Done { changed: false },
            }));
        }
        let changed = !commit.appends.is_empty();
        self.0.context.node.at(work.points.0).await;
        let outcome = match self.0.context.ledger.commit(commit).await {
            Ok(outcome) => outcome,
            Err(error) => {
                // It may have been written all the same.
                self.forget(&streams);
                if matches!(error, LedgerError::LostInCommit { .. }) {
                    hand_over.calls.iter().for_each(|call| crate::effect::not_sent(self, &call.effect));
                }
                return Err(error.into());
            }
        };
        self.0.context.node.at(work.points.1).await;
        Ok(Attempt::Over(match outcome {
            Committed::Done(durable) => {
                self.after_commit(durable, hand_over);
                match rejection {
                    Some(why) => Verdict::Rejected(why),
                    None => Verdict::Done { changed },
                }
            }
            Committed::Conflict(_) => {
                self.forget(&streams);
                return Ok(Attempt::Beaten);
            }
            Committed::Seen => {
                if work.answer_repetition {
                    self.announce_again(work.place.stream).await?;
                }
                Verdict::Seen
            }
            Committed::KeyTaken { claim, owner } => Verdict::KeyTaken { claim, owner },
            Committed::Fenced => Verdict::Fenced,
            Committed::Parked(stream) => {
                self.forget(&streams);
                Verdict::Parked(stream)
            }
        }))
    }

    fn forget(&self, streams: &[StreamId]) {
        let mut cache = self.0.cache.lock().unwrap_or_else(PoisonError::into_inner);
        streams.iter().for_each(|stream| cache.forget(*stream));
    }

    /// After the commit: everything that may now leave is handed to whoever sends it, without reading it back.
    fn after_commit(&self, durable: Durable, hand_over: draft::HandOver) {
        {
            let mut cache = self.0.cache.lock().unwrap_or_else(PoisonError::into_inner);
            for (stream, head) in &durable.heads {
                if let Some((_, state)) = hand_over.states.iter().find(|(s, _)| s == stream) {
                    cache.keep(*stream, *head, state.clone());
                }
            }
        }
        self.0.commits.fetch_add(1, Ordering::Relaxed);
        for (stream, _) in &durable.heads {
            self.0.watchers.tell(*stream);
            if self.0.service.wants_hints() {
                let _ = self.0.hints.try_send(*stream);
            }
        }
        for item in durable.outbox {
            // A full channel: the row is in the ledger and is found there a second later. A closed one: the node is dying.
            let _ = self.0.relay.try_send(item);
        }
        for call in hand_over.calls {
            let _ = self.0.calls.send(call);
        }
    }

    pub(crate) async fn announce_again(&self, stream: StreamId) -> Result<(), EngineError> {
        let commit = Commit { reannounce: vec![stream], ..Commit::default() };
        if let Committed::Done(durable) = self.0.context.ledger.commit(commit).await? {
            self.after_commit(durable, draft::HandOver::default());
        }
        Ok(())
    }
}
