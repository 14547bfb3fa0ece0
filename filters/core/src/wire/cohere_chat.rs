//! `POST …/v1/chat` and `…/v2/chat` of the Cohere API.
//!
//! Source: Cohere API reference, "Chat" and "Chat (V1)". The first version has one `message` beside its history, the
//! second `messages`. Documents are objects of any names, all of which the model is shown.

use super::read::{Fit, Format};
use super::reading::{Known, Reading, listed};
use super::{Dialect, Role, SkipReason, openai_chat, reference, schema};
use crate::json::{Kind, Str, Value};

pub(super) const FORMAT: Format =
    Format { dialect: Dialect::CohereChat, paths: &[&["v1", "chat"], &["v2", "chat"]], fit, read };

/// Members without text for a model. In the order of [`listed`].
#[rustfmt::skip]
const SETTINGS: [&str; 27] = [
    "k", "p", "seed", "rerank", "logprobs", "priority", "thinking", "connectors", "max_tokens", "prompt_key",
    "safety_mode", "temperature", "tool_choice", "strict_tools", "raw_prompting", "return_prompt",
    "conversation_id", "return_preamble", "citation_options", "citation_quality", "max_input_tokens",
    "presence_penalty", "force_single_step", "frequency_penalty", "prompt_truncation", "search_queries_only",
    "return_prompt_tokens",
];

/// Members that no other dialect has.
const OWN: [&str; 10] = [
    "chat_history",
    "preamble",
    "connectors",
    "safety_mode",
    "citation_options",
    "citation_quality",
    "prompt_truncation",
    "search_queries_only",
    "force_single_step",
    "strict_tools",
];

/// Whether a document is of this shape: a `message`, or `messages`. What only this dialect has makes it its own.
fn fit(root: Value<'_>) -> Fit {
    let own = root.entries().any(|(key, _)| OWN.iter().any(|own| key.is(own)));
    let message = root.get("message").is_some_and(|message| message.kind() == Kind::String);
    let messages = root.get("messages").filter(|messages| messages.kind() == Kind::Array);
    let planned = |messages: Value<'_>| messages.items().any(|message| message.get("tool_plan").is_some());
    match (message, messages) {
        (true, _) if own => Fit::Own,
        (true, None) => Fit::Possible,
        (_, Some(messages)) if own && !message || planned(messages) => Fit::Own,
        (_, Some(_)) => Fit::ByPath,
        (false, None) => Fit::No,
    }
}

fn read(reading: &mut Reading, root: Value<'_>) {
    reading.members(root, Role::User, |reading, key, value| {
        match key {
            "message" => reading.text(value, Role::User),
            "messages" | "chat_history" => reading.each(value, Role::User, message),
            "preamble" | "preamble_override" => reading.text(value, Role::System),
            "documents" => reading.all(value, Role::Document),
            "tool_results" => reading.each(value, Role::ToolResult, tool_result),
            "tools" | "response_format" => schema::read(reading, value),
            "stop_sequences" => reading.all(value, Role::User),
            "model" => reading.model(value),
            "stream" => reading.stream(value),
            _ if listed(key, &SETTINGS) => reading.setting(value),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// A turn of either version; the roles of the first are in capitals.
fn message(reading: &mut Reading, message: Value<'_>) {
    let role = match message.get("role").and_then(Value::string).map(|role| role.text().to_ascii_lowercase()).as_deref()
    {
        Some("system" | "developer") => Role::System,
        Some("assistant" | "chatbot") => Role::Assistant,
        Some("tool") => Role::ToolResult,
        _ => Role::User,
    };
    const ROLES: [&str; 8] = ["system", "developer", "user", "assistant", "tool", "USER", "CHATBOT", "SYSTEM"];
    reading.members(message, role, |reading, key, value| {
        match key {
            "role" if value.is("TOOL") => {}
            "role" => reading.word(value, &ROLES, role),
            "content" => content(reading, value, role),
            "message" | "tool_plan" => reading.text(value, role),
            "tool_calls" => reading.each(value, Role::ToolArgument, tool_call),
            "tool_results" => reading.each(value, Role::ToolResult, tool_result),
            "tool_call_id" => reading.id(value, role),
            "citations" => reading.all(value, role),
            _ => return Known::No,
        }
        Known::Yes
    });
}

fn content(reading: &mut Reading, content: Value<'_>, role: Role) {
    match content.kind() {
        Kind::Array => content.items().for_each(|item| part(reading, item, role)),
        _ => reading.text(content, role),
    }
}

fn part(reading: &mut Reading, part: Value<'_>, role: Role) {
    let kind = part.get("type").and_then(Value::string).map(Str::text).unwrap_or_default();
    reading.members(part, role, |reading, key, value| {
        match (&*kind, key) {
            (_, "type") => reading.word(value, &["text", "image_url", "document", "thinking"], role),
            (_, "text" | "thinking") => reading.text(value, role),
            ("image_url", "image_url") => openai_chat::media(reading, value, SkipReason::Image, role),
            ("document", "document") => reading.all(value, reference::document(role)),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// The second version's calls are those of OpenAI's chats; the first has `name` and `parameters`.
fn tool_call(reading: &mut Reading, call: Value<'_>) {
    if call.get("function").is_some() {
        return openai_chat::tool_call(reading, call);
    }
    reading.all(call, Role::ToolArgument);
}

fn tool_result(reading: &mut Reading, result: Value<'_>) {
    reading.members(result, Role::ToolResult, |reading, key, value| {
        match key {
            "call" => reading.all(value, Role::ToolArgument),
            "outputs" => reading.all(value, Role::ToolResult),
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
