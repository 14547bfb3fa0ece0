//! Any bytes as a request under the strictest profile: it is decided, a body that cannot be read is refused, and a
//! decision stands however often the host asks again.
//!
//! The first byte picks the path, the rest is the body.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use portcullis_core::config::Config;
use portcullis_core::exchange::{Act, Exchange};
use portcullis_core::head::Head;
use portcullis_core::wire::{self, Limits};
use portcullis_prompt_guard::PROMPT_GUARD;

static CONFIG: LazyLock<Arc<Config>> =
    LazyLock::new(|| Arc::new(Config::parse(b"", &[&PROMPT_GUARD], &|_| None).expect("nothing is a configuration")));

fuzz_target!(|input: &[u8]| {
    let Some((path, body)) = input.split_first() else { return };
    let path: &[u8] = match path % 3 {
        0 => b"/v1/chat/completions",
        1 => b"/v1/messages",
        _ => b"/",
    };
    let head = Head::new(vec![
        (b":method".to_vec(), b"POST".to_vec()),
        (b":path".to_vec(), path.to_vec()),
        (b":authority".to_vec(), b"models.example".to_vec()),
    ]);
    let mut exchange = Exchange::open(&CONFIG, head, 1);
    assert_eq!(exchange.request_head(false), Act::Forward);
    let bytes = u64::try_from(body.len()).expect("small");
    assert_eq!(exchange.request_gathered(bytes), Act::Hold);
    let act = exchange.request_body(body, &|| 1);
    assert!(exchange.is_decided());

    let request = wire::Request { method: b"POST", path, content_type: None, anthropic: false, body };
    let readable = body.is_empty() || wire::read(&request, &Limits::default()).is_ok();
    match &act {
        Act::Forward => assert!(readable, "what nobody read went through"),
        Act::Refuse(reply) => {
            assert!(matches!(reply.status, 400 | 403 | 413), "{}", reply.status);
            serde_json::from_slice::<serde_json::Value>(&reply.body).expect("a refusal is JSON");
            for (name, value) in &reply.headers {
                assert!(value.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{name}");
            }
        }
        other => panic!("{other:?} is no decision"),
    }

    let again = exchange.request_body(b"{}", &|| 1);
    assert!(!matches!(again, Act::Refuse(_)), "refused twice");
    assert_eq!(again == Act::Forward, act == Act::Forward, "the decision changed");
});
