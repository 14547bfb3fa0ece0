//! The envelope of JSON-RPC: calls, notifications and answers, one or many.
//!
//! Source: JSON-RPC 2.0 specification. Both dialects that come in it read every message by its method, whichever of them
//! the body was taken for: a guess between them loses nothing.

use super::reading::{Known, Reading};
use super::{Role, a2a, mcp};
use crate::json::{Kind, Str, Value};

/// Whether a document is a message, or an array of nothing else.
pub(super) fn is_envelope(root: Value<'_>) -> bool {
    match root.kind() {
        Kind::Array => root.items().next().is_some() && root.items().all(is_message),
        _ => is_message(root),
    }
}

/// Whether some message satisfies `test` by its method.
pub(super) fn any_method(root: Value<'_>, test: fn(&str) -> bool) -> bool {
    let of = |message: Value<'_>| message.get("method").and_then(Value::string).is_some_and(|name| test(&name.text()));
    of(root) || root.items().any(of)
}

fn is_message(value: Value<'_>) -> bool {
    value.entries().any(|(key, _)| key.is("jsonrpc"))
        || value.get("method").is_some_and(|method| method.string().is_some()) && value.get("params").is_some()
}

/// Reads every message.
pub(super) fn read(reading: &mut Reading, root: Value<'_>) {
    match root.kind() {
        Kind::Array => {
            reading.batch();
            root.items().for_each(|item| message(reading, item));
        }
        _ => message(reading, root),
    }
}

fn message(reading: &mut Reading, message: Value<'_>) {
    let method = message.get("method").and_then(Value::string).map(Str::text);
    if method.is_some()
        && let Some(id) = message.get("id")
    {
        reading.call(id);
    }
    let method = method.as_deref().unwrap_or_default();
    if a2a::streams(method) {
        reading.streams();
    }
    reading.members(message, Role::User, |reading, key, value| {
        match key {
            "jsonrpc" => reading.word(value, &["2.0"], Role::User),
            "id" | "method" => reading.id(value, Role::User),
            "params" if a2a::is_method(method) => a2a::params(reading, value),
            "params" => mcp::params(reading, method, value),
            "result" if a2a::is_result(value) => a2a::result(reading, value),
            "result" => mcp::result(reading, value),
            "error" => error(reading, value),
            _ => return Known::No,
        }
        Known::Yes
    });
}

fn error(reading: &mut Reading, error: Value<'_>) {
    reading.members(error, Role::ToolResult, |reading, key, value| {
        match key {
            "code" => reading.setting(value),
            "message" => reading.text(value, Role::ToolResult),
            "data" => reading.all(value, Role::ToolResult),
            _ => return Known::No,
        }
        Known::Yes
    });
}
