//! What the twin remembers, and the dice of its accidents. Nothing here waits.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::{sync::mpsc, time::Instant};

use crate::{
    error::BusError,
    memory::{
        BusFaults,
        stream::{Incarnation, Micros, StreamState, Taken, micros},
    },
    topology::Topology,
    types::{OutMessage, Receipt, StreamMark},
};

/// A held-back message waits at most this long, or as long as any delay may be.
const HOLD_BACK_MS: u64 = 10;

pub(super) struct State {
    pub(super) dice: Dice,
    pub(super) is_up: bool,
    pub(super) streams: BTreeMap<String, StreamState>,
    pub(super) hints: Vec<HintSubscription>,
    born: Instant,
    last_created: DateTime<Utc>,
    incarnations: Incarnation,
}

pub(super) struct HintSubscription {
    pub(super) pattern: String,
    pub(super) to: mpsc::Sender<(String, Bytes)>,
}

/// Names one delivery.
pub(super) struct Delivered {
    pub(super) bus_stream: String,
    pub(super) consumer: String,
    pub(super) incarnation: Incarnation,
    pub(super) seq: u64,
}

/// Decides every accident from one seed.
pub(super) struct Dice {
    pub(super) faults: BusFaults,
    random: StdRng,
}

impl Dice {
    fn happens(&mut self, per_thousand: u32) -> bool {
        per_thousand > 0 && self.random.random_range(0..1000) < per_thousand
    }

    pub(super) fn delay(&mut self) -> Duration {
        match self.faults.delay_ms_max {
            0 => Duration::ZERO,
            most => Duration::from_micros(self.random.random_range(0..=most * 1000)),
        }
    }

    pub(super) fn doubles(&mut self) -> bool {
        self.happens(self.faults.duplicate)
    }

    /// For how long a message is held back, if at all.
    pub(super) fn holds_back(&mut self) -> Option<Micros> {
        let most = self.faults.delay_ms_max.max(HOLD_BACK_MS) * 1000;
        self.happens(self.faults.reorder).then(|| self.random.random_range(1..=most))
    }

    pub(super) fn loses_hint(&mut self) -> bool {
        self.happens(self.faults.drop_hint)
    }
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            dice: Dice { faults: BusFaults::default(), random: StdRng::seed_from_u64(seed) },
            is_up: true,
            streams: BTreeMap::new(),
            hints: Vec::new(),
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
        if self.dice.happens(self.dice.faults.publish_refused) {
            return Err(BusError::NoResponders);
        }
        let receipt = self.publish(message)?;
        let is_lost = self.dice.happens(self.dice.faults.publish_lost_ack);
        let back = self.dice.delay();
        Ok((!is_lost).then_some((receipt, back)))
    }

    fn publish(&mut self, message: OutMessage) -> Result<Receipt, BusError> {
        let now = self.now();
        let stream = self.streams.values_mut().find(|stream| stream.takes(&message.subject));
        stream.ok_or_else(|| BusError::NoStream { what: message.subject.clone() })?.store(message, now)
    }

    pub(super) fn mark(&self, bus_stream: &str) -> Option<StreamMark> {
        self.streams.get(bus_stream).map(StreamState::mark)
    }

    pub(super) fn id_at(&mut self, bus_stream: &str, seq: u64) -> Result<Option<String>, BusError> {
        let now = self.now();
        let stream = self.streams.get_mut(bus_stream);
        Ok(stream.ok_or_else(|| BusError::NoStream { what: bus_stream.to_owned() })?.id_at(seq, now))
    }

    /// Takes the next message of a consumer; `None` when the consumer does not exist.
    pub(super) fn take(&mut self, bus_stream: &str, consumer: &str) -> Option<Taken> {
        let now = self.now();
        self.streams.get_mut(bus_stream)?.take(consumer, now, &mut self.dice)
    }

    pub(super) fn ack(&mut self, of: &Delivered) {
        if let Some(stream) = self.streams.get_mut(&of.bus_stream) {
            stream.ack(of);
        }
    }

    /// Sets when a message that waits for its answer comes again: after `delay`, or after the usual wait.
    pub(super) fn postpone(&mut self, of: &Delivered, delay: Option<Duration>) {
        let now = self.now();
        if let Some(stream) = self.streams.get_mut(&of.bus_stream) {
            stream.postpone(of, delay, now);
        }
    }

    pub(super) fn apply(&mut self, topology: &Topology, now: DateTime<Utc>) -> Result<(), BusError> {
        for wanted in &topology.streams {
            if let Some(found) = self.streams.get_mut(&wanted.name) {
                found.apply(wanted)?;
                continue;
            }
            // No two incarnations of a stream are created at the same instant, even while time is paused.
            let created = now.max(self.last_created + TimeDelta::microseconds(1));
            self.last_created = created;
            self.streams.insert(wanted.name.clone(), StreamState::new(wanted.clone(), created));
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
        let streams = topology.streams.iter().flat_map(|wanted| match self.streams.get(&wanted.name) {
            None => vec![format!("stream {}: missing", wanted.name)],
            Some(found) => found.differences(wanted),
        });
        let consumers = topology.consumers.iter().flat_map(|wanted| {
            let found = self.streams.get(&wanted.bus_stream).and_then(|stream| stream.consumer_differences(wanted));
            found.unwrap_or_else(|| vec![format!("consumer {}: missing", wanted.name)])
        });
        streams.chain(consumers).collect()
    }
}
