//! The subcommands: one file each, this file only tells them apart.

mod demo;
mod features;
mod model_server;
mod redact;
mod replay;
mod rules;
mod scan;
mod score;
mod up;
mod validate;

use std::num::NonZero;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::{fs, io, thread};

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use portcullis_core::config::Config;

use crate::validate::PORTCULLIS;

/// AI security inside Envoy: the filters on files and on a laptop.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Up(up::Options),
    Demo(demo::Options),
    ModelServer(model_server::Options),
    Score(score::Options),
    Features(features::Options),
    Validate(validate::Options),
    Redact(redact::Options),
    Rules(rules::Options),
    Replay(replay::Options),
    Scan(scan::Options),
}

/// Parses the arguments and runs the subcommand. 0: done; 1: done with findings, or failed (said on standard error);
/// 2: wrong usage, or not built yet.
pub fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        // Whoever read our output has seen enough.
        Err(error) if error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe) => {
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("portcullis: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Up(options) => up::run(options),
        Command::Demo(options) => demo::run(options),
        Command::ModelServer(options) => model_server::run(options),
        Command::Score(options) => score::run(options),
        Command::Features(options) => features::run(options),
        Command::Validate(options) => validate::run(options),
        Command::Redact(options) => redact::run(options),
        Command::Rules(options) => rules::run(options),
        Command::Replay(options) => replay::run(options),
        Command::Scan(options) => scan::run(options),
    }
}

/// The configuration of `portcullis.wasm` in a file; the default one without a file. Its problems go to standard error.
fn configuration(file: Option<&Path>) -> Result<Arc<Config>> {
    let document = match file {
        Some(path) => fs::read(path).with_context(|| format!("cannot read {}", path.display()))?,
        None => b"{}".to_vec(),
    };
    parsed(&document)
}

/// A configuration of `portcullis.wasm`. Its problems go to standard error.
fn parsed(document: &[u8]) -> Result<Arc<Config>> {
    match Config::parse(document, PORTCULLIS.kinds, &|name| std::env::var(name).ok()) {
        Ok(config) => Ok(Arc::new(config)),
        Err(problems) => {
            problems.iter().for_each(|problem| eprintln!("{problem}"));
            bail!("the configuration has {} problem(s)", problems.len());
        }
    }
}

/// As many threads as asked for, else as there are cores; 256 at most.
fn threads(asked: Option<NonZero<usize>>) -> usize {
    asked.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZero::get).min(256)
}

/// What a subcommand does that is not built yet.
fn not_yet(name: &str) -> Result<ExitCode> {
    eprintln!("portcullis {name}: not built yet; CHANGELOG.md says what is");
    Ok(ExitCode::from(2))
}
