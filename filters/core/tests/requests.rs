//! Every case of `tests/cases/requests` through the reader: the text is found, once, with its role, in one piece.

use portcullis_core::json;
use portcullis_core::wire::{Limits, Request, read};
use serde_json::Value;

#[test]
fn every_text_is_found_with_its_role() {
    let openai = include_str!("../../../tests/cases/requests/openai_chat.json");
    let anthropic = include_str!("../../../tests/cases/requests/anthropic_messages.json");
    for (path, anthropic, file) in [("/v1/chat/completions", false, openai), ("/v1/messages", true, anthropic)] {
        let cases: Vec<Value> = serde_json::from_str(file).unwrap();
        assert!(!cases.is_empty());
        for case in cases {
            let name = format!("{path}: {}", case["name"].as_str().unwrap());
            let text = "A text that stands nowhere else";
            let body = case["body"].to_string().replace("{{text}}", text);
            let request = Request {
                method: b"POST",
                path: path.as_bytes(),
                content_type: Some(b"application/json"),
                anthropic,
                body: body.as_bytes(),
            };
            let prompt = read(&request, &Limits::default()).unwrap_or_else(|why| panic!("{name}: {why:?}"));
            let roles: Vec<_> = prompt
                .texts
                .iter()
                .filter(|found| json::unescape(body.as_bytes(), found.span).is_some_and(|t| t.text().contains(text)))
                .map(|found| found.role.name())
                .collect();
            assert_eq!(roles, [case["role"].as_str().unwrap()], "{name}");
            assert_eq!(prompt.stream, case["body"]["stream"] == true, "{name}");
        }
    }
}
