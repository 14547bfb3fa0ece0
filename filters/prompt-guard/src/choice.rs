//! Which rules count for a request, by role.

use std::collections::BTreeMap;

use portcullis_core::verdict::{RuleId, Severity};
use portcullis_core::wire::Role;

use crate::ruleset::{RuleOf, Ruleset, bit};

/// What becomes of a rule where it would fire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effect {
    /// It fires.
    #[default]
    Runs,
    /// It does not run.
    Off,
    /// It is recorded as a [`Severity::Notice`] and adds nothing to the score.
    Shadow,
    /// It fires, and weighs this at most.
    AtMost(Severity),
}

/// Which rules count. A plain value: the same for every request, until an exception speaks of some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Rules of a higher level of paranoia do not run.
    pub paranoia: u8,
    /// Rules that weigh something else than they say, by their place.
    pub severity: BTreeMap<usize, Severity>,
    /// By rule and role; rules beyond the end run.
    pub effects: Vec<[Effect; Role::ALL.len()]>,
}

/// The rules of the first level of paranoia, all of them.
impl Default for Choice {
    fn default() -> Self {
        Self { paranoia: 1, severity: BTreeMap::new(), effects: Vec::new() }
    }
}

impl Choice {
    /// What becomes of the rule at `place` in a text of `role`.
    pub(crate) fn effect(&self, place: usize, rule: &RuleOf, role: Role) -> Effect {
        if rule.paranoia > self.paranoia {
            return Effect::Off;
        }
        self.effects.get(place).and_then(|by_role| by_role.get(role.index())).copied().unwrap_or_default()
    }

    /// Sets the effect of rules, in the roles that each is given with.
    pub(crate) fn set(&mut self, rules: &[(usize, u16)], effect: Effect) {
        for (rule, roles) in rules {
            let beyond = self.effects.len() <= *rule;
            if beyond {
                self.effects.resize(rule.saturating_add(1), [Effect::Runs; Role::ALL.len()]);
            }
            let Some(by_role) = self.effects.get_mut(*rule) else { continue };
            for (role, cell) in Role::ALL.into_iter().zip(by_role) {
                if roles & bit(role) != 0 {
                    *cell = effect;
                }
            }
        }
    }

    /// The same, where every rule of `rules` that runs only shows.
    pub(crate) fn shown(&self, rules: &Ruleset) -> Self {
        let mut shown = self.clone();
        shown.effects.resize(rules.len(), [Effect::Runs; Role::ALL.len()]);
        for effect in shown.effects.iter_mut().flatten().filter(|effect| **effect != Effect::Off) {
            *effect = Effect::Shadow;
        }
        shown
    }

    /// What a hit of the rule at `place` weighs that would weigh `given`: `None` when it only shows.
    pub(crate) fn weighed(&self, place: usize, rule: &RuleOf, role: Role, given: Severity) -> Option<Severity> {
        let given = match self.severity.get(&place) {
            // A quotation still weighs less.
            Some(severity) if given < rule.severity => given.min(*severity),
            Some(severity) => *severity,
            None => given,
        };
        match self.effect(place, rule, role) {
            Effect::Runs => Some(given),
            Effect::AtMost(most) => Some(given.min(most)),
            Effect::Off | Effect::Shadow => None,
        }
    }
}

/// The rules that `selector` names: an id (`PG-1001`), a range of numbers (`PG-1200-1299`) or a family (`PG`). Their
/// places, in the order of the rule set; none when it is no selector, or names no rule.
pub(crate) fn select(rules: &Ruleset, selector: &str) -> Vec<usize> {
    let places = |from: RuleId, to: RuleId| {
        let named = rules.rules.iter().enumerate().filter(|(_, rule)| (from..=to).contains(&rule.id));
        named.map(|(place, _)| place).collect()
    };
    let ends = match selector.split_once('-') {
        None => (format!("{selector}-0000").parse(), format!("{selector}-9999").parse()),
        Some((family, numbers)) => match numbers.split_once('-') {
            None => (selector.parse(), selector.parse()),
            Some((from, to)) => (format!("{family}-{from}").parse(), format!("{family}-{to}").parse()),
        },
    };
    match ends {
        (Ok(from), Ok(to)) => places(from, to),
        _ => Vec::new(),
    }
}
