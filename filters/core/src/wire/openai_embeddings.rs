//! `POST …/embeddings`, as the OpenAI API defines it and others extend it.
//!
//! Source: OpenAI API reference, "Create embeddings", `CreateEmbeddingRequest`.

use super::read::{Fit, Format};
use super::reading::{Known, Reading};
use super::{Dialect, Role};
use crate::json::{Kind, Value};

pub(super) const FORMAT: Format = Format { dialect: Dialect::OpenAiEmbeddings, paths: &[&["embeddings"]], fit, read };

/// Whether a document is of this shape: `input` is a string, or an array of strings or of tokens.
fn fit(root: Value<'_>) -> Fit {
    let Some(input) = root.get("input") else { return Fit::No };
    match input.kind() {
        Kind::String => Fit::Possible,
        Kind::Array if input.items().all(|item| matches!(item.kind(), Kind::String | Kind::Number | Kind::Array)) => {
            Fit::Possible
        }
        _ => Fit::No,
    }
}

fn read(reading: &mut Reading, root: Value<'_>) {
    reading.members(root, Role::EmbeddingInput, |reading, key, value| {
        match key {
            "input" => reading.text_or_tokens(value, Role::EmbeddingInput),
            "model" => reading.model(value),
            "encoding_format" | "dimensions" | "user" => reading.setting(value),
            _ => return Known::No,
        }
        Known::Yes
    });
}
