//! Counts of what became of rows. Bounded by the configuration, whatever the input.

use std::collections::BTreeMap;

use portcullis_core::verdict::Verdict;

use super::audit::Kept;
use super::{differ, outcome, outcome_of};
use crate::decision::Decision;

/// What a row was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A whole request.
    Request,
    /// A bare text.
    Text,
    /// An audit record.
    Audit,
}

impl Kind {
    /// The word for it in summaries.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "requests",
            Self::Text => "texts",
            Self::Audit => "audit_records",
        }
    }
}

/// Rows by outcome.
pub type Outcomes = BTreeMap<String, u64>;

/// What one configuration makes of the rows.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// All rows.
    pub all: Outcomes,
    /// By what gave the verdict.
    pub stages: BTreeMap<String, Outcomes>,
    /// By profile.
    pub profiles: BTreeMap<String, Outcomes>,
    /// By the route that selected it.
    pub routes: BTreeMap<String, Outcomes>,
    /// By rule that fired; a row counts for each.
    pub rules: BTreeMap<String, Outcomes>,
}

impl Side {
    fn count(&mut self, kind: Kind, decision: &Decision) {
        let outcome = outcome(decision);
        let in_group =
            |group: &mut BTreeMap<String, Outcomes>, key: String| add(group.entry(key).or_default(), &outcome);
        in_group(&mut self.stages, decision.judge.name().to_string());
        in_group(&mut self.profiles, decision.profile.clone());
        if kind == Kind::Request {
            let route =
                decision.route.map_or_else(|| "default_profile".to_string(), |place| format!("routes[{place}]"));
            in_group(&mut self.routes, route);
        }
        for rule in &decision.rules {
            in_group(&mut self.rules, rule.to_string());
        }
        add(&mut self.all, &outcome);
    }
}

/// What was counted of a replay.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Rows that were decided, by what they were.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Audit records that cannot be weighed, by the reason.
    pub kept: BTreeMap<&'static str, u64>,
    /// Rows that could not be read.
    pub errors: u64,
    /// What becomes of the rows.
    pub now: Side,
    /// What became of those that are compared.
    pub before: Side,
    /// Rows that are compared.
    pub compared: u64,
    /// Those of them that differ, by outcome before and now.
    pub changes: BTreeMap<(String, String), u64>,
}

impl Tally {
    /// Counts a row that was decided. True when it differs from what it is compared with.
    pub fn decided(&mut self, kind: Kind, before: Option<&Decision>, now: &Decision) -> bool {
        *self.kinds.entry(kind.name()).or_default() += 1;
        self.now.count(kind, now);
        let Some(before) = before else { return false };
        self.compared += 1;
        self.before.count(kind, before);
        let differs = differ(before, now);
        if differs {
            *self.changes.entry((outcome(before), outcome(now))).or_default() += 1;
        }
        differs
    }

    /// Counts an audit record that cannot be weighed.
    pub fn kept(&mut self, why: Kept) {
        *self.kept.entry(why.name()).or_default() += 1;
    }

    /// Rows in all.
    pub fn rows(&self) -> u64 {
        self.kinds.values().chain(self.kept.values()).sum::<u64>() + self.errors
    }

    /// Rows that differ from what they are compared with.
    pub fn changed(&self) -> u64 {
        self.changes.values().sum()
    }
}

/// Every outcome, from the worst.
pub fn outcomes() -> Vec<String> {
    let each =
        Verdict::ALL.into_iter().rev().flat_map(|verdict| [true, false].map(|enforced| outcome_of(verdict, enforced)));
    let mut all: Vec<_> = each.collect();
    all.dedup();
    all
}

fn add(outcomes: &mut Outcomes, outcome: &str) {
    match outcomes.get_mut(outcome) {
        Some(count) => *count += 1,
        None => drop(outcomes.insert(outcome.to_string(), 1)),
    }
}
