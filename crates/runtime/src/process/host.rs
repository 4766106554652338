//! What a process hosts: one service, or all of them, each on a node of its own.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use bus::{Sizes, topology};
use contracts::MessageKind;
use node::Node;
use serde::de::DeserializeOwned;

use super::{ProcessConfig, StartError, database_url, listen, open_bus, open_ledger, real_node};
use crate::{
    Context, Engine, Service,
    config::Source,
    health::{self, Readiness},
    query::{self, Queryable},
};

/// A change of a service's own tables: number, name, SQL.
pub type Migration = (i64, &'static str, &'static str);

/// Stands for the ledger's address while the section that names it cannot be read.
const UNREAD_URL: &str = "postgres://localhost/unread";
/// While stopping it is looked this often whether calls are still under way.
const LOOK: Duration = Duration::from_millis(20);
/// Listeners may take this long to finish their last answers.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// A service that a process can host: everything its wiring needs to know.
pub trait Hosted: Service + Sized {
    /// Its name: on consumers, logs, the command line, and its section in the configuration.
    const NAME: &'static str;
    /// The defaults of its section.
    const DEFAULTS: &'static str;
    /// What it listens to.
    const LISTENS: &'static [&'static MessageKind];
    /// Tables of its own, beside the ledger's.
    const MIGRATIONS: &'static [Migration];
    /// Its section.
    type Config: DeserializeOwned + Send + Sync;

    /// Makes the service.
    ///
    /// # Errors
    /// Every mistake in the configuration, in words.
    fn make(config: &Self::Config, node: &Node, database_url: &str) -> Result<Arc<Self>, Vec<String>>;

    /// Called once its engine runs: what it begins by itself; most begin nothing.
    fn started(_config: &Self::Config, _engine: &Engine<Self>) {}

    /// What it serves over HTTP, and where; most serve nothing.
    fn http(_config: &Self::Config, _engine: &Engine<Self>) -> Option<(SocketAddr, Router)> {
        None
    }
}

/// A service whose configuration was found right, before anything is started.
pub struct Prepared<S: Hosted> {
    config: S::Config,
    node: Node,
    service: Arc<S>,
}

impl<S: Hosted> Prepared<S> {
    /// Reads the service's section. `None` when it has mistakes; [`Source::finish`] tells them.
    pub fn read(source: &mut Source, process: Option<&ProcessConfig>) -> Option<Self> {
        let config = source.section::<S::Config>(S::NAME, S::DEFAULTS)?;
        let node = real_node(S::NAME).map_err(|error| source.complain(S::NAME, [error.to_string()])).ok()?;
        // A mistake elsewhere does not hide those of this section: nothing connects here.
        let url = process.map_or_else(|| UNREAD_URL.to_owned(), |process| database_url(process, S::NAME));
        let service = S::make(&config, &node, &url).map_err(|mistakes| source.complain(S::NAME, mistakes)).ok()?;
        process.map(|_| Self { config, node, service })
    }

    /// Its section.
    pub fn config(&self) -> &S::Config {
        &self.config
    }
}

/// Everything that runs in this process.
pub struct Process {
    config: ProcessConfig,
    nodes: Vec<Node>,
    readiness: Vec<Arc<dyn Readiness>>,
    queries: Vec<Arc<dyn Queryable>>,
}

impl Process {
    /// A process that hosts nothing yet.
    pub fn new(config: ProcessConfig) -> Self {
        Self { config, nodes: Vec::new(), readiness: Vec::new(), queries: Vec::new() }
    }

    /// Starts a service: its ledger, its bus, its engine, its listener.
    ///
    /// # Errors
    /// When a server does not come up in time or a port is taken.
    pub async fn start<S: Hosted>(&mut self, prepared: Prepared<S>) -> Result<Engine<S>, StartError> {
        let Prepared { config, node, service } = prepared;
        // Connecting and migrating are large state machines; every caller would carry them.
        let ledger = Box::pin(open_ledger(&self.config, S::NAME, &node, S::MIGRATIONS)).await?;
        let bus = Box::pin(open_bus(&self.config, &node)).await?;
        let context = Context { node: node.clone(), ledger };
        let engine = crate::start(service, context, bus, self.config.settings());
        if let Some((address, router)) = S::http(&config, &engine) {
            health::serve(&node, listen(address).await?, router);
            tracing::info!(service = S::NAME, %address, "takes requests");
        }
        S::started(&config, &engine);
        self.nodes.push(node);
        self.readiness.push(Arc::new(engine.clone()));
        self.queries.push(Arc::new(engine.clone()));
        Ok(engine)
    }

    /// Keeps the broker's streams and consumers as these services need them, for as long as the process lives.
    ///
    /// # Errors
    /// When the broker cannot be used.
    pub async fn keep_topology(&mut self, services: &[(&str, &[&MessageKind])]) -> Result<(), StartError> {
        let node = real_node("topology")?;
        let bus = Box::pin(open_bus(&self.config, &node)).await?;
        node.spawn(topology::role(bus, node.clone(), crate::topology(Sizes::default(), services)));
        self.nodes.push(node);
        Ok(())
    }

    /// Serves health, metrics and queries for everything in this process.
    ///
    /// # Errors
    /// When a port is taken.
    pub async fn serve_operators(&self, query: SocketAddr, health: SocketAddr) -> Result<(), StartError> {
        let Some(node) = self.nodes.first() else { return Ok(()) };
        let (query, health) = (listen(query).await?, listen(health).await?);
        health::serve(node, health, health::router(self.readiness.clone()));
        query::serve(node, query, self.queries.clone());
        Ok(())
    }

    /// Stops everything: see [`stop`].
    pub async fn stop(self) {
        stop(&self.nodes, &self.readiness, self.config.settings().drain_limit).await;
    }
}

/// Stops the nodes of a process: nothing new is taken, calls under way may finish within `drain_limit`, the rest is
/// dropped and let go of. Dropping is safe: what was not committed did not happen, and what was committed is found again.
pub async fn stop(nodes: &[Node], parts: &[Arc<dyn Readiness>], drain_limit: Duration) {
    let deadline = tokio::time::Instant::now() + drain_limit;
    nodes.iter().for_each(Node::stop);
    while parts.iter().any(|part| part.is_calling()) && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(LOOK).await;
    }
    let answered = nodes.iter().map(|node| node.drained(LAST_ANSWERS));
    futures_util::future::join_all(answered).await;
    nodes.iter().for_each(Node::kill);
    for node in nodes {
        let _ = node.drained(LAST_ANSWERS).await;
    }
    futures_util::future::join_all(parts.iter().map(|part| part.let_go())).await;
}
