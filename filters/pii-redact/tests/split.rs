//! However a text is cut, the redacted text and the findings are the same.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, clippy::arithmetic_side_effects)]

use std::sync::LazyLock;

use portcullis_pii_redact::{Detector, Finding, Flow, Kind, Ledger, Operator, Policy, Redacted, Redactor};
use proptest::prelude::*;

static DETECTOR: LazyLock<Detector> = LazyLock::new(|| Detector::new().unwrap());

fn streamed<'a>(policy: &Policy, chunks: impl Iterator<Item = &'a str>) -> (String, Vec<Finding>, usize) {
    let (mut out, mut ledger, mut most) = (Redacted::default(), Ledger::default(), 0);
    let mut redactor = Redactor::new(&DETECTOR, policy);
    for chunk in chunks {
        redactor.push(chunk, &mut ledger, &mut out);
        most = most.max(redactor.held());
    }
    redactor.finish(&mut ledger, &mut out);
    (out.text, out.findings, most)
}

fn characters(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()])
}

/// The texts of the shared cases, and pieces of them.
fn cases() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/pii");
    let mut texts = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        for line in std::fs::read_to_string(file.unwrap().path()).unwrap().lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            texts.push(case["text"].as_str().unwrap().replace('\u{205e}', ""));
        }
    }
    texts
}

#[test]
fn every_cut_in_two_of_every_case_gives_the_same() {
    let policy = Policy::all(Operator::Replace);
    let texts = cases();
    assert!(texts.len() > 200, "{} cases", texts.len());
    for text in texts {
        let whole = streamed(&policy, std::iter::once(text.as_str()));
        assert_eq!(whole.1, DETECTOR.find(&text), "{text}");
        for cut in (0..text.len()).filter(|&at| text.is_char_boundary(at)) {
            let (head, tail) = text.split_at(cut);
            let cut = streamed(&policy, [head, tail].into_iter());
            assert_eq!((&cut.0, &cut.1), (&whole.0, &whole.1), "{head:?} | {tail:?}");
        }
        let single = streamed(&policy, characters(&text));
        assert_eq!((&single.0, &single.1), (&whole.0, &whole.1), "{text:?} one by one");
    }
}

#[test]
fn a_long_text_is_the_same_one_by_one_and_holds_little() {
    let text = cases().join("\n").repeat(3);
    let policy = Policy::all(Operator::Number);
    let whole = streamed(&policy, std::iter::once(text.as_str()));
    let single = streamed(&policy, characters(&text));
    assert_eq!((single.0, single.1), (whole.0, whole.1));
    assert!(single.2 < 2048, "{} bytes held", single.2);
}

#[test]
fn no_character_of_a_finding_leaves_before_it_is_replaced() {
    let policy = Policy::all(Operator::Remove);
    let text = "mail jo.do@example.com and 4111 1111 1111 1111 and DE89 3704 0044 0532 0130 00.";
    let mut redactor = Redactor::new(&DETECTOR, &policy);
    let (mut out, mut ledger) = (Redacted::default(), Ledger::default());
    for chunk in characters(text) {
        redactor.push(chunk, &mut ledger, &mut out);
        assert!("mail  and  and .".starts_with(&out.text), "{}", out.text);
    }
    redactor.finish(&mut ledger, &mut out);
    assert_eq!(out.text, "mail  and  and .");
}

#[test]
fn a_block_ends_the_text_before_the_finding() {
    let policy = Policy::all(Operator::Keep).with(Kind::CreditCard, Operator::Block);
    let text = "mail jo.do@example.com and 4111 1111 1111 1111 and more";
    let mut redactor = Redactor::new(&DETECTOR, &policy);
    let (mut out, mut ledger, mut flow) = (Redacted::default(), Ledger::default(), Flow::Open);
    for chunk in characters(text) {
        flow = redactor.push(chunk, &mut ledger, &mut out);
    }
    assert_eq!((flow, out.text.as_str()), (Flow::Blocked, "mail jo.do@example.com and "));
    assert_eq!(redactor.finish(&mut ledger, &mut out), Flow::Blocked);
    assert_eq!(out.text, "mail jo.do@example.com and ");
    assert_eq!(out.findings.iter().map(|f| f.kind).collect::<Vec<_>>(), [Kind::Email, Kind::CreditCard]);
}

#[test]
fn what_is_kept_is_reported_and_unchanged() {
    let text = cases().join("\n");
    let kept = DETECTOR.redact(&Policy::all(Operator::Keep), &mut Ledger::default(), &text);
    assert_eq!(kept.text, text);
    assert_eq!(kept.findings, DETECTOR.find(&text));
}

fn pieces() -> impl Strategy<Value = String> {
    let texts = cases();
    let words = prop_oneof![
        4 => proptest::sample::select(texts),
        2 => "[a-zA-Z0-9@.:/+ ()_-]{0,24}",
        1 => "\\PC{0,8}",
        1 => proptest::sample::select(vec![" ", "\n", "\\n", ", ", "=", ": ", "\"", "-----BEGIN PRIVATE KEY-----\n", "://", "é", "電話 "]).prop_map(String::from),
    ];
    proptest::collection::vec(words, 1..6).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cuts_of_any_text_give_the_same(text in pieces(), sizes in proptest::collection::vec(1_usize..9, 1..12)) {
        let policy = Policy::all(Operator::Mask { last: 2 });
        let whole = streamed(&policy, std::iter::once(text.as_str()));
        let (mut chunks, mut from) = (Vec::new(), 0);
        for size in sizes.iter().cycle() {
            if from == text.len() {
                break;
            }
            let to = (from + size..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
            chunks.push(&text[from..to]);
            from = to;
        }
        let cut = streamed(&policy, chunks.into_iter());
        prop_assert_eq!((cut.0, cut.1), (whole.0, whole.1));
    }

    #[test]
    fn findings_are_in_order_and_on_characters(text in pieces()) {
        let mut end = 0;
        for finding in DETECTOR.find(&text) {
            prop_assert!(finding.start >= end && finding.end > finding.start);
            prop_assert!(text.is_char_boundary(finding.start) && text.is_char_boundary(finding.end));
            end = finding.end;
        }
    }
}
