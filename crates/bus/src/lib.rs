//! The bus: NATS JetStream behind one small trait, and its in-memory twin.
//!
//! The bus is a copy. It may lose what it acknowledged, deliver twice, late and out of order, and it may be wiped and
//! made anew while everything runs; the ledgers put back what it lost. So nothing here decides anything: a publish says
//! whether the broker has the message, a reader hands over messages for ever, and [`Broker::mark`] with
//! [`Broker::id_at`] let a service notice that this is no longer the broker it knew.
//!
//! Streams and consumers are declared in [`topology`] and made by the topology role alone ([`topology::role`]);
//! everybody else waits until they are there. Dead letters are rows of a ledger, not messages.
//!
//! [`JetStreamBus`] speaks to a real server (2.10 or later); [`MemoryBus`] to a [`MemoryBroker`] inside the process, with
//! seeded faults, for simulation. One suite of tests runs over both.

mod error;
mod jetstream;
mod memory;
mod subject;
pub mod topology;
mod types;

pub use crate::{
    error::BusError,
    jetstream::{BusConfig, Credentials, JetStreamBus},
    memory::{BusFaults, MemoryBroker, MemoryBus},
    subject::matches,
    topology::{Consumer, Sizes, StreamSpec, Topology},
    types::{
        Acker, Broker, Bus, BusFuture, Delivery, DeliveryFuture, HintFuture, Hints, InMessage, OutMessage, Reader,
        Receipt, StreamMark,
    },
};

/// The header by which the broker recognises a message that it has already.
pub const MESSAGE_ID_HEADER: &str = "Nats-Msg-Id";
