//! Every case of `tests/cases/requests` through the reader: the text is found, once, with its role, in one piece.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::path::Path;

use portcullis_core::json;
use portcullis_core::wire::{Limits, Request, detect, read};
use serde_json::Value;

#[test]
fn every_text_is_found_with_its_role() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/requests");
    let mut formats = 0;
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let format = file.file_stem().unwrap().to_str().unwrap();
        if file.extension().is_none_or(|extension| extension != "json") || format == "texts" {
            continue;
        }
        formats += 1;
        let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert!(!cases.is_empty(), "{format}");
        for case in &cases {
            check(format, case);
        }
    }
    assert!(formats >= 13, "{formats} formats");
}

fn check(format: &str, case: &Value) {
    let name = format!("{format}: {}", case["name"].as_str().unwrap());
    let path = case["path"].as_str().unwrap_or_else(|| panic!("{name} has no path"));
    let text = "A text that stands nowhere else";
    let body = case["body"].to_string().replace("{{text}}", text);
    let request = Request {
        method: b"POST",
        path: path.as_bytes(),
        content_type: Some(b"application/json"),
        anthropic: case["headers"].get("anthropic-version").is_some(),
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
    let stream = case.get("stream").unwrap_or(&case["body"]["stream"]);
    assert_eq!(prompt.stream, *stream == true, "{name}");
    let caller = detect(request.path, request.anthropic);
    assert_eq!(caller.name(), format, "{name}: the file is named after the dialect of the path");
}
