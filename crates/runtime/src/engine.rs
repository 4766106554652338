//! One piece of work from command to commit: load, fold, decide, react, one database transaction, then hand over.

mod cache;
mod draft;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
    time::Duration,
};

use bus::Bus;
use bytes::Bytes;
use ids::StreamId;
use ledger::{Commit, Committed, Durable, Finish, InboxRow, KeyClaim, LedgerError, SubjectKey};
use tokio::sync::{broadcast, mpsc};

use self::{cache::Cache, draft::Draft};
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
/// Streams that share one gate at most this many ways; see [`Inner::gates`].
const GATES: usize = 64;
/// Changes that a slow watcher may miss before it reads the ledger anyway.
const CHANGES_KEPT: usize = 1024;

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
    cache: Mutex<Cache>,
    /// Work on one order goes one at a time inside a process, so that replicas conflict but tasks do not.
    gates: Vec<tokio::sync::Mutex<()>>,
    changes: broadcast::Sender<StreamId>,
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
        relay: mpsc::Sender<ledger::OutboxItem>,
        calls: mpsc::UnboundedSender<Handed>,
    ) -> Self {
        let incarnation = format!("{}/{}", context.node.name(), context.node.new_nonce());
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
            cache: Mutex::new(Cache::new(CACHED_STREAMS_MAX)),
            gates: (0..GATES).map(|_| tokio::sync::Mutex::new(())).collect(),
            changes: broadcast::channel(CHANGES_KEPT).0,
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
        self.0.published.load(std::sync::atomic::Ordering::Relaxed)
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

    /// Watches one stream from now on. Subscribe first, read the ledger then, wait last.
    pub fn watch(&self, stream: StreamId) -> Watch {
        Watch { stream, changes: self.0.changes.subscribe() }
    }

    /// Tells watchers in this process that a stream changed somewhere.
    pub(crate) fn tell_change(&self, stream: StreamId) {
        // Nobody watching is fine.
        let _ = self.0.changes.send(stream);
    }

    /// Decides and commits one piece of work, as often as it takes.
    pub(crate) async fn work(&self, work: Work<S::Command>) -> Result<Verdict, EngineError> {
        let gate = usize::from(work.place.stream.0.as_bytes()[5]) % GATES;
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
        for (stream, _) in &durable.heads {
            self.tell_change(*stream);
            if self.0.service.wants_hints() {
                self.hint(*stream);
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

    /// A hint may be lost, so nobody waits for it.
    fn hint(&self, stream: StreamId) {
        let engine = self.clone();
        self.0.context.node.spawn(async move {
            let subject = contracts::subjects::hint(engine.0.service.name());
            let payload = Bytes::copy_from_slice(stream.0.as_bytes());
            if let Err(error) = engine.0.bus.hint(&subject, payload).await {
                tracing::debug!(%error, "hint not sent");
            }
        });
    }

    pub(crate) async fn announce_again(&self, stream: StreamId) -> Result<(), EngineError> {
        let commit = Commit { reannounce: vec![stream], ..Commit::default() };
        if let Committed::Done(durable) = self.0.context.ledger.commit(commit).await? {
            self.after_commit(durable, draft::HandOver::default());
        }
        Ok(())
    }
}

/// Waits for changes of one stream.
pub struct Watch {
    stream: StreamId,
    changes: broadcast::Receiver<StreamId>,
}

impl Watch {
    /// Returns when something was committed on the stream since the last call (or since it was made), or `limit` passed.
    /// May return early; the caller reads the ledger anyway. False when the limit passed.
    pub async fn changed(&mut self, limit: Duration) -> bool {
        let wait = async {
            loop {
                match self.changes.recv().await {
                    Ok(stream) if stream == self.stream => return,
                    Ok(_) => {}
                    // Missed some: perhaps ours.
                    Err(broadcast::error::RecvError::Lagged(_)) => return,
                    Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        tokio::time::timeout(limit, wait).await.is_ok()
    }
}
