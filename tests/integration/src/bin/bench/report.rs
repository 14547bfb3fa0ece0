//! What was measured, as JSON, as a table and as a picture.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::load::Latencies;
use crate::plot;
use crate::unit::Unit;

/// One run.
#[derive(Debug)]
pub struct Report {
    /// Name of the module.
    pub module: String,
    /// Size of its file.
    pub module_bytes: u64,
    /// Envoy's worker threads.
    pub workers: u16,
    /// Processors that this run could use: client, Envoy and upstream share them.
    pub cpus: usize,
    /// Load average of the minute before: figures from a busy machine are too high, of the starts above all.
    pub busy: f64,
    /// Starts.
    pub ready: Ready,
    /// Resident memory.
    pub memory: Memory,
    /// A row for each size.
    pub rows: Vec<Row>,
    /// What a byte costs.
    pub unit: Unit,
}

/// From the start of the process until every listener accepts.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// By the clock.
    pub wall: Duration,
    /// On all processors together, which other work on the machine does not change much.
    pub cpu: Duration,
}

/// Starts of Envoy.
#[derive(Debug, Default)]
pub struct Ready {
    /// With the module.
    pub with: Vec<Start>,
    /// Without.
    pub without: Vec<Start>,
}

/// Resident bytes of Envoy after the same load.
#[derive(Debug)]
pub struct Memory {
    /// With the module.
    pub with: u64,
    /// Without.
    pub without: u64,
    /// VMs that ran.
    pub vms: u64,
}

impl Memory {
    fn each_vm(&self) -> u64 {
        self.with.saturating_sub(self.without) / self.vms.max(1)
    }
}

/// Latencies of one size in microseconds.
#[derive(Debug)]
pub struct Row {
    /// Of the request's body.
    pub bytes: usize,
    requests: usize,
    with: Percentiles,
    without: Percentiles,
}

#[derive(Clone, Copy, Debug)]
struct Percentiles {
    p10: f64,
    p50: f64,
    p99: f64,
}

impl Percentiles {
    fn of(sorted: &[Duration]) -> Self {
        let at = |share: f64| {
            let index = (sorted.len() as f64 * share) as usize;
            sorted.get(index.min(sorted.len().saturating_sub(1))).map_or(0.0, |time| time.as_secs_f64() * 1e6)
        };
        Self { p10: at(0.10), p50: at(0.50), p99: at(0.99) }
    }
}

impl Row {
    /// From sorted times.
    pub fn new(bytes: usize, latencies: &Latencies) -> Self {
        Self {
            bytes,
            requests: latencies.with.len(),
            with: Percentiles::of(&latencies.with),
            without: Percentiles::of(&latencies.without),
        }
    }

    /// What the module adds to the median, in microseconds.
    pub fn added_p50(&self) -> f64 {
        self.with.p50 - self.without.p50
    }

    /// What it adds to the tenth percentile, in microseconds: other work on the machine changes that least.
    pub fn added_p10(&self) -> f64 {
        self.with.p10 - self.without.p10
    }

    fn added_p99(&self) -> f64 {
        self.with.p99 - self.without.p99
    }

    fn ratio(&self) -> f64 {
        self.with.p50 / self.without.p50
    }
}

/// A line to look at while it runs.
pub fn progress(bytes: usize, latencies: &Latencies) -> String {
    let row = Row::new(bytes, latencies);
    format!("{:>8}  {:>5} pairs  p50 added {:>9.1} us", size(bytes), row.requests, row.added_p50())
}

impl Report {
    /// A page for people.
    pub fn markdown(&self) -> String {
        let (with, without) = (median(&self.ready.with, |it| it.wall), median(&self.ready.without, |it| it.wall));
        let (cpu_with, cpu_without) = (median(&self.ready.with, |it| it.cpu), median(&self.ready.without, |it| it.cpu));
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let mut page = format!(
            "# {module}.wasm in Envoy, with and without\n\n\
             {workers} workers on {cpus} processors, shared with the client and the upstream (load average before: \
             {busy:.1}); one request at a time, in turn, on kept connections.\n\n\
             | | with | without | the module |\n|---|---:|---:|---:|\n\
             | ready after (median of {starts}) | {with:.0} ms | {without:.0} ms | {added:.0} ms |\n\
             | processor time until then | {cpu_with:.0} ms | {cpu_without:.0} ms | {cpu_added:.0} ms |\n\
             | resident memory | {rss_with:.1} MiB | {rss_without:.1} MiB | {each:.1} MiB for each of {vms} VMs |\n\
             | size | | | {kib:.0} KiB |\n\n\
             | body | pairs | p50 without | p50 with | added p50 | ratio | p99 without | p99 with | added p99 |\n\
             |---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
            module = self.module,
            workers = self.workers,
            cpus = self.cpus,
            starts = self.ready.with.len(),
            with = with * 1e3,
            without = without * 1e3,
            added = (with - without) * 1e3,
            busy = self.busy,
            cpu_with = cpu_with * 1e3,
            cpu_without = cpu_without * 1e3,
            cpu_added = (cpu_with - cpu_without) * 1e3,
            rss_with = mib(self.memory.with),
            rss_without = mib(self.memory.without),
            each = mib(self.memory.each_vm()),
            vms = self.memory.vms,
            kib = self.module_bytes as f64 / 1024.0,
        );
        for row in &self.rows {
            page.push_str(&format!(
                "| {} | {} | {} | {} | {} | {:.2} | {} | {} | {} |\n",
                size(row.bytes),
                row.requests,
                millis(row.without.p50),
                millis(row.with.p50),
                millis(row.added_p50()),
                row.ratio(),
                millis(row.without.p99),
                millis(row.with.p99),
                millis(row.added_p99()),
            ));
        }
        page.push_str(&self.unit.markdown());
        page
    }

    fn to_json(&self) -> Value {
        let seconds = |starts: &[Start], of: fn(&Start) -> Duration| -> Vec<f64> {
            starts.iter().map(|start| of(start).as_secs_f64()).collect()
        };
        let rows = self.rows.iter().map(|row| {
            json!({
                "bytes": row.bytes, "pairs": row.requests,
                "without": {"p10_us": row.without.p10, "p50_us": row.without.p50, "p99_us": row.without.p99},
                "with": {"p10_us": row.with.p10, "p50_us": row.with.p50, "p99_us": row.with.p99},
                "added": {"p50_us": row.added_p50(), "p99_us": row.added_p99()},
                "ratio_p50": row.ratio(),
            })
        });
        json!({
            "module": self.module, "module_bytes": self.module_bytes, "workers": self.workers, "cpus": self.cpus,
            "load_average_before": self.busy,
            "ready_seconds": {
                "with": seconds(&self.ready.with, |it| it.wall), "without": seconds(&self.ready.without, |it| it.wall),
            },
            "ready_cpu_seconds": {
                "with": seconds(&self.ready.with, |it| it.cpu), "without": seconds(&self.ready.without, |it| it.cpu),
            },
            "memory": {
                "with_bytes": self.memory.with, "without_bytes": self.memory.without,
                "vms": self.memory.vms, "each_vm_bytes": self.memory.each_vm(),
            },
            "latency": rows.collect::<Vec<_>>(),
            "nanoseconds_a_byte": {
                "module": self.unit.module, "native_all": self.unit.layers, "native_rules": self.unit.rules,
                "native_automaton": self.unit.automaton, "native_copy": self.unit.copy,
            },
        })
    }

    /// Writes `gateway.json`, `gateway.md` and `gateway.svg`.
    pub fn write(&self, directory: &Path) -> Result<()> {
        std::fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        let points: Vec<_> = self.rows.iter().map(|row| (row.bytes as f64, row.added_p50())).collect();
        let json = serde_json::to_string_pretty(&self.to_json())?;
        for (name, text) in [
            ("gateway.json", json + "\n"),
            ("gateway.md", self.markdown()),
            ("gateway.svg", plot::added_latency(&self.module, &points)),
        ] {
            let file = directory.join(name);
            std::fs::write(&file, text).with_context(|| file.display().to_string())?;
        }
        Ok(())
    }
}

fn median(starts: &[Start], of: impl Fn(&Start) -> Duration) -> f64 {
    let mut sorted: Vec<_> = starts.iter().map(of).collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).map_or(0.0, Duration::as_secs_f64)
}

/// `256 B`, `64 KiB`, `1 MiB`.
pub fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes >> 10),
        _ => format!("{} MiB", bytes >> 20),
    }
}

fn millis(micros: f64) -> String {
    format!("{:.3} ms", micros / 1e3)
}
