//! `portcullis redact`: texts in, redacted texts and their findings out.

mod stream;

use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use portcullis_pii_redact::{Detector, Finding, Ledger, Policy};
use serde_json::{Value, json};

/// Redact texts and streams: JSON Lines in, JSON Lines out
///
/// Each line of the input is {"id","text"}; the answer is {"id","text","findings":[{"type","start","end","action"}]} with
/// the redacted text, and offsets that count Unicode code points of the input. Every kind is replaced by its name.
/// Answers come in the order of the input. Exit code 1 when a line could not be read.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Configuration of the module, JSON (not built yet)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Whole bodies of answers, {"id","content_type","content_encoding","body_b64","chunk_sizes"} each; what the client
    /// would get is {"id","plan","body_b64","chunks_out"}, with the bytes that leave after each chunk and at the end
    #[arg(long)]
    stream: bool,
}

/// Redacts standard input to standard output.
pub(super) fn run(options: Options) -> Result<ExitCode> {
    if options.config.is_some() {
        bail!("no configuration has a say in redaction yet; leave --config out");
    }
    let detector = Detector::new().context("the dictionaries of the detectors cannot be built")?;
    let policy = Policy::default();
    let mut input = BufReader::with_capacity(1 << 20, io::stdin().lock());
    let mut output = io::BufWriter::new(io::stdout().lock());
    let mut failed = false;
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        if !line.trim_ascii().is_empty() {
            let (answer, well) = if options.stream {
                stream::answer(&detector, &policy, &line)
            } else {
                answer(&detector, &policy, &line)
            };
            writeln!(output, "{answer}")?;
            failed |= !well;
        }
        line.clear();
    }
    output.flush()?;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The answer to a line; false when it is an error.
fn answer(detector: &Detector, policy: &Policy, line: &[u8]) -> (Value, bool) {
    let row = match serde_json::from_slice::<Value>(line) {
        Ok(row) => row,
        Err(error) => return (json!({ "id": null, "error": format!("is not JSON: {error}") }), false),
    };
    let id = row.get("id").cloned().unwrap_or(Value::Null);
    let Some(text) = row.get("text").and_then(Value::as_str) else {
        return (json!({ "id": id, "error": "has no text" }), false);
    };
    // Numbers that a ledger gives hold within one text.
    let redacted = detector.redact(policy, &mut Ledger::default(), text);
    let findings = report(policy, text, &redacted.findings);
    (json!({ "id": id, "text": redacted.text, "findings": findings }), true)
}

/// The findings with offsets in code points.
fn report(policy: &Policy, text: &str, findings: &[Finding]) -> Vec<Value> {
    let (mut byte, mut point) = (0, 0_usize);
    let mut points = |to: usize| {
        point = point.saturating_add(text.get(byte..to).map_or(0, |part| part.chars().count()));
        byte = to;
        point
    };
    findings
        .iter()
        .map(|finding| {
            let (start, end) = (points(finding.start), points(finding.end));
            let action = policy.operator(finding.kind).name();
            json!({ "type": finding.kind.name(), "start": start, "end": end, "action": action })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(line: &str) -> (Value, bool) {
        answer(&Detector::new().unwrap(), &Policy::default(), line.as_bytes())
    }

    #[test]
    fn offsets_count_code_points_of_the_input() {
        let (answer, well) = answered(r#"{"id":7,"text":"né 😀 a@b.co und 10.1.2.3"}"#);
        assert!(well);
        assert_eq!(
            answer,
            json!({
                "id": 7,
                "text": "né 😀 [EMAIL] und [IP_ADDRESS]",
                "findings": [
                    { "type": "EMAIL", "start": 5, "end": 11, "action": "replace" },
                    { "type": "IP_ADDRESS", "start": 16, "end": 24, "action": "replace" },
                ],
            })
        );
    }

    #[test]
    fn a_line_that_cannot_be_read_is_an_error_with_its_id() {
        assert_eq!(answered(r#"{"id":"x","txt":1}"#), (json!({ "id": "x", "error": "has no text" }), false));
        assert!(!answered("{").1);
    }
}
