//! What travels on the bus.

use std::{collections::BTreeMap, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};

use crate::error::BusError;

/// A boxed future of a bus call.
pub type BusFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, BusError>> + Send + 'a>>;

/// A boxed future of the next delivery.
pub type DeliveryFuture<'a> = Pin<Box<dyn Future<Output = Delivery> + Send + 'a>>;

/// A boxed future of the next hint: its subject and payload.
pub type HintFuture<'a> = Pin<Box<dyn Future<Output = Option<(String, Bytes)>> + Send + 'a>>;

/// A broker, real or twin.
pub type Bus = Arc<dyn Broker>;

/// A message to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutMessage {
    /// Where to.
    pub subject: String,
    /// `Nats-Msg-Id`: spares the broker work, proves nothing.
    pub broker_id: String,
    /// CloudEvents and trace headers.
    pub headers: Vec<(String, String)>,
    /// The encoded protobuf message.
    pub payload: Bytes,
}

/// The broker's receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Which of its streams took it.
    pub bus_stream: String,
    /// At which sequence.
    pub seq: u64,
    /// It was there already.
    pub is_duplicate: bool,
}

/// A message as delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InMessage {
    /// Where it came on.
    pub subject: String,
    /// Headers; names are case-sensitive.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub payload: Bytes,
    /// Its sequence in the broker's stream.
    pub seq: u64,
    /// How often the broker delivered it to this consumer, from 1. Restarts when a consumer is made anew.
    pub delivered: u64,
}

/// A delivered message that waits for its acknowledgement.
pub struct Delivery {
    /// The message.
    pub message: InMessage,
    /// How to answer the broker.
    pub acker: Box<dyn Acker>,
}

/// Answers the broker about one delivery. Fire and forget: a lost answer costs a duplicate.
pub trait Acker: Send + Sync {
    /// Handled.
    fn ack(&self) -> BusFuture<'_, ()>;
    /// Not handled: again after `delay`.
    fn nak(&self, delay: Duration) -> BusFuture<'_, ()>;
    /// Still at it.
    fn in_progress(&self) -> BusFuture<'_, ()>;
}

/// One stream of the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamMark {
    /// When it was created.
    pub created: DateTime<Utc>,
    /// Its last sequence.
    pub last_seq: u64,
}

/// Reads one durable consumer, one message after another, through every loss of connection, consumer or stream.
pub trait Reader: Send {
    /// The next message; waits for it. Never ends, never gives up: what is missing is waited for and told in metrics and logs.
    fn next(&mut self) -> DeliveryFuture<'_>;
}

/// Receives hints (plain messages that may be lost).
pub trait Hints: Send {
    /// The next hint's payload; `None` when the connection is gone for good.
    fn next(&mut self) -> HintFuture<'_>;
}

/// The broker.
pub trait Broker: Send + Sync {
    /// Publishes one message and waits for its receipt.
    fn publish(&self, message: OutMessage) -> BusFuture<'_, Receipt>;
    /// Opens a durable consumer of the topology by its name. Waits (inside `next`) until the topology role has made it.
    fn reader<'a>(&'a self, consumer: &'a crate::topology::Consumer) -> BusFuture<'a, Box<dyn Reader>>;
    /// The state of one of the broker's streams; `None` when it does not exist.
    fn mark<'a>(&'a self, bus_stream: &'a str) -> BusFuture<'a, Option<StreamMark>>;
    /// The `Nats-Msg-Id` at a sequence; `None` when there is no message.
    fn id_at<'a>(&'a self, bus_stream: &'a str, seq: u64) -> BusFuture<'a, Option<String>>;
    /// Sends a hint that may be lost.
    fn hint<'a>(&'a self, subject: &'a str, payload: Bytes) -> BusFuture<'a, ()>;
    /// Listens for hints on a subject.
    fn hints<'a>(&'a self, subject: &'a str) -> BusFuture<'a, Box<dyn Hints>>;
    /// Creates or updates what is missing or differs. Only the topology role calls this.
    fn apply<'a>(&'a self, topology: &'a crate::topology::Topology) -> BusFuture<'a, ()>;
    /// Compares, field by field, what the broker has with what is needed; the differences that matter, in words.
    fn differences<'a>(&'a self, topology: &'a crate::topology::Topology) -> BusFuture<'a, Vec<String>>;
    /// True while connected.
    fn is_connected(&self) -> bool;
    /// How many connections were made so far. A change means: look whether this is still the broker you knew.
    fn connections(&self) -> tokio::sync::watch::Receiver<u64>;
}
