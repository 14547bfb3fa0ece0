//! The harness itself, without a module: what goes into Envoy comes out of it.

use std::time::Duration;

use http::Method;
use portcullis_integration::{Gateway, Reconfigured, UpstreamProtocol, http1, http2};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

async fn gateway() -> &'static Gateway {
    static SHARED: OnceCell<Gateway> = OnceCell::const_new();
    SHARED.get_or_init(async || Gateway::builder().upstream_protocol(UpstreamProtocol::LikeClient).start().await).await
}

fn seen(gateway: &Gateway, test: &str) -> portcullis_integration::SeenRequest {
    let mut seen = gateway.seen_with("x-test", test);
    assert_eq!(seen.len(), 1, "requests of {test}");
    seen.remove(0)
}

/// Every byte value, so that nothing on the way may take it for text.
fn binary(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 31 % 256) as u8).collect()
}

#[tokio::test]
async fn http1_bodies_arrive_byte_for_byte() {
    let gateway = gateway().await;
    let body = binary(600);
    let plain = http1::Request::new("POST", "/_echo").body(body.clone());
    let chunked = plain.clone().chunked([1, 2, 3, 50]);
    for (test, request, size) in [
        ("length at once", &plain, usize::MAX),
        ("length byte by byte", &plain, 1),
        ("chunked at once", &chunked, usize::MAX),
        ("chunked byte by byte", &chunked, 1),
    ] {
        let mut connection = http1::Connection::open(gateway.address()).await.unwrap();
        let request = request.clone().header("x-test", test);
        let response = connection.send_in_pieces(&request, size, Duration::ZERO).await.unwrap();
        assert_eq!((response.status, response.complete), (200, true), "{test}");
        assert_eq!(seen(gateway, test).body, body, "{test}");
    }
}

#[tokio::test]
async fn http2_bodies_arrive_byte_for_byte() {
    let gateway = gateway().await;
    let body = binary(70_000);
    let connection = http2::Connection::open(gateway.address()).await.unwrap();
    for (test, length, size) in
        [("h2 byte by byte", 500, 1), ("h2 in frames", 70_000, 999), ("h2 large", 70_000, 70_000)]
    {
        let request = http2::Request::new(Method::POST, "/_echo").header("x-test", test).cut(&body[..length], size);
        let response = connection.send(request).await.unwrap();
        assert_eq!((response.status, response.reset), (200, None), "{test}");
        let seen = seen(gateway, test);
        assert_eq!(seen.body, body[..length], "{test}");
        assert_eq!(seen.version, "HTTP/2.0", "{test}");
    }
}

#[tokio::test]
async fn trailers_go_both_ways() {
    let gateway = gateway().await;
    let ask = json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": "[[trailers]] hi"}]});

    let connection = http2::Connection::open(gateway.address()).await.unwrap();
    let request = http2::Request::post_json("/v1/chat/completions", ask.to_string());
    let response = connection.send(request.header("x-test", "h2 trailers").trailer("x-end", "1")).await.unwrap();
    assert_eq!(response.trailers.unwrap()["x-model-trailer"], "end");
    assert_eq!(seen(gateway, "h2 trailers").trailers, [("x-end".to_owned(), b"1".to_vec())]);

    let mut connection = http1::Connection::open(gateway.address()).await.unwrap();
    let request = http1::Request::post_json("/v1/chat/completions", ask.to_string());
    let request = request.header("te", "trailers").header("x-test", "h1 trailers").trailer("x-end", "1");
    let response = connection.send(&request).await.unwrap();
    assert_eq!(response.trailers, [("x-model-trailer".to_owned(), b"end".to_vec())]);
    assert_eq!(seen(gateway, "h1 trailers").trailers, [("x-end".to_owned(), b"1".to_vec())]);
}

#[tokio::test]
async fn an_answer_that_is_cut_off_shows() {
    let gateway = gateway().await;
    for stream in [false, true] {
        let ask =
            json!({"model": "m", "stream": stream, "messages": [{"role": "user", "content": "[[long 50]] [[cut 3]]"}]});
        let mut connection = http1::Connection::open(gateway.address()).await.unwrap();
        let request = http1::Request::post_json("/v1/chat/completions", ask.to_string());
        let response = connection.send(&request).await.unwrap();
        assert_eq!((response.status, response.complete), (200, false), "stream: {stream}");
        if stream {
            assert_eq!(response.text().matches("data: ").count(), 3);
        } else {
            assert_eq!(response.body.len(), 3);
        }
    }
}

#[tokio::test]
async fn events_are_not_held_back() {
    let gateway = gateway().await;
    let ask = json!({"model": "m", "stream": true, "max_tokens": 9,
        "messages": [{"role": "user", "content": "[[slow 20ms]] one two three"}]});
    let connection = http2::Connection::open(gateway.address()).await.unwrap();
    let response = connection.send(http2::Request::post_json("/v1/messages", ask.to_string())).await.unwrap();
    let events = response.text().matches("event: ").count();
    let frames = response.frames.iter().filter(|size| **size > 0).count();
    assert_eq!((response.status, frames), (200, events));
    assert!(events > 6);
}

#[tokio::test]
async fn the_access_log_knows_the_answer() {
    let gateway = gateway().await;
    let reply = gateway.post_json("/v1/chat/completions?key=x", &json!({"model": "m", "messages": []})).await;
    let record = gateway.access_record(&reply).await;
    assert_eq!(record.0["status"], 200);
    assert_eq!(record.0["path"], "/v1/chat/completions");
    assert_eq!(record.audit(), None);
}

#[tokio::test]
async fn a_request_that_never_ends_is_seen_as_far_as_it_came() {
    let gateway = gateway().await;
    let mut connection = http1::Connection::open(gateway.address()).await.unwrap();
    let head = "POST /_echo HTTP/1.1\r\nhost: x\r\nx-test: unfinished\r\ncontent-length: 10\r\n\r\nabc";
    connection.write(head.as_bytes()).await.unwrap();
    let seen = gateway
        .wait_for("the first bytes at the upstream", async || {
            gateway.seen_with("x-test", "unfinished").pop().filter(|seen| seen.body_bytes == 3)
        })
        .await;
    assert!(!seen.complete);
}

#[tokio::test]
async fn what_the_server_saw_can_be_read_from_outside() {
    let gateway = Gateway::builder().start().await;
    gateway.post("/_echo", &[("x-test", "outside")], "abc").await;
    let seen: Value = serde_json::from_slice(
        &portcullis_integration::fetch(gateway.model_server().address(), Method::GET, "/_requests", &[], "")
            .await
            .unwrap()
            .body,
    )
    .unwrap();
    assert_eq!(seen["requests"][0]["body_base64"], "YWJj");
    assert_eq!(seen["requests"][0]["complete"], true);
}

#[tokio::test]
async fn a_configuration_is_changed_while_envoy_runs_or_refused() {
    // Takes a configuration of at most 20 bytes; lets every request through.
    let module = r#"(module
        (memory (export "memory") 1)
        (func (export "proxy_abi_version_0_2_1"))
        (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 4096))
        (func (export "proxy_on_context_create") (param i32 i32))
        (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
        (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.le_u (local.get 1) (i32.const 20))))"#;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("module.wasm");
    std::fs::write(&file, wat::parse_str(module).unwrap()).unwrap();

    let too_long = json!({"a": "a document of more than twenty bytes"});
    let error = Gateway::builder().module_file(&file).config(&too_long).try_start().await.unwrap_err();
    assert!(format!("{error:#}").contains("Plugin portcullis failed to load"), "{error:#}");

    let gateway = Gateway::builder().module_file(&file).config(json!({})).start().await;
    let ask = json!({"model": "m", "messages": []});
    for (config, expected) in [
        (json!({"a": 1}), Reconfigured::Accepted),
        (too_long.clone(), Reconfigured::Rejected),
        (json!({"a": 2}), Reconfigured::Accepted),
    ] {
        assert_eq!(gateway.reconfigure(&config).await, expected, "{config}");
        assert_eq!(gateway.post_json("/v1/chat/completions", &ask).await.status, 200, "{config}");
    }
}
