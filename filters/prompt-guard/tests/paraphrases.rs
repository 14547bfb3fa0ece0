//! Attacks in other words than those of the rules: `tests/cases/paraphrases`. No verdict may get weaker; `GOLDEN=write`
//! writes down those of today.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs, reason = "a test")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use portcullis_core::wire::Role;
use portcullis_prompt_guard::{Choice, Inspection, Ruleset};
use serde_json::Value;

/// From the weakest on, with the score from which on they are given by default.
const VERDICTS: [(&str, f32); 3] = [("allow", 0.0), ("flag", 0.5), ("block", 0.8)];

/// The least number of texts.
const TEXTS: usize = 400;

/// The place in [`VERDICTS`] of what the rules say.
fn verdict(row: &Value) -> usize {
    let role = match row["role"].as_str() {
        None => Role::User,
        Some("tool_result") => Role::ToolResult,
        Some("tool_definition") => Role::ToolDefinition,
        Some("document") => Role::Document,
        Some(role) => panic!("role {role}"),
    };
    let (rules, choice) = (Ruleset::base(), Choice::default());
    let mut inspection = Inspection::new(&rules, &choice);
    inspection.text(row["text"].as_str().unwrap(), role, &mut |_| {});
    VERDICTS.iter().rposition(|(_, from)| inspection.score() >= *from).unwrap()
}

#[test]
fn no_verdict_gets_weaker() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/paraphrases");
    let (mut ids, mut weaker) = (BTreeSet::new(), Vec::new());
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_none_or(|end| end != "jsonl") {
            continue;
        }
        let mut today = String::new();
        for row in std::fs::read_to_string(&file).unwrap().lines() {
            let written: Value = serde_json::from_str(row).unwrap();
            assert!(ids.insert(written["id"].as_str().unwrap().to_string()), "twice: {row}");
            let was = VERDICTS.iter().position(|(name, _)| written["verdict"] == *name).unwrap();
            let is = verdict(&written);
            if is < was {
                weaker.push(format!("{}: {row}", VERDICTS[is].0));
            }
            let verdict = |at: usize| format!("\"verdict\": \"{}\"", VERDICTS[at].0);
            today.push_str(&row.replace(&verdict(was), &verdict(is)));
            today.push('\n');
        }
        if std::env::var("GOLDEN").is_ok_and(|golden| golden == "write") {
            std::fs::write(&file, today).unwrap();
            weaker.clear();
        }
    }
    assert!(ids.len() >= TEXTS, "only {} texts", ids.len());
    assert!(weaker.is_empty(), "weaker (GOLDEN=write when a narrower rule is worth it):\n{}", weaker.join("\n"));
}
