//! Keys and limits: what is one key however it is spelled, and what no spelling leads out of.
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

use std::rc::Rc;
use std::sync::Arc;

use gateway::{CHAT, Gateway, NOW, chat, limit};
use portcullis_core::config::Config;
use portcullis_core::exchange::Act;
use portcullis_core::store::Memory;
use portcullis_rate_limit::RATE_LIMIT;
use serde_json::{Value, json};

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
