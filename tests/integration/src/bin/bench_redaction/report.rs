//! What was measured, as JSON and as a table.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::peers::Peer;

/// One run.
#[derive(Debug)]
pub struct Report {
    /// Name of the module.
    pub module: String,
    /// Processors that client, Envoy and upstream share.
    pub cpus: usize,
    /// Load average of the minute before, and at the end.
    pub busy: (f64, f64),
    /// A row for each text and shape.
    pub carried: Vec<Carried>,
    /// Parts of one KiB.
    pub latency: Latency,
    /// Other packages.
    pub peers: Vec<Peer>,
}

/// One text in one shape.
#[derive(Debug)]
pub struct Carried {
    text: &'static str,
    shape: String,
    text_bytes: usize,
    body_bytes: usize,
    /// By the clock, and of Envoy's processor time: through the module, and past it.
    with: Vec<(Duration, Duration)>,
    without: Vec<(Duration, Duration)>,
}

/// How long a part took from upstream to client, and what of it Envoy was on a processor.
#[derive(Debug, Default)]
pub struct Latency {
    /// Through the module.
    pub with: Vec<(Duration, Duration)>,
    /// Past it.
    pub without: Vec<(Duration, Duration)>,
}

/// A quantity of a part.
type Of = fn(&(Duration, Duration)) -> Duration;

impl Latency {
    const CLOCKS: [(&'static str, Of); 2] = [("by the clock", |part| part.0), ("on the processor", |part| part.1)];
    const SHARES: [(&'static str, f64); 3] = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)];

    fn at(parts: &[(Duration, Duration)], of: Of, share: f64) -> f64 {
        let mut sorted: Vec<_> = parts.iter().map(of).collect();
        sorted.sort_unstable();
        let index = (sorted.len() as f64 * share) as usize;
        sorted.get(index.min(sorted.len().saturating_sub(1))).map_or(0.0, |time| time.as_secs_f64() * 1e6)
    }

    /// Each clock and share, in microseconds: without, with.
    fn rows(&self) -> Vec<(&'static str, &'static str, f64, f64)> {
        let row = |(clock, of): (&'static str, Of)| {
            Self::SHARES
                .map(|(name, share)| (clock, name, Self::at(&self.without, of, share), Self::at(&self.with, of, share)))
        };
        Self::CLOCKS.into_iter().flat_map(row).collect()
    }
}

impl Carried {
    /// A row without a round.
    pub fn new(text: &'static str, shape: String, text_bytes: usize, body_bytes: usize) -> Self {
        Self { text, shape, text_bytes, body_bytes, with: Vec::new(), without: Vec::new() }
    }

    /// Adds a round.
    pub fn add(&mut self, with: (Duration, Duration), without: (Duration, Duration)) {
        self.with.push(with);
        self.without.push(without);
    }

    /// Bytes of the body a second that the module alone would take, in MB. Clock ticks are coarse, so rounds are summed.
    fn module_speed(&self) -> f64 {
        let sum = |rounds: &[(Duration, Duration)]| rounds.iter().map(|(_, cpu)| cpu.as_secs_f64()).sum::<f64>();
        (self.body_bytes * self.with.len()) as f64 / (sum(&self.with) - sum(&self.without)).max(1e-9) / 1e6
    }

    fn speed(&self, rounds: &[(Duration, Duration)]) -> f64 {
        let mut walls: Vec<_> = rounds.iter().map(|(wall, _)| wall.as_secs_f64()).collect();
        walls.sort_by(f64::total_cmp);
        self.body_bytes as f64 / walls.get(walls.len() / 2).copied().unwrap_or(f64::MAX) / 1e6
    }

    /// A line to look at while it runs.
    pub fn progress(&self) -> String {
        format!(
            "{:<6} {:<26} module {:>7.1} MB/s, through Envoy {:>7.1}, bare {:>7.1}",
            self.text,
            self.shape,
            self.module_speed(),
            self.speed(&self.with),
            self.speed(&self.without)
        )
    }
}

impl Report {
    /// A page for people.
    pub fn markdown(&self) -> String {
        let mut page = format!(
            "# Redacting answers with {}.wasm, all kinds on\n\n\
             One worker; client, Envoy and upstream share {} processors (load average {:.1} before, {:.1} after). MB of body a \
             second; an address in every 4 KiB. *module* is what it does in a second of the processor time by which Envoy with \
             it exceeds Envoy without it.\n\n\
             | text | carried as | body | module | through Envoy with it | without it |\n|---|---|---:|---:|---:|---:|\n",
            self.module, self.cpus, self.busy.0, self.busy.1
        );
        for row in &self.carried {
            page.push_str(&format!(
                "| {} | {} | {:.1} MB | {:.0} MB/s | {:.0} MB/s | {:.0} MB/s |\n",
                row.text,
                row.shape,
                row.body_bytes as f64 / 1e6,
                row.module_speed(),
                row.speed(&row.with),
                row.speed(&row.without)
            ));
        }
        page.push_str(&format!(
            "\nParts of 1 KiB of prose, sent one at a time ({} each), from upstream to client by the clock, and on the \
             processor, where what else the machine does is not in it:\n\n\
             | | | without | with | added |\n|---|---|---:|---:|---:|\n",
            self.latency.with.len()
        ));
        for (clock, share, without, with) in self.latency.rows() {
            page.push_str(&format!(
                "| {clock} | {share} | {without:.0} µs | {with:.0} µs | {:.0} µs |\n",
                with - without
            ));
        }
        page.push_str("\nThe same texts in other packages, in the same run, in pieces of 64 KiB, on one thread:\n\n");
        if self.peers.is_empty() {
            page.push_str("NOT MEASURED: no folder of packages was given.\n");
            return page;
        }
        page.push_str("| package | where it runs | kinds | prose | logs | code | found of the addresses | found besides |\n|---|---|---:|---:|---:|---:|---:|---:|\n");
        for peer in &self.peers {
            page.push_str(&peer.row());
        }
        page
    }

    fn to_json(&self) -> Value {
        let seconds = |rounds: &[(Duration, Duration)]| -> Vec<[f64; 2]> {
            rounds.iter().map(|(wall, cpu)| [wall.as_secs_f64(), cpu.as_secs_f64()]).collect()
        };
        let carried = self.carried.iter().map(|row| {
            json!({
                "text": row.text, "shape": row.shape, "text_bytes": row.text_bytes, "body_bytes": row.body_bytes,
                "module_mb_s": row.module_speed(), "with_mb_s": row.speed(&row.with), "without_mb_s": row.speed(&row.without),
                "with_wall_cpu_s": seconds(&row.with), "without_wall_cpu_s": seconds(&row.without),
            })
        });
        let parts = self.latency.rows().into_iter().map(|(clock, share, without, with)| {
            json!({"clock": clock, "share": share, "without_us": without, "with_us": with})
        });
        json!({
            "module": self.module, "cpus": self.cpus, "load_average": [self.busy.0, self.busy.1],
            "carried": carried.collect::<Vec<_>>(),
            "kib": parts.collect::<Vec<_>>(),
            "peers": self.peers.iter().map(Peer::to_json).collect::<Vec<_>>(),
        })
    }

    /// Writes `redaction.json` and `redaction.md`.
    pub fn write(&self, directory: &Path) -> Result<()> {
        std::fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        let json = serde_json::to_string_pretty(&self.to_json())?;
        for (name, text) in [("redaction.json", json + "\n"), ("redaction.md", self.markdown())] {
            let file = directory.join(name);
            std::fs::write(&file, text).with_context(|| file.display().to_string())?;
        }
        Ok(())
    }
}
