//! The rules as Rust source: as they are written, and compiled.

use std::fmt::{Debug, Write};

use portcullis_core::text::decode::{Index, Offsets};

use crate::ruleset::{RuleOf, Ruleset, SetOf};
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

/// The tables of a rule set, as a constant.
pub fn compiled(rules: &Ruleset) -> String {
    let Ruleset { vocabulary, words, terms, uses_at, uses, sets, rules, groups, unless } = rules;
    let mut out = String::from("Ruleset {\nvocabulary: Vocabulary {\n");
    field(&mut out, "filter", &vocabulary.filter);
    index(&mut out, "keys", &vocabulary.keys);
    field(&mut out, "marks", &vocabulary.marks);
    field(&mut out, "numbers", &vocabulary.numbers);
    field(&mut out, "turn_filter", &vocabulary.turn_filter);
    index(&mut out, "turns", &vocabulary.turns);
    field(&mut out, "firsts", &vocabulary.firsts);
    field(&mut out, "heads", &vocabulary.heads);
    text(&mut out, "long", &vocabulary.long);
    field(&mut out, "longs", &vocabulary.longs);
    out.push_str("},\n");
    text(&mut out, "words", words);
    out.push_str("terms: Terms {\n");
    field(&mut out, "labels", &terms.labels);
    offsets(&mut out, "starts", &terms.starts);
    offsets(&mut out, "roots", &terms.roots);
    text(&mut out, "stems", &terms.stems);
    field(&mut out, "stem_ends", &terms.stem_ends);
    field(&mut out, "stem_heads", &terms.stem_heads);
    writeln!(out, "stem_mask: {},", terms.stem_mask).expect("a string takes all");
    field(&mut out, "pairs", &terms.pairs);
    out.push_str("},\n");
    offsets(&mut out, "uses_at", uses_at);
    field(&mut out, "uses", uses);
    list(&mut out, "sets", sets.iter().map(set_of));
    list(&mut out, "rules", rules.iter().map(rule_of));
    write!(out, "groups: {groups}, unless: {unless} }}").expect("a string takes all");
    out
}

fn field(out: &mut String, name: &str, values: &(impl Debug + ?Sized)) {
    writeln!(out, "{name}: Cow::Borrowed(&{values:?}),").expect("a string takes all");
}

fn text(out: &mut String, name: &str, text: &str) {
    writeln!(out, "{name}: Cow::Borrowed({text:?}),").expect("a string takes all");
}

fn offsets(out: &mut String, name: &str, offsets: &Offsets) {
    writeln!(out, "{name}: Offsets {{").expect("a string takes all");
    field(out, "bases", &offsets.bases);
    field(out, "rest", &offsets.rest);
    out.push_str("},\n");
}

fn index(out: &mut String, name: &str, index: &Index) {
    writeln!(out, "{name}: Index {{ bits: {},", index.bits).expect("a string takes all");
    offsets(out, "starts", &index.starts);
    field(out, "prints", &index.prints);
    out.push_str("},\n");
}

fn list(out: &mut String, name: &str, values: impl Iterator<Item = String>) {
    let values: Vec<_> = values.collect();
    writeln!(out, "{name}: Cow::Borrowed(&[{}]),", values.join(",\n")).expect("a string takes all");
}

fn set_of(set: &SetOf) -> String {
    let SetOf { rule, first, groups, within, opening, reach, unless, unless_after, exact } = set;
    format!(
        "SetOf {{ rule: {rule}, first: {first}, groups: {groups}, within: {within}, opening: {opening}, reach: {reach}, unless: {unless:?}, \
         unless_after: Cow::Borrowed({unless_after:?}), exact: Cow::Borrowed({exact:?}) }}"
    )
}

fn rule_of(rule: &RuleOf) -> String {
    let RuleOf { id, severity, quoted, paranoia, roles } = rule;
    let id = id.to_string();
    let number = id.rsplit('-').next().unwrap_or_default().trim_start_matches('0');
    format!(
        "RuleOf {{ id: pg({number}), severity: Severity::{severity:?}, quoted: Severity::{quoted:?}, paranoia: {paranoia}, \
         roles: {roles} }}"
    )
}
