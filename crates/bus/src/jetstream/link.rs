//! One connection that is always there again: reconnects by itself, and is replaced when that does not help.

use std::{
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_nats::{
    Client, ConnectOptions, Event,
    connection::State,
    jetstream::{self, context::ContextBuilder},
};
use fault::{Backoff, jittered};
use node::Node;
use tokio::{sync::watch, time::Instant};

use crate::{
    error::BusError,
    jetstream::{ANSWER_LIMIT, BusConfig},
};

/// Oldest server that knows several filters of one consumer; older ones ignore them silently.
const SERVER_OLDEST: (u64, u64) = (2, 10);
/// A silent broker is noticed after two of these.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// Receipts waited for at a time.
const RECEIPTS_WAITING_MAX: usize = 256;
/// Commands that wait for the connection's writer.
const WRITES_WAITING_MAX: usize = 512;
/// After so long without a success, while connected, the client is replaced: it keeps an entry for every answer that
/// never came, and nothing else lets go of them.
const FAILING_MAX: Duration = Duration::from_secs(60);
const RECONNECT: Backoff = Backoff { first: Duration::from_millis(50), most: Duration::from_secs(2) };

/// One connection and what is known about it.
pub(crate) struct Link {
    node: Node,
    config: BusConfig,
    purpose: &'static str,
    live: RwLock<Live>,
    gauges: Arc<Gauges>,
    failing_since: Mutex<Option<Instant>>,
    is_replacing: AtomicBool,
    /// The connection whose broker was last found recent enough.
    version_checked: AtomicU64,
}

/// The client in use.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) client: Client,
    pub(crate) context: jetstream::Context,
    is_running: Arc<AtomicBool>,
}

/// Counters that outlive a replaced client.
struct Gauges {
    /// Connections made.
    connections: watch::Sender<u64>,
    /// Connections made and lost: when it stands still, nothing happened.
    turns: watch::Sender<u64>,
}

/// Falls when the client's own tasks have ended, which an authorization error brings about.
struct Running(Arc<AtomicBool>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Link {
    pub(crate) async fn open(node: Node, config: &BusConfig, purpose: &'static str) -> Result<Arc<Self>, BusError> {
        let gauges = Arc::new(Gauges { connections: watch::channel(0).0, turns: watch::channel(0).0 });
        let live = dial(&node, config, purpose, &gauges).await?;
        Ok(Arc::new(Self {
            node,
            config: config.clone(),
            purpose,
            live: RwLock::new(live),
            gauges,
            failing_since: Mutex::new(None),
            is_replacing: AtomicBool::new(false),
            version_checked: AtomicU64::new(0),
        }))
    }

    /// The client, if connected to a broker that will do.
    pub(crate) fn ready(self: &Arc<Self>) -> Result<Live, BusError> {
        let live = self.live();
        if !live.is_running.load(Ordering::Acquire) {
            self.replace();
            return Err(BusError::Disconnected);
        }
        if live.client.connection_state() != State::Connected {
            return Err(BusError::Disconnected);
        }
        // A broker that was exchanged for an old one while we ran is an outage, not a bad message: transient.
        let connection = *self.gauges.connections.borrow();
        if self.version_checked.load(Ordering::Relaxed) != connection {
            check(&live.client).map_err(|error| BusError::Refused { detail: error.to_string() })?;
            self.version_checked.store(connection, Ordering::Relaxed);
        }
        Ok(live)
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.live().client.connection_state() == State::Connected
    }

    pub(crate) fn connections(&self) -> watch::Receiver<u64> {
        self.gauges.connections.subscribe()
    }

    /// Changes whenever a connection is made or lost.
    pub(crate) fn turns(&self) -> watch::Receiver<u64> {
        self.gauges.turns.subscribe()
    }

    pub(crate) fn check_version(&self) -> Result<(), BusError> {
        check(&self.live().client)
    }

    /// Remembers how a call went, and replaces a client that has long done nothing but fail.
    pub(crate) fn note(self: &Arc<Self>, is_failure: bool) {
        let mut since = self.failing_since.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_failure {
            *since = None;
        } else if since.get_or_insert_with(Instant::now).elapsed() > FAILING_MAX {
            *since = None;
            drop(since);
            self.replace();
        }
    }

    fn live(&self) -> Live {
        self.live.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Builds a new client beside the old one and swaps them; one at a time.
    fn replace(self: &Arc<Self>) {
        if self.is_replacing.swap(true, Ordering::AcqRel) {
            return;
        }
        let link = self.clone();
        self.node.spawn(async move {
            tracing::warn!(purpose = link.purpose, "building a new connection to the bus");
            metrics::counter!("bus_connections_replaced_total", "purpose" => link.purpose).increment(1);
            match dial(&link.node, &link.config, link.purpose, &link.gauges).await {
                Ok(live) => *link.live.write().unwrap_or_else(PoisonError::into_inner) = live,
                Err(error) => tracing::error!(%error, "could not build a new connection to the bus"),
            }
            link.gauges.turns.send_modify(|turn| *turn += 1);
            // Not again at once: a broker that refuses us would be asked in a tight circle.
            tokio::time::sleep(RECONNECT.most).await;
            link.is_replacing.store(false, Ordering::Release);
        });
    }
}

async fn dial(node: &Node, config: &BusConfig, purpose: &'static str, gauges: &Arc<Gauges>) -> Result<Live, BusError> {
    let is_running = Arc::new(AtomicBool::new(true));
    let running = Running(is_running.clone());
    let told = gauges.clone();
    let jitter = node.clone();
    let options: ConnectOptions = config
        .options()?
        .name(format!("{}/{purpose}", config.name))
        .custom_inbox_prefix(format!("_INBOX.{}", inbox_token(&config.name)))
        .ping_interval(PING_INTERVAL)
        .connection_timeout(ANSWER_LIMIT)
        .request_timeout(Some(ANSWER_LIMIT))
        .client_capacity(WRITES_WAITING_MAX)
        .max_reconnects(None)
        .retry_on_initial_connect()
        .reconnect_delay_callback(move |attempts| {
            let failures = u32::try_from(attempts).unwrap_or(u32::MAX);
            jittered(RECONNECT.delay(failures), jitter.random())
        })
        .event_callback(move |event| {
            // Held by the callback, which the client drops when its tasks end.
            let _ = &running;
            tell(&told, purpose, &event);
            std::future::ready(())
        });
    let client = options
        .connect(config.url.as_str())
        .await
        .map_err(|error| BusError::Misconfigured { detail: format!("cannot connect: {error}") })?;
    let context = ContextBuilder::new()
        .timeout(ANSWER_LIMIT)
        .ack_timeout(ANSWER_LIMIT)
        .max_ack_inflight(RECEIPTS_WAITING_MAX)
        .backpressure_on_inflight(true)
        .build(client.clone());
    Ok(Live { client, context, is_running })
}

fn tell(gauges: &Gauges, purpose: &'static str, event: &Event) {
    match event {
        Event::Connected => {
            tracing::info!(purpose, "connected to the bus");
            metrics::counter!("bus_connections_total", "purpose" => purpose).increment(1);
            gauges.connections.send_modify(|count| *count += 1);
            gauges.turns.send_modify(|turn| *turn += 1);
        }
        Event::Disconnected | Event::Closed => {
            tracing::warn!(purpose, "the connection to the bus is lost");
            metrics::counter!("bus_disconnections_total", "purpose" => purpose).increment(1);
            gauges.turns.send_modify(|turn| *turn += 1);
        }
        Event::SlowConsumer(_) => {
            // We read slower than the broker sends although we ask for every message: a mistake of ours.
            tracing::error!(purpose, "messages of the bus were dropped inside this process");
            metrics::counter!("bus_slow_consumer_total", "purpose" => purpose).increment(1);
        }
        Event::LameDuckMode | Event::Draining | Event::ServerError(_) | Event::ClientError(_) => {
            tracing::debug!(purpose, %event, "event of the bus's connection");
        }
    }
}

/// Refuses what is older than [`SERVER_OLDEST`]; an unknown version is one that has not been told yet.
fn check(client: &Client) -> Result<(), BusError> {
    let version = client.server_info().version;
    let mut numbers = version.split(['.', '-']).map_while(|part| part.parse::<u64>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) if (major, minor) < SERVER_OLDEST => Err(BusError::TooOld { version }),
        _ => Ok(()),
    }
}

fn inbox_token(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' }).collect()
}
