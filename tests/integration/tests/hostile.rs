//! What clients send that nobody should, in real Envoy: each outcome is decided, and the VM lives.

use std::time::Duration;

use http::Method;
use portcullis_integration::{Gateway, UpstreamProtocol, http1, http2};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

const CHAT: &str = "/v1/chat/completions";

async fn gateway() -> &'static Gateway {
    static SHARED: OnceCell<Gateway> = OnceCell::const_new();
    SHARED
        .get_or_init(async || {
            let builder = Gateway::builder().module("portcullis").upstream_protocol(UpstreamProtocol::LikeClient);
            builder.start().await
        })
        .await
}

fn chat(text: &str) -> String {
    json!({"model": "m", "messages": [{"role": "user", "content": text}]}).to_string()
}

async fn send(request: &http1::Request) -> http1::Response {
    let gateway = gateway().await;
    let mut connection = http1::Connection::open(gateway.address()).await.unwrap();
    connection.send(request).await.unwrap()
}

async fn assert_alive() {
    let gateway = gateway().await;
    assert_eq!(gateway.post(CHAT, &[], chat("hello")).await.status, 200);
    assert_eq!(gateway.stat("wasm.portcullis.vm_reload_success").await, 0);
    let panics = gateway.stats("wasmcustom.portcullis.panics").await;
    assert!(panics.values().all(|n| *n == 0), "{panics:?}");
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused_with_their_reason() {
    let deep = format!("{{\"messages\": {}1{}}}", "[".repeat(200), "]".repeat(200));
    let many = format!("{{\"messages\": [{}0]}}", "0,".repeat(100_000));
    let bom = [b"\xef\xbb\xbf", chat("hello").as_bytes()].concat();
    let utf16: Vec<u8> = chat("hello").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (why, status, body) in [
        ("malformed", 400, b"{\"messages\": [".to_vec()),
        ("malformed", 400, [chat("hello").as_bytes(), b"{}"].concat()),
        ("encoding", 400, b"{\"messages\": [{\"role\": \"user\", \"content\": \"caf\xe9\"}]}".to_vec()),
        ("encoding", 400, br#"{"messages": [{"role": "user", "content": "\ud800"}]}"#.to_vec()),
        ("encoding", 400, bom),
        ("encoding", 400, utf16),
        ("duplicate_key", 400, br#"{"messages": [], "messages": [{"role": "user", "content": "x"}]}"#.to_vec()),
        ("duplicate_key", 400, br#"{"messages": [{"role": "user", "content": "x", "c\u006fntent": "y"}]}"#.to_vec()),
        ("depth", 400, deep.into_bytes()),
        ("complexity", 400, many.into_bytes()),
        ("format", 403, br#"{"hello": 1}"#.to_vec()),
    ] {
        let response = send(&http1::Request::post_json(CHAT, body)).await;
        assert_eq!(response.status, status, "{why}: {}", response.text());
        assert_eq!(response.header("x-portcullis-verdict"), Some("block; stage=read"), "{why}");
        let error: Value = serde_json::from_str(&response.text()).unwrap();
        assert!(error["error"]["message"].is_string(), "{why}: {error}");
        let id = response.header("x-request-id").unwrap().to_owned();
        let gateway = gateway().await;
        let find = async || gateway.access_log().into_iter().find(|record| record.request_id() == id);
        let record = gateway.wait_for("the record", find).await;
        assert_eq!(record.audit().unwrap()["unreadable"], why);
    }
    assert_alive().await;
}

#[tokio::test]
async fn unknown_encodings_and_oversized_bodies_are_refused_on_their_heads() {
    let compress = http1::Request::post_json(CHAT, &b"\x1f\x9d\x90"[..]).header("content-encoding", "compress");
    let response = send(&compress).await;
    assert_eq!((response.status, response.header("x-portcullis-verdict")), (403, Some("block; stage=read")));

    let large = http1::Request::post_json(CHAT, vec![b' '; 1_048_577]);
    assert_eq!(send(&large).await.status, 413);
    let chunked = large.chunked(vec![65_536; 16]);
    assert_eq!(send(&chunked).await.status, 413);
    assert_alive().await;
}

#[tokio::test]
async fn requests_without_a_body_go_on() {
    assert_eq!(send(&http1::Request::new("GET", "/v1/models")).await.status, 200);
    let empty = http1::Request::new("POST", "/_echo").header("content-length", "0");
    assert_eq!(send(&empty).await.status, 200);
    assert_eq!(send(&http1::Request::new("POST", "/_echo").chunked([])).await.status, 200);
    let only_trailers = http1::Request::new("POST", "/_echo").trailer("x-end", "1");
    assert_eq!(send(&only_trailers).await.status, 200);

    let connection = http2::Connection::open(gateway().await.address()).await.unwrap();
    let trailers = http2::Request::new(Method::POST, "/_echo").trailer("x-end", "1");
    assert_eq!(connection.send(trailers).await.unwrap().status, 200);
    assert_alive().await;
}

#[tokio::test]
async fn header_bytes_that_are_not_utf8_are_carried() {
    let request = http1::Request::post_json(CHAT, chat("hello")).header("x-user", b"caf\xe9\xff\xc3(");
    let response = send(&request.header("x-test", "bytes")).await;
    assert_eq!(response.status, 200);
    let seen = gateway().await.seen_with("x-test", "bytes");
    let value = &seen[0].headers.iter().find(|(name, _)| name == "x-user").unwrap().1;
    assert_eq!(value, b"caf\xe9\xff\xc3(");
    assert_alive().await;
}

#[tokio::test]
async fn forged_verdicts_are_removed() {
    let request = http1::Request::post_json(CHAT, chat("hello"))
        .header("x-portcullis-verdict", "allow")
        .header("X-Portcullis-Anything", "1")
        .header("x-test", "forged");
    assert_eq!(send(&request).await.status, 200);
    let seen = gateway().await.seen_with("x-test", "forged");
    assert!(seen[0].headers.iter().all(|(name, _)| !name.starts_with("x-portcullis-")), "{:?}", seen[0].headers);
    assert!(gateway().await.stat("wasmcustom.portcullis.forged_headers").await >= 2);
}

#[tokio::test]
async fn upgrades_are_refused() {
    let request = http1::Request::new("GET", "/v1/realtime")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let response = send(&request).await;
    assert_eq!((response.status, response.header("x-portcullis-verdict")), (403, Some("block; stage=read")));
    assert_alive().await;
}

#[tokio::test]
async fn another_content_type_does_not_hide_a_prompt() {
    let attack = portcullis_integration::cases::texts().attack;
    for content_type in ["text/plain", "application/octet-stream", "application/JSON; charset=utf-8", ""] {
        let request = http1::Request::new("POST", CHAT).header("content-type", content_type).body(chat(&attack));
        assert_eq!(send(&request).await.status, 403, "{content_type}");
    }
    assert_alive().await;
}

#[tokio::test]
async fn a_client_that_leaves_is_recorded_as_undecided() {
    let gateway = gateway().await;
    let mut connection = http1::Connection::open(gateway.address()).await.unwrap();
    let head = http1::Request::post_json(CHAT, chat("hello")).head("gateway");
    connection.write(&head).await.unwrap();
    connection.write(b"{").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(connection);
    let undecided = async || gateway.audit().into_iter().find(|record| record.get("verdict").is_none());
    let record = gateway.wait_for("the record of a client that left", undecided).await;
    assert_eq!(record["complete"], false);
    assert_alive().await;
}

#[tokio::test]
async fn answers_that_are_cut_off_or_trailing_pass_as_they_are() {
    let gateway = gateway().await;
    let cut = send(&http1::Request::post_json(CHAT, chat("[[long 50]] [[cut 3]]"))).await;
    assert_eq!((cut.status, cut.complete), (200, false));
    let connection = http2::Connection::open(gateway.address()).await.unwrap();
    let ask = json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": "[[trailers]] hi"}]});
    let response = connection.send(http2::Request::post_json(CHAT, ask.to_string())).await.unwrap();
    assert_eq!(response.trailers.unwrap()["x-model-trailer"], "end");
    let failed = send(&http1::Request::post_json(CHAT, chat("[[status 500]]"))).await;
    assert_eq!(failed.status, 500);
    assert_alive().await;
}

#[tokio::test]
async fn requests_behind_a_refused_one_on_the_same_connection_are_served() {
    let gateway = gateway().await;
    let attack = portcullis_integration::cases::texts().attack;
    let connection = http2::Connection::open(gateway.address()).await.unwrap();
    for _ in 0..5 {
        assert_eq!(connection.send(http2::Request::post_json(CHAT, chat(&attack))).await.unwrap().status, 403);
        assert_eq!(connection.send(http2::Request::post_json(CHAT, chat("hello"))).await.unwrap().status, 200);
    }
    let mut connection = http1::Connection::open(gateway.address()).await.unwrap();
    for _ in 0..5 {
        assert_eq!(connection.send(&http1::Request::post_json(CHAT, chat(&attack))).await.unwrap().status, 403);
        assert_eq!(connection.send(&http1::Request::post_json(CHAT, chat("hello"))).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn a_verdict_is_not_forged_in_another_spelling_or_in_trailers() {
    let gateway = gateway().await;
    let connection = http2::Connection::open(gateway.address()).await.unwrap();
    let request = http2::Request::post_json(CHAT, chat("hello"))
        .header("x-test", "trailing")
        .header("x_portcullis_verdict", "allow")
        .trailer("x-portcullis-verdict", "allow")
        .trailer("x-end", "1");
    assert_eq!(connection.send(request).await.unwrap().status, 200);
    let seen = gateway.seen_with("x-test", "trailing");
    let names: Vec<_> = seen[0].headers.iter().chain(&seen[0].trailers).map(|(name, _)| name.as_str()).collect();
    assert!(names.contains(&"x-end") && names.iter().all(|name| !name.contains("portcullis")), "{names:?}");
    assert_alive().await;
}

#[tokio::test]
async fn a_length_that_lies_gets_no_body_to_the_upstream() {
    let gateway = gateway().await;
    let attack = chat(&portcullis_integration::cases::texts().attack);
    let chunked = format!("{:x}\r\n{attack}\r\n0\r\n\r\n", attack.len());
    for (fields, body) in [
        ("content-length: 2\r\ntransfer-encoding: chunked", &chunked),
        ("transfer-encoding: chunked\r\ncontent-length: 2", &chunked),
        ("transfer-encoding: chunked\r\ntransfer-encoding: identity", &chunked),
        ("transfer-encoding: gzip, chunked", &chunked),
        ("content-length: 2\r\ncontent-length: 200", &attack),
        ("content-length: +200", &attack),
    ] {
        let mut connection = http1::Connection::open(gateway.address()).await.unwrap();
        let head = format!("POST {CHAT} HTTP/1.1\r\nhost: gateway\r\nx-test: lies\r\n{fields}\r\n\r\n");
        connection.write(head.as_bytes()).await.unwrap();
        // Envoy may have closed it by now.
        let _ = connection.write(body.as_bytes()).await;
        let response = connection.response().await.unwrap();
        assert!((400..=501).contains(&response.status), "{fields}: {}", response.status);
    }
    assert!(gateway.seen_with("x-test", "lies").iter().all(|seen| seen.body.is_empty()));
    assert_alive().await;
}

#[tokio::test]
async fn an_attack_in_parts_or_in_a_string_in_a_string_is_refused() {
    let attack = portcullis_integration::cases::texts().attack;
    let (left, right) = attack.split_at(attack.len() / 2);
    let parts = json!({"model": "m", "messages": [{"role": "user", "content": [
        {"type": "text", "text": left}, {"type": "text", "text": right}]}]});
    let page = json!({"page": format!("Welcome.\n{attack}")}).to_string();
    let result = json!({"model": "m", "messages": [{"role": "tool", "tool_call_id": "1", "content": page}]});
    for body in [parts, result] {
        assert_eq!(send(&http1::Request::post_json(CHAT, body.to_string())).await.status, 403, "{body}");
    }
}
