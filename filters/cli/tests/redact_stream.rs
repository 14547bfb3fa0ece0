//! `portcullis redact --stream` on the cases of answers, whole and byte by byte.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test"
)]

#[path = "../../core/tests/streams/mod.rs"]
mod streams;

use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use streams::{Case, cases};

/// The answers to these lines, and whether the command was content.
fn redacted(lines: &[Value]) -> (Vec<Value>, bool) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(["redact", "--stream"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    (answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), output.status.success())
}

fn line(case: &Case, sizes: Option<Vec<usize>>) -> Value {
    json!({
        "id": case.title(),
        "path": "/v1/chat/completions",
        "content_type": case.content_type,
        "content_encoding": case.content_encoding,
        "body_b64": STANDARD.encode(&case.body),
        "chunk_sizes": sizes,
    })
}

#[test]
fn the_texts_of_every_case_are_redacted_in_every_plan() {
    let plans = |case: &Case| [None, Some(vec![1; case.body.len()]), Some(vec![7; case.body.len() / 7])];
    let lines: Vec<Value> = cases().iter().flat_map(|case| plans(case).map(|plan| line(case, plan))).collect();
    let (answers, well) = redacted(&lines);
    assert!(well && answers.len() == lines.len());
    for (case, answers) in cases().iter().zip(answers.chunks(3)) {
        let bodies: Vec<Vec<u8>> = answers
            .iter()
            .map(|answer| {
                assert_eq!(answer["id"], json!(case.title()));
                assert_eq!(answer["plan"], "given");
                STANDARD.decode(answer["body_b64"].as_str().unwrap()).unwrap()
            })
            .collect();
        let texts = case.texts(&bodies[0]);
        for (name, text) in &case.channels {
            assert_eq!(texts.get(name), Some(text), "{}: {name}", case.title());
        }
        let shown = String::from_utf8_lossy(&bodies[0]);
        assert!(case.gone.iter().all(|gone| !shown.contains(gone)), "{}: {shown}", case.title());
        assert!(case.has.iter().all(|has| shown.contains(has)), "{}: {shown}", case.title());
        assert!(!case.unchanged || bodies[0] == case.plain, "{}", case.title());
        assert!(bodies[1] == bodies[0] && bodies[2] == bodies[0], "{} differs by its cuts", case.title());
    }
}

#[test]
fn bytes_are_counted_as_they_leave() {
    let case = cases().iter().find(|case| case.name == "a chat in chunks").unwrap();
    let (answers, _) = redacted(&[line(case, Some(vec![100; case.body.len() / 100]))]);
    let sizes: Vec<usize> = serde_json::from_value(answers[0]["chunks_out"].clone()).unwrap();
    assert_eq!(sizes.len(), case.body.len() / 100 + 1);
    let body = STANDARD.decode(answers[0]["body_b64"].as_str().unwrap()).unwrap();
    assert_eq!(sizes.iter().sum::<usize>(), body.len());
    assert!(sizes.iter().filter(|size| **size > 0).count() > 3, "it streams: {sizes:?}");
}

#[test]
fn a_line_that_cannot_be_read_is_an_error_with_its_id() {
    let (answers, well) = redacted(&[
        json!({ "id": 1, "body_b64": "*" }),
        json!({ "id": 2 }),
        json!({ "id": 3, "body_b64": "aGk=", "chunk_sizes": [3] }),
        json!({ "id": 4, "body_b64": "aGk=", "content_type": "application/grpc" }),
        json!({ "id": 5, "body_b64": "aGk=", "content_type": "text/plain" }),
    ]);
    assert!(!well);
    for (answer, id) in answers.iter().zip(1..) {
        assert_eq!(answer["id"], json!(id));
        assert_eq!(answer.get("error").is_some(), id < 5, "{answer}");
    }
    assert_eq!(answers[4]["body_b64"], "aGk=");
}

/// The pieces of a text: about what models write as one token, or of 2 to 6 characters.
fn pieces(text: &str, tokens: bool) -> Vec<String> {
    let (mut pieces, mut piece, mut seed) = (Vec::new(), String::new(), 7_u32);
    let mut most = 4;
    for character in text.chars() {
        let length = piece.chars().count();
        let breaks = match tokens {
            true => {
                !character.is_alphanumeric() || length > 4 || piece.ends_with(|last: char| last.is_ascii_punctuation())
            }
            false => length == most,
        };
        if breaks && !piece.is_empty() {
            pieces.push(std::mem::take(&mut piece));
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            most = 2 + (seed >> 16) as usize % 5;
        }
        piece.push(character);
    }
    pieces.push(piece);
    pieces
}

#[test]
fn prose_waits_for_a_few_characters_and_mostly_passes_as_it_came() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/streams");
    let prose = std::fs::read_to_string(folder.join("prose.txt")).unwrap();
    let like = cases().iter().find(|case| case.name == "a chat in chunks").unwrap();
    // Of a token, the space before a word waits with it.
    for (tokens, most_mean, least_same) in [(true, 5.0, 90), (false, 4.0, 30)] {
        let event = |delta: Value, reason: Value| {
            let event = json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": reason }] });
            format!("data: {event}\n\n").into_bytes()
        };
        let pieces = pieces(&prose, tokens);
        let mut events: Vec<_> = pieces.iter().map(|piece| event(json!({ "content": piece }), Value::Null)).collect();
        events.push(event(json!({}), json!("stop")));
        let (answers, _) = redacted(&[json!({
            "id": 1,
            "content_type": "text/event-stream",
            "body_b64": STANDARD.encode(events.concat()),
            "chunk_sizes": events.iter().map(Vec::len).collect::<Vec<_>>(),
        })]);
        let body = STANDARD.decode(answers[0]["body_b64"].as_str().unwrap()).unwrap();
        let sizes: Vec<usize> = serde_json::from_value(answers[0]["chunks_out"].clone()).unwrap();
        let name = "choices#0.delta.content";
        assert_eq!(like.texts(&body)[name], prose, "prose holds nothing to redact");
        let (mut given, mut out, mut held) = (0, 0, Vec::new());
        for (piece, size) in pieces.iter().zip(&sizes) {
            given += piece.chars().count();
            out += size;
            let text = like.texts(&body[..out]);
            held.push(given - text.get(name).map_or(0, |text| text.chars().count()));
        }
        held.sort_unstable();
        let mean = held.iter().sum::<usize>() as f64 / held.len() as f64;
        let (p99, most) = (held[held.len() * 99 / 100], held[held.len() - 1]);
        let added = body.windows(7).filter(|seven| seven == b"\ndata: ").count() + 1 - events.len();
        let events: Vec<String> = events.iter().map(|event| String::from_utf8_lossy(event).into_owned()).collect();
        let body = String::from_utf8(body).unwrap();
        let same = body.split_inclusive("\n\n").filter(|event| events.iter().any(|before| before == event)).count();
        let (same, pieces) = (same * 100 / events.len(), pieces.len());
        println!(
            "{pieces} deltas: characters held {mean:.2} mean, {p99} p99, {most} most; {same} % of events as they came"
        );
        assert!(mean <= most_mean && p99 <= 16, "held {mean:.2} mean, {p99} p99");
        assert!(same >= least_same, "{same} % of events are as they came");
        assert!(added <= 1, "{added} events were added");
    }
}
