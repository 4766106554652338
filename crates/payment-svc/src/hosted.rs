//! What a process needs to host this service.

use std::sync::Arc;

use contracts::MessageKind;
use node::Node;
use runtime::process::{Hosted, Migration};

use crate::{Config, PaymentService, config, inbound};

impl Hosted for PaymentService {
    const NAME: &'static str = crate::NAME;
    const DEFAULTS: &'static str = config::DEFAULTS;
    const LISTENS: &'static [&'static MessageKind] = inbound::LISTENS;
    const MIGRATIONS: &'static [Migration] = &[];
    type Config = Config;

    fn make(config: &Config, node: &Node, _database_url: &str) -> Result<Arc<Self>, Vec<String>> {
        crate::service(config, node)
    }
}
