//! What streams and answers cost that did not come to their end.
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

use gateway::{Gateway, NOW, SSE, answer, chat, limit};
use portcullis_core::exchange::Act;
use portcullis_core::head::Head;
use serde_json::json;

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
