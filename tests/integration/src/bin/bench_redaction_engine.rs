//! This project's own engine on texts, natively, as other packages are measured: `bench_redaction` runs it.

use std::io::Read as _;
use std::time::Instant;

use anyhow::{Context as _, Result};
use portcullis_pii_redact::{Detector, Kind, Ledger, Policy};
use serde_json::{Value, json};

const PIECE: usize = 1 << 16;

fn main() -> Result<()> {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    let texts: Value = serde_json::from_str(&input)?;
    let detector = Detector::new().context("the dictionaries of the detectors cannot be built")?;
    let policy = Policy::default();
    let mut said = json!({
        "package": "portcullis", "version": env!("CARGO_PKG_VERSION"), "runs": "native Rust", "kinds": Kind::ALL.len(), "texts": {},
    });
    for text in texts.as_array().into_iter().flatten() {
        let (name, text) = (text["name"].as_str().unwrap_or_default(), text["text"].as_str().unwrap_or_default());
        let (mut best, mut kinds) = (f64::MAX, Vec::new());
        for _ in 0..3 {
            kinds.clear();
            let since = Instant::now();
            let mut rest = text;
            while !rest.is_empty() {
                let end =
                    (rest.len().min(PIECE)..=rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
                let (piece, after) = rest.split_at(end);
                let redacted = detector.redact(&policy, &mut Ledger::default(), piece);
                kinds.extend(redacted.findings.iter().map(|finding| finding.kind));
                rest = after;
            }
            best = best.min(since.elapsed().as_secs_f64());
        }
        let emails = kinds.iter().filter(|kind| **kind == Kind::Email).count();
        said["texts"][name] = json!({"seconds": best, "emails": emails, "others": kinds.len() - emails});
    }
    println!("{said}");
    Ok(())
}
