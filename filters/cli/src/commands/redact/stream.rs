//! `portcullis redact --stream`: whole bodies of answers, and the chunks that they arrive in.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_core::config::Config;
use portcullis_core::exchange::{Act, Exchange};
use portcullis_core::head::Head;
use serde_json::{Value, json};

use crate::row::head;

/// The answer to a line; false when it is an error.
pub(super) fn answer(config: &Arc<Config>, line: &[u8]) -> (Value, bool) {
    let row = match serde_json::from_slice::<Value>(line) {
        Ok(row) => row,
        Err(error) => return (json!({ "id": null, "error": format!("is not JSON: {error}") }), false),
    };
    let id = row.get("id").cloned().unwrap_or(Value::Null);
    match redact(config, row) {
        Ok((body, sizes)) => {
            (json!({ "id": id, "plan": "given", "body_b64": STANDARD.encode(body), "chunks_out": sizes }), true)
        }
        Err(error) => (json!({ "id": id, "error": format!("{error:#}") }), false),
    }
}

/// The body that the client gets, and how many bytes of it after each chunk; the last are those at the end.
fn redact(config: &Arc<Config>, mut row: Value) -> Result<(Vec<u8>, Vec<usize>)> {
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    let body = STANDARD.decode(text("body_b64").context("has no body_b64")?).context("body_b64 is not base64")?;
    let sizes = match row.get("chunk_sizes") {
        None | Some(Value::Null) => vec![body.len()],
        Some(sizes) => serde_json::from_value::<Vec<usize>>(sizes.clone()).context("chunk_sizes are not sizes")?,
    };
    let mut fields = vec![(b":status".to_vec(), b"200".to_vec())];
    for (key, name) in [("content_type", "content-type"), ("content_encoding", "content-encoding")] {
        fields.extend(text(key).map(|value| (name.into(), value.as_bytes().to_vec())));
    }
    let row = row.as_object_mut().context("is not an object")?;
    row.entry("path").or_insert_with(|| "/v1/chat/completions".into());
    row.entry("method").or_insert_with(|| "GET".into());
    let mut exchange = Exchange::open(config, head(row).map_err(anyhow::Error::msg)?, 0);
    if let Act::Refuse(reply) = exchange.request_head(true) {
        bail!("the request is refused with {}", reply.status);
    }
    exchange.response_head(200, false, 0);
    let mut answered = Answered { exchange, body: Vec::new() };
    let act = answered.exchange.answer_head(&Head::new(fields), false);
    answered.take(act, &[])?;
    let (mut written, mut rest) = (Vec::new(), body.as_slice());
    for size in sizes {
        let Some((chunk, after)) = rest.split_at_checked(size) else { bail!("chunk_sizes go beyond the body") };
        written.push(answered.chunk(chunk, false)?);
        rest = after;
    }
    written.push(answered.chunk(rest, true)?);
    Ok((answered.body, written))
}

/// An answer on its way, and what has gone of it.
struct Answered {
    exchange: Exchange,
    body: Vec<u8>,
}

impl Answered {
    /// Takes the next chunk; gives how many bytes leave.
    fn chunk(&mut self, chunk: &[u8], ends: bool) -> Result<usize> {
        self.exchange.response_body(chunk.len() as u64, ends);
        let before = self.body.len();
        let act = if self.exchange.wants_answer_body() { self.exchange.answer_body(chunk, ends) } else { Act::Forward };
        self.take(act, chunk)?;
        Ok(self.body.len().saturating_sub(before))
    }

    fn take(&mut self, act: Act, given: &[u8]) -> Result<()> {
        match act {
            Act::Forward => self.body.extend_from_slice(given),
            Act::Replace(bytes) => self.body.extend_from_slice(&bytes),
            _ => {
                let why = self.exchange.record().unreadable_answer.map_or("withheld", |why| why.name());
                bail!("cannot be read: {why}");
            }
        }
        Ok(())
    }
}
