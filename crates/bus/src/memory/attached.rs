//! The twin as one node sees it.

use std::time::Duration;

use bytes::Bytes;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use crate::{
    error::BusError,
    memory::{
        MemoryBroker, MemoryBus,
        state::{Delivered, HintSubscription, State},
        stream::Taken,
    },
    subject::{check_header, check_publishable},
    topology::{Consumer, Topology},
    types::{
        Acker, Broker, BusFuture, Delivery, DeliveryFuture, HintFuture, Hints, OutMessage, Reader, Receipt, StreamMark,
    },
};

/// How long a publisher waits for a receipt; the real bus waits as long.
const RECEIPT_LIMIT: Duration = Duration::from_secs(5);
/// Hints that one listener may be behind; more are lost.
const HINTS_WAITING_MAX: usize = 1024;

impl MemoryBus {
    fn up(&self) -> Result<std::sync::MutexGuard<'_, State>, BusError> {
        let state = self.broker.state();
        if state.is_up { Ok(state) } else { Err(BusError::Disconnected) }
    }

    /// What a caller sees when its receipt does not come.
    async fn no_receipt(subject: String, waited: Duration) -> BusError {
        tokio::time::sleep(RECEIPT_LIMIT.saturating_sub(waited)).await;
        BusError::Timeout { what: subject, limit: RECEIPT_LIMIT }
    }
}

impl Broker for MemoryBus {
    fn publish(&self, message: OutMessage) -> BusFuture<'_, Receipt> {
        Box::pin(async move {
            check_publishable(&message.subject)?;
            for (name, value) in &message.headers {
                check_header(name, value)?;
            }
            let subject = message.subject.clone();
            let there = self.up()?.dice.delay();
            pause(there).await;
            let stored = self.broker.state().publish_with_accidents(message)?;
            self.broker.stirred();
            match stored {
                None => Err(Self::no_receipt(subject, there).await),
                Some((receipt, back)) => {
                    pause(back).await;
                    // The broker died on the way back: the message is stored, the receipt is lost.
                    if self.is_connected() { Ok(receipt) } else { Err(Self::no_receipt(subject, there + back).await) }
                }
            }
        })
    }

    fn reader<'a>(&'a self, consumer: &'a Consumer) -> BusFuture<'a, Box<dyn Reader>> {
        let reader = MemoryReader {
            broker: self.broker.clone(),
            bus_stream: consumer.bus_stream.clone(),
            consumer: consumer.name.clone(),
            not_before: None,
        };
        Box::pin(async move { Ok(Box::new(reader) as Box<dyn Reader>) })
    }

    fn mark<'a>(&'a self, bus_stream: &'a str) -> BusFuture<'a, Option<StreamMark>> {
        Box::pin(async move { Ok(self.up()?.mark(bus_stream)) })
    }

    fn id_at<'a>(&'a self, bus_stream: &'a str, seq: u64) -> BusFuture<'a, Option<String>> {
        Box::pin(async move { self.up()?.id_at(bus_stream, seq) })
    }

    fn hint<'a>(&'a self, subject: &'a str, payload: Bytes) -> BusFuture<'a, ()> {
        Box::pin(async move {
            check_publishable(subject)?;
            let mut state = self.up()?;
            if !state.dice.loses_hint() {
                state.hints.retain(|listener| !listener.to.is_closed());
                for listener in &state.hints {
                    if crate::subject::matches(&listener.pattern, subject) {
                        // A listener that is too far behind misses it: hints may be lost.
                        let _ = listener.to.try_send((subject.to_owned(), payload.clone()));
                    }
                }
            }
            Ok(())
        })
    }

    fn hints<'a>(&'a self, subject: &'a str) -> BusFuture<'a, Box<dyn Hints>> {
        Box::pin(async move {
            let (to, from) = mpsc::channel(HINTS_WAITING_MAX);
            self.broker.state().hints.push(HintSubscription { pattern: subject.to_owned(), to });
            Ok(Box::new(MemoryHints { from }) as Box<dyn Hints>)
        })
    }

    fn apply<'a>(&'a self, topology: &'a Topology) -> BusFuture<'a, ()> {
        Box::pin(async move {
            let applied = self.up()?.apply(topology, self.node.now());
            self.broker.stirred();
            applied
        })
    }

    fn differences<'a>(&'a self, topology: &'a Topology) -> BusFuture<'a, Vec<String>> {
        Box::pin(async move { Ok(self.up()?.differences(topology)) })
    }

    fn is_connected(&self) -> bool {
        self.broker.state().is_up
    }

    fn connections(&self) -> watch::Receiver<u64> {
        self.broker.shared.connections.subscribe()
    }
}

struct MemoryReader {
    broker: MemoryBroker,
    bus_stream: String,
    consumer: String,
    /// The seeded delay before the next delivery; kept here so that a caller who gives up and asks again does not start it anew.
    not_before: Option<Instant>,
}

impl Reader for MemoryReader {
    fn next(&mut self) -> DeliveryFuture<'_> {
        Box::pin(async move {
            let not_before = *self.not_before.get_or_insert_with(|| Instant::now() + self.broker.state().dice.delay());
            if not_before > Instant::now() {
                tokio::time::sleep_until(not_before).await;
            }
            loop {
                let stirred = self.broker.shared.stirred.notified();
                tokio::pin!(stirred);
                // Registered before the look, so that nothing that comes between look and wait is missed.
                stirred.as_mut().enable();
                // Nothing is awaited after a message was taken: a caller that gives up loses none.
                let later = match self.look() {
                    Ok(delivery) => {
                        self.not_before = None;
                        return delivery;
                    }
                    Err(later) => later,
                };
                let due = async {
                    match later {
                        Some(at) => tokio::time::sleep_until(at).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    biased;
                    () = stirred => {}
                    () = due => {}
                }
            }
        })
    }
}

impl MemoryReader {
    /// A message, or when to look again at the latest.
    fn look(&self) -> Result<Delivery, Option<Instant>> {
        let mut state = self.broker.state();
        if !state.is_up {
            return Err(None);
        }
        match state.take(&self.bus_stream, &self.consumer) {
            None => Err(None),
            Some(Taken::Nothing(due)) => Err(due.map(|at| state.instant(at))),
            Some(Taken::Message(message, incarnation)) => {
                let of = Delivered {
                    bus_stream: self.bus_stream.clone(),
                    consumer: self.consumer.clone(),
                    incarnation,
                    seq: message.seq,
                };
                let acker = MemoryAcker { broker: self.broker.clone(), of };
                Ok(Delivery { message, acker: Box::new(acker) })
            }
        }
    }
}

struct MemoryAcker {
    broker: MemoryBroker,
    of: Delivered,
}

impl MemoryAcker {
    /// Fire and forget, as on the wire: while the broker is away the answer is lost.
    fn answer(&self, tell: impl FnOnce(&mut State)) {
        let mut state = self.broker.state();
        if state.is_up {
            tell(&mut state);
        }
        drop(state);
        self.broker.stirred();
    }
}

impl Acker for MemoryAcker {
    fn ack(&self) -> BusFuture<'_, ()> {
        self.answer(|state| state.ack(&self.of));
        Box::pin(async { Ok(()) })
    }

    fn nak(&self, delay: Duration) -> BusFuture<'_, ()> {
        self.answer(|state| state.postpone(&self.of, Some(delay)));
        Box::pin(async { Ok(()) })
    }

    fn in_progress(&self) -> BusFuture<'_, ()> {
        self.answer(|state| state.postpone(&self.of, None));
        Box::pin(async { Ok(()) })
    }
}

struct MemoryHints {
    from: mpsc::Receiver<(String, Bytes)>,
}

impl Hints for MemoryHints {
    fn next(&mut self) -> HintFuture<'_> {
        Box::pin(self.from.recv())
    }
}

async fn pause(long: Duration) {
    if !long.is_zero() {
        tokio::time::sleep(long).await;
    }
}
