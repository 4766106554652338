//! What a process needs to host this service.

use std::{net::SocketAddr, sync::Arc};

use axum::Router;
use contracts::MessageKind;
use node::Node;
use runtime::{
    Engine,
    process::{Hosted, Migration},
};

use crate::{Config, IngestGateway, config, http, inbound};

impl Hosted for IngestGateway {
    const NAME: &'static str = crate::NAME;
    const DEFAULTS: &'static str = config::DEFAULTS;
    const LISTENS: &'static [&'static MessageKind] = inbound::LISTENS;
    const MIGRATIONS: &'static [Migration] = &[];
    type Config = Config;

    fn make(config: &Config, _node: &Node, _database_url: &str) -> Result<Arc<Self>, Vec<String>> {
        crate::service(config)
    }

    fn http(config: &Config, engine: &Engine<Self>) -> Option<(SocketAddr, Router)> {
        Some((config.listen, http::router(engine.clone())))
    }
}
