//! Starting, killing and asking the cluster.

mod config;
mod wire;

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use bus::{Bus, BusConfig, JetStreamBus, MemoryBroker, MemoryBus, Sizes};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use erp_writer::ErpWriter;
use ids::OrderId;
use ingest_gateway::IngestGateway;
use ledger::{Ledger, MemoryLedger, MemoryState, PostgresConfig, PostgresLedger};
use node::{FaultPoints, Node, NodeBuilder, RealTransport, SimNetwork, Transport};
use payment_svc::PaymentService;
use runtime::{Context, Engine, Routed, Service, query::Queryable};
use sandbox::Sandbox;
use serde_json::Value;
use testkit::servers::{Database, Nats};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::{config::Outside, wire::Wire};
pub use self::{
    config::{API_KEY, Drill, WOO_SECRET, WOO_SHOP},
    wire::Answer,
};
use crate::tap::Tap;

/// The services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// `ingest-gateway`
    Ingest,
    /// `payment-svc`
    Payment,
    /// `erp-writer`
    Erp,
}

/// All of them, in the order the money moves.
pub const ALL: [Name; 3] = [Name::Ingest, Name::Payment, Name::Erp];

impl Name {
    /// As on streams and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest-gateway",
            Self::Payment => "payment-svc",
            Self::Erp => "erp-writer",
        }
    }
}

/// What stands under the cluster.
enum Ground {
    Twins { ledgers: BTreeMap<Name, MemoryState>, broker: MemoryBroker, base: DateTime<Utc>, since: Instant },
    Real { databases: BTreeMap<Name, Database>, nats: Nats },
}

/// A running service.
enum Running {
    Ingest(Engine<IngestGateway>, axum::Router),
    Payment(Engine<PaymentService>),
    Erp(Engine<ErpWriter>),
}

/// The whole cluster.
pub struct Cluster {
    /// The outside worlds.
    pub sandbox: Sandbox,
    /// The network between us and them.
    pub network: SimNetwork,
    /// Where services die.
    pub faults: FaultPoints,
    /// Every message that a service has handed to the broker.
    pub tap: Tap,
    ground: Ground,
    wire: Wire,
    outside: Outside,
    world: Node,
    drill: Drill,
    seed: u64,
    incarnations: u64,
    running: BTreeMap<Name, (Node, Running)>,
    topology: Option<Node>,
    leases: erp_writer::MemoryLeases,
}

impl Answer {
    /// The order's id, when the answer names one.
    pub fn order_id(&self) -> Option<&str> {
        self.body["order_id"].as_str().or(self.body["id"].as_str())
    }
}

impl Cluster {
    /// A cluster over the twins. Needs a runtime with paused time; everything follows from `seed`.
    pub async fn twins(seed: u64, drill: Drill) -> Self {
        let base = DateTime::from_timestamp(1_791_970_200, 0).expect("a moment");
        let since = Instant::now();
        let ledgers = ALL.iter().map(|name| (*name, MemoryState::new())).collect();
        let ground = Ground::Twins { ledgers, broker: MemoryBroker::new(seed ^ 0xb0b), base, since };
        Self::on(ground, Wire::Simulated, seed, drill).await
    }

    /// A cluster over databases and a NATS of its own; between it and the outside worlds a simulated network.
    pub async fn real(seed: u64, drill: Drill) -> Self {
        Self::on(Self::servers().await, Wire::Simulated, seed, drill).await
    }

    /// The same, and every byte to and from the outside worlds and the shop goes over real HTTP.
    ///
    /// # Panics
    /// When the machine gives no sockets.
    pub async fn real_http(seed: u64, drill: Drill) -> Self {
        let wire = Wire::Sockets {
            transport: Arc::new(RealTransport::new().expect("an HTTP client")),
            client: reqwest::Client::new(),
            door: None,
            stop: CancellationToken::new(),
        };
        Self::on(Self::servers().await, wire, seed, drill).await
    }

    async fn servers() -> Ground {
        let mut databases = BTreeMap::new();
        for name in ALL {
            let database = Database::create(&name.as_str().replace('-', "_")).await;
            let own = if name == Name::Erp { vec![erp_writer::MIGRATION] } else { Vec::new() };
            ledger::migrate(&database.url, &own).await.expect("the schema");
            databases.insert(name, database);
        }
        Ground::Real { databases, nats: Nats::start() }
    }

    async fn on(ground: Ground, wire: Wire, seed: u64, drill: Drill) -> Self {
        let network = SimNetwork::new(seed ^ 0x2e7);
        let idle: Arc<dyn Transport> = Arc::new(network.clone());
        let world = match &ground {
            Ground::Twins { base, since, .. } => NodeBuilder::simulated("sandbox", *base, *since, seed, idle).build(),
            Ground::Real { .. } => NodeBuilder::real("sandbox", idle).build(),
        };
        let sandbox = Sandbox::new(config::sandbox(seed), world.clone());
        let outside = match &wire {
            Wire::Simulated => wire::on_the_network(&sandbox, &network),
            Wire::Sockets { stop, .. } => wire::on_sockets(&sandbox, &world, stop).await,
        };
        let mut cluster = Self {
            sandbox,
            network,
            faults: FaultPoints::planned(),
            tap: Tap::default(),
            ground,
            wire,
            outside,
            world,
            drill,
            seed,
            incarnations: 0,
            running: BTreeMap::new(),
            topology: None,
            leases: erp_writer::MemoryLeases::default(),
        };
        cluster.prepare();
        cluster.start_topology().await;
        for name in ALL {
            cluster.start(name).await;
        }
        cluster
    }

    /// Plans what makes the refused story.
    pub fn prepare(&self) {
        config::refuse_item(&self.sandbox);
    }

    fn node(&mut self, name: &str) -> Node {
        self.incarnations += 1;
        let transport: Arc<dyn Transport> = match &self.wire {
            Wire::Simulated => Arc::new(self.network.clone()),
            Wire::Sockets { transport, .. } => transport.clone(),
        };
        let seed = self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ self.incarnations;
        let builder = match &self.ground {
            Ground::Twins { base, since, .. } => NodeBuilder::simulated(name, *base, *since, seed, transport),
            Ground::Real { .. } => NodeBuilder::real(name, transport),
        };
        builder.faults(self.faults.clone()).build()
    }

    async fn bus(&self, node: &Node) -> Bus {
        self.tap.on(self.connect(node).await)
    }

    async fn connect(&self, node: &Node) -> Bus {
        match &self.ground {
            Ground::Twins { broker, .. } => MemoryBus::attach(broker, node.clone()),
            Ground::Real { nats, .. } => {
                JetStreamBus::connect(node.clone(), BusConfig::new(nats.url.clone(), node.name()))
                    .await
                    .expect("the broker answers")
            }
        }
    }

    /// A connection to the broker that belongs to no service: anybody may publish through it.
    pub async fn stranger(&self) -> Bus {
        self.connect(&self.world).await
    }

    async fn ledger(&self, name: Name, node: &Node) -> Ledger {
        match &self.ground {
            Ground::Twins { ledgers, .. } => MemoryLedger::attach(ledgers[&name].clone(), node.clone()),
            Ground::Real { databases, .. } => {
                PostgresLedger::connect(node.clone(), PostgresConfig::new(databases[&name].url.clone()))
                    .await
                    .expect("the ledger answers")
            }
        }
    }

    async fn start_topology(&mut self) {
        let node = self.node("topology");
        let bus = self.bus(&node).await;
        let services = [
            (Name::Ingest.as_str(), ingest_gateway::LISTENS),
            (Name::Payment.as_str(), payment_svc::LISTENS),
            (Name::Erp.as_str(), erp_writer::LISTENS),
        ];
        node.spawn(bus::topology::role(bus, node.clone(), runtime::topology(Sizes::default(), &services)));
        self.topology = Some(node);
    }

    /// Starts a service, or starts it again.
    ///
    /// # Panics
    /// When its configuration is refused.
    pub async fn start(&mut self, name: Name) {
        let node = self.node(name.as_str());
        let bus = self.bus(&node).await;
        let context = Context { node: node.clone(), ledger: self.ledger(name, &node).await };
        let settings = self.drill.settings();
        let mut source = runtime::config::Source::from_text(&config::text(&self.drill, &self.outside));
        let running = match name {
            Name::Ingest => {
                let config = source.section(name.as_str(), ingest_gateway::config::DEFAULTS).expect("a configuration");
                let service = ingest_gateway::service(&config).expect("the service takes it");
                let engine = runtime::start(service, context, bus, settings);
                let router = ingest_gateway::router(engine.clone());
                self.open_door(&node, &router).await;
                Running::Ingest(engine, router)
            }
            Name::Payment => {
                let config = source.section(name.as_str(), payment_svc::config::DEFAULTS).expect("a configuration");
                let service = payment_svc::service(&config, &node).expect("the service takes it");
                Running::Payment(runtime::start(service, context, bus, settings))
            }
            Name::Erp => {
                let config = source.section(name.as_str(), erp_writer::config::DEFAULTS).expect("a configuration");
                let service = self.erp(&config, &node);
                Running::Erp(runtime::start(service, context, bus, settings))
            }
        };
        self.running.insert(name, (node, running));
    }

    /// The intake's port, where it has one: a new one each time it comes up.
    async fn open_door(&mut self, node: &Node, router: &axum::Router) {
        if let Wire::Sockets { door, .. } = &mut self.wire {
            let listener = wire::listen().await;
            *door = Some(listener.local_addr().expect("its address"));
            runtime::health::serve(node, listener, router.clone());
        }
    }

    /// Serves the queries over all ledgers, as `quittance up` does. Gives the address.
    ///
    /// # Panics
    /// When the machine gives no socket.
    pub async fn serve_queries(&self) -> SocketAddr {
        let listener = wire::listen().await;
        let address = listener.local_addr().expect("its address");
        runtime::query::serve(&self.world, listener, self.queries());
        address
    }

    fn erp(&self, config: &erp_writer::Config, node: &Node) -> Arc<ErpWriter> {
        let leases: Arc<dyn erp_writer::OperatorLeases> = match &self.ground {
            Ground::Twins { .. } => Arc::new(self.leases.clone()),
            Ground::Real { databases, .. } => {
                Arc::new(erp_writer::PostgresLeases::new(&databases[&Name::Erp].url).expect("a database URL"))
            }
        };
        erp_writer::service(config, node, leases).expect("the service takes it")
    }

    /// Kills a service as by SIGKILL.
    pub fn kill(&mut self, name: Name) {
        if let Some((node, _)) = self.running.remove(&name) {
            node.kill();
        }
    }

    /// True when a service runs and has not died at a fault point.
    pub fn is_alive(&self, name: Name) -> bool {
        self.running.get(&name).is_some_and(|(node, _)| !node.is_dead())
    }

    /// What has died, or was killed.
    pub fn dead(&self) -> Vec<Name> {
        ALL.into_iter().filter(|name| !self.is_alive(*name)).collect()
    }

    /// Starts a service that has died.
    pub async fn start_again(&mut self, name: Name) {
        self.running.remove(&name);
        self.start(name).await;
    }

    /// Takes the broker away; what it stored stays.
    pub fn stop_broker(&mut self) {
        match &mut self.ground {
            Ground::Twins { broker, .. } => broker.stop(),
            Ground::Real { nats, .. } => nats.kill(),
        }
    }

    /// Brings it back; does nothing when it is there.
    pub fn start_broker(&mut self) {
        match &mut self.ground {
            Ground::Twins { broker, .. } => broker.start(),
            Ground::Real { nats, .. } => nats.up_again(),
        }
    }

    /// Starts whatever has died. Gives the names.
    pub async fn revive(&mut self) -> Vec<Name> {
        let dead = self.dead();
        for name in &dead {
            self.start_again(*name).await;
        }
        dead
    }

    /// The broker's twin.
    ///
    /// # Panics
    /// On a cluster over real servers.
    pub fn broker(&self) -> &MemoryBroker {
        match &self.ground {
            Ground::Twins { broker, .. } => broker,
            Ground::Real { .. } => panic!("this cluster has a real broker"),
        }
    }

    /// The real broker.
    ///
    /// # Panics
    /// On a cluster over the twins.
    pub fn nats(&mut self) -> &mut Nats {
        match &mut self.ground {
            Ground::Real { nats, .. } => nats,
            Ground::Twins { .. } => panic!("this cluster has a twin of a broker"),
        }
    }

    /// The ledger's twin of a service.
    ///
    /// # Panics
    /// On a cluster over real servers.
    pub fn twin(&self, name: Name) -> &MemoryState {
        match &self.ground {
            Ground::Twins { ledgers, .. } => &ledgers[&name],
            Ground::Real { .. } => panic!("this cluster has real ledgers"),
        }
    }

    /// URL of a service's real database.
    ///
    /// # Panics
    /// On a cluster over the twins.
    pub fn database_url(&self, name: Name) -> String {
        match &self.ground {
            Ground::Real { databases, .. } => databases[&name].url.clone(),
            Ground::Twins { .. } => panic!("this cluster has twins of databases"),
        }
    }

    /// URLs of the real databases.
    pub fn database_urls(&self) -> Vec<String> {
        match &self.ground {
            Ground::Real { databases, .. } => databases.values().map(|database| database.url.clone()).collect(),
            Ground::Twins { .. } => Vec::new(),
        }
    }

    /// Sends a request to the intake as the test shop. `None` when the intake died meanwhile.
    ///
    /// # Panics
    /// When the answer is no HTTP.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Option<Answer> {
        let (node, Running::Ingest(_, router)) = self.running.get(&Name::Ingest)? else { return None };
        let mut request = http::Request::builder().method(method).uri(self.address(path));
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.header("authorization", format!("Bearer {API_KEY}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).expect("a request");
        let answer = async {
            match &self.wire {
                Wire::Simulated => wire::straight_in(router.clone(), request).await,
                Wire::Sockets { client, .. } => wire::over_the_wire(client, request).await,
            }
        };
        tokio::select! {
            biased;
            () = node.dead() => None,
            answer = answer => answer,
        }
    }

    fn address(&self, path: &str) -> String {
        match &self.wire {
            Wire::Sockets { door: Some(door), .. } => format!("http://{door}{path}"),
            _ => path.to_owned(),
        }
    }

    /// Posts an order. `None` when the intake died meanwhile.
    pub async fn post(&self, order: &Value) -> Option<Answer> {
        self.send("POST", "/v1/orders", &[("content-type", "application/json")], order.to_string()).await
    }

    /// What the shop is told about an order.
    ///
    /// # Panics
    /// When the intake is dead.
    pub async fn state(&self, id: &str) -> String {
        let answer = self.send("GET", &format!("/v1/orders/{id}"), &[], "").await.expect("the intake is alive");
        answer.body["state"].as_str().unwrap_or("?").to_owned()
    }

    /// What a service makes of a message: the command it becomes there, `ignored`, or why it cannot be read.
    ///
    /// # Errors
    /// When the service would bury it.
    ///
    /// # Panics
    /// When the service does not run.
    pub fn read(&self, name: Name, message: &runtime::Inbound) -> Result<String, String> {
        fn told<S: Service>(engine: &Engine<S>, message: &runtime::Inbound) -> Result<String, String> {
            match engine.service().inbound(message) {
                Ok(Routed::Command { place, .. }) => Ok(place.kind.to_owned()),
                Ok(Routed::Ignored) => Ok("ignored".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        }
        match &self.running.get(&name).expect("the service runs").1 {
            Running::Ingest(engine, _) => told(engine, message),
            Running::Payment(engine) => told(engine, message),
            Running::Erp(engine) => told(engine, message),
        }
    }

    /// All services as people may ask them.
    pub fn queries(&self) -> Vec<Arc<dyn Queryable>> {
        ALL.iter()
            .filter_map(|name| {
                Some(match &self.running.get(name)?.1 {
                    Running::Ingest(engine, _) => Arc::new(engine.clone()) as Arc<dyn Queryable>,
                    Running::Payment(engine) => Arc::new(engine.clone()),
                    Running::Erp(engine) => Arc::new(engine.clone()),
                })
            })
            .collect()
    }

    /// One line about an order from all ledgers, as `quittance orders` shows it.
    ///
    /// # Panics
    /// When a ledger does not answer.
    pub async fn summary(&self, id: &str) -> contracts::query::v1::OrderSummary {
        let order: OrderId = id.parse().expect("an order id");
        let mut summary = contracts::query::v1::OrderSummary::default();
        for part in self.queries() {
            if let Some(record) = part.order(order).await.expect("the ledger answers") {
                runtime::query::merge(&mut summary, record.summary.unwrap_or_default());
            }
        }
        summary
    }

    /// True when nothing is pending but what waits for an inquiry, a person or a far-off timer.
    pub async fn is_quiet(&self) -> bool {
        for part in self.queries() {
            match part.health().await {
                Ok(health) if health.outbox == 0 && health.effects_due == 0 => {}
                _ => return false,
            }
        }
        true
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for (node, _) in self.running.values() {
            node.kill();
        }
        if let Some(node) = &self.topology {
            node.kill();
        }
        if let Wire::Sockets { stop, .. } = &self.wire {
            stop.cancel();
        }
        self.world.kill();
    }
}

/// How long a drill may take to come to rest, in the cluster's own time.
pub const REST: Duration = Duration::from_secs(4 * 3600);
