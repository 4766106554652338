//! A broker to test against, with its drills, and small helpers that wait for conditions.

use std::{sync::Arc, time::Duration};

use bus::{
    Acker, Bus, BusConfig, BusError, Consumer, Delivery, JetStreamBus, MemoryBroker, MemoryBus, OutMessage, Reader,
    Sizes, Topology, topology,
};
use bytes::Bytes;
use chrono::DateTime;
use fault::{Class, Classify};
use node::{Node, NodeBuilder, SimNetwork};
use tokio::time::Instant;

use crate::nats::Server;

/// Nothing here takes longer, on a busy machine either.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Time enough for something that must not come. Longer than [`ACK_WAIT`].
pub const SILENCE: Duration = Duration::from_millis(2500);
/// Short, so that redelivery is seen soon.
pub const ACK_WAIT: Duration = Duration::from_secs(1);

pub enum Broker {
    Twin(MemoryBroker),
    JetStream(Server),
}

pub struct World {
    pub broker: Broker,
    pub node: Node,
    pub bus: Bus,
}

impl World {
    pub fn twin() -> Self {
        let node = node();
        let broker = MemoryBroker::new(7);
        let bus = MemoryBus::attach(&broker, node.clone());
        Self { broker: Broker::Twin(broker), node, bus }
    }

    pub async fn jetstream() -> Self {
        let node = NodeBuilder::real("bus-test", Arc::new(SimNetwork::new(1))).build();
        let server = Server::start();
        let bus = JetStreamBus::connect(node.clone(), BusConfig::new(server.url(), "bus-test")).await.unwrap();
        Self { broker: Broker::JetStream(server), node, bus }
    }

    /// With these consumers and the usual streams applied.
    pub async fn with(self, consumers: &[Consumer]) -> Self {
        self.bus.apply(&topology(consumers)).await.unwrap();
        self
    }

    pub fn stop(&mut self) {
        match &mut self.broker {
            Broker::Twin(broker) => broker.stop(),
            Broker::JetStream(server) => server.kill(),
        }
    }

    pub fn start(&mut self) {
        match &mut self.broker {
            Broker::Twin(broker) => broker.start(),
            Broker::JetStream(server) => server.go(),
        }
    }

    pub fn wipe(&mut self) {
        match &mut self.broker {
            Broker::Twin(broker) => broker.wipe(),
            Broker::JetStream(server) => {
                server.kill();
                server.empty();
                server.go();
            }
        }
    }

    pub async fn connected(&self) {
        eventually("the bus is connected", async || self.bus.is_connected().then_some(())).await;
    }

    pub async fn reader(&self, consumer: &Consumer) -> Box<dyn Reader> {
        self.bus.reader(consumer).await.unwrap()
    }

    /// Publishes until it works, as a relay does.
    pub async fn publish(&self, message: OutMessage) -> bus::Receipt {
        eventually("a publish succeeds", async || match self.bus.publish(message.clone()).await {
            Ok(receipt) => Some(receipt),
            Err(error) => {
                assert_eq!(error.class(), Class::Transient, "{error}");
                None
            }
        })
        .await
    }

    /// Applies until it works, as the role does.
    pub async fn apply(&self, topology: &Topology) {
        eventually("the topology is applied", async || self.bus.apply(topology).await.ok()).await;
    }
}

pub fn node() -> Node {
    let base = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    NodeBuilder::simulated("bus-test", base, Instant::now(), 7, Arc::new(SimNetwork::new(1))).build()
}

pub fn topology(consumers: &[Consumer]) -> Topology {
    Topology::new(Sizes { event_bytes_max: 8 << 20, command_bytes_max: 8 << 20, replicas: 1 }, consumers.to_vec())
}

pub fn events(name: &str) -> Consumer {
    consumer(name, topology::EVENTS, &["otc.*.order.event.>"])
}

pub fn commands(name: &str) -> Consumer {
    consumer(name, topology::COMMANDS, &["otc.*.erp.command.>"])
}

pub fn consumer(name: &str, bus_stream: &str, filters: &[&str]) -> Consumer {
    let filters = filters.iter().map(|filter| (*filter).to_owned()).collect();
    Consumer { ack_wait: ACK_WAIT, ..Consumer::new(name, bus_stream, filters) }
}

pub fn event(id: &str) -> OutMessage {
    message("otc.demo.order.event.accepted.v1", id, id.as_bytes())
}

pub fn command(id: &str) -> OutMessage {
    message("otc.demo.erp.command.place_order.v1", id, id.as_bytes())
}

pub fn message(subject: &str, id: &str, payload: &[u8]) -> OutMessage {
    OutMessage {
        subject: subject.to_owned(),
        broker_id: id.to_owned(),
        headers: vec![("ce-id".to_owned(), id.to_owned())],
        payload: Bytes::copy_from_slice(payload),
    }
}

/// The next message, which must come.
pub async fn next(reader: &mut Box<dyn Reader>) -> Delivery {
    tokio::time::timeout(PATIENCE, reader.next()).await.expect("a message comes")
}

/// The next message, acknowledged; its payload as text.
pub async fn take(reader: &mut Box<dyn Reader>) -> String {
    let delivery = next(reader).await;
    // An answer may be lost with the connection; then the message comes again.
    let _ = delivery.acker.ack().await;
    text(&delivery)
}

pub fn text(delivery: &Delivery) -> String {
    String::from_utf8(delivery.message.payload.to_vec()).unwrap()
}

/// No message comes for a while.
pub async fn silent(reader: &mut Box<dyn Reader>) {
    if let Ok(delivery) = tokio::time::timeout(SILENCE, reader.next()).await {
        panic!("unexpected message {:?}", delivery.message);
    }
}

pub async fn ack(acker: &dyn Acker) {
    acker.ack().await.unwrap();
}

/// Asks again and again until there is an answer.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        tick.tick().await;
        assert!(Instant::now() < deadline, "in vain: {what}");
    }
}

pub fn is_transient<T: std::fmt::Debug>(outcome: &Result<T, BusError>) -> bool {
    matches!(outcome, Err(error) if error.class() == Class::Transient)
}
