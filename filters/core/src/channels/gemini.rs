//! The Gemini API and Vertex AI: every payload is a whole response, and texts go on from one to the next.

use super::sheet::{End, Key, Sheet, When, index};
use super::usage;
use crate::answer::Kind;
use crate::json::{Kind as Json, Value};

pub(super) fn read(sheet: &mut Sheet, root: Value<'_>) {
    for (name, value) in root.entries() {
        match &*name.text() {
            "response" => read(sheet, value),
            "candidates" => {
                for (position, candidate) in (0..).zip(value.items()) {
                    self::candidate(sheet, candidate, index(candidate, "index").unwrap_or(position));
                }
            }
            "usageMetadata" => usage::gemini(&mut sheet.usage, value),
            "error" if value.kind() != Json::Null => sheet.error(value),
            _ => sheet.unknown(name, value),
        }
    }
}

fn candidate(sheet: &mut Sheet, candidate: Value<'_>, group: u32) {
    for (name, value) in candidate.entries() {
        match &*name.text() {
            "content" => {
                for (name, value) in value.entries() {
                    match &*name.text() {
                        "parts" => value.items().for_each(|part| self::part(sheet, part, group)),
                        _ => sheet.unknown(name, value),
                    }
                }
            }
            "logprobsResult" => sheet.repeats(value, group),
            "finishReason" if value.string().is_some() => sheet.ends.push(End::Group(group)),
            _ => sheet.unknown(name, value),
        }
    }
}

fn part(sheet: &mut Sheet, part: Value<'_>, group: u32) {
    let thought = part.get("thought").and_then(Value::bool) == Some(true);
    let kind = if thought { Kind::Reasoning } else { Kind::Content };
    for (name, value) in part.entries() {
        match &*name.text() {
            "text" => sheet.piece(value, Key { kind, group, part: 0 }),
            "thoughtSignature" => sheet.signature(value, group, When::ChangedHere),
            "functionCall" => {
                for (name, value) in value.entries() {
                    match &*name.text() {
                        "args" => sheet.every(value, Kind::ToolArgument, group),
                        "partialArgs" => value.items().for_each(|argument| partial(sheet, argument, group)),
                        _ => sheet.unknown(name, value),
                    }
                }
            }
            "executableCode" => {
                for (name, value) in value.entries() {
                    match &*name.text() {
                        "code" => sheet.whole(value, Kind::ToolArgument, group),
                        _ => sheet.unknown(name, value),
                    }
                }
            }
            "functionResponse" | "codeExecutionResult" => {
                for (name, value) in value.entries() {
                    match &*name.text() {
                        "response" | "output" => sheet.every(value, Kind::ToolResult, group),
                        _ => sheet.unknown(name, value),
                    }
                }
            }
            _ => sheet.unknown(name, value),
        }
    }
}

/// A piece of one argument (Vertex AI, `streamFunctionCallArguments`): `willContinue` says that more of it comes.
fn partial(sheet: &mut Sheet, argument: Value<'_>, group: u32) {
    let path = argument.get("jsonPath").and_then(|path| path.string()).map(|path| path.text()).unwrap_or_default();
    let key = Key { kind: Kind::ToolArgument, group, part: super::sheet::hash(&path) };
    for (name, value) in argument.entries() {
        match &*name.text() {
            "jsonPath" => {}
            "stringValue" => sheet.piece(value, key),
            "numberValue" => sheet.every(value, Kind::ToolArgument, group),
            _ => sheet.unknown(name, value),
        }
    }
    if argument.get("willContinue").and_then(Value::bool) != Some(true) {
        sheet.ends.push(End::One(key));
    }
}
