//! JSON-RPC of the Model Context Protocol: what a client asks a server, and what it answers one.
//!
//! Source: Model Context Protocol specification, 2025-06-18 and 2025-11-25, "Schema reference"; batches are of 2025-03-26.
//! Arguments of tools and prompts are those of a tool. What comes back, whoever sends it, is a tool's result: a client
//! posts the results of sampling and elicitation, a gateway may see those of servers.

use super::read::{Fit, Format};
use super::reading::{Known, Reading};
use super::{Dialect, Role, SkipReason, a2a, json_rpc, reference, schema};
use crate::json::{Kind, Str, Value};

pub(super) const FORMAT: Format = Format { dialect: Dialect::Mcp, paths: &[&["mcp"]], fit, read: json_rpc::read };

/// The types of content blocks and of references.
const TYPES: [&str; 9] =
    ["text", "image", "audio", "resource", "resource_link", "tool_use", "tool_result", "ref/prompt", "ref/resource"];

/// Whether a document is JSON-RPC, and not of the other dialect that comes in it.
fn fit(root: Value<'_>) -> Fit {
    if !json_rpc::is_envelope(root) {
        Fit::No
    } else if json_rpc::any_method(root, a2a::is_method) {
        Fit::ByPath
    } else {
        Fit::Own
    }
}

/// Reads the parameters of a call or a notification.
pub(super) fn params(reading: &mut Reading, method: &str, params: Value<'_>) {
    match method {
        "sampling/createMessage" => return sampling(reading, params),
        "initialize" | "ping" | "notifications/initialized" | "logging/setLevel" => return reading.setting(params),
        _ => {}
    }
    reading.members(params, Role::ToolArgument, |reading, key, value| {
        match key {
            // What a tool or a prompt is given, and places that name themselves.
            "name" | "uri" | "taskId" => reading.text(value, Role::ToolArgument),
            "arguments" | "argument" | "ref" | "context" => reading.all(value, Role::ToolArgument),
            "_meta" | "cursor" | "progressToken" | "progress" | "total" | "level" | "requestId" | "task" => {
                reading.setting(value);
            }
            // Of notifications, and of what a server asks the person.
            "message" | "reason" | "logger" => reading.text(value, Role::User),
            "data" => reading.all(value, Role::User),
            "requestedSchema" => schema::read(reading, value),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// A server that asks the client's model.
fn sampling(reading: &mut Reading, params: Value<'_>) {
    reading.members(params, Role::User, |reading, key, value| {
        match key {
            "messages" => reading.each(value, Role::User, message),
            "systemPrompt" => reading.text(value, Role::System),
            "tools" => schema::read(reading, value),
            "stopSequences" => reading.all(value, Role::User),
            "modelPreferences" | "includeContext" | "temperature" | "maxTokens" | "metadata" | "toolChoice"
            | "_meta" | "task" => reading.setting(value),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// A turn of a prompt or of sampling.
fn message(reading: &mut Reading, message: Value<'_>) {
    let role = if message.get("role").is_some_and(|role| role.is("assistant")) { Role::Assistant } else { Role::User };
    reading.members(message, role, |reading, key, value| {
        match key {
            "role" => reading.word(value, &["user", "assistant"], role),
            "content" => content(reading, value, role),
            "_meta" => reading.setting(value),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// Reads what answers a call.
pub(super) fn result(reading: &mut Reading, result: Value<'_>) {
    let sampled = result.get("role").is_some();
    reading.members(result, Role::ToolResult, |reading, key, value| {
        match key {
            // Of tools and of sampling; an elicitation answers with members that the server chose.
            "content" if sampled || value.kind() == Kind::Array => content(reading, value, Role::ToolResult),
            "content" | "structuredContent" | "completion" | "roots" => reading.all(value, Role::ToolResult),
            "contents" => reading.each(value, Role::ToolResult, resource),
            "messages" => reading.each(value, Role::ToolResult, prompt_message),
            "tools" | "prompts" | "resources" | "resourceTemplates" => schema::read(reading, value),
            "description" | "instructions" => reading.text(value, Role::ToolResult),
            "role" => reading.word(value, &["user", "assistant"], Role::ToolResult),
            "isError" | "_meta" | "nextCursor" | "model" | "stopReason" | "action" | "protocolVersion"
            | "capabilities" | "serverInfo" | "task" => reading.setting(value),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// A turn of a prompt that a server gave: a tool's result, whatever role it claims.
fn prompt_message(reading: &mut Reading, message: Value<'_>) {
    reading.members(message, Role::ToolResult, |reading, key, value| {
        match key {
            "role" => reading.word(value, &["user", "assistant"], Role::ToolResult),
            "content" => content(reading, value, Role::ToolResult),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// One block or many; a string where a server is lenient.
fn content(reading: &mut Reading, content: Value<'_>, role: Role) {
    match content.kind() {
        Kind::Array => content.items().for_each(|item| block(reading, item, role, true)),
        Kind::Object => block(reading, content, role, true),
        _ => reading.text(content, role),
    }
}

/// A block; `outer` when there may be blocks in it.
fn block(reading: &mut Reading, block: Value<'_>, role: Role, outer: bool) {
    let kind = block.get("type").and_then(Value::string).map(Str::text).unwrap_or_default();
    let reason = if kind == "audio" { SkipReason::Media } else { SkipReason::Image };
    let media_type = block.get("mimeType").and_then(Value::string);
    reading.members(block, role, |reading, key, value| {
        match (&*kind, key) {
            (_, "type") => reading.word(value, &TYPES, role),
            (_, "annotations" | "_meta" | "mimeType" | "size" | "isError") => reading.setting(value),
            ("text", "text") => reading.text(value, role),
            ("image" | "audio", "data") => reference::base64(reading, value, media_type, reason, role),
            ("resource", "resource") => resource(reading, value),
            ("resource_link", "uri" | "name" | "title" | "description") => reading.text(value, Role::ToolResult),
            ("resource_link", "icons") => reading.all(value, Role::ToolResult),
            ("tool_use", "name") => reading.text(value, Role::ToolArgument),
            ("tool_use", "input") => reading.all(value, Role::ToolArgument),
            ("tool_use", "id") | ("tool_result", "toolUseId") => reading.id(value, role),
            ("tool_result", "structuredContent") => reading.all(value, Role::ToolResult),
            ("tool_result", "content") if outer && value.kind() == Kind::Array => {
                value.items().for_each(|item| self::block(reading, item, Role::ToolResult, false));
            }
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// The content of a resource: text, or a blob in base64.
fn resource(reading: &mut Reading, resource: Value<'_>) {
    let media_type = resource.get("mimeType").and_then(Value::string);
    reading.members(resource, Role::ToolResult, |reading, key, value| {
        match key {
            "uri" | "name" | "title" | "text" => reading.text(value, Role::ToolResult),
            "mimeType" | "annotations" | "_meta" => reading.setting(value),
            "blob" => reference::base64(reading, value, media_type, SkipReason::File, Role::ToolResult),
            _ => return Known::No,
        }
        Known::Yes
    });
}
