//! The first job, in real Envoy: for each format, role and transport the attack is refused in the caller's dialect with
//! nothing of its body at the upstream, and the benign twin arrives byte for byte.

use std::time::Duration;

use portcullis_integration::cases::{self, Case};
use portcullis_integration::{Gateway, UpstreamProtocol, http1, http2};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

async fn gateway() -> &'static Gateway {
    static SHARED: OnceCell<Gateway> = OnceCell::const_new();
    SHARED
        .get_or_init(async || {
            let builder = Gateway::builder().module("portcullis").upstream_protocol(UpstreamProtocol::LikeClient);
            builder.start().await
        })
        .await
}

/// How a request is cut and carried.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Transport {
    Http1,
    Http1Bytes,
    Http1ChunkedBytes,
    Http1Trailers,
    Http2,
    Http2Bytes,
    Http2Trailers,
    Http2BytesTrailers,
}

const TRANSPORTS: [Transport; 8] = [
    Transport::Http1,
    Transport::Http1Bytes,
    Transport::Http1ChunkedBytes,
    Transport::Http1Trailers,
    Transport::Http2,
    Transport::Http2Bytes,
    Transport::Http2Trailers,
    Transport::Http2BytesTrailers,
];

struct Answer {
    status: u16,
    verdict: Option<String>,
    content_type: String,
    error_type: Option<String>,
    body: String,
}

async fn ask(gateway: &Gateway, case: &Case, transport: Transport, body: &str, id: &str) -> Answer {
    use Transport as T;
    let headers = case.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain([("x-test", id)]);
    if matches!(transport, T::Http2 | T::Http2Bytes | T::Http2Trailers | T::Http2BytesTrailers) {
        let size = if matches!(transport, T::Http2Bytes | T::Http2BytesTrailers) { 1 } else { usize::MAX };
        let mut request = http2::Request::post_json(&case.path, "").cut(body.as_bytes(), size);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if matches!(transport, T::Http2Trailers | T::Http2BytesTrailers) {
            request = request.trailer("x-end", "1");
        }
        let connection = http2::Connection::open(gateway.address()).await.unwrap();
        let response = connection.send(request).await.unwrap_or_else(|e| panic!("{id}: {e:#}"));
        return Answer {
            status: response.status,
            verdict: response.header("x-portcullis-verdict").map(str::to_owned),
            content_type: response.header("content-type").unwrap_or_default().to_owned(),
            error_type: response.header("x-amzn-errortype").map(str::to_owned),
            body: response.text(),
        };
    }
    let mut request = http1::Request::post_json(&case.path, body);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = match transport {
        T::Http1ChunkedBytes => request.chunked(vec![1; body.len()]),
        T::Http1Trailers => request.trailer("x-end", "1"),
        _ => request,
    };
    let size = if transport == T::Http1Bytes { 1 } else { usize::MAX };
    let mut connection = http1::Connection::open(gateway.address()).await.unwrap();
    let response = connection.send_in_pieces(&request, size, Duration::ZERO).await;
    let response = response.unwrap_or_else(|e| panic!("{id}: {e}"));
    Answer {
        status: response.status,
        verdict: response.header("x-portcullis-verdict").map(str::to_owned),
        content_type: response.header("content-type").unwrap_or_default().to_owned(),
        error_type: response.header("x-amzn-errortype").map(str::to_owned),
        body: response.text(),
    }
}

fn assert_refused(gateway: &Gateway, case: &Case, id: &str, answer: &Answer) {
    assert_eq!(answer.status, 403, "{id}: {}", answer.body);
    let verdict = answer.verdict.as_deref().unwrap_or_default();
    assert!(verdict.starts_with("block; rule=PG-") && verdict.ends_with("; stage=rules"), "{id}: {verdict}");
    assert!(answer.content_type.starts_with("application/json"), "{id}: {}", answer.content_type);
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_else(|e| panic!("{id}: {e}: {}", answer.body));
    match case.format.as_str() {
        "openai_chat" | "openai_completions" | "openai_embeddings" | "openai_responses" => {
            assert!(body["error"]["message"].is_string() && body["error"]["type"].is_string(), "{id}: {body}");
        }
        "anthropic_messages" => {
            assert_eq!(body["type"], "error", "{id}");
            assert_eq!(body["error"]["type"], "permission_error", "{id}");
            assert!(body["error"]["message"].is_string(), "{id}: {body}");
        }
        "gemini" => {
            assert_eq!((&body["error"]["code"], &body["error"]["status"]), (&json!(403), &json!("PERMISSION_DENIED")));
            assert!(body["error"]["message"].is_string(), "{id}: {body}");
        }
        "ollama_chat" | "ollama_generate" => assert!(body["error"].is_string(), "{id}: {body}"),
        "cohere_chat" => assert!(body["message"].is_string(), "{id}: {body}"),
        "bedrock_converse" | "bedrock_invoke" => {
            assert!(body["message"].is_string(), "{id}: {body}");
            assert_eq!(answer.error_type.as_deref(), Some("AccessDeniedException"), "{id}");
        }
        "mcp" | "a2a" => {
            let answer = body.get(0).unwrap_or(&body);
            assert_eq!((&answer["jsonrpc"], &answer["error"]["code"]), (&json!("2.0"), &json!(-32050)), "{id}: {body}");
            let sent: Value = serde_json::from_str(&case.body("x")).unwrap();
            let call = sent.get(0).unwrap_or(&sent);
            let id_of_call = if call["method"].is_string() { &call["id"] } else { &Value::Null };
            assert_eq!(&answer["id"], id_of_call, "{id}: {body}");
        }
        other => panic!("{id}: no one has said how {other} refuses"),
    }
    for seen in gateway.seen_with("x-test", id) {
        assert_eq!((seen.body_bytes, seen.complete), (0, false), "{id}: something of the body reached the upstream");
    }
}

fn assert_delivered(gateway: &Gateway, case: &Case, id: &str, answer: &Answer, body: &str) {
    assert_eq!(answer.status, case.answered(), "{id}: {}", answer.body);
    assert_eq!(answer.verdict, None, "{id}");
    let seen = gateway.seen_with("x-test", id);
    assert_eq!(seen.len(), 1, "{id}");
    assert!(seen[0].body == body.as_bytes(), "{id}: {} bytes of {} arrived", seen[0].body.len(), body.len());
    assert!(seen[0].complete, "{id}");
}

async fn matrix(transports: &[Transport]) {
    let gateway = gateway().await;
    let texts = cases::texts();
    for case in cases::all() {
        for transport in transports {
            let id = format!("{} {transport:?} attack", case.name);
            let answer = ask(gateway, &case, *transport, &case.body(&texts.attack), &id).await;
            assert_refused(gateway, &case, &id, &answer);

            let id = format!("{} {transport:?} benign", case.name);
            let body = case.body(&texts.benign);
            let answer = ask(gateway, &case, *transport, &body, &id).await;
            assert_delivered(gateway, &case, &id, &answer, &body);
        }
    }
}

#[tokio::test]
async fn every_format_and_role_over_http1() {
    matrix(&TRANSPORTS[..4]).await;
}

#[tokio::test]
async fn every_format_and_role_over_http2() {
    matrix(&TRANSPORTS[4..]).await;
}

#[tokio::test]
async fn a_mebibyte_with_the_attack_at_its_end() {
    let gateway = gateway().await;
    let texts = cases::texts();
    let sentence = "The committee met on Tuesday and went through the figures for the quarter, item by item. ";
    for case in cases::all().into_iter().filter(|case| case.name.ends_with(": user")) {
        let room = 1_048_576 - case.body("").len() - texts.attack.len() - texts.benign.len();
        let filler = sentence.repeat(room / sentence.len());
        for transport in [Transport::Http1, Transport::Http1Trailers, Transport::Http2, Transport::Http2Trailers] {
            let id = format!("{} {transport:?} attack at the end", case.name);
            let answer = ask(gateway, &case, transport, &case.body(&format!("{filler}{}", texts.attack)), &id).await;
            assert_refused(gateway, &case, &id, &answer);

            let id = format!("{} {transport:?} benign at the end", case.name);
            let body = case.body(&format!("{filler}{}", texts.benign));
            assert!(body.len() > 1_048_000);
            let answer = ask(gateway, &case, transport, &body, &id).await;
            assert_delivered(gateway, &case, &id, &answer, &body);
        }
    }
}

#[tokio::test]
async fn the_audit_record_of_a_refusal_and_of_an_answer() {
    let gateway = gateway().await;
    let texts = cases::texts();
    for case in cases::all().into_iter().filter(|case| case.name.ends_with(": tool result")) {
        let headers: Vec<_> = case.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let reply = gateway.post(&case.path, &headers, case.body(&texts.attack)).await;
        let record = gateway.audit_of(&reply).await;
        assert_eq!(record["verdict"], "block");
        assert_eq!(record["stage"], "rules");
        assert_eq!(record["dialect"], case.format);
        assert_eq!(record["origin"], "portcullis");
        assert_eq!(record["status"], 403);
        assert!(record["rules"][0].as_str().unwrap().starts_with("PG-"));
        assert!(!record.to_string().contains("previous"), "a record holds no content: {record}");

        let reply = gateway.post(&case.path, &headers, case.body(&texts.benign)).await;
        let record = gateway.audit_of(&reply).await;
        assert_eq!(record["verdict"], "allow");
        assert_eq!(record["origin"], "upstream");
        let model = if case.format == "bedrock_converse" { "anthropic.claude-3-5-sonnet-20241022-v2:0" } else { "m" };
        assert_eq!(record["model"], model);
        assert_eq!(record["complete"], true);
        assert!(record["inspected_bytes"].as_u64().unwrap() >= texts.benign.len() as u64);
    }
}

#[tokio::test]
async fn an_attack_that_is_split_over_parts_or_messages_is_read_as_one() {
    let gateway = gateway().await;
    let attack = cases::texts().attack;
    for cut in [3, 10, 20, 33] {
        let (head, tail) = attack.split_at(cut);
        let parts = json!([{"type": "text", "text": head}, {"type": "text", "text": tail}]);
        for messages in [
            json!([{"role": "user", "content": parts}]),
            json!([{"role": "user", "content": head}, {"role": "user", "content": tail}]),
        ] {
            for path in ["/v1/chat/completions", "/v1/messages"] {
                let body = json!({"model": "m", "max_tokens": 9, "messages": messages});
                let reply = gateway.post_json(path, &body).await;
                assert_eq!(reply.status, 403, "{path}, cut at {cut}: {messages}");
            }
        }
    }
}
