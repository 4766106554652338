//! The operator's command line: it runs the services, plays the demo, and asks the ledgers.

mod ask;
mod cli;
mod view;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use mimalloc::MiMalloc;

use crate::cli::{Cli, Command};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Exit code for a configuration with mistakes (`EX_USAGE`).
const BAD_CONFIGURATION: u8 = 64;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    match runtime.block_on(run(cli)) {
        Ok(code) => code,
        Err(error) => failed(&error),
    }
}

#[expect(clippy::print_stderr, reason = "this is where a command says why it failed")]
fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("quittance: {error:#}");
    match error.downcast_ref::<::runtime::config::Mistakes>() {
        Some(_) => ExitCode::from(BAD_CONFIGURATION),
        None => ExitCode::FAILURE,
    }
}

#[expect(clippy::print_stdout, reason = "answers of the command line")]
async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Orders { ask, unfinished, limit } => {
            let orders = ask::orders(&ask.query, limit, unfinished).await?;
            if orders.is_empty() {
                println!("no orders yet");
            } else {
                println!("{}", view::orders(&orders));
            }
        }
        Command::Order { order, shop, ask } => println!("{}", view::order(&ask::order(&ask.query, &order, &shop).await?)),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "quittance", &mut std::io::stdout());
        }
        Command::Up { .. } | Command::Run { .. } | Command::Demo { .. } | Command::Sandbox(_) | Command::Bench(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}
