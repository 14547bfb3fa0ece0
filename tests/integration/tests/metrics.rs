//! What a scrape sees: names without labels in them, labels beside, and counts that are right.

use std::collections::BTreeMap;

use portcullis_integration::{Gateway, cases};
use serde_json::json;

const CHAT: &str = "/v1/chat/completions";

fn chat(text: &str) -> String {
    json!({"model": "m", "messages": [{"role": "user", "content": text}]}).to_string()
}

/// The samples of our metrics, by name and labels as they are written.
fn samples(page: &str) -> BTreeMap<&str, f64> {
    let ours = page.lines().filter(|line| line.starts_with("portcullis_"));
    ours.filter_map(|line| line.rsplit_once(' ')).map(|(name, value)| (name, value.parse().unwrap())).collect()
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
    let page = gateway.envoy().admin_get("/stats/prometheus").await.unwrap().text();
    let samples = samples(&page);
    for (sample, value) in [
        (r#"portcullis_requests{verdict="allow",stage="none",mode="enforce"}"#, 2.0),
        (r#"portcullis_requests{verdict="block",stage="rules",mode="enforce"}"#, 3.0),
        (r#"portcullis_requests{verdict="block",stage="read",mode="enforce"}"#, 1.0),
        (r#"portcullis_unreadable{reason="malformed"}"#, 1.0),
        ("portcullis_forged_headers{}", 1.0),
    ] {
        assert_eq!(samples.get(sample), Some(&value), "{sample} in {samples:?}");
    }
    let sum_of = |name: &str| -> f64 {
        samples.iter().filter(|(sample, _)| sample.split('{').next() == Some(name)).map(|(_, value)| value).sum()
    };
    assert_eq!(sum_of("portcullis_requests"), 6.0, "{samples:?}");
    for name in samples.keys().filter_map(|sample| sample.split('{').next()) {
        let labels = [
            "verdict",
            "stage",
            "mode",
            "reason",
            "cause",
            "callback",
            "entity",
            "direction",
            "action",
            "held",
            "unit",
            "outcome",
        ];
        assert!(!labels.iter().any(|label| name.contains(&format!("_{label}_"))), "a label is left in {name}");
    }
    let inspected = sum_of("portcullis_inspected_bytes");
    let texts_sent = 3 * texts.attack.len() + 2 * texts.benign.len();
    assert!(inspected >= texts_sent as f64, "{inspected} of {texts_sent}");
}
