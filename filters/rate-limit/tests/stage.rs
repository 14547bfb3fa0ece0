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

mod gateway;
#[path = "../../core/tests/streams/mod.rs"]
mod streams;

use std::rc::Rc;
use std::sync::Arc;

use gateway::{Gateway, NOW, SSE, answer, chat, chunk, limit};
use portcullis_core::config::Config;
use portcullis_core::exchange::{Act, Exchange};
use portcullis_core::head::Head;
use portcullis_core::store::{Properties, Store, StoreError, Stored, When};
use portcullis_rate_limit::RATE_LIMIT;
use serde_json::{Value, json};

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
