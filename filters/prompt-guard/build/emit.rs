//! The table as Rust source.

use std::fmt::Write;

use crate::source::{Rule, Set};

pub fn table(rules: &[Rule]) -> String {
    let mut out = String::from("&[\n");
    for rule in rules {
        let severity = |word: &str| format!("Severity::{}", camel(word));
        let roles: Vec<_> = rule.roles.iter().map(|role| format!("Role::{}", camel(role))).collect();
        writeln!(
            out,
            "Rule {{ id: pg({}), title: {:?}, severity: {}, quoted: {}, paranoia: {}, roles: &[{}], languages: &{:?}, references: &{:?}, sets: &[",
            rule.number,
            rule.title,
            severity(rule.severity),
            severity(rule.quoted),
            rule.paranoia,
            roles.join(", "),
            rule.languages,
            rule.references,
        )
        .expect("a string takes all");
        rule.sets.iter().for_each(|set| out.push_str(&emit(set)));
        out.push_str("] },\n");
    }
    out.push_str("]\n");
    out
}

fn emit(set: &Set) -> String {
    let groups: Vec<_> = set.groups.iter().map(|group| format!("&{group:?}")).collect();
    format!(
        "Set {{ groups: &[{}], within: {}, opening: {}, unless: &{:?}, unless_after: &{:?}, exact: &{:?} }},\n",
        groups.join(", "),
        set.within,
        set.opening,
        set.unless,
        set.unless_after,
        set.exact
    )
}

fn camel(word: &str) -> String {
    word.split('_').map(|part| part[..1].to_uppercase() + &part[1..]).collect()
}
