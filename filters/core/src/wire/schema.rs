//! Tools on offer and schemas of answers: what the model is told about them.

use super::reading::{Reading, listed};
use super::{Role, Source};
use crate::json::{Kind, Value};

/// Keys of the dialects' tool definitions and of JSON Schema (draft 2020-12, and `definitions` of older ones). Any other
/// key is a name that somebody chose, which the model sees.
#[rustfmt::skip]
const KEYS: [&str; 118] = [
    "if", "$id", "any", "not", "ttl", "$ref", "auto", "else", "enum", "json", "mode", "name", "then", "tool",
    "type", "$defs", "allOf", "anyOf", "const", "items", "oneOf", "title", "tools", "total", "custom", "effort",
    "format", "schema", "strict", "syntax", "$anchor", "$schema", "configs", "default", "enabled", "grammar",
    "maximum", "minimum", "pattern", "$comment", "behavior", "contains", "examples", "function", "maxItems",
    "max_uses", "minItems", "nullable", "readOnly", "required", "response", "toolSpec", "citations", "maxLength",
    "minLength", "remaining", "verbosity", "writeOnly", "cachePoint", "definition", "deprecated", "multipleOf",
    "parameters", "properties", "toolChoice", "urlContext", "definitions", "description", "inputSchema",
    "json_schema", "prefixItems", "task_budget", "uniqueItems", "url_context", "googleSearch", "input_schema",
    "outputSchema", "server_label", "cache_control", "codeExecution", "defer_loading", "google_search",
    "maxProperties", "minProperties", "propertyNames", "user_location", "code_execution", "default_config",
    "display_number", "input_examples", "allowed_callers", "allowed_domains", "blocked_domains", "contentEncoding",
    "mcp_server_name", "contentMediaType", "dependentSchemas", "display_width_px", "exclusiveMaximum",
    "exclusiveMinimum", "propertyOrdering", "dependentRequired", "display_height_px", "patternProperties",
    "property_ordering", "max_content_tokens", "responseJsonSchema", "additionalProperties", "functionDeclarations",
    "parametersJsonSchema", "eager_input_streaming", "function_declarations", "googleSearchRetrieval",
    "parameter_definitions", "unevaluatedProperties", "parameters_json_schema", "google_search_retrieval",
    "prompt_cache_breakpoint",
];

/// Words that say nothing to a model beyond their meaning: JSON Schema's types (in capitals for Gemini), kinds of tools,
/// degrees.
#[rustfmt::skip]
const WORDS: [&str; 31] = [
    "low", "max", "NULL", "high", "json", "null", "text", "ARRAY", "array", "xhigh", "NUMBER", "OBJECT", "STRING",
    "custom", "medium", "number", "object", "string", "tokens", "BOOLEAN", "INTEGER", "boolean", "default",
    "grammar", "integer", "explicit", "function", "ephemeral", "approximate", "json_object", "json_schema",
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
