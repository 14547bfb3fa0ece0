//! What a replay found, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use portcullis_core::verdict::RuleId;
use serde_json::{Value, json};

use super::outcome;
use super::tally::{Kind, Outcomes, Side, Tally, outcomes};
use crate::decision::Decision;

/// Rules of `a` that `b` lacks.
fn without<'a>(a: &'a Decision, b: &Decision) -> Vec<&'a RuleId> {
    a.rules.iter().filter(|rule| !b.rules.contains(rule)).collect()
}

/// A row that changes, as an object.
pub fn change(id: &Value, before: &Decision, now: &Decision) -> Value {
    let side = |decision: &Decision| {
        json!({
            "verdict": decision.verdict.name(),
            "enforced": decision.enforced,
            "stage": decision.judge.name(),
            "profile": decision.profile,
            "score": decision.shown_score(),
            "rules": decision.rules.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "unreadable": decision.unreadable,
        })
    };
    let names = |rules: Vec<&RuleId>| rules.into_iter().map(ToString::to_string).collect::<Vec<_>>();
    json!({
        "id": id,
        "before": side(before),
        "now": side(now),
        "appeared": names(without(now, before)),
        "disappeared": names(without(before, now)),
    })
}

/// A row that changes, as a line to read.
pub fn change_line(id: &Value, before: &Decision, now: &Decision) -> String {
    let id = id.as_str().map_or_else(|| id.to_string(), |id| id.escape_debug().to_string());
    let (old, new) = (outcome(before), outcome(now));
    let (old_score, new_score) = (before.shown_score(), now.shown_score());
    let mut line = format!("{id}: {old} -> {new} ({old_score:.2} -> {new_score:.2})");
    if before.profile != now.profile {
        let _ = write!(line, " profile {} -> {}", before.profile, now.profile);
    }
    let (gone, come) = (without(before, now), without(now, before));
    for (sign, rules) in [('-', gone), ('+', come)] {
        for rule in rules {
            let _ = write!(line, " {sign}{rule}");
        }
    }
    line
}

/// All counts, as an object.
pub fn summary(tally: &Tally, compared_with: &str) -> Value {
    let side = |side: &Side| {
        json!({
            "verdicts": side.all,
            "stages": side.stages,
            "profiles": side.profiles,
            "routes": side.routes,
            "rules": side.rules,
        })
    };
    let changes: BTreeMap<_, _> =
        tally.changes.iter().map(|((before, now), rows)| (format!("{before} -> {now}"), rows)).collect();
    let mut summary = json!({
        "rows": tally.rows(),
        "decided": tally.kinds,
        "kept": tally.kept,
        "errors": tally.errors,
        "now": side(&tally.now),
    });
    if let Some(fields) = summary.as_object_mut().filter(|_| tally.compared > 0) {
        fields.insert("compared_with".into(), json!(compared_with));
        fields.insert("compared".into(), json!(tally.compared));
        fields.insert("changed".into(), json!(tally.changed()));
        fields.insert("changes".into(), json!(changes));
        fields.insert("before".into(), side(&tally.before));
    }
    json!({ "summary": summary })
}

/// All counts, as a table to read.
pub fn table(tally: &Tally, compared_with: &str) -> String {
    let mut out = String::new();
    let decided: Vec<_> = tally.kinds.iter().map(|(kind, rows)| format!("{rows} {}", kind.replace('_', " "))).collect();
    let decided = if decided.is_empty() { "nothing to decide".to_string() } else { decided.join(", ") };
    let _ = writeln!(out, "{} rows: {decided}; {} could not be read", tally.rows(), tally.errors);
    if let Some(weighed) = tally.kinds.get(Kind::Audit.name()) {
        let _ = writeln!(
            out,
            "audit records hold no text: {weighed} are weighed by the rules that they name, and no other rule can appear"
        );
    }
    for (why, rows) in &tally.kept {
        let _ = writeln!(out, "not weighed, {why}: {rows} audit records");
    }
    let counted = |outcome: &String| tally.now.all.contains_key(outcome) || tally.before.all.contains_key(outcome);
    let columns: Vec<_> = outcomes().into_iter().filter(counted).collect();
    out.push('\n');
    write_side(&mut out, "now", &tally.now, &columns);
    if tally.compared > 0 {
        let _ = writeln!(out, "\nagainst {compared_with}: {} of {} change", tally.changed(), tally.compared);
        for ((before, now), rows) in &tally.changes {
            let what = if before == now { format!("{now}, with other findings") } else { format!("{before} -> {now}") };
            let _ = writeln!(out, "{rows:>10}  {what}");
        }
        out.push('\n');
        write_side(&mut out, "before", &tally.before, &columns);
    }
    out
}

fn write_side(out: &mut String, title: &str, side: &Side, columns: &[String]) {
    let groups = [("stage", &side.stages), ("profile", &side.profiles), ("route", &side.routes), ("rule", &side.rules)];
    let each =
        groups.iter().flat_map(|(kind, group)| group.iter().map(move |(name, rows)| (format!("{kind} {name}"), rows)));
    let rows: Vec<(String, &Outcomes)> = std::iter::once((title.to_string(), &side.all)).chain(each).collect();
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let _ = write!(out, "{:width$}  {:>10}", "", "rows");
    for column in columns {
        let _ = write!(out, "  {column:>15}");
    }
    out.push('\n');
    for (name, outcomes) in rows {
        let _ = write!(out, "{name:width$}  {:>10}", outcomes.values().sum::<u64>());
        for column in columns {
            let _ = write!(out, "  {:>15}", outcomes.get(column).copied().unwrap_or_default());
        }
        out.push('\n');
    }
}
