//! Models whose answers onnxruntime gave, and models that cannot be had.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    missing_docs,
    reason = "a test"
)]

use portcullis_classifier::Classifier;
use portcullis_features::TOKENS;
use portcullis_onnx::{SUPPORTED, compile, source};
use serde_json::Value;

const NET: &[u8] = include_bytes!("models/net.onnx");
const OPERATORS: &[u8] = include_bytes!("models/operators.onnx");

fn check(onnx: &[u8], answers: &str) {
    let classifier = Classifier::new(compile(onnx).unwrap());
    let mut scratch = classifier.scratch();
    let rows: Vec<Value> = serde_json::from_str(answers).unwrap();
    let mut fit = 0;
    for row in rows {
        let tokens: Vec<u16> = serde_json::from_value(row["tokens"].clone()).unwrap();
        if tokens.len() > TOKENS {
            assert_eq!(classifier.logit(&mut scratch, &tokens, &[1]), None);
            continue;
        }
        fit += 1;
        let (ours, theirs) = (classifier.logit(&mut scratch, &tokens, &[1]).unwrap(), row["logit"].as_f64().unwrap());
        assert!((f64::from(ours) - theirs).abs() < 1e-4, "{} tokens: {ours}, not {theirs}", tokens.len());
    }
    assert!(fit >= 7);
}

#[test]
fn a_plan_says_what_onnxruntime_says() {
    check(NET, include_str!("models/net.json"));
    check(OPERATORS, include_str!("models/operators.json"));
}

#[test]
fn every_operator_is_in_a_model_that_was_tried() {
    for op in SUPPORTED {
        let named = |model: &[u8]| model.windows(op.len()).any(|part| part == op.as_bytes());
        assert!(named(NET) || named(OPERATORS), "{op}");
    }
}

#[test]
fn what_a_window_leaves_in_memory_does_not_reach_the_next() {
    let classifier = Classifier::new(compile(NET).unwrap());
    let mut used = classifier.scratch();
    let long: Vec<u16> = (1..=TOKENS as u16).map(|id| id * 60).collect();
    classifier.logit(&mut used, &long, &[1]).unwrap();
    for count in [1, 9, 50] {
        let again = classifier.logit(&mut used, &long[..count], &[1]).unwrap();
        let fresh = classifier.logit(&mut classifier.scratch(), &long[..count], &[1]).unwrap();
        assert_eq!(again.to_bits(), fresh.to_bits(), "{count} tokens");
    }
}

#[test]
fn windows_without_room_have_no_logit() {
    let classifier = Classifier::new(compile(NET).unwrap());
    let mut scratch = classifier.scratch();
    assert_eq!(classifier.logit(&mut scratch, &[], &[1]), None);
    assert_eq!(classifier.logit(&mut scratch, &[7; TOKENS + 1], &[1]), None);
    assert!(classifier.logit(&mut scratch, &[u16::MAX; TOKENS], &[u32::MAX]).unwrap().is_finite());
}

#[test]
fn a_plan_is_written_as_rust() {
    let text = source(&compile(NET).unwrap(), "DATA");
    assert!(text.contains("Gather { table: 0, ids: View { slot: 0, rows: Fixed(1), cols: Tokens }"), "{text}");
    assert!(text.contains("Reduce { op: Reduction::Max, along: Along::Columns,"), "{text}");
    assert!(text.ends_with("data: Cow::Borrowed(DATA) } }"), "{text}");
}

/// The model with the first of some bytes replaced by others as long.
fn with(onnx: &[u8], from: &str, to: &str) -> String {
    assert_eq!(from.len(), to.len());
    let at = onnx.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
    let mut other = onnx.to_vec();
    other[at..at + to.len()].copy_from_slice(to.as_bytes());
    compile(&other).unwrap_err()
}

#[test]
fn what_is_not_supported_is_named_with_its_place_and_a_remedy() {
    let error = with(OPERATORS, "Sigmoid", "Softmax");
    assert!(error.contains("operator Softmax at node `sigmoid_"), "{error}");
    assert!(error.contains("it is not supported; supported are Add, And, Cast,"), "{error}");
    let error = with(NET, "pads", "sdap");
    assert!(error.contains("what it yields must be as long as its input"), "{error}");
    let error = with(NET, "grams", "marks");
    assert_eq!(error, "there is no input `grams`; expected are `tokens`: int64[W,T] and `grams`: int64[W,G]");
    let error = compile(b"{\"not\": \"onnx\"}").unwrap_err();
    assert!(error.starts_with("it cannot be read: "), "{error}");
    assert!(compile(b"").unwrap_err().contains("is it an ONNX file?"));
}

#[test]
fn no_cut_and_no_changed_byte_of_a_file_makes_it_panic() {
    // Weights are numbers like others: what comes before and behind them is what is read.
    let tail = NET.len() - 1200;
    for at in (0..300).chain(tail..NET.len()) {
        let _ = compile(&NET[..at]);
        for bit in [1, 0x10, 0x80] {
            let mut changed = NET.to_vec();
            changed[at] ^= bit;
            let _ = compile(&changed);
        }
    }
}
