//! The real bus: NATS JetStream.
//!
//! Two connections, so that a flood of deliveries never stands in front of a receipt: one publishes and asks, the other
//! consumes. Both reconnect for ever. Nothing is queued while a connection is away: a publish fails at once and its
//! caller repeats it, because what a client buffers and sends later has already been reported as failed.

mod apply;
mod consume;
mod hints;
mod link;
mod publish;
mod stream_config;

use std::{sync::Arc, time::Duration};

use async_nats::{ConnectOptions, jetstream::context::GetStreamErrorKind, jetstream::stream::DirectGetErrorKind};
use bytes::Bytes;
use node::Node;
use tokio::sync::watch;

use self::link::Link;
use crate::{
    Bus, MESSAGE_ID_HEADER,
    error::BusError,
    subject::check_publishable,
    topology::{Consumer, Topology},
    types::{Broker, BusFuture, Hints, OutMessage, Reader, Receipt, StreamMark},
};

/// How long any question to the broker may take.
pub(crate) const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// How long [`JetStreamBus::connect`] waits for the first connection before it goes on without.
const FIRST_CONNECTION_LIMIT: Duration = Duration::from_secs(5);

/// How a connection logs in.
#[derive(Clone)]
pub enum Credentials {
    /// Name and password.
    Password {
        /// Who.
        user: String,
        /// The secret.
        password: String,
    },
    /// The text of a NATS credentials file: a JWT and its seed.
    File(String),
    /// The seed of an nkey.
    Nkey(String),
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(***)")
    }
}

/// How to reach the broker.
#[derive(Debug, Clone)]
pub struct BusConfig {
    /// `nats://host:port`; several separated by commas.
    pub url: String,
    /// The service's name: shown in the broker's list of connections, and part of its inbox prefix.
    pub name: String,
    /// How to log in, when the broker asks for it.
    pub credentials: Option<Credentials>,
}

impl BusConfig {
    /// A broker without a log-in, as on a laptop.
    pub fn new(url: impl Into<String>, name: impl Into<String>) -> Self {
        Self { url: url.into(), name: name.into(), credentials: None }
    }

    fn options(&self) -> Result<ConnectOptions, BusError> {
        let options = ConnectOptions::new();
        Ok(match &self.credentials {
            None => options,
            Some(Credentials::Password { user, password }) => options.user_and_password(user.clone(), password.clone()),
            Some(Credentials::Nkey(seed)) => options.nkey(seed.clone()),
            Some(Credentials::File(text)) => options
                .credentials(text)
                .map_err(|_| BusError::Misconfigured { detail: "the NATS credentials cannot be read".to_owned() })?,
        })
    }
}

/// A connected bus. Made by [`JetStreamBus::connect`], used as [`Bus`].
pub struct JetStreamBus {
    publishing: Arc<Link>,
    consuming: Arc<Link>,
    node: Node,
}

impl JetStreamBus {
    /// Connects. A broker that cannot be reached is no error: connecting goes on in the background for ever, and
    /// everything asked meanwhile fails as [`BusError::Disconnected`].
    ///
    /// # Errors
    /// [`BusError::Misconfigured`] when address or credentials cannot be read, [`BusError::TooOld`] when the broker
    /// answers and is older than 2.10.
    pub async fn connect(node: Node, config: BusConfig) -> Result<Bus, BusError> {
        let publishing = Link::open(node.clone(), &config, "publish").await?;
        let consuming = Link::open(node.clone(), &config, "consume").await?;
        let mut connections = publishing.connections();
        if let Ok(Ok(_)) = tokio::time::timeout(FIRST_CONNECTION_LIMIT, connections.wait_for(|count| *count > 0)).await
        {
            publishing.check_version()?;
        }
        // A service reads right away; the second connection is seldom later than the first.
        let mut connections = consuming.connections();
        let _ = tokio::time::timeout(Duration::from_secs(1), connections.wait_for(|count| *count > 0)).await;
        Ok(Arc::new(Self { publishing, consuming, node }))
    }
}

impl Broker for JetStreamBus {
    fn publish(&self, message: OutMessage) -> BusFuture<'_, Receipt> {
        Box::pin(publish::publish(&self.publishing, message))
    }

    fn reader<'a>(&'a self, consumer: &'a Consumer) -> BusFuture<'a, Box<dyn Reader>> {
        let reader = consume::JetStreamReader::new(self.consuming.clone(), self.node.clone(), consumer.clone());
        Box::pin(async move { Ok(Box::new(reader) as Box<dyn Reader>) })
    }

    fn mark<'a>(&'a self, bus_stream: &'a str) -> BusFuture<'a, Option<StreamMark>> {
        Box::pin(async move {
            let live = self.publishing.ready()?;
            match live.context.get_stream(bus_stream).await {
                Ok(stream) => {
                    let known = stream.cached_info();
                    Ok(Some(StreamMark { created: known.created, last_seq: known.state.last_sequence }))
                }
                Err(error) => match error.kind() {
                    GetStreamErrorKind::JetStream(error) if apply::is_missing(&error) => Ok(None),
                    _ => Err(apply::from_get_stream(bus_stream, &error)),
                },
            }
        })
    }

    fn id_at<'a>(&'a self, bus_stream: &'a str, seq: u64) -> BusFuture<'a, Option<String>> {
        Box::pin(async move {
            let live = self.publishing.ready()?;
            let what = || format!("message {seq} of {bus_stream}");
            let stream = live
                .context
                .get_stream_no_info(bus_stream)
                .await
                .map_err(|error| BusError::Refused { detail: error.to_string() })?;
            match stream.direct_get(seq).await {
                Ok(message) => Ok(message.headers.get(MESSAGE_ID_HEADER).map(|id| id.as_str().to_owned())),
                Err(error) => match error.kind() {
                    DirectGetErrorKind::NotFound => Ok(None),
                    DirectGetErrorKind::TimedOut => Err(BusError::Timeout { what: what(), limit: ANSWER_LIMIT }),
                    DirectGetErrorKind::ErrorResponse(async_nats::StatusCode::NO_RESPONDERS, _) => {
                        Err(BusError::NoStream { what: bus_stream.to_owned() })
                    }
                    _ => Err(BusError::Refused { detail: error.to_string() }),
                },
            }
        })
    }

    fn hint<'a>(&'a self, subject: &'a str, payload: Bytes) -> BusFuture<'a, ()> {
        Box::pin(async move {
            check_publishable(subject)?;
            let live = self.publishing.ready()?;
            live.client.publish(subject.to_owned(), payload).await.map_err(|_| BusError::Disconnected)
        })
    }

    fn hints<'a>(&'a self, subject: &'a str) -> BusFuture<'a, Box<dyn Hints>> {
        Box::pin(hints::listen(self.consuming.clone(), subject.to_owned()))
    }

    fn apply<'a>(&'a self, topology: &'a Topology) -> BusFuture<'a, ()> {
        Box::pin(async move { apply::apply(&self.publishing.ready()?.context, topology).await })
    }

    fn differences<'a>(&'a self, topology: &'a Topology) -> BusFuture<'a, Vec<String>> {
        Box::pin(async move { apply::differences(&self.publishing.ready()?.context, topology).await })
    }

    fn is_connected(&self) -> bool {
        self.publishing.is_connected() && self.consuming.is_connected()
    }

    fn connections(&self) -> watch::Receiver<u64> {
        self.publishing.connections()
    }
}
