//! `portcullis up`: real Envoy with the module before a model, until a signal.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::envoy::{Bootstrap, Envoy, LogTail, Start, Upstream, module_file};
use crate::model_server::ModelServer;

/// Run Envoy with the module before a model
///
/// Prints `ready` and `admin` with their addresses once Envoy answers, then the access log, one JSON document a
/// request. Envoy is the one that ENVOY_BIN names, else the one that `make setup` laid down in .tools/, else `envoy` in
/// PATH. The module is portcullis.wasm in the directory that PORTCULLIS_DIST names, else beside this program, else in
/// dist/.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Port on loopback; 0 takes a free one
    #[arg(long, default_value_t = 10000)]
    port: u16,
    /// Where the model is: http://host[:port] or https://host[:port]. Without it the embedded model server answers
    #[arg(long, value_name = "URL")]
    upstream: Option<Upstream>,
    /// Configuration of the module, JSON. Without it the defaults hold
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The module
    #[arg(long, value_name = "FILE.wasm")]
    module: Option<PathBuf>,
    /// Envoy's worker threads
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
}

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Runs until a signal (exit code 0) or until Envoy ends by itself (an error that says why).
pub(super) fn run(options: Options) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(options))
}

async fn serve(options: Options) -> Result<ExitCode> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut bootstrap = Bootstrap::minimal()?;
    let module = match &options.module {
        Some(module) => existing(module)?,
        None => module_file("portcullis")?,
    };
    bootstrap.port(free(options.port)?)?.admin_port(0)?.module(&module)?;
    if let Some(file) = &options.config {
        bootstrap.configuration(&read_configuration(file)?)?;
    }
    // Held until the end: dropping it ends the model server.
    let model_server = match &options.upstream {
        Some(upstream) => {
            bootstrap.upstream(upstream)?;
            None
        }
        None => {
            let server = ModelServer::start(0).context("the embedded model server")?;
            bootstrap.upstream_address(server.address())?;
            Some(server)
        }
    };
    let mut start = Start::new(bootstrap);
    start.concurrency = options.concurrency;
    let mut envoy = tokio::select! {
        started = Envoy::start(start) => started?,
        _ = terminate.recv() => return Ok(ExitCode::SUCCESS),
        _ = interrupt.recv() => return Ok(ExitCode::SUCCESS),
    };
    writeln!(std::io::stdout(), "ready http://{}", envoy.listener("gateway")?)?;
    writeln!(std::io::stdout(), "admin http://{}", envoy.admin())?;
    if let Some(server) = &model_server {
        writeln!(std::io::stdout(), "model http://{}", server.address())?;
    }
    std::io::stdout().flush()?;
    let mut log = LogTail::new(&envoy.log_path());
    loop {
        let ended = tokio::select! {
            _ = tokio::time::sleep(LOOK_EVERY) => false,
            _ = terminate.recv() => true,
            _ = interrupt.recv() => true,
        };
        if ended {
            envoy.end();
            return Ok(ExitCode::SUCCESS);
        }
        for line in log.lines() {
            eprintln!("{line}");
        }
        if let Some(status) = envoy.exited() {
            bail!("Envoy ended by itself ({status}). {}", envoy.log_end());
        }
    }
}

/// The port itself, if it is free. Envoy would share it silently with another Envoy (`SO_REUSEPORT`).
fn free(port: u16) -> Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map(|_| port)
        .with_context(|| format!("port {port}: choose another with --port, or --port 0 for a free one"))
}

fn existing(module: &Path) -> Result<PathBuf> {
    if module.is_file() {
        return Ok(module.to_owned());
    }
    bail!("{}: no such module; run `make build`, or name one with --module", module.display())
}

/// The text of a configuration. That it is JSON is checked here, because Envoy's log is a poor place to learn it.
fn read_configuration(file: &Path) -> Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{}", file.display()))?;
    serde_json::from_str::<serde_json::Value>(&text).with_context(|| format!("{}: not JSON", file.display()))?;
    Ok(text)
}
