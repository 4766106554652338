//! Hints: plain messages, lost while nobody listens.

use std::{sync::Arc, time::Duration};

use async_nats::Subscriber;
use futures_util::StreamExt;

use crate::{
    error::BusError,
    jetstream::link::Link,
    types::{HintFuture, Hints},
};

/// Before listening again after the connection was replaced.
const LISTEN_AGAIN: Duration = Duration::from_millis(500);

pub(super) async fn listen(link: Arc<Link>, subject: String) -> Result<Box<dyn Hints>, BusError> {
    let from = subscribe(&link, &subject).await.ok();
    Ok(Box::new(JetStreamHints { link, subject, from }))
}

struct JetStreamHints {
    link: Arc<Link>,
    subject: String,
    /// `None` while not connected for the first time, or after the client was replaced.
    from: Option<Subscriber>,
}

impl Hints for JetStreamHints {
    fn next(&mut self) -> HintFuture<'_> {
        Box::pin(async move {
            loop {
                match &mut self.from {
                    Some(from) => match from.next().await {
                        Some(message) => return Some((message.subject.to_string(), message.payload)),
                        None => self.from = None,
                    },
                    None => match subscribe(&self.link, &self.subject).await {
                        Ok(from) => self.from = Some(from),
                        Err(_) => tokio::time::sleep(LISTEN_AGAIN).await,
                    },
                }
            }
        })
    }
}

async fn subscribe(link: &Arc<Link>, subject: &str) -> Result<Subscriber, BusError> {
    let live = link.ready()?;
    live.client.subscribe(subject.to_owned()).await.map_err(|_| BusError::Disconnected)
}
