//! What a process needs to host this service.

use std::sync::Arc;

use contracts::MessageKind;
use node::Node;
use runtime::process::{Hosted, Migration};

use crate::{Config, DEFAULTS, ErpWriter, LISTENS, MIGRATION, PostgresLeases};

impl Hosted for ErpWriter {
    const NAME: &'static str = crate::NAME;
    const DEFAULTS: &'static str = DEFAULTS;
    const LISTENS: &'static [&'static MessageKind] = LISTENS;
    const MIGRATIONS: &'static [Migration] = &[MIGRATION];
    type Config = Config;

    fn make(config: &Config, node: &Node, database_url: &str) -> Result<Arc<Self>, Vec<String>> {
        let leases = PostgresLeases::new(database_url).map_err(|error| vec![error.to_string()])?;
        crate::service(config, node, Arc::new(leases))
    }
}
