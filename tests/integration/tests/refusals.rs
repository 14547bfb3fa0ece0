//! What `matrix.rs` does not ask: large bodies, the record of a refusal, attacks in several parts.

use portcullis_integration::cases::{self, Case};
use portcullis_integration::transport::{self, Answer};
use portcullis_integration::{Gateway, UpstreamProtocol};
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

fn assert_refused(gateway: &Gateway, case: &Case, id: &str, answer: &Answer) {
    assert_eq!(answer.status, 403, "{id}: {}", answer.body);
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_else(|e| panic!("{id}: {e}: {}", answer.body));
    case.judge_refusal(&body, answer.error_type.as_deref()).unwrap_or_else(|wrong| panic!("{id}: {wrong}"));
    for seen in gateway.seen_with("x-test", id) {
        assert_eq!((seen.body_bytes, seen.complete), (0, false), "{id}: something of the body reached the upstream");
    }
}

fn assert_delivered(gateway: &Gateway, case: &Case, id: &str, answer: &Answer, body: &[u8]) {
    assert_eq!(answer.status, case.answered(), "{id}: {}", answer.body);
    assert_eq!(answer.verdict, None, "{id}");
    let seen = gateway.model_server().take_with("x-test", id);
    assert_eq!(seen.len(), 1, "{id}");
    assert!(seen[0].body == body, "{id}: {} bytes of {} arrived", seen[0].body.len(), body.len());
    assert!(seen[0].complete, "{id}");
}

/// Ways in which a body of a mebibyte is not cut into single bytes.
const LARGE: [&str; 6] =
    ["HTTP/1.1", "HTTP/1.1, trailers", "HTTP/1.1, br", "HTTP/2", "HTTP/2, trailers", "HTTP/2, deflate"];

#[tokio::test]
async fn a_mebibyte_with_the_attack_at_its_end() {
    let gateway = gateway().await;
    let texts = cases::texts();
    let sentence = "The committee met on Tuesday and went through the figures for the quarter, item by item. ";
    for case in cases::all().into_iter().filter(|case| case.name.ends_with(": user")) {
        let room = 1_048_576 - case.body("").len() - texts.attack.len() - texts.benign.len();
        let filler = sentence.repeat(room / sentence.len());
        for transport in transport::all().iter().filter(|way| LARGE.contains(&way.name.as_str())) {
            let ask = async |kind: &str, text: &str| {
                let id = format!("{}, {}, {kind} at the end", case.name, transport.name);
                let body = case.body(&format!("{filler}{text}"));
                assert!(body.len() > 1_048_000);
                let bytes = transport.encode(&body);
                let answer = transport.send(gateway.address(), &case, &bytes, &id).await.unwrap();
                (id, bytes, answer)
            };
            let (id, _, answer) = ask("attack", &texts.attack).await;
            assert_refused(gateway, &case, &id, &answer);
            let (id, bytes, answer) = ask("benign", &texts.benign).await;
            assert_delivered(gateway, &case, &id, &answer, &bytes);
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
