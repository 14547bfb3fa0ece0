//! Tools on offer and schemas of answers: what the model is told about them.

use super::reading::{Reading, listed};
use super::{Role, Source};
use crate::json::{Kind, Value};

/// Keys of both dialects' tool definitions and of JSON Schema (draft 2020-12, and `definitions` of older ones). Any other key is a
/// name that somebody chose, which the model sees.
#[rustfmt::skip]
const KEYS: [&str; 89] = [
    "if", "$id", "not", "ttl", "$ref", "else", "enum", "mode", "name", "then", "tool", "type", "$defs", "allOf",
    "anyOf", "const", "items", "oneOf", "title", "total", "custom", "effort", "format", "schema", "strict",
    "syntax", "$anchor", "$schema", "configs", "default", "enabled", "grammar", "maximum", "minimum", "pattern",
    "$comment", "contains", "examples", "function", "maxItems", "max_uses", "minItems", "nullable", "readOnly",
    "required", "citations", "maxLength", "minLength", "remaining", "writeOnly", "definition", "deprecated",
    "multipleOf", "parameters", "properties", "definitions", "description", "json_schema", "prefixItems",
    "task_budget", "uniqueItems", "input_schema", "cache_control", "defer_loading", "maxProperties",
    "minProperties", "propertyNames", "user_location", "default_config", "display_number", "input_examples",
    "allowed_callers", "allowed_domains", "blocked_domains", "contentEncoding", "mcp_server_name",
    "contentMediaType", "dependentSchemas", "display_width_px", "exclusiveMaximum", "exclusiveMinimum",
    "dependentRequired", "display_height_px", "patternProperties", "max_content_tokens", "additionalProperties",
    "eager_input_streaming", "unevaluatedProperties", "prompt_cache_breakpoint",
];

/// Words that say nothing to a model beyond their meaning: JSON Schema's types, kinds of tools, degrees.
#[rustfmt::skip]
const WORDS: [&str; 22] = [
    "low", "max", "high", "null", "text", "array", "xhigh", "custom", "medium", "number", "object", "string",
    "tokens", "boolean", "grammar", "integer", "explicit", "function", "ephemeral", "approximate", "json_object",
    "json_schema",
];

/// Bytes in the body beyond which a string is in neither list, even if each of its letters is escaped.
const LONGEST: u32 = 6 * 24;

/// Reads tool definitions, or a schema: names, descriptions, every string and every chosen key.
pub(super) fn read(reading: &mut Reading, value: Value<'_>) {
    for node in value.nodes() {
        let Some(string) = node.string() else { continue };
        let inert: &[&str] = if node.kind() == Kind::Key { &KEYS } else { &WORDS };
        if string.span().len() > LONGEST || !listed(&string.text(), inert) {
            reading.push(string, Role::ToolDefinition, Source::Defined);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lists_are_in_the_order_of_the_search() {
        assert!(KEYS.is_sorted_by_key(|word| (word.len(), *word)));
        assert!(WORDS.is_sorted_by_key(|word| (word.len(), *word)));
        assert!(KEYS.iter().chain(&WORDS).all(|word| 6 * word.len() <= LONGEST as usize));
    }
}
