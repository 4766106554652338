//! The twin: a broker inside the process, with seeded faults, for simulation.
//!
//! It behaves as the real one where that hurts: a work queue forgets the ids of consumed messages at a restart, a wipe
//! takes streams and consumers along, an unanswered message comes again, and a publish may be stored although its
//! receipt is lost. Time is tokio's, which a test pauses; every accident is drawn from one seed.

mod attached;
mod state;
mod stream;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use node::Node;
use tokio::sync::{Notify, watch};

use self::{state::State, stream::StreamState};
use crate::Bus;

/// How often, in thousandths, the twin misbehaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BusFaults {
    /// The message is stored and the receipt lost: the caller sees a timeout.
    pub publish_lost_ack: u32,
    /// The message is refused and not stored.
    pub publish_refused: u32,
    /// The message is delivered twice, whatever the first delivery's fate.
    pub duplicate: u32,
    /// The message is held back while later ones go first.
    pub reorder: u32,
    /// The longest delay of a publish, each way, and of a delivery, milliseconds.
    pub delay_ms_max: u64,
    /// The hint is lost.
    pub drop_hint: u32,
}

/// The broker's state: survives the death of every node that uses it. Cloning shares it.
#[derive(Clone)]
pub struct MemoryBroker {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Something changed that a waiting reader may want.
    stirred: Notify,
    connections: watch::Sender<u64>,
}

impl MemoryBroker {
    /// An empty broker, without streams, that is up. Must be made inside a tokio runtime; `seed` decides every accident.
    pub fn new(seed: u64) -> Self {
        let (connections, _) = watch::channel(1);
        Self { shared: Arc::new(Shared { state: Mutex::new(State::new(seed)), stirred: Notify::new(), connections }) }
    }

    /// Changes the faults from now on.
    pub fn set_faults(&self, faults: BusFaults) {
        self.state().dice.faults = faults;
    }

    /// Drill: the broker goes away. Publishing fails, readers wait.
    pub fn stop(&self) {
        self.state().is_up = false;
        self.stirred();
    }

    /// Drill: the broker comes back with what it had on disk.
    pub fn start(&self) {
        self.state().come_back();
        self.shared.connections.send_modify(|count| *count += 1);
        self.stirred();
    }

    /// Drill: dies and comes back. Ids of messages that are no longer stored are forgotten.
    pub fn restart(&self) {
        self.stop();
        self.start();
    }

    /// Drill: comes back with an empty disk, without streams and consumers.
    pub fn wipe(&self) {
        self.stop();
        self.state().streams.clear();
        self.start();
    }

    /// Drill: power fails and the last `count` messages of a stream were never on disk.
    pub fn roll_back(&self, bus_stream: &str, count: u64) {
        self.stop();
        if let Some(stream) = self.state().streams.get_mut(bus_stream) {
            stream.roll_back(count);
        }
        self.start();
    }

    /// How many messages a stream holds; `None` when there is no such stream.
    pub fn stored(&self, bus_stream: &str) -> Option<usize> {
        self.state().streams.get(bus_stream).map(StreamState::len)
    }

    /// A hash over everything the broker holds. Equal histories have equal hashes within one build.
    pub fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.state().streams.hash(&mut hasher);
        hasher.finish()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stirred(&self) {
        self.shared.stirred.notify_waiters();
    }
}

/// One node's connection to a [`MemoryBroker`].
pub struct MemoryBus {
    broker: MemoryBroker,
    node: Node,
}

impl MemoryBus {
    /// Connects a node.
    pub fn attach(broker: &MemoryBroker, node: Node) -> Bus {
        Arc::new(Self { broker: broker.clone(), node })
    }
}
