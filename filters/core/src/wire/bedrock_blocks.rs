//! The content blocks of Amazon Bedrock's Converse: objects whose one member says what they are.
//!
//! Source: Amazon Bedrock API reference, `ContentBlock`, `SystemContentBlock`, `ToolResultContentBlock`.

use super::reading::{Known, Reading};
use super::{Role, SkipReason, reference};
use crate::json::{Kind, Str, Value};

/// Blocks inside blocks that are read as such: a result, in it a document, in it text. Deeper ones are not recognised.
const DEPTH: usize = 4;

/// What a block can be, where no other dialect has a block without a `type`.
const OWN: [&str; 13] = [
    "text",
    "image",
    "document",
    "video",
    "audio",
    "toolUse",
    "toolResult",
    "guardContent",
    "cachePoint",
    "reasoningContent",
    "citationsContent",
    "searchResult",
    "json",
];

/// Whether a block is one that only this dialect has.
pub(super) fn is_own(block: Value<'_>) -> bool {
    block.get("type").is_none() && block.entries().any(|(key, _)| OWN.iter().any(|own| key.is(own)))
}

/// Reads the blocks of a message or of a system prompt.
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
            _ => reading.text(value, self.role),
        }
    }

    /// The same place, where somebody else speaks.
    fn as_role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    fn block(self, reading: &mut Reading, block: Value<'_>) {
        let role = self.role;
        reading.members(block, role, |reading, key, value| {
            match key {
                "text" => reading.text(value, role),
                "json" => reading.all(value, role),
                "image" => self.media(reading, value, SkipReason::Image),
                "video" | "audio" => self.media(reading, value, SkipReason::Media),
                "document" => self.document(reading, value),
                "toolUse" => tool_use(reading, value),
                "toolResult" => self.tool_result(reading, value),
                "guardContent" => self.guarded(reading, value),
                "cachePoint" => reading.setting(value),
                "reasoningContent" => reasoning(reading, value, role),
                "citationsContent" => self.quoted(reading, value),
                "searchResult" => self.search_result(reading, value),
                _ => return Known::No,
            }
            Known::Yes
        });
    }

    /// Bytes, or a place in S3 (`format`, `source`).
    fn media(self, reading: &mut Reading, media: Value<'_>, reason: SkipReason) {
        let role = self.role;
        reading.members(media, role, |reading, key, value| {
            match key {
                "format" | "error" => reading.setting(value),
                "source" => reading.members(value, role, |reading, key, value| {
                    match key {
                        "bytes" => reading.base64(value, reason, role),
                        "s3Location" => stored(reading, value, reason, role),
                        _ => return Known::No,
                    }
                    Known::Yes
                }),
                _ => return Known::No,
            }
            Known::Yes
        });
    }

    fn document(self, reading: &mut Reading, document: Value<'_>) {
        let role = reference::document(self.role);
        let format = document.get("format").and_then(Value::string).map(Str::text).unwrap_or_default();
        let text = matches!(&*format, "txt" | "md" | "html" | "csv");
        reading.members(document, role, |reading, key, value| {
            match key {
                "format" | "citations" => reading.setting(value),
                "name" | "context" => reading.text(value, role),
                "source" => reading.members(value, role, |reading, key, value| {
                    match key {
                        // Text in base64 is text.
                        "bytes" if text => reading.text(value, role),
                        "bytes" => reading.base64(value, SkipReason::File, role),
                        "s3Location" => stored(reading, value, SkipReason::File, role),
                        "text" => reading.text(value, role),
                        "content" => self.as_role(role).content(reading, value),
                        _ => return Known::No,
                    }
                    Known::Yes
                }),
                _ => return Known::No,
            }
            Known::Yes
        });
    }

    fn tool_result(self, reading: &mut Reading, result: Value<'_>) {
        reading.members(result, Role::ToolResult, |reading, key, value| {
            match key {
                "toolUseId" => reading.id(value, Role::ToolResult),
                "status" | "type" => reading.setting(value),
                "content" => self.as_role(Role::ToolResult).content(reading, value),
                _ => return Known::No,
            }
            Known::Yes
        });
    }

    /// What a guardrail is to look at: a text with its qualifiers, or a picture.
    fn guarded(self, reading: &mut Reading, guarded: Value<'_>) {
        let role = self.role;
        reading.members(guarded, role, |reading, key, value| {
            match key {
                "text" => reading.members(value, role, |reading, key, value| {
                    match key {
                        "text" => reading.text(value, role),
                        "qualifiers" => reading.setting(value),
                        _ => return Known::No,
                    }
                    Known::Yes
                }),
                "image" => self.media(reading, value, SkipReason::Image),
                _ => return Known::No,
            }
            Known::Yes
        });
    }

    /// An earlier answer with its citations.
    fn quoted(self, reading: &mut Reading, quoted: Value<'_>) {
        let role = self.role;
        reading.members(quoted, role, |reading, key, value| {
            match key {
                "content" => self.content(reading, value),
                "citations" => reading.all(value, reference::document(role)),
                _ => return Known::No,
            }
            Known::Yes
        });
    }

    fn search_result(self, reading: &mut Reading, result: Value<'_>) {
        let role = reference::document(self.role);
        reading.members(result, role, |reading, key, value| {
            match key {
                "source" | "title" => reading.text(value, role),
                "content" => self.as_role(role).content(reading, value),
                "citations" => reading.setting(value),
                _ => return Known::No,
            }
            Known::Yes
        });
    }
}

fn stored(reading: &mut Reading, location: Value<'_>, reason: SkipReason, role: Role) {
    reading.members(location, role, |reading, key, value| {
        match key {
            "uri" => reference::url(reading, value, reason, role),
            "bucketOwner" => reading.setting(value),
            _ => return Known::No,
        }
        Known::Yes
    });
}

fn tool_use(reading: &mut Reading, call: Value<'_>) {
    reading.members(call, Role::ToolArgument, |reading, key, value| {
        match key {
            "toolUseId" => reading.id(value, Role::ToolArgument),
            "type" => reading.setting(value),
            "name" => reading.text(value, Role::ToolArgument),
            "input" => reading.all(value, Role::ToolArgument),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// Reasoning. It speaks as the message it stands in.
fn reasoning(reading: &mut Reading, reasoning: Value<'_>, role: Role) {
    reading.members(reasoning, role, |reading, key, value| {
        match key {
            "reasoningText" => reading.members(value, role, |reading, key, value| {
                match key {
                    "text" => reading.text(value, role),
                    "signature" => reading.opaque(value, role),
                    _ => return Known::No,
                }
                Known::Yes
            }),
            "redactedContent" => reading.opaque(value, role),
            _ => return Known::No,
        }
        Known::Yes
    });
}
