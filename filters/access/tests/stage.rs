//! What is granted and what is refused, by everything that a request can say.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "a test"
)]

use std::rc::Rc;
use std::sync::Arc;

use portcullis_access::ACCESS;
use portcullis_core::config::Config;
use portcullis_core::exchange::{Act, Exchange};
use portcullis_core::head::Head;
use portcullis_core::store::Memory;
use serde_json::{Value, json};

const CHAT: &str = "/v1/chat/completions";

struct Asked<'a> {
    path: &'a str,
    method: &'a str,
    fields: &'a [(&'a str, &'a str)],
    body: Option<Value>,
}

/// The status of a refusal with what it is counted for; nothing when the request goes on.
fn refused(rules: &Value, asked: &Asked<'_>) -> Option<(u16, String)> {
    let document = json!({"profiles": {"default": {"access": rules, "unreadable": "allow"}}});
    let config = Config::parse(document.to_string().as_bytes(), &[&ACCESS], &|_| None).unwrap();
    let head = [(":method", asked.method), (":path", asked.path), (":authority", "api.example.com")];
    let head: Head = head.iter().chain(asked.fields).map(|(name, value)| (*name, *value)).collect();
    let mut exchange = Exchange::open(&Arc::new(config), head, 0);
    exchange.share(Rc::new(Memory::with(&[("metadata.filter_metadata.jwt.sub", b"ann")])));
    let mut act = exchange.request_head(asked.body.is_none());
    if let (Act::Forward, Some(body)) = (&act, &asked.body) {
        let body = match body {
            Value::String(raw) => raw.clone(),
            value => value.to_string(),
        };
        act = exchange.request_body(body.as_bytes(), &|| 0);
    }
    let why = |counter: portcullis_core::telemetry::Counter| {
        counter.name().strip_prefix("portcullis.denied.reason.").map(str::to_owned)
    };
    let reasons: Vec<_> = exchange.take_counts().into_iter().filter_map(|(counter, _)| why(counter)).collect();
    match act {
        Act::Refuse(reply) => {
            let record: Value = serde_json::from_str(&exchange.record().to_json()).unwrap();
            assert_eq!((&record["verdict"], &record["stage"]), (&json!("block"), &json!("access")));
            Some((reply.status, reasons.concat()))
        }
        Act::Forward => None,
        other => panic!("{other:?}"),
    }
}

fn chat(more: Value) -> Value {
    let mut body =
        json!({"model": "gpt-4o-mini", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

fn rules() -> Value {
    json!({"rules": [{
        "name": "staff",
        "when": [{"header": "x-team", "values": ["staff"]}],
        "endpoints": ["openai_chat", "/v1/models"],
        "models": ["gpt-4o-mini", "claude-haiku-*"],
        "tools": ["search_*"],
        "max_output": 500,
    }]})
}

#[test]
fn what_no_rule_grants_is_refused() {
    let staff: &[(&str, &str)] = &[("x-team", "staff")];
    let function = |name: &str| json!([{"type": "function", "function": {"name": name}}]);
    let rows = [
        (CHAT, staff, chat(json!({})), None),
        (CHAT, &[("x-team", "guest")], chat(json!({})), Some("caller")),
        (CHAT, &[], chat(json!({})), Some("caller")),
        (CHAT, &[("x-team", "staff"), ("x-team", "staff")], chat(json!({})), Some("caller")),
        ("/v1/embeddings", staff, json!({"model": "gpt-4o-mini", "input": "a"}), Some("endpoint")),
        ("/v1%2fchat/completions", staff, chat(json!({})), Some("endpoint")),
        (CHAT, staff, chat(json!({"model": "GPT-4o-Mini"})), None),
        (CHAT, staff, chat(json!({"model": "claude-haiku-4"})), None),
        (CHAT, staff, chat(json!({"model": "gpt-4o"})), Some("model")),
        (CHAT, staff, chat(json!({"model": "gpt-4o-mini-alias"})), Some("model")),
        (CHAT, staff, chat(json!({"model": "openai/gpt-4o-mini"})), Some("model")),
        (CHAT, staff, chat(json!({"model": " gpt-4o-mini"})), Some("model")),
        (CHAT, staff, chat(json!({"model": "claude-haiku-4/../gpt-4o"})), Some("model")),
        (CHAT, staff, chat(json!({"model": ["gpt-4o-mini"]})), Some("model")),
        (CHAT, staff, chat(json!({"model": null})), Some("model")),
        (CHAT, staff, chat(json!({"Model": "gpt-4o"})), Some("model")),
        (CHAT, staff, chat(json!({"Model": "gpt-4o-mini"})), None),
        (CHAT, staff, chat(json!({"models": ["gpt-4o-mini", "gpt-4o"]})), Some("model")),
        (CHAT, staff, chat(json!({"fallbacks": [{"model": "gpt-4o"}]})), Some("model")),
        (CHAT, staff, chat(json!({"fallbacks": [{"gpt-4o-mini": ["gpt-4o"]}]})), Some("model")),
        (CHAT, staff, chat(json!({"fallbacks": ["claude-haiku-4"]})), None),
        (CHAT, staff, chat(json!({"tools": function("search_web")})), None),
        (CHAT, staff, chat(json!({"tools": function("delete_all")})), Some("tool")),
        (CHAT, staff, chat(json!({"functions": [{"name": "delete_all"}]})), Some("tool")),
        (CHAT, staff, chat(json!({"tools": [{"type": "web_search_preview"}]})), Some("tool")),
        (
            CHAT,
            staff,
            chat(json!({"tools": [{"functionDeclarations": [{"name": "search_x"}, {"name": "y"}]}]})),
            Some("tool"),
        ),
        (CHAT, staff, chat(json!({"tools": [{"googleSearch": {}}]})), Some("tool")),
        (CHAT, staff, chat(json!({"toolConfig": {"tools": [{"toolSpec": {"name": "rm"}}]}})), Some("tool")),
        (
            CHAT,
            staff,
            chat(json!({"tools": [{"type": "function", "Function": {"name": "rm"}, "name": "search_x"}]})),
            Some("tool"),
        ),
        (CHAT, staff, chat(json!({"tools": [{"function": {"name": "search_x", "Name": "rm"}}]})), Some("tool")),
        (CHAT, staff, chat(json!({"tools": [{"function": {"name": "search_x"}, "name": "rm"}]})), Some("tool")),
        (CHAT, staff, chat(json!({"tools": [{"name": "search_x", "toolSpec": {"name": "rm"}}]})), Some("tool")),
        (CHAT, staff, chat(json!({"Tools": {"function": {"name": "rm"}}})), Some("tool")),
        (CHAT, staff, chat(json!({"tools": [{"type": "web_search", "name": "search_x"}]})), Some("tool")),
        (CHAT, staff, chat(json!({"tools": [{"name": "search_x", "googleSearch": {}}]})), Some("tool")),
        (
            CHAT,
            staff,
            chat(json!({"tools": [{
                "functionDeclarations": [{"name": "search_x"}], "function_declarations": [{"Name": "rm"}],
            }]})),
            Some("tool"),
        ),
        (CHAT, staff, chat(json!({"tools": [{"functionDeclarations": [{"name": "search_x"}]}]})), None),
        (CHAT, staff, chat(json!({"tool_config": {"Tools": [{"toolSpec": {"name": "rm"}}]}})), Some("tool")),
        (
            CHAT,
            staff,
            chat(json!({"tools": [{"type": "function", "function": {
                "name": "search_x", "parameters": {"type": "object", "properties": {"name": {"type": "string"}}},
            }}]})),
            None,
        ),
        (CHAT, staff, chat(json!({"max_tokens": 500})), None),
        (CHAT, staff, chat(json!({"max_tokens": 501})), Some("output")),
        (CHAT, staff, chat(json!({"max_tokens": 100, "n": 6})), Some("output")),
        (CHAT, staff, chat(json!({"max_completion_tokens": 9000})), Some("output")),
        (CHAT, staff, chat(json!({"max_tokens": null})), Some("output")),
    ];
    for (path, fields, body, expected) in rows {
        let asked = Asked { path, method: "POST", fields, body: Some(body) };
        let expected = expected.map(|why| (403, why.to_owned()));
        assert_eq!(refused(&rules(), &asked), expected, "{path} {fields:?} {:?}", asked.body);
    }
}

#[test]
fn a_request_without_a_body_asks_no_model_and_one_that_is_not_read_is_not_granted() {
    let fields: &[(&str, &str)] = &[("x-team", "staff")];
    let ask = |path, method, body| refused(&rules(), &Asked { path, method, fields, body });
    assert_eq!(ask("/v1/models", "GET", None), None);
    assert_eq!(ask("/v1/models/gpt-4o", "GET", None), None);
    assert_eq!(ask("/v1/files", "GET", None), Some((403, "endpoint".into())));
    let unread = Some(json!("not json"));
    assert_eq!(ask(CHAT, "POST", unread), Some((403, "model".into())), "although unreadable bodies pass");
    for (name, value) in [("content-length", "99999999999"), ("content-encoding", "x-none"), ("upgrade", "websocket")] {
        let fields = &[("x-team", "staff"), (name, value)];
        let asked = Asked { path: CHAT, method: "POST", fields, body: Some(chat(json!({}))) };
        assert_eq!(refused(&rules(), &asked), Some((403, "model".into())), "{name}, decided at the head");
    }
}

#[test]
fn a_path_and_a_body_that_name_different_models_are_refused() {
    let rules = json!({"rules": [{"name": "all", "models": ["gemini-*", "claude-*"]}]});
    let contents = json!([{"role": "user", "parts": [{"text": "a"}]}]);
    let ask = |path: &str, body: Value| refused(&rules, &Asked { path, method: "POST", fields: &[], body: Some(body) });
    let path = "/v1beta/models/gemini-2.5-pro:generateContent";
    assert_eq!(ask(path, json!({"contents": contents})), None);
    assert_eq!(ask(path, json!({"model": "models/gemini-2.5-pro", "contents": contents})), None);
    assert_eq!(ask(path, json!({"model": "gemini-2.5-flash", "contents": contents})), Some((403, "model".into())));
    assert_eq!(
        ask("/v1beta/models/gpt-4o:generateContent", json!({"contents": contents})),
        Some((403, "model".into()))
    );
    let twice = json!({"model": "claude-a", "MODEL": "claude-b", "messages": [{"role": "user", "content": "a"}]});
    assert_eq!(ask("/v1/messages", twice), Some((403, "model".into())));
}

#[test]
fn calls_of_tools_are_weighed_by_their_name() {
    let rules = json!({"rules": [{"name": "mcp", "endpoints": ["mcp"], "tools": ["read_*"]}]});
    let call = |name: &str| json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": {}}});
    let ask = |body: Value| refused(&rules, &Asked { path: "/mcp", method: "POST", fields: &[], body: Some(body) });
    assert_eq!(ask(call("read_file")), None);
    assert_eq!(ask(call("write_file")), Some((403, "tool".into())));
    assert_eq!(ask(json!([call("read_file"), call("write_file")])), Some((403, "tool".into())));
    let spelled = |method: &str, name: &str| json!({"jsonrpc": "2.0", "id": 1, method: "tools/call", "params": {"name": "read_file", name: "write_file"}});
    assert_eq!(ask(spelled("method", "Name")), Some((403, "tool".into())));
    assert_eq!(ask(spelled("Method", "Name")), Some((403, "tool".into())));
    assert_eq!(ask(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})), None);
}

#[test]
fn a_field_that_says_who_asks_goes_on_only_when_the_gateway_vouches_for_it() {
    let section = json!({
        "identity": [{"header": "X-User", "metadata": ["jwt", "sub"]}, {"header": "x-team"}],
        "rules": [{"name": "ann", "when": [{"header": "x-user", "values": ["ann"]}]}],
    });
    for (fields, expected) in [
        (&[("x-user", "ann")][..], None),
        (&[("x-user", "bob")], Some((403, "caller".to_owned()))),
        (&[("x-user", "ann"), ("x_user", "bob")], Some((403, "caller".to_owned()))),
        (&[("x-user", "ann"), ("x-user", "ann")], Some((403, "caller".to_owned()))),
        (&[], Some((403, "caller".to_owned()))),
    ] {
        assert_eq!(refused(&section, &Asked { path: CHAT, method: "GET", fields, body: None }), expected, "{fields:?}");
    }
    let document = json!({"profiles": {"default": {"access": section}}});
    let config = Config::parse(document.to_string().as_bytes(), &[&ACCESS], &|_| None).unwrap();
    let head: Head = [(":path", "/"), ("x-user", "ann"), ("x_team", "red"), ("x-team", "blue")].into_iter().collect();
    let mut exchange = Exchange::open(&Arc::new(config), head, 0);
    exchange.share(Rc::new(Memory::with(&[("metadata.filter_metadata.jwt.sub", b"ann")])));
    assert_eq!(exchange.request_head(true), Act::Forward);
    assert_eq!(exchange.stripped(), [b"x_team".to_vec(), b"x-team".to_vec()]);
}
