//! What the module costs: the same Envoy with and without it, asked in turn.
//!
//! One Envoy has two listeners that differ in the filter alone. Requests alternate between them, one at a time on
//! connections that are kept, so that whatever else the machine does falls on both. Every answer is checked, and the
//! module's own counters have to account for every request that was timed. Writes `target/bench/gateway.{json,md,svg}`.

mod load;
mod plot;
mod report;
mod unit;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use portcullis_cli::envoy::{self, Bootstrap, Envoy, module_file};
use portcullis_integration::process::{cpu_time, load_average};

use load::{Latencies, Upstream};
use report::{Memory, Ready, Report, Row, Start};
use unit::Unit;

/// Measure what a module costs in real Envoy
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Options {
    /// The module, by name, as `make build` left it
    #[arg(long, default_value = "portcullis")]
    module: String,
    /// Configuration of the module, JSON
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Seconds for each size of request
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Starts of Envoy with and without the module
    #[arg(long, default_value_t = 5)]
    starts: usize,
}

const WORKERS: u16 = 2;
/// Body bytes of the requests: a short question to a long document.
const SIZES: [usize; 7] = [256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    let module = module_file(&options.module)?;
    let config = match &options.config {
        Some(file) => std::fs::read_to_string(file).with_context(|| file.display().to_string())?,
        None => "{}".into(),
    };
    let busy = load_average()?;
    let upstream = Upstream::start()?;
    let mut bootstrap = Bootstrap::minimal()?;
    bootstrap.port(0)?.admin_port(0)?.module(&module)?.configuration(&config)?.upstream_address(upstream.address())?;

    let ready = ready(&bootstrap, options.starts).await?;
    let memory = memory(&bootstrap).await?;
    let rows = latencies(&bootstrap, Duration::from_secs_f64(options.seconds)).await?;
    let unit = Unit::measure(&rows, &load::prose(unit::BYTES))?;
    let report = Report {
        module: options.module,
        module_bytes: std::fs::metadata(&module)?.len(),
        workers: WORKERS,
        cpus: std::thread::available_parallelism()?.get(),
        busy,
        ready,
        memory,
        rows,
        unit,
    };
    println!("{}", report.markdown());
    let directory = target_directory().join("bench");
    report.write(&directory)?;
    println!("written: {}/gateway.{{json,md,svg}}", directory.display());
    Ok(())
}

/// Starts alternate too: with, without, with, …
async fn ready(bootstrap: &Bootstrap, starts: usize) -> Result<Ready> {
    let mut bare = bootstrap.clone();
    bare.without_module()?;
    let mut ready = Ready::default();
    for _ in 0..starts {
        for (bootstrap, starts) in [(bootstrap, &mut ready.with), (&bare, &mut ready.without)] {
            let envoy = start(bootstrap).await?;
            starts.push(Start { wall: envoy.ready_after(), cpu: cpu_time(envoy.pid())? });
        }
    }
    Ok(ready)
}

/// Resident memory after the same small load on both.
async fn memory(bootstrap: &Bootstrap) -> Result<Memory> {
    let mut bare = bootstrap.clone();
    bare.without_module()?;
    let (with, vms) = resident_after_load(bootstrap).await?;
    let (without, _) = resident_after_load(&bare).await?;
    ensure!(vms > 0, "Envoy runs no VM");
    Ok(Memory { with, without, vms })
}

/// Resident bytes, and how many VMs run.
async fn resident_after_load(bootstrap: &Bootstrap) -> Result<(u64, u64)> {
    let envoy = start(bootstrap).await?;
    let gateway = envoy.listener("gateway")?;
    tokio::task::spawn_blocking(move || load::warm_up(gateway, &[1 << 10, 64 << 10], 200)).await??;
    let vms = envoy.stats().await?.get("wasm.envoy.wasm.runtime.v8.active").copied().unwrap_or(0);
    Ok((resident_bytes(envoy.pid())?, vms))
}

async fn latencies(bootstrap: &Bootstrap, each: Duration) -> Result<Vec<Row>> {
    let mut both = bootstrap.clone();
    both.bare_copy("bare")?;
    let envoy = start(&both).await?;
    let (with, without) = (envoy.listener("gateway")?, envoy.listener("bare")?);
    let decided = "wasmcustom.portcullis.requests.verdict.";
    let before = sum(&envoy, decided).await?;
    let mut rows = Vec::new();
    let mut sent = 0;
    for bytes in SIZES {
        let measured = tokio::task::spawn_blocking(move || Latencies::measure(with, without, bytes, each)).await??;
        sent += measured.sent_with;
        eprintln!("{}", report::progress(bytes, &measured));
        rows.push(Row::new(bytes, &measured));
    }
    let counted = sum(&envoy, decided).await? - before;
    ensure!(counted == sent, "the module decided {counted} requests of the {sent} that were timed: it did not run");
    Ok(rows)
}

async fn sum(envoy: &Envoy, prefix: &str) -> Result<u64> {
    let stats = envoy.stats().await?;
    Ok(stats.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(_, value)| value).sum())
}

async fn start(bootstrap: &Bootstrap) -> Result<Envoy> {
    let mut start = envoy::Start::new(bootstrap.clone());
    start.concurrency = WORKERS;
    start.access_log_in_file = true;
    Envoy::start(start).await
}

/// `VmRSS` of a process.
fn resident_bytes(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).with_context(|| path.clone())?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().with_context(|| path.clone())?;
    Ok(kib * 1024)
}

/// Cargo's target directory: `CARGO_TARGET_DIR`, else `target` at the root of this workspace.
fn target_directory() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}
