//! A gateway whose exchanges share a store, and what is asked of it.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::rc::Rc;
use std::sync::Arc;

use portcullis_core::config::Config;
use portcullis_core::exchange::{Act, Exchange};
use portcullis_core::head::Head;
use portcullis_core::store::Memory;
use portcullis_rate_limit::RATE_LIMIT;
use serde_json::{Value, json};

pub const CHAT: &str = "/v1/chat/completions";
pub const NOW: u64 = 1_800_000_000_000_000;

/// A gateway whose exchanges share a store.
pub struct Gateway {
    pub config: Arc<Config>,
    pub store: Rc<Memory>,
}

impl Gateway {
    pub fn new(section: Value) -> Self {
        let document = json!({"profiles": {"default": {"rate_limit": section}}});
        let config = Config::parse(document.to_string().as_bytes(), &[&RATE_LIMIT], &|_| None).unwrap();
        Self { config: Arc::new(config), store: Rc::new(Memory::default()) }
    }

    pub fn open(&self, path: &str, fields: &[(&str, &str)]) -> Exchange {
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
    pub fn ask(&self, body: &Value) -> (Exchange, Result<Vec<u8>, u16>) {
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
    pub fn left(&self) -> u64 {
        let mut exchange = self.open(CHAT, &[]);
        exchange.request_head(true);
        let field = exchange.answer_fields().iter().find(|(name, _)| *name == "ratelimit").unwrap().1.clone();
        field.split("r=").nth(1).unwrap().split(';').next().unwrap().parse().unwrap()
    }
}

/// What the client gets of an answer in these parts; `ends` unless the upstream or the client breaks off.
pub fn answer(
    exchange: &mut Exchange,
    content_type: &str,
    coding: Option<&str>,
    parts: &[&[u8]],
    ends: bool,
) -> Vec<u8> {
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

pub fn limit(unit: &str, limit: u64) -> Value {
    json!({"name": "tokens", "unit": unit, "limit": limit, "per": "day"})
}

pub fn chat(stream: bool) -> Value {
    json!({"model": "m", "stream": stream, "max_tokens": 700, "messages": [{"role": "user", "content": "Say who you are."}]})
}

pub fn chunk(text: &str) -> String {
    format!("data: {}\n\n", json!({"id": "c", "choices": [{"index": 0, "delta": {"content": text}}]}))
}

pub const SSE: &str = "text/event-stream";
