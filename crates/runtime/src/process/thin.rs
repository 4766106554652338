//! The thin binary of one service: configuration, telemetry, run, signals, exit code.

use std::{path::PathBuf, process::ExitCode};

use super::{Hosted, ORDER, Prepared, Process, ProcessConfig, SECTION, StartError, signal, unless_stopped};
use crate::config::{Mistakes, Source};

/// Exit code of a configuration with mistakes.
const BAD_CONFIGURATION: u8 = 64;
/// Sections that other processes read from the same file.
const OTHERS: [&str; 1] = ["sandbox"];
/// What a thin binary says when asked for help.
const HELP: &str = "options: --config FILE   TOML file with a section per service (or QUITTANCE_CONFIG)
         --set SECTION.KEY=VALUE   one value over the file; may be repeated
         --check   read the configuration, tell every mistake, start nothing";

/// Why a service did not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration is wrong.
    #[error(transparent)]
    Configuration(#[from] Mistakes),
    /// A server or a port is missing.
    #[error(transparent)]
    Start(#[from] StartError),
}

impl RunError {
    /// The exit code that says so.
    pub fn code(&self) -> u8 {
        match self {
            Self::Configuration(_) => BAD_CONFIGURATION,
            Self::Start(_) => 1,
        }
    }
}

/// Runs one service until a signal asks for its end.
///
/// # Errors
/// When the configuration is wrong or the start fails.
pub async fn run<S: Hosted>(source: Source) -> Result<(), RunError> {
    let (config, prepared) = prepare::<S>(source)?;
    let (query, health) =
        (ProcessConfig::address_of(config.query, S::NAME), ProcessConfig::address_of(config.health, S::NAME));
    let telemetry = telemetry::init(config.telemetry(S::NAME));
    let mut process = Process::new(config);
    let started = async {
        process.start(prepared).await?;
        process.serve_operators(query, health).await
    };
    if let Some(started) = unless_stopped(started).await {
        started?;
        tracing::info!(service = S::NAME, %query, %health, "is up");
        signal().await;
    }
    tracing::info!(service = S::NAME, "is asked to stop");
    process.stop().await;
    telemetry.shutdown();
    Ok(())
}

fn prepare<S: Hosted>(mut source: Source) -> Result<(ProcessConfig, Prepared<S>), Mistakes> {
    let config = source.section::<ProcessConfig>(SECTION, super::DEFAULTS);
    let prepared = Prepared::<S>::read(&mut source, config.as_ref());
    ORDER.into_iter().chain(OTHERS).for_each(|name| source.skip(name));
    source.finish()?;
    let (Some(config), Some(prepared)) = (config, prepared) else {
        return Err(Mistakes(vec!["a section could not be read".to_owned()]));
    };
    Ok((config, prepared))
}

/// The `main` of a thin binary.
pub fn main<S: Hosted>() -> ExitCode {
    match try_main::<S>() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{}: {error}", S::NAME));
            ExitCode::from(error.code())
        }
    }
}

fn try_main<S: Hosted>() -> Result<(), RunError> {
    let asked = Asked::read(std::env::args().skip(1)).map_err(|mistake| Mistakes(vec![mistake]))?;
    if asked.help {
        say(&format!("{}: one service of Quittance\n{HELP}", S::NAME));
        return Ok(());
    }
    let source = Source::gather(asked.file.as_deref(), std::env::vars(), &asked.flags);
    let runtime = super::tokio_runtime().map_err(|error| StartError::Runtime(error.to_string()))?;
    if asked.check {
        // Clients are made while reading, and they want a runtime around them.
        let _inside = runtime.enter();
        prepare::<S>(source)?;
        say(&format!("{}: the configuration is right", S::NAME));
        return Ok(());
    }
    runtime.block_on(run::<S>(source))
}

#[expect(clippy::print_stderr, reason = "before telemetry runs, and for the caller of a command")]
fn say(text: &str) {
    eprintln!("{text}");
}

#[derive(Default)]
struct Asked {
    file: Option<PathBuf>,
    flags: Vec<String>,
    check: bool,
    help: bool,
}

impl Asked {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut asked = Self { file: std::env::var_os("QUITTANCE_CONFIG").map(PathBuf::from), ..Self::default() };
        while let Some(word) = words.next() {
            let (name, mut inline) = match word.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
                _ => (word, None),
            };
            let mut value = || inline.take().or_else(|| words.next()).ok_or_else(|| format!("{name} wants a value"));
            match name.as_str() {
                "--config" => asked.file = Some(value()?.into()),
                "--set" => asked.flags.push(value()?),
                "--check" => asked.check = true,
                "--help" | "-h" => asked.help = true,
                _ => return Err(format!("`{name}` is not known; {HELP}")),
            }
        }
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Asked, String> {
        Asked::read(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn options_are_read_in_both_spellings() {
        let asked = read(&["--config=a.toml", "--set", "process.log=debug", "--set=x.y=1", "--check"]).unwrap();
        assert_eq!(asked.file, Some(PathBuf::from("a.toml")));
        assert_eq!(asked.flags, ["process.log=debug", "x.y=1"]);
        assert!(asked.check && !asked.help);
        assert!(read(&["--chekc"]).is_err());
        assert!(read(&["--config"]).is_err());
    }
}
