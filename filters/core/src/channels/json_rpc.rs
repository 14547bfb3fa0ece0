//! JSON-RPC 2.0: results of MCP (`tools/call`, `resources/read`, `prompts/get`) and of A2A, and what a server asks.

use super::sheet::{End, Key, Sheet, hash};
use crate::answer::Kind;
use crate::json::{Kind as Json, Value};

pub(super) fn read(sheet: &mut Sheet, root: Value<'_>) {
    for (name, value) in root.entries() {
        match &*name.text() {
            "result" => result(sheet, value),
            "params" => {
                let group = sheet.alone();
                members(sheet, value, group);
            }
            "error" if value.kind() != Json::Null => sheet.error(value),
            _ => sheet.unknown(name, value),
        }
    }
}

fn result(sheet: &mut Sheet, result: Value<'_>) {
    let group = sheet.alone();
    // A2A streams an artifact piece by piece under its id.
    if let Some(artifact) = result.get("artifact") {
        let id = artifact.get("artifactId").and_then(|id| id.string()).map(|id| id.text()).unwrap_or_default();
        let group = hash(&id);
        for (name, value) in artifact.entries() {
            match &*name.text() {
                "parts" => {
                    for part in value.items() {
                        self::part(sheet, part, group, true);
                    }
                }
                _ => sheet.unknown(name, value),
            }
        }
        if result.get("lastChunk").and_then(Value::bool) == Some(true) {
            sheet.ends.push(End::Group(group));
        }
        for (name, value) in result.entries().filter(|(name, _)| !name.is("artifact")) {
            sheet.unknown(name, value);
        }
        return;
    }
    match result.kind() {
        Json::Object => members(sheet, result, group),
        _ => sheet.every(result, Kind::ToolResult, group),
    }
}

/// The members of a result: lists of parts by the names that the protocols give them, the rest by structure.
fn members(sheet: &mut Sheet, object: Value<'_>, group: u32) {
    for (name, value) in object.entries() {
        match &*name.text() {
            "content" | "contents" | "parts" if value.kind() == Json::Array => {
                value.items().for_each(|part| self::part(sheet, part, group, false));
            }
            "content" if value.kind() == Json::Object => part(sheet, value, group, false),
            "messages" | "history" | "artifacts" if value.kind() == Json::Array => {
                value.items().for_each(|message| members(sheet, message, group));
            }
            "message" | "status" | "task" | "resource" if value.kind() == Json::Object => members(sheet, value, group),
            "structuredContent" | "data" if value.kind() == Json::Object => sheet.every(value, Kind::ToolResult, group),
            // Text that is JSON repeats what is structured beside it.
            "text" if value.string().is_some() => sheet.json_whole(value, Kind::ToolResult, group),
            _ => sheet.unknown(name, value),
        }
    }
}

/// A part of content: text, a resource that holds some, data.
fn part(sheet: &mut Sheet, part: Value<'_>, group: u32, streams: bool) {
    for (name, value) in part.entries() {
        match &*name.text() {
            "text" if streams => sheet.piece(value, Key { kind: Kind::ToolResult, group, part: 0 }),
            "text" => sheet.json_whole(value, Kind::ToolResult, group),
            "resource" if value.kind() == Json::Object => members(sheet, value, group),
            "data" if value.kind() == Json::Object => sheet.every(value, Kind::ToolResult, group),
            _ => sheet.unknown(name, value),
        }
    }
}
