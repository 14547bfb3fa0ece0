//! `POST …/responses`, as the OpenAI API defines it.
//!
//! Source: OpenAI API reference, "Create a model response", `CreateResponse`; the items are in [`openai_items`].

use super::read::{Fit, Format};
use super::reading::{Known, Reading, listed};
use super::{Dialect, Role, openai_items as items, schema};
use crate::json::{Kind, Value};

pub(super) const FORMAT: Format = Format {
    dialect: Dialect::OpenAiResponses,
    paths: &[&["responses"], &["responses", "input_tokens"], &["responses", "compact"]],
    fit,
    read,
};

/// Members without text for a model. In the order of [`listed`].
#[rustfmt::skip]
const SETTINGS: [&str; 22] = [
    "user", "store", "top_p", "include", "metadata", "reasoning", "background", "truncation", "temperature",
    "tool_choice", "conversation", "service_tier", "top_logprobs", "max_tool_calls", "stream_options",
    "prompt_cache_key", "max_output_tokens", "safety_identifier", "context_management", "parallel_tool_calls",
    "previous_response_id", "prompt_cache_retention",
];

/// Whether a document is of this shape: `input` is a string or holds items, or there is a stored `prompt`.
fn fit(root: Value<'_>) -> Fit {
    let own = ["instructions", "previous_response_id", "max_output_tokens", "conversation", "truncation"];
    let sign =
        if root.entries().any(|(key, _)| own.iter().any(|own| key.is(own))) { Fit::Certain } else { Fit::Possible };
    match root.get("input") {
        Some(input) if input.items().any(|item| item.kind() == Kind::Object) => Fit::Certain,
        Some(input) if input.kind() == Kind::String => sign,
        Some(input) if input.kind() == Kind::Array => Fit::ByPath,
        None if root.get("prompt").is_some_and(|prompt| prompt.kind() == Kind::Object) => sign,
        _ => Fit::No,
    }
}

fn read(reading: &mut Reading, root: Value<'_>) {
    reading.members(root, Role::User, |reading, key, value| {
        match key {
            "input" if value.kind() == Kind::Array => reading.each(value, Role::User, items::read),
            "input" => reading.text(value, Role::User),
            "instructions" => match value.kind() {
                Kind::Array => reading.each(value, Role::System, items::read),
                _ => reading.text(value, Role::System),
            },
            "prompt" => stored_prompt(reading, value),
            "model" => reading.model(value),
            "stream" => reading.stream(value),
            "tools" | "text" => schema::read(reading, value),
            _ if listed(key, &SETTINGS) => reading.setting(value),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// A prompt that the provider keeps, with what goes into its places: strings, or parts of content.
fn stored_prompt(reading: &mut Reading, prompt: Value<'_>) {
    reading.members(prompt, Role::User, |reading, key, value| {
        match key {
            "id" | "version" => reading.setting(value),
            "variables" => reading.members(value, Role::User, |reading, name, value| {
                // The names are the operator's; only those that can be nothing else are left out.
                if !super::reading::is_id(name.as_bytes()) {
                    return Known::No;
                }
                match value.kind() {
                    Kind::Object => items::part(reading, value, Role::User),
                    _ => reading.text(value, Role::User),
                }
                Known::Yes
            }),
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
