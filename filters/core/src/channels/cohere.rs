//! Chat of the Cohere API, versions 1 and 2, whole and in events.

use super::sheet::{End, Key, Sheet, index};
use super::usage;
use crate::answer::Kind;
use crate::json::{Kind as Json, Value};

/// Whether a payload is one of its events or answers.
pub(super) fn speaks(kind: &str, root: Value<'_>) -> bool {
    let has = |name: &str| root.get(name).is_some();
    matches!(
        kind,
        "message-start"
            | "message-end"
            | "content-start"
            | "content-delta"
            | "content-end"
            | "tool-plan-delta"
            | "tool-call-start"
            | "tool-call-delta"
            | "tool-call-end"
            | "citation-start"
            | "citation-end"
    ) || has("event_type")
        || (has("generation_id") && has("text"))
        || (has("finish_reason") && root.get("message").is_some_and(|message| message.get("content").is_some()))
}

pub(super) fn read(sheet: &mut Sheet, root: Value<'_>) {
    let group = index(root, "index").unwrap_or(0);
    let string = |name| root.get(name).and_then(|kind| kind.string()).map(|kind| kind.text()).unwrap_or_default();
    match string("type").as_ref() {
        "content-end" | "tool-call-end" => sheet.ends.push(End::Group(group)),
        "message-end" => sheet.ends.push(End::All),
        _ => {}
    }
    if string("event_type") == "stream-end" {
        sheet.ends.push(End::All);
    }
    let events = root.get("type").is_some() || root.get("event_type").is_some();
    for (name, value) in root.entries() {
        match &*name.text() {
            "delta" => delta(sheet, value, group),
            "message" => message(sheet, value, group, false),
            "text" if events => sheet.piece(value, Key { kind: Kind::Content, group, part: 0 }),
            "text" => sheet.whole(value, Kind::Content, group),
            "tool_call_delta" => {
                for (name, value) in value.entries() {
                    match &*name.text() {
                        "parameters" => arguments(sheet, value, index(root, "index").unwrap_or(0)),
                        _ => sheet.unknown(name, value),
                    }
                }
            }
            "response" => read(sheet, value),
            "usage" | "meta" => usage::cohere(&mut sheet.usage, value),
            _ => sheet.unknown(name, value),
        }
    }
}

fn delta(sheet: &mut Sheet, delta: Value<'_>, group: u32) {
    for (name, value) in delta.entries() {
        match &*name.text() {
            "message" => message(sheet, value, group, true),
            "usage" => usage::cohere(&mut sheet.usage, value),
            _ => sheet.unknown(name, value),
        }
    }
}

/// A message, or a piece of one.
fn message(sheet: &mut Sheet, message: Value<'_>, group: u32, streams: bool) {
    let text = |sheet: &mut Sheet, value: Value<'_>, kind: Kind| match streams {
        true => sheet.piece(value, Key { kind, group, part: 0 }),
        false => sheet.whole(value, kind, group),
    };
    for (name, value) in message.entries() {
        match &*name.text() {
            "content" => {
                let parts = value.items().chain(Some(value).filter(|value| value.kind() == Json::Object));
                for (name, value) in parts.flat_map(Value::entries) {
                    match &*name.text() {
                        "text" => text(sheet, value, Kind::Content),
                        "thinking" => text(sheet, value, Kind::Reasoning),
                        _ => sheet.unknown(name, value),
                    }
                }
                if value.string().is_some() {
                    text(sheet, value, Kind::Content);
                }
            }
            "tool_plan" => text(sheet, value, Kind::Reasoning),
            "tool_calls" => {
                let calls = value.items().chain(Some(value).filter(|value| value.kind() == Json::Object));
                for (name, value) in calls.flat_map(Value::entries) {
                    if !name.is("function") {
                        sheet.unknown(name, value);
                        continue;
                    }
                    for (name, value) in value.entries() {
                        match &*name.text() {
                            "arguments" if streams => arguments(sheet, value, group),
                            "arguments" if value.string().is_some() => {
                                sheet.json_whole(value, Kind::ToolArgument, group);
                            }
                            "arguments" => sheet.every(value, Kind::ToolArgument, group),
                            _ => sheet.unknown(name, value),
                        }
                    }
                }
            }
            _ => sheet.unknown(name, value),
        }
    }
}

fn arguments(sheet: &mut Sheet, value: Value<'_>, group: u32) {
    sheet.json_piece(value, Key { kind: Kind::ToolArgument, group, part: 0 });
}
