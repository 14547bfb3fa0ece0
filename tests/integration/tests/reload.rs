//! Configurations that change while requests run, and ones that must be refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use portcullis_integration::{Gateway, Reconfigured, cases, http1, http2};
use serde_json::json;

const CHAT: &str = "/v1/chat/completions";

fn chat(text: &str) -> String {
    json!({"model": "m", "messages": [{"role": "user", "content": text}]}).to_string()
}

/// What a run of requests came to.
#[derive(Default)]
struct Tally {
    sent: AtomicU64,
    refused: AtomicU64,
    delivered: AtomicU64,
    other: AtomicU64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_at_200_requests_a_second_loses_none() {
    let gateway = Arc::new(Gateway::builder().module("portcullis").start().await);
    let tally = Arc::new(Tally::default());
    let stop = Arc::new(AtomicBool::new(false));
    let texts = cases::texts();
    // Two clients of each version; each sends 50 a second, attack and benign in turn, and connects again when it is told.
    let clients: Vec<_> = (0..4)
        .map(|client| {
            let (gateway, tally, stop, texts) = (gateway.clone(), tally.clone(), stop.clone(), texts.clone());
            tokio::spawn(async move {
                let mut tick = tokio::time::interval(Duration::from_millis(20));
                let mut h1: Option<http1::Connection> = None;
                let mut turn = client;
                while !stop.load(Ordering::Relaxed) {
                    tick.tick().await;
                    turn += 1;
                    let attack = turn % 2 == 0;
                    let body = chat(if attack { &texts.attack } else { &texts.benign });
                    tally.sent.fetch_add(1, Ordering::Relaxed);
                    let status = if client % 2 == 0 {
                        let mut connection = match h1.take() {
                            Some(connection) => connection,
                            None => http1::Connection::open(gateway.address()).await.unwrap(),
                        };
                        let response = connection.send(&http1::Request::post_json(CHAT, body)).await;
                        let status = response.as_ref().map_or(0, |response| response.status);
                        let closes = |r: &http1::Response| r.header("connection") == Some("close");
                        if response.as_ref().is_ok_and(|response| !closes(response)) {
                            h1 = Some(connection);
                        }
                        status
                    } else {
                        let connection = http2::Connection::open(gateway.address()).await.unwrap();
                        connection.send(http2::Request::post_json(CHAT, body)).await.map_or(0, |r| r.status)
                    };
                    let kind = match (status, attack) {
                        (403, true) => &tally.refused,
                        (200, false) => &tally.delivered,
                        _ => &tally.other,
                    };
                    kind.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    for (round, body_bytes) in [100_000, 200_000, 300_000, 400_000, 500_000].into_iter().enumerate() {
        let config = json!({"profiles": {"default": {"limits": {"body_bytes": body_bytes}}}});
        assert_eq!(gateway.reconfigure(config).await, Reconfigured::Accepted, "round {round}");
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    let [sent, refused, delivered, other] =
        [&tally.sent, &tally.refused, &tally.delivered, &tally.other].map(|n| n.load(Ordering::Relaxed));
    assert!(sent > 400, "only {sent} requests in the time of five reloads");
    assert_eq!((refused + delivered, other), (sent, 0), "refused {refused}, delivered {delivered} of {sent}");
    assert!(refused > 0 && delivered > 0);
}

#[tokio::test]
async fn a_new_configuration_takes_effect_and_a_bad_one_leaves_the_old() {
    let gateway = Gateway::builder().module("portcullis").start().await;
    let attack = cases::texts().attack;
    assert_eq!(gateway.post(CHAT, &[], chat(&attack)).await.status, 403);

    let shadow = json!({"profiles": {"default": {"prompt_guard": {"mode": "shadow"}}}});
    assert_eq!(gateway.reconfigure(&shadow).await, Reconfigured::Accepted);
    let reply = gateway.post(CHAT, &[], chat(&attack)).await;
    assert_eq!(reply.status, 200);
    let record = gateway.audit_of(&reply).await;
    assert_eq!((&record["verdict"], &record["enforced"]), (&"block".into(), &false.into()));

    let bad = json!({"profiles": {"default": {"prompt_gard": {}, "limits": {"depth": 0}}}});
    assert_eq!(gateway.reconfigure(&bad).await, Reconfigured::Rejected);
    assert_eq!(gateway.post(CHAT, &[], chat(&attack)).await.status, 200, "the old configuration goes on");
    let log = gateway.log();
    assert!(log.contains("profiles.default.prompt_gard: unknown key; did you mean `prompt_guard`?"), "{log}");
    assert!(log.contains("profiles.default.limits.depth: 0 is not a whole number from 8 to 512"), "{log}");
}

#[tokio::test]
async fn routes_select_profiles() {
    let config = json!({
        "profiles": {"default": {}, "watched": {"prompt_guard": {"mode": "shadow"}}, "open": {"prompt_guard": {"mode": "off"}}},
        "routes": [{"profile": "watched", "header": {"name": "x-team", "exact": "research"}},
                   {"profile": "open", "path_prefix": "/_echo"}],
    });
    let gateway = Gateway::builder().module("portcullis").config(config).start().await;
    let attack = cases::texts().attack;
    assert_eq!(gateway.post(CHAT, &[], chat(&attack)).await.status, 403);
    let reply = gateway.post(CHAT, &[("x-team", "research")], chat(&attack)).await;
    assert_eq!(reply.status, 200);
    assert_eq!(gateway.audit_of(&reply).await["profile"], "watched");
    let reply = gateway.post("/_echo", &[], "not json").await;
    assert_eq!((reply.status.as_u16(), &gateway.audit_of(&reply).await["profile"]), (200, &"open".into()));
}

#[tokio::test]
async fn a_bad_configuration_at_start_is_refused_with_every_problem() {
    let config = json!({"profiles": {"default": {"unreadable": "blok"}}, "default_profile": "x"});
    let error = Gateway::builder().module("portcullis").config(config).try_start().await.unwrap_err();
    let error = format!("{error:#}");
    assert!(error.contains("profiles.default.unreadable"), "{error}");
    assert!(error.contains("default_profile: no profile has this name"), "{error}");
}
