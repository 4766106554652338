//! Three service processes and the topology role, over databases and a broker of their own.

use std::{
    collections::BTreeMap,
    fs::File,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use quittance::{ports::Ports, world};
use sandbox::{Sandbox, SandboxConfig, gateway::GatewayConfig};
use testkit::{
    servers::{Database, Nats},
    within,
};
use tokio_util::sync::CancellationToken;

/// The services, in the order the money moves.
pub const SERVICES: [&str; 3] = ["ingest-gateway", "payment-svc", "erp-writer"];
const TOPOLOGY: &str = "topology";
/// Every answer of the outside takes this long, so that there is something under way to be killed.
const LATENCY: Duration = Duration::from_millis(20);
/// How long processes may take to be ready.
const READY_LIMIT: Duration = Duration::from_secs(40);
/// How long a process may take to end when asked to.
const STOP_LIMIT: Duration = Duration::from_secs(20);
/// Short limits and leases, so that what a death left behind is found soon.
const SHORT: [&str; 9] = [
    "ingest-gateway.callback_limit_ms=1500",
    "payment-svc.pairs.demo.gateway.call_limit_ms=1500",
    "payment-svc.inquiry_after_s=600",
    "erp-writer.pairs.demo.syspro.query_limit_ms=500",
    "erp-writer.pairs.demo.syspro.post_limit_ms=1000",
    "process.lease_margin_ms=500",
    "process.poll_every_ms=200",
    "process.compare_bus_every_s=2",
    "process.ask_again_after_s=[2, 4, 8]",
];

/// A running cluster.
pub struct Cluster {
    pub ports: Ports,
    pub sandbox: Sandbox,
    pub nats: Nats,
    purpose: &'static str,
    children: BTreeMap<&'static str, Child>,
    databases: BTreeMap<&'static str, Database>,
    flags: Vec<String>,
    outside: CancellationToken,
}

impl Cluster {
    /// Starts everything and waits until it is ready.
    pub async fn start(purpose: &'static str) -> Self {
        let ports = Ports::free().expect("free ports");
        let node = runtime::process::real_node("sandbox").expect("a node");
        let config = SandboxConfig {
            seed: 3,
            latency: LATENCY,
            gateway: GatewayConfig { are_triggers_on: false, ..GatewayConfig::default() },
            ..SandboxConfig::default()
        };
        let sandbox = Sandbox::new(config, node.clone());
        let outside = world::serve_on(&node, &sandbox, ports.outside()).await.expect("the outside is served");
        let mut databases = BTreeMap::new();
        for name in SERVICES {
            databases.insert(name, Database::create(&name.replace('-', "_")).await);
        }
        let nats = Nats::start();
        let mut flags = ports.flags("postgres://none/none", &nats.url, "none");
        flags.extend(SHORT.map(str::to_owned));
        let children = BTreeMap::new();
        let mut cluster = Self { ports, sandbox, nats, purpose, children, databases, flags, outside };
        cluster.spawn(TOPOLOGY);
        SERVICES.iter().for_each(|name| cluster.spawn(name));
        cluster.ports.ready(READY_LIMIT).await.expect("all services get ready");
        cluster
    }

    /// Starts a service as a process of its own.
    pub fn spawn(&mut self, name: &'static str) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quittance"));
        command.args(["run", name]);
        for flag in &self.flags {
            command.args(["--set", flag]);
        }
        if let Some(database) = self.databases.get(name) {
            command.arg("--set").arg(format!("process.postgres_url={}", database.url));
        }
        // What a process says is kept for whoever looks into a failure.
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let log = File::options().create(true).append(true).open(folder.join(format!("{}-{name}.log", self.purpose)));
        let said = log.map_or_else(|_| Stdio::null(), Stdio::from);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said).spawn();
        self.children.insert(name, child.expect("the binary starts"));
    }

    /// SIGKILL.
    pub fn kill(&mut self, name: &str) {
        if let Some(mut child) = self.children.remove(name) {
            child.kill().expect("it can be killed");
            child.wait().expect("it is gone");
        }
    }

    /// SIGTERM; true when it then ends with 0.
    pub async fn stop(&mut self, name: &str) -> bool {
        let Some(mut child) = self.children.remove(name) else { return false };
        let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        assert!(asked.is_ok_and(|status| status.success()), "{name} is asked to stop");
        let ended = || std::future::ready(child.try_wait().ok().flatten());
        within(STOP_LIMIT, "a process that was asked to stop ends", ended).await.success()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for child in self.children.values_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
        self.outside.cancel();
    }
}
