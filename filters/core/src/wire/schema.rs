//! Tools on offer and schemas of answers: what the model is told about them.

use super::{Role, Source, reading::Reading};
use crate::json::{Kind, Value};

/// Keys of both dialects' tool definitions and of JSON Schema (draft 2020-12, and `definitions` of older ones). Any other key is a
/// name that somebody chose, which the model sees.
#[rustfmt::skip]
const KEYS: [&str; 78] = [
    "$anchor", "$comment", "$defs", "$id", "$ref", "$schema", "additionalProperties", "allOf", "allowed_callers",
    "allowed_domains", "anyOf", "blocked_domains", "cache_control", "citations", "const", "contains",
    "contentEncoding", "contentMediaType", "custom", "default", "defer_loading", "definition", "definitions",
    "dependentRequired", "dependentSchemas", "deprecated", "description", "display_height_px", "display_number",
    "display_width_px", "effort", "else", "enabled", "enum", "examples", "exclusiveMaximum", "exclusiveMinimum",
    "format", "function", "grammar", "if", "input_examples", "input_schema", "items", "json_schema", "maxItems",
    "maxLength", "maxProperties", "max_content_tokens", "max_uses", "maximum", "minItems", "minLength",
    "minProperties", "minimum", "multipleOf", "name", "not", "nullable", "oneOf", "parameters", "pattern",
    "patternProperties", "prefixItems", "properties", "propertyNames", "readOnly", "required", "schema", "strict",
    "syntax", "then", "title", "type", "unevaluatedProperties", "uniqueItems", "user_location", "writeOnly",
];

/// Words that say nothing to a model beyond their meaning: JSON Schema's types, kinds of tools, degrees.
#[rustfmt::skip]
const WORDS: [&str; 18] = [
    "approximate", "array", "boolean", "custom", "ephemeral", "function", "grammar", "high", "integer",
    "json_object", "json_schema", "low", "medium", "null", "number", "object", "string", "text",
];

/// Reads tool definitions, or a schema: names, descriptions, every string and every chosen key.
pub(super) fn read(reading: &mut Reading, value: Value<'_>) {
    for node in value.nodes() {
        let Some(string) = node.string() else { continue };
        let inert: &[&str] = if node.kind() == Kind::Key { &KEYS } else { &WORDS };
        let known = match string.escaped() {
            true => inert.iter().any(|word| string.is(word)),
            false => inert.binary_search(&string.raw()).is_ok(),
        };
        if !known {
            reading.push(string, Role::ToolDefinition, Source::Defined);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lists_are_sorted_for_the_search() {
        assert!(KEYS.is_sorted());
        assert!(WORDS.is_sorted());
    }
}
