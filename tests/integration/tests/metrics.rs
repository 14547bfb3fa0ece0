//! What a scrape sees: names without labels in them, labels beside, and counts that are right.

use std::collections::BTreeMap;

use portcullis_integration::{Gateway, cases};
use serde_json::json;

const CHAT: &str = "/v1/chat/completions";

fn chat(text: &str) -> String {
    json!({"model": "m", "messages": [{"role": "user", "content": text}]}).to_string()
}

/// The samples of our metrics, by name and labels as they are written.
async fn scrape(gateway: &Gateway) -> BTreeMap<String, f64> {
    let page = gateway.envoy().admin_get("/stats/prometheus").await.unwrap().text();
    let ours = page.lines().filter(|line| line.starts_with("portcullis"));
    let split = ours.filter_map(|line| line.rsplit_once(' '));
    split.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect()
}

#[tokio::test]
async fn prometheus_sees_labels_and_counts() {
    let gateway = Gateway::builder().module("portcullis").start().await;
    let texts = cases::texts();
    for _ in 0..3 {
        assert_eq!(gateway.post(CHAT, &[], chat(&texts.attack)).await.status, 403);
    }
    for _ in 0..2 {
        assert_eq!(gateway.post(CHAT, &[], chat(&texts.benign)).await.status, 200);
    }
    assert_eq!(gateway.post(CHAT, &[("x-portcullis-verdict", "allow")], "{").await.status, 400);
    let samples = scrape(&gateway).await;
    let with = |name: &str, labels: &[&str]| -> f64 {
        let all = samples.iter().filter(|(sample, _)| sample.starts_with(&format!("{name}{{")));
        all.filter(|(sample, _)| labels.iter().all(|label| sample.contains(label))).map(|(_, value)| value).sum()
    };
    let requests = "portcullis_requests";
    assert_eq!(with(requests, &[r#"verdict="block""#, r#"stage="rules""#, r#"mode="enforce""#]), 3.0, "{samples:?}");
    assert_eq!(with(requests, &[r#"verdict="allow""#, r#"stage="none""#]), 2.0, "{samples:?}");
    assert_eq!(with(requests, &[r#"verdict="block""#, r#"stage="read""#]), 1.0, "{samples:?}");
    assert_eq!(with(requests, &[]), 6.0, "{samples:?}");
    assert_eq!(with("portcullis_unreadable", &[r#"reason="malformed""#]), 1.0, "{samples:?}");
    assert_eq!(with("portcullis_forged_headers", &[]), 1.0, "{samples:?}");
    let inspected = with("portcullis_inspected_bytes", &[]);
    let texts_sent = 3 * texts.attack.len() + 2 * texts.benign.len();
    assert!(inspected >= texts_sent as f64, "{inspected} of {texts_sent}");
}
