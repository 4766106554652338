//! Listens to what the services hand to the broker: tests read it, and publish copies of it.

use std::sync::{Arc, Mutex, PoisonError};

use bus::{Broker, Bus, BusFuture, Consumer, Hints, OutMessage, Reader, Receipt, StreamMark, Topology};
use bytes::Bytes;

/// Every message that was handed over, oldest first. Cloning shares it.
#[derive(Clone, Default)]
pub struct Tap(Arc<Mutex<Vec<OutMessage>>>);

impl Tap {
    /// The same broker, overheard.
    pub(crate) fn on(&self, bus: Bus) -> Bus {
        Arc::new(Tapped { bus, tap: self.clone() })
    }

    /// What was handed over so far; a message that was tried again stands there again.
    pub fn messages(&self) -> Vec<OutMessage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A header of a message, empty when missing.
pub fn header<'a>(message: &'a OutMessage, name: &str) -> &'a str {
    message.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

struct Tapped {
    bus: Bus,
    tap: Tap,
}

impl Broker for Tapped {
    fn publish(&self, message: OutMessage) -> BusFuture<'_, Receipt> {
        self.tap.0.lock().unwrap_or_else(PoisonError::into_inner).push(message.clone());
        self.bus.publish(message)
    }

    fn reader<'a>(&'a self, consumer: &'a Consumer) -> BusFuture<'a, Box<dyn Reader>> {
        self.bus.reader(consumer)
    }

    fn mark<'a>(&'a self, bus_stream: &'a str) -> BusFuture<'a, Option<StreamMark>> {
        self.bus.mark(bus_stream)
    }

    fn id_at<'a>(&'a self, bus_stream: &'a str, seq: u64) -> BusFuture<'a, Option<String>> {
        self.bus.id_at(bus_stream, seq)
    }

    fn hint<'a>(&'a self, subject: &'a str, payload: Bytes) -> BusFuture<'a, ()> {
        self.bus.hint(subject, payload)
    }

    fn hints<'a>(&'a self, subject: &'a str) -> BusFuture<'a, Box<dyn Hints>> {
        self.bus.hints(subject)
    }

    fn apply<'a>(&'a self, topology: &'a Topology) -> BusFuture<'a, ()> {
        self.bus.apply(topology)
    }

    fn differences<'a>(&'a self, topology: &'a Topology) -> BusFuture<'a, Vec<String>> {
        self.bus.differences(topology)
    }

    fn is_connected(&self) -> bool {
        self.bus.is_connected()
    }

    fn connections(&self) -> tokio::sync::watch::Receiver<u64> {
        self.bus.connections()
    }
}
