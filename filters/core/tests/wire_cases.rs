//! The cases of `tests/cases/wire/`: what is read from each request. `GOLDEN=write` writes down what is read now.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]
#![allow(clippy::arithmetic_side_effects)]

mod invariant;

use std::fmt::Write as _;
use std::path::PathBuf;

use portcullis_core::json;
use portcullis_core::wire::{self, Limits, Prompt, Source, Unreadable};
use serde_json::{Map, Value, json};

fn files() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/wire");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}

fn cases(file: &PathBuf) -> Vec<Map<String, Value>> {
    let text = std::fs::read(file).unwrap();
    let cases: Vec<Map<String, Value>> =
        serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let keys = ["name", "path", "method", "headers", "body", "body_hex", "body_repeat", "limits", "expect"];
    for case in &cases {
        for key in case.keys() {
            assert!(keys.contains(&key.as_str()), "{}: {key} in {}", file.display(), case["name"]);
        }
    }
    cases
}

fn body(case: &Map<String, Value>) -> Vec<u8> {
    if let Some(hex) = case.get("body_hex") {
        let digits: Vec<u8> = hex.as_str().unwrap().bytes().filter(|byte| *byte != b' ').collect();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        return digits.chunks(2).map(byte).collect();
    }
    if let Some(repeat) = case.get("body_repeat") {
        let part = |key| repeat.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let count = usize::try_from(repeat["count"].as_u64().unwrap()).unwrap();
        let units: Vec<String> = (0..count).map(|index| part("unit").replace("{n}", &index.to_string())).collect();
        return (part("before") + &units.join("") + &part("after")).into_bytes();
    }
    match &case["body"] {
        Value::String(text) => text.clone().into_bytes(),
        value => value.to_string().into_bytes(),
    }
}

fn limits(case: &Map<String, Value>) -> Limits {
    let default = Limits::default();
    let limit = |key: &str, default: usize| {
        let set = case.get("limits").and_then(|limits| limits.get(key)).and_then(Value::as_u64);
        set.map_or(default, |set| usize::try_from(set).unwrap())
    };
    Limits {
        body_bytes: limit("body_bytes", default.body_bytes),
        depth: limit("depth", default.depth),
        values: limit("values", default.values),
    }
}

fn read(case: &Map<String, Value>, body: &[u8]) -> Result<Prompt, Unreadable> {
    let text = |key: &str, default: &'static str| -> String {
        case.get(key).map_or(default, |value| value.as_str().unwrap()).to_owned()
    };
    let header = |name: &str| case.get("headers").and_then(|headers| headers.get(name)).and_then(Value::as_str);
    let (method, path) = (text("method", "POST"), text("path", "/"));
    let request = wire::Request {
        method: method.as_bytes(),
        path: path.as_bytes(),
        content_type: header("content-type").map(str::as_bytes),
        anthropic: header("anthropic-version").is_some(),
        body,
    };
    wire::read(&request, &limits(case))
}

/// What the corpus says of a reading, in the order of the body.
fn describe(read: &Result<Prompt, Unreadable>, body: &[u8]) -> Value {
    let prompt = match read {
        Ok(prompt) => prompt,
        Err(why) => return json!({ "unreadable": why.name() }),
    };
    let raw = |span: wire::Span| String::from_utf8(span.of(body).to_vec()).unwrap();
    let texts: Vec<Value> = prompt
        .texts
        .iter()
        .map(|text| {
            let unescaped = json::unescape(body, text.span).expect("the place of a string");
            assert_eq!(text.escaped, raw(text.span) != unescaped.text(), "`escaped` is what it says");
            let role = text.role.name();
            let role = if text.source == Source::Unrecognised { format!("{role}?") } else { role.to_owned() };
            json!([role, unescaped.text()])
        })
        .collect();
    let skipped: Vec<Value> = prompt.skipped.iter().map(|part| json!([part.reason.name(), raw(part.span)])).collect();
    json!({
        "dialect": prompt.dialect.name(),
        "model": prompt.model.map(raw),
        "stream": prompt.stream,
        "texts": texts,
        "skipped": skipped,
    })
}

/// The corpus as it is kept: a line for each key, and in `expect` for each text.
fn render(cases: &[Map<String, Value>]) -> String {
    let mut out = String::from("[\n");
    for (index, case) in cases.iter().enumerate() {
        out.push_str("  {\n");
        for (index, (key, value)) in case.iter().enumerate() {
            let value = if key == "expect" { expect(value) } else { value.to_string() };
            let comma = if index + 1 < case.len() { "," } else { "" };
            writeln!(out, "    {}: {value}{comma}", Value::from(key.as_str())).unwrap();
        }
        out.push_str(if index + 1 < cases.len() { "  },\n" } else { "  }\n" });
    }
    out + "]\n"
}

fn expect(value: &Value) -> String {
    let members: Vec<String> = value
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| match value.as_array() {
            Some(rows) if !rows.is_empty() => {
                let rows: Vec<String> = rows.iter().map(|row| format!("        {row}")).collect();
                format!("      \"{key}\": [\n{}\n      ]", rows.join(",\n"))
            }
            _ => format!("      \"{key}\": {value}"),
        })
        .collect();
    format!("{{\n{}\n    }}", members.join(",\n"))
}

#[test]
fn every_case_is_read_as_it_says() {
    let write = std::env::var("GOLDEN").is_ok_and(|golden| golden == "write");
    let mut names = std::collections::HashSet::new();
    let mut wrong = Vec::new();
    for file in files() {
        let mut cases = cases(&file);
        for case in &mut cases {
            let name = case["name"].as_str().unwrap().to_owned();
            assert!(names.insert(name.clone()), "{name} stands twice");
            let body = body(case);
            let read = read(case, &body);
            if let Ok(prompt) = &read {
                invariant::check(&body, &limits(case), prompt);
            }
            let got = describe(&read, &body);
            if case.get("expect") != Some(&got) {
                wrong.push(format!("{name}: got {}", expect(&got)));
            }
            case.insert("expect".to_owned(), got);
        }
        if write {
            std::fs::write(&file, render(&cases)).unwrap();
        }
    }
    assert!(names.len() >= 80, "the corpus is there: {} cases", names.len());
    assert!(write || wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_body_that_is_cut_off_anywhere_is_unreadable() {
    for case in files().iter().flat_map(cases) {
        let body = body(&case);
        if body.len() > 4096 || read(&case, &body).is_err() {
            continue;
        }
        for end in 0..body.trim_ascii_end().len() {
            assert!(read(&case, &body[..end]).is_err(), "{} cut at {end}", case["name"]);
        }
    }
}
