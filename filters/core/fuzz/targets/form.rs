//! Any bytes as a form: places are true and in order, and a form that is cut off is none.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_core::wire::form::{self, Form, FormKind};
use portcullis_core::wire::{Limits, Request, Role};

const KINDS: [(FormKind, &str); 3] = [
    (FormKind::Multipart, "multipart/form-data; boundary=B"),
    (FormKind::Urlencoded, "application/x-www-form-urlencoded"),
    (FormKind::Text, "text/plain"),
];

fn read(kind: FormKind, content_type: &[u8], body: &[u8]) {
    let limits = Limits::default();
    let fields = vec![("prompt".to_owned(), Role::System)];
    let form = Form { kind, path: vec!["x".into()], role: Role::User, fields };
    let of = |body| {
        let content_type = Some(content_type);
        let request = Request { method: b"POST", path: b"/x", content_type, anthropic: false, body };
        form::read(&request, std::slice::from_ref(&form), &limits)
    };
    let Some(Ok((decoded, prompt))) = of(body) else { return };
    let bytes = decoded.as_deref().unwrap_or(body);
    let mut end = 0;
    for text in &prompt.texts {
        assert!(text.span.start >= end && text.span.end as usize <= bytes.len(), "in order, in the body");
        end = text.span.end;
        assert!(!text.escaped || decoded.is_none());
        assert!(std::str::from_utf8(text.span.of(bytes)).is_ok(), "a text is UTF-8");
    }
    assert!(prompt.skipped.iter().all(|part| part.span.end as usize <= bytes.len()));
    if kind == FormKind::Multipart {
        let last = body.strip_suffix(b"\r\n").unwrap_or(body).len();
        assert!(of(&body[..last - 1]).is_some_and(|read| read.is_err()), "a form that is cut off is none");
    }
}

fuzz_target!(|input: &[u8]| {
    let [which, body @ ..] = input else { return };
    let (kind, content_type) = KINDS[usize::from(*which) % KINDS.len()];
    read(kind, content_type.as_bytes(), body);
    // The first line as the content type.
    if let Some(line) = body.iter().position(|byte| *byte == b'\n') {
        read(kind, &body[..line], &body[line + 1..]);
    }
});
