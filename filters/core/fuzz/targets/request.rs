//! Any bytes as the body of a request.
//!
//! What is accepted as JSON must be what serde_json accepts, with the same strings in the same order: a body that the
//! filter and the upstream read in two ways is a way around the filter. What a dialect reads from it lies in the body,
//! in order, and every text can be unescaped.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_core::json::{self, Kind, unescape};
use portcullis_core::wire::{self, Limits, Span, Unreadable};
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    let limits = Limits::default();
    match json::parse(body, &limits) {
        Ok(document) => {
            serde_json::from_slice::<serde::de::IgnoredAny>(body).expect("serde_json reads what is read here");
            // Numbers beyond f64 are JSON; serde_json has no value for them.
            if let Ok(other) = serde_json::from_slice::<Value>(body) {
                let ours: Vec<String> = document
                    .root()
                    .nodes()
                    .filter(|node| matches!(node.kind(), Kind::Key | Kind::String))
                    .filter_map(|node| node.string())
                    .map(|string| string.text().into_owned())
                    .collect();
                let mut theirs = Vec::new();
                strings(&other, &mut theirs);
                assert_eq!(ours, theirs);
            }
        }
        Err(Unreadable::Malformed) => assert!(serde_json::from_slice::<Value>(body).is_err(), "refused good JSON"),
        Err(_) => {}
    }
    for (path, anthropic) in [(&b"/v1/chat/completions"[..], false), (b"/v1/messages", true), (b"/", false)] {
        let request = wire::Request { method: b"POST", path, content_type: None, anthropic, body };
        let Ok(prompt) = wire::read(&request, &limits) else { continue };
        in_order(body, prompt.texts.iter().map(|text| text.span));
        in_order(body, prompt.skipped.iter().map(|skipped| skipped.span));
        if let Some(model) = prompt.model {
            in_order(body, [model].into_iter());
        }
        for text in &prompt.texts {
            let unescaped = unescape(body, text.span).expect("a text is a string of the body");
            assert_eq!(text.escaped, text.span.of(body).contains(&b'\\'));
            assert_eq!(unescaped.span(0..unescaped.text().len()), text.span);
        }
    }
});

fn in_order(body: &[u8], spans: impl Iterator<Item = Span>) {
    let mut last = 0;
    for span in spans {
        assert!(last <= span.start && span.start <= span.end && span.end as usize <= body.len(), "{span:?}");
        last = span.start;
    }
}

fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(members) => {
            for (key, value) in members {
                found.push(key.clone());
                strings(value, found);
            }
        }
        _ => {}
    }
}
