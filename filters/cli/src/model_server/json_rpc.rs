//! JSON-RPC 2.0, which MCP and A2A are carried in: calls, notifications and answers, one or many.

use serde_json::{Value, json};

/// The messages of a body, and whether they came as a batch.
pub(super) fn messages(body: &Value) -> (&[Value], bool) {
    match body {
        Value::Array(messages) => (messages, true),
        one => (std::slice::from_ref(one), false),
    }
}

/// A message that is to be answered.
pub(super) fn is_call(message: &Value) -> bool {
    message["method"].is_string() && message.get("id").is_some_and(|id| !id.is_null())
}

/// Checks that a body is what the specification calls a message, or some.
pub(super) fn check(body: &Value) -> Result<(), String> {
    let (messages, _) = messages(body);
    let known = |message: &Value| {
        message["method"].is_string() || message.get("result").is_some() || message.get("error").is_some()
    };
    match !messages.is_empty() && messages.iter().all(known) {
        true => Ok(()),
        false => Err("Invalid Request".into()),
    }
}

pub(super) fn result(call: &Value, result: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": call["id"], "result": result})
}

/// An error by its number (section 5.1).
pub(super) fn error(call: &Value, code: i32, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": call["id"], "error": {"code": code, "message": message}})
}
