//! Measures the redactor on a file of text: `throughput FILE [CHUNK]`, one core, chunks of CHUNK characters (default 64).
//!
//! Prints bytes a second for the whole text and in chunks, how much is held after each chunk, and the findings, which
//! must be the same in both.

use std::time::Instant;

use portcullis_pii_redact::{Detector, Ledger, Operator, Policy, Redacted, Redactor};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or_else(|| std::io::Error::other("usage: throughput FILE [CHUNK]"))?;
    let chunk: usize = arguments.next().and_then(|size| size.parse().ok()).unwrap_or(64).max(1);
    let text = std::fs::read_to_string(path)?;
    let detector = Detector::new().ok_or_else(|| std::io::Error::other("dictionaries"))?;
    let policy = Policy::all(Operator::Replace);
    let mut best = f64::MAX;
    let mut whole = 0;
    for _ in 0..5 {
        let start = Instant::now();
        whole = detector.find(&text).len();
        best = best.min(start.elapsed().as_secs_f64());
    }
    let size = text.len() as f64;
    println!("whole: {:.1} MB/s, {whole} findings, {:.1} a kB", size / best / 1e6, whole as f64 / size * 1e3);

    let characters: Vec<char> = text.chars().collect();
    let chunks: Vec<String> = characters.chunks(chunk).map(|part| part.iter().collect()).collect();
    let mut held: Vec<usize> = Vec::new();
    let (mut out, mut ledger) = (Redacted::default(), Ledger::default());
    let mut redactor = Redactor::new(&detector, &policy);
    let start = Instant::now();
    for part in &chunks {
        redactor.push(part, &mut ledger, &mut out);
        held.push(redactor.held());
    }
    redactor.finish(&mut ledger, &mut out);
    let took = start.elapsed().as_secs_f64();
    let count = out.findings.len();
    held.sort_unstable();
    let mean = held.iter().sum::<usize>() as f64 / held.len().max(1) as f64;
    let at = |share: f64| held.get((held.len() as f64 * share) as usize).or(held.last()).copied().unwrap_or(0);
    println!(
        "chunks of {chunk}: {:.1} MB/s, {count} findings, held mean {mean:.1}, median {}, p99 {}, most {}",
        size / took / 1e6,
        at(0.5),
        at(0.99),
        at(1.0)
    );
    if count != whole {
        return Err(std::io::Error::other("the cuts changed the findings"));
    }
    Ok(())
}
