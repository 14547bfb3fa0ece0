//! The stage in an exchange: what leaves of a request, and what its answer becomes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test"
)]

use std::sync::Arc;

use portcullis_core::config::Config;
use portcullis_core::exchange::{Act, Exchange};
use portcullis_core::head::Head;
use portcullis_core::verdict::Verdict;
use portcullis_pii_redact::PII_REDACT;
use serde_json::{Value, json};

const CHAT: &str = "/v1/chat/completions";

fn parse(section: &Value, audit: &Value) -> Result<Arc<Config>, Vec<String>> {
    let document = json!({"profiles": {"default": {"pii_redact": section}}, "audit": audit});
    let config = Config::parse(document.to_string().as_bytes(), &[&PII_REDACT], &|_| Some("0123456789abcdef".into()));
    config.map(Arc::new).map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

fn problems(section: Value) -> Vec<String> {
    parse(&section, &json!({})).err().unwrap_or_default()
}

fn open(section: &Value) -> Exchange {
    open_with(section, &json!({}))
}

fn open_with(section: &Value, audit: &Value) -> Exchange {
    let head: Head = [(":method", "POST"), (":path", CHAT)].into_iter().collect();
    let mut exchange = Exchange::open(&parse(section, audit).unwrap(), head, 0);
    if exchange.wants_nonce() {
        exchange.nonce([1, 2, 3, 4, 5, 6, 7, 8]);
    }
    exchange
}

/// What the upstream gets of a request, or nothing when it is refused.
fn sent(exchange: &mut Exchange, body: &str) -> Option<String> {
    assert_eq!(exchange.request_head(false), Act::Forward);
    match exchange.request_body(body.as_bytes(), &|| 0) {
        Act::Forward => Some(body.to_owned()),
        Act::Replace(bytes) => Some(String::from_utf8(bytes).unwrap()),
        Act::Refuse(_) => None,
        other => panic!("{other:?}"),
    }
}

/// What the client gets of an answer in these parts.
fn told(exchange: &mut Exchange, content_type: &str, parts: &[&str]) -> String {
    exchange.response_head(200, false, 1);
    let head: Head = [(":status", "200"), ("content-type", content_type)].into_iter().collect();
    assert_eq!(exchange.answer_head(&head, false), Act::Forward);
    let mut out = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        match exchange.answer_body(part.as_bytes(), i + 1 == parts.len()) {
            Act::Forward => out.extend_from_slice(part.as_bytes()),
            Act::Replace(bytes) => out.extend(bytes),
            other => panic!("{other:?}"),
        }
    }
    exchange.response_body(0, true);
    exchange.answer_end();
    String::from_utf8(out).unwrap()
}

fn record(exchange: &Exchange) -> Value {
    serde_json::from_str(&exchange.record().to_json()).unwrap()
}

fn chat(content: &str) -> String {
    json!({"model": "m", "messages": [{"role": "user", "content": content}]}).to_string()
}

fn answered(section: Value, text: &str) -> (String, Value) {
    let mut exchange = open(&section);
    sent(&mut exchange, &chat("hello")).unwrap();
    let out = told(&mut exchange, "text/plain", &[text]);
    (out, record(&exchange))
}

#[test]
fn an_answer_is_redacted_and_its_findings_are_counted_without_their_values() {
    let (out, record) = answered(json!({}), "Mail ann@acme.org or bo@acme.org from 8.8.4.4");
    assert_eq!(out, "Mail [EMAIL] or [EMAIL] from [IP_ADDRESS]");
    assert_eq!((&record["verdict"], &record["stage"]), (&json!("redact"), &json!("pii")));
    assert_eq!(
        record["entities"],
        json!([
            {"type": "EMAIL", "direction": "response", "action": "replace", "count": 2},
            {"type": "IP_ADDRESS", "direction": "response", "action": "replace", "count": 1},
        ])
    );
    assert!(!record.to_string().contains("acme"));
}

#[test]
fn values_are_hashed_for_the_record_where_a_profile_asks_for_it() {
    let audit = json!({"hmac_key_env": "KEY"});
    let section = json!({"audit_values": true, "request": {"redact": true}, "response": {"operator": "pseudonym"}, "deny": ["heron"]});
    let values = |section: &Value, asked: &str, answer: &str| {
        let mut exchange = open_with(section, &audit);
        sent(&mut exchange, &chat(asked)).unwrap();
        let out = told(&mut exchange, "text/plain", &[answer]);
        (record(&exchange)["values"].clone(), out)
    };
    let (found, out) = values(&section, "ann@acme.org, heron", "Heron: ann@acme.org, bo@acme.org, ann@acme.org");
    let of = |at: usize| (found[at]["direction"].clone(), found[at]["type"].clone(), found[at]["hmac"].clone());
    assert_eq!(found.as_array().unwrap().len(), 5, "{found}");
    let email = of(1).2;
    assert_eq!((of(0).1, of(1).1, of(2).1), (json!("CUSTOM"), json!("EMAIL"), json!("CUSTOM")));
    assert_eq!(of(3), (json!("response"), json!("EMAIL"), email.clone()), "the same value has the same hash");
    assert!(of(4).2 != email && !found.to_string().contains("acme"));
    // A pseudonym is the begin of it.
    let begin = &email.as_str().unwrap()[..12];
    assert_eq!(out.matches(&format!("[EMAIL_{begin}]")).count(), 2, "{out}");
    assert_eq!(values(&json!({}), "x", "ann@acme.org").0, Value::Null);
    assert_eq!(parse(&json!({"audit_values": true}), &json!({})).unwrap_err().len(), 1, "without a key");
    let many: String = (0..200).map(|n| format!("a{n}@acme.org ")).collect();
    assert_eq!(values(&section, "x", &many).0.as_array().unwrap().len(), 64);
}

#[test]
fn a_request_keeps_every_byte_outside_of_what_is_found() {
    let section = json!({"request": {"redact": true, "operator": "replace"}, "response": {"redact": false}});
    let body = concat!(
        r#"{ "model":"m",  "messages":[{"role":"user","content":"caf\u00e9 ann\u0040acme.org\n8.8.4.4"},"#,
        r#"{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","#,
        r#""arguments":"{\"to\": \"bo@acme.org\", \"card\": 4111111111111111}"}}]}], "seed": 4111111111111111 }"#
    );
    let expected = concat!(
        r#"{ "model":"m",  "messages":[{"role":"user","content":"caf\u00e9 [EMAIL]\n[IP_ADDRESS]"},"#,
        r#"{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","#,
        r#""arguments":"{\"to\": \"[EMAIL]\", \"card\": \"[CREDIT_CARD]\"}"}}]}], "seed": 4111111111111111 }"#
    );
    let mut exchange = open(&section);
    assert_eq!(sent(&mut exchange, body).unwrap(), expected);
    assert!(!exchange.reads_answer());
    assert_eq!(exchange.record().verdict, Verdict::Redact);
    assert_eq!(sent(&mut open(&section), &chat("nothing here")).unwrap(), chat("nothing here"));
}

#[test]
fn the_name_of_a_member_is_found_and_stays() {
    let mut exchange = open(&json!({"request": {"redact": true, "operator": "replace"}}));
    let body = r#"{"model":"m","messages":[{"role":"user","content":"x","ann@acme.org" : "bo@acme.org"}]}"#;
    let expected = body.replace("bo@acme.org", "[EMAIL]");
    assert_eq!(sent(&mut exchange, body).unwrap(), expected);
    assert_eq!(record(&exchange)["entities"][0]["count"], 2);
}

#[test]
fn numbers_of_a_request_are_turned_back_in_its_own_answer_and_no_other() {
    let section = json!({"request": {"redact": true}});
    let mut exchange = open(&section);
    let request =
        sent(&mut exchange, &chat("ann@acme.org and bo@acme.org, not [EMAIL_1] or [EMAIL_1_AAAAAAA]")).unwrap();
    let token = |n: u32| format!("[EMAIL_{n}_BCDEFGH]");
    let expected = format!("{} and {}, not [EMAIL_1] or [EMAIL_1_AAAAAAA]", token(1), token(2));
    assert_eq!(request, chat(&expected));

    let answer = format!("Hi {}, [EMAIL_1], [EMAIL_1_AAAAAAA], {}. cy@acme.org", token(2), token(3));
    let restored = format!("Hi bo@acme.org, [EMAIL_1], [EMAIL_1_AAAAAAA], {}. [EMAIL]", token(3));
    let event = |text: &str| format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": {"content": text}}]}));
    let contents = |stream: &str| -> String {
        let data = stream.lines().filter_map(|line| line.strip_prefix("data: "));
        let text = |data| serde_json::from_str::<Value>(data).unwrap()["choices"][0]["delta"]["content"].clone();
        data.map(|data| text(data).as_str().unwrap_or_default().to_owned()).collect()
    };
    for cut in 0..=answer.len() {
        let mut exchange = open(&section);
        sent(&mut exchange, &chat("ann@acme.org and bo@acme.org")).unwrap();
        let parts = [event(&answer[..cut]), event(&answer[cut..])];
        let out = told(&mut exchange, "text/event-stream", &[&parts[0], &parts[1]]);
        assert_eq!(contents(&out), restored, "cut at {cut}: {out}");
    }
    let (out, _) = answered(section, &answer);
    assert_eq!(out, answer.replace("cy@acme.org", "[EMAIL]"), "another exchange has no values");
}

#[test]
fn values_are_turned_back_where_answers_are_not_redacted() {
    let mut exchange = open(&json!({"request": {"redact": true}, "response": {"redact": false}}));
    sent(&mut exchange, &chat("ann@acme.org")).unwrap();
    let out = told(&mut exchange, "text/plain", &["To [EMAIL_1_BCD", "EFGH], cy@acme.org"]);
    assert_eq!(out, "To ann@acme.org, cy@acme.org");
}

#[test]
fn without_restore_a_number_carries_nothing_and_nothing_is_turned_back() {
    let section = json!({"request": {"redact": true, "restore": false}, "response": {"redact": false}});
    let mut exchange = open(&section);
    assert_eq!(sent(&mut exchange, &chat("ann@acme.org")).unwrap(), chat("[EMAIL_1]"));
    assert!(!exchange.reads_answer());
}

#[test]
fn each_kind_follows_the_first_entry_that_names_it() {
    let response = json!({"operator": "remove", "operators": [
        {"entities": ["CREDIT_CARD"], "operator": "mask", "keep_last": 2},
        {"entities": ["financial", "network"], "operator": "keep"},
        {"entities": ["contact"], "operator": "number"},
    ]});
    let text = "4111 1111 1111 1111, 8.8.4.4, ann@acme.org, ann@acme.org, SSN 536-22-1234";
    let (out, record) = answered(json!({"response": response}), text);
    assert_eq!(out, "**** **** **** **11, 8.8.4.4, [EMAIL_1], [EMAIL_1], SSN ");
    let actions: Vec<_> =
        record["entities"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["mask", "keep", "number", "remove"]);
}

#[test]
fn kinds_and_values_that_are_left_out_stay_and_are_not_counted() {
    let text = "ann@acme.org bo@own.example 8.8.4.4";
    for (section, expected) in [
        (json!({"detect": ["EMAIL"]}), "[EMAIL] [EMAIL] 8.8.4.4"),
        (json!({"ignore": ["contact"]}), "ann@acme.org bo@own.example [IP_ADDRESS]"),
        (json!({"allow": ["@own.example", "8.8.4.4"]}), "[EMAIL] bo@own.example 8.8.4.4"),
    ] {
        let (out, record) = answered(section.clone(), text);
        assert_eq!(out, expected, "{section}");
        let counted: u64 = record["entities"].as_array().unwrap().iter().map(|e| e["count"].as_u64().unwrap()).sum();
        assert_eq!(counted, 3 - text.split(' ').filter(|word| expected.contains(word)).count() as u64);
    }
}

#[test]
fn patterns_and_words_of_an_operator_count_in_both_directions() {
    let section = json!({
        "request": {"redact": true, "operator": "replace"},
        "patterns": [{"name": "EMPLOYEE", "pattern": "EMP-\\d{6}"}, {"name": "STOP", "pattern": "XX-\\d{3}", "operator": "block"}],
        "deny": ["Blue Heron"],
    });
    let mut exchange = open(&section);
    let asked = sent(&mut exchange, &chat("EMP-123456 of blue heron, ann@acme.org")).unwrap();
    assert_eq!(asked, chat("[EMPLOYEE] of [DENIED], [EMAIL]"));
    let out = told(&mut exchange, "text/plain", &["EMP-12", "3456 of BLUE", " HERON"]);
    assert_eq!(out, "[EMPLOYEE] of [DENIED]");
    assert_eq!(
        record(&exchange)["entities"][0],
        json!({"type": "CUSTOM", "direction": "request", "action": "replace", "count": 2})
    );
    assert_eq!(sent(&mut open(&section), &chat("an XX-123")), None, "an operator that blocks refuses the request");
    let (out, record) = answered(section, "first XX-123 last");
    assert_eq!((out.as_str(), &record["verdict"]), ("first ", &json!("block")));
}

#[test]
fn texts_that_are_left_stay() {
    let event =
        json!({"choices": [{"index": 0, "delta": {"content": "ann@acme.org", "reasoning_content": "bo@acme.org"}}]});
    let mut exchange = open(&json!({"response": {"leave": ["reasoning"]}}));
    sent(&mut exchange, &chat("hello")).unwrap();
    let out = told(&mut exchange, "text/event-stream", &[&format!("data: {event}\n\n"), "data: [DONE]\n\n"]);
    assert!(out.contains("bo@acme.org") && out.contains("[EMAIL]") && !out.contains("ann@"), "{out}");
}

#[test]
fn pseudonyms_need_a_key_and_are_the_same_in_every_exchange() {
    let section = json!({"response": {"operator": "pseudonym"}});
    assert!(parse(&section, &json!({})).is_err());
    let of = |text: &str| {
        let mut exchange = open_with(&section, &json!({"hmac_key_env": "KEY"}));
        sent(&mut exchange, &chat("hello")).unwrap();
        told(&mut exchange, "text/plain", &[text])
    };
    let one = of("ann@acme.org");
    assert!(one.starts_with("[EMAIL_") && one.len() == "[EMAIL_]".len() + 12, "{one}");
    assert_eq!(one, of("ann@acme.org"));
    assert_ne!(one, of("bo@acme.org"));
}

#[test]
fn in_shadow_nothing_changes_and_all_is_counted() {
    let section = json!({"mode": "shadow", "request": {"redact": true}});
    let mut exchange = open(&section);
    assert_eq!(sent(&mut exchange, &chat("ann@acme.org")).unwrap(), chat("ann@acme.org"));
    assert_eq!(told(&mut exchange, "text/plain", &["bo@acme", ".org"]), "bo@acme.org");
    let record = record(&exchange);
    assert_eq!((&record["verdict"], &record["enforced"]), (&json!("redact"), &json!(false)));
    assert_eq!(record["entities"].as_array().unwrap().len(), 2);
}

#[test]
fn a_section_that_could_have_no_effect_is_a_problem() {
    for (section, path) in [
        (json!({"detect": ["email"]}), "detect[0]"),
        (json!({"ignore": ["all"]}), "ignore"),
        (json!({"response": {"redact": false}}), "response"),
        (json!({"response": {"operators": [{"operator": "mask"}]}}), "response.operators[0].entities"),
        (json!({"patterns": [{"name": "A", "pattern": "a*bc"}]}), "patterns[0].pattern"),
        (json!({"patterns": [{"pattern": "abc"}]}), "patterns[0].name"),
        (json!({"deny": ["ab"]}), "deny[0]"),
        (json!({"allow": ["@localhost"]}), "allow[0]"),
    ] {
        let problems = problems(section.clone());
        let at = format!("profiles.default.pii_redact.{path}: ");
        assert!(problems.iter().any(|problem| problem.starts_with(&at)), "{section}: {problems:?}");
    }
    assert_eq!(problems(json!({"mode": "off"})), Vec::<String>::new());
}
