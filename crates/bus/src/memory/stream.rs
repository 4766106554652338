//! One stream of the twin with its consumers, as plain values. Nothing here waits and nothing here is random.

use std::{
    collections::{BTreeMap, VecDeque},
    hash::{Hash, Hasher},
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, Utc};

use crate::{
    MESSAGE_ID_HEADER,
    error::BusError,
    memory::state::{Delivered, Dice},
    subject::{matches, overlap},
    topology::{
        Consumer, Discard, Retention, StreamSpec, consumer_differences, merged_consumer, merged_stream,
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

impl StreamState {
    pub(super) fn new(spec: StreamSpec, created: DateTime<Utc>) -> Self {
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

    pub(super) fn takes(&self, subject: &str) -> bool {
        self.spec.subjects.iter().any(|pattern| matches(pattern, subject))
    }

    pub(super) fn mark(&self) -> StreamMark {
        StreamMark { created: self.created, last_seq: self.last_seq }
    }

    pub(super) fn id_at(&mut self, seq: u64, now: Micros) -> Option<String> {
        self.expire(now);
        self.messages.get(&seq).map(|stored| stored.id.clone())
    }

    pub(super) fn store(&mut self, message: OutMessage, now: Micros) -> Result<Receipt, BusError> {
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

    /// The next message of a consumer; `None` when there is no such consumer.
    pub(super) fn take(&mut self, consumer: &str, now: Micros, dice: &mut Dice) -> Option<Taken> {
        self.expire(now);
        let Self { messages, consumers, last_seq, .. } = self;
        let consumer = consumers.get_mut(consumer)?;
        let again = consumer.doubled.pop_front().or_else(|| consumer.due(messages, now));
        let taken = match again {
            Some(again) => again,
            None => loop {
                let Some((seq, stored)) = consumer.advance(messages, *last_seq) else {
                    return Some(Taken::Nothing(consumer.next_due()));
                };
                if let Some(long) = dice.holds_back() {
                    consumer.pending.insert(seq, Pending { due: now + long, delivered: 0 });
                    continue;
                }
                let due = now + micros(consumer.spec.ack_wait);
                consumer.pending.insert(seq, Pending { due, delivered: 1 });
                if dice.doubles() {
                    consumer.doubled.push_back((seq, stored.clone(), 1));
                }
                break (seq, stored, 1);
            },
        };
        let (seq, Stored { message, .. }, delivered) = taken;
        let InMessageParts { subject, headers, payload } = message;
        Some(Taken::Message(InMessage { subject, headers, payload, seq, delivered }, consumer.incarnation))
    }

    pub(super) fn ack(&mut self, of: &Delivered) {
        let was_pending = self.same_consumer(of).is_some_and(|consumer| consumer.pending.remove(&of.seq).is_some());
        if was_pending && self.spec.retention == Retention::WorkQueue {
            self.remove(of.seq);
        }
    }

    pub(super) fn postpone(&mut self, of: &Delivered, delay: Option<Duration>, now: Micros) {
        let Some(consumer) = self.same_consumer(of) else { return };
        let wait = delay.unwrap_or(consumer.spec.ack_wait);
        if let Some(pending) = consumer.pending.get_mut(&of.seq) {
            pending.due = now + micros(wait);
        }
    }

    fn same_consumer(&mut self, of: &Delivered) -> Option<&mut ConsumerState> {
        self.consumers.get_mut(&of.consumer).filter(|consumer| consumer.incarnation == of.incarnation)
    }

    pub(super) fn apply(&mut self, wanted: &StreamSpec) -> Result<(), BusError> {
        if self.spec.retention != wanted.retention {
            return Err(BusError::Refused { detail: format!("stream {} cannot change its retention", wanted.name) });
        }
        self.spec = merged_stream(wanted, &self.spec);
        Ok(())
    }

    pub(super) fn differences(&self, wanted: &StreamSpec) -> Vec<String> {
        stream_differences(wanted, &self.spec)
    }

    /// `None` when there is no such consumer.
    pub(super) fn consumer_differences(&self, wanted: &Consumer) -> Option<Vec<String>> {
        self.consumers.get(&wanted.name).map(|found| consumer_differences(wanted, &found.spec))
    }

    pub(super) fn apply_consumer(&mut self, wanted: &Consumer, incarnation: Incarnation) -> Result<(), BusError> {
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
    pub(super) fn remember_only_stored_ids(&mut self, now: Micros) {
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
    fn advance(&mut self, messages: &BTreeMap<u64, Stored>, last_seq: u64) -> Option<(u64, Stored)> {
        if self.pending.len() >= self.spec.max_ack_pending as usize {
            return None;
        }
        let mut ahead = messages.range(self.cursor..);
        let next = ahead.find(|(_, stored)| self.spec.takes(&stored.message.subject));
        self.cursor = next.map_or(last_seq, |(seq, _)| *seq) + 1;
        next.map(|(seq, stored)| (*seq, stored.clone()))
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

pub(super) fn micros(long: Duration) -> Micros {
    u64::try_from(long.as_micros()).unwrap_or(u64::MAX / 4)
}
