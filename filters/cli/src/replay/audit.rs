//! Audit records. They hold no text, so they cannot be decided again: the rules that they name are weighed.

use std::sync::Arc;

use portcullis_core::config::{Config, Profile};
use portcullis_core::verdict::{Judge, Mode, RuleId, Verdict};
use portcullis_prompt_guard::weigh_recorded;
use serde_json::{Map, Value};

use super::Replayed;
use super::tally::Kind;
use crate::decision::Decision;

/// Why an audit record is kept as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// A line of an access log has no record: the request did not meet the filter.
    Absent,
    /// The client left before the request was decided.
    Undecided,
    /// A part of the filter had failed.
    Failure,
    /// The body could not be read, or not as a whole: what would be made of it depends on the body.
    Unreadable,
    /// Another stage than the rules decided.
    Stage,
    /// The configuration has no profile of this name, or the profile does not inspect prompts.
    Profile,
}

impl Kept {
    /// The word for it in summaries.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "no_record",
            Self::Undecided => "undecided",
            Self::Failure => "failure",
            Self::Unreadable => "unreadable",
            Self::Stage => "other_stage",
            Self::Profile => "unknown_profile",
        }
    }
}

pub(super) fn replay(
    config: &Arc<Config>,
    against: Option<&Arc<Config>>,
    record: &Map<String, Value>,
) -> Result<Replayed, String> {
    if record.is_empty() {
        return Ok(Replayed::Kept(Kept::Absent));
    }
    let recorded = match decided(record)? {
        Ok(decision) => decision,
        Err(kept) => return Ok(Replayed::Kept(kept)),
    };
    let weigh = |config: &Arc<Config>| weighed(config, &recorded).map(Box::new);
    let before = match against {
        Some(against) => weigh(against),
        None => Some(Box::new(recorded.clone())),
    };
    match (before, weigh(config)) {
        (Some(before), Some(now)) => Ok(Replayed::Decided { kind: Kind::Audit, before: Some(before), now }),
        _ => Ok(Replayed::Kept(Kept::Profile)),
    }
}

/// What a record says was decided.
fn decided(record: &Map<String, Value>) -> Result<Result<Decision, Kept>, String> {
    let text = |key: &str| record.get(key).and_then(Value::as_str);
    let profile = text("profile").ok_or("profile: is missing")?.to_string();
    let Some(verdict) = text("verdict") else { return Ok(Err(Kept::Undecided)) };
    let verdict = Verdict::ALL.into_iter().find(|known| known.name() == verdict).ok_or("verdict: is not known")?;
    if record.contains_key("failure") {
        return Ok(Err(Kept::Failure));
    }
    if record.contains_key("unreadable") {
        return Ok(Err(Kept::Unreadable));
    }
    let judge = match text("stage") {
        Some("none") => Judge::None,
        Some("rules") => Judge::Rules,
        Some("read") => return Ok(Err(Kept::Unreadable)),
        _ => return Ok(Err(Kept::Stage)),
    };
    let mut rules = Vec::new();
    for rule in record.get("rules").and_then(Value::as_array).into_iter().flatten() {
        let rule = rule.as_str().and_then(|rule| rule.parse::<RuleId>().ok());
        rules.push(rule.ok_or("rules: holds what is no id of a rule")?);
    }
    #[allow(clippy::cast_possible_truncation, reason = "from 0 to 1")]
    let probability = |key: &str| record.get(key).and_then(Value::as_f64).map(|score| score as f32);
    let score = probability("score").unwrap_or_default();
    Ok(Ok(Decision {
        profile,
        route: None,
        score,
        classifier: probability("classifier"),
        verdict,
        judge,
        enforced: record.get("enforced").and_then(Value::as_bool).unwrap_or(true),
        rules,
        inspected: record.get("inspected_bytes").and_then(Value::as_u64).unwrap_or_default(),
        skipped: 0,
        unreadable: None,
    }))
}

/// What the rules of a record amount to in the profile of its name; `None` when there is none that weighs rules.
fn weighed(config: &Config, recorded: &Decision) -> Option<Decision> {
    let profiles = config.profiles();
    let profile: &Profile = profiles.into_iter().find(|profile| profile.name == recorded.profile)?;
    let weigh = |settings| weigh_recorded(settings, &recorded.rules, recorded.score);
    let (mode, (score, verdict)) =
        profile.stages.iter().find_map(|stage| Some((stage.mode(), weigh(stage.as_ref())?)))?;
    let (score, verdict) = if mode == Mode::Off { (0.0, Verdict::Allow) } else { (score, verdict) };
    let judge = if verdict == Verdict::Allow { Judge::None } else { Judge::Rules };
    Some(Decision { score, verdict, judge, enforced: mode == Mode::Enforce, ..recorded.clone() })
}
