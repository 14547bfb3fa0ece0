//! Every case of an answer, in every cut: the same bytes leave, with the texts that the case names.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test"
)]

mod streams;

use std::collections::BTreeMap;

use portcullis_core::answer::{Answer, Channel, Editor, Flow, Head, Limits, Progress, Usage};
use portcullis_core::wire::Unreadable;
use proptest::prelude::*;
use streams::{Case, cases, cut};

/// Replaces words with an `@` and long numbers; holds the last word. Reads as little as a redactor can.
#[derive(Default)]
struct Words {
    open: BTreeMap<u32, String>,
    /// What it puts in the place of a word, when not its marker.
    keep: bool,
    most_held: usize,
}

impl Words {
    fn word(&self, word: &str, out: &mut String) {
        let number = word.len() > 12 && word.bytes().all(|byte| byte.is_ascii_digit());
        match word {
            word if self.keep => out.push_str(word),
            word if word.contains('@') => out.push_str("[EMAIL]"),
            _ if number => out.push_str("[NUMBER]"),
            word => out.push_str(word),
        }
    }
}

impl Editor for Words {
    fn text(&mut self, channel: &Channel, chunk: &str, out: &mut String) -> Flow {
        assert!(!chunk.is_empty());
        let mut text = self.open.remove(&channel.id).unwrap_or_default() + chunk;
        let word = |c: char| c.is_alphanumeric() || "@.+-_".contains(c);
        let held = text.split_off(text.trim_end_matches(word).len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find(|c| !word(c)) {
            self.word(&rest[..at], out);
            let next = at + rest[at..].chars().next().unwrap().len_utf8();
            out.push_str(&rest[at..next]);
            rest = &rest[next..];
        }
        self.most_held = self.most_held.max(held.len());
        let flow = Flow::Open { held: held.len() };
        self.open.insert(channel.id, held);
        flow
    }

    fn end(&mut self, channel: &Channel, out: &mut String) -> Flow {
        let held = self.open.remove(&channel.id).unwrap_or_default();
        self.word(&held, out);
        Flow::Open { held: 0 }
    }
}

/// Writes what it is given.
struct Same;

impl Editor for Same {
    fn text(&mut self, _: &Channel, chunk: &str, out: &mut String) -> Flow {
        out.push_str(chunk);
        Flow::Open { held: 0 }
    }

    fn end(&mut self, _: &Channel, _: &mut String) -> Flow {
        Flow::Open { held: 0 }
    }
}

fn open(case: &Case) -> Answer {
    open_with(case, Limits::default())
}

fn open_with(case: &Case, limits: Limits) -> Answer {
    let head = Head {
        content_type: Some(case.content_type.as_bytes()),
        content_encoding: case.content_encoding.as_deref().map(str::as_bytes),
    };
    Answer::open(&head, limits).unwrap()
}

fn run<'b>(case: &Case, editor: &mut dyn Editor, chunks: impl IntoIterator<Item = &'b [u8]>) -> (Vec<u8>, Usage) {
    let (mut answer, mut out) = (open(case), Vec::new());
    for chunk in chunks {
        assert_eq!(answer.push(chunk, editor, &mut out), Ok(Progress::Open), "{}", case.title());
    }
    assert_eq!(answer.finish(editor, &mut out), Ok(Progress::Open), "{}", case.title());
    assert_eq!(answer.held_bytes(), 0, "{}", case.title());
    (out, answer.usage())
}

fn redacted(case: &Case) -> Vec<u8> {
    run(case, &mut Words::default(), [case.body.as_slice()]).0
}

/// Whether a string is one that each event of a stream says again: so does an event that is added.
fn repeated(name: &str) -> bool {
    let last = name.rsplit(['.', ' ']).next().unwrap_or_default();
    ["type", "id", "role", "model", "created_at", "p", "kind", "jsonrpc", "event_type"].contains(&last)
}

#[test]
fn the_texts_of_every_case_are_redacted_and_nothing_else() {
    for case in cases() {
        let title = case.title();
        let (out, usage) = run(case, &mut Words::default(), [case.body.as_slice()]);
        let (before, after) = (case.texts(&case.plain), case.texts(&out));
        for (name, text) in &case.channels {
            assert_eq!(after.get(name), Some(text), "{title}: {name}");
        }
        for name in &case.json {
            serde_json::from_str::<serde_json::Value>(&after[name])
                .unwrap_or_else(|why| panic!("{title}: {name}: {why}"));
        }
        let shown = String::from_utf8_lossy(&out);
        for gone in &case.gone {
            assert!(!shown.contains(gone), "{title}: {gone} in {shown}");
        }
        for has in &case.has {
            assert!(shown.contains(has), "{title}: no {has} in {shown}");
        }
        if case.unchanged {
            assert!(out == case.plain, "{title}: {shown}");
        }
        if case.numbered {
            assert_eq!(case.numbers(&out), case.numbers(&case.plain), "{title}");
        }
        if let Some([input, output, total]) = case.usage {
            assert_eq!(usage, Usage { input, output, total }, "{title}");
        }
        // Every text that is not named stands where it stood, unless it repeated or vouched for one.
        for (name, text) in before {
            let follows = ["token", "signature"].iter().any(|word| name.to_lowercase().contains(word));
            let edited = text.contains('@') || text.contains("4111") || text.contains("\\u0040");
            if !case.channels.contains_key(&name) && !repeated(&name) && !follows && !edited && case.gone.is_empty() {
                assert_eq!(after.get(&name), Some(&text), "{title}: {name}");
            }
        }
    }
}

#[test]
fn every_single_cut_gives_the_same_bytes() {
    for case in cases() {
        let whole = redacted(case);
        for at in 0..=case.body.len() {
            let (head, tail) = case.body.split_at(at);
            let (out, _) = run(case, &mut Words::default(), [head, tail]);
            assert!(out == whole, "{} cut at {at}", case.title());
        }
    }
}

#[test]
fn what_an_editor_leaves_is_left_byte_for_byte() {
    for case in cases() {
        for chunks in [cut(&case.body, &[case.body.len()]), cut(&case.body, &[1]), cut(&case.body, &[7, 2, 31])] {
            let (out, _) = run(case, &mut Same, chunks);
            assert!(out == case.plain, "{}", case.title());
        }
    }
}

#[test]
fn holding_alone_changes_no_text() {
    for case in cases() {
        let mut editor = Words { keep: true, ..Words::default() };
        let (out, _) = run(case, &mut editor, [case.body.as_slice()]);
        let (before, after) = (case.texts(&case.plain), case.texts(&out));
        assert!(before.keys().eq(after.keys()), "{}", case.title());
        for (name, text) in before.into_iter().filter(|(name, _)| !repeated(name)) {
            assert_eq!(after[&name], text, "{}: {name}", case.title());
        }
    }
}

#[test]
fn units_that_may_not_wait_leave_their_texts_to_others() {
    for case in cases() {
        let mut answer = open_with(case, Limits { held_bytes: 0, ..Limits::default() });
        let (mut editor, mut out) = (Words::default(), Vec::new());
        answer.push(&case.body, &mut editor, &mut out).unwrap();
        answer.finish(&mut editor, &mut out).unwrap();
        let texts = case.texts(&out);
        for (name, text) in &case.channels {
            assert_eq!(texts.get(name), Some(text), "{}: {name}", case.title());
        }
    }
}

#[test]
fn nothing_leaves_that_may_still_become_a_finding() {
    for case in cases().iter().filter(|case| case.streams()) {
        let whole = case.texts(&redacted(case));
        let (mut answer, mut editor, mut out, mut seen) = (open(case), Words::default(), Vec::new(), 0);
        for byte in &case.body {
            answer.push(&[*byte], &mut editor, &mut out).unwrap();
            if out.len() == seen {
                continue;
            }
            seen = out.len();
            for (name, text) in case.texts(&out) {
                assert!(whole[&name].starts_with(&text), "{}: {name}: {text}", case.title());
            }
        }
    }
}

/// Ends the answer at a `!`.
struct Strict;

impl Editor for Strict {
    fn text(&mut self, _: &Channel, chunk: &str, out: &mut String) -> Flow {
        match chunk.split_once('!') {
            Some((before, _)) => {
                out.push_str(before);
                Flow::Blocked
            }
            None => {
                out.push_str(chunk);
                Flow::Open { held: 0 }
            }
        }
    }

    fn end(&mut self, _: &Channel, _: &mut String) -> Flow {
        Flow::Open { held: 0 }
    }
}

#[test]
fn an_answer_that_an_editor_ends_has_the_end_of_its_dialect() {
    let (sse, lines, json) = ("text/event-stream", "application/x-ndjson", "application/json");
    let rows = [
        (
            sse,
            r#"data: {"choices":[{"index":1,"delta":{"content":"$"}}]}"#,
            "\n\n",
            r#"data: {"choices":[{"index":1,"delta":{},"finish_reason":"content_filter"}]}"#,
        ),
        (
            sse,
            r#"data: {"type":"content_block_delta","index":3,"delta":{"type":"text_delta","text":"$"}}"#,
            "\n\n",
            r#"data: {"type":"content_block_stop","index":3}"#,
        ),
        (
            sse,
            r#"data: {"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"$"}"#,
            "\n\n",
            r#"data: {"type":"response.incomplete""#,
        ),
        (
            json,
            r#"[{"candidates":[{"index":0,"content":{"parts":[{"text":"$"}]}}]}"#,
            ",",
            r#",{"candidates":[{"index":0,"finishReason":"SAFETY"}]}]"#,
        ),
        (lines, r#"{"message":{"content":"$"},"done":false}"#, "\n", r#""done":true,"done_reason":"content_filter"}"#),
    ];
    for (content_type, unit, gap, end) in rows {
        let unit = |text: &str| unit.replace('$', text);
        let body = unit("good") + gap + unit("so far! no more").trim_start_matches('[') + gap;
        let head = Head { content_type: Some(content_type.as_bytes()), content_encoding: None };
        let mut answer = Answer::open(&head, Limits::default()).unwrap();
        let mut out = Vec::new();
        assert_eq!(answer.push(body.as_bytes(), &mut Strict, &mut out), Ok(Progress::Ended));
        assert_eq!(answer.push(b"more", &mut Strict, &mut out), Ok(Progress::Ended));
        assert_eq!(answer.finish(&mut Strict, &mut out), Ok(Progress::Ended));
        let shown = String::from_utf8(out).unwrap();
        assert!(shown.contains("so far") && !shown.contains("more") && shown.contains(end), "{shown}");
        assert_eq!(answer.held_bytes(), 0);
    }
    // A document is cut within, and stays one; what comes after the cut is not read and must not be seen.
    let body =
        br#"{"choices":[{"index":0,"message":{"content":"so far! no more","refusal":"no more"}}],"x":"no more"}"#;
    let head = Head { content_type: Some(b"application/json"), content_encoding: None };
    let mut answer = Answer::open(&head, Limits::default()).unwrap();
    let mut out = Vec::new();
    assert_eq!(answer.push(body, &mut Strict, &mut out), Ok(Progress::Ended));
    let want = r#"{"choices":[{"index":0,"message":{"content":"so far","refusal":""}}],"x":""}"#;
    assert_eq!(String::from_utf8(out).unwrap(), want);
}

#[test]
fn what_is_left_of_a_text_comes_before_its_end() {
    let stop = r#"data: {"type":"content_block_stop","index":0}"#;
    let rows = [
        (
            r#"data: {"choices":[{"index":0,"delta":{"content":"two words"}}]}"#,
            r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
        ),
        (r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"two words"}}"#, stop),
        (r#"data: {"choices":[{"index":0,"delta":{"content":"two words"}}]}"#, "data: [DONE]"),
    ];
    for (text, end) in rows {
        let head = Head { content_type: Some(b"text/event-stream"), content_encoding: None };
        let mut answer = Answer::open(&head, Limits::default()).unwrap();
        let (mut editor, mut out) = (Words::default(), Vec::new());
        answer.push(format!("{text}\n\n").as_bytes(), &mut editor, &mut out).unwrap();
        let first = text.replace("two words", "two ") + "\n\n";
        assert_eq!(String::from_utf8_lossy(&out), first, "what is settled leaves");
        answer.push(format!("{end}\n\n").as_bytes(), &mut editor, &mut out).unwrap();
        let second = text.replace("two words", "words");
        assert_eq!(String::from_utf8_lossy(&out), format!("{first}{second}\n\n{end}\n\n"));
    }
}

#[test]
fn a_text_that_does_not_go_on_holds_no_other_up() {
    let event = |name: &str, text: &str| {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"{name}\":\"{text}\"}}}}]}}\n\n")
    };
    let head = Head { content_type: Some(b"text/event-stream"), content_encoding: None };
    let mut answer = Answer::open(&head, Limits::default()).unwrap();
    let (mut editor, mut out) = (Words::default(), Vec::new());
    answer.push(event("reasoning_content", "jo@exa").as_bytes(), &mut editor, &mut out).unwrap();
    for _ in 0..20 {
        answer.push(event("content", " word").as_bytes(), &mut editor, &mut out).unwrap();
    }
    let shown = String::from_utf8(out.clone()).unwrap();
    assert!(shown.matches(" word").count() > 15 && !shown.contains("jo@"), "{shown}");
    // What was left behind is still one text with what follows.
    answer.push(event("reasoning_content", "mple.net on").as_bytes(), &mut editor, &mut out).unwrap();
    answer.finish(&mut editor, &mut out).unwrap();
    let shown = String::from_utf8(out).unwrap();
    assert!(shown.ends_with(&event("reasoning_content", "[EMAIL] on")), "{shown}");
}

#[test]
fn memory_is_bounded_however_long_an_answer_is() {
    let head = Head { content_type: Some(b"text/event-stream"), content_encoding: None };
    let mut answer = Answer::open(&head, Limits::default()).unwrap();
    let (mut editor, mut out, mut most, mut total) = (Words::default(), Vec::new(), 0, 0);
    let event =
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" some words to say and a jo@example.net\"}}]}\n\n";
    let part = event.repeat(64);
    for _ in 0..1_000 {
        answer.push(part.as_bytes(), &mut editor, &mut out).unwrap();
        total += part.len();
        most = most.max(answer.held_bytes() + out.len());
        out.clear();
    }
    assert!(total > 6_000_000 && most < 2 * part.len(), "{most} of {total}");
    // One word without an end: the editor holds it, the queue does not grow with it.
    let word = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"aaaa\"}}]}\n\n";
    for _ in 0..2_000 {
        answer.push(word.as_bytes(), &mut editor, &mut out).unwrap();
        assert!(answer.held_bytes() <= Limits::default().held_bytes + 1_024);
    }
}

#[test]
fn what_breaks_off_is_dropped() {
    let case = cases().iter().find(|case| case.name == "a chat in chunks").unwrap();
    let (mut answer, mut editor, mut out) = (open(case), Words::default(), Vec::new());
    let at = case.body.windows(3).position(|three| three == b"doe").map_or(case.body.len() / 2, |at| at);
    answer.push(&case.body[..at], &mut editor, &mut out).unwrap();
    let gone = out.len();
    assert!(answer.abort() > 0);
    assert_eq!(answer.push(&case.body[at..], &mut editor, &mut out), Ok(Progress::Ended));
    assert_eq!(answer.finish(&mut editor, &mut out), Ok(Progress::Ended));
    assert_eq!((out.len(), answer.held_bytes()), (gone, 0));
}

#[test]
fn a_body_that_cannot_be_read_passes_whole_where_it_is_let() {
    let deep = format!("data: {}\n\n", "[".repeat(99) + &"]".repeat(99));
    let twice = "data: {\"a\":1,\"a\":2}\n\n".to_owned();
    let bytes = "data: {\"a\":\"\u{0}\"}\n\n".replace('\u{0}', "\u{FFFD}").into_bytes();
    let broken: Vec<u8> = bytes.iter().map(|byte| if *byte == 0xEF { 0xFF } else { *byte }).collect();
    for (body, why) in [
        (deep.into_bytes(), Unreadable::Depth),
        (twice.into_bytes(), Unreadable::DuplicateKey),
        (broken, Unreadable::Encoding),
        ([b"data: ", "a".repeat(2_000_000).as_bytes()].concat(), Unreadable::Size),
    ] {
        let before = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"jo@example.net\"}}]}\n\n";
        let body = [before.as_bytes(), &body, b"data: x@y\n\n"].concat();
        for chunks in [cut(&body, &[body.len()]), cut(&body, &[1_000, 3])] {
            let head = Head { content_type: Some(b"text/event-stream"), content_encoding: None };
            let mut answer = Answer::open(&head, Limits::default()).unwrap();
            let (mut editor, mut out, mut failed) = (Words::default(), Vec::new(), None);
            for chunk in chunks {
                if let Err(why) = answer.push(chunk, &mut editor, &mut out) {
                    assert_eq!(failed, None, "it fails once");
                    failed = Some(why);
                    assert!(!String::from_utf8_lossy(&out).contains("jo"), "{why:?}");
                    answer.pass(&mut editor, &mut out);
                }
            }
            answer.finish(&mut editor, &mut out).unwrap();
            assert_eq!(failed, Some(why));
            let shown = String::from_utf8_lossy(&out);
            assert!(shown.contains("\"[EMAIL]\"") && shown.ends_with("data: x@y\n\n"), "{why:?}");
            let tail = &body[before.len()..];
            assert!(out.ends_with(tail), "{why:?}");
        }
    }
}

#[test]
fn a_head_says_what_cannot_be_read() {
    let open = |content_type: &[u8], coding: Option<&[u8]>| {
        let head = Head { content_type: Some(content_type), content_encoding: coding };
        Answer::open(&head, Limits::default()).err()
    };
    assert_eq!(open(b"application/grpc", None), Some(Unreadable::Format));
    assert_eq!(open(b"application/json", Some(b"lzma")), Some(Unreadable::Compressed));
    assert_eq!(open(b"Application/JSON; charset=utf-8", Some(b"identity")), None);
    assert_eq!(open(b"image/png", None), None);
    for charset in ["utf-16", "UTF-16LE", "utf-7", "ibm037", "\"shift_jis\"", "utf-8; charset=utf-32"] {
        for content_type in ["text/plain", "application/json", "text/event-stream"] {
            let content_type = format!("{content_type}; charset={charset}");
            assert_eq!(open(content_type.as_bytes(), None), Some(Unreadable::Charset), "{content_type}");
        }
    }
    assert_eq!(open(b"text/plain; charset=iso-8859-1", None), None);
}

#[test]
fn a_text_that_begins_like_utf_16_is_not_read() {
    let head = Head { content_type: Some(b"text/plain"), content_encoding: None };
    for begin in [&b"\xFF\xFEj\0o\0"[..], b"\xFE\xFF\0j\0o", b"\0\0\xFE\xFF"] {
        let mut answer = Answer::open(&head, Limits::default()).unwrap();
        let (mut editor, mut out) = (Words::default(), Vec::new());
        assert_eq!(answer.push(&begin[..1], &mut editor, &mut out), Err(Unreadable::Encoding));
        answer.pass(&mut editor, &mut out);
        answer.push(&begin[1..], &mut editor, &mut out).unwrap();
        assert_eq!(out, begin, "a policy that lets it through loses nothing");
    }
    let mut answer = Answer::open(&head, Limits::default()).unwrap();
    let (mut editor, mut out) = (Words::default(), Vec::new());
    for part in [&b""[..], b"caf\xE9 ", b"\xFF", b"\xFE"] {
        answer.push(part, &mut editor, &mut out).unwrap();
    }
    assert_eq!(out, b"caf\xE9 \xFF\xFE", "bytes of another charset stay");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cuts_give_the_same_bytes(
        (index, sizes) in (any::<prop::sample::Index>(), proptest::collection::vec(1_usize..60, 1..8)),
    ) {
        let case = index.get(cases());
        let (out, _) = run(case, &mut Words::default(), cut(&case.body, &sizes));
        prop_assert!(out == redacted(case), "{} in {sizes:?}", case.title());
    }
}
