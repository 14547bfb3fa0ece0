//! Any bytes as JSON: the same documents are accepted as by serde_json, with the same content, and every place is true.
//!
//! Decided differences: duplicate names are refused; numbers of any size are accepted, since none is converted; a
//! document beyond the limits is refused. What is refused for its encoding serde_json refuses as well.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_core::json::{self, Kind, Str, Value};
use portcullis_core::wire::{Limits, Unreadable};

/// serde_json goes to 127 levels.
const LIMITS: Limits = Limits { body_bytes: 1 << 20, depth: 100, values: 100_000 };

/// Strings up to here are looked up from every place to every other.
const PAIRS: usize = 48;

fuzz_target!(|body: &[u8]| {
    let theirs = serde_json::from_slice::<serde_json::Value>(body);
    match json::parse(body, &LIMITS) {
        Ok(document) => {
            places(body, document.root());
            serde_json::from_slice::<serde::de::IgnoredAny>(body).expect("they read it as well");
            // They have no value for numbers beyond f64.
            if let Ok(theirs) = theirs {
                same(document.root(), &theirs);
            }
        }
        Err(Unreadable::Malformed | Unreadable::Encoding) => assert!(theirs.is_err(), "they accept it"),
        Err(Unreadable::DuplicateKey | Unreadable::Depth | Unreadable::Complexity) => {}
        Err(other) => panic!("{other:?} is no reason of a parser"),
    }
});

fn same(ours: Value<'_>, theirs: &serde_json::Value) {
    match (ours.kind(), theirs) {
        (Kind::Null, serde_json::Value::Null) | (Kind::Number, serde_json::Value::Number(_)) => {}
        (Kind::True | Kind::False, serde_json::Value::Bool(theirs)) => assert_eq!(ours.bool(), Some(*theirs)),
        (Kind::String, serde_json::Value::String(theirs)) => assert!(ours.is(theirs)),
        (Kind::Array, serde_json::Value::Array(theirs)) => {
            assert_eq!(ours.items().count(), theirs.len());
            ours.items().zip(theirs).for_each(|(ours, theirs)| same(ours, theirs));
        }
        (Kind::Object, serde_json::Value::Object(theirs)) => {
            assert_eq!(ours.entries().count(), theirs.len());
            for (key, value) in ours.entries() {
                same(value, &theirs[&*key.text()]);
            }
        }
        (ours, _) => panic!("{ours:?} is something else for them"),
    }
}

/// Nodes lie inside one another and behind one another, and strings lead back to their bytes.
fn places(body: &[u8], root: Value<'_>) {
    let mut last = 0;
    for node in root.nodes() {
        let span = node.span();
        assert!(last <= span.start && span.start <= span.end && span.end as usize <= body.len());
        last = span.start;
        if let Some(string) = node.string() {
            back(body, string);
        } else {
            let text = core::str::from_utf8(span.of(body)).expect("on boundaries of characters");
            assert!(!text.is_empty() && !text.starts_with(' ') && !text.ends_with(' '));
        }
    }
}

fn back(body: &[u8], string: Str<'_>) {
    let unescaped = json::unescape(body, string.span()).expect("the place of a string");
    let text = unescaped.text();
    assert!(string.bytes().eq(text.bytes()));
    assert_eq!(string.text(), text);
    assert!(string.is(text));
    assert_eq!(string.escaped(), string.raw() != text);
    assert_eq!(unescaped.span(0..text.len()), string.span());
    if text.len() > PAIRS {
        return;
    }
    let cuts: Vec<usize> = (0..=text.len()).filter(|cut| text.is_char_boundary(*cut)).collect();
    for &start in &cuts {
        for &end in cuts.iter().filter(|end| **end >= start) {
            let part = json::unescape(body, unescaped.span(start..end)).expect("a place inside of a string");
            assert_eq!(part.text(), &text[start..end]);
        }
    }
}
