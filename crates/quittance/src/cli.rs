//! The words of the command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Order-to-cash between a shop, the card gateway and SYSPRO.
#[derive(Debug, Parser)]
#[command(name = "quittance", version, about, long_about = None, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the configuration comes from.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ConfigArgs {
    /// TOML file with a section per service; without it the laptop's world is used
    #[arg(long, env = "QUITTANCE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// One value over the file: section.key=value; may be repeated
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

/// Where the ledgers are asked.
#[derive(Debug, Clone, Args)]
pub(crate) struct AskArgs {
    /// Addresses of the services' queries; with `quittance up` one address answers for all
    #[arg(long, env = "QUITTANCE_QUERY", value_delimiter = ',', default_value = "http://127.0.0.1:8100")]
    pub(crate) query: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run every service in this process (the servers must be up: `make up` starts them)
    Up {
        #[command(flatten)]
        config: ConfigArgs,
        /// Leave out the simulated outside, which the laptop's world has
        #[arg(long)]
        no_sandbox: bool,
    },
    /// Run one service
    Run {
        /// Which one
        service: ServiceName,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Play the guided story against the simulated outside worlds
    Demo {
        #[command(flatten)]
        config: ConfigArgs,
        /// End when the story is told instead of staying up; fails when an order did not end as told
        #[arg(long)]
        once: bool,
    },
    /// Serve the simulated gateway, SYSPRO and shop alone
    Sandbox(SandboxArgs),
    /// List orders: where each stands and what it waits for
    Orders {
        #[command(flatten)]
        ask: AskArgs,
        /// Only orders that have not ended
        #[arg(long)]
        unfinished: bool,
        /// How many, the newest first
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i32).range(1..=200))]
        limit: i32,
    },
    /// The timeline of one order: events, calls, attempts, what it waits for and until when
    Order {
        /// Order id, or order number as the shop has it
        order: String,
        /// The shop, when two shops use the same number
        #[arg(long, default_value = "")]
        shop: String,
        #[command(flatten)]
        ask: AskArgs,
    },
    /// Measure orders per second against a reference of the same run (real servers: see `make bench`)
    Bench(BenchArgs),
    /// Print completions for a shell: `quittance completions bash > /etc/bash_completion.d/quittance`
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServiceName {
    /// Shops' orders in, callbacks out
    IngestGateway,
    /// The saga and the card gateway
    PaymentSvc,
    /// SYSPRO
    ErpWriter,
    /// Streams and consumers on the broker: one replica
    Topology,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct SandboxArgs {
    /// Address of the card gateway
    #[arg(long, default_value = "127.0.0.1:9100")]
    pub(crate) gateway: SocketAddr,
    /// Address of SYSPRO
    #[arg(long, default_value = "127.0.0.1:9200")]
    pub(crate) erp: SocketAddr,
    /// Address of the shop
    #[arg(long, default_value = "127.0.0.1:9300")]
    pub(crate) shop: SocketAddr,
    /// Address of the control: books, faults, clock, tokens
    #[arg(long, default_value = "127.0.0.1:9900")]
    pub(crate) control: SocketAddr,
    /// Seed of all numbers
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Delay of every answer, milliseconds
    #[arg(long, default_value_t = 0)]
    pub(crate) latency_ms: u64,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct BenchArgs {
    /// Orders in flight
    #[arg(long, default_value_t = 64)]
    pub(crate) in_flight: usize,
    /// Seconds of measuring, after the warm-up
    #[arg(long, default_value_t = 20)]
    pub(crate) seconds: u64,
    /// Seconds of warm-up
    #[arg(long, default_value_t = 5)]
    pub(crate) warm_up: u64,
    /// Seconds of the reference: five single-row commits per order on 32 connections
    #[arg(long, default_value_t = 10)]
    pub(crate) reference: u64,
    /// Seconds of measuring the idle world; 0 leaves it out
    #[arg(long, default_value_t = 20)]
    pub(crate) idle: u64,
}
