//! The one place that decides: how opinions are weighed, and what is recorded and counted once.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "a test"
)]

use std::sync::Arc;

use portcullis_core::audit::{MAX_RULES, Origin, hmac_of};
use portcullis_core::config::{Config, MODES, Reader, choose};
use portcullis_core::exchange::{Act, Exchange, Reply};
use portcullis_core::head::Head;
use portcullis_core::stage::{Kind, Request, Settings, Stage};
use portcullis_core::telemetry::{Cause, Counter, VERDICT_HEADER};
use portcullis_core::verdict::{Finding, Judge, Mode, Opinion, RuleId, Severity, Verdict};
use portcullis_core::wire::{SkipReason, Unreadable};
use serde_json::json;

/// Thinks what the last text after its name says: `left=throttle`. At `many` it finds more rules than a record holds.
struct Told(&'static str);

static LEFT: Told = Told("left");
static RIGHT: Told = Told("right");
const KEY: &str = "0123456789abcdef";

impl Kind for Told {
    fn key(&self) -> &'static str {
        self.0
    }

    fn doc(&self) -> &'static str {
        "A stage for tests."
    }

    fn read(&self, section: &mut dyn Reader) -> Box<dyn Settings> {
        Box::new(ToldSettings(self.0, choose(section, "mode", MODES, "Whether it acts.").unwrap_or_default()))
    }
}

struct ToldSettings(&'static str, Mode);

impl Settings for ToldSettings {
    fn mode(&self) -> Mode {
        self.1
    }

    fn open(&self) -> Box<dyn Stage> {
        Box::new(ToldStage(self.0))
    }
}

struct ToldStage(&'static str);

impl Stage for ToldStage {
    fn request(&mut self, request: Request<'_>) -> Opinion {
        let mut opinion = Opinion { inspected: 7, left_out: 3, ..Opinion::default() };
        for text in &request.prompt.texts {
            let said = std::str::from_utf8(text.span.of(request.body)).unwrap();
            let (rule, verdict) = match said.strip_prefix(self.0) {
                Some("=flag") => (1, Verdict::Flag),
                Some("=throttle") => (2, Verdict::Throttle),
                Some("=block") => (3, Verdict::Block),
                Some("=many") => (100, Verdict::Flag),
                _ => continue,
            };
            opinion.verdict = verdict;
            opinion.judge = Judge::Rules;
            let rules = if rule == 100 { 100..100 + 2 * MAX_RULES as u16 } else { rule..rule + 1 };
            opinion.findings.extend(rules.map(|number| Finding {
                rule: RuleId::new(*b"PG", number).unwrap(),
                severity: Severity::Critical,
                role: text.role,
                span: text.span,
            }));
        }
        opinion
    }
}

fn exchange(profile: &str, head: &[(&str, &str)]) -> Exchange {
    let document = format!(r#"{{"profiles": {{"default": {profile}}}, "audit": {{"hmac_key_env": "KEY"}}}}"#);
    let config = Config::parse(document.as_bytes(), &[&LEFT, &RIGHT], &|_| Some(KEY.into())).unwrap();
    let fixed = [(":method", "POST"), (":path", "/v1/chat/completions")];
    Exchange::open(&Arc::new(config), head.iter().chain(&fixed).copied().collect::<Head>(), 0)
}

fn chat(profile: &str, texts: &[&str]) -> (Exchange, Act) {
    let mut exchange = exchange(profile, &[]);
    assert_eq!(exchange.request_head(false), Act::Forward);
    let messages: Vec<_> = texts.iter().map(|text| json!({"role": "user", "content": text})).collect();
    let act = exchange.request_body(json!({"messages": messages}).to_string().as_bytes(), &|| 0);
    (exchange, act)
}

fn refusal(act: Act) -> Reply {
    match act {
        Act::Refuse(reply) => reply,
        other => panic!("{other:?}"),
    }
}

fn verdict_header(reply: &Reply) -> Option<&str> {
    reply.headers.iter().find(|(name, _)| *name == VERDICT_HEADER).map(|(_, value)| value.as_str())
}

#[test]
fn the_greatest_verdict_that_takes_effect_refuses() {
    const LEFT_SHADOW: &str = r#"{"left": {"mode": "shadow"}}"#;
    for (profile, texts, status, header) in [
        ("{}", &["left=throttle", "right=flag"][..], 429, "throttle; rule=PG-0002; stage=rules"),
        ("{}", &["left=throttle", "right=block"], 403, "block; rule=PG-0003; stage=rules"),
        ("{}", &["left=block", "right=throttle"], 403, "block; rule=PG-0003; stage=rules"),
        (LEFT_SHADOW, &["left=block", "right=throttle"], 429, "throttle; rule=PG-0002; stage=rules"),
    ] {
        let reply = refusal(chat(profile, texts).1);
        assert_eq!((reply.status, verdict_header(&reply)), (status, Some(header)), "{texts:?}");
    }
}

#[test]
fn a_verdict_that_takes_effect_is_recorded_before_a_greater_one_in_shadow() {
    for (profile, enforced) in [(r#"{"left": {"mode": "shadow"}}"#, true), (r#"{"right": {"mode": "shadow"}}"#, false)]
    {
        let (exchange, act) = chat(profile, &["left=block", "right=flag"]);
        let record = exchange.record();
        if enforced {
            assert_eq!(act, Act::Forward);
            assert_eq!((record.verdict, record.enforced), (Verdict::Flag, true));
        } else {
            assert_eq!(refusal(act).status, 403);
            assert_eq!((record.verdict, record.enforced), (Verdict::Block, true));
        }
    }
}

#[test]
fn where_every_stage_is_off_nothing_is_read_or_refused() {
    let off = r#"{"left": {"mode": "off"}, "right": {"mode": "off"}}"#;
    for head in [&[("content-encoding", "gzip")][..], &[("upgrade", "websocket")], &[]] {
        let mut exchange = exchange(off, head);
        assert_eq!(exchange.request_head(false), Act::Forward);
        assert!(exchange.is_decided(), "the body is not held");
        assert_eq!(exchange.request_gathered(1 << 40), Act::Forward);
        assert_eq!((exchange.record().verdict, exchange.record().unreadable), (Verdict::Allow, None));
    }
}

#[test]
fn a_body_that_arrives_whole_has_the_same_cap() {
    let mut exchange = exchange(r#"{"limits": {"body_bytes": 1024}}"#, &[]);
    exchange.request_head(false);
    assert_eq!(refusal(exchange.request_body(&[b' '; 1025], &|| 0)).status, 413);
    assert_eq!(exchange.record().unreadable, Some(Unreadable::Size));
}

#[test]
fn what_stages_saw_and_left_out_is_in_the_coverage() {
    let (exchange, _) = chat("{}", &["hello"]);
    assert_eq!(exchange.record().coverage.inspected, 7, "the most that one stage saw");
    assert_eq!(exchange.record().coverage.skipped[SkipReason::Limit.index()], 6);
}

#[test]
fn a_record_holds_the_hmac_of_the_texts_as_they_read() {
    let (exchange, _) = chat("{}", &["one", "a\n\"two\""]);
    let texts = [&b"one"[..], b"a\n\"two\""];
    assert_eq!(exchange.record().prompt_hmac, hmac_of(KEY.as_bytes(), texts.into_iter()));
}

#[test]
fn a_record_holds_no_more_rules_than_it_says() {
    assert_eq!(chat("{}", &["left=many", "right=block"]).0.record().rules.len(), MAX_RULES);
}

#[test]
fn a_request_is_counted_once_even_when_its_answer_fails() {
    let (mut exchange, act) = chat("{}", &["hello"]);
    assert_eq!(act, Act::Forward);
    exchange.response_head(200, false, 0);
    assert_eq!(refusal(exchange.response_failed(Cause::Host, false)).status, 503);
    let requests = |(counter, _): &(Counter, u64)| matches!(counter, Counter::Requests { .. });
    assert_eq!(exchange.take_counts().iter().filter(|count| requests(count)).count(), 1);
    assert_eq!(exchange.record().origin, Origin::Portcullis);
}

#[test]
fn an_answer_that_ended_stays_complete() {
    let (mut exchange, _) = chat("{}", &["hello"]);
    exchange.response_head(200, false, 0);
    assert!(!exchange.record().complete);
    exchange.response_body(1, true);
    exchange.response_body(0, false);
    assert!(exchange.record().complete);
}

#[test]
fn without_explanations_a_refusal_does_not_say_what_could_not_be_read() {
    let refused = |profile: &str| {
        let mut exchange = exchange(profile, &[]);
        exchange.request_head(false);
        refusal(exchange.request_body(br#"{"a": 1, "a": 2}"#, &|| 0))
    };
    let body = |reply: &Reply| String::from_utf8(reply.body.clone()).unwrap();
    let told = refused("{}");
    assert!(body(&told).contains("unreadable_duplicate_key") && verdict_header(&told).is_some());
    let quiet = refused(r#"{"explain": false}"#);
    assert_eq!(quiet.status, 400);
    assert!(body(&quiet).contains("invalid_request") && !body(&quiet).contains("twice"), "{}", body(&quiet));
    assert_eq!(verdict_header(&quiet), None);
}

#[test]
fn calls_are_refused_by_their_ids() {
    let body = br#"[{"jsonrpc":"2.0","id":"a\"b","method":"tools/call","params":{"name":"left=block"}},
        {"jsonrpc":"2.0","method":"notifications/initialized"},{"jsonrpc":"2.0","id":7,"method":"ping"},
        {"jsonrpc":"2.0","id":8,"result":{}}]"#;
    let refused = |path: &str, body: &[u8]| {
        let mut exchange = exchange("{}", &[(":method", "POST"), (":path", path)]);
        exchange.request_head(false);
        refusal(exchange.request_body(body, &|| 0))
    };
    let reply = refused("/mcp", body);
    let answers: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    let ids: Vec<_> = answers.as_array().unwrap().iter().map(|answer| answer["id"].clone()).collect();
    assert_eq!((reply.status, ids), (403, vec![json!("a\"b"), json!(7)]));
    // The shape tells the dialect where the path does not; what cannot be read has no id.
    let one = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"left=block"}}"#;
    assert!(refused("/", one).body.starts_with(br#"{"jsonrpc":"2.0","id":1,"error":"#));
    assert!(refused("/mcp", b"{").body.starts_with(br#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700"#));
}

#[test]
fn what_the_path_names_is_the_model_and_the_dialect() {
    let head = [(":method", "POST"), (":path", "/model/amazon.nova-lite-v1%3A0/invoke")];
    let mut exchange = exchange("{}", &head);
    exchange.request_head(false);
    let reply = refusal(exchange.request_body(br#"{"model":"other","messages":[{"content":"left=block"}]}"#, &|| 0));
    assert!(reply.headers.contains(&("x-amzn-errortype", "AccessDeniedException".to_owned())));
    assert!(reply.body.starts_with(br#"{"message":"#));
    let record: serde_json::Value = serde_json::from_str(&exchange.record().to_json()).unwrap();
    assert_eq!(record["model"], "amazon.nova-lite-v1:0");
}

/// A chat with one text, as a gzip body of one stored block.
fn gzip(text: &str) -> Vec<u8> {
    let body = json!({"messages": [{"role": "user", "content": text}]}).to_string();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, body.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn an_encoded_body_is_decoded_and_inspected() {
    let coded = [("content-encoding", "gzip")];
    for (text, verdict) in [("left=block", Verdict::Block), ("hello", Verdict::Allow)] {
        let mut exchange = exchange("{}", &coded);
        assert_eq!(exchange.request_head(false), Act::Forward);
        let act = exchange.request_body(&gzip(text), &|| 0);
        assert_eq!(matches!(act, Act::Refuse(_)), verdict == Verdict::Block, "{text}");
        let record = exchange.record();
        assert_eq!((record.verdict, record.texts, record.unreadable), (verdict, 1, None), "{text}");
        assert_eq!(record.request_bytes, gzip(text).len() as u64, "of the bytes that the client sent");
    }
}

#[test]
fn what_an_encoded_body_may_be_is_configured() {
    let coded = [("content-encoding", "gzip")];
    for (word, verdict) in [("block", Verdict::Block), ("flag", Verdict::Flag), ("allow", Verdict::Allow)] {
        let mut exchange = exchange(&format!(r#"{{"request_encoding": "{word}"}}"#), &coded);
        let act = exchange.request_head(false);
        assert_eq!(matches!(act, Act::Refuse(_)), verdict == Verdict::Block, "{word}");
        assert_eq!(exchange.record().verdict, verdict, "{word}");
        assert_eq!(exchange.record().unreadable, Some(Unreadable::Compressed), "{word}");
        assert_eq!(exchange.take_counts().iter().filter(|(c, _)| matches!(c, Counter::Unreadable(_))).count(), 1);
        let mut plain = chat(&format!(r#"{{"request_encoding": "{word}"}}"#), &["left=block"]);
        assert!(matches!(plain.1, Act::Refuse(_)), "a body without a coding is read: {word}");
        assert_eq!(plain.0.take_counts().iter().filter(|(c, _)| matches!(c, Counter::Unreadable(_))).count(), 0);
    }
}

#[test]
fn a_body_that_is_not_what_its_encoding_says_is_unreadable() {
    let cap = r#"{"limits": {"body_bytes": 1024}}"#;
    let plain = json!({"messages": []}).to_string().into_bytes();
    let cut = |bytes: Vec<u8>| bytes[..bytes.len() - 1].to_vec();
    for (coding, body, why) in [
        ("gzip", plain.clone(), Unreadable::Coding),
        ("br", plain.clone(), Unreadable::Coding),
        ("gzip", cut(gzip("hello")), Unreadable::Coding),
        ("gzip", gzip(&"a".repeat(2000)), Unreadable::Size),
        ("gzip, gzip", gzip("hello"), Unreadable::Coding),
    ] {
        let mut exchange = exchange(cap, &[("content-encoding", coding)]);
        assert_eq!(exchange.request_head(false), Act::Forward, "{coding}");
        let reply = refusal(exchange.request_body(&body, &|| 0));
        assert_eq!((exchange.record().unreadable, reply.status), (Some(why), why.status()), "{coding}");
    }
    for coding in ["compress", "gzip;q=1", "gzip, gzip, gzip", "aws-chunked"] {
        let mut exchange = exchange(cap, &[("content-encoding", coding)]);
        assert_eq!(refusal(exchange.request_head(false)).status, 403, "{coding}: refused on its head");
    }
}
