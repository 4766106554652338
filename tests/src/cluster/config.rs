//! One configuration for all services of the cluster, in the words that a file would have.

use std::{net::SocketAddr, time::Duration};

use runtime::Settings;
use sandbox::{
    Sandbox, SandboxConfig, WorldName,
    faults::{FaultKind, FaultRule},
    gateway::GatewayConfig,
};

use crate::orders::REFUSED_SKU;

/// The key of the test shop.
pub const API_KEY: &str = "test-shop-key";

/// A shop that sends WooCommerce's own format.
pub const WOO_SHOP: &str = "woo-shop";

/// The secret under which it signs.
pub const WOO_SECRET: &str = "test-woo-secret";

/// Where the outside worlds are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outside {
    pub(super) gateway: SocketAddr,
    pub(super) erp: SocketAddr,
    pub(super) shop: SocketAddr,
}

impl Default for Outside {
    /// The laptop's ports, which nothing but a simulated network listens on.
    fn default() -> Self {
        let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        Self { gateway: at(9100), erp: at(9200), shop: at(9300) }
    }
}

/// What a drill shortens or stretches.
#[derive(Debug, Clone)]
pub struct Drill {
    /// The longest call to the gateway.
    pub gateway_limit: Duration,
    /// The longest post to SYSPRO; a query may take as long.
    pub syspro_limit: Duration,
    /// Added to a call's limit to make a lease.
    pub lease_margin: Duration,
    /// Due effects and forgotten messages are looked for this often.
    pub poll_every: Duration,
    /// When a question is asked again.
    pub ask_again_after: Duration,
}

impl Drill {
    /// The numbers of production.
    pub fn long() -> Self {
        Self {
            gateway_limit: Duration::from_secs(30),
            syspro_limit: Duration::from_secs(30),
            lease_margin: Duration::from_secs(15),
            poll_every: Duration::from_secs(1),
            ask_again_after: Duration::from_secs(30),
        }
    }

    /// Short enough to be waited for in earnest.
    pub fn short() -> Self {
        Self {
            gateway_limit: Duration::from_millis(1000),
            syspro_limit: Duration::from_millis(400),
            lease_margin: Duration::from_millis(500),
            poll_every: Duration::from_millis(200),
            ask_again_after: Duration::from_secs(3),
        }
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            workers: 4,
            poll_every: self.poll_every,
            lease_margin: self.lease_margin,
            compare_bus_every: Duration::from_secs(10),
            ask_again_after: vec![self.ask_again_after, self.ask_again_after * 2, self.ask_again_after * 4],
            ..Settings::default()
        }
    }
}

pub(super) fn sandbox(seed: u64) -> SandboxConfig {
    // Amounts must not act: the workload says what happens, not the cents.
    let gateway = GatewayConfig { are_triggers_on: false, ..GatewayConfig::default() };
    SandboxConfig { seed, gateway, ..SandboxConfig::default() }
}

/// SYSPRO looks fine at this item and refuses the order.
pub(super) fn refuse_item(sandbox: &Sandbox) {
    sandbox.add_fault(
        FaultRule::always(WorldName::Erp, "AddSalesOrder", FaultKind::ErrorBefore(422)).matching(REFUSED_SKU),
    );
}

pub(super) fn text(drill: &Drill, outside: &Outside) -> String {
    let Outside { gateway, erp, shop } = outside;
    let (gateway_ms, syspro_ms) = (drill.gateway_limit.as_millis(), drill.syspro_limit.as_millis());
    format!(
        r#"
[ingest-gateway]
master_key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
allow_private_callbacks = true
[ingest-gateway.shops.test-shop]
pair = "demo"
api_key_sha256 = "{key}"
order_prefix = "T-"
callback = {{ url = "http://{shop}/callbacks/test-shop", secret = "sandbox-callback-secret" }}
[ingest-gateway.shops.{WOO_SHOP}]
pair = "demo"
api_key_sha256 = "{woo_key}"
order_prefix = "W-"
adapter = {{ kind = "woocommerce", secret = "{WOO_SECRET}" }}
callback = {{ url = "http://{shop}/callbacks/{WOO_SHOP}", secret = "sandbox-callback-secret" }}

[payment-svc]
master_key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
[payment-svc.pairs.demo.gateway]
base_url = "http://{gateway}"
merchant = "sim_merchant_01"
key_id = "3f2b6c1e-0000-4000-8000-00000000c0de"
secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
call_limit_ms = {gateway_ms}
[payment-svc.pairs.demo.policies]
open_for_s = 0

[erp-writer]
master_key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
[erp-writer.pairs.demo]
time_zone = "Europe/Berlin"
warehouse = "MAIN"
[erp-writer.pairs.demo.syspro]
base_url = "http://{erp}"
query_limit_ms = {syspro_ms}
post_limit_ms = {syspro_ms}
operators = [
  {{ name = "QT1", api_key = "sim-operator-key-1" }},
  {{ name = "QT2", api_key = "sim-operator-key-2" }},
  {{ name = "QT3", api_key = "sim-operator-key-3" }},
]
"#,
        key = hashed(API_KEY),
        woo_key = hashed(WOO_SHOP),
    )
}

fn hashed(key: &str) -> String {
    hex::encode(<sha2::Sha256 as sha2::Digest>::digest(key.as_bytes()))
}
