//! What an operator's own rules cost: a request of 100 KB with none, 100, 1,000 and 2,000 of them, in one run, and the
//! dearest rules that the caps let through.
//!
//! `cargo run --release -p portcullis-prompt-guard --example own_rules`.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::cast_precision_loss, reason = "not in a module")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use portcullis_core::config::Config;
use portcullis_core::exchange::Exchange;
use portcullis_core::head::Head;
use portcullis_prompt_guard::PROMPT_GUARD;
use serde_json::{Value, json};

const SIZE: usize = 100_000;
const ROUNDS: u32 = 300;

const PROSE: &str = "The harbour was quiet in the morning, and the boats that had come in over night lay side by side. All of \
                     the crew were asleep; the system of lamps along the pier had gone out, as it always did before six. ";

/// Rules of words that are no words, of two phrases and a near set each.
fn rules(count: usize) -> Vec<Value> {
    let rule = |i: usize| {
        json!({
            "id": format!("OP-{i:04}"), "title": "Made up", "severity": "warning",
            "phrases": [format!("product{i} roadmap"), format!("the code name of project{i}")],
            "near": [{"groups": [[format!("customer{i}")], [format!("list{}", i % 20)], [format!("region{i}")]], "within": 8}],
        })
    };
    (0..count).map(rule).collect()
}

/// Rules that look for one common word, as many as the caps let through, on top of 900 others.
fn dear() -> Vec<Value> {
    let rule = |i: usize| {
        let near = json!([{"groups": [["the"], [format!("project{i}")]], "within": 32}]);
        json!({"id": format!("XA-{i:04}"), "title": "Made up", "severity": "warning", "near": near})
    };
    (0..40).map(rule).chain(rules(900)).collect()
}

struct Measured {
    parse_ms: f64,
    per_byte: f64,
    small_micros: f64,
}

/// The least of several runs, in nanoseconds.
fn least(rounds: u32, mut run: impl FnMut()) -> f64 {
    let times = (0..rounds).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed().as_nanos()
    });
    times.min().unwrap_or_default() as f64
}

fn measure(rules: &[Value], text: &str) -> Measured {
    let document =
        json!({"prompt_guard": {"rules": rules}, "profiles": {"default": {"limits": {"body_bytes": 4 * SIZE}}}});
    let document = document.to_string();
    let parse = || Config::parse(document.as_bytes(), &[&PROMPT_GUARD], &|_| None).unwrap();
    let parse_ms = least(5, || drop(black_box(parse()))) / 1e6;
    let config = Arc::new(parse());
    let body = |text: &str| json!({"model": "m", "messages": [{"role": "user", "content": text}]}).to_string();
    let decide = |body: &str| {
        let head: Head = [(":method", "POST"), (":path", "/v1/chat/completions")].into_iter().collect();
        let mut exchange = Exchange::open(&config, head, 0);
        exchange.request_head(false);
        black_box(exchange.request_body(body.as_bytes(), &|| 0));
    };
    let long = body(&text.repeat(SIZE / text.len()));
    let short = body("What is the capital of France?");
    Measured {
        parse_ms,
        per_byte: least(ROUNDS, || decide(&long)) / long.len() as f64,
        small_micros: least(ROUNDS * 10, || decide(&short)) / 1e3,
    }
}

fn main() {
    println!("{:>24}  {:>10}  {:>9}  {:>6}  {:>12}", "rules", "load, ms", "ns/byte", "ratio", "short, us");
    let cases = [
        ("none, prose", rules(0), PROSE),
        ("100, prose", rules(100), PROSE),
        ("1,000, prose", rules(1000), PROSE),
        ("2,000, prose", rules(2000), PROSE),
        ("none, \"the the\"", rules(0), "the "),
        ("40 for \"the\", \"the the\"", dear(), "the "),
        ("none, no words", rules(0), "x9q "),
        ("40 for \"the\", no words", dear(), "x9q "),
    ];
    let mut base = 1.0;
    for (name, rules, text) in cases {
        let measured = measure(&rules, text);
        if rules.is_empty() {
            base = measured.per_byte;
        }
        println!(
            "{name:>24}  {:>10.2}  {:>9.2}  {:>6.2}  {:>12.1}",
            measured.parse_ms,
            measured.per_byte,
            measured.per_byte / base,
            measured.small_micros
        );
    }
}
