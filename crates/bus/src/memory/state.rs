//! What the twin remembers, as plain values. Nothing here waits; times are microseconds since the broker's birth.

use std::{
    collections::{BTreeMap, VecDeque},
    hash::{Hash, Hasher},
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::{sync::mpsc, time::Instant};

use crate::{
    MESSAGE_ID_HEADER,
    error::BusError,
    memory::BusFaults,
    subject::{matches, overlap},
    topology::{
        Consumer, Discard, Retention, StreamSpec, Topology, consumer_differences, merged_consumer, merged_stream,
        stream_differences,
    },
    types::{InMessage, OutMessage, Receipt, StreamMark},
};

/// What the broker adds to each stored message.
const FRAME_BYTES: usize = 22;

/// Microseconds since the broker's birth.
pub(super) type Micros = u64;

/// Names one incarnation of one consumer, so that an old acknowledgement cannot hit a new one.
pub(super) type Incarnation = u64;

pub(super) struct State {
    pub(super) faults: BusFaults,
    pub(super) is_up: bool,
    pub(super) streams: BTreeMap<String, StreamState>,
    pub(super) hints: Vec<HintSubscription>,
    random: StdRng,
    born: Instant,
    last_created: DateTime<Utc>,
    incarnations: Incarnation,
}

pub(super) struct HintSubscription {
    pub(super) pattern: String,
    pub(super) to: mpsc::Sender<(String, Bytes)>,
}

pub(super) struct StreamState {
    spec: StreamSpec,
    created: DateTime<Utc>,
    last_seq: u64,
    bytes: usize,
    messages: BTreeMap<u64, Stored>,
    /// Message id → sequence and when it was stored.
    ids: BTreeMap<String, (u64, Micros)>,
    ids_by_age: VecDeque<(Micros, String)>,
    consumers: BTreeMap<String, ConsumerState>,
}

#[derive(Clone, Hash)]
struct Stored {
    message: InMessageParts,
    id: String,
    at: Micros,
}

#[derive(Clone, Hash)]
struct InMessageParts {
    subject: String,
    headers: BTreeMap<String, String>,
    payload: Bytes,
}

struct ConsumerState {
    spec: Consumer,
    incarnation: Incarnation,
    /// The next sequence to look at.
    cursor: u64,
    pending: BTreeMap<u64, Pending>,
    /// Copies that a fault delivers once more.
    doubled: VecDeque<(u64, Stored, u64)>,
}

#[derive(Hash)]
struct Pending {
    due: Micros,
    delivered: u64,
}

/// What a reader gets when it asks.
pub(super) enum Taken {
    Message(InMessage, Incarnation),
    /// Nothing now; perhaps at this time.
    Nothing(Option<Micros>),
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            faults: BusFaults::default(),
            is_up: true,
            streams: BTreeMap::new(),
            hints: Vec::new(),
            random: StdRng::seed_from_u64(seed),
            born: Instant::now(),
            last_created: DateTime::UNIX_EPOCH,
            incarnations: 0,
        }
    }

    fn now(&self) -> Micros {
        micros(self.born.elapsed())
    }

    pub(super) fn instant(&self, at: Micros) -> Instant {
        self.born + Duration::from_micros(at)
    }

    fn happens(&mut self, per_thousand: u32) -> bool {
        per_thousand > 0 && self.random.random_range(0..1000) < per_thousand
    }

    pub(super) fn delay(&mut self) -> Duration {
        match self.faults.delay_ms_max {
            0 => Duration::ZERO,
            most => Duration::from_micros(self.random.random_range(0..=most * 1000)),
        }
    }

    pub(super) fn come_back(&mut self) {
        self.is_up = true;
        let now = self.now();
        for stream in self.streams.values_mut() {
            stream.remember_only_stored_ids(now);
        }
    }

    /// One publish with its accidents: the receipt and the delay on its way back, or `None` when the caller hears
    /// nothing, whether or not the message was stored.
    pub(super) fn publish_with_accidents(
        &mut self,
        message: OutMessage,
    ) -> Result<Option<(Receipt, Duration)>, BusError> {
        if !self.is_up {
            return Ok(None);
        }
        if self.happens(self.faults.publish_refused) {
            return Err(BusError::NoResponders);
        }
        let receipt = self.publish(message)?;
        let is_lost = self.happens(self.faults.publish_lost_ack);
        let back = self.delay();
        Ok((!is_lost).then_some((receipt, back)))
    }

    pub(super) fn loses_hint(&mut self) -> bool {
        self.happens(self.faults.drop_hint)
    }

    fn publish(&mut self, message: OutMessage) -> Result<Receipt, BusError> {
        let now = self.now();
        let stream = self
            .streams
            .values_mut()
            .find(|stream| stream.spec.subjects.iter().any(|pattern| matches(pattern, &message.subject)))
            .ok_or_else(|| BusError::NoStream { what: message.subject.clone() })?;
        stream.store(message, now)
    }

    pub(super) fn mark(&self, bus_stream: &str) -> Option<StreamMark> {
        self.streams.get(bus_stream).map(|stream| StreamMark { created: stream.created, last_seq: stream.last_seq })
    }

    pub(super) fn id_at(&mut self, bus_stream: &str, seq: u64) -> Result<Option<String>, BusError> {
        let now = self.now();
        let missing = || BusError::NoStream { what: bus_stream.to_owned() };
        let stream = self.streams.get_mut(bus_stream).ok_or_else(missing)?;
        stream.expire(now);
        Ok(stream.messages.get(&seq).map(|stored| stored.id.clone()))
    }

    /// Takes the next message of a consumer; `None` when the consumer does not exist.
    pub(super) fn take(&mut self, bus_stream: &str, consumer: &str) -> Option<Taken> {
        let now = self.now();
        let (reorder, duplicate) = (self.faults.reorder, self.faults.duplicate);
        let hold_back_ms = self.faults.delay_ms_max.max(10);
        let Self { streams, random, .. } = self;
        let stream = streams.get_mut(bus_stream)?;
        stream.expire(now);
        let StreamState { messages, consumers, .. } = stream;
        let consumer = consumers.get_mut(consumer)?;
        let mut happens = |per_thousand: u32| {
            (per_thousand > 0 && random.random_range(0..1000) < per_thousand)
                .then(|| random.random_range(1..=hold_back_ms) * 1000)
        };
        let (taken, is_first) = loop {
            if let Some(copy) = consumer.doubled.pop_front() {
                break (copy, false);
            }
            if let Some(again) = consumer.due(messages, now) {
                break (again, false);
            }
            let Some(seq) = consumer.advance(messages) else {
                return Some(Taken::Nothing(consumer.next_due()));
            };
            if let Some(long) = happens(reorder) {
                consumer.pending.insert(seq, Pending { due: now + long, delivered: 0 });
                continue;
            }
            let due = now + micros(consumer.spec.ack_wait);
            consumer.pending.insert(seq, Pending { due, delivered: 1 });
            break ((seq, messages[&seq].clone(), 1), true);
        };
        if is_first && happens(duplicate).is_some() {
            consumer.doubled.push_back(taken.clone());
        }
        let (seq, stored, delivered) = taken;
        let InMessageParts { subject, headers, payload } = stored.message;
        Some(Taken::Message(InMessage { subject, headers, payload, seq, delivered }, consumer.incarnation))
    }

    pub(super) fn ack(&mut self, bus_stream: &str, consumer: &str, incarnation: Incarnation, seq: u64) {
        let Some(stream) = self.streams.get_mut(bus_stream) else { return };
        let Some(found) = stream.consumers.get_mut(consumer).filter(|found| found.incarnation == incarnation) else {
            return;
        };
        let was_pending = found.pending.remove(&seq).is_some();
        if was_pending && stream.spec.retention == Retention::WorkQueue {
            stream.remove(seq);
        }
    }

    /// Sets when a pending message comes again.
    pub(super) fn postpone(
        &mut self,
        bus_stream: &str,
        consumer: &str,
        incarnation: Incarnation,
        seq: u64,
        delay: Option<Duration>,
    ) {
        let now = self.now();
        let found = self.streams.get_mut(bus_stream).and_then(|stream| stream.consumers.get_mut(consumer));
        let Some(found) = found.filter(|found| found.incarnation == incarnation) else { return };
        let wait = delay.unwrap_or(found.spec.ack_wait);
        if let Some(pending) = found.pending.get_mut(&seq) {
            pending.due = now + micros(wait);
        }
    }

    pub(super) fn apply(&mut self, topology: &Topology, now: DateTime<Utc>) -> Result<(), BusError> {
        for wanted in &topology.streams {
            match self.streams.get_mut(&wanted.name) {
                Some(found) if found.spec.retention != wanted.retention => {
                    return Err(BusError::Refused {
                        detail: format!("stream {} cannot change its retention", wanted.name),
                    });
                }
                Some(found) => found.spec = merged_stream(wanted, &found.spec),
                None => {
                    // No two incarnations of a stream are created at the same instant, even while time is paused.
                    let created = now.max(self.last_created + TimeDelta::microseconds(1));
                    self.last_created = created;
                    self.streams.insert(wanted.name.clone(), StreamState::new(wanted.clone(), created));
                }
            }
        }
        for wanted in &topology.consumers {
            self.incarnations += 1;
            let stream = self
                .streams
                .get_mut(&wanted.bus_stream)
                .ok_or_else(|| BusError::NoStream { what: wanted.bus_stream.clone() })?;
            stream.apply_consumer(wanted, self.incarnations)?;
        }
        Ok(())
    }

    pub(super) fn differences(&self, topology: &Topology) -> Vec<String> {
        let mut words = Vec::new();
        for wanted in &topology.streams {
            match self.streams.get(&wanted.name) {
                None => words.push(format!("stream {}: missing", wanted.name)),
                Some(found) => words.extend(stream_differences(wanted, &found.spec)),
            }
        }
        for wanted in &topology.consumers {
            let stream = self.streams.get(&wanted.bus_stream);
            match stream.and_then(|stream| stream.consumers.get(&wanted.name)) {
                None => words.push(format!("consumer {}: missing", wanted.name)),
                Some(found) => words.extend(consumer_differences(wanted, &found.spec)),
            }
        }
        words
    }
}

impl StreamState {
    fn new(spec: StreamSpec, created: DateTime<Utc>) -> Self {
        Self {
            spec,
            created,
            last_seq: 0,
            bytes: 0,
            messages: BTreeMap::new(),
            ids: BTreeMap::new(),
            ids_by_age: VecDeque::new(),
            consumers: BTreeMap::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    fn store(&mut self, message: OutMessage, now: Micros) -> Result<Receipt, BusError> {
        self.expire(now);
        let mut headers: BTreeMap<String, String> = message.headers.into_iter().collect();
        headers.insert(MESSAGE_ID_HEADER.to_owned(), message.broker_id.clone());
        let parts = InMessageParts { subject: message.subject, headers, payload: message.payload };
        let size = parts.size();
        if self.spec.max_message_bytes.is_some_and(|most| size > most as usize) {
            return Err(BusError::TooLarge { subject: parts.subject, bytes: size });
        }
        if let Some((seq, _)) = self.ids.get(&message.broker_id) {
            return Ok(Receipt { bus_stream: self.spec.name.clone(), seq: *seq, is_duplicate: true });
        }
        let most = self.spec.max_bytes.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
        while self.bytes + size + FRAME_BYTES > most {
            match (self.spec.discard, self.messages.keys().next().copied()) {
                (Discard::Old, Some(oldest)) => self.remove(oldest),
                _ => {
                    return Err(BusError::Full {
                        detail: format!("stream {} is at its maximum of bytes", self.spec.name),
                    });
                }
            }
        }
        self.last_seq += 1;
        self.bytes += size + FRAME_BYTES;
        self.remember(message.broker_id.clone(), self.last_seq, now);
        self.messages.insert(self.last_seq, Stored { message: parts, id: message.broker_id, at: now });
        Ok(Receipt { bus_stream: self.spec.name.clone(), seq: self.last_seq, is_duplicate: false })
    }

    fn apply_consumer(&mut self, wanted: &Consumer, incarnation: Incarnation) -> Result<(), BusError> {
        let clash = self.consumers.values().find(|other| {
            let pairs = other.spec.filters.iter().flat_map(|one| wanted.filters.iter().map(move |two| (one, two)));
            self.spec.retention == Retention::WorkQueue
                && other.spec.name != wanted.name
                && pairs.into_iter().any(|(one, two)| overlap(one, two))
        });
        if let Some(other) = clash {
            let detail = format!("consumers {} and {} of a work queue overlap", other.spec.name, wanted.name);
            return Err(BusError::Refused { detail });
        }
        match self.consumers.get_mut(&wanted.name) {
            Some(found) => found.spec = merged_consumer(wanted, &found.spec),
            None => {
                let fresh = ConsumerState {
                    spec: wanted.clone(),
                    incarnation,
                    cursor: 1,
                    pending: BTreeMap::new(),
                    doubled: VecDeque::new(),
                };
                self.consumers.insert(wanted.name.clone(), fresh);
            }
        }
        Ok(())
    }

    fn remember(&mut self, id: String, seq: u64, at: Micros) {
        self.ids_by_age.push_back((at, id.clone()));
        self.ids.insert(id, (seq, at));
    }

    /// Ids are read back from what is stored: a work queue has forgotten those that were consumed.
    fn remember_only_stored_ids(&mut self, now: Micros) {
        self.ids.clear();
        self.ids_by_age.clear();
        let stored: Vec<_> = self.messages.iter().map(|(seq, stored)| (stored.id.clone(), *seq, stored.at)).collect();
        for (id, seq, at) in stored {
            self.remember(id, seq, at);
        }
        self.expire(now);
    }

    fn expire(&mut self, now: Micros) {
        let window = micros(self.spec.duplicate_window);
        while let Some((_, id)) = self.ids_by_age.pop_front_if(|(at, _)| *at + window < now) {
            self.ids.remove(&id);
        }
        let Some(age) = self.spec.max_age.map(micros) else { return };
        while let Some(seq) = self.messages.iter().next().filter(|(_, old)| old.at + age < now).map(|(seq, _)| *seq) {
            self.remove(seq);
        }
    }

    fn remove(&mut self, seq: u64) {
        if let Some(stored) = self.messages.remove(&seq) {
            self.bytes -= stored.message.size() + FRAME_BYTES;
        }
        for consumer in self.consumers.values_mut() {
            consumer.pending.remove(&seq);
        }
    }

    pub(super) fn roll_back(&mut self, count: u64) {
        self.last_seq = self.last_seq.saturating_sub(count);
        for seq in self.messages.range(self.last_seq + 1..).map(|(seq, _)| *seq).collect::<Vec<_>>() {
            self.remove(seq);
        }
        let last_seq = self.last_seq;
        for consumer in self.consumers.values_mut() {
            // A consumer that stood beyond the end is set back by the broker when it starts.
            consumer.cursor = consumer.cursor.min(last_seq + 1);
            consumer.pending.retain(|seq, _| *seq <= last_seq);
            consumer.doubled.retain(|(seq, ..)| *seq <= last_seq);
        }
    }
}

impl ConsumerState {
    /// The lowest message whose answer is overdue.
    fn due(&mut self, messages: &BTreeMap<u64, Stored>, now: Micros) -> Option<(u64, Stored, u64)> {
        let (seq, pending) = self.pending.iter_mut().find(|(_, pending)| pending.due <= now)?;
        pending.due = now + micros(self.spec.ack_wait);
        pending.delivered += 1;
        messages.get(seq).map(|stored| (*seq, stored.clone(), pending.delivered))
    }

    /// The next message not looked at yet, unless too many wait for an answer.
    fn advance(&mut self, messages: &BTreeMap<u64, Stored>) -> Option<u64> {
        if self.pending.len() >= self.spec.max_ack_pending as usize {
            return None;
        }
        let next = messages.range(self.cursor..).find(|(_, stored)| self.spec.takes(&stored.message.subject));
        let seq = next.map(|(seq, _)| *seq)?;
        self.cursor = seq + 1;
        Some(seq)
    }

    fn next_due(&self) -> Option<Micros> {
        self.pending.values().map(|pending| pending.due).min()
    }
}

impl InMessageParts {
    fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        self.subject.len() + headers + self.payload.len()
    }
}

impl Hash for StreamState {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (&self.spec, self.created, self.last_seq, &self.messages, &self.ids).hash(hasher);
        for (name, consumer) in &self.consumers {
            (name, &consumer.spec, consumer.cursor, &consumer.pending).hash(hasher);
        }
    }
}

fn micros(long: Duration) -> Micros {
    u64::try_from(long.as_micros()).unwrap_or(u64::MAX / 4)
}
