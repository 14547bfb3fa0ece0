//! Payloads of no dialect that is known: by the names of members.

use super::sheet::{Sheet, number};
use crate::json::Value;

pub(super) fn read(sheet: &mut Sheet, root: Value<'_>, streams: bool) {
    for (name, value) in root.entries() {
        match &*name.text() {
            "usage" => usage(sheet, value),
            "inputTextTokenCount" | "prompt_token_count" => sheet.usage.input = number(value),
            "generation_token_count" => sheet.usage.output = number(value),
            _ => {}
        }
    }
    match root.get("error") {
        // What stands beside an error belongs to it.
        Some(_) => sheet.error(root),
        None => sheet.guessed(root, streams),
    }
}

/// The names that most dialects have for counts of tokens.
pub(super) fn usage(sheet: &mut Sheet, usage: Value<'_>) {
    for (name, value) in usage.entries() {
        match &*name.text() {
            "prompt_tokens" | "input_tokens" | "inputTokens" => sheet.usage.input = number(value),
            "completion_tokens" | "output_tokens" | "outputTokens" => sheet.usage.output = number(value),
            "total_tokens" | "totalTokens" => sheet.usage.total = number(value),
            _ => {}
        }
    }
}
