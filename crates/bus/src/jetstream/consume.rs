//! Reads one durable consumer through every loss of connection, consumer and stream.
//!
//! The client's own reader is not trusted: under a broker that was wiped it falls silent for good. It is dropped and the
//! consumer looked up again at any error, at the second missed heartbeat in a row, when messages wait and none comes,
//! when the consumer stands beyond the end of its stream, and when the consumer is not the one that it was. The
//! durable cursor and the inbox make that free.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_nats::jetstream::{
    self, AckKind,
    consumer::{
        PullConsumer,
        pull::{MessagesErrorKind, Stream},
    },
};
use chrono::{DateTime, Utc};
use fault::{Backoff, jittered};
use futures_util::StreamExt;
use node::Node;
use tokio::{sync::watch, time::Instant};

use crate::{
    error::BusError,
    jetstream::{
        apply::{find_consumer, lacking_consumer},
        link::Link,
    },
    topology::Consumer,
    types::{Acker, BusFuture, Delivery, DeliveryFuture, InMessage, Reader},
};

/// Messages asked for at a time.
const FETCH_MAX: usize = 50;
/// A fetch that brought nothing is repeated after this. Long, because the heartbeat is what watches.
const FETCH_EXPIRES: Duration = Duration::from_secs(30);
/// The broker says at least this often that an open fetch is alive; two silent intervals are a miss.
/// Long, because a lost connection is noticed by its own pings; this watches for a fetch that the broker forgot.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// A reader without a message for so long looks whether it should have got one; then after twice as long and so on, so
/// that an idle world stays idle.
const QUIET: Backoff = Backoff { first: Duration::from_secs(15), most: Duration::from_secs(60) };
const LOOK_UP_AGAIN: Backoff = Backoff { first: Duration::from_millis(100), most: Duration::from_secs(2) };
/// A reader that waits for its consumer says so at the first failure and at each of these.
const FAILURES_PER_WARNING: u32 = 30;

pub(super) struct JetStreamReader {
    link: Arc<Link>,
    node: Node,
    spec: Consumer,
    turns: watch::Receiver<u64>,
    open: Option<Open>,
    failures: u32,
}

/// A running fetch.
struct Open {
    messages: Stream,
    consumer: PullConsumer,
    context: jetstream::Context,
    created: DateTime<Utc>,
    same: Arc<Same>,
    /// The turn of the connection at which the consumer was last seen to be the same.
    turn: u64,
    missed_heartbeats: u32,
    quiet_looks: u32,
    look_at: Instant,
}

/// Until when deliveries of one incarnation of the consumer may be answered.
///
/// An answer names a sequence, not a message. After a wipe the same sequence may be another message, and an old answer
/// would take it away unseen. So answers are held back from a lost connection until the consumer was looked up again;
/// one that is held back costs a duplicate.
struct Same {
    turn: AtomicU64,
}

impl JetStreamReader {
    pub(super) fn new(link: Arc<Link>, node: Node, spec: Consumer) -> Self {
        let turns = link.turns();
        Self { link, node, spec, turns, open: None, failures: 0 }
    }

    /// Waits until something happens; a message ends the waiting.
    async fn step(&mut self) -> Option<Delivery> {
        let turn = *self.turns.borrow_and_update();
        let Some(open) = &mut self.open else {
            match self.open(turn).await {
                Ok(open) => {
                    self.failures = 0;
                    self.open = Some(open);
                }
                Err(error) => self.wait_after(error).await,
            }
            return None;
        };
        if open.turn != turn {
            if !self.link.is_connected() {
                // Never ends: the sender lives in the link.
                let _ = self.turns.changed().await;
            } else if let Err(why) = open.look(&self.spec, Looking::BecauseReconnected).await {
                self.drop_open(&why);
            } else {
                open.same.turn.store(turn, Ordering::Release);
                open.turn = turn;
            }
            return None;
        }
        // Nothing is awaited after a message was taken: a caller that gives up loses none.
        tokio::select! {
            biased;
            Ok(()) = self.turns.changed() => None,
            item = open.messages.next() => match item {
                Some(Ok(message)) => Some(self.delivery(message)),
                Some(Err(error)) if error.kind() == MessagesErrorKind::MissingHeartbeat && open.missed_heartbeats == 0 => {
                    open.missed_heartbeats += 1;
                    open.look_at = Instant::now();
                    None
                }
                Some(Err(error)) => {
                    self.drop_open(&error.to_string());
                    None
                }
                None => {
                    self.drop_open("the fetch ended");
                    None
                }
            },
            () = tokio::time::sleep_until(open.look_at) => {
                open.quiet_looks = open.quiet_looks.saturating_add(1);
                open.look_at = Instant::now() + QUIET.delay(open.quiet_looks + 1);
                if let Err(why) = open.look(&self.spec, Looking::BecauseQuiet).await {
                    self.drop_open(&why);
                }
                None
            }
        }
    }

    async fn open(&self, turn: u64) -> Result<Open, BusError> {
        let live = self.link.ready()?;
        let consumer = find_consumer(&live.context, &self.spec).await?;
        let consumer = consumer.ok_or_else(|| BusError::NoStream { what: format!("consumer {}", self.spec.name) })?;
        let lacking = lacking_consumer(&self.spec, &consumer);
        if !lacking.is_empty() {
            // With other filters it would hand over what we cannot read, or keep from us what we need.
            return Err(BusError::Refused { detail: lacking.join("; ") });
        }
        let most = FETCH_MAX.min(self.spec.max_ack_pending as usize).max(1);
        let messages = consumer
            .stream()
            .max_messages_per_batch(most)
            .expires(FETCH_EXPIRES)
            .heartbeat(HEARTBEAT)
            .messages()
            .await
            .map_err(|error| BusError::Refused { detail: error.to_string() })?;
        let created = consumer.cached_info().created;
        let same = Arc::new(Same { turn: AtomicU64::new(turn) });
        let look_at = Instant::now() + QUIET.first;
        Ok(Open {
            messages,
            consumer,
            context: live.context,
            created,
            same,
            turn,
            missed_heartbeats: 0,
            quiet_looks: 0,
            look_at,
        })
    }

    fn drop_open(&mut self, why: &str) {
        self.open = None;
        metrics::counter!("bus_reader_reopened_total", "consumer" => self.spec.name.clone()).increment(1);
        tracing::info!(consumer = %self.spec.name, why, "looking the consumer up again");
    }

    async fn wait_after(&mut self, error: BusError) {
        if self.failures.is_multiple_of(FAILURES_PER_WARNING) {
            tracing::warn!(consumer = %self.spec.name, %error, "waiting for the consumer");
        }
        self.link.note(matches!(error, BusError::Timeout { .. }));
        self.failures = self.failures.saturating_add(1);
        let pause = jittered(LOOK_UP_AGAIN.delay(self.failures), self.node.random());
        tokio::select! {
            biased;
            Ok(()) = self.turns.changed() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }

    fn delivery(&mut self, message: jetstream::Message) -> Delivery {
        let (seq, delivered) = match message.info() {
            Ok(place) => (place.stream_sequence, u64::try_from(place.delivered).unwrap_or(1).max(1)),
            Err(_) => (0, 1),
        };
        let (message, acker) = message.split();
        let headers = message.headers.iter().flat_map(|headers| headers.iter());
        let headers =
            headers.filter_map(|(name, values)| Some((name.to_string(), values.last()?.as_str().to_owned()))).collect();
        let subject = message.subject.to_string();
        let message = InMessage { subject, headers, payload: message.payload, seq, delivered };
        let same = match &mut self.open {
            Some(open) => {
                open.missed_heartbeats = 0;
                open.quiet_looks = 0;
                open.look_at = Instant::now() + QUIET.first;
                open.same.clone()
            }
            // Cannot be: the message came out of it. An answer would be held back.
            None => Arc::new(Same { turn: AtomicU64::new(u64::MAX) }),
        };
        Delivery { message, acker: Box::new(JetStreamAcker { acker, same, turns: self.turns.clone() }) }
    }
}

impl Open {
    /// Whether this fetch can go on; if not, why.
    async fn look(&self, spec: &Consumer, why: Looking) -> Result<(), String> {
        let found = self.consumer.get_info().await.map_err(|error| error.to_string())?;
        if found.created != self.created {
            return Err("the consumer was made anew".to_owned());
        }
        gauges(spec, &found);
        let stream = self.context.get_stream(&spec.bus_stream).await.map_err(|error| error.to_string())?;
        if found.delivered.stream_sequence > stream.cached_info().state.last_sequence {
            metrics::counter!("bus_consumer_beyond_end_total", "consumer" => spec.name.clone()).increment(1);
            tracing::error!(consumer = %spec.name, "the consumer stands beyond the end of its stream: the broker lost data");
            return Err("the consumer stands beyond the end of its stream".to_owned());
        }
        let may_have_more = found.num_ack_pending < spec.max_ack_pending as usize;
        if why == Looking::BecauseQuiet && found.num_pending > 0 && may_have_more {
            return Err(format!("{} messages wait and none comes", found.num_pending));
        }
        Ok(())
    }
}

/// Why the broker is asked about a consumer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looking {
    /// The connection was lost and made again.
    BecauseReconnected,
    /// No message for a while.
    BecauseQuiet,
}

fn gauges(spec: &Consumer, found: &jetstream::consumer::Info) {
    let number = |count: u64| u32::try_from(count).map_or(f64::INFINITY, f64::from);
    let waiting = u64::try_from(found.num_ack_pending).unwrap_or(u64::MAX);
    metrics::gauge!("bus_consumer_pending", "consumer" => spec.name.clone()).set(number(found.num_pending));
    metrics::gauge!("bus_consumer_ack_pending", "consumer" => spec.name.clone()).set(number(waiting));
}

impl Reader for JetStreamReader {
    fn next(&mut self) -> DeliveryFuture<'_> {
        Box::pin(async move {
            loop {
                if let Some(delivery) = self.step().await {
                    return delivery;
                }
            }
        })
    }
}

struct JetStreamAcker {
    acker: jetstream::message::Acker,
    same: Arc<Same>,
    turns: watch::Receiver<u64>,
}

impl JetStreamAcker {
    async fn answer(&self, kind: AckKind) -> Result<(), BusError> {
        if self.same.turn.load(Ordering::Acquire) != *self.turns.borrow() {
            metrics::counter!("bus_acks_held_back_total").increment(1);
            return Err(BusError::Disconnected);
        }
        self.acker.ack_with(kind).await.map_err(|_| BusError::Disconnected)
    }
}

impl Acker for JetStreamAcker {
    fn ack(&self) -> BusFuture<'_, ()> {
        Box::pin(self.answer(AckKind::Ack))
    }

    fn nak(&self, delay: Duration) -> BusFuture<'_, ()> {
        Box::pin(self.answer(AckKind::Nak(Some(delay))))
    }

    fn in_progress(&self) -> BusFuture<'_, ()> {
        Box::pin(self.answer(AckKind::Progress))
    }
}
