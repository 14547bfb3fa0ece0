//! Messages of the Anthropic API: events and whole messages.

use super::sheet::{End, Key, Sheet, When, index};
use super::usage;
use crate::answer::Kind;
use crate::json::{Kind as Json, Value};

/// Whether a payload is one of its events or messages.
pub(super) fn speaks(kind: &str, root: Value<'_>) -> bool {
    match kind {
        "message_start"
        | "content_block_start"
        | "content_block_delta"
        | "content_block_stop"
        | "message_delta"
        | "message_stop"
        | "ping" => true,
        "message" => root.get("content").is_some(),
        "completion" => root.get("completion").is_some(),
        "error" => root.get("error").is_some(),
        _ => false,
    }
}

pub(super) fn read(sheet: &mut Sheet, root: Value<'_>) {
    let group = index(root, "index").unwrap_or(0);
    let kind = root.get("type").and_then(|kind| kind.string()).map(|kind| kind.text()).unwrap_or_default();
    match kind.as_ref() {
        "content_block_stop" => sheet.ends.push(End::Group(group)),
        "message_stop" => sheet.ends.push(End::All),
        "message" => return message(sheet, root),
        _ => {}
    }
    for (name, value) in root.entries() {
        match &*name.text() {
            "message" => message(sheet, value),
            "content_block" => block(sheet, value, group, false),
            "delta" if kind == "content_block_delta" => delta(sheet, value, group),
            "completion" => sheet.piece(value, Key { kind: Kind::Content, group, part: 0 }),
            "usage" => usage::common(&mut sheet.usage, value),
            "error" => sheet.error(value),
            _ => sheet.unknown(name, value),
        }
    }
}

fn delta(sheet: &mut Sheet, delta: Value<'_>, group: u32) {
    for (name, value) in delta.entries() {
        match &*name.text() {
            "text" => sheet.piece(value, Key { kind: Kind::Content, group, part: 0 }),
            "thinking" => sheet.piece(value, Key { kind: Kind::Reasoning, group, part: 0 }),
            "partial_json" => sheet.json_piece(value, Key { kind: Kind::ToolArgument, group, part: 0 }),
            "signature" => {
                sheet.signature(value, group, When::ReasoningChanged);
                sheet.ends.push(End::Reasoning(group));
            }
            _ => sheet.unknown(name, value),
        }
    }
}

fn message(sheet: &mut Sheet, message: Value<'_>) {
    for (name, value) in message.entries() {
        match &*name.text() {
            "content" if value.kind() == Json::Array => {
                for block in value.items() {
                    let group = sheet.alone();
                    self::block(sheet, block, group, true);
                }
            }
            "content" => {
                let group = sheet.alone();
                sheet.whole(value, Kind::Content, group);
            }
            "usage" => usage::common(&mut sheet.usage, value),
            _ => sheet.unknown(name, value),
        }
    }
}

/// A block, `whole` or the begin of one.
fn block(sheet: &mut Sheet, block: Value<'_>, group: u32, whole: bool) {
    let text = |sheet: &mut Sheet, value: Value<'_>, kind: Kind| match whole {
        true => sheet.whole(value, kind, group),
        false => sheet.piece(value, Key { kind, group, part: 0 }),
    };
    for (name, value) in block.entries() {
        match &*name.text() {
            "text" => text(sheet, value, Kind::Content),
            "thinking" => text(sheet, value, Kind::Reasoning),
            "signature" => sheet.signature(value, group, When::ChangedHere),
            "input" => sheet.every(value, Kind::ToolArgument, group),
            // Results of tools that the provider runs.
            "content" => {
                let group = sheet.alone();
                result(sheet, value, group);
            }
            _ => sheet.unknown(name, value),
        }
    }
}

/// What a tool of the provider gave: text blocks, documents, or an error.
fn result(sheet: &mut Sheet, content: Value<'_>, group: u32) {
    if content.string().is_some() {
        return sheet.whole(content, Kind::ToolResult, group);
    }
    for block in content.items() {
        for (name, value) in block.entries() {
            match &*name.text() {
                "text" => sheet.whole(value, Kind::ToolResult, group),
                _ => sheet.unknown(name, value),
            }
        }
    }
    for (name, value) in content.entries() {
        sheet.unknown(name, value);
    }
}
