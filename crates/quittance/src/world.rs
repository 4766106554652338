//! The whole world in one process, and its parts alone: services, topology role, sandbox.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use ::runtime::{
    config::{Mistakes, Source},
    process::{self, Hosted, Prepared, Process, ProcessConfig, RunError, StartError},
};
use anyhow::Context as _;
use contracts::MessageKind;
use erp_writer::ErpWriter;
use ingest_gateway::IngestGateway;
use payment_svc::PaymentService;
use sandbox::{Listeners, Sandbox, SandboxConfig};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::cli::{ConfigArgs, SandboxArgs};

/// What is used when no file is named.
const LAPTOP: &str = include_str!("../config/laptop.toml");
/// The section of the sandbox.
const SANDBOX: &str = "sandbox";
/// What stands where it says nothing.
const SANDBOX_DEFAULTS: &str = "latency_ms = 0";
/// Who listens to what: everything that the topology role keeps on the broker.
const SERVICES: [(&str, &[&MessageKind]); 3] = [
    (IngestGateway::NAME, IngestGateway::LISTENS),
    (PaymentService::NAME, PaymentService::LISTENS),
    (ErpWriter::NAME, ErpWriter::LISTENS),
];

/// Where the configuration comes from.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    file: Option<PathBuf>,
    flags: Vec<String>,
    /// Weaker than every flag and variable; stronger than the file.
    quieter: Vec<String>,
}

impl From<ConfigArgs> for Settings {
    fn from(args: ConfigArgs) -> Self {
        Self { file: args.config, flags: args.set, quieter: Vec::new() }
    }
}

impl Settings {
    /// Only the built-in laptop's world, with these values over it.
    pub fn laptop(flags: Vec<String>) -> Self {
        Self { flags, ..Self::default() }
    }

    /// The same, with a value that any flag or variable overrules.
    pub(crate) fn rather(mut self, flag: &str) -> Self {
        self.quieter.push(flag.to_owned());
        self
    }

    /// The configuration before it is read.
    pub(crate) fn source(&self) -> Source {
        let source = match &self.file {
            Some(path) => Source::gather(Some(path), [], &[]),
            None => Source::from_text(LAPTOP),
        };
        source.over([], &self.quieter).over(std::env::vars(), &self.flags)
    }
}

/// The section `[sandbox]`: where the simulated outside listens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SandboxSection {
    gateway: SocketAddr,
    erp: SocketAddr,
    shop: SocketAddr,
    pub(crate) control: SocketAddr,
    seed: Option<u64>,
    latency_ms: u64,
}

impl From<SandboxArgs> for SandboxSection {
    fn from(args: SandboxArgs) -> Self {
        let SandboxArgs { gateway, erp, shop, control, seed, latency_ms } = args;
        Self { gateway, erp, shop, control, seed: Some(seed), latency_ms }
    }
}

/// The simulated outside, being served.
pub(crate) struct Served {
    pub(crate) sandbox: Sandbox,
    stop: CancellationToken,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Serves the simulated outside until the result is dropped.
async fn serve(section: &SandboxSection) -> Result<Served, StartError> {
    let node = process::real_node(SANDBOX)?;
    // Numbers that differ from run to run: ledgers outlive the sandbox, and no number should mean two things.
    let config = SandboxConfig {
        seed: section.seed.unwrap_or_else(|| node.random()),
        latency: Duration::from_millis(section.latency_ms),
        ..SandboxConfig::default()
    };
    let sandbox = Sandbox::new(config, node.clone());
    let stop = serve_on(&node, &sandbox, [section.gateway, section.erp, section.shop, section.control]).await?;
    Ok(Served { sandbox, stop })
}

/// Serves given worlds on the gateway's, SYSPRO's, the shop's and the control's address, until the token is cancelled.
///
/// # Errors
/// When an address is taken.
pub async fn serve_on(
    node: &node::Node,
    sandbox: &Sandbox,
    [gateway, erp, shop, control]: [SocketAddr; 4],
) -> Result<CancellationToken, StartError> {
    let listeners = Listeners {
        gateway: process::listen(gateway).await?,
        erp: process::listen(erp).await?,
        shop: process::listen(shop).await?,
        control: process::listen(control).await?,
    };
    let stop = CancellationToken::new();
    let (served, until) = (sandbox.clone(), stop.clone());
    node.spawn(async move {
        if let Err(error) = sandbox::serve(served, listeners, until).await {
            tracing::error!(%error, "the sandbox ended");
        }
    });
    Ok(stop)
}

/// Everything that runs in this process, and where it listens.
pub(crate) struct World {
    pub(crate) outside: Option<Served>,
    pub(crate) shop_api: SocketAddr,
    pub(crate) control: Option<SocketAddr>,
    pub(crate) process: ProcessConfig,
    hosted: Process,
    telemetry: telemetry::Guard,
}

struct Read {
    process: ProcessConfig,
    outside: Option<SandboxSection>,
    ingest: Prepared<IngestGateway>,
    payment: Prepared<PaymentService>,
    erp: Prepared<ErpWriter>,
}

/// Reads everything and tells every mistake at once.
fn read(settings: &Settings, no_sandbox: bool) -> Result<Read, Mistakes> {
    let mut source = settings.source();
    let process = source.section::<ProcessConfig>(process::SECTION, process::DEFAULTS);
    let outside = if source.has(SANDBOX) && !no_sandbox {
        source.section::<SandboxSection>(SANDBOX, SANDBOX_DEFAULTS)
    } else {
        source.skip(SANDBOX);
        None
    };
    let ingest = Prepared::read(&mut source, process.as_ref());
    let payment = Prepared::read(&mut source, process.as_ref());
    let erp = Prepared::read(&mut source, process.as_ref());
    source.finish()?;
    match (process, ingest, payment, erp) {
        (Some(process), Some(ingest), Some(payment), Some(erp)) => Ok(Read { process, outside, ingest, payment, erp }),
        _ => Err(Mistakes(vec!["a section could not be read".to_owned()])),
    }
}

impl World {
    /// Starts the outside (where configured), the topology role and all services.
    pub(crate) async fn start(settings: &Settings, no_sandbox: bool) -> Result<Self, RunError> {
        let Read { process, outside, ingest, payment, erp } = read(settings, no_sandbox)?;
        let telemetry = telemetry::init(process.telemetry("quittance"));
        let shop_api = ingest.config().listen;
        let control = outside.as_ref().map(|section| section.control);
        let outside = match &outside {
            Some(section) => Some(serve(section).await?),
            None => None,
        };
        let mut hosted = Process::new(process.clone());
        hosted.keep_topology(&SERVICES).await?;
        hosted.start(ingest).await?;
        hosted.start(payment).await?;
        hosted.start(erp).await?;
        hosted.serve_operators(process.query, process.health).await?;
        Ok(Self { outside, shop_api, control, process, hosted, telemetry })
    }

    /// The URL of every service's ledger.
    pub(crate) fn ledgers(&self) -> Vec<(&'static str, String)> {
        process::ORDER.iter().map(|name| (*name, process::database_url(&self.process, name))).collect()
    }

    /// Stops the services, then the outside.
    pub(crate) async fn stop(self) {
        self.hosted.stop().await;
        drop(self.outside);
        self.telemetry.shutdown();
    }
}

/// `quittance up`.
#[expect(clippy::print_stdout, reason = "says where everything is")]
pub(crate) async fn up(settings: &Settings, no_sandbox: bool) -> Result<(), RunError> {
    let Some(world) = process::unless_stopped(World::start(settings, no_sandbox)).await else { return Ok(()) };
    let world = world?;
    println!("Quittance is up; Ctrl-C ends it.");
    println!("  orders in    http://{}/v1/orders   (described at /openapi.json)", world.shop_api);
    println!("  queries      http://{}   (quittance orders, quittance order N)", world.process.query);
    println!("  health       http://{}/readyz, /metrics", world.process.health);
    if let Some(control) = world.control {
        println!("  sandbox      http://{control}/   (books, faults, clock, tokens)");
    }
    process::signal().await;
    world.stop().await;
    Ok(())
}

/// `quittance run topology`: keeps the broker's streams and consumers.
pub(crate) async fn topology_alone(settings: &Settings) -> Result<(), RunError> {
    let mut source = settings.source();
    let config = source.section::<ProcessConfig>(process::SECTION, process::DEFAULTS);
    process::ORDER.into_iter().chain([SANDBOX]).for_each(|name| source.skip(name));
    source.finish()?;
    let config = config.ok_or_else(|| Mistakes(vec!["[process] could not be read".to_owned()]))?;
    let telemetry = telemetry::init(config.telemetry("topology"));
    let mut process = Process::new(config);
    process.keep_topology(&SERVICES).await?;
    process::signal().await;
    process.stop().await;
    telemetry.shutdown();
    Ok(())
}

/// `quittance sandbox`: the simulated outside alone.
#[expect(clippy::print_stdout, reason = "says where everything is")]
pub(crate) async fn sandbox_alone(section: SandboxSection) -> anyhow::Result<()> {
    let served = serve(&section).await.context("the sandbox")?;
    println!("The sandbox is up; Ctrl-C ends it.");
    println!(
        "  card gateway  http://{}   merchant {}, key id {}",
        section.gateway,
        sandbox::gateway::DEFAULT_MERCHANT,
        sandbox::gateway::DEFAULT_KEY_ID
    );
    println!("  SYSPRO        http://{}   operators QT1, QT2, QT3", section.erp);
    println!("  shop          http://{}/callbacks/<shop>", section.shop);
    println!("  control       http://{}/   (what can be asked of it, as text)", section.control);
    process::signal().await;
    drop(served);
    Ok(())
}
