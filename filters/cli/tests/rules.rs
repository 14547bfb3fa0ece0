//! `portcullis rules` as an operator meets it.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::process::{Command, Output};

use portcullis_prompt_guard::BASE;
use serde_json::{Value, json};

fn rules(config: &Value, args: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    std::fs::write(&file, config.to_string()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.args(["rules", "--config", file.to_str().unwrap()]).args(args).output().unwrap()
}

fn listed(config: &Value, args: &[&str]) -> Vec<Value> {
    let mut all = vec!["--json"];
    all.extend(args);
    let output = rules(config, &all);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::str::from_utf8(&output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn settings() -> Value {
    let guard = json!({
        "rules": {
            "disabled": ["PG-1002"], "shadow": ["PG-1003"],
            "severity": [{"rules": ["PG-1004"], "severity": "notice"}]
        },
        "exceptions": [
            {"reason": "Too loud.", "rules": ["PG-1005"], "action": "severity", "severity": "warning"},
            {"reason": "The red team.", "rules": ["PG-1001"], "action": "off", "roles": ["user"],
                "header": {"name": "x-consumer", "exact": "red-team"}}
        ]
    });
    json!({
        "prompt_guard": {"rules": [
            {"id": "OP-0001", "title": "Asks for the merger", "severity": "critical", "paranoia": 2, "phrases": ["blue heron"],
                "roles": ["user"], "languages": ["en"], "references": ["our policy, 7"]}
        ]},
        "profiles": {"default": {"prompt_guard": guard}, "plain": {}},
        "routes": [{"profile": "plain", "path_prefix": "/plain"}]
    })
}

#[test]
fn every_rule_of_every_profile_is_listed_with_what_says_its_state() {
    let listed = listed(&settings(), &[]);
    assert_eq!(listed.len(), 2 * (BASE.len() + 1));
    let of = |profile: &str, id: &str| {
        let found = listed.iter().find(|row| row["profile"] == profile && row["id"] == id).unwrap();
        json!([found["state"], found["severity"], found["by"]])
    };
    for (id, state) in [
        ("PG-1001", json!(["on", given("PG-1001"), null])),
        ("PG-1002", json!(["off", given("PG-1002"), "rules.disabled"])),
        ("PG-1003", json!(["shadow", given("PG-1003"), "rules.shadow"])),
        ("PG-1004", json!(["on", "notice", "rules.severity"])),
        ("PG-1005", json!(["on", "warning", "exceptions[0]"])),
        ("OP-0001", json!(["off", "critical", "rules.paranoia"])),
    ] {
        assert_eq!(of("default", id), state, "{id}");
        if id != "OP-0001" {
            assert_eq!(of("plain", id), json!(["on", given(id), null]), "{id}");
        }
    }
    let own = listed.iter().find(|row| row["id"] == "OP-0001").unwrap();
    assert_eq!(own["title"], "Asks for the merger");
    assert_eq!((&own["roles"], &own["languages"]), (&json!(["user"]), &json!(["en"])));
    assert_eq!(own["references"], json!(["our policy, 7"]));
    let excepted = listed.iter().find(|row| row["id"] == "PG-1001").unwrap();
    let wanted = json!([{"key": "exceptions[1]", "action": "off", "roles": ["user"], "always": false, "reason": "The red team."}]);
    assert_eq!(excepted["exceptions"], wanted);
}

/// What a rule that ships says that it weighs.
fn given(id: &str) -> &'static str {
    BASE.iter().find(|rule| rule.id.to_string() == id).unwrap().severity.name()
}

#[test]
fn the_table_has_a_line_for_each_and_says_the_same() {
    let output = rules(&settings(), &["--profile", "default"]);
    let printed = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = printed.lines().collect();
    assert_eq!(lines[0], format!("profile default: {} rules", BASE.len() + 1));
    assert!(lines[1].starts_with("id "), "{printed}");
    let line =
        |id: &str| lines.iter().find(|line| line.starts_with(id)).unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!(line("PG-1002")[1], "off");
    assert!(line("PG-1002").contains(&"rules.disabled"), "{printed}");
    assert!(line("PG-1001").join(" ").contains(" for some: off by exceptions[1] "), "{printed}");
    assert_eq!(line("OP-0001")[1..4], ["off", "critical", "2"]);
    assert!(line("OP-0001").ends_with(&["Asks", "for", "the", "merger"]), "{printed}");
    assert!(!printed.contains("profile plain"));
}

#[test]
fn a_profile_that_is_not_there_and_a_bad_configuration_are_refused() {
    let output = rules(&settings(), &["--profile", "nobody"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("profiles here: default, plain"));
    let output = rules(&json!({"profiles": {"default": {"prompt_guard": {"rules": {"disabled": ["PG-0"]}}}}}), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("prompt_guard.rules.disabled[0]: "));
}
