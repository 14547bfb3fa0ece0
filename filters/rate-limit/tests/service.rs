//! Limits that the rate limit service counts.
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

use gateway::{CHAT, Gateway, NOW, chat};
use portcullis_core::call::{Answered, CallFailure, Message};
use portcullis_core::config::Config;
use portcullis_core::exchange::{Act, Exchange};
use portcullis_core::store::Memory;
use portcullis_rate_limit::RATE_LIMIT;
use portcullis_rate_limit::service::{METHOD, SERVICE};
use serde_json::json;

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
