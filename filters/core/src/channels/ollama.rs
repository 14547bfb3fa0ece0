//! Ollama's chat and generate.

use super::sheet::{End, Key, Sheet, number};
use crate::answer::Kind;
use crate::json::{Kind as Json, Value};

pub(super) fn read(sheet: &mut Sheet, root: Value<'_>) {
    let key = |kind| Key { kind, group: 0, part: 0 };
    for (name, value) in root.entries() {
        match &*name.text() {
            "message" => message(sheet, value),
            "response" => sheet.piece(value, key(Kind::Content)),
            "thinking" => sheet.piece(value, key(Kind::Reasoning)),
            "done" => {
                if value.bool() == Some(true) {
                    sheet.ends.push(End::All);
                }
            }
            "prompt_eval_count" => sheet.usage.input = number(value),
            "eval_count" => sheet.usage.output = number(value),
            "error" if value.kind() != Json::Null => sheet.error(value),
            "logprobs" => sheet.repeats(value, 0),
            _ => sheet.unknown(name, value),
        }
    }
}

fn message(sheet: &mut Sheet, message: Value<'_>) {
    let key = |kind| Key { kind, group: 0, part: 0 };
    for (name, value) in message.entries() {
        match &*name.text() {
            "content" => sheet.piece(value, key(Kind::Content)),
            "thinking" => sheet.piece(value, key(Kind::Reasoning)),
            "tool_calls" if value.kind() == Json::Array => {
                for (name, value) in value.items().flat_map(Value::entries) {
                    if !name.is("function") {
                        sheet.unknown(name, value);
                        continue;
                    }
                    for (name, value) in value.entries() {
                        match &*name.text() {
                            "arguments" => sheet.every(value, Kind::ToolArgument, 0),
                            _ => sheet.unknown(name, value),
                        }
                    }
                }
            }
            _ => sheet.unknown(name, value),
        }
    }
}
