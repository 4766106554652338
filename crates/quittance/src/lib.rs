//! The operator's command line: it runs the services, plays the demo, and asks the ledgers.
//!
//! `run` is the door of the binary. The rest that is public serves the drills of this package, which start the binary
//! again and again and kill it.

pub mod ask;
mod bench;
mod cli;
mod demo;
pub mod orders;
pub mod ports;
mod view;
pub mod world;

use std::process::ExitCode;

use ::runtime::process::RunError;
use clap::{CommandFactory as _, Parser as _};
use erp_writer::ErpWriter;
use ingest_gateway::IngestGateway;
use payment_svc::PaymentService;

use crate::cli::{Cli, Command, ServiceName};

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match ::runtime::process::tokio_runtime() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let done = runtime.block_on(obey(cli.command));
    // Whatever still runs was dropped safely: nobody waits for it.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

#[expect(clippy::print_stderr, reason = "this is where a command says why it failed")]
fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("quittance: {error:#}");
    error.downcast_ref::<RunError>().map_or(ExitCode::FAILURE, |error| ExitCode::from(error.code()))
}

#[expect(clippy::print_stdout, reason = "answers of the command line")]
async fn obey(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Up { config, no_sandbox } => world::up(&config.into(), no_sandbox).await?,
        Command::Run { service, config } => run_one(service, &config.into()).await?,
        Command::Demo { config, once } => demo::run(config.into(), once).await?,
        Command::Sandbox(args) => world::sandbox_alone(args.into()).await?,
        Command::Bench(args) => bench::run(args).await?,
        Command::Orders { ask, unfinished, limit } => {
            let orders = ask::orders(&ask.query, limit, unfinished).await?;
            if orders.is_empty() {
                println!("no orders yet");
            } else {
                println!("{}", view::orders(&orders));
            }
        }
        Command::Order { order, shop, ask } => {
            println!("{}", view::order(&ask::order(&ask.query, &order, &shop).await?));
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "quittance", &mut std::io::stdout());
        }
    }
    Ok(())
}

async fn run_one(service: ServiceName, settings: &world::Settings) -> Result<(), RunError> {
    match service {
        ServiceName::IngestGateway => ::runtime::process::run::<IngestGateway>(settings.source()).await,
        ServiceName::PaymentSvc => ::runtime::process::run::<PaymentService>(settings.source()).await,
        ServiceName::ErpWriter => ::runtime::process::run::<ErpWriter>(settings.source()).await,
        ServiceName::Topology => world::topology_alone(settings).await,
    }
}
