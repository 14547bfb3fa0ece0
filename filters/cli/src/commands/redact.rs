//! `portcullis redact`: texts in, redacted texts and their findings out.

mod stream;

use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Args;
use portcullis_core::config::Config;
use portcullis_core::head::Head;
use portcullis_pii_redact::{Reported, Section};
use serde_json::{Value, json};

/// Redact texts and streams: JSON Lines in, JSON Lines out
///
/// Each line of the input is {"id","text"}; the answer is {"id","text","findings":[{"type","start","end","action"}]} with
/// the text as the default profile lets it go in an answer (in a request, if it redacts no answers), and offsets that count
/// Unicode code points of the input. Without a configuration every kind is replaced by its name.
/// Answers come in the order of the input. Exit code 1 when a line could not be read.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Configuration of the module, JSON
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Whole bodies of answers, {"id","path","content_type","content_encoding","body_b64","chunk_sizes"} each; what the
    /// client would get is {"id","plan","body_b64","chunks_out"}, with the bytes that leave after each chunk and at the
    /// end. The profile is that of the path, and of "method" and "headers" if they are given
    #[arg(long)]
    stream: bool,
}

/// Redacts standard input to standard output.
pub(super) fn run(options: Options) -> Result<ExitCode> {
    let config = configuration(options.config.as_deref())?;
    let mut input = BufReader::with_capacity(1 << 20, io::stdin().lock());
    let mut output = io::BufWriter::new(io::stdout().lock());
    let mut texts = None;
    if !options.stream {
        texts = Some(section(&config)?);
    }
    let mut failed = false;
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        if !line.trim_ascii().is_empty() {
            let (answer, well) = match &texts {
                Some(section) => answer(section, config.audit_key.as_deref(), &line),
                None => stream::answer(&config, &line),
            };
            writeln!(output, "{answer}")?;
            failed |= !well;
        }
        line.clear();
    }
    output.flush()?;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What is done without a configuration: redaction in the one profile, and nothing else.
const ALONE: &[u8] = br#"{"profiles": {"default": {"pii_redact": {}, "prompt_guard": {"mode": "off"}}}}"#;

fn configuration(file: Option<&Path>) -> Result<Arc<Config>> {
    match file {
        Some(_) => super::configuration(file),
        None => super::parsed(ALONE),
    }
}

/// The section of the profile that a request without a path gets.
fn section(config: &Config) -> Result<Section> {
    let profile = config.select(&Head::new(Vec::new()));
    let section = profile.stages.iter().find_map(|stage| Section::of(stage.as_ref()));
    match section.filter(Section::runs) {
        Some(section) => Ok(section),
        None => bail!(
            "profile {} does not redact; give it a section \"pii_redact\": {{}} whose mode is not off",
            profile.name
        ),
    }
}

/// The answer to a line; false when it is an error.
fn answer(section: &Section, key: Option<&[u8]>, line: &[u8]) -> (Value, bool) {
    let row = match serde_json::from_slice::<Value>(line) {
        Ok(row) => row,
        Err(error) => return (json!({ "id": null, "error": format!("is not JSON: {error}") }), false),
    };
    let id = row.get("id").cloned().unwrap_or(Value::Null);
    let Some(text) = row.get("text").and_then(Value::as_str) else {
        return (json!({ "id": id, "error": "has no text" }), false);
    };
    let edited = section.redact(key, text);
    (json!({ "id": id, "text": edited.text, "findings": report(text, &edited.found) }), true)
}

/// The findings with offsets in code points.
fn report(text: &str, found: &[Reported]) -> Vec<Value> {
    let points = |bytes: usize| text.get(..bytes).map_or(0, |part| part.chars().count());
    // Findings that were looked for by two may overlap; most begin where none before them has ended.
    let (mut byte, mut point) = (0, 0_usize);
    let mut at = |to: usize| {
        point = match text.get(byte..to) {
            Some(part) => point.saturating_add(part.chars().count()),
            None => points(to),
        };
        byte = to;
        point
    };
    let one = |found: &Reported| {
        let (start, end) = (at(found.start), at(found.end));
        json!({ "type": found.name, "start": start, "end": end, "action": found.action })
    };
    found.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(document: &[u8], line: &str) -> (Value, bool) {
        let config = super::super::parsed(document).unwrap();
        answer(&section(&config).unwrap(), config.audit_key.as_deref(), line.as_bytes())
    }

    #[test]
    fn offsets_count_code_points_of_the_input() {
        let (answer, well) = answered(ALONE, r#"{"id":7,"text":"né 😀 a@b.co und 10.1.2.3"}"#);
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
    fn a_configuration_has_its_say() {
        let document = json!({"profiles": {"default": {"pii_redact": {
            "ignore": ["IP_ADDRESS"],
            "patterns": [{"name": "STAFF", "pattern": "EMP-\\d{4}"}],
            "deny": ["blue heron"],
            "response": {"operators": [
                {"entities": ["EMAIL"], "operator": "number"},
                {"entities": ["region:us"], "operator": "mask", "keep_last": 4},
            ]},
        }}}});
        let text = "a@b.co, c@d.co, a@b.co; 10.1.2.3; EMP-1234; Blue Heron; 512-44-7193";
        let (answer, well) = answered(document.to_string().as_bytes(), &json!({"text": text}).to_string());
        assert!(well);
        assert_eq!(answer["text"], "[EMAIL_1], [EMAIL_2], [EMAIL_1]; 10.1.2.3; [STAFF]; [DENIED]; ***-**-*193");
        let types: Vec<_> = answer["findings"].as_array().unwrap().iter().map(|found| &found["type"]).collect();
        assert_eq!(types, ["EMAIL", "EMAIL", "EMAIL", "CUSTOM", "CUSTOM", "US_SSN"]);
    }

    #[test]
    fn a_profile_that_does_not_redact_is_no_answer() {
        for document in [&b"{}"[..], br#"{"profiles": {"default": {"pii_redact": {"mode": "off"}}}}"#] {
            assert!(section(&super::super::parsed(document).unwrap()).is_err());
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_is_an_error_with_its_id() {
        assert_eq!(answered(ALONE, r#"{"id":"x","txt":1}"#), (json!({ "id": "x", "error": "has no text" }), false));
        assert!(!answered(ALONE, "{").1);
    }
}
