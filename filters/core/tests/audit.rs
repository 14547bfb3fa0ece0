//! The audit record as it is written.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "a test")]

use std::sync::Arc;

use portcullis_core::audit::{Origin, Record};
use portcullis_core::config::Config;
use portcullis_core::exchange::Exchange;
use portcullis_core::head::Head;
use serde_json::Value;

fn decided() -> Exchange {
    let config = Config::parse(b"{}", &[], &|_| None).unwrap();
    let head: Head = [(":method", "POST"), (":path", "/v1/messages")].into_iter().collect();
    let mut exchange = Exchange::open(&Arc::new(config), head, 1_000);
    exchange.request_head(false);
    exchange
}

fn written(record: &Record) -> Value {
    let line = record.to_json();
    assert!(!line.contains('\n'));
    serde_json::from_str(&line).unwrap()
}

#[test]
fn what_is_not_known_is_left_out() {
    let record = written(decided().record());
    assert!(record.as_object().unwrap().values().all(|value| !value.is_null()), "{record}");
    for absent in ["id", "model", "unreadable", "failure", "prompt_hmac", "first_byte_micros"] {
        assert_eq!(record.get(absent), None, "{absent}");
    }
    assert_eq!(record["dialect"], "anthropic_messages");
}

#[test]
fn a_score_has_six_places() {
    let mut record = decided().record().clone();
    record.score = 0.876_543_2;
    assert_eq!(written(&record)["score"], 0.876_543);
}

#[test]
fn the_first_head_of_an_answer_is_the_one_that_was_waited_for() {
    let mut exchange = decided();
    exchange.response_head(100, false, 1_250);
    exchange.response_head(200, false, 9_000);
    assert_eq!(exchange.record().first_byte_micros, Some(250));
    assert_eq!((exchange.record().status, exchange.record().origin), (200, Origin::Upstream));
}
