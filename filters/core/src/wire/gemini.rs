//! `POST …:generateContent`, `…:streamGenerateContent` and `…:countTokens` of the Gemini API and of Vertex AI.
//!
//! Source: Gemini API reference, "Generating content" (`GenerateContentRequest`, `Content`, `Part`), and the same types of
//! the Vertex AI API. Names are in camel case; as in every JSON form of protocol buffers, snake case is understood too.
//! The model is named in the path.

use super::read::{Fit, Format};
use super::reading::{Known, Reading, listed};
use super::{Dialect, Role, SkipReason, reference, schema};
use crate::json::{Kind, Str, Value};

pub(super) const FORMAT: Format = Format {
    dialect: Dialect::Gemini,
    paths: &[&["*:generatecontent"], &["*:streamgeneratecontent"], &["*:counttokens"]],
    fit,
    read,
};

/// Members without text for a model. In the order of [`listed`].
#[rustfmt::skip]
const SETTINGS: [&str; 12] = [
    "store", "labels", "toolConfig", "serviceTier", "tool_config", "service_tier", "cachedContent",
    "cached_content", "safetySettings", "safety_settings", "modelArmorConfig", "model_armor_config",
];

/// Whether a document is of this shape: `contents`, and only this dialect has them in `parts`.
fn fit(root: Value<'_>) -> Fit {
    let Some(contents) = root.get("contents") else { return Fit::No };
    let in_parts = |content: Value<'_>| content.get("parts").is_some();
    match contents.kind() {
        Kind::Array if contents.items().any(in_parts) => Fit::Own,
        Kind::Object if in_parts(contents) => Fit::Own,
        Kind::Array | Kind::Object => Fit::Possible,
        _ => Fit::ByPath,
    }
}

fn read(reading: &mut Reading, root: Value<'_>) {
    reading.members(root, Role::User, request_member);
}

fn request_member(reading: &mut Reading, key: &str, value: Value<'_>) -> Known {
    match key {
        "contents" => contents(reading, value, Role::User),
        "systemInstruction" | "system_instruction" => contents(reading, value, Role::System),
        "model" => reading.model(value),
        "tools" => schema::read(reading, value),
        "generationConfig" | "generation_config" => generation_config(reading, value),
        _ if listed(key, &SETTINGS) => reading.setting(value),
        _ => return Known::No,
    }
    Known::Yes
}

fn generation_config(reading: &mut Reading, config: Value<'_>) {
    reading.members(config, Role::User, |reading, key, value| {
        match key {
            "stopSequences" | "stop_sequences" => reading.all(value, Role::User),
            "responseSchema" | "response_schema" | "responseJsonSchema" | "response_json_schema" => {
                schema::read(reading, value);
            }
            // Settings of many kinds, none of them text; what is not an identifier is inspected.
            _ => {
                if !super::reading::is_id(key.as_bytes()) {
                    return Known::No;
                }
                reading.setting(value);
            }
        }
        Known::Yes
    });
}

/// One content, many, or a string where a server takes one; `role` is that of a content that does not name its own.
fn contents(reading: &mut Reading, value: Value<'_>, role: Role) {
    match value.kind() {
        Kind::Array => value.items().for_each(|item| content(reading, item, role)),
        _ => content(reading, value, role),
    }
}

fn content(reading: &mut Reading, content: Value<'_>, default: Role) {
    if content.kind() == Kind::String {
        return reading.text(content, default);
    }
    let role = match content.get("role").and_then(Value::string).map(Str::text).as_deref() {
        // Nobody leaves the system prompt by naming another role in it.
        _ if default == Role::System => Role::System,
        Some("system") => Role::System,
        Some("model") => Role::Assistant,
        Some("function" | "tool") => Role::ToolResult,
        _ => default,
    };
    reading.members(content, role, |reading, key, value| {
        match key {
            "role" => reading.word(value, &["user", "model", "system", "function", "tool"], role),
            "parts" if value.kind() == Kind::Array => {
                reading.each(value, role, |reading, item| part(reading, item, role))
            }
            "parts" => part(reading, value, role),
            _ => return Known::No,
        }
        Known::Yes
    });
}

fn part(reading: &mut Reading, part: Value<'_>, role: Role) {
    if part.kind() == Kind::String {
        return reading.text(part, role);
    }
    reading.members(part, role, |reading, key, value| {
        match key {
            "text" => reading.text(value, role),
            "thought" | "videoMetadata" | "video_metadata" | "mediaResolution" | "media_resolution" => {
                reading.setting(value);
            }
            "thoughtSignature" | "thought_signature" => reading.opaque(value, role),
            "inlineData" | "inline_data" => blob(reading, value, role),
            "fileData" | "file_data" => file(reading, value, role),
            "functionCall" | "function_call" | "toolCall" | "tool_call" => call(reading, value),
            "functionResponse" | "function_response" | "toolResponse" | "tool_response" => response(reading, value),
            "executableCode" | "executable_code" => code(reading, value, Role::ToolArgument),
            "codeExecutionResult" | "code_execution_result" => code(reading, value, Role::ToolResult),
            "partMetadata" | "part_metadata" => reading.all(value, role),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// Bytes in base64, with their media type.
fn blob(reading: &mut Reading, blob: Value<'_>, role: Role) {
    let media_type = blob.get("mimeType").or_else(|| blob.get("mime_type")).and_then(Value::string);
    reading.members(blob, role, |reading, key, value| {
        match key {
            "mimeType" | "mime_type" => reading.setting(value),
            "data" => reference::base64(reading, value, media_type, SkipReason::File, role),
            "displayName" | "display_name" => reading.text(value, reference::document(role)),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// A file by URI.
fn file(reading: &mut Reading, file: Value<'_>, role: Role) {
    reading.members(file, role, |reading, key, value| {
        match key {
            "mimeType" | "mime_type" => reading.setting(value),
            "fileUri" | "file_uri" => reference::url(reading, value, SkipReason::File, role),
            "displayName" | "display_name" => reading.text(value, reference::document(role)),
            _ => return Known::No,
        }
        Known::Yes
    });
}

fn call(reading: &mut Reading, call: Value<'_>) {
    reading.members(call, Role::ToolArgument, |reading, key, value| {
        match key {
            "id" => reading.id(value, Role::ToolArgument),
            "toolType" | "tool_type" | "willContinue" | "will_continue" => reading.setting(value),
            "name" => reading.text(value, Role::ToolArgument),
            "args" | "partialArgs" | "partial_args" => reading.all(value, Role::ToolArgument),
            _ => return Known::No,
        }
        Known::Yes
    });
}

fn response(reading: &mut Reading, response: Value<'_>) {
    reading.members(response, Role::ToolResult, |reading, key, value| {
        match key {
            "id" => reading.id(value, Role::ToolResult),
            "toolType" | "tool_type" | "willContinue" | "will_continue" | "scheduling" => reading.setting(value),
            "name" => reading.text(value, Role::ToolResult),
            "response" => reading.all(value, Role::ToolResult),
            "parts" => reading.each(value, Role::ToolResult, response_part),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// Media that a function gave back.
fn response_part(reading: &mut Reading, part: Value<'_>) {
    reading.members(part, Role::ToolResult, |reading, key, value| {
        match key {
            "inlineData" | "inline_data" => blob(reading, value, Role::ToolResult),
            "fileData" | "file_data" => file(reading, value, Role::ToolResult),
            _ => return Known::No,
        }
        Known::Yes
    });
}

fn code(reading: &mut Reading, code: Value<'_>, role: Role) {
    reading.members(code, role, |reading, key, value| {
        match key {
            "id" => reading.id(value, role),
            "language" | "outcome" => reading.setting(value),
            "code" | "output" => reading.text(value, role),
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
