//! The model server without Envoy: it says what the vendors say, and what the prompt asks.

use http::Method;
use portcullis_integration::{ModelServer, Reply, fetch, http1, http2};
use serde_json::{Value, json};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

fn ask(prompt: &str, stream: bool) -> String {
    json!({"model": "m", "max_tokens": 9, "stream": stream, "messages": [{"role": "user", "content": prompt}]})
        .to_string()
}

async fn post(server: &ModelServer, path: &str, body: impl Into<bytes::Bytes>) -> Reply {
    fetch(server.address(), Method::POST, path, &[("content-type", "application/json")], body).await.unwrap()
}

async fn json_of(server: &ModelServer, path: &str, prompt: &str) -> Value {
    let reply = post(server, path, ask(prompt, false)).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, Some("application/json")), "{prompt}");
    serde_json::from_slice(&reply.body).unwrap()
}

#[tokio::test]
async fn answers_are_what_the_prompt_asks() {
    let server = ModelServer::start(0).unwrap();
    for (prompt, expected) in [
        ("Hello.", "You said: Hello."),
        ("[[echo]] say \"this\" ✓", "say \"this\" ✓"),
        ("[[long 3]]", "The harbour was"),
    ] {
        assert_eq!(json_of(&server, CHAT, prompt).await["choices"][0]["message"]["content"], expected);
        assert_eq!(json_of(&server, MESSAGES, prompt).await["content"][0]["text"], expected);
    }
    let personal = json_of(&server, CHAT, "[[pii]]").await;
    assert!(personal["choices"][0]["message"]["content"].as_str().unwrap().contains("jane.doe@example.com"));
    let tool = json_of(&server, CHAT, "[[tool]]").await;
    assert_eq!(tool["choices"][0]["message"]["tool_calls"][0]["function"]["name"], "get_weather");
    assert_eq!(json_of(&server, MESSAGES, "[[tool]]").await["content"][0]["input"]["city"], "Lviv");
}

#[tokio::test]
async fn usage_counts_what_was_said() {
    let server = ModelServer::start(0).unwrap();
    let usage = json_of(&server, CHAT, "[[echo]] sixteen letters!").await["usage"].clone();
    let (input, output) = (usage["prompt_tokens"].as_u64().unwrap(), usage["completion_tokens"].as_u64().unwrap());
    assert_eq!((input, output), (7, 4));
    assert_eq!(usage["total_tokens"], input + output);
    let usage = json_of(&server, MESSAGES, "[[echo]] sixteen letters!").await["usage"].clone();
    assert_eq!((usage["input_tokens"].as_u64(), usage["output_tokens"].as_u64()), (Some(7), Some(4)));
}

#[tokio::test]
async fn streams_end_the_way_the_vendors_end_them() {
    let server = ModelServer::start(0).unwrap();
    let chat = post(&server, CHAT, ask("Hello.", true)).await;
    assert_eq!(chat.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert!(chat.text().ends_with("data: [DONE]\n\n"));
    let messages = post(&server, MESSAGES, ask("Hello.", true)).await;
    assert!(messages.text().ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"));
}

#[tokio::test]
async fn errors_are_in_the_dialect() {
    let server = ModelServer::start(0).unwrap();
    for (path, pointer, kind) in [(CHAT, "/error/type", "server_error"), (MESSAGES, "/error/type", "api_error")] {
        let reply = post(&server, path, ask("[[status 503]]", true)).await;
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!((reply.status.as_u16(), body.pointer(pointer).unwrap()), (503, &json!(kind)));
        for malformed in ["{", "{}", "[]", "{\"messages\": []}"] {
            assert_eq!(post(&server, path, malformed).await.status, 400, "{path} {malformed}");
        }
    }
    assert_eq!(post(&server, "/v1/elsewhere", "{}").await.status, 404);
}

#[tokio::test]
async fn models_are_listed_for_both_vendors() {
    let server = ModelServer::start(0).unwrap();
    for (headers, id) in [(&[][..], "gpt-portcullis"), (&[("anthropic-version", "2023-06-01")], "claude-portcullis")] {
        let reply = fetch(server.address(), Method::GET, "/v1/models", headers, "").await.unwrap();
        let list: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(list["data"][0]["id"], id);
    }
}

#[tokio::test]
async fn http2_is_spoken_on_the_same_port() {
    let server = ModelServer::start(0).unwrap();
    let connection = http2::Connection::open(server.address()).await.unwrap();
    let whole = connection.send(http2::Request::post_json(CHAT, ask("Hello.", false))).await.unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&whole.text()).unwrap()["choices"][0]["message"]["content"],
        "You said: Hello."
    );
    let request = http2::Request::post_json(CHAT, ask("[[trailers]] Hello.", true)).trailer("x-end", "1");
    let stream = connection.send(request).await.unwrap();
    assert!(stream.text().ends_with("data: [DONE]\n\n"));
    assert_eq!(stream.trailers.unwrap()["x-model-trailer"], "end");
    let cut = connection.send(http2::Request::post_json(CHAT, ask("[[long 50]][[cut 3]]", true))).await.unwrap();
    assert_eq!((cut.frames.len(), cut.reset), (3, Some(h2::Reason::INTERNAL_ERROR)));
    assert_eq!(server.requests().iter().filter(|seen| seen.version == "HTTP/2.0").count(), 3);
    assert_eq!(server.requests()[1].trailers, [("x-end".to_owned(), b"1".to_vec())]);
}

#[tokio::test]
async fn http1_trailers_come_to_who_asks_for_them() {
    let server = ModelServer::start(0).unwrap();
    let request = http1::Request::post_json(CHAT, ask("[[trailers]]", false));
    let mut connection = http1::Connection::open(server.address()).await.unwrap();
    let without = connection.send(&request).await.unwrap();
    assert_eq!((without.complete, without.trailers.len()), (true, 0));
    let with = connection.send(&request.header("te", "trailers")).await.unwrap();
    assert_eq!(with.trailers, [("x-model-trailer".to_owned(), b"end".to_vec())]);
}

#[tokio::test]
async fn what_was_seen_can_be_forgotten() {
    let server = ModelServer::start(0).unwrap();
    let echo = post(&server, "/_echo?q=1", "abc").await;
    let echo: Value = serde_json::from_slice(&echo.body).unwrap();
    assert_eq!(
        (&echo["path"], &echo["body_base64"], &echo["body_bytes"]),
        (&json!("/_echo?q=1"), &json!("YWJj"), &json!(3))
    );
    assert_eq!(echo["body_sha256"], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(server.requests().len(), 1);
    fetch(server.address(), Method::DELETE, "/_requests", &[], "").await.unwrap();
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn it_ends_with_its_owner() {
    let server = ModelServer::start(0).unwrap();
    let address = server.address();
    let mut connection = http1::Connection::open(address).await.unwrap();
    drop(server);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    assert!(connection.send(&http1::Request::new("GET", "/v1/models")).await.is_err());
}
