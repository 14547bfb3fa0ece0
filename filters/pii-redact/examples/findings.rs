//! Reads `{"id","text"}` a line, writes `{"id","text","findings"}` a line; offsets count Unicode code points.

use std::io::{BufRead, Write};

use portcullis_pii_redact::Detector;
use serde_json::{Value, json};

fn main() -> std::io::Result<()> {
    let detector = Detector::new().ok_or_else(|| std::io::Error::other("dictionaries"))?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let record: Value = serde_json::from_str(&line?)?;
        let text = record.get("text").and_then(Value::as_str).unwrap_or_default();
        let points = |byte: usize| text.char_indices().take_while(|(at, _)| *at < byte).count();
        let findings: Vec<Value> = detector
            .find(text)
            .into_iter()
            .map(
                |f| json!({"type": f.kind.name(), "start": points(f.start), "end": points(f.end), "action": "replace"}),
            )
            .collect();
        writeln!(out, "{}", json!({"id": record.get("id"), "text": text, "findings": findings}))?;
    }
    out.flush()
}
