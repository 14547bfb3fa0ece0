//! What a profile does with each rule, for who wants to see it.

use portcullis_core::stage::Settings;
use portcullis_core::verdict::{RuleId, Severity, Verdict};
use portcullis_core::wire::Role;

use crate::base::BASE;
use crate::choice::Effect;
use crate::ruleset::bit;
use crate::score;
use crate::settings::Guard;

/// A rule as a profile runs it.
#[derive(Clone, Debug)]
pub struct Listed<'s> {
    /// Its stable name.
    pub id: RuleId,
    /// What the text does, as a sentence without a subject.
    pub title: &'s str,
    /// What it weighs here.
    pub severity: Severity,
    /// What it says that it weighs.
    pub given: Severity,
    /// The level of paranoia from which on it runs.
    pub paranoia: u8,
    /// Who must speak; everyone when empty.
    pub roles: Vec<Role>,
    /// ISO 639-1 codes of the languages it reads; `und` for what is no language.
    pub languages: Vec<&'s str>,
    /// What it belongs to: OWASP Top 10 for LLM applications, MITRE ATLAS.
    pub references: Vec<&'s str>,
    /// What becomes of it when no exception is for a request.
    pub effect: Effect,
    /// The key of `prompt_guard` that says so; `None` when it runs as it is.
    pub by: Option<&'static str>,
    /// Exceptions that speak of it, in their order.
    pub exceptions: Vec<Excepted<'s>>,
}

/// An exception that speaks of a rule.
#[derive(Clone, Debug)]
pub struct Excepted<'s> {
    /// Its place in `exceptions`.
    pub place: usize,
    /// What becomes of the rule.
    pub effect: Effect,
    /// In these roles; all when empty.
    pub roles: Vec<Role>,
    /// Whether it is for every request.
    pub always: bool,
    /// Why there is one.
    pub reason: &'s str,
}

/// Every rule of a profile in the order of the rule set; `None` when `settings` are not those of this stage, or it has
/// no rules.
pub fn rules_of(settings: &dyn Settings) -> Option<Vec<Listed<'_>>> {
    let Guard(inner) = settings.as_any()?.downcast_ref::<Guard>()?;
    let rules = inner.rules.as_deref()?;
    let choice = inner.exceptions.choice_without();
    let listed = rules.rules.iter().enumerate().filter_map(|(place, rule)| {
        let (title, languages, references) = match BASE.get(place) {
            Some(rule) => (rule.title, rule.languages.to_vec(), rule.references.to_vec()),
            None => {
                let about = inner.own.get(place.checked_sub(BASE.len())?)?;
                (about.title.as_str(), borrowed(&about.languages), borrowed(&about.references))
            }
        };
        let effect = choice.effect(place, rule, Role::User);
        let by = match effect {
            _ if rule.paranoia > choice.paranoia => Some("rules.paranoia"),
            Effect::Off => Some("rules.disabled"),
            Effect::Shadow => Some("rules.shadow"),
            _ => choice.severity.contains_key(&place).then_some("rules.severity"),
        };
        let exceptions = inner.exceptions.list.iter().enumerate().filter_map(|(at, exception)| {
            let (_, roles) = exception.rules.iter().find(|(rule, _)| *rule == place)?;
            let (effect, always, reason) = (exception.effect, exception.is_always(), exception.reason.as_str());
            Some(Excepted { place: at, effect, roles: named(*roles), always, reason })
        });
        Some(Listed {
            id: rule.id,
            title,
            severity: choice.severity.get(&place).copied().unwrap_or(rule.severity),
            given: rule.severity,
            paranoia: rule.paranoia,
            roles: named(rule.roles),
            languages,
            references,
            effect,
            by,
            exceptions: exceptions.collect(),
        })
    });
    Some(listed.collect())
}

/// What the rules that an audit record names amount to under other settings: a score and a verdict. `None` as for
/// [`rules_of`].
///
/// A record holds neither texts nor severities nor roles. While each of its rules runs here as it says, the record's own
/// `score` stands; else the rules that still run weigh all that they may, and the figure is the most it can be.
/// Thresholds are the lowest of all roles. Rules that the record does not name, and exceptions for some requests or roles
/// only, are beyond it.
pub fn weigh_recorded(settings: &dyn Settings, rules: &[RuleId], score: f32) -> Option<(f32, Verdict)> {
    let listed = rules_of(settings)?;
    let Guard(inner) = settings.as_any()?.downcast_ref::<Guard>()?;
    let mut as_it_says = true;
    let mut most = Vec::new();
    for id in rules {
        let rule = listed.iter().find(|rule| rule.id == *id);
        let effect = rule.map(|rule| match rule.effect {
            Effect::Runs => {
                rule.exceptions.iter().find(|e| e.always && e.roles.is_empty()).map_or(Effect::Runs, |e| e.effect)
            }
            effect => effect,
        });
        let severity = match (rule, effect) {
            (Some(rule), Some(Effect::Runs)) => Some(rule.severity),
            (Some(rule), Some(Effect::AtMost(most))) => Some(rule.severity.min(most)),
            _ => None,
        };
        as_it_says &= rule.is_some_and(|rule| severity == Some(rule.given));
        most.extend(severity);
    }
    let score = if as_it_says { score } else { score::score(most.into_iter()) };
    Some((score, inner.thresholds.lowest().verdict(score)))
}

fn borrowed(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

/// The roles of a mask; none when it is for all.
fn named(roles: u16) -> Vec<Role> {
    let all = Role::ALL.into_iter().fold(0, |all, role| all | bit(role));
    Role::ALL.into_iter().filter(|role| roles & all != all && roles & bit(*role) != 0).collect()
}
