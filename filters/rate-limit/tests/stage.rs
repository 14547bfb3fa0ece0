//! The stage in exchanges that share a store: what is taken, what is settled, what clients are told.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "a test"
)]

#[path = "../../core/tests/streams/mod.rs"]
mod streams;

use std::rc::Rc;
use std::sync::Arc;

use portcullis_core::call::{Answered, CallFailure, Message};
use portcullis_core::config::Config;
use portcullis_core::exchange::{Act, Exchange};
use portcullis_core::head::Head;
use portcullis_core::store::{Memory, Properties, Store, StoreError, Stored, When};
use portcullis_rate_limit::RATE_LIMIT;
use portcullis_rate_limit::service::{METHOD, SERVICE};
use serde_json::{Value, json};

const CHAT: &str = "/v1/chat/completions";
const NOW: u64 = 1_800_000_000_000_000;

/// A gateway whose exchanges share a store.
struct Gateway {
    config: Arc<Config>,
    store: Rc<Memory>,
}

impl Gateway {
    fn new(section: Value) -> Self {
        let document = json!({"profiles": {"default": {"rate_limit": section}}});
        let config = Config::parse(document.to_string().as_bytes(), &[&RATE_LIMIT], &|_| None).unwrap();
        Self { config: Arc::new(config), store: Rc::new(Memory::default()) }
    }

    fn open(&self, path: &str, fields: &[(&str, &str)]) -> Exchange {
        let head = [(":method", "POST"), (":path", path)];
        let head: Head = head.iter().chain(fields).map(|(name, value)| (*name, *value)).collect();
        let mut exchange = Exchange::open(&self.config, head, NOW);
        exchange.share(Rc::clone(&self.store) as Rc<_>);
        if exchange.wants_nonce() {
            exchange.nonce([1, 2, 3, 4, 5, 6, 7, 8]);
        }
        exchange
    }

    /// A request with this body; what the upstream gets, or the status of a refusal.
    fn ask(&self, body: &Value) -> (Exchange, Result<Vec<u8>, u16>) {
        let mut exchange = self.open(CHAT, &[]);
        let body = body.to_string().into_bytes();
        let sent = match exchange.request_head(false) {
            Act::Forward => match exchange.request_body(&body, &|| NOW) {
                Act::Forward => Ok(body),
                Act::Replace(body) => Ok(body),
                Act::Refuse(reply) => Err(reply.status),
                other => panic!("{other:?}"),
            },
            Act::Refuse(reply) => Err(reply.status),
            other => panic!("{other:?}"),
        };
        (exchange, sent)
    }

    /// Units that are left of the only limit, told by a request that takes none.
    fn left(&self) -> u64 {
        let mut exchange = self.open(CHAT, &[]);
        exchange.request_head(true);
        let field = exchange.answer_fields().iter().find(|(name, _)| *name == "ratelimit").unwrap().1.clone();
        field.split("r=").nth(1).unwrap().split(';').next().unwrap().parse().unwrap()
    }
}

/// What the client gets of an answer in these parts; `ends` unless the upstream or the client breaks off.
fn answer(exchange: &mut Exchange, content_type: &str, coding: Option<&str>, parts: &[&[u8]], ends: bool) -> Vec<u8> {
    exchange.response_head(200, false, NOW);
    let fields = [(":status", "200"), ("content-type", content_type)];
    let coding = coding.map(|coding| ("content-encoding", coding));
    let head: Head = fields.into_iter().chain(coding).collect();
    assert_eq!(exchange.answer_head(&head, false), Act::Forward);
    let mut out = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let last = ends && number + 1 == parts.len();
        exchange.response_body(part.len() as u64, last);
        match exchange.wants_answer_body().then(|| exchange.answer_body(part, last)) {
            None | Some(Act::Forward) => out.extend_from_slice(part),
            Some(Act::Replace(bytes)) => out.extend(bytes),
            other => panic!("{other:?}"),
        }
    }
    exchange.end();
    out
}

fn limit(unit: &str, limit: u64) -> Value {
    json!({"name": "tokens", "unit": unit, "limit": limit, "per": "day"})
}

fn chat(stream: bool) -> Value {
    json!({"model": "m", "stream": stream, "max_tokens": 700, "messages": [{"role": "user", "content": "Say who you are."}]})
}

#[test]
fn what_an_answer_reports_is_settled_to_the_token_in_every_format_and_cut() {
    let mut formats = std::collections::BTreeSet::new();
    for case in streams::cases() {
        let Some([input, output, total]) = case.usage else { continue };
        let (input_of, output_of) =
            (input.or(total.zip(output).map(|(t, o)| t - o)), output.or(total.zip(input).map(|(t, i)| t - i)));
        let total = total.or(input.zip(output).map(|(input, output)| input + output));
        formats.insert((case.file.clone(), case.streams(), case.content_encoding.clone()));
        for sizes in
            [vec![case.body.len()], vec![1; case.body.len()], vec![7; case.body.len()], vec![case.body.len() / 2]]
        {
            for (unit, cost) in [("input_tokens", input_of), ("output_tokens", output_of), ("total_tokens", total)] {
                let Some(cost) = cost else { continue };
                let gateway = Gateway::new(json!({"limits": [limit(unit, 100_000)]}));
                let (mut exchange, sent) = gateway.ask(&chat(case.streams()));
                assert!(sent.is_ok());
                assert!(gateway.left() < 100_000, "{}: an estimate is taken first", case.title());
                let parts = streams::cut(&case.body, &sizes);
                answer(&mut exchange, &case.content_type, case.content_encoding.as_deref(), &parts, true);
                assert_eq!(gateway.left(), 100_000 - cost, "{} {unit} {:?}", case.title(), &sizes[..1]);
            }
        }
    }
    println!("{formats:?}");
    assert!(formats.len() >= 10, "{formats:?}");
}

#[test]
fn whole_answers_of_every_format_are_settled() {
    for (body, input, output, total) in [
        (json!({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11}}), 5, 6, 11),
        (json!({"object": "list", "data": [], "usage": {"prompt_tokens": 8, "total_tokens": 8}}), 8, 0, 8),
        (
            json!({"object": "response", "output": [], "usage": {"input_tokens": 5, "output_tokens": 6, "total_tokens": 11}}),
            5,
            6,
            11,
        ),
        (json!({"type": "message", "content": [], "usage": {"input_tokens": 5, "output_tokens": 6}}), 5, 6, 11),
        (
            json!({"candidates": [], "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 4, "thoughtsTokenCount": 2, "totalTokenCount": 11}}),
            5,
            6,
            11,
        ),
        (json!({"message": {"content": "x"}, "done": true, "prompt_eval_count": 5, "eval_count": 6}), 5, 6, 11),
        (json!({"response": "x", "done": true, "prompt_eval_count": 5, "eval_count": 6}), 5, 6, 11),
        (
            json!({"finish_reason": "COMPLETE", "message": {"content": []}, "usage": {"billed_units": {"input_tokens": 1}, "tokens": {"input_tokens": 5, "output_tokens": 6}}}),
            5,
            6,
            11,
        ),
        (
            json!({"generation_id": "g", "text": "x", "meta": {"tokens": {"input_tokens": 5, "output_tokens": 6}}}),
            5,
            6,
            11,
        ),
        (
            json!({"output": {"message": {"content": []}}, "stopReason": "end_turn", "usage": {"inputTokens": 5, "outputTokens": 6, "totalTokens": 11}}),
            5,
            6,
            11,
        ),
        (json!({"inputTextTokenCount": 5, "results": [{"tokenCount": 6, "outputText": "x"}]}), 5, 6, 11),
        (json!({"generation": "x", "prompt_token_count": 5, "generation_token_count": 6}), 5, 6, 11),
        (
            json!({"completion": "x", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 5, "outputTokenCount": 6}}),
            5,
            6,
            11,
        ),
    ] {
        for (unit, cost) in [("input_tokens", input), ("output_tokens", output), ("total_tokens", total)] {
            let gateway = Gateway::new(json!({"limits": [limit(unit, 100_000)]}));
            let (mut exchange, _) = gateway.ask(&chat(false));
            answer(&mut exchange, "application/json", None, &[body.to_string().as_bytes()], true);
            assert_eq!(gateway.left(), 100_000 - cost, "{unit} of {body}");
        }
    }
}

fn chunk(text: &str) -> String {
    format!("data: {}\n\n", json!({"id": "c", "choices": [{"index": 0, "delta": {"content": text}}]}))
}

const SSE: &str = "text/event-stream";

#[test]
fn who_leaves_early_pays_for_the_prompt_and_for_what_he_was_given() {
    let gateway = Gateway::new(json!({"limits": [limit("output_tokens", 10_000)]}));
    let (mut exchange, _) = gateway.ask(&chat(true));
    assert_eq!(gateway.left(), 9_300);
    let told = ["The quick", " brown fox", " jumps over", " the lazy dog."].map(chunk);
    let parts: Vec<_> = told.iter().map(|part| part.as_bytes()).collect();
    answer(&mut exchange, SSE, None, &parts, false);
    assert_eq!(gateway.left(), 9_989, "nine words and a sign, in 64ths");
    let (mut exchange, _) = gateway.ask(&chat(true));
    exchange.end();
    assert_eq!(gateway.left(), 9_989, "who has seen nothing of a stream pays for the prompt alone");
    let (mut exchange, _) = gateway.ask(&chat(false));
    exchange.response_head(503, true, NOW);
    exchange.end();
    assert_eq!(gateway.left(), 9_989, "nor does who got an error");
    let (mut exchange, _) = gateway.ask(&chat(true));
    let start = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"content\":[],\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\n\n";
    let delta = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"one two three\"}}\n\n";
    answer(&mut exchange, SSE, None, &[start.as_bytes(), delta.as_bytes()], false);
    assert_eq!(gateway.left(), 9_985, "what a stream said at its begin is not all: four 64ths more than three words");
}

#[test]
fn a_stream_is_asked_for_its_cost_and_the_client_does_not_see_it() {
    let gateway = Gateway::new(json!({"limits": [limit("total_tokens", 100_000)]}));
    let usage = "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,\"total_tokens\":11}}\n\n";
    let body = [chunk("Hi").as_bytes(), usage.as_bytes(), b"data: [DONE]\n\n"].concat();
    for (asks, shown) in [(false, false), (true, true)] {
        let mut request = chat(true);
        if asks {
            request["stream_options"] = json!({"include_usage": true});
        }
        let before = gateway.left();
        let (mut exchange, sent) = gateway.ask(&request);
        let sent: Value = serde_json::from_slice(&sent.unwrap()).unwrap();
        request["stream_options"] = json!({"include_usage": true});
        assert_eq!(sent, request);
        for size in [1, 50, body.len()] {
            let parts: Vec<_> = body.chunks(size).collect();
            if size == 1 {
                let out = String::from_utf8(answer(&mut exchange, SSE, None, &parts, true)).unwrap();
                assert_eq!(out.contains("usage"), shown);
                assert!(
                    out.ends_with("data: [DONE]\n\n")
                        && out.starts_with("data: {\"choices\"") | out.starts_with("data: {\"id\"")
                );
            }
        }
        assert_eq!(before - gateway.left(), 11);
    }
    let (_, sent) = gateway.ask(&chat(false));
    assert_eq!(serde_json::from_slice::<Value>(&sent.unwrap()).unwrap(), chat(false));
}

#[test]
fn a_stream_that_goes_beyond_what_is_left_ends_as_its_dialect_does() {
    let section = json!({"tokens": {"end_streams": true}, "limits": [limit("output_tokens", 5)]});
    let words = ["one", " two", " three", " four", " five", " six", " seven"];
    let anthropic = |text: &str| {
        format!(
            "event: content_block_delta\ndata: {}\n\n",
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})
        )
    };
    let gemini = |text: &str| {
        format!("data: {}\n\n", json!({"candidates": [{"index": 0, "content": {"parts": [{"text": text}]}}]}))
    };
    let ollama =
        |text: &str| format!("{}\n", json!({"message": {"role": "assistant", "content": text}, "done": false}));
    type Dialect<'a> = (&'a str, &'a dyn Fn(&str) -> String, &'a [&'a str]);
    let dialects: [Dialect<'_>; 4] = [
        (SSE, &chunk, &["\"finish_reason\":\"length\"", "data: [DONE]\n\n"]),
        (SSE, &anthropic, &["content_block_stop", "\"stop_reason\":\"max_tokens\"", "message_stop"]),
        (SSE, &gemini, &["\"finishReason\":\"MAX_TOKENS\""]),
        ("application/x-ndjson", &ollama, &["\"done\":true,\"done_reason\":\"length\""]),
    ];
    for (content_type, write, ends) in dialects {
        let gateway = Gateway::new(section.clone());
        let (mut exchange, sent) = gateway.ask(&chat(true));
        assert!(sent.is_ok());
        let parts = words.map(write);
        let parts: Vec<_> = parts.iter().map(|part| part.as_bytes()).collect();
        let out = String::from_utf8(answer(&mut exchange, content_type, None, &parts, true)).unwrap();
        assert!(out.contains(" four") && !out.contains(" five"), "{out}");
        assert!(ends.iter().all(|end| out.contains(end)), "{out}");
        let record: Value = serde_json::from_str(&exchange.record().to_json()).unwrap();
        assert_eq!((&record["verdict"], &record["stage"]), (&json!("throttle"), &json!("limit")));
        assert_eq!(gateway.left(), 0);
        let (_, sent) = gateway.ask(&chat(true));
        assert_eq!(sent, Err(429));
    }
}

#[test]
fn a_prompt_beyond_what_is_left_is_refused_and_costs_what_its_model_does() {
    let section = json!({
        "tokens": {"weights": [{"model": "big-*", "input": 2, "output": 10}], "reserve_output": 100},
        "limits": [{"name": "money", "unit": "cost", "limit": 10_000, "per": "calendar_month"}],
    });
    let gateway = Gateway::new(section);
    let body = |model: &str| json!({"model": model, "messages": [{"role": "user", "content": "a b c d"}]});
    let (mut exchange, _) = gateway.ask(&body("big-1"));
    let taken = 10_000 - gateway.left();
    assert_eq!(taken, 2 * 9 + 10 * 100, "five words and a frame of four");
    let usage = br#"{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":31,"total_tokens":38}}"#;
    answer(&mut exchange, "application/json", None, &[usage], true);
    assert_eq!(gateway.left(), 10_000 - 14 - 310);
    let (mut exchange, _) = gateway.ask(&body("small"));
    answer(&mut exchange, "application/json", None, &[usage], true);
    assert_eq!(gateway.left(), 10_000 - 14 - 310 - 38);
    let mut big = body("big-1");
    big["max_tokens"] = json!(1000);
    assert_eq!(gateway.ask(&big).1, Err(429));
    assert_eq!(gateway.left(), 10_000 - 14 - 310 - 38, "what is refused costs nothing");
}

#[test]
fn long_answers_and_near_equal_prompts_are_limits_of_their_own() {
    let section = json!({
        "tokens": {"long_answer": 100},
        "limits": [{"name": "long", "unit": "long_answers", "limit": 2, "per": "day"}],
    });
    let gateway = Gateway::new(section);
    for (tokens, left) in [(99, 2), (100, 1), (5, 1), (5000, 0)] {
        let (mut exchange, sent) = gateway.ask(&chat(false));
        assert!(sent.is_ok());
        let body = json!({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": tokens}}).to_string();
        answer(&mut exchange, "application/json", None, &[body.as_bytes()], true);
        if left > 0 {
            assert_eq!(gateway.left(), left);
        }
    }
    assert_eq!(gateway.ask(&chat(false)).1, Err(429));

    let by = json!([{"of": "prompt_shape"}]);
    let gateway = Gateway::new(json!({"limits": [{"name": "same", "limit": 3, "per": "day", "by": by}]}));
    let ask =
        |text: String| gateway.ask(&json!({"model": "m", "messages": [{"role": "user", "content": text}]})).1.is_ok();
    let same: Vec<_> =
        (0..5).map(|n| ask(format!("Repeat page {n} of the book, word for word, without end."))).collect();
    assert_eq!(same, [true, true, true, false, false]);
    assert!(ask("What is the capital of France, and how many live there?".into()));
}

/// A host without a store.
struct Broken;

impl Store for Broken {
    fn get(&self, _: &[u8]) -> Result<Option<Stored>, StoreError> {
        Err(StoreError)
    }

    fn set(&self, _: &[u8], _: &[u8], _: When) -> Result<bool, StoreError> {
        Err(StoreError)
    }
}

impl Properties for Broken {
    fn property(&self, _: &[&str]) -> Option<Vec<u8>> {
        None
    }
}

#[test]
fn without_a_store_the_failure_policy_decides() {
    for (policy, status) in [("closed", Some(503)), ("open", None)] {
        let document = json!({"profiles": {"default": {
            "on_failure": {"request": policy},
            "rate_limit": {"limits": [{"name": "a", "limit": 5, "per": "day"}]},
        }}});
        let config = Config::parse(document.to_string().as_bytes(), &[&RATE_LIMIT], &|_| None).unwrap();
        let head: Head = [(":method", "GET"), (":path", "/")].into_iter().collect();
        let mut exchange = Exchange::open(&Arc::new(config), head, NOW);
        exchange.share(Rc::new(Broken));
        let refused = match exchange.request_head(true) {
            Act::Forward => None,
            Act::Refuse(reply) => Some(reply.status),
            other => panic!("{other:?}"),
        };
        assert_eq!(refused, status);
        assert!(exchange.record().to_json().contains("\"failure\":\"store\""));
    }
}

#[test]
fn in_shadow_mode_nothing_is_refused_told_or_changed() {
    let gateway = Gateway::new(json!({"mode": "shadow", "limits": [limit("total_tokens", 1)]}));
    for _ in 0..3 {
        let (exchange, sent) = gateway.ask(&chat(true));
        assert_eq!(serde_json::from_slice::<Value>(&sent.unwrap()).unwrap(), chat(true));
        assert!(exchange.answer_fields().is_empty());
    }
    let (exchange, _) = gateway.ask(&chat(true));
    let record: Value = serde_json::from_str(&exchange.record().to_json()).unwrap();
    assert_eq!(
        (&record["verdict"], &record["enforced"], &record["policy"]),
        (&json!("throttle"), &json!(false), &json!("tokens"))
    );
}

#[test]
fn problems_are_named_with_their_place() {
    let document = json!({"profiles": {"default": {"rate_limit": {"limits": [
        {"name": "a", "limit": 5, "per": "day", "by": [{}]},
        {"name": "a", "limit": 0, "per": "calendar_day", "burst": 5, "by": [{"header": "x", "of": "host"}]},
        {"name": "b", "limit": 5, "per": "day", "missing": "skip"},
        {"by": [{"header": "x", "v4_bits": 3}, {"of": "address", "values": ["a"]}]},
    ]}}}});
    let problems = Config::parse(document.to_string().as_bytes(), &[&RATE_LIMIT], &|_| None).err().unwrap();
    let places: Vec<_> =
        problems.iter().map(|problem| problem.path.trim_start_matches("profiles.default.rate_limit.")).collect();
    for place in [
        "limits[0].by[0]",
        "limits[1].name",
        "limits[1].limit",
        "limits[1].burst",
        "limits[1].by[0]",
        "limits[2].missing",
        "limits[3].name",
        "limits[3].limit",
        "limits[3].per",
        "limits[3].by[0].v4_bits",
        "limits[3].by[1].values",
    ] {
        assert!(places.contains(&place), "{place} in {places:?}");
    }
    assert_eq!(places.len(), 11, "{problems:?}");
}

/// What the service would get: domain and hits, and the descriptor's values in their order.
fn asked(exchange: &mut Exchange) -> Vec<(u32, String)> {
    exchange
        .take_calls()
        .into_iter()
        .map(|(id, call)| match call.message {
            Message::Grpc { service, method, message } => {
                assert_eq!((service.as_str(), method.as_str()), (SERVICE, METHOD));
                assert_eq!(call.cluster, "limits");
                (id, String::from_utf8_lossy(&message).into_owned())
            }
            Message::Http { .. } => panic!("a call of HTTP"),
        })
        .collect()
}

const OK: &[u8] = b"\x08\x01\x12\x0c\x08\x01\x12\x04\x08\x05\x10\x02\x18\x04\x08\x01";
const OVER: &[u8] = b"\x08\x02\x12\x0e\x08\x02\x12\x04\x08\x05\x10\x02\x18\x00\x22\x02\x08\x1e";

fn global(fall_back: bool, policy: &str) -> Gateway {
    let document = json!({"profiles": {"default": {"on_failure": {"request": policy}, "rate_limit": {
        "service": {"cluster": "limits", "domain": "llm", "fall_back": fall_back},
        "limits": [
            {"name": "local", "limit": 100, "per": "day"},
            {"name": "team", "limit": 2, "per": "day", "global": true,
             "by": [{"header": "X-Team"}, {"of": "host", "label": "api"}]},
        ],
    }}}});
    let config = Config::parse(document.to_string().as_bytes(), &[&RATE_LIMIT], &|_| None).unwrap();
    Gateway { config: Arc::new(config), store: Rc::new(Memory::default()) }
}

/// Asks with one answer of the service: the status of a refusal, if there is one, and the fields of the answer.
fn served(gateway: &Gateway, answer: Result<Answered, CallFailure>) -> (Option<u16>, String, bool) {
    let mut exchange = gateway.open(CHAT, &[("x-team", "red"), (":authority", "API.example.com")]);
    let mut act = exchange.request_head(true);
    let calls = asked(&mut exchange);
    let called = !calls.is_empty();
    if called {
        assert_eq!(act, Act::Hold);
        let sent = &calls[0].1;
        let places = ["llm", "x-team", "red", "api", "api.example.com"].map(|part| sent.find(part).unwrap());
        assert!(places.is_sorted(), "{sent:?}");
        act = exchange.answered(calls[0].0, answer, NOW);
    }
    let fields = exchange.answer_fields().iter().find(|(name, _)| *name == "ratelimit").map(|(_, value)| value.clone());
    match act {
        Act::Forward => (None, fields.unwrap_or_default(), called),
        Act::Refuse(reply) => (Some(reply.status), fields.unwrap_or_default(), called),
        other => panic!("{other:?}"),
    }
}

fn says(message: &[u8]) -> Result<Answered, CallFailure> {
    Ok(Answered { status: 0, headers: Vec::new(), body: message.to_vec() })
}

#[test]
fn the_service_decides_and_a_no_holds_until_it_would_say_yes() {
    let gateway = global(false, "closed");
    let (refused, fields, called) = served(&gateway, says(OK));
    assert_eq!((refused, called), (None, true));
    assert!(fields.contains("\"local\";r=99") && fields.contains("\"team\";r="), "{fields}");
    assert_eq!(served(&gateway, says(OVER)).0, Some(429));
    let (refused, fields, called) = served(&gateway, says(OK));
    assert_eq!((refused, called), (Some(429), false), "it has said no for 30 seconds");
    assert!(!fields.contains("\"team\""), "{fields}");
    let (_, fields, _) = served(&global(false, "closed"), says(OK));
    assert!(fields.contains("\"local\";r=99"), "another store, another gateway: {fields}");
}

#[test]
fn what_a_refusal_of_the_service_took_here_is_given_back() {
    let gateway = global(false, "closed");
    served(&gateway, says(OVER));
    let (_, fields, _) = served(&gateway, says(OK));
    assert!(fields.contains("\"local\";r=99"), "{fields}");
}

#[test]
fn a_service_that_says_nothing_follows_the_policy_or_this_gateway_counts() {
    for failure in [
        Err(CallFailure::Timeout),
        Err(CallFailure::Refused),
        says(b""),
        Ok(Answered { status: 14, ..Answered::default() }),
    ] {
        assert_eq!(served(&global(false, "closed"), failure.clone()).0, Some(503));
        assert_eq!(served(&global(false, "open"), failure.clone()).0, None);
        let gateway = global(true, "closed");
        let statuses: Vec<_> = (0..3).map(|_| served(&gateway, failure.clone()).0).collect();
        assert_eq!(statuses, [None, None, Some(429)]);
    }
}

/// The statuses of refusals of these bodies, sent one after the other; 0 for one that passes.
fn statuses(gateway: &Gateway, path: &str, fields: &[(&str, &str)], bodies: &[&str]) -> Vec<u16> {
    let ask = |body: &&str| {
        let mut exchange = gateway.open(path, fields);
        let act = match exchange.request_head(false) {
            Act::Forward => exchange.request_body(body.as_bytes(), &|| NOW),
            act => act,
        };
        if let Act::Refuse(reply) = act { reply.status } else { 0 }
    };
    bodies.iter().map(ask).collect()
}

const SPELLINGS: [&str; 6] = [
    r#"{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}"#,
    r#"{"model": "gpt\u002d4o", "messages": [{"role": "user", "content": "Hi"}]}"#,
    r#"{"model": "GPT-4o", "messages": [{"role": "user", "content": "Hi"}]}"#,
    r#"{"model": "models/gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}"#,
    r#"{"Model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}"#,
    r#"{"model": "GPT-4O", "MODEL": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}"#,
];

const TWO_MODELS: &str = r#"{"model": "m", "Model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}"#;

#[test]
fn a_model_is_one_however_it_is_spelled() {
    let by = json!([{"of": "model", "values": ["GPT-4o*"]}]);
    let gateway = Gateway::new(json!({"limits": [{"name": "big", "limit": 5, "per": "day", "by": by}]}));
    assert_eq!(statuses(&gateway, CHAT, &[], &SPELLINGS), [0, 0, 0, 0, 0, 429]);
    let other = r#"{"model": "m", "messages": [{"role": "user", "content": "Hi"}]}"#;
    assert_eq!(statuses(&gateway, CHAT, &[], &[other; 7]), [0; 7], "another model");
    let two = [TWO_MODELS; 6];
    assert_eq!(
        statuses(&gateway, CHAT, &[], &two),
        [0, 0, 0, 0, 0, 429],
        "two models are limited as one that is unclear"
    );
    let exempt = json!([{"of": "model", "values": ["m"]}]);
    let gateway = Gateway::new(json!({"exempt": exempt, "limits": [{"name": "all", "limit": 1, "per": "day"}]}));
    assert_eq!(statuses(&gateway, CHAT, &[], &[other, other, TWO_MODELS, TWO_MODELS]), [0, 0, 0, 429]);
}

#[test]
fn a_model_costs_what_it_does_however_it_is_spelled() {
    for body in SPELLINGS.iter().chain([&TWO_MODELS]) {
        let gateway = Gateway::new(json!({
            "tokens": {"weights": [{"model": "m", "input": 1}, {"model": "GPT-4*", "output": 10}], "reserve_output": 100},
            "limits": [limit("cost", 100_000)],
        }));
        assert_eq!(statuses(&gateway, CHAT, &[], &[body]), [0]);
        // A member that the dialect does not name is a text, too.
        assert!((1006..1050).contains(&(100_000 - gateway.left())), "{body}");
    }
}

#[test]
fn what_can_be_read_in_two_ways_does_not_lead_out_of_a_limit() {
    let body = r#"{"model": "m", "messages": [{"role": "user", "content": "Hi"}]}"#;
    let twice: &[(&str, &str)] = &[("x-team", "red"), ("x-team", "blue")];
    let respelled: &[(&str, &str)] = &[("x_team", "red")];
    for (path, fields, part) in [
        ("/v1%2fchat/completions", &[][..], json!({"of": "path", "values": ["/v1/chat*"]})),
        (CHAT, twice, json!({"header": "x-team", "values": ["red"]})),
        (CHAT, respelled, json!({"header": "x-team", "values": ["red"]})),
    ] {
        for (missing, expected) in [("share", [0, 429]), ("skip", [0, 429]), ("refuse", [403, 403])] {
            let limit = json!({"name": "a", "limit": 1, "per": "day", "missing": missing, "by": [part]});
            let gateway = Gateway::new(json!({"limits": [limit]}));
            assert_eq!(statuses(&gateway, path, fields, &[body, body]), expected, "{path} {fields:?} {missing}");
        }
    }
    let limit = json!({"name": "a", "limit": 1, "per": "day", "by": [{"header": "x-team", "values": ["red"]}]});
    let gateway = Gateway::new(json!({"limits": [limit]}));
    assert_eq!(
        statuses(&gateway, CHAT, &[], &[body, body]),
        [0, 0],
        "who says nothing is none of those that are meant"
    );
}

#[test]
fn limits_of_one_name_that_count_otherwise_do_not_share_cells() {
    let store = Rc::new(Memory::default());
    let with = |limit: Value| Gateway { store: Rc::clone(&store), ..Gateway::new(json!({"limits": [limit]})) };
    let named = |per: &str, unit: &str| with(json!({"name": "a", "limit": 1000, "per": per, "unit": unit}));
    let all = [
        named("day", "requests"),
        named("hour", "requests"),
        named("calendar_month", "requests"),
        named("calendar_day", "requests"),
        named("day", "output_tokens"),
    ];
    for gateway in &all {
        assert!(gateway.ask(&chat(false)).1.is_ok());
    }
    let told: Vec<_> = all.iter().map(Gateway::left).collect();
    assert_eq!(told, [998, 998, 998, 998, 300]);
}

#[test]
fn what_one_limit_took_is_given_back_when_another_refuses_later() {
    let gateway = Gateway::new(json!({"limits": [
        {"name": "requests", "limit": 100, "per": "day"},
        {"name": "tokens", "unit": "input_tokens", "limit": 10, "per": "day"},
    ]}));
    assert!(gateway.ask(&chat(false)).1.is_ok());
    for _ in 0..5 {
        assert_eq!(gateway.ask(&chat(false)).1, Err(429));
    }
    assert_eq!(gateway.left(), 98, "the head's limit gives back what the body's refused");
}

#[test]
fn a_no_of_the_service_holds_a_minute_at_most() {
    let gateway = global(false, "closed");
    let mut day = [&OVER[..OVER.len() - 4], b"\x22\x04\x08\x80\xa3\x05"].concat();
    day[3] += 2;
    assert_eq!(served(&gateway, says(&day)).0, Some(429));
    let fields = [("x-team", "red"), (":authority", "API.example.com")];
    let called = |now: u64| {
        let mut exchange = gateway.open(CHAT, &fields);
        exchange.at(now);
        exchange.request_head(true);
        !asked(&mut exchange).is_empty()
    };
    assert!(!called(NOW + 59_000_000));
    assert!(called(NOW + 61_000_000));
}

/// As Anthropic begins a stream: with all of the prompt and one token of the answer.
const START: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"content\":[],\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\n\n";

fn delta(text: &str) -> String {
    let delta = json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}});
    format!("event: content_block_delta\ndata: {delta}\n\n")
}

#[test]
fn a_stream_that_is_ended_costs_what_was_given_not_what_its_begin_reported() {
    let section = json!({"tokens": {"end_streams": true}, "limits": [limit("output_tokens", 5)]});
    let gateway = Gateway::new(section);
    let (mut exchange, _) = gateway.ask(&chat(true));
    let texts = ["one", " two", " three", " four", " five", " six"].map(delta);
    let parts: Vec<_> = [START].into_iter().chain(texts.iter().map(String::as_str)).map(str::as_bytes).collect();
    let out = answer(&mut exchange, SSE, None, &parts, true);
    assert!(String::from_utf8_lossy(&out).contains("max_tokens"));
    assert_eq!(gateway.left(), 0, "four words and what was begun of the fifth");
}

#[test]
fn an_answer_that_cannot_be_read_on_costs_what_was_given() {
    let gateway = Gateway::new(json!({"limits": [limit("output_tokens", 10_000)]}));
    let (mut exchange, _) = gateway.ask(&chat(true));
    exchange.response_head(200, false, NOW);
    let head: Head = [(":status", "200"), ("content-type", SSE), ("content-encoding", "gzip")].into_iter().collect();
    assert_eq!(exchange.answer_head(&head, false), Act::Forward);
    let body = [START.as_bytes(), delta("one two three").as_bytes()].concat();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, &body).unwrap();
    std::io::Write::flush(&mut encoder).unwrap();
    let mut sent = encoder.get_ref().clone();
    exchange.response_body(sent.len() as u64, false);
    let _ = exchange.answer_body(&sent, false);
    sent = vec![0xff; 64];
    exchange.response_body(64, true);
    let _ = exchange.answer_body(&sent, true);
    exchange.end();
    assert!(exchange.record().to_json().contains("\"complete\":true"));
    assert_eq!(gateway.left(), 10_000 - 4);
}

#[test]
fn who_leaves_before_there_is_an_answer_pays_for_what_he_asked() {
    for (unit, stream, cost) in [
        ("output_tokens", false, 700),
        ("output_tokens", true, 0),
        ("total_tokens", false, 709),
        ("input_tokens", true, 9),
    ] {
        let gateway = Gateway::new(json!({"limits": [limit(unit, 10_000)]}));
        let (mut exchange, _) = gateway.ask(&chat(stream));
        exchange.end();
        assert_eq!(gateway.left(), 10_000 - cost, "{unit} {stream}");
    }
}

#[test]
fn an_answer_that_is_refused_costs_what_was_taken_and_an_error_nothing() {
    let section = json!({"tokens": {"end_streams": true}, "limits": [limit("output_tokens", 10_000)]});
    let gateway = Gateway::new(section);
    let (mut exchange, _) = gateway.ask(&chat(false));
    exchange.response_head(200, false, NOW);
    let head: Head = [(":status", "200"), ("content-type", "application/json"), ("content-encoding", "x-none")]
        .into_iter()
        .collect();
    let act = exchange.answer_head(&head, false);
    assert!(matches!(&act, Act::Refuse(reply) if reply.status == 502), "{act:?}");
    exchange.response_head(502, true, NOW);
    exchange.end();
    assert_eq!(gateway.left(), 10_000 - 700);
    let (mut exchange, _) = gateway.ask(&chat(false));
    exchange.response_head(502, true, NOW);
    exchange.end();
    assert_eq!(gateway.left(), 10_000 - 700, "the upstream's own 502 gave nothing");
}

#[test]
fn a_report_of_the_prompt_alone_leaves_the_answer_to_its_text() {
    let gateway = Gateway::new(json!({"limits": [limit("output_tokens", 10_000)]}));
    let (mut exchange, _) = gateway.ask(&chat(false));
    let body = json!({"type": "message", "content": [{"type": "text", "text": "one two three"}], "usage": {"input_tokens": 25}});
    answer(&mut exchange, "application/json", None, &[body.to_string().as_bytes()], true);
    assert_eq!(gateway.left(), 10_000 - 4);
}

#[test]
fn a_body_that_is_not_read_is_not_taken_for_none() {
    for (fields, taken) in [
        (&[("content-length", "40000000")][..], 1_000_000 + 1024),
        (&[("content-length", "4000"), ("content-encoding", "x-none")], 1000 + 1024),
        (&[("content-encoding", "x-none")], 1 + 1024),
        (&[("connection", "upgrade"), ("upgrade", "websocket")], 1 + 1024),
    ] {
        let document = json!({"profiles": {"default": {
            "unreadable": "allow", "rate_limit": {"limits": [limit("total_tokens", 10_000_000)]},
        }}});
        let config = Config::parse(document.to_string().as_bytes(), &[&RATE_LIMIT], &|_| None).unwrap();
        let gateway = Gateway { config: Arc::new(config), store: Rc::new(Memory::default()) };
        let mut exchange = gateway.open(CHAT, fields);
        assert_eq!(exchange.request_head(false), Act::Forward);
        assert_eq!(10_000_000 - gateway.left(), taken, "{fields:?}");
    }
}

#[test]
fn a_no_to_many_units_does_not_speak_for_who_asks_for_less() {
    let gateway = Gateway::new(json!({
        "service": {"cluster": "limits", "domain": "llm"},
        "limits": [{"name": "team", "unit": "total_tokens", "limit": 2000, "per": "day", "global": true}],
    }));
    for _ in 0..2 {
        let mut exchange = gateway.open(CHAT, &[]);
        assert_eq!(exchange.request_head(false), Act::Forward);
        assert_eq!(exchange.request_body(chat(false).to_string().as_bytes(), &|| NOW), Act::Hold);
        let calls = asked(&mut exchange);
        assert_eq!(calls.len(), 1, "the service is asked each time");
        assert!(matches!(exchange.answered(calls[0].0, says(OVER), NOW), Act::Refuse(reply) if reply.status == 429));
    }
}
