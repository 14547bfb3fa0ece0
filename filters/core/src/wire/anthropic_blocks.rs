//! The content blocks of the Anthropic API, and blocks within blocks.
//!
//! Source: Anthropic API reference, `ContentBlockParam`, `BetaContentBlockParam`.

use super::reading::{Known, Reading, listed};
use super::{Role, SkipReason, reference, schema};
use crate::json::{Kind, Str, Value};

/// Blocks inside blocks that are read as such: a result, in it a document, in it text. Deeper ones are not recognised.
const DEPTH: usize = 6;

/// The types of blocks, sources, citations and results. In the order of [`listed`].
#[rustfmt::skip]
const TYPES: [&str; 56] = [
    "url", "file", "text", "image", "base64", "content", "document", "fallback", "thinking", "tool_use",
    "compaction", "tool_result", "mcp_tool_use", "tool_removal", "browser_state", "char_location", "page_location",
    "search_result", "tool_addition", "advisor_result", "tool_reference", "mcp_tool_result", "server_tool_use",
    "container_upload", "mcp_tool_listing", "web_fetch_result", "redacted_thinking", "web_search_result",
    "advisor_tool_result", "code_execution_output", "code_execution_result", "web_fetch_tool_result",
    "content_block_location", "search_result_location", "web_search_tool_result", "advisor_redacted_result",
    "tool_search_tool_result", "advisor_tool_result_error", "bash_code_execution_output",
    "bash_code_execution_result", "code_execution_tool_result", "web_search_result_location",
    "web_fetch_tool_result_error", "web_search_tool_result_error", "tool_search_tool_result_error",
    "tool_search_tool_search_result", "web_fetch_tool_result_location", "bash_code_execution_tool_result",
    "encrypted_code_execution_result", "code_execution_tool_result_error", "bash_code_execution_tool_result_error",
    "text_editor_code_execution_tool_result", "text_editor_code_execution_view_result",
    "text_editor_code_execution_create_result", "text_editor_code_execution_tool_result_error",
    "text_editor_code_execution_str_replace_result",
];

/// Where a citation points.
#[rustfmt::skip]
const POSITIONS: [&str; 9] = [
    "document_index", "end_block_index", "end_char_index", "end_page_number", "search_result_index",
    "start_block_index", "start_char_index", "start_page_number", "tool_use_id",
];

/// Whether a block is one that only this dialect has.
pub(super) fn is_own(block: Value<'_>) -> bool {
    block.get("type").and_then(Value::string).map(Str::text).is_some_and(|kind| {
        matches!(&*kind, "image" | "document" | "search_result" | "thinking" | "redacted_thinking")
            || kind.ends_with("tool_use")
            || kind.ends_with("tool_result")
    })
}

/// Reads the content of a message, of a system prompt or of a result: a string, blocks, one block, or nothing.
pub(super) fn content(reading: &mut Reading, value: Value<'_>, role: Role) {
    Blocks { depth: DEPTH, role }.content(reading, value);
}

/// Where a block stands: who speaks, and how many levels may still follow.
#[derive(Clone, Copy)]
struct Blocks {
    depth: usize,
    role: Role,
}

impl Blocks {
    fn content(self, reading: &mut Reading, value: Value<'_>) {
        let Some(depth) = self.depth.checked_sub(1) else { return reading.unrecognised(value, self.role) };
        let inner = Self { depth, ..self };
        match value.kind() {
            Kind::Array => value.items().for_each(|item| inner.block(reading, item)),
            Kind::Object => inner.block(reading, value),
            _ => reading.text(value, self.role),
        }
    }

    /// The same place, where somebody else speaks.
    fn as_role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    fn block(self, reading: &mut Reading, block: Value<'_>) {
        let kind = block.get("type").and_then(Value::string).map(Str::text).unwrap_or_default();
        reading.members(block, self.role, |reading, key, value| match key {
            "type" => {
                kind_word(reading, value, self.role);
                Known::Yes
            }
            "cache_control" | "transformations" => {
                reading.setting(value);
                Known::Yes
            }
            _ => match &*kind {
                "text" => self.text(reading, key, value),
                "image" => self.source(reading, key, value, SkipReason::Image),
                "document" => self.document(reading, key, value),
                "search_result" => self.search_result(reading, key, value),
                "thinking" | "redacted_thinking" => self.thinking(reading, key, value),
                "tool_use" | "server_tool_use" | "mcp_tool_use" => tool_use(reading, key, value),
                "container_upload" | "code_execution_output" | "bash_code_execution_output" => {
                    self.file(reading, key, value)
                }
                "compaction" => self.compaction(reading, key, value),
                "tool_addition" | "tool_removal" | "mcp_tool_listing" => tool_change(reading, key, value),
                "fallback" => fallback(reading, key, value),
                _ if kind.ends_with("tool_result") => self.tool_result(reading, key, value),
                _ if self.role == Role::ToolResult && listed(&kind, &TYPES) => self.result(reading, key, value),
                _ => Known::No,
            },
        });
    }

    fn text(self, reading: &mut Reading, key: &str, value: Value<'_>) -> Known {
        match key {
            "text" => reading.text(value, self.role),
            "citations" if value.kind() == Kind::Null => {}
            "citations" => reading.each(value, self.role, |reading, citation| self.citation(reading, citation)),
            _ => return Known::No,
        }
        Known::Yes
    }

    /// What an earlier answer quoted.
    fn citation(self, reading: &mut Reading, citation: Value<'_>) {
        let role = reference::document(self.role);
        reading.members(citation, role, |reading, key, value| {
            match key {
                "type" => kind_word(reading, value, role),
                "cited_text" | "document_title" | "title" | "url" | "source" => reading.text(value, role),
                "encrypted_index" => reading.opaque(value, role),
                "file_id" => reading.setting(value),
                _ if POSITIONS.contains(&key) => reading.setting(value),
                _ => return Known::No,
            }
            Known::Yes
        });
    }

    /// A block whose whole content is its `source`.
    fn source(self, reading: &mut Reading, key: &str, source: Value<'_>, reason: SkipReason) -> Known {
        if key != "source" {
            return Known::No;
        }
        let kind = source.get("type").and_then(Value::string).map(Str::text).unwrap_or_default();
        let media_type = source.get("media_type").and_then(Value::string);
        reading.members(source, self.role, |reading, key, value| {
            match (&*kind, key) {
                (_, "type") => kind_word(reading, value, self.role),
                (_, "media_type") => reading.setting(value),
                (_, "url") => reference::url(reading, value, reason, self.role),
                (_, "file_id") => reading.stored(value, reason, self.role),
                ("base64", "data") => reference::content(reading, value, media_type, reason, self.role),
                (_, "data") => reading.text(value, reference::document(self.role)),
                (_, "content") => self.as_role(reference::document(self.role)).content(reading, value),
                _ => return Known::No,
            }
            Known::Yes
        });
        Known::Yes
    }

    fn document(self, reading: &mut Reading, key: &str, value: Value<'_>) -> Known {
        match key {
            "title" | "context" => reading.text(value, reference::document(self.role)),
            "citations" => reading.setting(value),
            _ => return self.source(reading, key, value, SkipReason::File),
        }
        Known::Yes
    }

    fn search_result(self, reading: &mut Reading, key: &str, value: Value<'_>) -> Known {
        let role = reference::document(self.role);
        match key {
            "source" | "title" => reading.text(value, role),
            "content" => self.as_role(role).content(reading, value),
            "citations" => reading.setting(value),
            _ => return Known::No,
        }
        Known::Yes
    }

    /// Reasoning. It speaks as the message it stands in: nobody gains another role by claiming to have thought.
    fn thinking(self, reading: &mut Reading, key: &str, value: Value<'_>) -> Known {
        match key {
            "thinking" => reading.text(value, self.role),
            "signature" | "data" => reading.opaque(value, self.role),
            _ => return Known::No,
        }
        Known::Yes
    }

    /// A summary of what went before. It speaks as the message it stands in.
    fn compaction(self, reading: &mut Reading, key: &str, value: Value<'_>) -> Known {
        match key {
            "content" => reading.text(value, self.role),
            "signature" | "encrypted_content" => reading.opaque(value, self.role),
            "tool_changes" => self.content(reading, value),
            _ => return Known::No,
        }
        Known::Yes
    }

    fn file(self, reading: &mut Reading, key: &str, value: Value<'_>) -> Known {
        match key {
            "file_id" => reading.stored(value, SkipReason::File, self.role),
            _ => return Known::No,
        }
        Known::Yes
    }

    /// What a tool answered, of the client's or of the server's own.
    fn tool_result(self, reading: &mut Reading, key: &str, value: Value<'_>) -> Known {
        match key {
            "content" => self.as_role(Role::ToolResult).content(reading, value),
            "toolset_name" => reading.text(value, Role::ToolResult),
            "tool_use_id" => reading.id(value, Role::ToolResult),
            "caller" | "is_error" => reading.setting(value),
            _ => return Known::No,
        }
        Known::Yes
    }

    /// The results that only server tools give.
    fn result(self, reading: &mut Reading, key: &str, value: Value<'_>) -> Known {
        match key {
            "content" => self.content(reading, value),
            "tabs" | "state_changes" | "text" => reading.all(value, self.role),
            "title" | "url" | "page_age" | "stdout" | "stderr" | "tool_name" | "lines" | "error_message" => {
                reading.all(value, self.role);
            }
            "tool_references" => self.content(reading, value),
            "error_code" | "retrieved_at" | "file_type" | "return_code" | "stop_reason" => reading.setting(value),
            "is_file_update" | "num_lines" | "start_line" | "total_lines" => reading.setting(value),
            "new_lines" | "new_start" | "old_lines" | "old_start" => reading.setting(value),
            "encrypted_content" | "encrypted_stdout" => reading.opaque(value, self.role),
            _ => return Known::No,
        }
        Known::Yes
    }
}

fn tool_use(reading: &mut Reading, key: &str, value: Value<'_>) -> Known {
    match key {
        "name" | "server_name" | "toolset_name" => reading.text(value, Role::ToolArgument),
        "input" => reading.all(value, Role::ToolArgument),
        "id" => reading.id(value, Role::ToolArgument),
        "caller" => reading.setting(value),
        _ => return Known::No,
    }
    Known::Yes
}

/// Tools that come and go within a conversation, and the listing of a server's tools.
fn tool_change(reading: &mut Reading, key: &str, value: Value<'_>) -> Known {
    match key {
        "tool" | "tools" | "mcp_server_name" => schema::read(reading, value),
        _ => return Known::No,
    }
    Known::Yes
}

/// The mark of a change of model, which no model is shown.
fn fallback(reading: &mut Reading, key: &str, value: Value<'_>) -> Known {
    match key {
        "from" | "to" | "trigger" => reading.setting(value),
        _ => return Known::No,
    }
    Known::Yes
}

/// A `type`: inert when it is one of the dialect's.
fn kind_word(reading: &mut Reading, value: Value<'_>, role: Role) {
    match value.string() {
        Some(string) if listed(&string.text(), &TYPES) => {}
        _ => reading.unrecognised(value, role),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_are_in_the_order_of_the_search() {
        assert!(TYPES.is_sorted_by_key(|word| (word.len(), *word)));
    }
}
