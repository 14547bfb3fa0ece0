//! `portcullis demo`: not built yet.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

/// Walk through what the filters do, in real Envoy (not built yet)
#[derive(Debug, Args)]
pub(super) struct Options {}

/// Says that it is not built yet, exit code 2.
pub(super) fn run(_options: Options) -> Result<ExitCode> {
    super::not_yet("demo")
}
