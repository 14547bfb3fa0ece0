//! JSON-RPC of the Agent2Agent protocol: what one agent says to another.
//!
//! Source: A2A protocol specification, versions 0.3 (`message/send`, parts with a `kind`) and 1.0 (`SendMessage`, parts
//! without), "JSON-RPC protocol binding". The other bindings (gRPC, REST) are not read.

use super::read::{Fit, Format};
use super::reading::{Known, Reading};
use super::{Dialect, Role, SkipReason, json_rpc, reference};
use crate::json::{Kind, Value};

pub(super) const FORMAT: Format = Format { dialect: Dialect::A2a, paths: &[&["a2a"]], fit, read: json_rpc::read };

const METHODS: [&str; 17] = [
    "message/send",
    "message/stream",
    "tasks/send",
    "tasks/sendSubscribe",
    "tasks/resubscribe",
    "tasks/pushNotificationConfig/set",
    "tasks/pushNotificationConfig/get",
    "tasks/pushNotificationConfig/list",
    "tasks/pushNotificationConfig/delete",
    "agent/getAuthenticatedExtendedCard",
    "SendMessage",
    "SendStreamingMessage",
    "GetTask",
    "ListTasks",
    "CancelTask",
    "SubscribeToTask",
    "GetExtendedAgentCard",
];

/// Whether a method is this protocol's. `tasks/get` and `tasks/cancel`, which both protocols have, carry no text.
pub(super) fn is_method(name: &str) -> bool {
    METHODS.contains(&name)
}

/// Whether a method is answered by a stream.
pub(super) fn streams(method: &str) -> bool {
    matches!(
        method,
        "message/stream" | "tasks/sendSubscribe" | "tasks/resubscribe" | "SendStreamingMessage" | "SubscribeToTask"
    )
}

/// Whether the result of a call is a message or a task of this protocol.
pub(super) fn is_result(result: Value<'_>) -> bool {
    let kind = result.get("kind");
    kind.is_some_and(|kind| ["message", "task", "status-update", "artifact-update"].iter().any(|name| kind.is(name)))
        || result.get("parts").is_some()
        || result.get("artifacts").is_some()
        || result.entries().any(|(key, value)| (key.is("task") || key.is("message")) && value.kind() == Kind::Object)
}

fn fit(root: Value<'_>) -> Fit {
    if !json_rpc::is_envelope(root) {
        Fit::No
    } else if json_rpc::any_method(root, is_method) {
        Fit::Own
    } else {
        Fit::ByPath
    }
}

/// Reads the parameters of a call.
pub(super) fn params(reading: &mut Reading, params: Value<'_>) {
    reading.members(params, Role::User, |reading, key, value| {
        match key {
            "message" => message(reading, value, None),
            "metadata" => reading.all(value, Role::User),
            "id"
            | "taskId"
            | "contextId"
            | "sessionId"
            | "tenant"
            | "historyLength"
            | "configuration"
            | "pushNotificationConfig"
            | "pushNotification"
            | "acceptedOutputModes" => reading.setting(value),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// Reads what another agent answered: a message, a task, or news of one.
pub(super) fn result(reading: &mut Reading, result: Value<'_>) {
    task(reading, result, true);
}

/// `outer` when there may be a task or a message in it.
fn task(reading: &mut Reading, task: Value<'_>, outer: bool) {
    let role = Role::ToolResult;
    if task.get("parts").is_some() {
        return message(reading, task, Some(role));
    }
    reading.members(task, role, |reading, key, value| {
        match key {
            "kind" | "id" | "taskId" | "contextId" | "sessionId" | "final" | "append" | "lastChunk" => {
                reading.setting(value);
            }
            "message" => message(reading, value, Some(role)),
            "task" if outer => self::task(reading, value, false),
            "status" => reading.members(value, role, |reading, key, value| {
                match key {
                    "state" | "timestamp" => reading.setting(value),
                    "message" if value.kind() != Kind::Null => message(reading, value, Some(role)),
                    "message" => {}
                    _ => return Known::No,
                }
                Known::Yes
            }),
            "history" => reading.each(value, role, |reading, item| message(reading, item, Some(role))),
            "artifacts" => reading.each(value, role, artifact),
            "artifact" => artifact(reading, value),
            "metadata" => reading.all(value, role),
            _ => return Known::No,
        }
        Known::Yes
    });
}

fn artifact(reading: &mut Reading, artifact: Value<'_>) {
    let role = Role::ToolResult;
    reading.members(artifact, role, |reading, key, value| {
        match key {
            "artifactId" | "index" | "append" | "lastChunk" | "extensions" => reading.setting(value),
            "name" | "description" => reading.text(value, role),
            "parts" => reading.each(value, role, |reading, item| part(reading, item, role)),
            "metadata" => reading.all(value, role),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// A message; `speaker` where its own role does not count.
fn message(reading: &mut Reading, message: Value<'_>, speaker: Option<Role>) {
    let agent = |role: Value<'_>| role.is("agent") || role.is("ROLE_AGENT");
    let own = if message.get("role").is_some_and(agent) { Role::Assistant } else { Role::User };
    let role = speaker.unwrap_or(own);
    reading.members(message, role, |reading, key, value| {
        match key {
            "role" => reading.word(value, &["user", "agent", "ROLE_USER", "ROLE_AGENT"], role),
            "parts" => reading.each(value, role, |reading, item| part(reading, item, role)),
            "kind" | "messageId" | "taskId" | "contextId" | "referenceTaskIds" | "extensions" => reading.setting(value),
            "metadata" => reading.all(value, role),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// A part of either version: text, a file, data.
fn part(reading: &mut Reading, part: Value<'_>, role: Role) {
    let media_type = ["mediaType", "mimeType"].iter().find_map(|name| part.get(name)).and_then(Value::string);
    reading.members(part, role, |reading, key, value| {
        match key {
            "kind" | "type" => reading.word(value, &["text", "file", "data"], role),
            "text" => reading.text(value, role),
            "data" | "metadata" => reading.all(value, role),
            "file" => file(reading, value, role),
            "raw" => reference::base64(reading, value, media_type, SkipReason::File, role),
            "url" => reference::url(reading, value, SkipReason::File, role),
            "filename" => reading.text(value, reference::document(role)),
            "mediaType" => reading.setting(value),
            _ => return Known::No,
        }
        Known::Yes
    });
}

fn file(reading: &mut Reading, file: Value<'_>, role: Role) {
    let media_type = ["mimeType", "mediaType"].iter().find_map(|name| file.get(name)).and_then(Value::string);
    reading.members(file, role, |reading, key, value| {
        match key {
            "name" => reading.text(value, reference::document(role)),
            "mimeType" | "mediaType" => reading.setting(value),
            "bytes" | "fileWithBytes" => reference::base64(reading, value, media_type, SkipReason::File, role),
            "uri" | "fileWithUri" => reference::url(reading, value, SkipReason::File, role),
            _ => return Known::No,
        }
        Known::Yes
    });
}
