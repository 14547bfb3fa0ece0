//! The way back, where a stage reads answers.

use portcullis_core::telemetry::Counter;
use portcullis_core::verdict::{Judge, Verdict};
use portcullis_core::wire::Unreadable;

use super::fixture::{CHAT, Sent, chat, whole};
use crate::fake::Fake;

const MASK: &str = r#"{"profiles": {"default": {"mask": {"mode": "enforce"}}}}"#;
const MASK_OFF: &str = "{}";
const SHADOW: &str = r#"{"profiles": {"default": {"guard": {"shadow": true}, "mask": {"mode": "shadow"}}}}"#;
const PLAIN: [(&str, &str); 2] = [(":status", "200"), ("content-type", "text/plain")];
const ANSWER: &str = "Call <Zoë> or <Bo> at < 5";
const MASKED: &str = "Call * or * at < 5";

fn answered(config: &str) -> Sent {
    let mut sent = whole(&chat("hello"), config);
    assert!(sent.answer_head(&PLAIN, false));
    sent
}

#[test]
fn the_client_gets_the_same_however_the_answer_is_cut() {
    for size in 1..=ANSWER.len() {
        let mut sent = answered(MASK);
        let mut got = Vec::new();
        let parts = ANSWER.as_bytes().chunks(size).count();
        for (i, part) in ANSWER.as_bytes().chunks(size).enumerate() {
            got.extend(sent.answer_part(part, i + 1 == parts).unwrap());
        }
        assert_eq!(String::from_utf8(got).unwrap(), MASKED, "in parts of {size}");
        sent.stream.on_log();
        let record = sent.record();
        assert_eq!((&record["verdict"], &record["complete"]), (&"redact".into(), &true.into()));
        assert_eq!(record["response_bytes"], ANSWER.len());
        let counter = Counter::Answers { verdict: Verdict::Redact, judge: Judge::Rules, enforced: true };
        assert_eq!(sent.host.counted(counter), 1);
    }
}

#[test]
fn where_no_stage_reads_answers_the_host_is_asked_for_nothing() {
    let mut sent = whole(&chat("hello"), MASK_OFF);
    sent.host.0.borrow_mut().panics = vec!["head", "body", "set_body", "replace"];
    assert!(sent.answer_head(&[(":status", "200"), ("content-length", "3")], false));
    assert_eq!(sent.answer_part(b"<a>", true).unwrap(), b"<a>");
    assert_eq!(sent.host.0.borrow().response.len(), 2);
}

#[test]
fn a_part_that_does_not_change_is_not_written_back() {
    let mut sent = answered(MASK);
    sent.host.0.borrow_mut().panics = vec!["set_body"];
    assert_eq!(sent.answer_part(b"nothing here", false).unwrap(), b"nothing here");
    assert_eq!(sent.answer_part(b"", true).unwrap(), b"");
}

#[test]
fn fields_that_speak_of_the_bytes_are_removed_only_where_bytes_may_change() {
    let fields = [
        (":status", "200"),
        ("content-type", "text/plain"),
        ("content-length", "25"),
        ("etag", "\"a\""),
        ("last-modified", "Mon, 23 Nov 2026 15:00:00 GMT"),
        ("content-digest", "sha-256=:AA==:"),
        ("repr-digest", "sha-256=:AA==:"),
        ("digest", "sha-256=AA=="),
        ("content-md5", "AA=="),
        ("accept-ranges", "bytes"),
        ("x-request-id", "1"),
    ];
    for (config, ends, left) in [(MASK, false, 3), (MASK, true, 11), (SHADOW, false, 11), (MASK_OFF, false, 11)] {
        let mut sent = whole(&chat("hello"), config);
        assert!(sent.answer_head(&fields, ends));
        assert_eq!(sent.host.0.borrow().response.len(), left, "{config}, ends: {ends}");
    }
}

#[test]
fn the_upstream_is_asked_for_a_whole_answer_in_the_clear() {
    let asked = [("accept-encoding", "gzip, br"), ("range", "bytes=0-1"), ("if-range", "\"a\""), ("accept", "*/*")];
    let of = |config: &str| {
        let sent = Sent::head(Fake::post(CHAT, &asked), config, false);
        let fields = sent.host.0.borrow().request[3..].to_vec();
        fields
            .into_iter()
            .map(|(name, value)| format!("{name}: {}", String::from_utf8(value).unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(MASK), ["accept: */*", "accept-encoding: identity"]);
    assert_eq!(of(MASK_OFF).len(), 4);
}

#[test]
fn an_answer_that_cannot_be_read_is_withheld_by_policy() {
    let flag = r#"{"profiles": {"default": {"unreadable_response": "flag", "mask": {"mode": "enforce"}}}}"#;
    for (status, field, why) in [
        ("200", ("content-encoding", "compress"), Unreadable::Compressed),
        ("200", ("content_encoding", "gzip"), Unreadable::Coding),
        ("200", ("content-type", "font/woff"), Unreadable::Format),
        ("206", ("content-range", "bytes 0-9/90"), Unreadable::Partial),
        ("200", ("content-range", "bytes 0-9/90"), Unreadable::Partial),
    ] {
        for (config, withheld, verdict) in [(MASK, true, "block"), (flag, false, "flag"), (SHADOW, false, "block")] {
            let mut sent = whole(&chat("hello"), config);
            let went = sent.answer_head(&[(":status", status), field], false);
            assert_eq!(went, !withheld, "{config}, {why:?}");
            assert_eq!(sent.replies(), if withheld { &[502][..] } else { &[] });
            assert_eq!(sent.host.counted(Counter::UnreadableAnswers(why)), 1);
            sent.stream.on_log();
            let record = sent.record();
            assert_eq!((&record["verdict"], &record["unreadable_answer"]), (&verdict.into(), &why.name().into()));
            assert_eq!(record["enforced"], config != SHADOW);
        }
    }
}

#[test]
fn an_answer_without_a_body_passes_whatever_its_fields_say() {
    for status in ["204", "304"] {
        let mut sent = whole(&chat("hello"), MASK);
        assert!(sent.answer_head(&[(":status", status), ("content-encoding", "br"), ("etag", "a")], false));
        assert_eq!(sent.host.0.borrow().response.len(), 3);
    }
}

const LINES: [(&str, &str); 2] = [(":status", "200"), ("content-type", "application/x-ndjson")];
const LINE: &[u8] = b"{\"response\":\"a <b> c\"}\n";

#[test]
fn what_turns_out_unreadable_on_the_way_is_cut_off() {
    let mut sent = whole(&chat("hello"), MASK);
    assert!(sent.answer_head(&LINES, false));
    assert_eq!(sent.answer_part(LINE, false).unwrap(), b"{\"response\":\"a * c\"}\n");
    assert_eq!(sent.answer_part(b"{\"response\":\"\xff\"}\n", false), None);
    assert_eq!(sent.answer_part(b"more", true), None);
    sent.stream.on_log();
    assert_eq!((&sent.record()["unreadable_answer"], &sent.record()["verdict"]), (&"encoding".into(), &"block".into()));
}

#[test]
fn what_turns_out_unreadable_goes_on_as_it_is_where_the_policy_says_so() {
    let flag = r#"{"profiles": {"default": {"unreadable_response": "flag", "mask": {"mode": "enforce"}}}}"#;
    let mut sent = whole(&chat("hello"), flag);
    assert!(sent.answer_head(&LINES, false));
    assert_eq!(sent.answer_part(LINE, false).unwrap(), b"{\"response\":\"a * c\"}\n");
    assert_eq!(
        sent.answer_part(b"{\"response\":\"<a>\xff\"}\n{\"resp", false).unwrap(),
        b"{\"response\":\"<a>\xff\"}\n{\"resp"
    );
    assert_eq!(sent.answer_part(b"onse\":\"<a>\"}\n", true).unwrap(), b"onse\":\"<a>\"}\n");
}

#[test]
fn in_shadow_an_answer_is_read_and_passes_as_it_is() {
    for (line, verdict) in [(LINE, "redact"), (b"{\"response\":\"<b> \xff\"}\n", "block")] {
        let mut sent = whole(&chat("hello"), SHADOW);
        sent.host.0.borrow_mut().panics = vec!["set_body"];
        assert!(sent.answer_head(&LINES, false));
        assert_eq!(sent.answer_part(b"{\"resp", false).unwrap(), b"{\"resp");
        assert_eq!(sent.answer_part(b"onse\":\"<a>\"}\n", false).unwrap(), b"onse\":\"<a>\"}\n");
        assert_eq!(sent.answer_part(line, true).unwrap(), line);
        sent.stream.on_log();
        assert_eq!((&sent.record()["verdict"], &sent.record()["enforced"]), (&verdict.into(), &false.into()));
    }
}

/// `a <b>` by gzip, without a name or a time.
const GZIP: [u8; 25] = [31, 139, 8, 0, 0, 0, 0, 0, 2, 255, 75, 84, 176, 73, 178, 3, 0, 164, 14, 153, 121, 5, 0, 0, 0];

#[test]
fn an_answer_that_is_encoded_is_decoded_and_what_is_no_encoding_cut_off() {
    for size in 1..=GZIP.len() {
        let mut sent = whole(&chat("hello"), MASK);
        assert!(sent.answer_head(&[PLAIN[0], PLAIN[1], ("content-encoding", "gzip")], false));
        assert_eq!(sent.host.0.borrow().response.len(), 2);
        let mut got = Vec::new();
        for (i, part) in GZIP.chunks(size).enumerate() {
            got.extend(sent.answer_part(part, i + 1 == GZIP.len().div_ceil(size)).unwrap());
        }
        assert_eq!(got, b"a *");
    }
    let mut sent = whole(&chat("hello"), MASK);
    sent.answer_head(&[PLAIN[0], PLAIN[1], ("content-encoding", "gzip")], false);
    assert_eq!(sent.answer_part(&GZIP[..20], true), None);
}

#[test]
fn what_is_held_when_trailers_come_cuts_the_answer() {
    let mut sent = answered(MASK);
    assert_eq!(sent.answer_part(b"a ", false).unwrap(), b"a ");
    assert_eq!(sent.answer_part(b"<b", false).unwrap(), b"");
    assert_eq!(sent.answer_part(b" c", false).unwrap(), b"");
    assert_eq!(sent.answer_part(b"", false).unwrap(), b"");
    // Envoy keeps no body of which the last part has gone, and takes no bytes for one.
    assert_eq!(sent.answer_trailers(), None);
    let mut sent = answered(MASK);
    assert_eq!(sent.answer_part(b"<a> b", false).unwrap(), b"* b");
    assert_eq!(sent.answer_trailers().unwrap(), b"");
}

#[test]
fn what_is_held_when_the_answer_breaks_off_is_dropped_and_the_end_counted() {
    let mut sent = answered(MASK);
    assert_eq!(sent.answer_part(b"a <b", false).unwrap(), b"a ");
    sent.stream.on_log();
    sent.stream.on_log();
    assert_eq!(sent.record()["complete"], false);
    let counter = Counter::Answers { verdict: Verdict::Allow, judge: Judge::None, enforced: true };
    assert_eq!(sent.host.counted(counter), 1);
}

#[test]
fn an_answer_that_is_edited_is_cut_off_when_its_stage_fails_whatever_the_policy() {
    let open = r#"{"profiles": {"default": {"on_failure": {"response": "open"}, "mask": {"mode": "enforce"}}}}"#;
    for config in [MASK, open] {
        let mut sent = answered(config);
        assert_eq!(sent.answer_part(b"a <b", false).unwrap(), b"a ");
        assert_eq!(sent.answer_part(b"!", false), None);
        let mut sent = answered(config);
        sent.host.0.borrow_mut().refuses = vec!["set_body"];
        assert_eq!(sent.answer_part(b"a <b", false), None);
        let mut sent = answered(config);
        sent.host.0.borrow_mut().refuses = vec!["body"];
        assert_eq!(sent.answer_part(b"a", false), None);
    }
}
