//! What a service hands in: its aggregates, its messages, its calls. The runtime knows no business word.

mod inquiry;

use std::{any::Any, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use contracts::{Contract, MessageKind, envelope::Envelope};
use decider::Decider;
use fault::Class;
use ids::{OrderId, Pair, StreamId};
use ledger::{ClaimedEffect, Head, Ledger, NewEvent, StoredEvent, SubjectKey};
use node::Node;

pub use self::inquiry::{Ending, Inquired, Inquiry, InquiryFuture, inquiry_hours};

/// A stream to decide on: whose it is and which aggregate lives there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The stream.
    pub stream: StreamId,
    /// The pair.
    pub pair: Pair,
    /// The order served.
    pub order: OrderId,
    /// The aggregate kind: [`Aggregate::KIND`].
    pub kind: &'static str,
}

/// A message from the bus, opened.
#[derive(Debug, Clone)]
pub struct Inbound {
    /// Its envelope.
    pub envelope: Envelope,
    /// Its kind.
    pub kind: &'static MessageKind,
    /// The pair of its subject.
    pub pair: Pair,
    /// The encoded message.
    pub payload: Bytes,
}

impl Inbound {
    /// Decodes the body.
    ///
    /// # Errors
    /// When the bytes are not this message.
    pub fn decode<M: Contract>(&self) -> Result<M, Unreadable> {
        M::decode(self.payload.clone()).map_err(|error| Unreadable(format!("{}: {error}", self.kind.ce_type)))
    }
}

/// A message, stored event or outcome that cannot be read: a person must look.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// Why a stored event cannot be folded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Written by a later release: left for a binary that knows it.
    #[error("event `{kind}` of shape {shape} is newer than this binary")]
    Newer {
        /// The event's kind.
        kind: String,
        /// Its shape.
        shape: i16,
    },
    /// The bytes are not that event.
    #[error("stored event `{kind}` cannot be read: {why}")]
    Corrupt {
        /// The event's kind.
        kind: String,
        /// What the decoder said.
        why: String,
    },
}

/// What an inbound message means for this service.
pub enum Routed<C> {
    /// One command for one stream. On repetition a command is answered by publishing its stream's events again.
    Command {
        /// Where.
        place: Place,
        /// What.
        command: C,
        /// Wrapped keys that came with it.
        subject_keys: Vec<SubjectKey>,
    },
    /// Not meant for us: acknowledged and forgotten.
    Ignored,
}

/// Why a decision could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// The aggregate said no. An answer, not a failure.
    #[error("refused: {0}")]
    Rejected(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The stream cannot be folded.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The service does not know this kind of stream.
    #[error("no aggregate `{0}` in this service")]
    NoSuchKind(String),
}

/// What is known of a stream before a decision: a state already folded, if there is one, and the events after it.
pub struct Past<'a> {
    /// The folded state up to and without `events`.
    pub state: Option<Arc<dyn Any + Send + Sync>>,
    /// Events still to fold.
    pub events: &'a [StoredEvent],
}

/// What a decision came to.
pub struct Decided<C> {
    /// New events; empty when everything was asked before.
    pub events: Vec<NewEvent>,
    /// Wishes, each with the index of the event that caused it.
    pub wishes: Vec<(usize, Wish<C>)>,
    /// The state after the events.
    pub state: Arc<dyn Any + Send + Sync>,
}

/// Something to ask of the world because of an event.
pub enum Wish<C> {
    /// A command for another stream of this service, decided in the same database transaction.
    Tell {
        /// Where.
        place: Place,
        /// What.
        command: C,
    },
    /// A command for another service. Asked again on silence until [`Wish::Settle`] names it.
    Send {
        /// Unique in this stream: `screen`, `place`.
        name: &'static str,
        /// The message.
        message: Outgoing,
    },
    /// A call to an outside system.
    Call(Call),
    /// A timer.
    Timer {
        /// Unique in this stream and for all time: a second timer of the same purpose needs another name.
        name: String,
        /// The effect kind, told to [`Service::fired`].
        kind: &'static str,
        /// Any bytes to have back.
        request: Bytes,
        /// How long from now.
        after: Duration,
    },
    /// A question was answered or a timer is moot: by its name in this stream.
    Settle {
        /// The name.
        name: String,
    },
}

/// A call to an outside system: one effect row, one attempt.
#[derive(Debug, Clone)]
pub struct Call {
    /// The effect kind: `authorize`.
    pub kind: &'static str,
    /// Our unique name for this attempt: a merchant reference, or `<stream>/<kind>/<attempt>`.
    pub reference: String,
    /// The encoded request: everything needed to make the call, without secrets or plain personal data.
    pub request: Bytes,
}

/// How calls of one kind are made; known by kind alone, so that a row found after a crash is treated like a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Which outside system, by the name of its [`Lane`]: its concurrency limit applies.
    pub lane: &'static str,
    /// True when it moves money or writes a document: announced before it is sent, never repeated on silence.
    pub writes: bool,
}

/// A message to send.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Its kind.
    pub kind: &'static MessageKind,
    /// The encoded body.
    pub payload: Bytes,
}

impl Outgoing {
    /// Encodes a message.
    pub fn new<M: Contract>(message: &M) -> Self {
        Self { kind: M::KIND, payload: message.encode_to_vec().into() }
    }
}

/// What came of a call to an outside system.
#[derive(Debug)]
pub enum Called {
    /// An answer, good or bad, encoded by the service: kept as evidence, then told to [`Service::answered`].
    Answered(Bytes),
    /// No answer. `Transient`: again later. `Permanent`: told to the service as refused. `UnknownOutcome`: never repeated.
    Failed {
        /// Which failure.
        class: Class,
        /// In words, without secrets.
        why: String,
    },
}

/// A boxed future of a call.
pub type CallFuture<'a> = Pin<Box<dyn Future<Output = Called> + Send + 'a>>;

/// A lane to one outside system: how many calls at a time, and how long they may take.
#[derive(Debug, Clone)]
pub struct Lane {
    /// Its name, as in [`Profile::lane`].
    pub name: &'static str,
    /// Calls at a time.
    pub width: usize,
    /// The longest a call may take; a lease lasts this and 15 s.
    pub call_limit: Duration,
    /// After sending, how long a request could still take effect.
    pub quiet: Duration,
    /// How far behind the outside's own search may be: not finding something proves nothing before it has caught up.
    pub search_lag: Duration,
    /// When it is asked what became of a call, counted from its sending; the last distance repeats.
    pub inquiries: Vec<Duration>,
    /// How long it is asked before a person is told. Asking goes on.
    pub ask_for: Duration,
}

/// Everything a running service can use.
#[derive(Clone)]
pub struct Context {
    /// The machine.
    pub node: Node,
    /// The ledger.
    pub ledger: Ledger,
}

/// One service: the only thing between the runtime and the business.
pub trait Service: Send + Sync + 'static {
    /// The commands of all its aggregates.
    type Command: Clone + Send + Sync + 'static;

    /// `payment-svc`.
    fn name(&self) -> &'static str;

    /// Kinds of messages it listens to.
    fn listens_to(&self) -> &'static [&'static MessageKind];

    /// The aggregate kinds that live in its ledger, the order's main one first.
    fn stream_kinds(&self) -> &'static [&'static str];

    /// Its lanes to outside systems.
    fn lanes(&self) -> Vec<Lane>;

    /// Kinds of effects it can execute: calls, and timers (`timer.…`). Others are left for a newer binary.
    fn effect_kinds(&self) -> &'static [&'static str];

    /// How calls of a kind are made; `None` for a kind it does not know.
    fn profile(&self, kind: &str) -> Option<Profile>;

    /// True for a kind of call that takes back what another has done.
    fn undoes(&self, _kind: &str) -> bool {
        false
    }

    /// Who must make the writing calls of a pair (a SYSPRO operator), when that matters: stands on the effect row.
    fn operator(&self, _pair: &Pair) -> Option<String> {
        None
    }

    /// True when other replicas wait for changes of its streams and want a hint after each commit.
    fn wants_hints(&self) -> bool {
        false
    }

    /// What a message means.
    ///
    /// # Errors
    /// When its body cannot be read or breaks the contract.
    fn inbound(&self, message: &Inbound) -> Result<Routed<Self::Command>, Unreadable>;

    /// Decides: usually one `match` over the aggregates that calls [`decide_in`].
    ///
    /// # Errors
    /// See [`DecideError`].
    fn decide(
        &self,
        place: &Place,
        past: Past<'_>,
        command: Self::Command,
        now: DateTime<Utc>,
    ) -> Result<Decided<Self::Command>, DecideError>;

    /// The public message of a public event. Frozen by golden bytes: the same event gives the same message for ever.
    ///
    /// # Errors
    /// When the stored event cannot be read.
    fn publish(&self, place: &Place, event: &StoredEvent) -> Result<Outgoing, CodecError>;

    /// Makes one call to an outside system.
    fn call<'a>(&'a self, context: &'a Context, effect: &'a ClaimedEffect) -> CallFuture<'a>;

    /// Asks the outside what became of a write whose outcome nobody knows. Reads only; may be asked any number of times.
    fn inquire<'a>(
        &'a self,
        _context: &'a Context,
        effect: &'a ClaimedEffect,
        _inquiry: &'a Inquiry,
    ) -> InquiryFuture<'a> {
        Box::pin(async move { Inquired::Unclear(format!("no inquiry for `{}`", effect.kind)) })
    }

    /// Turns the end of a call into a command for the stream that wished it.
    ///
    /// # Errors
    /// When the stored answer cannot be read.
    fn answered(&self, effect: &ClaimedEffect, ending: Ending) -> Result<(Place, Self::Command), Unreadable>;

    /// Turns a due timer into a command.
    ///
    /// # Errors
    /// When its bytes cannot be read.
    fn fired(&self, effect: &ClaimedEffect) -> Result<(Place, Self::Command), Unreadable>;

    /// Where an order number may lead, as natural keys `(pair, kind, key)`: only the service that takes orders in knows.
    fn order_keys(&self, _number: &str, _shop: &str) -> Vec<(Pair, String, String)> {
        Vec::new()
    }

    /// Words for people about one stored event, without personal data: one line.
    fn describe(&self, place: &Place, event: &StoredEvent) -> String;

    /// One line about an order for a table, from the events of one of its streams.
    fn summarize(&self, place: &Place, events: &[StoredEvent], summary: &mut contracts::query::v1::OrderSummary);
}

/// An aggregate as the runtime sees it: a decider that can be stored and whose effects can be wished.
pub trait Aggregate: Decider {
    /// Its kind, as stored on the stream.
    const KIND: &'static str;
    /// The command union of its service.
    type Union;

    /// An event as stored: (kind, shape, body, public).
    fn encode(event: &Self::Event) -> (&'static str, i16, Bytes, bool);

    /// A stored event.
    ///
    /// # Errors
    /// See [`CodecError`].
    fn decode(kind: &str, shape: i16, body: &[u8]) -> Result<Self::Event, CodecError>;

    /// An effect as a wish (for the order and pair of `place`).
    fn wish(place: &Place, state: &Self::State, effect: Self::Effect) -> Wish<Self::Union>;
}

/// Folds, decides, evolves and reacts on one aggregate.
///
/// # Errors
/// See [`DecideError`].
pub fn decide_in<A: Aggregate>(
    place: &Place,
    past: Past<'_>,
    command: A::Command,
    now: DateTime<Utc>,
) -> Result<Decided<A::Union>, DecideError> {
    let mut state = match past.state.as_ref().and_then(|state| state.downcast_ref::<A::State>()) {
        Some(state) => state.clone(),
        None => A::State::default(),
    };
    for event in past.events {
        state = A::evolve(state, &A::decode(&event.kind, event.shape, &event.body)?);
    }
    let events = A::decide(&state, command).map_err(|rejection| DecideError::Rejected(Box::new(rejection)))?;
    let mut decided = Decided { events: Vec::with_capacity(events.len()), wishes: Vec::new(), state: Arc::new(()) };
    for (index, event) in events.iter().enumerate() {
        state = A::evolve(state, event);
        let (kind, shape, body, is_public) = A::encode(event);
        decided.events.push(NewEvent { kind: kind.to_owned(), shape, at: now, meta: Bytes::new(), body, is_public });
        decided
            .wishes
            .extend(A::react(&state, event).into_iter().map(|effect| (index, A::wish(place, &state, effect))));
    }
    decided.state = Arc::new(state);
    Ok(decided)
}

/// The end of a stream and its folded state, kept between decisions.
#[derive(Clone)]
pub struct Folded {
    /// The end.
    pub head: Head,
    /// The state.
    pub state: Arc<dyn Any + Send + Sync>,
}
