//! `POST …/chat/completions`, as the OpenAI API defines it and vLLM, OpenRouter and others extend it.
//!
//! Source: OpenAI API reference, "Create chat completion", `ChatCompletionRequest…` schemas.

use super::read::{Fit, Format};
use super::reading::{Known, Reading, listed};
use super::{Dialect, Role, SkipReason, reference, schema};
use crate::json::{Kind, Str, Value};

pub(super) const FORMAT: Format =
    Format { dialect: Dialect::OpenAiChat, paths: &[&["chat", "completions"]], fit, read };

const ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];

const PARTS: [&str; 7] = ["text", "refusal", "image_url", "input_audio", "file", "audio_url", "video_url"];

/// Members without text for a model. In the order of [`listed`].
#[rustfmt::skip]
const SETTINGS: [&str; 35] = [
    "n", "seed", "user", "audio", "min_p", "store", "top_a", "top_k", "top_p", "logprobs", "metadata", "thinking",
    "reasoning", "verbosity", "logit_bias", "max_tokens", "modalities", "moderation", "temperature", "tool_choice",
    "service_tier", "top_logprobs", "function_call", "stream_options", "presence_penalty", "prompt_cache_key",
    "reasoning_effort", "frequency_penalty", "safety_identifier", "repetition_penalty", "web_search_options",
    "parallel_tool_calls", "prompt_cache_options", "max_completion_tokens", "prompt_cache_retention",
];

/// Whether a document is of this shape: `messages` is an array. What only this dialect has makes it certain.
fn fit(root: Value<'_>) -> Fit {
    let Some(messages) = root.get("messages").filter(|messages| messages.kind() == Kind::Array) else {
        return Fit::No;
    };
    let own_members = ["functions", "function_call", "response_format", "max_completion_tokens", "n", "logit_bias"];
    let own = root.entries().any(|(key, value)| {
        own_members.iter().any(|own| key.is(own))
            || key.is("tools") && value.items().any(|tool| tool.get("function").is_some())
    });
    if own || messages.items().any(own_message) { Fit::Certain } else { Fit::Possible }
}

fn own_message(message: Value<'_>) -> bool {
    message.entries().any(|(key, value)| {
        if key.is("role") {
            return ["system", "developer", "tool", "function"].iter().any(|role| value.is(role));
        }
        if key.is("content") {
            let own = ["image_url", "input_audio", "file", "refusal"];
            return value.items().any(|part| part.get("type").is_some_and(|kind| own.iter().any(|own| kind.is(own))));
        }
        ["tool_calls", "tool_call_id", "function_call", "refusal", "audio"].iter().any(|own| key.is(own))
    })
}

fn read(reading: &mut Reading, root: Value<'_>) {
    reading.members(root, Role::User, |reading, key, value| {
        match key {
            "messages" => reading.each(value, Role::User, message),
            "model" => reading.model(value),
            "stream" => reading.stream(value),
            "tools" | "functions" | "response_format" => schema::read(reading, value),
            "prediction" => prediction(reading, value),
            "stop" => reading.all(value, Role::User),
            _ if listed(key, &SETTINGS) => reading.setting(value),
            _ => return Known::No,
        }
        Known::Yes
    });
}

fn message(reading: &mut Reading, message: Value<'_>) {
    let role = role(message);
    reading.members(message, role, |reading, key, value| {
        match key {
            "role" => reading.word(value, &ROLES, role),
            "content" => content(reading, value, role),
            "name" | "refusal" | "reasoning_content" | "reasoning" => reading.text(value, role),
            "tool_call_id" => reading.id(value, role),
            "cache_control" | "prefix" | "partial" | "weight" => reading.setting(value),
            "tool_calls" => reading.each(value, Role::ToolArgument, tool_call),
            "function_call" => function(reading, value),
            "audio" => audio(reading, value, role),
            _ => return Known::No,
        }
        Known::Yes
    });
}

fn role(message: Value<'_>) -> Role {
    let Some(role) = message.get("role") else { return Role::User };
    match role.string().map(Str::text).as_deref() {
        Some("system" | "developer") => Role::System,
        Some("assistant") => Role::Assistant,
        Some("tool" | "function") => Role::ToolResult,
        _ => Role::User,
    }
}

/// The content of a message: a string, parts, or nothing.
pub(super) fn content(reading: &mut Reading, content: Value<'_>, role: Role) {
    match content.kind() {
        Kind::Array => content.items().for_each(|item| part(reading, item, role)),
        _ => reading.text(content, role),
    }
}

fn part(reading: &mut Reading, part: Value<'_>, role: Role) {
    let kind = part.get("type").and_then(Value::string).map(Str::text);
    reading.members(part, role, |reading, key, value| {
        match (kind.as_deref(), key) {
            (_, "type") => reading.word(value, &PARTS, role),
            (_, "cache_control" | "prompt_cache_breakpoint") => reading.setting(value),
            (Some("text"), "text") | (Some("refusal"), "refusal") => reading.text(value, role),
            (Some("image_url"), "image_url") => media(reading, value, SkipReason::Image, role),
            (Some("audio_url"), "audio_url") | (Some("video_url"), "video_url") => {
                media(reading, value, SkipReason::Media, role);
            }
            (Some("input_audio"), "input_audio") => audio(reading, value, role),
            (Some("file"), "file") => file(reading, value, role),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// Something by URL: the URL itself, or an object with it.
pub(super) fn media(reading: &mut Reading, value: Value<'_>, reason: SkipReason, role: Role) {
    if value.kind() == Kind::String {
        return reference::url(reading, value, reason, role);
    }
    reading.members(value, role, |reading, key, value| {
        match key {
            "url" => reference::url(reading, value, reason, role),
            "detail" => reading.setting(value),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// Sound that is sent (`data`, `format`), referred to (`id`), or comes back from an earlier answer with its transcript.
pub(super) fn audio(reading: &mut Reading, audio: Value<'_>, role: Role) {
    reading.members(audio, role, |reading, key, value| {
        match key {
            "transcript" => reading.text(value, role),
            "data" => reading.base64(value, SkipReason::Media, role),
            "id" => reading.stored(value, SkipReason::Media, role),
            "format" | "expires_at" => reading.setting(value),
            _ => return Known::No,
        }
        Known::Yes
    });
}

fn file(reading: &mut Reading, file: Value<'_>, role: Role) {
    reading.members(file, role, |reading, key, value| {
        match key {
            "filename" => reading.text(value, reference::document(role)),
            "file_data" => reference::content(reading, value, None, SkipReason::File, role),
            "file_id" => reading.stored(value, SkipReason::File, role),
            _ => return Known::No,
        }
        Known::Yes
    });
}

pub(super) fn tool_call(reading: &mut Reading, call: Value<'_>) {
    reading.members(call, Role::ToolArgument, |reading, key, value| {
        match key {
            "id" => reading.id(value, Role::ToolArgument),
            "index" => reading.setting(value),
            "type" => reading.word(value, &["function", "custom"], Role::ToolArgument),
            "function" | "custom" => function(reading, value),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// What was called with what. The arguments are JSON in a string and inspected as they stand.
fn function(reading: &mut Reading, function: Value<'_>) {
    reading.members(function, Role::ToolArgument, |reading, key, value| {
        match key {
            "name" | "input" => reading.text(value, Role::ToolArgument),
            // Some servers take the arguments as an object.
            "arguments" => reading.all(value, Role::ToolArgument),
            _ => return Known::No,
        }
        Known::Yes
    });
}

fn prediction(reading: &mut Reading, prediction: Value<'_>) {
    reading.members(prediction, Role::Document, |reading, key, value| {
        match key {
            "type" => reading.word(value, &["content"], Role::Document),
            "content" => content(reading, value, Role::Document),
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
