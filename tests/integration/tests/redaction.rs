//! Answers and requests redacted in real Envoy, however they are cut, carried and ended.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use portcullis_integration::upstream::{End, PLAN, Plan, Upstream};
use portcullis_integration::{Gateway, UpstreamProtocol, http1, http2};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

const CHAT: &str = "/v1/chat/completions";
const SSE: &str = "text/event-stream";

/// A gateway with every stage, before an upstream that answers as it is told; `/plain` gets a profile that does not name
/// the redaction, so that it does not run there.
async fn gateway() -> &'static (Gateway, Upstream) {
    static SHARED: OnceCell<(Gateway, Upstream)> = OnceCell::const_new();
    SHARED
        .get_or_init(async || {
            let upstream = Upstream::start();
            let config = json!({
                "profiles": {"default": {"pii_redact": {}}, "plain": {}, "watched": {"pii_redact": {"mode": "shadow"}}},
                "routes": [{"profile": "plain", "path_prefix": "/plain"}, {"profile": "watched", "path_prefix": "/watched"}],
            });
            let builder = Gateway::builder().module("portcullis").config(config).upstream(upstream.address());
            (builder.upstream_protocol(UpstreamProtocol::LikeClient).start().await, upstream)
        })
        .await
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Version {
    Http1,
    Http2,
}

/// What the client got.
struct Got {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    trailer: Option<String>,
    /// Whether it ended as it should.
    whole: bool,
}

impl Got {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

async fn ask(version: Version, method: &str, path: &str, name: &str) -> Got {
    let (gateway, _) = gateway().await;
    match version {
        Version::Http1 => {
            let mut connection = http1::Connection::open(gateway.address()).await.unwrap();
            let request = http1::Request::new(method, path).header(PLAN, name).header("accept-encoding", "gzip, br");
            let request = request.header("te", "trailers").header("connection", "te").header("range", "bytes=0-9");
            let got = connection.send(&request).await.unwrap();
            let value = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
            Got {
                status: got.status,
                headers: got.headers.iter().map(|(n, v)| (n.clone(), value(v))).collect(),
                body: got.body,
                trailer: got.trailers.iter().find(|(n, _)| n == "x-end").map(|(_, v)| value(v)),
                whole: got.complete,
            }
        }
        Version::Http2 => {
            let connection = http2::Connection::open(gateway.address()).await.unwrap();
            let request = http2::Request::new(Method::from_bytes(method.as_bytes()).unwrap(), path).header(PLAN, name);
            let request =
                request.header("accept-encoding", "gzip, br").header("te", "trailers").header("range", "bytes=0-9");
            let got = connection.send(request).await.unwrap();
            let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
            Got {
                status: got.status,
                headers: got.headers.iter().map(|(n, v)| (n.as_str().to_owned(), text(v))).collect(),
                trailer: got.trailers.as_ref().and_then(|fields| fields.get("x-end")).map(text),
                body: got.body,
                whole: got.reset.is_none(),
            }
        }
    }
}

const VERSIONS: [Version; 2] = [Version::Http1, Version::Http2];

fn event(content: &str) -> String {
    format!("data: {}\n\n", json!({"id": "c", "choices": [{"index": 0, "delta": {"content": content}}]}))
}

/// A stream whose deltas have so many characters.
fn stream(text: &str, size: usize, done: bool) -> String {
    let characters: Vec<char> = text.chars().collect();
    let deltas = characters.chunks(size).map(|delta| event(&delta.iter().collect::<String>()));
    deltas.chain(done.then(|| "data: [DONE]\n\n".to_owned())).collect()
}

fn contents(stream: &str) -> String {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    let content = |data| serde_json::from_str::<Value>(data).unwrap()["choices"][0]["delta"]["content"].clone();
    data.map(|data| content(data).as_str().unwrap_or_default().to_owned()).collect()
}

const TEXT: &str =
    "Zoë, mail ann@acme.org or call +1 212 736 5000. Card 4111 1111 1111 1111, IBAN GB82 WEST 1234 5698 7654 32. Done";
const REDACTED: &str = "Zoë, mail [EMAIL] or call [PHONE]. Card [CREDIT_CARD], IBAN [IBAN]. Done";

#[tokio::test]
async fn a_stream_is_redacted_the_same_however_it_is_cut_carried_and_ended() {
    let (_, upstream) = gateway().await;
    for (size, done) in [(1, true), (3, true), (7, false), (1000, true)] {
        let body = stream(TEXT, size, done);
        let cuts = [vec![], vec![1; body.len()], vec![7; body.len()], vec![body.len() - 1], vec![1, 100, 3]];
        for (number, cut) in cuts.iter().enumerate() {
            // A stream that says where it ends lets go of everything there; see below for one that does not.
            let ends = [End::Clean, End::Trailer("x-end", "here")];
            for end in ends.into_iter().take(if done { 2 } else { 1 }) {
                for version in VERSIONS {
                    let name = format!("stream {size} {done} {number} {end:?} {version:?}");
                    upstream.plan(&name, Plan::cut(SSE, body.as_bytes(), cut).end(end.clone()));
                    let got = ask(version, "GET", "/v1/stream", &name).await;
                    assert_eq!((got.status, got.whole), (200, true), "{name}");
                    assert_eq!(contents(&got.text()), REDACTED, "{name}");
                    assert_eq!(got.text().ends_with("data: [DONE]\n\n"), done, "{name}");
                    let trailer = matches!(end, End::Trailer(..)).then_some("here");
                    assert_eq!(got.trailer.as_deref(), trailer, "{name}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_answer_of_which_a_part_is_held_when_trailers_come_is_cut_off() {
    let (_, upstream) = gateway().await;
    let text = "Mail ann@acme.org";
    for version in VERSIONS {
        for (sizes, whole) in [(&[] as &[usize], false)] {
            let name = format!("trailers {sizes:?} {version:?}");
            let plan = Plan::cut("text/plain", text.as_bytes(), sizes).wait(Duration::from_millis(50));
            upstream.plan(&name, plan.end(End::Trailer("x-end", "here")));
            let got = ask(version, "GET", "/v1/a", &name).await;
            assert_eq!((got.whole, got.trailer.is_some()), (whole, whole), "{name}: {}", got.text());
            assert_eq!(got.text(), if whole { "Mail [EMAIL]" } else { "Mail " }, "{name}");
        }
    }
}

#[tokio::test]
async fn what_holds_nothing_arrives_byte_for_byte_before_anything_follows() {
    let (gateway, upstream) = gateway().await;
    let mut body = String::new();
    for word in ["The harbour ", "was quiet ", "before boats ", "came yesterday. "] {
        body.push_str(&format!(": tick\r\nid: 7\r\n{}", event(word)));
        let name = format!("prose {}", body.len());
        upstream.plan(&name, Plan::cut(SSE, body.as_bytes(), &[body.len() / 2]).end(End::Never));
        let mut connection = http1::Connection::open(gateway.address()).await.unwrap();
        let request = format!("GET /v1/prose HTTP/1.1\r\nhost: a\r\n{PLAN}: {name}\r\n\r\n");
        connection.write(request.as_bytes()).await.unwrap();
        let got = connection.body_of(body.len()).await.unwrap();
        assert_eq!(String::from_utf8(got).unwrap(), body);
    }
}

#[tokio::test]
async fn fields_that_a_changed_body_would_belie_are_gone_and_the_upstream_is_asked_for_clear_text() {
    let (_, upstream) = gateway().await;
    let plan = || {
        let plan = Plan::cut("text/plain", b"ann@acme.org", &[]).sized().header("etag", "\"a\"").header("x-kept", "1");
        let plan = plan.header("last-modified", "Mon, 23 Nov 2026 15:00:00 GMT").header("accept-ranges", "bytes");
        let plan = plan.header("content-digest", "sha-256=:AA==:").header("repr-digest", "sha-256=:AA==:");
        plan.header("digest", "sha-256=AA==").header("content-md5", "AA==")
    };
    let stale = "content-length etag last-modified accept-ranges content-digest repr-digest digest content-md5";
    for version in VERSIONS {
        for (path, redacted) in [("/v1/a", true), ("/plain/a", false), ("/watched/a", false)] {
            let name = format!("fields {path} {version:?}");
            upstream.plan(&name, plan());
            let got = ask(version, "GET", path, &name).await;
            assert_eq!(got.text(), if redacted { "[EMAIL]" } else { "ann@acme.org" }, "{name}");
            for field in stale.split(' ') {
                assert_eq!(got.header(field).is_none(), redacted, "{name}: {field}");
            }
            assert_eq!(got.header("x-kept"), Some("1"));
            let seen = upstream.seen(&name).unwrap().headers;
            let coding = if path == "/plain/a" { "gzip, br" } else { "identity" };
            assert_eq!(
                (seen["accept-encoding"].to_str().unwrap(), seen.contains_key("range")),
                (coding, path == "/plain/a")
            );
        }
    }
}

#[tokio::test]
async fn answers_without_a_body_pass_and_parts_are_withheld() {
    let (gateway, upstream) = gateway().await;
    for version in VERSIONS {
        for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304)] {
            let name = format!("bodiless {method} {status} {version:?}");
            upstream.plan(&name, Plan::cut("text/plain", b"", &[]).status(status).header("x-kept", "1"));
            let got = ask(version, method, "/v1/a", &name).await;
            assert_eq!((got.status, got.body.len(), got.header("x-kept")), (status, 0, Some("1")), "{name}");
        }
        for (what, plan) in [
            ("partial", Plan::cut("text/plain", b"ann@acme", &[]).status(206).header("content-range", "bytes 0-7/12")),
            ("format", Plan::cut("font/woff", b"ann@acme.org", &[])),
            ("charset", Plan::cut("text/plain; charset=utf-16le", b"a\0@\0b\0.\0c\0o\0", &[])),
            ("compressed", Plan::cut("text/plain", b"ann@acme.org", &[]).header("content-encoding", "compress")),
        ] {
            let name = format!("{what} {version:?}");
            upstream.plan(&name, plan);
            let got = ask(version, "POST", CHAT, &name).await;
            assert_eq!(got.status, 502, "{name}: {}", got.text());
            let body: Value = serde_json::from_str(&got.text()).unwrap();
            assert_eq!(body["error"]["code"], "unreadable_answer", "{name}: {body}");
            assert_eq!(got.header("x-portcullis-verdict"), Some("block; stage=read"), "{name}");
        }
    }
    for reason in ["partial", "format", "charset", "compressed"] {
        let name = format!("wasmcustom.portcullis.unreadable_answers.reason.{reason}");
        assert_eq!(gateway.stat(&name).await, 2, "{reason}");
    }
}

/// `mail ann@acme.org` by gzip.
const GZIP: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 255, 203, 77, 204, 204, 81, 72, 204, 203, 115, 72, 76, 206, 77, 213, 203, 47, 74, 7,
    0, 44, 29, 112, 48, 17, 0, 0, 0,
];

#[tokio::test]
async fn an_encoded_answer_is_decoded_and_redacted() {
    let (_, upstream) = gateway().await;
    for version in VERSIONS {
        for sizes in [vec![], vec![1; GZIP.len()]] {
            let name = format!("gzip {} {version:?}", sizes.len());
            upstream.plan(&name, Plan::cut("text/plain", GZIP, &sizes).sized().header("content-encoding", "gzip"));
            let got = ask(version, "GET", "/v1/a", &name).await;
            assert_eq!((got.text().as_str(), got.header("content-encoding")), ("mail [EMAIL]", None), "{name}");
        }
        upstream.plan("no gzip", Plan::cut("text/plain", b"mail ann@acme.org", &[]).header("content-encoding", "gzip"));
        let got = ask(version, "GET", "/v1/a", "no gzip").await;
        assert!(!got.whole && got.body.is_empty(), "{}", got.text());
    }
}

#[tokio::test]
async fn what_is_held_when_the_upstream_breaks_off_reaches_nobody() {
    let (gateway, upstream) = gateway().await;
    for version in VERSIONS {
        let name = format!("reset {version:?}");
        let plan = Plan::cut("text/plain", b"Mail ann@acme.o", &[5, 4]).wait(Duration::from_millis(20)).end(End::Reset);
        upstream.plan(&name, plan);
        let got = ask(version, "GET", &format!("/v1/reset/{version:?}"), &name).await;
        assert!(!got.whole, "{version:?}");
        assert_eq!(got.text(), "Mail ", "{version:?}");
    }
    gateway
        .wait_for("two answers that broke off", async || {
            let count = gateway.stat("wasmcustom.portcullis.broken_answers.held.yes").await;
            (count >= 2).then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_client_that_leaves_frees_what_was_held_and_is_counted() {
    let (gateway, upstream) = gateway().await;
    upstream.plan("left", Plan::cut("text/plain", b"Mail ann@acme", &[5]).end(End::Never));
    let before = gateway.stat("wasmcustom.portcullis.broken_answers.held.yes").await;
    let mut connection = http1::Connection::open(gateway.address()).await.unwrap();
    connection.write(b"GET /v1/left HTTP/1.1\r\nhost: a\r\nx-plan: left\r\n\r\n").await.unwrap();
    gateway.wait_for("the upstream to be asked", async || upstream.seen("left").map(drop)).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(connection);
    gateway
        .wait_for("the answer to be counted", async || {
            (gateway.stat("wasmcustom.portcullis.broken_answers.held.yes").await > before).then_some(())
        })
        .await;
}

#[tokio::test]
async fn what_other_filters_and_this_one_answer_is_not_edited() {
    let (gateway, upstream) = gateway().await;
    let refused = gateway.post(CHAT, &[("x-plan", "none")], "{").await;
    assert_eq!(refused.status, 400);
    assert_eq!(serde_json::from_str::<Value>(&refused.text()).unwrap()["error"]["code"], "unreadable_malformed");
    assert!(refused.header("content-length").is_some());
    // Envoy's own answer: the upstream closes before it has one.
    upstream.plan("gone", Plan::cut("text/plain", b"", &[]).end(End::Reset));
    let got = ask(Version::Http1, "GET", "/v1/a", "no such plan at all").await;
    assert_eq!((got.status, got.text().as_str()), (404, "no such plan"));
}

#[tokio::test]
async fn an_answer_of_a_hundred_megabytes_needs_no_more_memory_than_a_small_one() {
    let (gateway, upstream) = gateway().await;
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.envoy().pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    let sentence = event("The harbour was quiet, write to ann@acme.org or pay with 4111 1111 1111 1111. ");
    let piece = Bytes::from(sentence.repeat(512));
    let pieces = (100 << 20) / piece.len() + 1;
    let mut plan = Plan::cut(SSE, b"", &[]);
    plan.parts = vec![piece.clone(); 20];
    upstream.plan("small", plan.clone());
    let small = ask(Version::Http2, "GET", "/v1/stream", "small").await;
    assert!(small.whole);
    let before = resident();
    plan.parts = vec![piece.clone(); pieces];
    upstream.plan("large", plan);
    let got = ask(Version::Http2, "GET", "/v1/stream", "large").await;
    assert!(got.whole && got.body.len() > 80 << 20);
    assert!(!got.body.windows(8).any(|window| window == b"ann@acme"));
    let grown = resident().saturating_sub(before);
    assert!(grown < 64 << 10, "the answer of 100 MB took {grown} KiB more");
}

#[tokio::test]
async fn a_request_is_redacted_and_its_answer_gets_the_values_back() {
    let config = json!({"profiles": {"default": {"pii_redact": {"request": {"redact": true}}}}});
    let builder = Gateway::builder().module("pii_redact").config(config);
    let gateway = builder.upstream_protocol(UpstreamProtocol::LikeClient).start().await;
    let text = "write to ann@acme.org, not to [EMAIL_1]";
    for stream in [false, true] {
        let body = json!({"model": "m", "stream": stream, "messages": [{"role": "user", "content": format!("[[echo]]{text}")}]});
        let body = body.to_string();
        for (version, trailers) in
            [(Version::Http1, false), (Version::Http1, true), (Version::Http2, false), (Version::Http2, true)]
        {
            let name = format!("{version:?} {stream} {trailers}");
            let (status, answer) = match version {
                Version::Http1 => {
                    let request = http1::Request::post_json(CHAT, body.clone()).header("x-test", &name);
                    let request = if trailers { request.chunked([5, 70]).trailer("x-end", "1") } else { request };
                    let mut connection = http1::Connection::open(gateway.address()).await.unwrap();
                    let answer = connection.send(&request).await.unwrap();
                    (answer.status, answer.text())
                }
                Version::Http2 => {
                    let request = http2::Request::post_json(CHAT, "").cut(body.as_bytes(), 9).header("x-test", &name);
                    let request = request.header("content-length", body.len().to_string());
                    let request = if trailers { request.trailer("x-end", "1") } else { request };
                    let answer = http2::Connection::open(gateway.address()).await.unwrap().send(request).await.unwrap();
                    (answer.status, answer.text())
                }
            };
            assert_eq!(status, 200, "{name}: {answer}");
            let said = if stream {
                contents(&answer)
            } else {
                let answer: Value = serde_json::from_str(&answer).unwrap();
                answer["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
            };
            assert_eq!(said, text, "{name}");
            let seen = gateway.seen_with("x-test", &name);
            let asked = String::from_utf8(seen[0].body.to_vec()).unwrap();
            assert!(seen[0].complete && !asked.contains("ann@acme.org"), "{name}: {asked}");
            let (before, behind) = body.split_once("ann@acme.org").unwrap();
            let token = asked.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
            let token = token.unwrap_or_else(|| panic!("{name}: bytes beside the value changed: {asked}"));
            assert!(token.starts_with("[EMAIL_1_") && token.len() == "[EMAIL_1_]".len() + 7, "{token}");
        }
    }
}
