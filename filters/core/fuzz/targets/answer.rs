//! Any bytes as an answer, in any cut: nothing panics, an editor that changes nothing changes nothing, and the cut does
//! not show.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use libfuzzer_sys::fuzz_target;
use portcullis_core::answer::{Answer, Channel, Editor, Flow, Head, Limits};

const TYPES: [Option<&str>; 7] = [
    Some("text/event-stream"),
    Some("application/json"),
    Some("application/x-ndjson"),
    Some("application/vnd.amazon.eventstream"),
    Some("text/plain"),
    Some("image/png"),
    None,
];

/// Writes what it is given. Units wait for a number in arguments even so, so the cap on them is wide.
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

/// Replaces each run of `@`-words and digits, holds the run, and ends the answer at `!!`, when it may.
#[derive(Default)]
struct Words {
    open: BTreeMap<u32, String>,
    /// Texts whose last character was `!`.
    loud: BTreeSet<u32>,
    blocks: bool,
}

impl Editor for Words {
    fn text(&mut self, channel: &Channel, chunk: &str, out: &mut String) -> Flow {
        let held = self.open.entry(channel.id).or_default();
        for character in chunk.chars() {
            if character.is_ascii_alphanumeric() || "@.".contains(character) {
                held.push(character);
                continue;
            }
            let again = held.is_empty() && self.loud.contains(&channel.id);
            word(held, out);
            held.clear();
            if self.blocks && character == '!' && again {
                return Flow::Blocked;
            }
            if character == '!' {
                self.loud.insert(channel.id);
            } else {
                self.loud.remove(&channel.id);
            }
            out.push(character);
        }
        Flow::Open { held: held.len() }
    }

    fn end(&mut self, channel: &Channel, out: &mut String) -> Flow {
        self.loud.remove(&channel.id);
        word(&self.open.remove(&channel.id).unwrap_or_default(), out);
        Flow::Open { held: 0 }
    }
}

fn word(word: &str, out: &mut String) {
    out.push_str(if word.contains('@') || word.len() > 9 { "[\"WORD\\\n]" } else { word });
}

/// The body that leaves, and whether all of it could be read.
fn run(
    content_type: Option<&str>,
    held_bytes: usize,
    editor: &mut dyn Editor,
    body: &[u8],
    size: usize,
) -> (Vec<u8>, bool) {
    let limits = Limits { unit_bytes: 2048, depth: 12, values: 300, channels: 8, held_bytes };
    let head = Head { content_type: content_type.map(str::as_bytes), content_encoding: None };
    let mut answer = Answer::open(&head, limits).expect("a type that is known");
    let (mut out, mut read) = (Vec::new(), true);
    for chunk in body.chunks(size) {
        if answer.push(chunk, editor, &mut out).is_err() {
            assert!(read, "what passes is not read");
            read = false;
            answer.pass(editor, &mut out);
        }
        assert!(answer.held_bytes() < held_bytes + 16_384, "memory is bounded");
    }
    if answer.finish(editor, &mut out).is_err() {
        assert!(read, "what passes is not read");
        read = false;
        answer.pass(editor, &mut out);
    }
    assert_eq!(answer.held_bytes(), 0);
    (out, read)
}

fuzz_target!(|input: &[u8]| {
    let [kind, size, body @ ..] = input else { return };
    let content_type = TYPES[usize::from(*kind) % TYPES.len()];
    let size = usize::from(*size).max(1);
    for size in [size, usize::MAX] {
        let (out, _) = run(content_type, 65_536, &mut Same, body, size);
        assert!(out == body, "an editor that changes nothing");
    }
    for blocks in [false, true] {
        let words = || Words { blocks, ..Words::default() };
        let (whole, read) = run(content_type, 1024, &mut words(), body, usize::MAX);
        let (cut, cut_read) = run(content_type, 1024, &mut words(), body, size);
        assert_eq!(read, cut_read, "the cut decides on nothing");
        assert!(!read || whole == cut, "the cut does not show");
    }
});
