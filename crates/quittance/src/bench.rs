//! Orders per second of three service processes against real servers, beside a reference of the same run.
//!
//! A closed loop: so many orders in flight, each sent with `Prefer: wait` and counted when it is completed. The outside
//! worlds answer at once and live in this process, so that their CPU is not counted as ours.

mod machine;
mod reference;
mod wal;

use std::{
    collections::BTreeMap,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use contracts::query::v1::{GetHealthRequest, LedgerHealth, ledger_query_client::LedgerQueryClient};
use sandbox::{Sandbox, SandboxConfig, gateway::GatewayConfig};
use sqlx::{Connection as _, PgConnection, Row as _};

use crate::{
    cli::BenchArgs,
    orders::{self, Shop},
    ports::Ports,
    world,
};

/// The three service processes, in the order the money moves.
const SERVICES: [&str; 3] = ["ingest-gateway", "payment-svc", "erp-writer"];
/// The one that keeps the broker's streams.
const TOPOLOGY: &str = "topology";
/// How long the processes may take to be ready.
const READY_LIMIT: Duration = Duration::from_secs(30);
/// Longest wait for one order.
const ORDER_LIMIT: Duration = Duration::from_secs(60);
/// What the first version should reach: the share of the reference, milliseconds of CPU per order, MiB per service,
/// percent of a core while idle.
const GOALS: (f64, f64, f64, f64) = (0.12, 3.0, 64.0, 1.0);

/// A child that does not survive us.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the measurement and prints it.
#[expect(clippy::print_stdout, reason = "the figures are what this command is for")]
pub(crate) async fn run(args: BenchArgs) -> anyhow::Result<()> {
    let (admin_url, nats_url) = servers()?;
    println!("reference: five single-row commits per order on 32 connections, {} s …", args.reference);
    let reference = reference::measure(&admin_url, Duration::from_secs(args.reference)).await?;
    println!("reference: {reference:.0} orders/s");

    let ports = Ports::free()?;
    let node = ::runtime::process::real_node("sandbox")?;
    let sandbox = quiet_sandbox(&node);
    let outside = world::serve_on(&node, &sandbox, ports.outside()).await?;
    let flags = ports.flags(&admin_url, &nats_url, "bench");
    let topology = spawn(TOPOLOGY, &flags)?;
    let services: Vec<Service> = SERVICES.iter().map(|name| spawn(name, &flags)).collect::<anyhow::Result<_>>()?;
    ports.ready(READY_LIMIT).await?;
    println!(
        "three processes are ready; {} orders in flight, {} s warm-up, {} s measured …",
        args.in_flight, args.warm_up, args.seconds
    );

    let shop = Shop::api(&ports)?;
    let load = Load::start(args.in_flight, &shop, &sandbox);
    tokio::time::sleep(Duration::from_secs(args.warm_up)).await;
    let mut postgres = PgConnection::connect(&admin_url).await?;
    let groups = groups(&services, &topology, &mut postgres, &nats_url).await?;
    let before = Sample::take(&groups, &mut postgres, &ports).await?;
    load.reset();
    tokio::time::sleep(Duration::from_secs(args.seconds)).await;
    let (latencies, failures) = load.taken();
    let after = Sample::take(&groups, &mut postgres, &ports).await?;
    load.stop().await;
    ensure!(!latencies.is_empty(), "no order was completed: {}", failures.join("; "));
    report(&args, reference, &before, &after, latencies, &failures);
    for (name, service) in SERVICES.iter().zip(&services) {
        println!("  {name:<15} {:6.1} MiB PSS", machine::pss_mib(service.0.id()));
    }
    if args.idle > 0 {
        println!("idle world, {} s …", args.idle);
        tokio::time::sleep(Duration::from_secs(5)).await;
        let before = machine::Clocked::read(&groups);
        tokio::time::sleep(Duration::from_secs(args.idle)).await;
        let used: f64 = machine::Clocked::read(&groups).since(&before).values().sum();
        println!("idle: {:.2} % of a core (ours, Postgres, NATS; goal {})", 100.0 * used / seconds(args.idle), GOALS.3);
    }
    outside.cancel();
    Ok(())
}

/// Worlds that answer at once and never object.
fn quiet_sandbox(node: &node::Node) -> Sandbox {
    let gateway = GatewayConfig { are_triggers_on: false, ..GatewayConfig::default() };
    Sandbox::new(SandboxConfig { seed: 1, gateway, ..SandboxConfig::default() }, node.clone())
}

fn servers() -> anyhow::Result<(String, String)> {
    match (std::env::var("QUITTANCE_POSTGRES_URL"), std::env::var("QUITTANCE_NATS_URL")) {
        (Ok(postgres), Ok(nats)) => Ok((postgres, nats)),
        _ => bail!(
            "QUITTANCE_POSTGRES_URL and QUITTANCE_NATS_URL are not set: run `make bench`, which starts durable servers of its own"
        ),
    }
}

fn spawn(name: &str, flags: &[String]) -> anyhow::Result<Service> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["run", name]);
    for flag in flags {
        command.args(["--set", flag]);
    }
    command.env("RUST_BACKTRACE", "0").stdin(Stdio::null()).stdout(Stdio::null());
    Ok(Service(command.spawn().with_context(|| format!("{name} does not start"))?))
}

async fn groups(
    services: &[Service],
    topology: &Service,
    postgres: &mut PgConnection,
    nats_url: &str,
) -> anyhow::Result<BTreeMap<&'static str, Vec<u32>>> {
    let mut groups: BTreeMap<&'static str, Vec<u32>> =
        SERVICES.iter().zip(services).map(|(name, service)| (*name, vec![service.0.id()])).collect();
    groups.insert(TOPOLOGY, vec![topology.0.id()]);
    let backend: i32 = sqlx::query("select pg_backend_pid()").fetch_one(postgres).await?.get(0);
    groups.insert("postgres", machine::family_of_backend(u32::try_from(backend)?));
    let port = nats_url.rsplit(':').next().unwrap_or_default().trim_end_matches('/');
    let nats = machine::listener_on(port.parse().context("the broker's port")?);
    groups.insert("nats", vec![nats.context("no process listens on the broker's port")?]);
    Ok(groups)
}

/// Counters at one moment.
struct Sample {
    at: tokio::time::Instant,
    cpu: machine::Clocked,
    wal: wal::Wal,
    ledgers: Vec<LedgerHealth>,
}

impl Sample {
    async fn take(
        groups: &BTreeMap<&'static str, Vec<u32>>,
        postgres: &mut PgConnection,
        ports: &Ports,
    ) -> anyhow::Result<Self> {
        let mut ledgers = Vec::new();
        for address in ports.queries() {
            let mut client = LedgerQueryClient::connect(address).await?;
            ledgers.extend(client.get_health(GetHealthRequest {}).await?.into_inner().ledgers);
        }
        Ok(Self {
            at: tokio::time::Instant::now(),
            cpu: machine::Clocked::read(groups),
            wal: wal::read(postgres).await?,
            ledgers,
        })
    }
}

/// The closed loop.
struct Load {
    stop: Arc<AtomicBool>,
    taken: Arc<Mutex<(Vec<Duration>, Vec<String>)>>,
    tasks: tokio::task::JoinSet<()>,
}

impl Load {
    fn start(in_flight: usize, shop: &Shop, sandbox: &Sandbox) -> Self {
        let (stop, taken, numbers) =
            (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::default()), Arc::new(AtomicU64::new(1)));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..in_flight {
            let (stop, taken, numbers, shop, sandbox) =
                (stop.clone(), Arc::clone(&taken), numbers.clone(), shop.clone(), sandbox.clone());
            tasks.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let number = numbers.fetch_add(1, Ordering::Relaxed);
                    let started = tokio::time::Instant::now();
                    let outcome = one(&shop, &sandbox, number).await;
                    let mut taken: std::sync::MutexGuard<'_, (Vec<Duration>, Vec<String>)> =
                        taken.lock().unwrap_or_else(PoisonError::into_inner);
                    match outcome {
                        Ok(()) => taken.0.push(started.elapsed()),
                        Err(error) if taken.1.len() < 20 => taken.1.push(format!("{error:#}")),
                        Err(_) => {}
                    }
                }
            });
        }
        Self { stop, taken, tasks }
    }

    fn reset(&self) {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = (Vec::new(), Vec::new());
    }

    fn taken(&self) -> (Vec<Duration>, Vec<String>) {
        std::mem::take(&mut *self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn one(shop: &Shop, sandbox: &Sandbox, number: u64) -> anyhow::Result<()> {
    let token = sandbox.mint_token("visa").map_err(|error| anyhow::anyhow!("{error}"))?;
    let order = orders::plain(&format!("B-{number}"), &token.jwt);
    let deadline = tokio::time::Instant::now() + ORDER_LIMIT;
    let mut state = shop.send(&order, 30).await?.state()?;
    while state != "completed" {
        ensure!(
            !["refused", "declined", "cancelled", "parked", "waiting"].contains(&state.as_str()),
            "order B-{number} ended {state}"
        );
        ensure!(tokio::time::Instant::now() < deadline, "order B-{number} stands at {state} after {ORDER_LIMIT:?}");
        state = shop.send(&order, 30).await?.state()?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn seconds(whole: u64) -> f64 {
    whole as f64
}

#[expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "figures for people")]
fn report(
    args: &BenchArgs,
    reference: f64,
    before: &Sample,
    after: &Sample,
    mut latencies: Vec<Duration>,
    failures: &[String],
) {
    let lasted = (after.at - before.at).as_secs_f64();
    let orders = latencies.len() as f64;
    let rate = orders / lasted;
    latencies.sort();
    let percentile = |p: usize| latencies[(latencies.len() - 1) * p / 100].as_secs_f64() * 1000.0;
    println!(
        "\n{rate:.1} orders/s = {:.3} of the reference ({reference:.0}/s; goal {}), {} in flight",
        rate / reference,
        GOALS.0,
        args.in_flight
    );
    println!("latency p50 {:.0} ms, p99 {:.0} ms", percentile(50), percentile(99));
    let cpu = after.cpu.since(&before.cpu);
    println!("CPU per order {:.2} ms (goal {}):", cpu.values().sum::<f64>() / orders * 1000.0, GOALS.1);
    for (name, used) in &cpu {
        println!("  {name:<15} {:6.2} ms", used / orders * 1000.0);
    }
    println!(
        "WAL per order: {:.2} flushes, {:.1} KiB",
        (after.wal.flushes - before.wal.flushes) as f64 / orders,
        (after.wal.bytes - before.wal.bytes) as f64 / orders / 1024.0
    );
    let sum = |sample: &Sample, of: fn(&LedgerHealth) -> u64| sample.ledgers.iter().map(of).sum::<u64>();
    let per_order = |of: fn(&LedgerHealth) -> u64| sum(after, of).saturating_sub(sum(before, of)) as f64 / orders;
    println!(
        "per order: {:.1} commits in {:.2} database transactions, {:.1} messages",
        per_order(|ledger| ledger.commits),
        per_order(|ledger| ledger.groups),
        per_order(|ledger| ledger.messages_published)
    );
    if !failures.is_empty() {
        println!("{} orders did not complete, the first: {}", failures.len(), failures[0]);
    }
    println!("memory (goal {} MiB a service):", GOALS.2);
}
