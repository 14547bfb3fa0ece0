//! The items of the OpenAI Responses API: messages, calls, what came of them, reasoning.
//!
//! Source: OpenAI API reference, `InputItem`, `Item` and their content parts.

use super::reading::{Known, Reading, listed};
use super::{Role, SkipReason, openai_chat, reference, schema};
use crate::json::{Kind, Str, Value};

/// The types of items. In the order of [`listed`].
#[rustfmt::skip]
const TYPES: [&str; 25] = [
    "message", "mcp_call", "reasoning", "compaction", "shell_call", "computer_call", "function_call",
    "item_reference", "mcp_list_tools", "web_search_call", "apply_patch_call", "custom_tool_call",
    "file_search_call", "local_shell_call", "shell_call_output", "compaction_summary", "computer_call_output",
    "function_call_output", "mcp_approval_request", "code_interpreter_call", "image_generation_call",
    "mcp_approval_response", "apply_patch_call_output", "custom_tool_call_output", "local_shell_call_output",
];

/// The types of content parts.
const PARTS: [&str; 12] = [
    "input_text",
    "output_text",
    "text",
    "refusal",
    "reasoning_text",
    "summary_text",
    "input_image",
    "input_file",
    "input_audio",
    "computer_screenshot",
    "image_url",
    "file",
];

const ROLES: [&str; 5] = ["user", "assistant", "system", "developer", "tool"];

/// Reads one item of `input`.
pub(super) fn read(reading: &mut Reading, item: Value<'_>) {
    let kind = item.get("type").and_then(Value::string).map(Str::text).unwrap_or_default();
    let role = role(item, &kind);
    reading.members(item, role, |reading, key, value| {
        match key {
            "type" => match value.string() {
                Some(word) if listed(&word.text(), &TYPES) => {}
                _ => reading.unrecognised(value, role),
            },
            "role" => reading.word(value, &ROLES, role),
            "id" | "call_id" | "approval_request_id" => reading.id(value, role),
            "status" | "container_id" | "phase" | "approve" | "max_output_length" => reading.setting(value),
            "encrypted_content" => reading.opaque(value, role),
            "content" => content(reading, value, role),
            "summary" => content(reading, value, Role::Assistant),
            "name"
            | "namespace"
            | "server_label"
            | "arguments"
            | "input"
            | "action"
            | "actions"
            | "operation"
            | "code"
            | "queries"
            | "pending_safety_checks" => reading.all(value, Role::ToolArgument),
            "output" => output(reading, value),
            "outputs" | "results" => reading.each(value, Role::ToolResult, result),
            "error" | "acknowledged_safety_checks" => reading.all(value, Role::ToolResult),
            "reason" => reading.text(value, Role::User),
            "tools" if kind == "mcp_list_tools" => schema::read(reading, value),
            "result" if kind == "image_generation_call" => reading.base64(value, SkipReason::Image, role),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// Who speaks an item: a message by its role, the rest by what it is.
fn role(item: Value<'_>, kind: &str) -> Role {
    match item.get("role").and_then(Value::string).map(Str::text).as_deref() {
        Some("system" | "developer") => Role::System,
        Some("assistant") => Role::Assistant,
        Some("tool") => Role::ToolResult,
        Some(_) => Role::User,
        None if kind == "reasoning" || kind == "compaction" => Role::Assistant,
        None if kind.ends_with("_output") => Role::ToolResult,
        None if kind.ends_with("_call") => Role::ToolArgument,
        None => Role::User,
    }
}

fn content(reading: &mut Reading, content: Value<'_>, role: Role) {
    match content.kind() {
        Kind::Array => content.items().for_each(|item| part(reading, item, role)),
        _ => reading.text(content, role),
    }
}

/// Reads one part of content.
pub(super) fn part(reading: &mut Reading, part: Value<'_>, role: Role) {
    let kind = part.get("type").and_then(Value::string).map(Str::text).unwrap_or_default();
    reading.members(part, role, |reading, key, value| {
        match (&*kind, key) {
            (_, "type") => reading.word(value, &PARTS, role),
            (_, "text" | "refusal") => reading.text(value, role),
            (_, "annotations" | "logprobs") => reading.all(value, role),
            ("input_image" | "computer_screenshot" | "image_url", "image_url") => {
                openai_chat::media(reading, value, SkipReason::Image, role);
            }
            ("input_image" | "computer_screenshot", "file_id") => reading.stored(value, SkipReason::Image, role),
            ("input_image" | "input_file", "detail") => reading.setting(value),
            ("input_file", "file_id") => reading.stored(value, SkipReason::File, role),
            ("input_file", "file_data") => reference::content(reading, value, None, SkipReason::File, role),
            ("input_file", "file_url") => reference::url(reading, value, SkipReason::File, role),
            ("input_file", "filename") => reading.text(value, reference::document(role)),
            ("input_audio", "input_audio") => openai_chat::audio(reading, value, role),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// What came of a call: a string, a part, or an array of parts or of results.
fn output(reading: &mut Reading, output: Value<'_>) {
    match output.kind() {
        Kind::Array => output.items().for_each(|item| result(reading, item)),
        Kind::Object => result(reading, output),
        _ => reading.text(output, Role::ToolResult),
    }
}

/// A part of content, a found passage, the log of a run.
fn result(reading: &mut Reading, result: Value<'_>) {
    let known = result.get("type").and_then(Value::string).is_some_and(|kind| PARTS.iter().any(|part| kind.is(part)));
    if known {
        return part(reading, result, Role::ToolResult);
    }
    reading.members(result, Role::ToolResult, |reading, key, value| {
        match key {
            "type" => reading.word(value, &["logs", "image"], Role::ToolResult),
            "text" | "filename" | "logs" | "stdout" | "stderr" => reading.text(value, Role::ToolResult),
            "attributes" => reading.all(value, Role::ToolResult),
            "file_id" | "score" | "outcome" => reading.setting(value),
            "url" => reference::url(reading, value, SkipReason::Image, Role::ToolResult),
            _ => return Known::No,
        }
        Known::Yes
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_are_in_the_order_of_the_search() {
        assert!(TYPES.is_sorted_by_key(|word| (word.len(), *word)));
    }
}
