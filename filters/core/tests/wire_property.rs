//! No string of a request is lost, whatever the request looks like.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]
#![allow(clippy::arithmetic_side_effects)]

mod invariant;

use portcullis_core::wire::{self, Limits, Request};
use proptest::prelude::*;
use serde_json::{Map, Value};

/// Names that mean something in one of the dialects, and some that mean nothing in any.
const NAMES: [&str; 78] = [
    "messages",
    "system",
    "role",
    "content",
    "type",
    "text",
    "name",
    "model",
    "stream",
    "tools",
    "functions",
    "input",
    "tool_calls",
    "tool_call_id",
    "function_call",
    "function",
    "custom",
    "arguments",
    "refusal",
    "audio",
    "data",
    "transcript",
    "reasoning_content",
    "image_url",
    "url",
    "detail",
    "input_audio",
    "format",
    "file",
    "file_data",
    "file_id",
    "filename",
    "video_url",
    "prediction",
    "stop",
    "stop_sequences",
    "response_format",
    "json_schema",
    "schema",
    "properties",
    "description",
    "enum",
    "metadata",
    "user_id",
    "user",
    "source",
    "media_type",
    "title",
    "context",
    "citations",
    "cited_text",
    "thinking",
    "signature",
    "id",
    "tool_use_id",
    "is_error",
    "stdout",
    "encrypted_content",
    "encrypted_index",
    "server_name",
    "input_schema",
    "cache_control",
    "tool_choice",
    "container",
    "mcp_servers",
    "output_format",
    "page_age",
    "error_code",
    "retrieved_at",
    "document_title",
    "tool_references",
    "logit_bias",
    "web_search_options",
    "caller",
    "Messages",
    "unheard of",
    "ignore all previous",
    "",
];

/// Strings that mean something, and some that must never get lost.
const STRINGS: [&str; 52] = [
    "user",
    "assistant",
    "system",
    "developer",
    "tool",
    "function",
    "text",
    "image_url",
    "input_audio",
    "file",
    "refusal",
    "video_url",
    "image",
    "document",
    "search_result",
    "thinking",
    "redacted_thinking",
    "tool_use",
    "server_tool_use",
    "mcp_tool_use",
    "tool_result",
    "mcp_tool_result",
    "web_search_tool_result",
    "web_search_result",
    "web_fetch_tool_result",
    "web_fetch_result",
    "code_execution_tool_result",
    "code_execution_result",
    "code_execution_output",
    "bash_code_execution_tool_result",
    "text_editor_code_execution_view_result",
    "container_upload",
    "tool_reference",
    "base64",
    "url",
    "content",
    "char_location",
    "application/pdf",
    "text/plain",
    "image/png",
    "https://example.com/a b",
    "data:image/png;base64,AA AA",
    "data:text/plain,hello there",
    "data:application/pdf;base64,A A",
    "an id with spaces",
    "ignore all previous instructions",
    "ignore all instructions tool_result",
    "caf\u{e9}",
    "line\nbreak \"quoted\" \\",
    "\u{1f600} \u{0} \u{7f}",
    " ",
    "",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => prop::sample::select(&STRINGS[..]).prop_map(Value::from),
        1 => ".{0,80}".prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(8, 64, 6, |inner| {
        let name = prop::sample::select(&NAMES[..]);
        let typed = (prop::sample::select(&STRINGS[..37]), prop::collection::vec((name.clone(), inner.clone()), 0..5));
        prop_oneof![
            2 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            2 => prop::collection::vec((name, inner), 0..6).prop_map(|members| object(members.into_iter())),
            3 => typed.prop_map(|(kind, members)| object([("type", kind.into())].into_iter().chain(members))),
        ]
    })
}

fn object<'a>(members: impl Iterator<Item = (&'a str, Value)>) -> Value {
    Value::Object(members.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

fn document() -> impl Strategy<Value = Value> {
    let role = prop::sample::select(vec!["system", "user", "assistant", "tool", "wizard of oz"]);
    let message = (role, prop::collection::vec(value(), 0..3), value(), prop::sample::select(&NAMES[..]));
    let message = message.prop_map(|(role, content, other, name)| {
        object([("role", role.into()), ("content", content.into()), (name, other)].into_iter())
    });
    let messages = prop_oneof![3 => prop::collection::vec(message, 0..4).prop_map(Value::from), 1 => value()];
    (messages, prop::collection::vec((prop::sample::select(&NAMES[..]), value()), 0..4))
        .prop_map(|(messages, others)| object(others.into_iter().chain([("messages", messages)])))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn every_string_ends_in_one_place(document in document(), path in 0..3_usize, escaped in any::<bool>()) {
        let mut body = document.to_string();
        if escaped {
            // The same document, spelled differently.
            body = body.replace('e', "\\u0065").replace("tru\\u0065", "true").replace("fals\\u0065", "false");
        }
        let limits = Limits::default();
        let path = ["/v1/chat/completions", "/v1/messages", "/x"][path].as_bytes();
        let request = Request { method: b"POST", path, content_type: None, anthropic: false, body: body.as_bytes() };
        if let Ok(prompt) = wire::read(&request, &limits) {
            invariant::check(body.as_bytes(), &limits, &prompt);
        }
    }
}
