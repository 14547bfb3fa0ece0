//! `portcullis replay`: not built yet.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

/// Say what a configuration would do with recorded requests (not built yet)
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Configuration of the module, JSON
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Compare with this configuration
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Recorded requests or audit records, JSON Lines
    #[arg(value_name = "FILE")]
    recorded: PathBuf,
}

/// Says that it is not built yet, exit code 2.
pub(super) fn run(_options: Options) -> Result<ExitCode> {
    super::not_yet("replay")
}
