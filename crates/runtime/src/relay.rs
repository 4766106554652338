//! Outbox → bus, in order per stream, until acknowledged.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use bus::{OutMessage, Receipt};
use bytes::Bytes;
use contracts::{
    envelope::{self, Envelope},
    kinds,
    ledger::v1 as stored,
    personal, subjects,
};
use fault::{Class, Classify};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use ids::{OrderId, StreamId};
use ledger::{DeadLetter, OutboxItem, RowId};
use prost::Message as _;
use tokio::{sync::mpsc, time::Instant};

use crate::{
    engine::Engine,
    quiet::Quiet,
    service::{CodecError, Place, Service},
};

/// Messages under way at a time.
const IN_FLIGHT_MAX: usize = 128;
/// Messages that wait in memory for their turn; beyond it they stay in the ledger.
const QUEUED_MAX: usize = 8192;
/// Rows taken from the ledger per look.
const CLAIMED_MAX: i64 = 256;
/// Acknowledged rows are forgotten in groups of this size, or when this long passed.
const FORGET_GROUP: usize = 64;
/// See [`FORGET_GROUP`].
const FORGET_AFTER: Duration = Duration::from_millis(20);
/// A row that this binary cannot send is left this long for one that can.
const LEFT_FOR: Duration = Duration::from_secs(30);
/// Delays after a failed publish; the last repeats. The same id goes out each time.
const AGAIN_MS: [u64; 6] = [200, 500, 1000, 2000, 5000, 10_000];

/// The class of a message that can never be sent, among the dead letters.
const UNSENDABLE: &str = "unsendable";

/// The identity of a message in the relay: asked again is another message.
type Key = (RowId, i32);

/// What the relay last knew of the broker, for the loss detector.
#[derive(Default)]
pub(crate) struct Acknowledged(Mutex<BTreeMap<String, (u64, String)>>);

impl Acknowledged {
    fn note(&self, receipt: Receipt, broker_id: String) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = seen.entry(receipt.bus_stream).or_default();
        if receipt.seq > entry.0 {
            *entry = (receipt.seq, broker_id);
        }
    }

    /// The highest sequence that was acknowledged to this process, and its message id.
    pub(crate) fn newest(&self, bus_stream: &str) -> Option<(u64, String)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(bus_stream).cloned()
    }

    /// What a stream that is gone acknowledged says nothing about the one in its place.
    pub(crate) fn forget(&self, bus_stream: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(bus_stream);
    }
}

enum Sent {
    /// The broker has it, or it lies among the dead letters: its row is forgotten.
    Settled,
    /// Its row stays, and nothing of its stream may pass it.
    Left,
}

type Flight = Pin<Box<dyn Future<Output = (Key, StreamId, Sent)> + Send>>;

struct Queues {
    by_stream: BTreeMap<StreamId, VecDeque<OutboxItem>>,
    known: BTreeSet<Key>,
    busy: BTreeSet<StreamId>,
    ready: VecDeque<StreamId>,
    /// Streams with a row that this binary cannot send, and until when it does not try again.
    left: BTreeMap<StreamId, Instant>,
}

impl Queues {
    fn take_in(&mut self, item: OutboxItem) {
        let key = (item.row.id, item.row.asked);
        match self.left.get(&item.row.id.stream) {
            Some(until) if *until > Instant::now() => return,
            Some(_) => drop(self.left.remove(&item.row.id.stream)),
            None => {}
        }
        if self.known.len() >= QUEUED_MAX || !self.known.insert(key) {
            return;
        }
        let stream = item.row.id.stream;
        let queue = self.by_stream.entry(stream).or_default();
        // Recovery may bring an older message after a newer one: the older goes first.
        let at = queue.partition_point(|other| (other.row.id, other.row.asked) < key);
        queue.insert(at, item);
        if !self.busy.contains(&stream) && queue.len() == 1 {
            self.ready.push_back(stream);
        }
    }

    fn next(&mut self) -> Option<OutboxItem> {
        while let Some(stream) = self.ready.pop_front() {
            let Some(item) = self.by_stream.get_mut(&stream).and_then(VecDeque::pop_front) else { continue };
            self.busy.insert(stream);
            return Some(item);
        }
        None
    }

    /// Lets go of a stream that cannot go on: its rows stay in the ledger, in their order.
    fn leave(&mut self, stream: StreamId) {
        for item in self.by_stream.remove(&stream).into_iter().flatten() {
            self.known.remove(&(item.row.id, item.row.asked));
        }
        let now = Instant::now();
        self.left.retain(|_, until| *until > now);
        self.left.insert(stream, now + LEFT_FOR);
    }

    fn landed(&mut self, key: Key, stream: StreamId) {
        self.known.remove(&key);
        self.busy.remove(&stream);
        match self.by_stream.get(&stream) {
            Some(queue) if !queue.is_empty() => self.ready.push_back(stream),
            _ => {
                self.by_stream.remove(&stream);
            }
        }
    }
}

/// Publishes what was handed over and what others left behind, for as long as the node lives.
pub(crate) async fn relay<S: Service>(
    engine: Engine<S>,
    mut handed: mpsc::Receiver<OutboxItem>,
    acknowledged: Arc<Acknowledged>,
) {
    let mut queues = Queues {
        by_stream: BTreeMap::new(),
        known: BTreeSet::new(),
        busy: BTreeSet::new(),
        ready: VecDeque::new(),
        left: BTreeMap::new(),
    };
    let mut flights: FuturesUnordered<Flight> = FuturesUnordered::new();
    let mut forget: Vec<Key> = Vec::new();
    // Set by the first of a group: a steady trickle must not put it off until others think that the rows were left behind.
    let mut forget_at = Instant::now();
    let mut quiet = Quiet::default();
    let mut look = tokio::time::interval(engine.0.settings.poll_every);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        while flights.len() < IN_FLIGHT_MAX {
            let Some(item) = queues.next() else { break };
            flights.push(Box::pin(send(engine.clone(), item, acknowledged.clone())));
        }
        if forget.len() >= FORGET_GROUP {
            forget_rows(&engine, &mut forget).await;
        }
        tokio::select! {
            biased;
            Some((key, stream, sent)) = flights.next(), if !flights.is_empty() => {
                queues.landed(key, stream);
                match sent {
                    Sent::Settled => {
                        if forget.is_empty() {
                            forget_at = Instant::now() + FORGET_AFTER;
                        }
                        forget.push(key);
                    }
                    Sent::Left => queues.leave(stream),
                }
            }
            item = handed.recv() => match item {
                Some(item) => queues.take_in(item),
                None => return,
            },
            () = tokio::time::sleep_until(forget_at), if !forget.is_empty() => forget_rows(&engine, &mut forget).await,
            _ = look.tick() => {
                if quiet.is_due(engine.commits()) && recover(&engine, &mut queues).await {
                    quiet.found();
                }
            }
        }
    }
}

async fn forget_rows<S: Service>(engine: &Engine<S>, rows: &mut Vec<Key>) {
    engine.0.context.node.at("relay.after_ack").await;
    if let Err(error) = engine.0.context.ledger.forget_outbox(rows).await {
        // They are published again after a second, which costs duplicates.
        tracing::warn!(%error, "acknowledged rows could not be forgotten");
    }
    rows.clear();
    engine.0.context.node.at("relay.after_mark").await;
}

/// Takes what others left behind; true when there was something.
async fn recover<S: Service>(engine: &Engine<S>, queues: &mut Queues) -> bool {
    let mut found = false;
    loop {
        match engine.0.context.ledger.claim_outbox(engine.0.settings.outbox_stale_after, CLAIMED_MAX).await {
            Ok(items) => {
                let full = items.len() == usize::try_from(CLAIMED_MAX).unwrap_or(usize::MAX);
                if !items.is_empty() {
                    found = true;
                    engine.0.context.node.at("relay.after_claim").await;
                }
                for item in items {
                    queues.take_in(item);
                }
                if !full || queues.known.len() >= QUEUED_MAX {
                    return found;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the outbox could not be read");
                return true;
            }
        }
    }
}

async fn send<S: Service>(
    engine: Engine<S>,
    item: OutboxItem,
    acknowledged: Arc<Acknowledged>,
) -> (Key, StreamId, Sent) {
    let (key, stream) = ((item.row.id, item.row.asked), item.row.id.stream);
    let mut failures = 0;
    loop {
        let delay = match message(&engine, &item).await {
            Ok(message) => {
                let broker_id = message.broker_id.clone();
                match engine.0.bus.publish(message).await {
                    Ok(receipt) => {
                        engine.0.context.node.at("relay.after_publish").await;
                        acknowledged.note(receipt, broker_id);
                        engine.0.published.fetch_add(1, Ordering::Relaxed);
                        return (key, stream, Sent::Settled);
                    }
                    Err(error) if error.class() == Class::Permanent => {
                        return (key, stream, give_up(&engine, &item, &error.to_string()).await);
                    }
                    Err(error) => {
                        tracing::debug!(%error, failures, "publish failed: same id again");
                        Duration::from_millis(AGAIN_MS[failures.min(AGAIN_MS.len() - 1)])
                    }
                }
            }
            // A newer event is left in the outbox for a binary that can read it.
            Err(Unsendable::Newer) => return (key, stream, Sent::Left),
            Err(Unsendable::Corrupt(why)) => return (key, stream, give_up(&engine, &item, &why).await),
            Err(Unsendable::NotNow(why)) => {
                tracing::debug!(why, "message not ready");
                Duration::from_millis(AGAIN_MS[failures.min(AGAIN_MS.len() - 1)])
            }
        };
        failures += 1;
        metrics::counter!("quittance_publish_failures_total").increment(1);
        tokio::time::sleep(fault::jittered(delay, engine.0.context.node.random())).await;
    }
}

/// A message that can never be sent becomes a dead letter, and its stream takes nothing new until a person has looked; what
/// was committed behind it still goes out. Its row goes only when both are stored: it would be found again every second.
async fn give_up<S: Service>(engine: &Engine<S>, item: &OutboxItem, why: &str) -> Sent {
    let RowId { stream, version, ordinal } = item.row.id;
    tracing::error!(%stream, version, subject = item.row.subject, why, "message cannot be sent: stream parked");
    metrics::counter!("quittance_dead_letters_total", "class" => UNSENDABLE).increment(1);
    let letter = DeadLetter {
        id: engine.0.context.node.new_id(),
        pair: Some(item.row.pair.clone()),
        origin: "outbox".to_owned(),
        message_id: format!("{stream}/{version}/{ordinal}/{}", item.row.asked),
        why: why.to_owned(),
        class: UNSENDABLE.to_owned(),
        // A command has no other home; an event stays where it is.
        body: item.row.body.clone().unwrap_or_default(),
        failures: 1,
        stream: Some(stream),
    };
    let ledger = &engine.0.context.ledger;
    let stored = match ledger.park(stream, why).await {
        Ok(()) => ledger.bury(letter).await.map(|_| ()),
        Err(error) => Err(error),
    };
    match stored {
        Ok(()) => Sent::Settled,
        Err(error) => {
            tracing::error!(%error, "the dead letter could not be stored");
            Sent::Left
        }
    }
}

enum Unsendable {
    Newer,
    Corrupt(String),
    NotNow(String),
}

/// The message of a row: derived from its event, or the stored command with the person's key put on.
async fn message<S: Service>(engine: &Engine<S>, item: &OutboxItem) -> Result<OutMessage, Unsendable> {
    let meta = stored::Meta::decode(item.event.meta.clone()).map_err(|error| Unsendable::Corrupt(error.to_string()))?;
    let id = item.row.id;
    let (kind, payload, ce_id, broker_id, order, n) = match &item.row.body {
        None => {
            let order: OrderId = meta
                .order_id
                .parse()
                .map_err(|_| Unsendable::Corrupt("no order id in the event's metadata".to_owned()))?;
            let Some(stream_kind) = engine.0.service.stream_kinds().iter().find(|kind| **kind == item.stream_kind)
            else {
                return Err(Unsendable::Newer);
            };
            let place = Place { stream: id.stream, pair: item.row.pair.clone(), order, kind: stream_kind };
            let outgoing = engine.0.service.publish(&place, &item.event).map_err(|error| match error {
                CodecError::Newer { .. } => Unsendable::Newer,
                CodecError::Corrupt { .. } => Unsendable::Corrupt(error.to_string()),
            })?;
            let ce_id = envelope::event_id(id.stream, id.version, &item.event.hash);
            (outgoing.kind, outgoing.payload, ce_id.clone(), ce_id, order, item.event.n.unwrap_or(0))
        }
        Some(body) => {
            let command =
                stored::StoredCommand::decode(body.clone()).map_err(|error| Unsendable::Corrupt(error.to_string()))?;
            let order: OrderId =
                command.order_id.parse().map_err(|_| Unsendable::Corrupt("no order id in the command".to_owned()))?;
            let Some(kind) = kinds::by_type(&command.ce_type) else { return Err(Unsendable::Newer) };
            let ce_id = envelope::command_id(id.stream, id.version, id.ordinal, &item.event.hash);
            let payload = keyed(engine, kind, command.payload).await?;
            (kind, payload, ce_id.clone(), format!("{ce_id}/{}", item.row.asked), order, 0)
        }
    };
    let envelope = Envelope {
        id: ce_id,
        ce_type: kind.ce_type.to_owned(),
        source: Envelope::source(&item.row.pair, engine.0.service.name()),
        order,
        time: item.event.at,
        stream: id.stream,
        n,
        shape: kind.shape,
        traceparent: Some(meta.traceparent).filter(|trace| !trace.is_empty()),
    };
    Ok(OutMessage {
        subject: subjects::subject(&item.row.pair, kind),
        broker_id,
        headers: envelope.headers(kind),
        payload,
    })
}

/// A command about a person travels with the person's wrapped key; stored it never has it.
async fn keyed<S: Service>(
    engine: &Engine<S>,
    kind: &contracts::MessageKind,
    payload: Bytes,
) -> Result<Bytes, Unsendable> {
    let Some(subject) = personal::subject(kind, &payload) else { return Ok(payload) };
    match engine.0.context.ledger.subject_key(subject).await {
        Ok(Some(key)) => Ok(personal::with_key(kind, payload, &key.wrapped)),
        // Erased: the receiver can do without, or says so.
        Ok(None) => Ok(payload),
        Err(error) => Err(Unsendable::NotNow(error.to_string())),
    }
}
