//! Every shared case: the text, and the findings it has, in order.
//!
//! The texts of secrets have a U+205E in them, so that no scanner takes the cases for leaked keys; it is taken out here.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, clippy::arithmetic_side_effects)]

use std::path::Path;

use portcullis_pii_redact::{Detector, Kind};
use serde_json::Value;

#[test]
fn every_case_has_its_findings_and_no_others() {
    let detector = Detector::new().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/pii");
    let (mut wrong, mut count) = (Vec::new(), 0);
    for file in std::fs::read_dir(folder).unwrap() {
        for line in std::fs::read_to_string(file.unwrap().path()).unwrap().lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            let text = case["text"].as_str().unwrap().replace('\u{205e}', "");
            let expected: Vec<(&str, &str)> = case["findings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|finding| (finding["type"].as_str().unwrap(), finding["value"].as_str().unwrap()))
                .collect();
            let found = detector.find(&text);
            let found: Vec<(&str, &str)> = found.iter().map(|f| (f.kind.name(), &text[f.start..f.end])).collect();
            assert!(expected.iter().all(|(name, _)| Kind::named(name).is_some()), "{line}");
            if found != expected {
                wrong.push(format!("{}: {found:?}, not {expected:?} in {text:?}", case["id"]));
            }
            count += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 200, "{count} cases");
}
