//! `POST …/completions`, a prompt without turns, as the OpenAI API defines it and vLLM and others extend it.
//!
//! Source: OpenAI API reference, "Create completion", `CreateCompletionRequest`. A prompt may be text, tokens, or many of
//! either; a body with one in tokens is not read at all, since only the model's own tokenizer can.

use super::read::{Fit, Format};
use super::reading::{Known, Reading, listed};
use super::{Dialect, Role, schema};
use crate::json::{Kind, Value};

pub(super) const FORMAT: Format = Format { dialect: Dialect::OpenAiCompletions, paths: &[&["completions"]], fit, read };

/// Members without text for a model. In the order of [`listed`].
#[rustfmt::skip]
const SETTINGS: [&str; 20] = [
    "n", "echo", "seed", "user", "min_p", "store", "top_k", "top_p", "best_of", "logprobs", "metadata",
    "logit_bias", "max_tokens", "temperature", "service_tier", "stream_options", "presence_penalty",
    "prompt_cache_key", "frequency_penalty", "repetition_penalty",
];

/// Whether a document is of this shape: `prompt` is a string or an array.
fn fit(root: Value<'_>) -> Fit {
    match root.get("prompt").map(Value::kind) {
        Some(Kind::String | Kind::Array) => Fit::Possible,
        _ => Fit::No,
    }
}

fn read(reading: &mut Reading, root: Value<'_>) {
    reading.members(root, Role::User, |reading, key, value| {
        match key {
            "prompt" | "suffix" => reading.text_or_tokens(value, Role::User),
            "model" => reading.model(value),
            "stream" => reading.stream(value),
            "stop" => reading.all(value, Role::User),
            "response_format" => schema::read(reading, value),
            // vLLM: tensors in base64, one or many.
            "prompt_embeds" if value.kind() == Kind::Array => {
                reading.each(value, Role::User, |reading, item| reading.opaque(item, Role::User));
            }
            "prompt_embeds" => reading.opaque(value, Role::User),
            _ if listed(key, &SETTINGS) => reading.setting(value),
            _ => return Known::No,
        }
        Known::Yes
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_in_the_order_of_the_search() {
        assert!(SETTINGS.is_sorted_by_key(|word| (word.len(), *word)));
    }
}
