//! Calls that a stage asks for: the message waits, the answer decides, and what comes late changes nothing.

use portcullis_core::call::{Answered, Call, CallEnd, CallFailure, Message};
use portcullis_core::config::Reader;
use portcullis_core::stage::{Kind, Request, Settings, Stage};
use portcullis_core::store::World;
use portcullis_core::verdict::{Edit, Judge, Mode, Opinion, Verdict};
use portcullis_core::wire::Span;

use super::super::*;
use super::fixture::{CHAT, Sent, chat};
use crate::fake::Fake;
use portcullis_core::telemetry::Counter;

/// Asks about the head if it has `x-ask`, as often as that says, and about the body if it has the word `ask`. Refuses
/// when the answer says `no`, asks once more when it says `again`, panics at `panic`. Edits the body at `edit`.
struct Asker;

impl Kind for Asker {
    fn key(&self) -> &'static str {
        "asker"
    }

    fn doc(&self) -> &'static str {
        "A stage for tests."
    }

    fn read(&self, section: &mut dyn Reader) -> Box<dyn Settings> {
        Box::new(AskerSettings(section.boolean("shadow", false, "Whether it only looks.")))
    }
}

struct AskerSettings(bool);

impl Settings for AskerSettings {
    fn mode(&self) -> Mode {
        if self.0 { Mode::Shadow } else { Mode::Enforce }
    }

    fn edits_requests(&self) -> bool {
        true
    }

    fn open(&self) -> Box<dyn Stage> {
        Box::new(Asking)
    }
}

struct Asking;

fn call(tag: u32) -> Call {
    let message = Message::Grpc { service: "s".into(), method: "m".into(), message: Vec::new() };
    Call { tag, cluster: "scores".into(), timeout: 100, max_answer: 8, message }
}

impl Stage for Asking {
    fn request_head(&mut self, head: &Head, _: World<'_>) -> Opinion {
        let times = head.get("x-ask").and_then(|n| core::str::from_utf8(n).ok()?.parse().ok()).unwrap_or(0);
        Opinion { calls: (0..times).map(call).collect(), ..Opinion::default() }
    }

    fn request(&mut self, request: Request<'_>) -> Opinion {
        let holds = |word: &str| request.body.windows(word.len()).any(|part| part == word.as_bytes());
        let mut opinion = Opinion::default();
        if holds("ask") {
            opinion.calls.push(call(7));
        }
        if holds("edit") {
            let start = request.prompt.texts[0].span.start;
            opinion.edits.push(Edit { span: Span { start, end: start + 3 }, text: "***".into(), raw: false });
        }
        opinion
    }

    fn answered(&mut self, tag: u32, answer: Result<Answered, CallFailure>, _: World<'_>) -> Opinion {
        let Ok(answer) = answer else {
            return Opinion { failed: true, cause: Cause::Call, ..Opinion::default() };
        };
        match answer.body.as_slice() {
            b"no" => Opinion { verdict: Verdict::Block, judge: Judge::Access, ..Opinion::default() },
            b"again" => Opinion { calls: vec![call(tag)], ..Opinion::default() },
            b"enough" => Opinion { settled: true, ..Opinion::default() },
            b"panic" => panic!("planted"),
            _ => Opinion::default(),
        }
    }
}

fn sent(config: &str, fields: &[(&str, &str)], ends: bool) -> Sent {
    let config = Config::parse(config.as_bytes(), &[&Asker], &|_| None).unwrap();
    Sent::under(Fake::post(CHAT, fields), Arc::new(config), ends)
}

fn answer(sent: &mut Sent, token: u32, body: &str) {
    sent.host.0.borrow_mut().answered = Answered { status: 0, headers: Vec::new(), body: body.into() };
    sent.stream.on_call_answer(Token::Grpc(token), Arrived::Grpc { status: 0, size: body.len() });
}

fn resumed(sent: &Sent) -> usize {
    sent.host.0.borrow().resumed.len()
}

fn calls(sent: &Sent) -> usize {
    sent.host.0.borrow().calls.len()
}

const OPEN: &str = r#"{"profiles": {"default": {"on_failure": {"request": "open"}}}}"#;

#[test]
fn a_body_waits_for_its_answer_and_goes_on_once() {
    for trailers in [false, true] {
        let body = chat("ask");
        let mut sent = sent("{}", &[], false);
        assert_eq!(sent.part(&body, !trailers), Flow::Pause);
        if trailers {
            assert_eq!(sent.trailers(), Flow::Pause);
        }
        assert_eq!((calls(&sent), resumed(&sent)), (1, 0));
        answer(&mut sent, 0, "yes");
        assert_eq!((resumed(&sent), sent.replies().len()), (1, 0));
        assert_eq!(sent.host.0.borrow().body, body);
        answer(&mut sent, 0, "no");
        assert_eq!((resumed(&sent), sent.replies().len()), (1, 0), "an answer counts once");
        sent.answer();
        let record = sent.record();
        assert_eq!((&record["verdict"], &record["calls"]), (&"allow".into(), &1.into()));
        assert_eq!(sent.host.counted(Counter::Calls(CallEnd::Answered)), 1);
    }
}

#[test]
fn an_answer_refuses_and_is_asked_for_again() {
    let mut sent = sent("{}", &[], false);
    sent.part(&chat("ask"), true);
    answer(&mut sent, 0, "again");
    assert_eq!((calls(&sent), resumed(&sent)), (2, 0));
    answer(&mut sent, 1, "no");
    assert_eq!((sent.replies(), resumed(&sent)), (vec![403], 0));
}

#[test]
fn a_head_waits_and_its_body_is_inspected_after_it() {
    let mut sent = sent("{}", &[("x-ask", "2")], false);
    assert_eq!(calls(&sent), 2);
    answer(&mut sent, 0, "yes");
    assert_eq!(resumed(&sent), 0, "one of two is out");
    answer(&mut sent, 1, "yes");
    assert_eq!(resumed(&sent), 1);
    let body = chat("ask");
    assert_eq!(sent.part(&body, true), Flow::Pause);
    answer(&mut sent, 2, "no");
    assert_eq!((sent.replies(), resumed(&sent)), (vec![403], 1));
}

#[test]
fn a_head_without_a_body_is_decided_by_its_answer() {
    for (said, replies, goes) in [("yes", vec![], 1), ("no", vec![403], 0)] {
        let mut sent = sent("{}", &[("x-ask", "1")], true);
        assert!(!sent.ended);
        answer(&mut sent, 0, said);
        assert_eq!((sent.replies(), resumed(&sent)), (replies, goes));
    }
}

/// Envoy hands on bodies behind a paused head where `allow_on_headers_stop_iteration` is set.
#[test]
fn a_body_that_ends_while_its_head_waits_is_inspected_when_the_head_may_go() {
    for trailers in [false, true] {
        let mut sent = sent("{}", &[("x-ask", "1")], false);
        assert_eq!(sent.part(&chat("ask"), !trailers), Flow::Pause);
        if trailers {
            assert_eq!(sent.trailers(), Flow::Pause);
        }
        answer(&mut sent, 0, "yes");
        assert_eq!((calls(&sent), resumed(&sent)), (2, 0));
        answer(&mut sent, 1, "yes");
        assert_eq!((resumed(&sent), sent.replies().len()), (1, 0));
    }
}

#[test]
fn a_part_of_a_body_that_comes_while_its_head_waits_goes_with_the_rest() {
    for (text, replies) in [("ask", vec![403]), ("hello", vec![])] {
        let body = chat(text);
        let (part, rest) = (&body[..10], &body[10..]);
        let mut sent = sent("{}", &[("x-ask", "1")], false);
        assert_eq!(sent.part(part, false), Flow::Pause);
        answer(&mut sent, 0, "yes");
        assert_eq!(resumed(&sent), 0, "nothing of a body goes before it was read");
        let flow = sent.part(rest, true);
        if text == "ask" {
            answer(&mut sent, 1, "no");
        } else {
            assert_eq!(flow, Flow::Continue);
        }
        assert_eq!((sent.replies(), resumed(&sent)), (replies, 0));
    }
}

#[test]
fn edits_are_made_when_the_answer_is_here() {
    let mut sent = sent("{}", &[], false);
    assert_eq!(sent.part(&chat("ask edit"), true), Flow::Pause);
    assert_eq!(sent.host.0.borrow().body, chat("ask edit"));
    answer(&mut sent, 0, "yes");
    assert_eq!(sent.host.0.borrow().body, chat("*** edit"));
    assert_eq!(resumed(&sent), 1);
}

#[test]
fn a_call_that_fails_follows_the_failure_policy() {
    for (config, replies, goes) in [("{}", vec![503], 0), (OPEN, vec![], 1)] {
        // Not taken, broken off, over the size that was asked for, and not shown.
        for way in 0..4 {
            let mut sent = sent(config, &[], false);
            let refused = ["dispatch", "", "", "answered"][way];
            sent.host.0.borrow_mut().refuses = vec![refused];
            let flow = sent.part(&chat("ask"), true);
            let end = match way {
                0 => CallFailure::Refused,
                1 | 3 => CallFailure::Reset,
                _ => CallFailure::Oversized,
            };
            match way {
                0 => assert_eq!(flow == Flow::Continue, goes == 1),
                1 => sent.stream.on_call_answer(Token::Grpc(0), Arrived::Http { fields: 0, size: 0 }),
                2 => answer(&mut sent, 0, "nine byte"),
                _ => answer(&mut sent, 0, "yes"),
            }
            assert_eq!(sent.host.counted(Counter::Calls(CallEnd::Failed(end))), 1, "{way}");
            assert_eq!(sent.replies(), replies, "{way}");
            assert_eq!(resumed(&sent), if way == 0 { 0 } else { goes }, "{way}");
            assert_eq!(sent.host.counted(Counter::Failures(Cause::Call)), 1, "{way}");
        }
    }
}

#[test]
fn a_stage_that_shadows_waits_and_refuses_nothing() {
    let mut sent = sent(r#"{"profiles": {"default": {"asker": {"shadow": true}}}}"#, &[], false);
    assert_eq!(sent.part(&chat("ask"), true), Flow::Pause);
    answer(&mut sent, 0, "no");
    assert_eq!((resumed(&sent), sent.replies().len()), (1, 0));
}

#[test]
fn calls_that_a_stage_does_not_wait_for_hold_nothing() {
    let mut sent = sent("{}", &[("x-ask", "3")], true);
    answer(&mut sent, 1, "enough");
    assert_eq!(resumed(&sent), 1);
    answer(&mut sent, 0, "no");
    assert_eq!((resumed(&sent), sent.replies().len()), (1, 0));
}

#[test]
fn answers_after_the_end_change_nothing() {
    let mut sent = sent("{}", &[], false);
    sent.part(&chat("ask"), true);
    sent.stream.on_log();
    answer(&mut sent, 0, "no");
    sent.stream.on_call_answer(Token::Http(9), Arrived::Http { fields: 0, size: 0 });
    assert_eq!((resumed(&sent), sent.replies().len()), (0, 0));
    assert_eq!(sent.host.counted(Counter::Calls(CallEnd::Abandoned)), 1);
}

#[test]
fn an_answer_of_envoy_itself_ends_the_wait() {
    let mut sent = sent("{}", &[], false);
    sent.part(&chat("ask"), true);
    sent.host.0.borrow_mut().response = vec![(":status".into(), b"408".to_vec())];
    sent.stream.on_response_headers(true);
    answer(&mut sent, 0, "no");
    assert_eq!((resumed(&sent), sent.replies().len()), (0, 0));
    assert_eq!(sent.host.counted(Counter::Calls(CallEnd::Abandoned)), 1);
}

#[test]
fn a_panic_at_an_answer_costs_one_request() {
    for (config, replies, goes) in [("{}", vec![503], 0), (OPEN, vec![], 1)] {
        let mut sent = sent(config, &[], false);
        sent.part(&chat("ask"), true);
        answer(&mut sent, 0, "panic");
        assert_eq!(sent.host.counted(Counter::Panics(Callback::CallAnswer)), 1);
        assert_eq!((sent.replies(), resumed(&sent)), (replies, goes));
    }
}

#[test]
fn more_calls_than_there_may_be_are_a_failure() {
    let sent = sent("{}", &[("x-ask", "65")], true);
    assert_eq!((calls(&sent), sent.replies()), (0, vec![503]));
}

#[test]
fn a_stream_that_cannot_be_resumed_is_reset() {
    let mut sent = sent("{}", &[], false);
    sent.part(&chat("ask"), true);
    sent.host.0.borrow_mut().refuses = vec!["resume"];
    answer(&mut sent, 0, "yes");
    assert_eq!(sent.host.0.borrow().resets, [Way::Request]);
}
