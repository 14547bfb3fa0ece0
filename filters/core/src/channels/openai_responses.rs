//! The Responses API of OpenAI: events, and the copies that later events make of what the deltas said.

use super::sheet::{End, Key, Sheet, hash, index};
use super::usage;
use crate::answer::Kind;
use crate::json::{Kind as Json, Value};

pub(super) fn read(sheet: &mut Sheet, root: Value<'_>) {
    sheet.numbered = root.get("sequence_number").is_some();
    let kind = root.get("type").and_then(|kind| kind.string()).map(|kind| kind.text()).unwrap_or_default();
    match kind.as_ref() {
        "" | "response" => response(sheet, root),
        kind if kind.ends_with(".delta") => delta(sheet, root, kind.trim_end_matches(".delta")),
        kind => event(sheet, root, kind),
    }
}

/// The channel of an event of this type, and how its text stands there.
fn channel(root: Value<'_>, stem: &str) -> (Key, bool) {
    let group = index(root, "output_index").unwrap_or(0);
    let part = index(root, "content_index").unwrap_or(0);
    let (kind, part, json) = match stem.trim_start_matches("response.") {
        "output_text" => (Kind::Content, part, false),
        "refusal" => (Kind::Refusal, part, false),
        "reasoning_text" | "reasoning" => (Kind::Reasoning, part, false),
        "reasoning_summary_text" | "reasoning_summary" => {
            (Kind::Reasoning, index(root, "summary_index").unwrap_or(0).wrapping_add(hash(stem)), false)
        }
        "function_call_arguments" | "mcp_call_arguments" | "mcp_call.arguments" => (Kind::ToolArgument, 0, true),
        "custom_tool_call_input" | "code_interpreter_call_code" | "code_interpreter_call.code" => {
            (Kind::ToolArgument, 1, false)
        }
        "audio.transcript" | "audio_transcript" | "output_audio_transcript" => (Kind::Transcript, part, false),
        other => (Kind::Unrecognised, part.wrapping_add(hash(other)), false),
    };
    (Key { kind, group, part }, json)
}

fn delta(sheet: &mut Sheet, root: Value<'_>, stem: &str) {
    let (key, json) = channel(root, stem);
    for (name, value) in root.entries() {
        match &*name.text() {
            "delta" if matches!(stem, "response.audio" | "response.output_audio") => sheet.unknown(name, value),
            "delta" if json => sheet.json_piece(value, key),
            "delta" => sheet.piece(value, key),
            "logprobs" => sheet.repeats(value, key.group),
            _ => sheet.unknown(name, value),
        }
    }
}

/// Every event that is no delta.
fn event(sheet: &mut Sheet, root: Value<'_>, kind: &str) {
    if let Some(stem) = kind.strip_suffix(".done") {
        sheet.ends.push(End::One(channel(root, stem).0));
    }
    if matches!(kind, "response.output_item.done") {
        sheet.ends.push(End::Group(index(root, "output_index").unwrap_or(0)));
    }
    let (key, json) = channel(root, kind.trim_end_matches(".done"));
    for (name, value) in root.entries() {
        match &*name.text() {
            "text" | "refusal" | "transcript" | "code" | "arguments" | "input" if value.string().is_some() => {
                if json || name.is("arguments") {
                    sheet.json_whole(value, key.kind, key.group);
                } else {
                    sheet.whole(value, key.kind, key.group);
                }
            }
            "logprobs" => sheet.repeats(value, key.group),
            "part" => part(sheet, value, Kind::Content),
            "item" => item(sheet, value),
            "response" => response(sheet, value),
            "error" if value.kind() != Json::Null => sheet.error(value),
            _ => sheet.unknown(name, value),
        }
    }
    if matches!(kind, "response.completed" | "response.failed" | "response.incomplete" | "response.cancelled") {
        sheet.ends.push(End::All);
    }
}

fn response(sheet: &mut Sheet, response: Value<'_>) {
    for (name, value) in response.entries() {
        match &*name.text() {
            "output" if value.kind() == Json::Array => value.items().for_each(|item| self::item(sheet, item)),
            "usage" => usage::common(&mut sheet.usage, value),
            "error" if value.kind() != Json::Null => sheet.error(value),
            _ => sheet.unknown(name, value),
        }
    }
}

fn item(sheet: &mut Sheet, item: Value<'_>) {
    let kind = item.get("type").and_then(|kind| kind.string()).map(|kind| kind.text()).unwrap_or_default();
    for (name, value) in item.entries() {
        match &*name.text() {
            "content" if value.kind() == Json::Array => {
                let kind = if kind == "reasoning" { Kind::Reasoning } else { Kind::Content };
                value.items().for_each(|part| self::part(sheet, part, kind));
            }
            "summary" if value.kind() == Json::Array => {
                value.items().for_each(|part| self::part(sheet, part, Kind::Reasoning));
            }
            "arguments" => json_or_every(sheet, value),
            "input" | "code" => {
                let group = sheet.alone();
                sheet.whole(value, Kind::ToolArgument, group);
            }
            "action" => {
                let group = sheet.alone();
                sheet.every(value, Kind::ToolArgument, group);
            }
            "output" | "outputs" | "results" if value.kind() != Json::Null => {
                let group = sheet.alone();
                match value.string() {
                    Some(_) => sheet.json_whole(value, Kind::ToolResult, group),
                    None => sheet.unknown(name, value),
                }
            }
            _ => sheet.unknown(name, value),
        }
    }
}

fn json_or_every(sheet: &mut Sheet, value: Value<'_>) {
    let group = sheet.alone();
    match value.string() {
        Some(_) => sheet.json_whole(value, Kind::ToolArgument, group),
        None => sheet.every(value, Kind::ToolArgument, group),
    }
}

fn part(sheet: &mut Sheet, part: Value<'_>, kind: Kind) {
    let group = sheet.alone();
    for (name, value) in part.entries() {
        match &*name.text() {
            "text" => sheet.whole(value, kind, group),
            "refusal" => sheet.whole(value, Kind::Refusal, group),
            "transcript" if value.kind() != Json::Null => sheet.whole(value, Kind::Transcript, group),
            "logprobs" => sheet.repeats(value, group),
            _ => sheet.unknown(name, value),
        }
    }
}
