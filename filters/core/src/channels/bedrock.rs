//! Converse and ConverseStream of Amazon Bedrock.

use super::sheet::{End, Key, Sheet, When, index};
use super::usage;
use crate::answer::Kind;
use crate::json::{Kind as Json, Value};

/// Whether a payload is one of its events or answers.
pub(super) fn speaks(root: Value<'_>) -> bool {
    let has = |name: &str| root.get(name).is_some();
    has("contentBlockIndex")
        || has("stopReason")
        || (has("usage") && has("metrics"))
        || root.get("output").is_some_and(|output| output.get("message").is_some())
}

pub(super) fn read(sheet: &mut Sheet, root: Value<'_>) {
    let group = index(root, "contentBlockIndex").unwrap_or(0);
    let has = |name: &str| root.get(name).is_some();
    if has("contentBlockIndex") && !has("delta") && !has("start") {
        sheet.ends.push(End::Group(group));
    }
    for (name, value) in root.entries() {
        match &*name.text() {
            "delta" => delta(sheet, value, group),
            "output" => {
                for (name, value) in value.entries() {
                    match &*name.text() {
                        "message" => message(sheet, value),
                        _ => sheet.unknown(name, value),
                    }
                }
            }
            "stopReason" => sheet.ends.push(End::All),
            "usage" => usage::common(&mut sheet.usage, value),
            _ => sheet.unknown(name, value),
        }
    }
}

fn delta(sheet: &mut Sheet, delta: Value<'_>, group: u32) {
    let key = |kind| Key { kind, group, part: 0 };
    for (name, value) in delta.entries() {
        match &*name.text() {
            "text" => sheet.piece(value, key(Kind::Content)),
            "toolUse" => {
                for (name, value) in value.entries() {
                    match &*name.text() {
                        "input" => sheet.json_piece(value, key(Kind::ToolArgument)),
                        _ => sheet.unknown(name, value),
                    }
                }
            }
            "reasoningContent" => {
                for (name, value) in value.entries() {
                    match &*name.text() {
                        "text" => sheet.piece(value, key(Kind::Reasoning)),
                        "signature" => {
                            sheet.signature(value, group, When::ReasoningChanged);
                            sheet.ends.push(End::Reasoning(group));
                        }
                        _ => sheet.unknown(name, value),
                    }
                }
            }
            _ => sheet.unknown(name, value),
        }
    }
}

fn message(sheet: &mut Sheet, message: Value<'_>) {
    for (name, value) in message.entries() {
        match &*name.text() {
            "content" if value.kind() == Json::Array => value.items().for_each(|block| self::block(sheet, block)),
            _ => sheet.unknown(name, value),
        }
    }
}

fn block(sheet: &mut Sheet, block: Value<'_>) {
    let group = sheet.alone();
    for (name, value) in block.entries() {
        match &*name.text() {
            "text" => sheet.whole(value, Kind::Content, group),
            "toolUse" => {
                for (name, value) in value.entries() {
                    match &*name.text() {
                        "input" => sheet.every(value, Kind::ToolArgument, group),
                        _ => sheet.unknown(name, value),
                    }
                }
            }
            "reasoningContent" => {
                for (name, value) in value.get("reasoningText").into_iter().flat_map(Value::entries) {
                    match &*name.text() {
                        "text" => sheet.whole(value, Kind::Reasoning, group),
                        "signature" => sheet.signature(value, group, When::ChangedHere),
                        _ => sheet.unknown(name, value),
                    }
                }
                for (name, value) in value.entries().filter(|(name, _)| !name.is("reasoningText")) {
                    sheet.unknown(name, value);
                }
            }
            _ => sheet.unknown(name, value),
        }
    }
}
