use super::*;
use crate::json;

fn request<'a>(path: &'a str, body: &'a [u8]) -> Request<'a> {
    Request { method: b"POST", path: path.as_bytes(), content_type: None, anthropic: false, body }
}

fn texts(prompt: &Prompt, body: &[u8]) -> Vec<(Role, Source, String)> {
    let decoded = |text: &Text| json::unescape(body, text.span).unwrap().into_text().into_owned();
    prompt.texts.iter().map(|text| (text.role, text.source, decoded(text))).collect()
}

#[test]
fn a_chat_is_read_with_its_roles() {
    let body = br#"{"model":"m","stream":true,"messages":[{"content":"be kind","role":"system"},
        {"role":"user","content":[{"type":"text","text":"caf\u00e9"},
        {"type":"image_url","image_url":{"url":"https://x/y.png"}}]}]}"#;
    let prompt = read(&request("/v1/chat/completions", body), &Limits::default()).unwrap();
    assert_eq!(prompt.dialect, Dialect::OpenAiChat);
    assert!(prompt.stream);
    assert_eq!(prompt.model.unwrap().of(body), b"m");
    let expected = [(Role::System, Source::Defined, "be kind"), (Role::User, Source::Defined, "café")];
    assert_eq!(texts(&prompt, body), expected.map(|(role, source, text)| (role, source, text.to_owned())));
    assert_eq!(prompt.skipped.len(), 1);
    assert_eq!(prompt.skipped[0].span.of(body), b"https://x/y.png");
}

#[test]
fn the_shape_decides_and_not_the_path() {
    let anthropic = br#"{"system":"s","messages":[{"role":"user","content":[{"type":"tool_result","content":"r"}]}]}"#;
    let prompt = read(&request("/v1/chat/completions", anthropic), &Limits::default()).unwrap();
    assert_eq!(prompt.dialect, Dialect::AnthropicMessages);
    let roles: Vec<_> = prompt.texts.iter().map(|text| text.role).collect();
    assert_eq!(roles, [Role::System, Role::ToolResult]);
    let openai = br#"{"messages":[{"role":"tool","content":"r"}]}"#;
    let prompt = read(&request("/v1/messages", openai), &Limits::default()).unwrap();
    assert_eq!((prompt.dialect, prompt.texts[0].role), (Dialect::OpenAiChat, Role::ToolResult));
}

#[test]
fn a_shape_that_is_not_known_is_no_empty_prompt() {
    for body in ["{}", "[]", "1", "null", r#"{"messages":"x"}"#, r#"{"messages":{}}"#, r#"{"Messages":[]}"#] {
        let read = read(&request("/v1/chat/completions", body.as_bytes()), &Limits::default());
        assert_eq!(read, Err(Unreadable::Format), "{body}");
    }
}

#[test]
fn a_dialect_is_known_by_its_path_or_header() {
    let cases = [
        ("/v1/chat/completions", false, Dialect::OpenAiChat),
        ("/openai/deployments/d/chat/completions?api-version=2024", false, Dialect::OpenAiChat),
        ("//V1/%63hat//completions/", true, Dialect::OpenAiChat),
        ("/v1/messages", false, Dialect::AnthropicMessages),
        ("/v1/messages/count_tokens?beta=true", false, Dialect::AnthropicMessages),
        ("/v1/threads/t_1/messages", true, Dialect::Unknown),
        ("/anything", true, Dialect::AnthropicMessages),
        ("/anything", false, Dialect::Unknown),
        ("/v1/chat/completions/x", false, Dialect::Unknown),
        ("", false, Dialect::Unknown),
    ];
    for (path, anthropic, expected) in cases {
        assert_eq!(detect(path.as_bytes(), anthropic), expected, "{path}");
    }
}

#[test]
fn every_reason_stands_in_the_list_in_its_order() {
    for (place, why) in Unreadable::ALL.into_iter().enumerate() {
        assert_eq!(why as usize, place, "{}", why.name());
    }
}
