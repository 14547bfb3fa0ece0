//! `POST …/api/chat` of Ollama.
//!
//! Source: Ollama API, "Generate a chat completion" (docs/api.md, docs/openapi.yaml): turns as in OpenAI's chats, with
//! pictures beside the content and arguments of calls as objects. Answers are a stream unless it is declined.

use super::read::{Fit, Format};
use super::reading::{Known, Reading, listed};
use super::{Dialect, Role, SkipReason, openai_chat, schema};
use crate::json::{Kind, Str, Value};

pub(super) const FORMAT: Format = Format { dialect: Dialect::OllamaChat, paths: &[&["api", "chat"]], fit, read };

/// Members without text for a model. In the order of [`listed`].
pub(super) const SETTINGS: [&str; 9] =
    ["raw", "shift", "think", "width", "height", "options", "logprobs", "truncate", "keep_alive"];

/// Members that no other dialect has, of any request to Ollama.
pub(super) const OWN: [&str; 2] = ["keep_alive", "options"];

/// Whether a document is of this shape: `messages` is an array. What only this dialect has makes it its own.
fn fit(root: Value<'_>) -> Fit {
    let Some(messages) = root.get("messages").filter(|messages| messages.kind() == Kind::Array) else {
        return Fit::No;
    };
    let own_message = |message: Value<'_>| message.entries().any(|(key, _)| key.is("images") || key.is("tool_name"));
    let own = root.entries().any(|(key, _)| OWN.iter().any(|own| key.is(own)));
    if own || messages.items().any(own_message) { Fit::Own } else { Fit::ByPath }
}

fn read(reading: &mut Reading, root: Value<'_>) {
    reading.streams();
    reading.members(root, Role::User, |reading, key, value| {
        match key {
            "messages" => reading.each(value, Role::User, message),
            "model" => reading.model(value),
            "stream" => reading.stream(value),
            "tools" | "format" => schema::read(reading, value),
            _ if listed(key, &SETTINGS) => reading.setting(value),
            _ => return Known::No,
        }
        Known::Yes
    });
}

fn message(reading: &mut Reading, message: Value<'_>) {
    let role = match message.get("role").and_then(Value::string).map(Str::text).as_deref() {
        Some("system") => Role::System,
        Some("assistant") => Role::Assistant,
        Some("tool") => Role::ToolResult,
        _ => Role::User,
    };
    reading.members(message, role, |reading, key, value| {
        match key {
            "role" => reading.word(value, &["system", "user", "assistant", "tool"], role),
            // A string; servers that speak for Ollama take OpenAI's parts, too.
            "content" => openai_chat::content(reading, value, role),
            "thinking" | "tool_name" | "name" => reading.text(value, role),
            "images" => images(reading, value, role),
            "tool_calls" => reading.each(value, Role::ToolArgument, tool_call),
            "tool_call_id" => reading.id(value, role),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// Pictures in base64.
pub(super) fn images(reading: &mut Reading, images: Value<'_>, role: Role) {
    if images.kind() == Kind::Null {
        return;
    }
    reading.each(images, role, |reading, image| reading.base64(image, SkipReason::Image, role));
}

fn tool_call(reading: &mut Reading, call: Value<'_>) {
    reading.members(call, Role::ToolArgument, |reading, key, value| {
        match key {
            "id" => reading.id(value, Role::ToolArgument),
            "type" => reading.word(value, &["function"], Role::ToolArgument),
            "function" => reading.members(value, Role::ToolArgument, |reading, key, value| {
                match key {
                    "name" | "description" => reading.text(value, Role::ToolArgument),
                    "arguments" => reading.all(value, Role::ToolArgument),
                    "index" => reading.setting(value),
                    _ => return Known::No,
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
