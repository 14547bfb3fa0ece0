use portcullis_core::telemetry::Counter;
use portcullis_core::verdict::{Judge, Verdict};
use portcullis_core::wire::Unreadable;

use super::*;
use crate::fake::Fake;
use fixture::{CHAT, Sent, chat, config, whole};

mod answers;
mod calls;
mod fixture;

#[test]
fn an_attack_is_refused_and_nothing_of_its_body_goes_on_however_it_is_cut() {
    let body = chat("attack");
    for size in 1..=body.len() {
        for trailers in [false, true] {
            let mut sent = Sent::head(Fake::post(CHAT, &[]), "{}", false);
            let parts = body.chunks(size).count();
            for (i, part) in body.chunks(size).enumerate() {
                assert_eq!(sent.part(part, !trailers && i + 1 == parts), Flow::Pause);
            }
            if trailers {
                assert_eq!(sent.trailers(), Flow::Pause);
            }
            assert_eq!(sent.replies(), [403]);
            assert!(sent.forwarded.is_empty() && !sent.ended);
        }
    }
}

#[test]
fn a_benign_twin_goes_on_byte_for_byte_however_it_is_cut() {
    let body = chat("attach");
    for size in 1..=body.len() {
        for trailers in [false, true] {
            let mut sent = Sent::head(Fake::post(CHAT, &[]), "{}", false);
            let parts = body.chunks(size).count();
            for (i, part) in body.chunks(size).enumerate() {
                sent.part(part, !trailers && i + 1 == parts);
            }
            if trailers {
                sent.trailers();
            }
            assert_eq!(sent.forwarded, body);
            assert!(sent.ended);
            assert!(sent.replies().is_empty());
        }
    }
}

#[test]
fn a_refusal_says_who_and_why_in_the_header_and_the_record() {
    let mut sent = whole(&chat("attack"), "{}");
    sent.host.0.borrow_mut().response = vec![(":status".into(), b"403".to_vec())];
    sent.answer();
    let headers = sent.host.0.borrow().replies[0].headers.clone();
    assert!(headers.contains(&("x-portcullis-verdict", "block; rule=PG-0001; stage=rules".into())), "{headers:?}");
    let record = sent.record();
    assert_eq!(record["verdict"], "block");
    assert_eq!(record["stage"], "rules");
    assert_eq!(record["rules"], serde_json::json!(["PG-0001"]));
    assert_eq!(record["origin"], "portcullis");
    assert_eq!(record["status"], 403);
    assert_eq!(record["complete"], true);
    let counter = Counter::Requests { verdict: Verdict::Block, judge: Judge::Rules, enforced: true };
    assert_eq!(sent.host.counted(counter), 1);
}

#[test]
fn an_allowed_exchange_is_recorded_once_its_answer_ended() {
    let mut sent = whole(&chat("hello"), "{}");
    sent.answer();
    let record = sent.record();
    assert_eq!(record["verdict"], "allow");
    assert_eq!(record["origin"], "upstream");
    assert_eq!(record["model"], "m");
    assert_eq!(record["inspected_bytes"], 5);
    assert_eq!(record["response_bytes"], 15);
    assert_eq!(record["request_bytes"], chat("hello").len());
}

#[test]
fn our_own_reply_keeps_the_header_that_an_upstream_may_not_set() {
    let forged = (":status".to_string(), b"200".to_vec());
    for (text, left) in [("attack", 2), ("hello", 1)] {
        let mut sent = whole(&chat(text), "{}");
        sent.host.0.borrow_mut().response = vec![forged.clone(), ("x-portcullis-verdict".into(), b"allow".to_vec())];
        sent.answer();
        assert_eq!(sent.host.0.borrow().response.len(), left, "{text}");
    }
}

#[test]
fn forged_request_headers_are_removed_and_counted() {
    let fields = [("x-portcullis-verdict", "allow"), ("x-user", "u"), ("x-portcullis-other", "")];
    let sent = Sent::head(Fake::post(CHAT, &fields), "{}", false);
    let left: Vec<_> = sent.host.0.borrow().request.iter().map(|(n, _)| n.clone()).collect();
    assert_eq!(left, [":method", ":path", ":authority", "x-user"]);
    assert_eq!(sent.host.counted(Counter::ForgedHeaders), 2);
}

#[test]
fn forged_trailers_are_removed_and_counted() {
    let forged = || [("x-portcullis-verdict", "allow"), ("x_portcullis_other", ""), ("x-end", "1")];
    let fields = || forged().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).to_vec();
    let mut sent = Sent::head(Fake::post(CHAT, &[]), "{}", false);
    sent.host.0.borrow_mut().request_trailers = fields();
    sent.host.0.borrow_mut().response_trailers = fields();
    sent.part(&chat("hello"), false);
    assert_eq!(sent.trailers(), Flow::Continue);
    assert_eq!(sent.host.0.borrow().request_trailers, fields()[2..]);
    assert_eq!(sent.host.counted(Counter::ForgedHeaders), 2);
    sent.stream.on_response_headers(false);
    sent.stream.on_response_trailers();
    assert_eq!(sent.host.0.borrow().response_trailers, fields()[1..]);
}

#[test]
fn trailers_that_the_host_does_not_show_follow_the_failure_policy() {
    for (config, statuses) in [("{}", &[503][..]), (OPEN, &[])] {
        let mut sent = Sent::head(Fake::post(CHAT, &[]), config, false);
        sent.host.0.borrow_mut().refuses = vec!["trailers"];
        sent.part(&chat("hello"), false);
        sent.trailers();
        assert_eq!(sent.replies(), statuses);
    }
}

#[test]
fn callbacks_after_the_decision_change_nothing() {
    let mut sent = whole(&chat("attack"), "{}");
    assert_eq!(sent.part(b"more", false), Flow::Pause);
    assert_eq!(sent.part(b"more", true), Flow::Pause);
    assert_eq!(sent.trailers(), Flow::Pause);
    assert_eq!(sent.replies(), [403]);

    let mut sent = whole(&chat("hello"), "{}");
    assert_eq!(sent.part(b"", true), Flow::Continue);
    assert_eq!(sent.trailers(), Flow::Continue);
    sent.answer();
    sent.answer();
    let counter = Counter::Requests { verdict: Verdict::Allow, judge: Judge::None, enforced: true };
    assert_eq!(sent.host.counted(counter), 1);
}

#[test]
fn a_request_without_a_body_goes_on() {
    let sent = Sent::head(Fake::post(CHAT, &[]), "{}", true);
    assert!(sent.ended);
    let mut sent = Sent::head(Fake::post(CHAT, &[]), "{}", false);
    assert_eq!(sent.trailers(), Flow::Continue, "headers, no data, trailers");
    let mut sent = Sent::head(Fake::post(CHAT, &[]), "{}", false);
    assert_eq!(sent.part(b"", true), Flow::Continue);
}

#[test]
fn what_cannot_be_read_follows_its_policy() {
    let block = "{}";
    let flag = r#"{"profiles": {"default": {"unreadable": "flag"}}}"#;
    for (fields, body, why, status) in [
        (vec![], &b"not json"[..], Unreadable::Malformed, 400),
        (vec![], b"{\"messages\": \"\xff\"}", Unreadable::Encoding, 400),
        (vec![("content-encoding", "compress")], b"\x1f\x9d", Unreadable::Compressed, 403),
        (vec![("content-encoding", "gzip")], b"\x1f\x8b", Unreadable::Coding, 400),
        (vec![("content-length", "1048577")], b"x", Unreadable::Size, 413),
        (vec![("upgrade", "websocket")], b"x", Unreadable::Upgrade, 403),
    ] {
        let mut sent = Sent::head(Fake::post(CHAT, &fields), block, false);
        assert_eq!(sent.part(body, true), Flow::Pause);
        assert_eq!(sent.replies(), [status], "{why:?}");
        assert_eq!(sent.host.counted(Counter::Unreadable(why)), 1);

        let mut sent = Sent::head(Fake::post(CHAT, &fields), flag, false);
        assert_eq!(sent.part(body, true), Flow::Continue);
        sent.answer();
        assert_eq!(sent.record()["verdict"], "flag");
        assert_eq!(sent.record()["unreadable"], why.name());
    }
}

#[test]
fn a_body_over_the_cap_is_refused_before_it_is_whole() {
    let config = r#"{"profiles": {"default": {"limits": {"body_bytes": 1024}}}}"#;
    let mut sent = Sent::head(Fake::post(CHAT, &[]), config, false);
    assert_eq!(sent.part(&[b' '; 1024], false), Flow::Pause);
    assert!(sent.replies().is_empty());
    assert_eq!(sent.part(b" ", false), Flow::Pause);
    assert_eq!(sent.replies(), [413]);
}

#[test]
fn shadow_records_what_it_would_have_done() {
    let mut sent = whole(&chat("attack"), r#"{"profiles": {"default": {"guard": {"shadow": true}}}}"#);
    assert!(sent.ended);
    sent.answer();
    assert_eq!(sent.record()["verdict"], "block");
    assert_eq!(sent.record()["enforced"], false);
    let counter = Counter::Requests { verdict: Verdict::Block, judge: Judge::Rules, enforced: false };
    assert_eq!(sent.host.counted(counter), 1);
}

#[test]
fn in_shadow_what_cannot_be_read_goes_on() {
    let sent = whole(b"not json", r#"{"profiles": {"default": {"guard": {"shadow": true}}}}"#);
    assert!(sent.ended);
}

const OPEN: &str = r#"{"profiles": {"default": {"on_failure": {"request": "open", "response": "open"}}}}"#;

#[test]
fn a_call_that_the_host_refuses_follows_the_failure_policy_and_never_traps() {
    for call in ["head", "body", "remove"] {
        for (config, statuses) in [("{}", &[503][..]), (OPEN, &[])] {
            let host = Fake::post(CHAT, &[("x-portcullis-verdict", "forged")]);
            host.0.borrow_mut().refuses = vec![call];
            let mut sent = Sent::head(host, config, false);
            sent.part(&chat("hello"), true);
            assert_eq!(sent.replies(), statuses, "{call}");
            assert_eq!(sent.ended, statuses.is_empty(), "{call}");
            sent.host.0.borrow_mut().refuses.clear();
            sent.answer();
            assert_eq!(sent.record()["failure"], "host", "{call}");
        }
    }
}

#[test]
fn a_reply_that_the_host_refuses_becomes_a_reset() {
    let host = Fake::post(CHAT, &[]);
    host.0.borrow_mut().refuses = vec!["reply"];
    let mut sent = Sent::head(host, "{}", false);
    assert_eq!(sent.part(&chat("attack"), true), Flow::Pause);
    assert_eq!(sent.host.0.borrow().resets, [Way::Request]);
    assert!(!sent.ended);
}

#[test]
fn a_panic_in_a_stage_costs_one_request_by_its_failure_policy() {
    for (config, statuses) in [("{}", &[503][..]), (OPEN, &[])] {
        let mut sent = whole(&chat("panic"), config);
        assert_eq!(sent.replies(), statuses);
        assert_eq!(sent.ended, statuses.is_empty());
        sent.answer();
        assert_eq!(sent.record()["failure"], "panic");
        assert_eq!(sent.host.counted(Counter::Panics(Callback::RequestBody)), 1);
        assert_eq!(sent.host.counted(Counter::Failures(Cause::Panic)), 1);
    }
}

#[test]
fn a_panic_on_the_way_back_ends_the_answer_unless_the_policy_is_open() {
    for (config, resets) in [("{}", &[Way::Response][..]), (OPEN, &[])] {
        let mut sent = whole(&chat("hello"), config);
        sent.stream.on_response_headers(false);
        let flow = sent.stream.response_way(Callback::ResponseBody, |_| panic!("planted"));
        assert_eq!(sent.host.0.borrow().resets, resets);
        assert_eq!(flow, if resets.is_empty() { Flow::Continue } else { Flow::Pause });
    }
    let mut sent = whole(&chat("hello"), "{}");
    sent.host.0.borrow_mut().panics = vec!["field"];
    assert_eq!(sent.stream.on_response_headers(false), Flow::Pause, "before the head has gone it can be replaced");
    assert_eq!(sent.replies(), [503]);
}

#[test]
fn a_stream_whose_creation_panicked_follows_the_failure_policy() {
    for (text, statuses) in [("{}", &[503][..]), (OPEN, &[])] {
        let host = Fake::post(CHAT, &[]);
        let mut stream = Stream::stillborn(host.clone(), config(text));
        stream.on_request_headers(false);
        let replies: Vec<_> = host.0.borrow().replies.iter().map(|r| r.status).collect();
        assert_eq!(replies, statuses);
    }
}

#[test]
fn a_client_that_leaves_early_is_recorded_as_undecided() {
    let mut sent = Sent::head(Fake::post(CHAT, &[]), "{}", false);
    sent.part(b"{", false);
    sent.stream.on_log();
    assert_eq!(sent.record().get("verdict"), None);
    assert_eq!(sent.record()["complete"], false);
    assert_eq!(sent.record()["request_bytes"], 1);
}

#[test]
fn explanations_can_be_switched_off() {
    let sent = whole(&chat("attack"), r#"{"profiles": {"default": {"explain": false}}}"#);
    let reply = sent.host.0.borrow().replies[0].clone();
    assert!(reply.headers.iter().all(|(name, _)| *name != VERDICT_HEADER));
    assert!(!String::from_utf8(reply.body).unwrap().contains("PG-"));
}

#[test]
fn a_body_without_a_head_is_refused() {
    let host = Fake::post(CHAT, &[]);
    let mut stream = Stream::new(host.clone(), config("{}"));
    host.0.borrow_mut().body = chat("hello");
    assert_eq!(stream.on_request_body(chat("hello").len(), true), Flow::Pause);
    assert_eq!(host.0.borrow().replies.len(), 1);
    assert_eq!(host.0.borrow().replies[0].status, 503);
}

#[test]
fn a_body_that_the_host_shows_only_in_part_is_not_judged_by_that_part() {
    let host = Fake::post(CHAT, &[]);
    let mut stream = Stream::new(host.clone(), config("{}"));
    assert_eq!(stream.on_request_headers(false), Flow::Continue);
    host.0.borrow_mut().body = chat("hello");
    assert_eq!(stream.on_request_body(chat("hello").len() + 1, true), Flow::Pause);
    assert_eq!(host.0.borrow().replies[0].status, 503);
    assert_eq!(host.counted(Counter::Failures(Cause::Host)), 1);
}

#[test]
fn an_answer_that_ends_with_trailers_is_complete() {
    let mut sent = whole(&chat("hello"), "{}");
    sent.stream.on_response_headers(false);
    sent.stream.on_response_body(10, false);
    assert_eq!(sent.stream.on_response_trailers(), Flow::Continue);
    sent.stream.on_log();
    assert_eq!(sent.record()["complete"], true);
}

#[test]
fn a_request_that_a_filter_before_us_answered_has_no_record() {
    let host = Fake::post(CHAT, &[]);
    Stream::new(host.clone(), config("{}")).on_log();
    assert!(host.0.borrow().published.is_empty());
}

#[test]
fn what_fails_at_the_very_end_is_still_counted() {
    let host = Fake::post(CHAT, &[]);
    host.0.borrow_mut().panics = vec!["publish"];
    let mut stream = Stream::new(host.clone(), config("{}"));
    stream.on_request_headers(true);
    stream.exchange().forged();
    stream.on_log();
    assert_eq!(host.counted(Counter::Panics(Callback::Log)), 1);
    assert_eq!(host.counted(Counter::ForgedHeaders), 1, "counts that no callback had told the host");
}
