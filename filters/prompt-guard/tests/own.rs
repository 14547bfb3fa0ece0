//! An operator's own rules.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs, reason = "a test")]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{ATTACK, chat, document};
use portcullis_core::config::Config;
use portcullis_core::verdict::Verdict;
use portcullis_prompt_guard::{BASE, rules_of};
use serde_json::{Value, json};

/// A document with these rules of the operator's and these settings of its only profile.
fn with(rules: &Value, guard: &Value) -> Result<Arc<Config>, Vec<String>> {
    let mut guard = guard.clone();
    guard["classifier"] = json!({"mode": "off"});
    document(&json!({"prompt_guard": {"rules": rules}, "profiles": {"default": {"prompt_guard": guard}}}))
}

fn rule(more: &Value) -> Value {
    let mut rule = json!({"id": "OP-0001", "title": "Asks for the merger", "severity": "critical"});
    rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    rule
}

fn fired(config: &Arc<Config>, role: &str, text: &str) -> Vec<String> {
    chat(config, &[], &[(role, text)]).rules.iter().map(ToString::to_string).collect()
}

#[test]
fn a_rule_of_the_operators_fires_like_those_that_ship() {
    let rule = rule(&json!({
        "quoted": "notice", "roles": ["user", "document"],
        "phrases": ["project blue heron"], "literals": ["{{secret}}"], "unless": ["not"], "unless_after": ["is over"],
        "near": [{"groups": [["when", "will"], ["merg*", "acqui*"], ["initech"]], "within": 3}]
    }));
    let config = with(&json!([rule]), &json!({})).unwrap();
    for text in [
        "Tell me about Project Blue Heron.",
        "Tell me about ＰＲＯＪＥＣＴ bl\u{200b}ue hérоn.",
        "print {{ secret }} now",
        "When will we be merging with Initech?",
    ] {
        let record = chat(&config, &[], &[("user", text)]);
        assert_eq!((record.verdict, record.score), (Verdict::Block, 0.9), "{text}");
        assert_eq!(record.rules.iter().map(ToString::to_string).collect::<Vec<_>>(), ["OP-0001"], "{text}");
    }
    for text in [
        "The heron is blue.",
        "It is not Project Blue Heron.",
        "print secret now",
        "When is Initech merging?",
        "Project Blue Heron is over.",
    ] {
        assert!(fired(&config, "user", text).is_empty(), "{text}");
    }
    assert!(fired(&config, "assistant", "Project Blue Heron").is_empty(), "it reads users and documents");
    assert_eq!(chat(&config, &[], &[("user", "What is “Project Blue Heron”?")]).verdict, Verdict::Allow);
    assert_eq!(fired(&config, "user", ATTACK), ["PG-1001"], "those that ship run beside it");
}

#[test]
fn a_refusal_names_the_rule() {
    use portcullis_core::exchange::{Act, Exchange};
    let config = with(&json!([rule(&json!({"phrases": ["blue heron"]}))]), &json!({})).unwrap();
    let head = [(":method", "POST"), (":path", "/v1/chat/completions")].into_iter().collect();
    let mut exchange = Exchange::open(&config, head, 0);
    exchange.request_head(false);
    let body = json!({"messages": [{"role": "user", "content": "blue heron"}]}).to_string();
    let Act::Refuse(reply) = exchange.request_body(body.as_bytes(), &|| 0) else { panic!("it is let through") };
    assert!(reply.headers.contains(&("x-portcullis-verdict", "block; rule=OP-0001; stage=rules".into())));
    assert!(String::from_utf8(reply.body).unwrap().contains("OP-0001"));
}

#[test]
fn a_request_under_way_keeps_its_rules_when_the_configuration_changes() {
    use portcullis_core::exchange::{Act, Exchange};
    let config = with(&json!([rule(&json!({"phrases": ["blue heron"]}))]), &json!({})).unwrap();
    let open = |config: &Arc<Config>| {
        Exchange::open(config, [(":method", "POST"), (":path", "/v1/messages")].into_iter().collect(), 0)
    };
    let mut under_way = open(&config);
    under_way.request_head(false);
    drop(config);
    let config = with(&json!([rule(&json!({"phrases": ["grey heron"]}))]), &json!({})).unwrap();
    let mut next = open(&config);
    next.request_head(false);
    let body = json!({"messages": [{"role": "user", "content": "blue heron"}]}).to_string();
    assert!(matches!(under_way.request_body(body.as_bytes(), &|| 0), Act::Refuse(_)));
    assert_eq!(next.request_body(body.as_bytes(), &|| 0), Act::Forward);
}

#[test]
fn a_profile_may_except_it_by_id_or_family_or_wait_for_its_level() {
    let rules = json!([
        rule(&json!({"phrases": ["blue heron"]})),
        rule(&json!({"id": "XA-0002", "phrases": ["blue heron"], "paranoia": 3}))
    ]);
    let ids = |guard: Value| fired(&with(&rules, &guard).unwrap(), "user", "blue heron");
    assert_eq!(ids(json!({})), ["OP-0001"]);
    assert_eq!(ids(json!({"rules": {"paranoia": 3}})), ["OP-0001", "XA-0002"]);
    assert!(ids(json!({"rules": {"disabled": ["OP-0001"]}})).is_empty());
    assert!(ids(json!({"exceptions": [{"reason": "x", "rules": ["OP"], "action": "off"}]})).is_empty());
    assert_eq!(ids(json!({"rules": {"paranoia": 3, "disabled": ["OP-0000-9999"]}})), ["XA-0002"]);
    let alone = document(&json!({"profiles": {"default": {"prompt_guard": {"rules": {"disabled": ["OP-0001"]}}}}}));
    assert!(alone.is_err(), "what one configuration defines is not there in another");
}

#[test]
fn what_is_wrong_with_a_rule_is_said_with_its_place() {
    let good = || rule(&json!({"phrases": ["blue heron"]}));
    let near = |near: Value| json!([rule(&json!({"near": [near]}))]);
    // 32 looks for each letter of " heron ", four for each set that begins with it.
    let each = |count: usize, words: &[&str]| -> Vec<Value> {
        let rule = |i: usize| rule(&json!({"id": format!("OP-{i:04}"), "phrases": [words[i % words.len()]]}));
        (0..count).map(rule).collect()
    };
    let nested = ["her*", "hero*", "heron", "blue heron"];
    for (count, words) in [(56, &["blue heron"][..]), (56, &nested)] {
        assert!(with(&json!(each(count, words)), &json!({})).is_ok(), "{words:?}");
    }
    for (rules, problem) in [
        (json!([{"title": "x", "severity": "error", "phrases": ["a"]}]), "rules[0].id: is missing"),
        (json!([{"id": "OP-0001", "severity": "error", "phrases": ["a"]}]), "rules[0].title: is missing"),
        (json!([{"id": "OP-0001", "title": "x", "phrases": ["a"]}]), "rules[0].severity: is missing"),
        (json!([rule(&json!({"id": "PG-0001", "phrases": ["a"]}))]), "rules[0].id: is not OP- or X"),
        (json!([rule(&json!({"id": "OP-1", "phrases": ["a"]}))]), "rules[0].id: is not OP- or X"),
        (json!([good(), good()]), "rules[1].id: stands at a rule before"),
        (json!([rule(&json!({}))]), "rules[0]: looks for nothing"),
        (json!([rule(&json!({"phrases": ["blue", "..."]}))]), "rules[0].phrases[1]: is not words"),
        (json!([rule(&json!({"phrases": ["@override"]}))]), "rules[0].phrases[0]: is not words"),
        (json!([rule(&json!({"phrases": ["a*b"]}))]), "rules[0].phrases[0]: is not words"),
        (json!([rule(&json!({"phrases": ["ab*"]}))]), "rules[0].phrases[0]: is not words"),
        (json!([rule(&json!({"phrases": ["a ".repeat(16)]}))]), "rules[0].phrases[0]: is not words"),
        (json!([rule(&json!({"phrases": ["a"], "unless_after": ["*"]}))]), "rules[0].unless_after[0]: is not words"),
        (json!([rule(&json!({"literals": ["secret"]}))]), "rules[0].literals[0]: is not words with punctuation"),
        (
            json!([rule(&json!({"literals": ["=========secret"]}))]),
            "rules[0].literals[0]: is not words with punctuation",
        ),
        (
            json!([rule(&json!({"phrases": ["a"], "quoted": "critical", "severity": "error"}))]),
            "rules[0].quoted: is greater",
        ),
        (json!([rule(&json!({"phrases": ["a"], "paranoia": 5}))]), "rules[0].paranoia: 5 is not"),
        (json!([rule(&json!({"phrases": ["a"], "roles": ["tool"]}))]), "rules[0].roles[0]: is not one of"),
        (near(json!({"groups": [["a"]], "within": 2})), "rules[0].near[0].groups: has one group"),
        (near(json!({"groups": [["a"], []], "within": 2})), "rules[0].near[0].groups[1]: is empty"),
        (near(json!({"groups": [["a"], ["b", "?"]], "within": 2})), "rules[0].near[0].groups[1][1]: is not words"),
        (near(json!({"groups": [["a"], ["b"], ["c"], ["d"], ["e"]], "within": 2})), "rules[0].near[0].groups: has 5"),
        (near(json!({"groups": [["a"], ["b"]], "within": 33})), "rules[0].near[0].within: 33 is not"),
        (near(json!({"groups": [["a"], ["b"]]})), "rules[0].near[0].within: is missing"),
        (json!(each(57, &["blue heron"])), "rules: look 228 times for one term, which OP-0000"),
        (json!(each(60, &nested)), "rules: look 240 times for one term"),
    ] {
        let said = with(&rules, &json!({})).map(|_| ()).unwrap_err();
        let said: Vec<_> = said.iter().filter_map(|problem| problem.strip_prefix("prompt_guard.")).collect();
        assert!(said.iter().any(|said| said.starts_with(problem)), "{rules}: {said:?}");
    }
}

#[test]
fn what_all_rules_share_is_looked_for_once() {
    let rule = |i: usize| {
        rule(&json!({"id": format!("OP-{i:04}"), "unless": ["not", "never"], "phrases": [format!("project{i}")]}))
    };
    let config = with(&(0..1000).map(rule).collect(), &json!({})).unwrap();
    assert_eq!(fired(&config, "user", "it is project999"), ["OP-0999"]);
    assert!(fired(&config, "user", "it is not project999").is_empty());
}

#[test]
fn as_many_rules_as_are_allowed_compile_and_one_more_is_refused() {
    let some = |count: usize| -> Value {
        let rule = |i: usize| {
            let (words, other) = (format!("word{i} and word{}", i + 1), format!("first{i}"));
            let near = json!([{"groups": [[other], [format!("second{i}")]], "within": 5}]);
            rule(&json!({"id": format!("OP-{i:04}"), "phrases": [words], "near": near}))
        };
        (0..count).map(rule).collect()
    };
    let config = with(&some(2000), &json!({})).unwrap();
    assert_eq!(fired(&config, "user", "it is word1999 and word2000"), ["OP-1999"]);
    assert_eq!(fired(&config, "user", "first7 and then second7, first8 and second9"), ["OP-0007"]);
    let said = with(&some(2001), &json!({})).map(|_| ()).unwrap_err();
    assert!(said[0].starts_with("prompt_guard.rules: has 2001 entries; at most 2000"), "{said:?}");
    let wordy: Vec<_> = (0..800)
        .map(|i| {
            let phrases: Vec<_> = (0..3).map(|n| format!("{} {i} {n}", "abcdefghi ".repeat(12))).collect();
            rule(&json!({"id": format!("OP-{i:04}"), "phrases": phrases}))
        })
        .collect();
    let said = with(&json!(wordy), &json!({})).map(|_| ()).unwrap_err();
    assert!(said[0].starts_with("prompt_guard.rules: have ") && said[0].contains("bytes of words"), "{said:?}");
}

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The files of a folder with this ending, by name.
fn files(path: &str, ending: &str) -> BTreeMap<String, String> {
    let files = std::fs::read_dir(folder(path)).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|end| end == ending));
    files
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

/// The words of a list, with the lists that it names in their place.
fn written_out(words: &Value, lists: &BTreeMap<String, Value>) -> Vec<Value> {
    let each = words.as_array().unwrap().iter();
    let mut all = Vec::new();
    for word in each.flat_map(|word| match word.as_str().unwrap().strip_prefix('@') {
        Some(list) => written_out(&lists[list], lists),
        None => vec![word.clone()],
    }) {
        if !all.contains(&word) {
            all.push(word);
        }
    }
    all
}

/// A rule that ships, as an operator would write it.
fn rewritten(file: &str, id: String, lists: &BTreeMap<String, Value>) -> Value {
    let mut rule: Value = toml::from_str(file).unwrap();
    rule["id"] = json!(id);
    for key in ["phrases", "unless", "unless_after"] {
        if let Some(words) = rule.get(key) {
            rule[key] = json!(written_out(words, lists));
        }
    }
    for near in rule.get_mut("near").and_then(Value::as_array_mut).into_iter().flatten() {
        let groups = near["groups"].as_array().unwrap().iter();
        near["groups"] = groups.map(|group| json!(written_out(group, lists))).collect();
        for key in ["unless", "unless_after"] {
            if let Some(words) = near.get(key) {
                near[key] = json!(written_out(words, lists));
            }
        }
    }
    rule
}

#[test]
fn the_rules_that_ship_could_be_the_operators() {
    let mut lists = BTreeMap::new();
    let files_of_rules = files("rules", "toml");
    for (_, file) in files_of_rules.iter().filter(|(name, _)| name.starts_with("words")) {
        lists.extend(toml::from_str::<BTreeMap<String, Value>>(file).unwrap());
    }
    let rows = files("../../tests/cases/rules", "jsonl");
    for rules in BASE.chunks(10) {
        let names: Vec<_> = rules.iter().map(|rule| rule.id.to_string()).collect();
        let own = |name: &String| rewritten(&files_of_rules[name], name.replace("PG", "XA"), &lists);
        let config = with(&names.iter().map(own).collect(), &json!({"rules": {"paranoia": 4}}));
        let config = config.unwrap_or_else(|problems| panic!("{names:?}: {problems:?}"));
        for row in names.iter().flat_map(|name| rows[name].lines()) {
            let row: Value = serde_json::from_str(row).unwrap();
            if row["role"].as_str().is_none_or(|role| role == "user") {
                let fired = fired(&config, "user", row["text"].as_str().unwrap());
                for name in &names {
                    assert_eq!(fired.contains(name), fired.contains(&name.replace("PG", "XA")), "{name}: {row}");
                }
            }
        }
    }
}

#[test]
fn it_is_listed_behind_those_that_ship() {
    let own = rule(&json!({"phrases": ["blue heron"], "languages": ["en"], "references": ["our policy, 7"]}));
    let config = with(&json!([own]), &json!({"rules": {"shadow": ["OP"], "disabled": ["PG-1002"]}})).unwrap();
    let profile = config.profiles()[0];
    let listed = rules_of(&*profile.stages[0]).unwrap();
    assert_eq!(listed.len(), BASE.len() + 1);
    let last = listed.last().unwrap();
    assert_eq!(
        (last.id.to_string(), last.title, last.by),
        ("OP-0001".into(), "Asks for the merger", Some("rules.shadow"))
    );
    assert_eq!((&last.languages, &last.references), (&vec!["en"], &vec!["our policy, 7"]));
    let of = |id: &str| listed.iter().find(|rule| rule.id.to_string() == id).unwrap().by;
    assert_eq!((of("PG-1001"), of("PG-1002")), (None, Some("rules.disabled")));
}
