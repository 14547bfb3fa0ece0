//! Any bytes as the body of a request: under every path no string is lost and every place is true.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_core::wire::{self, Dialect, Limits, Request};

#[path = "../../tests/invariant/mod.rs"]
mod invariant;

/// One of each dialect but that of chats.
const PATHS: [&str; 13] = [
    "/v1/messages",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/responses",
    "/v1beta/models/m:generateContent",
    "/model/m/converse",
    "/model/m/invoke",
    "/api/chat",
    "/api/generate",
    "/v2/chat",
    "/mcp",
    "/a2a",
    "/",
];

fuzz_target!(|body: &[u8]| {
    let limits = Limits::default();
    let under = |path: &[u8]| {
        let request = Request { method: b"POST", path, content_type: None, anthropic: false, body };
        let read = wire::read(&request, &limits);
        if let Ok(prompt) = &read {
            invariant::check(body, &limits, prompt);
            assert_ne!(prompt.dialect, Dialect::Unknown);
        }
        read.err()
    };
    let chat = under(b"/v1/chat/completions");
    for path in PATHS {
        assert_eq!(chat, under(path.as_bytes()), "no path hides a body");
    }
    assert_eq!(chat, under(body), "no path hides a body");
});
