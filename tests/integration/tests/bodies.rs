//! Every way to wrap a body, in real Envoy: what is read is refused by its text or arrives as it was sent, still wrapped;
//! what cannot be read is refused with its reason, and nothing of it arrives.

use std::collections::HashMap;
use std::time::Duration;

use http::Method;
use portcullis_integration::bodies::{self, Wrapping};
use portcullis_integration::{Gateway, UpstreamProtocol, cases, http1, http2};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// Names the profile of a request.
const PROFILE: &str = "x-test-profile";

async fn gateway() -> &'static Gateway {
    static SHARED: OnceCell<Gateway> = OnceCell::const_new();
    SHARED
        .get_or_init(async || {
            let profiles = bodies::profiles();
            let named = profiles.as_object().unwrap().keys().filter(|name| *name != "default");
            let routes: Vec<_> =
                named.map(|name| json!({"profile": name, "header": {"name": PROFILE, "exact": name}})).collect();
            let config = json!({"profiles": profiles, "routes": routes});
            let builder = Gateway::builder().module("portcullis").upstream_protocol(UpstreamProtocol::LikeClient);
            builder.config(config).start().await
        })
        .await
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Transport {
    Http1,
    /// Written byte by byte, with a length.
    Http1Bytes,
    /// In chunks of a byte.
    Http1Chunks,
    Http2,
    /// In frames of a byte.
    Http2Bytes,
}

struct Answer {
    status: u16,
    verdict: Option<String>,
    id: String,
    body: String,
}

async fn ask(case: &Wrapping, transport: Transport, body: Vec<u8>, id: &str) -> Answer {
    let headers = case.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let headers = headers.chain([("x-test", id), (PROFILE, case.profile.as_str())]);
    let address = gateway().await.address();
    // A byte at a time, or as few as cut a long body into a thousand.
    let few = body.len().div_ceil(1000).max(1);
    if matches!(transport, Transport::Http2 | Transport::Http2Bytes) {
        let size = if transport == Transport::Http2 { usize::MAX } else { few };
        let request = http2::Request::new(Method::POST, &case.path).cut(&body, size);
        let request = headers.fold(request, |request, (name, value)| request.header(name, value));
        let connection = http2::Connection::open(address).await.unwrap();
        let answer = connection.send(request).await.unwrap_or_else(|e| panic!("{id}: {e:#}"));
        return Answer {
            status: answer.status,
            verdict: answer.header("x-portcullis-verdict").map(str::to_owned),
            id: answer.header("x-request-id").unwrap_or_default().to_owned(),
            body: answer.text(),
        };
    }
    let size = if transport == Transport::Http1Bytes { few } else { usize::MAX };
    let mut request = http1::Request::new("POST", &case.path);
    if transport == Transport::Http1Chunks {
        request = request.chunked(vec![few; body.len() / few]);
    }
    let request = headers.fold(request.body(body), |request, (name, value)| request.header(name, value));
    let mut connection = http1::Connection::open(address).await.unwrap();
    let answer = connection.send_in_pieces(&request, size, Duration::ZERO).await;
    let answer = answer.unwrap_or_else(|e| panic!("{id}: {e}"));
    Answer {
        status: answer.status,
        verdict: answer.header("x-portcullis-verdict").map(str::to_owned),
        id: answer.header("x-request-id").unwrap_or_default().to_owned(),
        body: answer.text(),
    }
}

async fn assert_refused(case: &Wrapping, id: &str, answer: &Answer) {
    assert!((400..=413).contains(&answer.status), "{id}: {} {}", answer.status, answer.body);
    let error: Value = serde_json::from_str(&answer.body).unwrap_or_else(|e| panic!("{id}: {e}: {}", answer.body));
    // OpenAI's error, or a problem (RFC 9457) where no dialect is called.
    assert!(error["error"]["message"].is_string() || error["detail"].is_string(), "{id}: {error}");
    let verdict = answer.verdict.as_deref().unwrap_or_default();
    match &case.unreadable {
        None => {
            assert!(verdict.starts_with("block; rule=PG-") && verdict.ends_with("; stage=rules"), "{id}: {verdict}")
        }
        Some(_) => assert_eq!(verdict, "block; stage=read", "{id}"),
    }
    for seen in gateway().await.seen_with("x-test", id) {
        assert_eq!((seen.body_bytes, seen.complete), (0, false), "{id}: something of the body reached the upstream");
    }
}

async fn assert_delivered(id: &str, answer: &Answer, body: &[u8]) {
    assert_eq!(answer.verdict, None, "{id}: {} {}", answer.status, answer.body);
    let seen = gateway().await.seen_with("x-test", id);
    assert_eq!(seen.len(), 1, "{id}: {} {}", answer.status, answer.body);
    assert!(seen[0].body == body && seen[0].complete, "{id}: {} of {} bytes", seen[0].body.len(), body.len());
}

/// The record of each answer says why it could not be read. Envoy writes them in its own time, so they are read last.
async fn assert_recorded(expected: &[(String, String, Option<String>)]) {
    let gateway = gateway().await;
    let all = async || {
        let log = gateway.access_log();
        let records: HashMap<_, _> =
            log.iter().map(|record| (record.request_id().to_owned(), record.audit())).collect();
        expected.iter().all(|(_, answer, _)| records.contains_key(answer)).then_some(records)
    };
    let records = gateway.wait_for("the records", all).await;
    for (id, answer, unreadable) in expected {
        let record = records[answer].as_ref().unwrap_or_else(|| panic!("{id} has no record"));
        assert_eq!(record["unreadable"].as_str(), unreadable.as_deref(), "{id}: {record}");
    }
}

async fn matrix(transports: &[Transport]) {
    let texts = cases::texts();
    let mut expected = Vec::new();
    for case in bodies::all() {
        for transport in transports {
            let id = format!("{} {transport:?} attack", case.name);
            let answer = ask(&case, *transport, case.body(&texts.attack), &id).await;
            assert_refused(&case, &id, &answer).await;
            expected.push((id, answer.id, case.unreadable.clone()));

            let id = format!("{} {transport:?} benign", case.name);
            let body = case.body(&texts.benign);
            let answer = ask(&case, *transport, body.clone(), &id).await;
            if case.unreadable.is_some() {
                assert_refused(&case, &id, &answer).await;
            } else {
                assert_delivered(&id, &answer, &body).await;
            }
            expected.push((id, answer.id, case.unreadable.clone()));
        }
    }
    assert_recorded(&expected).await;
    let panics = gateway().await.stats("wasmcustom.portcullis.panics").await;
    assert!(panics.values().all(|n| *n == 0), "{panics:?}");
}

#[tokio::test]
async fn every_wrapping_over_http1() {
    matrix(&[Transport::Http1, Transport::Http1Bytes, Transport::Http1Chunks]).await;
}

#[tokio::test]
async fn every_wrapping_over_http2() {
    matrix(&[Transport::Http2, Transport::Http2Bytes]).await;
}

#[tokio::test]
async fn profiles_without_decoding_do_what_they_say() {
    let gateway = Gateway::builder().module("portcullis").config(json!({
        "profiles": {"default": {}, "block": {"request_encoding": "block"}, "flag": {"request_encoding": "flag"}},
        "routes": [
            {"profile": "block", "header": {"name": PROFILE, "exact": "block"}},
            {"profile": "flag", "header": {"name": PROFILE, "exact": "flag"}}]}));
    let gateway = gateway.start().await;
    let attack = cases::texts().attack;
    let gzip = bodies::all().into_iter().find(|case| case.name == "codings: gzip").unwrap().body(&attack);
    let path = "/v1/chat/completions";
    for (profile, status, verdict) in [("block", 403, "block"), ("flag", 200, "flag"), ("default", 403, "block")] {
        let headers = [("content-encoding", "gzip"), (PROFILE, profile)];
        let reply = gateway.post(path, &headers, gzip.clone()).await;
        assert_eq!(reply.status, status, "{profile}");
        let record = gateway.audit_of(&reply).await;
        let unreadable = if profile == "default" { Value::Null } else { json!("compressed") };
        assert_eq!((&record["verdict"], &record["unreadable"]), (&json!(verdict), &unreadable), "{profile}");
    }
    assert_eq!(gateway.seen_with(PROFILE, "flag")[0].body, gzip, "unseen, but as it was sent");
}
