//! The stage: the texts of a request in, an opinion out.

use std::collections::BTreeSet;
use std::sync::Arc;

use portcullis_core::call::{Answered, CallFailure};
use portcullis_core::stage::{Request, Stage};
use portcullis_core::store::World;
use portcullis_core::text::decode::{Disguise, Disguises};
use portcullis_core::verdict::{Finding, Judge, Opinion, Verdict};
use portcullis_core::wire::{Role, Source, Span, Text};

use crate::allowed::Leave;
use crate::classify::Classifying;
use crate::decoded::Decoded;
use crate::inspect::Inspection;
use crate::joined::{Joined, Stretch};
use crate::scan::Hit;
use crate::score::together;
use crate::scoring::{Asking, Local, Scorers};
use crate::settings::{Inner, Say};

/// Findings that an opinion holds at most. Later ones still count.
const MAX_FINDINGS: usize = 256;

/// The stage of one exchange.
pub(crate) struct Guarding {
    pub inner: Arc<Inner>,
    pub nonce: [u8; 8],
    pub asking: Option<Asking>,
}

impl Stage for Guarding {
    fn request(&mut self, request: Request<'_>) -> Opinion {
        let inner = &*self.inner;
        let Some(rules) = inner.rules.as_deref() else {
            return Opinion { verdict: Verdict::Block, judge: Judge::Failure, ..Opinion::default() };
        };
        let choice = inner.exceptions.for_request(&request);
        let mut inspection = Inspection::new(rules, &choice);
        let classifier = inner.classifier;
        if classifier.mode != Say::Off {
            inspection.classifying = Classifying::new(classifier.roles, classifier.tokens);
        }
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
        let mut allowed = BTreeSet::new();
        let last = request.prompt.texts.len().saturating_sub(1);
        for (place, text) in request.prompt.texts.iter().enumerate() {
            if let Some((decoded, leave)) = inner.allowed(&request, text) {
                allowed.insert(place);
                match leave {
                    Leave::Unread => opinion.allowed = opinion.allowed.saturating_add(wide(decoded.read)),
                    Leave::Recorded => {
                        opinion.inspected = opinion.inspected.saturating_add(wide(decoded.read));
                        let shown = choice.shown(rules);
                        each(&mut Inspection::new(rules, &shown), &decoded, text.role, &mut found);
                    }
                }
                joined
                    .push(decoded, text.role, &mut |stretch, role| across(&mut inspection, stretch, role, &mut found));
                continue;
            }
            let decoded = Decoded::of(request.body, text, budget);
            budget = budget.saturating_sub(decoded.read);
            opinion.inspected = opinion.inspected.saturating_add(wide(decoded.read));
            opinion.left_out = opinion.left_out.saturating_add(wide(decoded.left_out));
            if let Some(classifying) = &mut inspection.classifying {
                classifying.begin(last.saturating_sub(place));
            }
            each(&mut inspection, &decoded, text.role, &mut found);
            // What stands across parts is for the rules.
            if let Some(classifying) = &mut inspection.classifying {
                classifying.end();
            }
            joined.push(decoded, text.role, &mut |stretch, role| across(&mut inspection, stretch, role, &mut found));
        }
        joined.finish(&mut |stretch, role| across(&mut inspection, stretch, role, &mut found));
        // A member that no dialect knows, put between two parts, does not keep a model from reading them together.
        let texts = &request.prompt.texts;
        if texts.iter().any(|text| text.source == Source::Unrecognised) {
            let mut joined = Joined::new();
            let mut budget = inner.max_text_bytes;
            for (place, text) in texts.iter().enumerate().filter(|(_, text)| text.source == Source::Defined) {
                let known = allowed.contains(&place);
                let decoded = Decoded::of(request.body, text, if known { usize::MAX } else { budget });
                budget = budget.saturating_sub(if known { 0 } else { decoded.read });
                joined
                    .push(decoded, text.role, &mut |stretch, role| across(&mut inspection, stretch, role, &mut found));
            }
            joined.finish(&mut |stretch, role| across(&mut inspection, stretch, role, &mut found));
        }
        opinion.findings = findings;
        weigh(inner, &inspection, &mut opinion);
        opinion.disguises = inspection.layering.disguises;
        opinion.undecoded = wide(inspection.layering.undecoded);
        if opinion.left_out.max(opinion.undecoded) > 0 && inner.over_limit > opinion.verdict {
            opinion.verdict = inner.over_limit;
            opinion.judge = Judge::Read;
        }
        let asked = inner.scorers.as_ref().and_then(|scorers| ask(scorers, inner, &request, &opinion, self.nonce));
        if let Some((asking, said)) = asked {
            (opinion.verdict, opinion.judge) = (said.verdict, said.judge);
            opinion.score = opinion.score.max(said.score);
            (opinion.failed, opinion.cause) = (said.failed, said.cause);
            opinion.counts.extend(said.counts);
            opinion.calls = said.calls;
            self.asking = Some(asking);
        }
        opinion
    }

    fn nonce(&mut self, nonce: [u8; 8]) {
        self.nonce = nonce;
    }

    fn answered(&mut self, tag: u32, answer: Result<Answered, CallFailure>, world: World<'_>) -> Opinion {
        self.asking.as_mut().map(|asking| asking.answered(tag, answer, world)).unwrap_or_default()
    }
}

/// Has a request scored elsewhere, if this stage is unsure of it.
fn ask(
    scorers: &Arc<Scorers>,
    inner: &Inner,
    request: &Request<'_>,
    opinion: &Opinion,
    nonce: [u8; 8],
) -> Option<(Asking, Opinion)> {
    let local = Local { verdict: opinion.verdict, judge: opinion.judge, score: opinion.score };
    if !scorers.wants(local) {
        return None;
    }
    let texts = request.prompt.texts.iter().filter(|text| inner.allowed(request, text).is_none());
    let texts: Vec<_> = texts.map(|text| (text.role, Decoded::of(request.body, text, scorers.max_bytes()))).collect();
    let windows = scorers.windows(texts.iter().map(|(role, decoded)| (*role, decoded.text())));
    if windows.is_empty() {
        return None;
    }
    Some(Asking::begin(Arc::clone(scorers), windows, local, nonce, request.world))
}

/// The score and the verdict of what was found, and what gave them.
fn weigh(inner: &Inner, inspection: &Inspection<'_>, opinion: &mut Opinion) {
    let nothing = [0.0; Role::ALL.len()];
    let rules = inner.thresholds.verdict(inspection.evidence(), &nothing);
    (opinion.score, opinion.verdict) = (inspection.score(), rules);
    if !opinion.findings.is_empty() {
        opinion.judge = Judge::Rules;
    }
    let Some(classifying) = &inspection.classifying else { return };
    opinion.classifier = classifying.greatest();
    opinion.unclassified = wide(classifying.left_out);
    if inner.classifier.mode == Say::Shadow {
        return;
    }
    opinion.score = together(opinion.score, opinion.classifier.unwrap_or(0.0));
    let both = inner.thresholds.verdict(inspection.evidence(), &classifying.by_role());
    opinion.verdict = if inner.classifier.mode == Say::Flag { rules.max(both.min(Verdict::Flag)) } else { both };
    let over = if opinion.unclassified > 0 { inner.classifier.over_limit } else { Verdict::Allow };
    if classifying.failed {
        (opinion.verdict, opinion.judge) = (Verdict::Block, Judge::Failure);
    } else if opinion.verdict > rules {
        opinion.judge = Judge::Classifier;
    } else if over > opinion.verdict {
        (opinion.verdict, opinion.judge) = (over, Judge::Read);
    }
}

impl Inner {
    /// A text that the operator allows, decoded whole, and what is to be done with it.
    fn allowed<'b>(&self, request: &Request<'b>, text: &Text) -> Option<(Decoded<'b>, Leave)> {
        if !self.allowed.may_hold(text) {
            return None;
        }
        let decoded = Decoded::of(request.body, text, usize::MAX);
        let leave = self.allowed.find(decoded.text(), text.role)?;
        (decoded.left_out == 0).then_some((decoded, leave))
    }
}

/// Inspects a text as it stands, and what it says under disguises.
fn each(inspection: &mut Inspection<'_>, decoded: &Decoded<'_>, role: Role, found: &mut dyn FnMut(Hit, Role, Span)) {
    inspection.layers(decoded.text(), role, &mut |hit| found(hit, role, decoded.span(hit.start, hit.end)));
}

/// Inspects what stands across parts; each part was inspected by itself.
fn across(
    inspection: &mut Inspection<'_>,
    stretch: &Stretch<'_, '_>,
    role: Role,
    found: &mut dyn FnMut(Hit, Role, Span),
) {
    // The last word of a part and the first of the next make a long one that nobody wrote.
    let wanted = |start: usize, end: usize, disguises: Disguises| {
        stretch.across(start, end).is_some() && !disguises.share(Disguise::Unspaced.into())
    };
    inspection.layers_where(&stretch.text, role, &wanted, &mut |hit| {
        if let Some(span) = stretch.across(hit.start, hit.end) {
            found(hit, role, span);
        }
    });
}

fn wide(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
