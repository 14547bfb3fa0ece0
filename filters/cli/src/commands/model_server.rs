//! `portcullis model-server`: the embedded model server alone, for an Envoy started by hand.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::model_server::ModelServer;

/// Run the embedded model server alone
///
/// It speaks every dialect that the filters read, and answers what the prompt tells it to, by directives such as
/// [[echo]], [[long 2000]], [[pii]], [[tool]], [[in reasoning]] (refusal, tool, all), [[choices 3]], [[slow 50ms]],
/// [[cut 3]], [[status 500]], [[trailers]].
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Port on loopback; 0 takes a free one
    #[arg(long, default_value_t = 9100)]
    port: u16,
}

/// Serves until a signal.
pub(super) fn run(options: Options) -> Result<ExitCode> {
    let server = ModelServer::start(options.port)
        .with_context(|| format!("port {}: choose another with --port, or --port 0", options.port))?;
    writeln!(std::io::stdout(), "ready http://{}", server.address())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted?,
            _ = terminate.recv() => {}
        }
        Ok(ExitCode::SUCCESS)
    })
}
