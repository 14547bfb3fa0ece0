//! `portcullis validate`: not built yet.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

/// Check configurations and manifests (not built yet)
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Plugin configurations, EnvoyExtensionPolicy, WasmPlugin, Envoy bootstraps
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Says that it is not built yet, exit code 2.
pub(super) fn run(_options: Options) -> Result<ExitCode> {
    super::not_yet("validate")
}
