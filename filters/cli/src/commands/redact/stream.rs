//! `portcullis redact --stream`: whole bodies of answers, and the chunks that they arrive in.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_core::answer::{Answer, Channel, Editor, Flow, Head, Limits};
use portcullis_pii_redact::{self as pii, Detector, Ledger, Policy, Redacted, Redactor};
use serde_json::{Value, json};

/// The answer to a line; false when it is an error.
pub(super) fn answer(detector: &Detector, policy: &Policy, line: &[u8]) -> (Value, bool) {
    let row = match serde_json::from_slice::<Value>(line) {
        Ok(row) => row,
        Err(error) => return (json!({ "id": null, "error": format!("is not JSON: {error}") }), false),
    };
    let id = row.get("id").cloned().unwrap_or(Value::Null);
    match redact(detector, policy, &row) {
        Ok((body, sizes)) => {
            (json!({ "id": id, "plan": "given", "body_b64": STANDARD.encode(body), "chunks_out": sizes }), true)
        }
        Err(error) => (json!({ "id": id, "error": format!("{error:#}") }), false),
    }
}

/// The body that the client gets, and how many bytes of it after each chunk; the last are those at the end.
fn redact(detector: &Detector, policy: &Policy, row: &Value) -> Result<(Vec<u8>, Vec<usize>)> {
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    let body = STANDARD.decode(text("body_b64").context("has no body_b64")?).context("body_b64 is not base64")?;
    let sizes = match row.get("chunk_sizes") {
        None | Some(Value::Null) => vec![body.len()],
        Some(sizes) => serde_json::from_value::<Vec<usize>>(sizes.clone()).context("chunk_sizes are not sizes")?,
    };
    let head = Head {
        content_type: text("content_type").map(str::as_bytes),
        content_encoding: text("content_encoding").map(str::as_bytes),
    };
    let unreadable = |why: portcullis_core::wire::Unreadable| anyhow::anyhow!("cannot be read: {}", why.name());
    let mut answer = Answer::open(&head, Limits::default()).map_err(unreadable)?;
    let mut editor = Redaction::new(detector, policy);
    let (mut out, mut written, mut rest) = (Vec::new(), Vec::new(), body.as_slice());
    for size in sizes {
        let Some((chunk, after)) = rest.split_at_checked(size) else { bail!("chunk_sizes go beyond the body") };
        let before = out.len();
        answer.push(chunk, &mut editor, &mut out).map_err(unreadable)?;
        written.push(out.len().saturating_sub(before));
        rest = after;
    }
    let before = out.len();
    answer.push(rest, &mut editor, &mut out).map_err(unreadable)?;
    answer.finish(&mut editor, &mut out).map_err(unreadable)?;
    written.push(out.len().saturating_sub(before));
    Ok((out, written))
}

/// Redacts each text of one answer.
struct Redaction<'a> {
    detector: &'a Detector,
    policy: &'a Policy,
    /// One for all texts, so that copies of a text agree.
    ledger: Ledger,
    open: BTreeMap<u32, Redactor<'a>>,
}

impl<'a> Redaction<'a> {
    fn new(detector: &'a Detector, policy: &'a Policy) -> Self {
        Self { detector, policy, ledger: Ledger::default(), open: BTreeMap::new() }
    }
}

impl Editor for Redaction<'_> {
    fn text(&mut self, channel: &Channel, chunk: &str, out: &mut String) -> Flow {
        let Self { detector, policy, ledger, open } = self;
        let redactor = open.entry(channel.id).or_insert_with(|| Redactor::new(detector, policy));
        let mut redacted = Redacted::default();
        let flow = redactor.push(chunk, ledger, &mut redacted);
        out.push_str(&redacted.text);
        match flow {
            pii::Flow::Open => Flow::Open { held: redactor.held() },
            pii::Flow::Blocked => Flow::Blocked,
        }
    }

    fn end(&mut self, channel: &Channel, out: &mut String) -> Flow {
        let Some(mut redactor) = self.open.remove(&channel.id) else { return Flow::Open { held: 0 } };
        let mut redacted = Redacted::default();
        let flow = redactor.finish(&mut self.ledger, &mut redacted);
        out.push_str(&redacted.text);
        match flow {
            pii::Flow::Open => Flow::Open { held: 0 },
            pii::Flow::Blocked => Flow::Blocked,
        }
    }
}
