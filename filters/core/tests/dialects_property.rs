//! No string of a request is lost in any dialect, whatever the request looks like and wherever it is sent.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![allow(clippy::expect_used, clippy::arithmetic_side_effects)]

mod invariant;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use portcullis_core::wire::{self, Limits, Request};
use proptest::prelude::*;
use serde_json::{Map, Value};

/// What the cases are made of: every body, and the names and strings in them.
struct Vocabulary {
    bodies: Vec<Value>,
    paths: Vec<String>,
    names: Vec<String>,
    strings: Vec<String>,
}

fn vocabulary() -> Vocabulary {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
    let (mut bodies, mut paths) = (Vec::new(), BTreeSet::from(["/".to_owned()]));
    let (mut names, mut strings) = (BTreeSet::new(), BTreeSet::new());
    for folder in ["requests", "wire"] {
        for file in std::fs::read_dir(cases.join(folder)).unwrap().map(|entry| entry.unwrap().path()) {
            let Ok(Value::Array(rows)) = serde_json::from_slice(&std::fs::read(&file).unwrap()) else { continue };
            for row in rows {
                paths.extend(row["path"].as_str().map(str::to_owned));
                if row["body"].is_object() || row["body"].is_array() {
                    gather(&row["body"], &mut names, &mut strings);
                    bodies.push(row["body"].clone());
                }
            }
        }
    }
    strings.extend(["caf\u{e9}", "line\nbreak \"quoted\" \\", " ", "", "\u{1f600} \u{0}"].map(str::to_owned));
    names.extend(["", "unheard of"].map(str::to_owned));
    strings.extend(names.iter().cloned());
    let list = |set: BTreeSet<String>| set.into_iter().collect();
    Vocabulary { bodies, paths: list(paths), names: list(names), strings: list(strings) }
}

fn gather(value: &Value, names: &mut BTreeSet<String>, strings: &mut BTreeSet<String>) {
    match value {
        Value::String(string) => _ = strings.insert(string.clone()),
        Value::Array(items) => items.iter().for_each(|item| gather(item, names, strings)),
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            names.insert(name.clone());
            gather(value, names, strings);
        }),
        _ => {}
    }
}

/// `value` with what `seed` says put in the place of some of it: strings, whole values, names.
fn mutate(value: &Value, words: &Vocabulary, seed: &mut impl FnMut(usize) -> usize) -> Value {
    match seed(40) {
        0 => return Value::from(words.strings[seed(words.strings.len())].as_str()),
        1 => return words.bodies[seed(words.bodies.len())].clone(),
        2 => return Value::from(vec![Value::from(seed(9)), Value::from(seed(9))]),
        3 => return Value::Object(Map::from_iter([(words.names[seed(words.names.len())].clone(), value.clone())])),
        4 => return Value::from(vec![value.clone(), words.strings[seed(words.strings.len())].as_str().into()]),
        _ => {}
    }
    match value {
        Value::Array(items) => items.iter().map(|item| mutate(item, words, seed)).collect(),
        Value::Object(members) => {
            let mut mutated = BTreeMap::new();
            for (name, value) in members {
                let name = if seed(12) == 0 { &words.names[seed(words.names.len())] } else { name };
                mutated.insert(name.clone(), mutate(value, words, seed));
            }
            if seed(4) == 0 {
                let (name, body) = (seed(words.names.len()), seed(words.bodies.len()));
                mutated.insert(words.names[name].clone(), words.bodies[body].clone());
            }
            mutated.into_iter().collect()
        }
        other => other.clone(),
    }
}

/// Members of a second body beside those of the first.
fn merge(first: Value, second: &Value) -> Value {
    match (first, second) {
        (Value::Object(mut members), Value::Object(others)) => {
            others.iter().for_each(|(name, value)| {
                members.entry(name).or_insert_with(|| value.clone());
            });
            Value::Object(members)
        }
        (first, _) => first,
    }
}

#[test]
fn every_string_ends_in_one_place_in_every_dialect() {
    let words = vocabulary();
    assert!(words.bodies.len() > 250 && words.paths.len() > 30, "{} bodies", words.bodies.len());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(8000)
    });
    let read = std::cell::Cell::new(0_u32);
    let limits = Limits::default();
    runner
        .run(&(any::<u64>(), any::<bool>()), |(seed, escaped)| {
            let mut state = seed | 1;
            let mut next = |below: usize| {
                // xorshift64 (Marsaglia).
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                usize::try_from((state >> 11) % below as u64).unwrap()
            };
            let mut document = words.bodies[next(words.bodies.len())].clone();
            if next(3) == 0 {
                document = merge(document, &words.bodies[next(words.bodies.len())]);
            }
            let document = mutate(&document, &words, &mut next);
            let path = &words.paths[next(words.paths.len())];
            let mut body = document.to_string();
            if escaped {
                // The same document, spelled differently.
                body = body.replace('e', "\\u0065").replace("tru\\u0065", "true").replace("fals\\u0065", "false");
            }
            let content_type = None;
            let body = body.as_bytes();
            let request = Request { method: b"POST", path: path.as_bytes(), content_type, anthropic: false, body };
            if let Ok(prompt) = wire::read(&request, &limits) {
                invariant::check(body, &limits, &prompt);
                read.set(read.get() + 1);
            }
            Ok(())
        })
        .unwrap();
    assert!(read.get() > 4000, "only {} were read", read.get());
}
