//! `portcullis rules`: what each profile of a configuration does with each rule.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use portcullis_core::verdict::Severity;
use portcullis_core::wire::Role;
use portcullis_prompt_guard::{Effect, Excepted, Listed, rules_of};
use serde_json::{Value, json};

/// List the rules of a configuration: id, severity, level, languages, state and what says so
///
/// Rules that ship and the operator's own, for every profile that a request can get. The state is `on`, `shadow` or `off`,
/// with the key that says so: rules.paranoia, rules.disabled, rules.shadow or an exception that is for every request;
/// exceptions for some requests stand beside it.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Configuration of the module, JSON; the default one if not given
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// This profile alone
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Print JSON Lines, an object for each profile and rule, in place of tables
    #[arg(long)]
    json: bool,
}

/// Lists the rules on standard output.
pub(super) fn run(options: Options) -> Result<ExitCode> {
    let config = super::configuration(options.config.as_deref())?;
    let profiles = config.profiles();
    let wanted = |name: &str| options.profile.as_deref().is_none_or(|wanted| wanted == name);
    if !profiles.iter().any(|profile| wanted(&profile.name)) {
        let names: Vec<_> = profiles.iter().map(|profile| profile.name.as_str()).collect();
        bail!("no profile has this name; profiles here: {}", names.join(", "));
    }
    let mut output = io::BufWriter::new(io::stdout().lock());
    for profile in profiles.into_iter().filter(|profile| wanted(&profile.name)) {
        let listed = profile.stages.iter().find_map(|stage| rules_of(stage.as_ref())).unwrap_or_default();
        if options.json {
            for rule in &listed {
                writeln!(output, "{}", object(&profile.name, rule))?;
            }
        } else {
            write!(output, "{}", table(&profile.name, &listed))?;
        }
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The word for what becomes of a rule, what it weighs then, and the key that says so.
fn state(rule: &Listed<'_>) -> (&'static str, Severity, Option<String>) {
    let of = |effect| match effect {
        Effect::Runs => ("on", rule.severity),
        Effect::AtMost(most) => ("on", rule.severity.min(most)),
        Effect::Shadow => ("shadow", rule.severity),
        Effect::Off => ("off", rule.severity),
    };
    let standing = rule.exceptions.iter().find(|exception| exception.always && exception.roles.is_empty());
    let (effect, by) = match standing {
        Some(exception) => (exception.effect, Some(key(exception))),
        None => (rule.effect, rule.by.map(str::to_string)),
    };
    let (word, severity) = of(effect);
    (word, severity, by)
}

fn key(exception: &Excepted<'_>) -> String {
    format!("exceptions[{}]", exception.place)
}

fn action(effect: Effect) -> String {
    match effect {
        Effect::Runs => "on".to_string(),
        Effect::Off => "off".to_string(),
        Effect::Shadow => "shadow".to_string(),
        Effect::AtMost(most) => format!("at most {}", most.name()),
    }
}

fn names(roles: &[Role]) -> Vec<&'static str> {
    roles.iter().map(|role| role.name()).collect()
}

fn object(profile: &str, rule: &Listed<'_>) -> Value {
    let (state, severity, by) = state(rule);
    let exceptions: Vec<_> = rule
        .exceptions
        .iter()
        .map(|exception| {
            json!({
                "key": key(exception),
                "action": action(exception.effect),
                "roles": names(&exception.roles),
                "always": exception.always,
                "reason": exception.reason,
            })
        })
        .collect();
    json!({
        "profile": profile,
        "id": rule.id.to_string(),
        "title": rule.title,
        "severity": severity.name(),
        "given_severity": rule.given.name(),
        "paranoia": rule.paranoia,
        "roles": names(&rule.roles),
        "languages": rule.languages,
        "references": rule.references,
        "state": state,
        "by": by,
        "exceptions": exceptions,
    })
}

fn table(profile: &str, listed: &[Listed<'_>]) -> String {
    let row = |rule: &Listed<'_>| {
        let (state, severity, by) = state(rule);
        let others = rule.exceptions.iter().filter(|exception| Some(key(exception)) != by);
        let others: Vec<_> =
            others.map(|exception| format!("{} by {}", action(exception.effect), key(exception))).collect();
        let says = [by, (!others.is_empty()).then(|| format!("for some: {}", others.join(", ")))];
        [
            rule.id.to_string(),
            state.to_string(),
            severity.name().to_string(),
            rule.paranoia.to_string(),
            rule.languages.join(" "),
            says.into_iter().flatten().collect::<Vec<_>>().join("; "),
            rule.title.to_string(),
        ]
    };
    let head = ["id", "state", "severity", "level", "languages", "said by", "title"].map(str::to_string);
    let rows: Vec<_> = std::iter::once(head).chain(listed.iter().map(row)).collect();
    let widths: Vec<usize> = (0..7)
        .map(|column| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
        })
        .collect();
    let mut out = format!("profile {profile}: {} rules\n", listed.len());
    for row in rows {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    out.push('\n');
    out
}
