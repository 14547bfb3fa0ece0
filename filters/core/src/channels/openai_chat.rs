//! Chat completions and completions of the OpenAI API, whole and in chunks, and the many that speak it.

use super::sheet::{End, Key, Sheet, hash, index};
use super::usage;
use crate::answer::Kind;
use crate::json::{Kind as Json, Value};

pub(super) fn read(sheet: &mut Sheet, root: Value<'_>) {
    for (name, value) in root.entries() {
        match &*name.text() {
            "choices" => {
                for (position, choice) in (0..).zip(value.items()) {
                    self::choice(sheet, choice, index(choice, "index").unwrap_or(position));
                }
            }
            "usage" => usage::common(&mut sheet.usage, value),
            "error" if value.kind() != Json::Null => sheet.error(value),
            _ => sheet.unknown(name, value),
        }
    }
}

fn choice(sheet: &mut Sheet, choice: Value<'_>, group: u32) {
    for (name, value) in choice.entries() {
        match &*name.text() {
            "delta" => message(sheet, value, group, false),
            "message" => message(sheet, value, group, true),
            "text" => sheet.piece(value, Key { kind: Kind::Content, group, part: 0 }),
            "logprobs" => sheet.repeats(value, group),
            "finish_reason" => {
                if value.string().is_some_and(|reason| !reason.raw().is_empty()) {
                    sheet.ends.push(End::Group(group));
                }
            }
            _ => sheet.unknown(name, value),
        }
    }
    if choice.entries().next().is_none() {
        sheet.every(choice, Kind::Unrecognised, group);
    }
}

/// The texts of a message, `whole` or a piece of it.
fn message(sheet: &mut Sheet, message: Value<'_>, group: u32, whole: bool) {
    let text = |sheet: &mut Sheet, value: Value<'_>, kind: Kind, part: u32| {
        if value.kind() == Json::Null {
        } else if whole {
            sheet.whole(value, kind, group);
        } else {
            sheet.piece(value, Key { kind, group, part });
        }
    };
    for (name, value) in message.entries() {
        match &*name.text() {
            "content" if value.kind() == Json::Array => {
                value.items().for_each(|part| content(sheet, part, &text));
            }
            "content" => text(sheet, value, Kind::Content, 0),
            "reasoning_content" => text(sheet, value, Kind::Reasoning, 0),
            "reasoning" => text(sheet, value, Kind::Reasoning, 1),
            "reasoning_details" if value.kind() == Json::Array => {
                for (position, detail) in (2..).zip(value.items()) {
                    for (name, value) in detail.entries() {
                        match &*name.text() {
                            "text" => text(sheet, value, Kind::Reasoning, position),
                            "summary" => text(sheet, value, Kind::Reasoning, position),
                            "signature" => sheet.signature(value, group, super::When::ReasoningChanged),
                            _ => sheet.unknown(name, value),
                        }
                    }
                }
            }
            "refusal" => text(sheet, value, Kind::Refusal, 0),
            "tool_calls" if value.kind() == Json::Array => {
                for (position, call) in (0..).zip(value.items()) {
                    self::call(sheet, call, group, index(call, "index").unwrap_or(position), whole);
                }
            }
            "function_call" => function(sheet, value, group, u32::MAX, whole),
            "audio" => {
                for (name, value) in value.entries() {
                    match &*name.text() {
                        "transcript" => text(sheet, value, Kind::Transcript, 0),
                        _ => sheet.unknown(name, value),
                    }
                }
            }
            _ => sheet.unknown(name, value),
        }
    }
    if message.string().is_some() {
        text(sheet, message, Kind::Content, 0);
    }
}

/// A part of a content that is an array, as Mistral's models give it.
fn content(sheet: &mut Sheet, part: Value<'_>, text: &dyn Fn(&mut Sheet, Value<'_>, Kind, u32)) {
    if part.string().is_some() {
        return text(sheet, part, Kind::Content, 0);
    }
    for (name, value) in part.entries() {
        match &*name.text() {
            "text" => text(sheet, value, Kind::Content, 0),
            "refusal" => text(sheet, value, Kind::Refusal, 0),
            "thinking" if value.kind() == Json::Array => {
                for (name, value) in value.items().flat_map(Value::entries) {
                    match &*name.text() {
                        "text" => text(sheet, value, Kind::Reasoning, 0),
                        _ => sheet.unknown(name, value),
                    }
                }
            }
            "thinking" => text(sheet, value, Kind::Reasoning, 0),
            _ => sheet.unknown(name, value),
        }
    }
}

fn call(sheet: &mut Sheet, call: Value<'_>, group: u32, part: u32, whole: bool) {
    for (name, value) in call.entries() {
        match &*name.text() {
            "function" | "custom" => function(sheet, value, group, part, whole),
            _ => sheet.unknown(name, value),
        }
    }
}

fn function(sheet: &mut Sheet, function: Value<'_>, group: u32, part: u32, whole: bool) {
    let key = Key { kind: Kind::ToolArgument, group, part };
    for (name, value) in function.entries() {
        match &*name.text() {
            "arguments" | "input" if value.string().is_none() => sheet.every(value, Kind::ToolArgument, group),
            "arguments" | "input" if whole => sheet.json_whole(value, Kind::ToolArgument, group),
            "arguments" => sheet.json_piece(value, key),
            // Two texts of one call must not be joined.
            "input" => sheet.json_piece(value, Key { part: hash("input").wrapping_add(part), ..key }),
            _ => sheet.unknown(name, value),
        }
    }
}
