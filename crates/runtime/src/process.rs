//! One process: its servers, its listeners, its signals. The same for a thin binary and for all services in one.

mod host;
mod thin;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bus::{Bus, BusConfig, JetStreamBus};
use ledger::{Ledger, PostgresConfig, PostgresLedger};
use node::{Node, NodeBuilder, RealTransport};
use serde::Deserialize;
use telemetry::TelemetryConfig;
use tokio::net::TcpListener;

use crate::Settings;

pub use self::{
    host::{Hosted, Migration, Prepared, Process, stop},
    thin::{RunError, main, run},
};

/// The section of the configuration that every process reads.
pub const SECTION: &str = "process";
/// Its defaults: the laptop's.
pub const DEFAULTS: &str = include_str!("../config/process.toml");
/// Services in the order the money moves: a service's place in it decides a service's ports.
pub const ORDER: [&str; 3] = ["ingest-gateway", "payment-svc", "erp-writer"];
/// Between two attempts to reach a server at start.
const RETRY: Duration = Duration::from_millis(300);
/// Of so many failed attempts one is told.
const TOLD_EVERY: u32 = 10;
/// How long a server may take to come up before the start fails.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Servers and listeners of one process.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessConfig {
    /// The ledger; `{service}` becomes the service's name with underscores: a database per service.
    pub postgres_url: String,
    /// Create a database that is missing. For laptops: elsewhere the service's role may not.
    pub create_databases: bool,
    /// The broker.
    pub nats_url: String,
    /// First port of the queries (gRPC); services follow in order, one for all when they share a process.
    pub query: SocketAddr,
    /// First port of health and metrics.
    pub health: SocketAddr,
    /// What is logged: `info`, or directives such as `payment_svc=debug,info`.
    pub log: String,
    /// Log lines as JSON.
    pub log_json: bool,
    /// Where traces go (OTLP over gRPC); empty for nowhere.
    pub otlp_endpoint: String,
    /// Due effects and forgotten messages are looked for this often.
    pub poll_every_ms: u64,
    /// Added to a call's limit to make a lease. Drills shorten it.
    pub lease_margin_ms: u64,
    /// How often what the broker has is compared with what it acknowledged.
    pub compare_bus_every_s: u64,
    /// When a question that got no answer is asked again, in seconds; the last entry repeats.
    pub ask_again_after_s: Vec<u64>,
    /// Connections to the ledger, besides the writer's own.
    pub connections_max: usize,
}

impl ProcessConfig {
    /// The numbers of the engine.
    pub fn settings(&self) -> Settings {
        Settings {
            poll_every: Duration::from_millis(self.poll_every_ms.max(10)),
            lease_margin: Duration::from_millis(self.lease_margin_ms),
            compare_bus_every: Duration::from_secs(self.compare_bus_every_s.max(1)),
            ask_again_after: self
                .ask_again_after_s
                .iter()
                .map(|seconds| Duration::from_secs((*seconds).max(1)))
                .collect(),
            ..Settings::default()
        }
    }

    /// What a process of this name says about itself.
    pub fn telemetry(&self, name: &str) -> TelemetryConfig {
        TelemetryConfig {
            service: name.to_owned(),
            otlp_endpoint: Some(self.otlp_endpoint.clone()).filter(|endpoint| !endpoint.is_empty()),
            log_json: self.log_json,
            filter: self.log.clone(),
        }
    }

    /// The address of a service's listener, given the first one.
    pub fn address_of(first: SocketAddr, service: &str) -> SocketAddr {
        let place = ORDER.iter().position(|name| *name == service).unwrap_or(0);
        let mut address = first;
        address.set_port(first.port().saturating_add(u16::try_from(place).unwrap_or(0)));
        address
    }
}

/// Why a process could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Something listens there already.
    #[error("cannot listen on {address}: {why}; is another Quittance up? (stop it, or name another port)")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        why: std::io::Error,
    },
    /// The database does not answer or its schema cannot be brought up to date.
    #[error("the ledger of {service} at {url}: {why}; is Postgres up? (`make up` starts one)")]
    Ledger {
        /// Whose.
        service: String,
        /// Where, without a password.
        url: String,
        /// Why.
        why: String,
    },
    /// The broker does not answer.
    #[error("the broker at {url}: {why}; is NATS up? (`make up` starts one)")]
    Bus {
        /// Where.
        url: String,
        /// Why.
        why: String,
    },
    /// No HTTP client can be made.
    #[error("no HTTP client: {0}")]
    Http(String),
    /// The machine gives no threads.
    #[error("no runtime: {0}")]
    Runtime(String),
}

/// A real node for a service.
///
/// # Errors
/// When TLS cannot be set up.
pub fn real_node(name: &str) -> Result<Node, StartError> {
    let transport = RealTransport::new().map_err(|error| StartError::Http(error.to_string()))?;
    Ok(NodeBuilder::real(name, Arc::new(transport)).build())
}

/// The database URL of a service.
pub fn database_url(config: &ProcessConfig, service: &str) -> String {
    config.postgres_url.replace("{service}", &service.replace('-', "_"))
}

/// The runtime of a process: worker threads for half the cores, at least one. The services of one machine share it with each
/// other, with the ledger and with the broker; threads that find no work cost those that do. `TOKIO_WORKER_THREADS` says
/// otherwise.
///
/// # Errors
/// When the system gives no threads.
pub fn tokio_runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if std::env::var_os("TOKIO_WORKER_THREADS").is_none() {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        builder.worker_threads((cores / 2).max(1));
    }
    builder.enable_all().build()
}

/// The URL without its password, for people.
fn shown(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            let user = url[scheme + 3..at].split(':').next().unwrap_or_default();
            format!("{}{user}@{}", &url[..scheme + 3], &url[at + 1..])
        }
        _ => url.to_owned(),
    }
}

/// Opens a service's ledger: waits for the server, creates the database where allowed, brings the schema up to date.
///
/// # Errors
/// When the server does not come up in time or refuses.
pub async fn open_ledger(
    config: &ProcessConfig,
    service: &str,
    node: &Node,
    migrations: &[Migration],
) -> Result<Ledger, StartError> {
    let url = database_url(config, service);
    let failed = |why: String| StartError::Ledger { service: service.to_owned(), url: shown(&url), why };
    let started = tokio::time::Instant::now();
    let mut attempts = 0;
    loop {
        let opened = async {
            if config.create_databases {
                ledger::create_database(&url).await?;
            }
            ledger::migrate(&url, migrations).await?;
            PostgresLedger::connect(
                node.clone(),
                PostgresConfig { connections_max: config.connections_max, ..PostgresConfig::new(&url) },
            )
            .await
        };
        match opened.await {
            Ok(ledger) => return Ok(ledger),
            Err(error) if started.elapsed() > START_LIMIT => return Err(failed(error.to_string())),
            Err(error) if matches!(fault::Classify::class(&error), fault::Class::Permanent) => {
                return Err(failed(error.to_string()));
            }
            Err(error) if attempts % TOLD_EVERY == 0 => tracing::info!(%error, service, "waiting for the ledger"),
            Err(_) => {}
        }
        attempts += 1;
        tokio::time::sleep(RETRY).await;
    }
}

/// Connects to the broker. It need not be up: the connection is tried for ever.
///
/// # Errors
/// When it is older than we can use, or the URL is wrong.
pub async fn open_bus(config: &ProcessConfig, node: &Node) -> Result<Bus, StartError> {
    let connected = JetStreamBus::connect(node.clone(), BusConfig::new(config.nats_url.clone(), node.name())).await;
    connected.map_err(|error| StartError::Bus { url: shown(&config.nats_url), why: error.to_string() })
}

/// Listens on an address.
///
/// # Errors
/// When it is taken.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|why| StartError::Listen { address, why })
}

/// Does something, unless a signal asks for the end before it is done.
pub async fn unless_stopped<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = signal() => None,
        done = work => Some(done),
    }
}

/// Resolves at SIGINT or SIGTERM.
pub async fn signal() {
    let interrupt = tokio::signal::ctrl_c();
    let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
        let _ = interrupt.await;
        return;
    };
    tokio::select! {
        biased;
        _ = terminate.recv() => {}
        _ = interrupt => {}
    }
}
