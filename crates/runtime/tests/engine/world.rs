//! Processes that come and go on one disk, one broker and one outside, under a paused clock.

use std::{sync::Arc, time::Duration};

use bus::{Bus, MemoryBroker, MemoryBus, Sizes};
use chrono::{DateTime, Utc};
use ids::{Pair, StreamId};
use ledger::{EffectRow, Ledger, MemoryLedger, MemoryState, StoredEvent};
use node::{FaultPoints, Node, NodeBuilder, SimNetwork};
use runtime::{Context, Engine, Request, Settings, Verdict};
use tokio::time::Instant;

use crate::errands::{Command, Errands, LISTENS, NAME, Outside, place};

/// Everything that outlives a process.
pub struct World {
    pub outside: Outside,
    pub disk: MemoryState,
    pub broker: MemoryBroker,
    pub faults: FaultPoints,
    pub settings: Settings,
    base: DateTime<Utc>,
    since: Instant,
    incarnations: u64,
    /// For looking, and for errands from outside.
    onlooker: Node,
}

/// One process.
pub struct Process {
    pub node: Node,
    pub engine: Engine<Errands>,
}

impl World {
    pub fn new() -> Self {
        let (base, since) = (DateTime::from_timestamp(1_790_000_000, 0).expect("a time"), Instant::now());
        let onlooker = NodeBuilder::simulated("onlooker", base, since, 1, Arc::new(SimNetwork::new(1))).build();
        let broker = MemoryBroker::new(1);
        let world = Self {
            outside: Outside::default(),
            disk: MemoryState::new(),
            broker,
            faults: FaultPoints::planned(),
            settings: Settings::default(),
            base,
            since,
            incarnations: 1,
            onlooker,
        };
        let topology = runtime::topology(Sizes::default(), &[(NAME, LISTENS)]);
        world.onlooker.spawn(bus::topology::role(world.bus(), world.onlooker.clone(), topology));
        world
    }

    /// A connection of nobody's to the broker.
    pub fn bus(&self) -> Bus {
        MemoryBus::attach(&self.broker, self.onlooker.clone())
    }

    /// A connection of nobody's to the ledger.
    pub fn ledger(&self) -> Ledger {
        MemoryLedger::attach(self.disk.clone(), self.onlooker.clone())
    }

    /// The time on every clock here.
    pub fn now(&self) -> DateTime<Utc> {
        self.onlooker.now()
    }

    /// Starts a process.
    pub fn start(&mut self) -> Process {
        self.incarnations += 1;
        let (seed, idle) = (self.incarnations, Arc::new(SimNetwork::new(1)));
        let node = NodeBuilder::simulated(NAME, self.base, self.since, seed, idle).faults(self.faults.clone()).build();
        let context = Context { node: node.clone(), ledger: MemoryLedger::attach(self.disk.clone(), node.clone()) };
        let bus = MemoryBus::attach(&self.broker, node.clone());
        let service = Arc::new(Errands { outside: self.outside.clone() });
        let engine = runtime::start(service, context, bus, self.settings.clone());
        Process { node, engine }
    }

    pub fn new_stream(&self) -> StreamId {
        StreamId(self.onlooker.new_id())
    }

    /// Sends one errand to one stream.
    pub async fn tell(&self, process: &Process, stream: StreamId, command: Command) -> Verdict {
        let request = Request {
            place: place(stream, pair()),
            command,
            claims: Vec::new(),
            subject_keys: Vec::new(),
            caused_by: "a test".to_owned(),
            actor: None,
        };
        process.engine.handle(request).await.expect("it is decided")
    }

    /// The events of a stream: kind and body.
    pub fn told(&self, stream: StreamId) -> Vec<(String, String)> {
        let shown = |event: StoredEvent| (event.kind, String::from_utf8_lossy(&event.body).into_owned());
        self.events(stream).into_iter().map(shown).collect()
    }

    pub fn kinds(&self, stream: StreamId) -> Vec<String> {
        self.events(stream).into_iter().map(|event| event.kind).collect()
    }

    pub fn events(&self, stream: StreamId) -> Vec<StoredEvent> {
        self.disk.all_events().into_iter().filter(|(id, _)| *id == stream).map(|(_, event)| event).collect()
    }

    pub fn rows(&self, stream: StreamId) -> Vec<EffectRow> {
        self.disk.all_effects().into_iter().filter(|row| row.id.stream == stream).collect()
    }

    /// Waits, in hours of the paused clock, until the last event of the stream is of this kind.
    pub async fn until(&self, stream: StreamId, last: &str) {
        testkit::within(Duration::from_secs(24 * 3600), &format!("`{last}`"), async || {
            self.kinds(stream).last().is_some_and(|kind| kind == last).then_some(())
        })
        .await;
    }

    /// Lets time pass and everything that comes with it happen.
    pub async fn pass(&self, long: Duration) {
        tokio::time::sleep(long).await;
    }
}

pub fn pair() -> Pair {
    "demo".parse().expect("a pair")
}

/// Runs a test in paused time.
pub fn paused(test: impl Future<Output = ()>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(test);
    runtime.shutdown_timeout(Duration::ZERO);
}
