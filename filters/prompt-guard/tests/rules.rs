//! Every rule against its cases: `tests/cases/rules/<id>.jsonl`, rows of `{"text", "fires": [id], "role"?}`. They run
//! at the level of paranoia of the rule that the file is named by.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "a test"
)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use portcullis_core::wire::Role;
use portcullis_prompt_guard::{BASE, Choice, Inspection, MAX_WITHIN, Ruleset};

struct Case {
    file: String,
    line: usize,
    text: String,
    role: Role,
    paranoia: u8,
    fires: BTreeSet<String>,
}

fn cases() -> Vec<Case> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/rules");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let rule = BASE.iter().find(|rule| format!("{}.jsonl", rule.id) == file);
        let rule = rule.unwrap_or_else(|| panic!("{file} is named by no rule"));
        for (line, row) in std::fs::read_to_string(&path).unwrap().lines().enumerate() {
            let row: serde_json::Value =
                serde_json::from_str(row).unwrap_or_else(|e| panic!("{file}:{}: {e}", line + 1));
            let fires = row["fires"].as_array().unwrap();
            cases.push(Case {
                file: file.clone(),
                line: line + 1,
                text: row["text"].as_str().unwrap().into(),
                role: match row["role"].as_str() {
                    None | Some("user") => Role::User,
                    Some("tool_result") => Role::ToolResult,
                    Some("document") => Role::Document,
                    Some("system") => Role::System,
                    Some("assistant") => Role::Assistant,
                    Some("tool_argument") => Role::ToolArgument,
                    Some("tool_definition") => Role::ToolDefinition,
                    Some(role) => panic!("{file}:{}: role {role}", line + 1),
                },
                paranoia: rule.paranoia,
                fires: fires.iter().map(|id| id.as_str().unwrap().into()).collect(),
            });
        }
    }
    cases
}

fn fires(text: &str, role: Role, paranoia: u8) -> BTreeSet<String> {
    let rules = Ruleset::base();
    let choice = Choice { paranoia, ..Choice::default() };
    let mut fired = BTreeSet::new();
    let mut inspection = Inspection::new(&rules, &choice);
    inspection.text(text, role, &mut |hit| {
        fired.insert(BASE[hit.rule].id.to_string());
    });
    fired
}

#[test]
fn every_case_fires_what_it_says_and_nothing_else() {
    let mut wrong = Vec::new();
    for case in cases() {
        let fired = fires(&case.text, case.role, case.paranoia);
        if fired != case.fires {
            wrong.push(format!("{}:{}: fires {fired:?}, not {:?}: {}", case.file, case.line, case.fires, case.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_five_cases_that_fire_it_three_of_them_alone_and_three_near_misses() {
    let cases = cases();
    for rule in BASE {
        let (id, file) = (rule.id.to_string(), format!("{}.jsonl", rule.id));
        let of_rule = || cases.iter().filter(|c| c.file == file);
        let all = of_rule().filter(|c| c.fires.contains(&id)).count();
        let alone = of_rule().filter(|c| c.fires.iter().eq([&id])).count();
        let nothing = of_rule().filter(|c| c.fires.is_empty()).count();
        assert!(all >= 5 && alone >= 3 && nothing >= 3, "{id}: {all} fire it, {alone} alone, {nothing} fire nothing");
    }
}

#[test]
fn a_disguise_hides_no_case() {
    let spread = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" \t\u{a0} ");
    let wide = |text: &str| -> String {
        let wide = |c: char| if c.is_ascii_graphic() { char::from_u32(c as u32 + 0xfee0).unwrap() } else { c };
        text.chars().map(wide).collect()
    };
    let unseen = |text: &str| text.chars().flat_map(|c| [c, '\u{200b}']).collect::<String>();
    let alike = |text: &str| text.replace('o', "о").replace('e', "е").replace('a', "а").replace('i', "і");
    for case in cases().iter().filter(|case| !case.fires.is_empty()) {
        let text = &case.text;
        for other in [text.to_uppercase(), text.to_lowercase(), spread(text), wide(text), unseen(text), alike(text)] {
            assert_eq!(fires(&other, case.role, case.paranoia), case.fires, "{other:?}");
        }
    }
}

#[test]
fn every_rule_says_what_it_is() {
    let mut ids = BTreeSet::new();
    for rule in BASE {
        assert!(ids.insert(rule.id), "{} stands twice", rule.id);
        assert!(!rule.title.is_empty() && !rule.references.is_empty() && !rule.languages.is_empty(), "{}", rule.id);
        assert!(rule.quoted <= rule.severity, "{}", rule.id);
        assert!(rule.sets.iter().all(|set| set.within <= MAX_WITHIN), "{}", rule.id);
    }
}
