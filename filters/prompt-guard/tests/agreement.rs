//! The texts of `models/agreement.jsonl`: windows and logits are those that onnxruntime gave the trained model.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, missing_docs, reason = "a test")]

use portcullis_core::text::{Plain, normalise};
use portcullis_features::Windows;
use portcullis_model::Model;
use serde_json::Value;

#[test]
fn every_window_has_the_logit_that_onnxruntime_gives_it() {
    if std::env::var_os("PORTCULLIS_MODEL").is_some_and(|model| !model.is_empty()) {
        println!("not checked: this build has another model");
        return;
    }
    let model = Model::shared().unwrap();
    let mut scratch = model.scratch();
    let mut plain = Plain::default();
    let mut checked = 0;
    for (line, row) in include_str!("../../../models/agreement.jsonl").lines().enumerate() {
        let row: Value = serde_json::from_str(row).unwrap();
        normalise(row["text"].as_str().unwrap(), &mut plain);
        let mut windows = Windows::new(plain.bytes());
        let theirs: Vec<f64> = serde_json::from_value(row["logits"].clone()).unwrap();
        for (place, theirs) in theirs.iter().enumerate() {
            let window = windows.advance().unwrap();
            let ours = f64::from(model.logit(&mut scratch, &window.tokens, &window.grams).unwrap());
            assert!((ours - theirs).abs() < 1e-4, "line {}, window {place}: {ours}, not {theirs}", line + 1);
            checked += 1;
        }
        assert!(windows.advance().is_none(), "line {}: more than {} windows", line + 1, theirs.len());
    }
    assert!(checked > 200, "{checked}");
}
