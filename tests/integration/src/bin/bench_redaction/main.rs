//! What it costs to redact an answer: the module in Envoy's V8, a bare copy through the same Envoy, and other packages
//! on the same texts, all in one run.
//!
//! Envoy has two listeners that differ in the filter alone; answers alternate between them. What the module takes is the
//! difference of Envoy's processor time: nothing else in Envoy differs. Every answer is checked: each address in it must
//! be gone, and no other byte. Writes `target/bench/redaction.{json,md}`.

mod peers;
mod report;
mod shapes;
mod texts;
mod wire;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Parser;
use portcullis_cli::envoy::{self, Bootstrap, Envoy, module_file};
use portcullis_integration::process::{cpu_time, load_average, thread_time};

use report::{Carried, Latency, Report};
use shapes::Shape;
use texts::Text;
use wire::Upstream;

/// Measure what redacting answers costs in real Envoy, beside other packages
#[derive(Debug, Parser)]
#[command(name = "bench_redaction")]
struct Options {
    /// The module, by name, as `make build` left it
    #[arg(long, default_value = "portcullis")]
    module: String,
    /// Rounds of each answer
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// The folder of the other packages, as `.ci/setup/peers.sh` laid it; without it they are not measured
    #[arg(long, value_name = "FOLDER")]
    peers: Option<PathBuf>,
}

/// How texts are carried: whole, and as servers stream them, a token or a few lines at a time.
const SHAPES: [Shape; 4] = [Shape::Text, Shape::Json, Shape::Events(4), Shape::Events(256)];

/// Parts of one KiB that are timed, and what is waited between two of them.
const PARTS: usize = 3000;
const PAUSE: Duration = Duration::from_micros(1200);
/// More than is ever held of prose.
const HELD: usize = 64;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    let module = module_file(&options.module)?;
    let busy = load_average()?;
    let upstream = Upstream::start()?;
    let mut bootstrap = Bootstrap::minimal()?;
    bootstrap.port(0)?.admin_port(0)?.module(&module)?.upstream_address(upstream.address())?;
    bootstrap.configuration(r#"{"profiles": {"default": {"pii_redact": {}}}}"#)?.bare_copy("bare")?;
    let mut start = envoy::Start::new(bootstrap);
    start.concurrency = 1;
    start.access_log_in_file = true;
    let envoy = Envoy::start(start).await?;

    let mut carried = Vec::new();
    for shape in SHAPES {
        for text in texts::all(shape.bytes()) {
            let row = carry(&envoy, &upstream, shape, &text, options.rounds)?;
            eprintln!("{}", row.progress());
            carried.push(row);
        }
    }
    let latency = latency(&envoy, &upstream)?;
    drop(envoy);
    let peers = match &options.peers {
        Some(folder) => peers::measure(folder, &texts::all(peers::BYTES))?,
        None => Vec::new(),
    };
    let report = Report {
        module: options.module,
        cpus: std::thread::available_parallelism()?.get(),
        busy: (busy, load_average()?),
        carried,
        latency,
        peers,
    };
    println!("{}", report.markdown());
    let directory = target_directory().join("bench");
    report.write(&directory)?;
    println!("written: {}/redaction.{{json,md}}", directory.display());
    Ok(())
}

/// One text in one shape, through the module and past it in turn.
fn carry(envoy: &Envoy, upstream: &Upstream, shape: Shape, text: &Text, rounds: usize) -> Result<Carried> {
    let answer = shape.answer(&text.text);
    let body = answer.body.len();
    let marked = |body: &[u8]| body.windows(7).filter(|window| window == b"[EMAIL]").count();
    upstream.answer(answer.clone());
    let (with, without) = (envoy.listener("gateway")?, envoy.listener("bare")?);
    let mut row = Carried::new(text.name, shape.name(), text.text.len(), body);
    // A round more than is counted: the first finds cold caches.
    for round in 0..=rounds {
        let take = |from, through: bool| -> Result<(Duration, Duration)> {
            let (cpu, since) = (cpu_time(envoy.pid())?, Instant::now());
            let got = wire::fetch(from)?;
            let took = (since.elapsed(), cpu_time(envoy.pid())?.saturating_sub(cpu));
            if through {
                let found = marked(&got);
                ensure!(found == text.addresses, "{} {}: {found} of {} found", text.name, shape.name(), text.addresses);
            } else {
                ensure!(got == *answer.body, "the bare listener changed an answer");
            }
            Ok(took)
        };
        // Neither side always goes first.
        let (through, past) = if round % 2 == 0 {
            let through = take(with, true)?;
            (through, take(without, false)?)
        } else {
            let past = take(without, false)?;
            (take(with, true)?, past)
        };
        if round > 0 {
            row.add(through, past);
        }
    }
    Ok(row)
}

/// Parts of one KiB of prose, sent one at a time.
fn latency(envoy: &Envoy, upstream: &Upstream) -> Result<Latency> {
    let mut answer = Shape::Text.answer(&texts::quiet(PARTS << 10));
    answer.part = 1 << 10;
    answer.pause = PAUSE;
    upstream.answer(answer);
    let (with, without) = (envoy.listener("gateway")?, envoy.listener("bare")?);
    let mut latency = Latency::default();
    for _ in 0..3 {
        let clock = || thread_time(envoy.pid());
        latency.with.extend(wire::parts(upstream, with, 1 << 10, HELD, clock)?);
        latency.without.extend(wire::parts(upstream, without, 1 << 10, HELD, clock)?);
    }
    Ok(latency)
}

/// Cargo's target directory: `CARGO_TARGET_DIR`, else `target` at the root of this workspace.
fn target_directory() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}
