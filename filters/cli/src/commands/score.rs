//! `portcullis score`: not built yet.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

/// Score texts and requests: JSON Lines in, JSON Lines out (not built yet)
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Configuration of the module, JSON
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Says that it is not built yet, exit code 2.
pub(super) fn run(_options: Options) -> Result<ExitCode> {
    super::not_yet("score")
}
