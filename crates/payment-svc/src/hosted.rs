//! What a process needs to host this service.

use std::{sync::Arc, time::Duration};

use contracts::MessageKind;
use node::Node;
use runtime::{
    Engine,
    process::{Hosted, Migration},
};

use crate::{Config, PaymentService, config, inbound};

/// When a sweep could not begin.
const BEGIN_AGAIN: Duration = Duration::from_secs(5);

impl Hosted for PaymentService {
    const NAME: &'static str = crate::NAME;
    const DEFAULTS: &'static str = config::DEFAULTS;
    const LISTENS: &'static [&'static MessageKind] = inbound::LISTENS;
    const MIGRATIONS: &'static [Migration] = &[];
    type Config = Config;

    fn make(config: &Config, node: &Node, _database_url: &str) -> Result<Arc<Self>, Vec<String>> {
        crate::service(config, node)
    }

    fn started(config: &Config, engine: &Engine<Self>) {
        let (config, engine) = (config.clone(), engine.clone());
        let node = engine.context().node.clone();
        drop(node.spawn(async move {
            while let Err(error) = crate::begin_sweeps(&engine, &config).await {
                tracing::warn!(%error, "the sweep of the gateway did not begin; tried again");
                tokio::time::sleep(BEGIN_AGAIN).await;
            }
        }));
    }
}
