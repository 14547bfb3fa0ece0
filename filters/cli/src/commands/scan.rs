//! `portcullis scan`: not built yet.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

/// Check a model folder: signatures, weights, licence (not built yet)
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The folder
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Says that it is not built yet, exit code 2.
pub(super) fn run(_options: Options) -> Result<ExitCode> {
    super::not_yet("scan")
}
