//! The stage: the texts of a request in, an opinion out.

use std::sync::Arc;

use portcullis_core::config::{MODES, Reader, Word, choose};
use portcullis_core::stage::{Kind, Request, Settings, Stage};
use portcullis_core::text::OffsetMap;
use portcullis_core::verdict::{Finding, Judge, Mode, Opinion, RuleId, Verdict};
use portcullis_core::wire::{Role, Source, Span};

use crate::decoded::Decoded;
use crate::escapes;
use crate::inspect::{Choice, Inspection};
use crate::joined::{Joined, Stretch};
use crate::ruleset::Ruleset;
use crate::scan::Hit;
use crate::score::Thresholds;

/// Findings that an opinion holds at most. Later ones still count.
const MAX_FINDINGS: usize = 256;

/// The stage that inspects prompts.
pub struct PromptGuard;

/// What a module lists.
pub static PROMPT_GUARD: PromptGuard = PromptGuard;

const OVER_LIMIT: &[Word<Verdict>] = &[
    Word { word: "block", value: Verdict::Block, doc: "Refused." },
    Word { word: "flag", value: Verdict::Flag, doc: "Let through in part unseen, recorded and counted." },
    Word { word: "allow", value: Verdict::Allow, doc: "Let through in part unseen; still counted." },
];

impl Kind for PromptGuard {
    fn key(&self) -> &'static str {
        "prompt_guard"
    }

    fn doc(&self) -> &'static str {
        "Inspects every text of a request for prompt injection and jailbreaks."
    }

    fn read(&self, r: &mut dyn Reader) -> Box<dyn Settings> {
        let standard = Thresholds::default();
        let mode = choose(r, "mode", MODES, "Whether the stage refuses, only records, or does not run.");
        let mut threshold = |key, standard: f32, doc| {
            #[allow(clippy::cast_possible_truncation, reason = "from 0 to 1")]
            let value = r.number(key, f64::from((standard * 100.0).round()) / 100.0, 0.01, 1.0, doc) as f32;
            value
        };
        let flag = threshold("flag", standard.flag, "Requests that score this much are recorded.");
        let block = threshold("block", standard.block, "Requests that score this much are refused.");
        if flag > block {
            r.problem("flag", "is greater than block".into(), "make flag at most block".into());
        }
        let max_text_bytes =
            r.integer("max_text_bytes", 1_048_576, 1024, 16_777_216, "Bytes of text of a request that are inspected.");
        let over_limit =
            choose(r, "over_limit", OVER_LIMIT, "What is done with a request that has more text than that.");
        let rules = Ruleset::base();
        let mut choice = Choice::default();
        r.section("rules", "Rules by id.", &mut |r| {
            let rules = rules.as_deref();
            choice.disabled = ids(r, "disabled", rules, "Rules that do not run.");
            choice.shadow = ids(r, "shadow", rules, "Rules that are recorded and add nothing to the score.");
            if choice.shadow.iter().any(|rule| choice.disabled.contains(rule)) {
                r.problem("shadow", "names a rule that does not run".into(), "leave it out of one of the lists".into());
            }
        });
        if rules.is_none() {
            r.problem("", "the rules cannot be compiled".into(), "report it: this is a defect of the filter".into());
        }
        Box::new(Guard(Arc::new(Inner {
            mode: mode.unwrap_or_default(),
            thresholds: Thresholds { flag, block },
            max_text_bytes: usize::try_from(max_text_bytes).unwrap_or(usize::MAX),
            over_limit: over_limit.unwrap_or(Verdict::Block),
            choice,
            rules,
        })))
    }
}

/// Reads a list of rule ids; unknown ones are problems.
fn ids(r: &mut dyn Reader, key: &'static str, rules: Option<&Ruleset>, doc: &'static str) -> Vec<usize> {
    let find = |id: &str| id.parse::<RuleId>().ok().and_then(|id| rules?.find(id));
    let ids = r.texts(key, 1024, "the id of a rule that exists, such as PG-1001,", &|id| find(id).is_some(), doc);
    ids.iter().filter_map(|id| find(id)).collect()
}

/// Settings of a profile, shared with the exchanges that it has under way.
struct Guard(Arc<Inner>);

struct Inner {
    mode: Mode,
    thresholds: Thresholds,
    max_text_bytes: usize,
    over_limit: Verdict,
    choice: Choice,
    rules: Option<Arc<Ruleset>>,
}

impl Settings for Guard {
    fn mode(&self) -> Mode {
        self.0.mode
    }

    fn open(&self) -> Box<dyn Stage> {
        Box::new(Guarding(Arc::clone(&self.0)))
    }
}

struct Guarding(Arc<Inner>);

impl Stage for Guarding {
    fn request(&mut self, request: Request<'_>) -> Opinion {
        let inner = &*self.0;
        let Some(rules) = inner.rules.as_deref() else {
            return Opinion { verdict: Verdict::Block, judge: Judge::Failure, ..Opinion::default() };
        };
        let mut inspection = Inspection::new(rules, &inner.choice);
        let mut opinion = Opinion::default();
        let mut findings = Vec::new();
        let mut found = |hit: Hit, role: Role, span: Span| {
            let Some(rule) = rules.rules.get(hit.rule) else { return };
            if findings.len() < MAX_FINDINGS {
                findings.push(Finding { rule: rule.id, severity: hit.severity, role, span });
            }
        };
        let mut budget = inner.max_text_bytes;
        let mut joined = Joined::new();
        for text in &request.prompt.texts {
            let decoded = Decoded::of(request.body, text, budget);
            budget = budget.saturating_sub(decoded.read);
            opinion.inspected = opinion.inspected.saturating_add(wide(decoded.read));
            opinion.left_out = opinion.left_out.saturating_add(wide(decoded.left_out));
            each(&mut inspection, &decoded, text.role, &mut found);
            joined.push(decoded, text.role, &mut |stretch, role| across(&mut inspection, stretch, role, &mut found));
        }
        joined.finish(&mut |stretch, role| across(&mut inspection, stretch, role, &mut found));
        // A member that no dialect knows, put between two parts, does not keep a model from reading them together.
        let texts = &request.prompt.texts;
        if texts.iter().any(|text| text.source == Source::Unrecognised) {
            let mut joined = Joined::new();
            let mut budget = inner.max_text_bytes;
            for text in texts.iter().filter(|text| text.source == Source::Defined) {
                let decoded = Decoded::of(request.body, text, budget);
                budget = budget.saturating_sub(decoded.read);
                joined
                    .push(decoded, text.role, &mut |stretch, role| across(&mut inspection, stretch, role, &mut found));
            }
            joined.finish(&mut |stretch, role| across(&mut inspection, stretch, role, &mut found));
        }
        opinion.findings = findings;
        opinion.score = inspection.score();
        opinion.verdict = inner.thresholds.verdict(opinion.score);
        if !opinion.findings.is_empty() {
            opinion.judge = Judge::Rules;
        }
        if opinion.left_out > 0 && inner.over_limit > opinion.verdict {
            opinion.verdict = inner.over_limit;
            opinion.judge = Judge::Read;
        }
        opinion
    }
}

/// Inspects a text as it stands, and with the escapes read that it holds.
fn each(inspection: &mut Inspection<'_>, decoded: &Decoded<'_>, role: Role, found: &mut dyn FnMut(Hit, Role, Span)) {
    let mut fired = Vec::new();
    inspection.text(decoded.text(), role, &mut |hit| {
        fired.push(hit.rule);
        found(hit, role, decoded.span(hit.start, hit.end));
    });
    let mut layers: Vec<(String, OffsetMap)> = Vec::new();
    while layers.len() < escapes::DEPTH
        && let Some(layer) = escapes::read(layers.last().map_or(decoded.text(), |(text, _)| text))
    {
        layers.push(layer);
        let Some((text, _)) = layers.last() else { return };
        inspection.text(text, role, &mut |hit| {
            if !fired.contains(&hit.rule) {
                let origin = |at: usize| layers.iter().rev().fold(at, |at, (_, map)| map.origin(at));
                found(hit, role, decoded.span(origin(hit.start), origin(hit.end)));
            }
        });
    }
}

/// Inspects what stands across parts; each part was inspected by itself.
fn across(
    inspection: &mut Inspection<'_>,
    stretch: &Stretch<'_, '_>,
    role: Role,
    found: &mut dyn FnMut(Hit, Role, Span),
) {
    let wanted = |hit: &Hit| stretch.across(hit.start, hit.end).is_some();
    inspection.text_where(&stretch.text, role, &wanted, &mut |hit| {
        if let Some(span) = stretch.across(hit.start, hit.end) {
            found(hit, role, span);
        }
    });
}

fn wide(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
