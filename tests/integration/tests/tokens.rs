//! Limits on tokens in real Envoy: taken before, settled after, whoever ends an answer.

use std::time::Duration;

use bytes::Bytes;
use portcullis_integration::upstream::{End, PLAN, Plan, Upstream};
use portcullis_integration::{Gateway, Reply, http1};
use serde_json::{Value, json};

const CHAT: &str = "/v1/chat/completions";
const SSE: &str = "text/event-stream";

async fn start(limit: u64, tokens: Value) -> (Gateway, Upstream) {
    let upstream = Upstream::start();
    let section = json!({"tokens": tokens, "limits": [
        {"name": "budget", "unit": "total_tokens", "limit": limit, "per": "calendar_month", "by": [{"header": "x-user"}]},
    ]});
    let config = json!({"profiles": {"default": {"rate_limit": section}}});
    let builder = Gateway::builder().module("rate_limit").config(config).upstream(upstream.address());
    (builder.start().await, upstream)
}

fn chat(stream: bool, most: u64) -> String {
    let messages = json!([{"role": "user", "content": "Say who you are."}]);
    json!({"model": "m", "stream": stream, "max_tokens": most, "messages": messages}).to_string()
}

async fn ask(gateway: &Gateway, user: &str, plan: &str, body: String) -> Reply {
    gateway.post(CHAT, &[("x-user", user), (PLAN, plan)], body).await
}

/// What is left to a user, told to a request that reserves nothing.
async fn left(gateway: &Gateway, user: &str) -> u64 {
    let reply = ask(gateway, user, "none", chat(false, 0)).await;
    let field = reply.header("ratelimit").unwrap_or_else(|| panic!("{reply:?}")).to_owned();
    let remaining: u64 = field.split("r=").nth(1).unwrap().split(';').next().unwrap().parse().unwrap();
    // The prompt of this one is taken, and given back when the upstream has no plan for it.
    remaining + ESTIMATE
}

/// Four words, a sign and a frame of four, as it is estimated.
const ESTIMATE: u64 = 9;

fn chunk(text: &str) -> String {
    format!("data: {}\n\n", json!({"id": "c", "choices": [{"index": 0, "delta": {"content": text}}]}))
}

fn report(input: u64, output: u64) -> Value {
    json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output})
}

#[tokio::test]
async fn answers_are_settled_to_what_they_report() {
    let (gateway, upstream) = start(100_000, json!({})).await;
    let usage = format!("data: {}\n\n", json!({"id": "c", "choices": [], "usage": report(9, 33)}));
    let stream = [chunk("Who"), chunk(" else?"), usage, "data: [DONE]\n\n".to_owned()].concat();
    for (user, sizes) in [("cut", vec![1; stream.len()]), ("whole", vec![])] {
        upstream.plan(user, Plan::cut(SSE, stream.as_bytes(), &sizes));
        let reply = ask(&gateway, user, user, chat(true, 500)).await;
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert_eq!(reply.status, 200);
        assert_eq!(text, [chunk("Who"), chunk(" else?"), "data: [DONE]\n\n".to_owned()].concat(), "{user}");
        let sent: Value = serde_json::from_slice(&upstream.seen(user).unwrap().body).unwrap();
        assert_eq!(sent["stream_options"], json!({"include_usage": true}));
        let record = gateway.audit_of(&reply).await;
        assert_eq!((&record["input_tokens"], &record["output_tokens"]), (&json!(9), &json!(33)));
        assert_eq!(left(&gateway, user).await, 100_000 - 42, "{user}");
    }
    let document = json!({"choices": [{"message": {"content": "Me."}}], "usage": report(9, 5)}).to_string();
    upstream.plan("document", Plan::cut("application/json", document.as_bytes(), &[10]));
    let reply = ask(&gateway, "document", "document", chat(false, 500)).await;
    assert_eq!(reply.body, document.as_bytes());
    assert_eq!(left(&gateway, "document").await, 100_000 - 14);
    upstream.plan("broken", Plan::cut("application/json", b"{\"error\":{}}", &[]).status(500));
    ask(&gateway, "broken", "broken", chat(false, 500)).await;
    assert_eq!(left(&gateway, "broken").await, 100_000, "what failed costs nothing");
    upstream.plan("reset", Plan::cut(SSE, chunk("one two three").as_bytes(), &[]).end(End::Reset));
    let mut connection = http1::Connection::open(gateway.address()).await.unwrap();
    let request = http1::Request::post_json(CHAT, chat(true, 500)).header("x-user", "reset").header(PLAN, "reset");
    let _broken_off = connection.send(&request).await;
    wait_left(&gateway, "reset", 100_000 - ESTIMATE - 4).await;
}

async fn wait_left(gateway: &Gateway, user: &str, expected: u64) {
    gateway
        .wait_for(&format!("{expected} tokens left"), async || (left(gateway, user).await == expected).then_some(()))
        .await;
}

#[tokio::test]
async fn a_client_that_leaves_pays_for_what_it_was_given() {
    let (gateway, upstream) = start(100_000, json!({})).await;
    let parts: Vec<_> = ["one", " two", " three"].map(|word| Bytes::from(chunk(word))).to_vec();
    upstream.plan("left", Plan { parts, end: End::Never, ..Plan::cut(SSE, b"", &[]) });
    let mut connection = http1::Connection::open(gateway.address()).await.unwrap();
    let request = http1::Request::post_json(CHAT, chat(true, 50_000)).header("x-user", "left").header(PLAN, "left");
    connection.write(&request.head("gateway")).await.unwrap();
    connection.write(&request.payload()).await.unwrap();
    gateway
        .wait_for("the answer to be under way", async || {
            let stats = gateway.stats("cluster.upstream.upstream_cx_rx_bytes_total").await;
            stats.values().any(|bytes| *bytes > 250).then_some(())
        })
        .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(left(&gateway, "left").await, 100_000 - 50_000 - ESTIMATE, "while it is under way all is taken");
    drop(connection);
    wait_left(&gateway, "left", 100_000 - ESTIMATE - 4).await;
}

#[tokio::test]
async fn a_stream_ends_where_the_budget_does_and_the_next_is_refused() {
    let (gateway, upstream) = start(30, json!({"end_streams": true, "reserve_output": 1})).await;
    let words: Vec<_> = (0..40).map(|_| chunk(" word")).collect();
    upstream.plan("long", Plan::cut(SSE, words.concat().as_bytes(), &[300, 7, 900]));
    let reply = ask(&gateway, "long", "long", chat(true, 1)).await;
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    // 21 tokens beside the prompt, a word is 68 of 64 parts of one.
    assert_eq!(text.matches(" word").count(), 19, "{text}");
    assert!(text.contains("\"finish_reason\":\"length\"") && text.ends_with("data: [DONE]\n\n"), "{text}");
    let record = gateway.audit_of(&reply).await;
    assert_eq!((&record["verdict"], &record["stage"]), (&json!("throttle"), &json!("limit")));
    let next = ask(&gateway, "long", "long", chat(true, 1)).await;
    assert_eq!(next.status, 429);
    assert!(
        next.header("retry-after").is_some()
            && next.header("ratelimit-policy").unwrap().contains("qu=\"total_tokens\"")
    );
}
