//! `POST …/api/generate` of Ollama, and `/api/embed` and `/api/embeddings`, which share its members.
//!
//! Source: Ollama API, "Generate a completion" and "Generate embeddings" (docs/api.md, docs/openapi.yaml). The `context`
//! of an earlier answer is its text in tokens and is skipped with that reason. Answers are a stream unless it is declined.

use super::ollama_chat::{OWN, SETTINGS, images};
use super::read::{Fit, Format};
use super::reading::{Known, Reading, listed};
use super::{Dialect, Role, schema};
use crate::json::{Kind, Value};

pub(super) const FORMAT: Format = Format {
    dialect: Dialect::OllamaGenerate,
    paths: &[&["api", "generate"], &["api", "embed"], &["api", "embeddings"]],
    fit,
    read,
};

/// Whether a document is of this shape: a `prompt` or an `input`. What only this dialect has makes it its own.
fn fit(root: Value<'_>) -> Fit {
    let has = |name| root.entries().any(|(key, _)| key.is(name));
    let own = OWN.iter().any(|own| has(own)) || ["raw", "template", "context"].iter().any(|own| has(own));
    let prompt = root.get("prompt").is_some_and(|prompt| prompt.kind() == Kind::String);
    match (prompt, own) {
        (true, true) => Fit::Own,
        (true, false) => Fit::ByPath,
        (false, _) if has("messages") => Fit::No,
        (false, _) if has("input") || own => Fit::ByPath,
        (false, _) => Fit::No,
    }
}

fn read(reading: &mut Reading, root: Value<'_>) {
    if root.get("input").is_none() {
        reading.streams();
    }
    reading.members(root, Role::User, |reading, key, value| {
        match key {
            "prompt" | "suffix" => reading.text(value, Role::User),
            "system" | "template" => reading.text(value, Role::System),
            "input" => reading.text_or_tokens(value, Role::EmbeddingInput),
            "context" => reading.tokens(value, Role::Assistant),
            "images" => images(reading, value, Role::User),
            "model" => reading.model(value),
            "stream" => reading.stream(value),
            "format" => schema::read(reading, value),
            "dimensions" | "steps" => reading.setting(value),
            _ if listed(key, &SETTINGS) => reading.setting(value),
            _ => return Known::No,
        }
        Known::Yes
    });
}
