//! What the stages think, asked and weighed.

use super::{Act, Exchange};
use crate::audit::MAX_RULES;
use crate::head::Head;
use crate::stage::Stage;
use crate::store::World;
use crate::telemetry::{Cause, Direction};
use crate::verdict::{Failure, Judge, Mode, Opinion, RuleId, Verdict};
use crate::wire::{SkipReason, Skipped, Span};

impl Exchange {
    /// Asks the stages in turn, until one that acts on who may ask, and how much, refuses.
    pub(super) fn ask(&mut self, with: impl Fn(&mut dyn Stage, &Head, World<'_>) -> Opinion) -> Vec<(Mode, Opinion)> {
        let Self { stages, head, outside, now, profile, services, strips, .. } = self;
        let world = World { now: *now, store: outside.as_ref(), properties: outside.as_ref(), profile: &profile.name };
        let mut opinions = Vec::with_capacity(stages.len());
        for (place, running) in stages.iter_mut().enumerate() {
            let mut opinion = with(running.stage.as_mut(), head, world);
            services.ask(place, *now, &mut opinion);
            if running.mode == Mode::Enforce {
                opinion.strips.iter().for_each(|name| head.remove(name));
                strips.append(&mut opinion.strips);
            }
            let shut = running.mode == Mode::Enforce && opinion.verdict.refuses() && opinion.judge.is_gate();
            opinions.push((running.mode, opinion));
            if shut {
                break;
            }
        }
        opinions
    }

    /// Takes in what the stages think; gives the refusal if one of them may and wants to.
    pub(super) fn weigh(&mut self, opinions: Vec<(Mode, Opinion)>) -> Option<Act> {
        let mut inspected = self.record.coverage.inspected;
        let mut refusing: Option<(Verdict, Judge, Option<RuleId>)> = None;
        let mut failed: Option<Cause> = None;
        for (mode, mut opinion) in opinions {
            if mode == Mode::Enforce {
                failed = failed.or(opinion.failed.then_some(opinion.cause));
                for (name, value) in core::mem::take(&mut opinion.fields) {
                    match self.fields.iter_mut().find(|(known, _)| *known == name) {
                        // Fields of one name are one list (RFC 9110 §5.3).
                        Some((_, list)) => list.extend([", ", value.as_str()]),
                        None => self.fields.push((name, value)),
                    }
                }
            }
            for counter in core::mem::take(&mut opinion.counts) {
                self.count(counter, 1);
            }
            inspected = inspected.max(opinion.inspected);
            for (reason, bytes) in [
                (SkipReason::Limit, opinion.left_out),
                (SkipReason::Allowed, opinion.allowed),
                (SkipReason::Undecoded, opinion.undecoded),
                (SkipReason::Unclassified, opinion.unclassified),
            ] {
                let span = Span { start: 0, end: u32::try_from(bytes).unwrap_or(u32::MAX) };
                self.record.coverage.skip(&Skipped { reason, span });
            }
            self.record.disguises = self.record.disguises.and(opinion.disguises);
            self.record.score = self.record.score.max(opinion.score);
            let classified = self.record.classifier.into_iter().chain(opinion.classifier);
            self.record.classifier = classified.reduce(f32::max);
            self.found(Direction::Request, &opinion);
            let worst = opinion.worst().map(|finding| finding.rule);
            for rule in worst.into_iter().chain(opinion.findings.iter().map(|finding| finding.rule)) {
                if self.record.rules.len() < MAX_RULES && !self.record.rules.contains(&rule) {
                    self.record.rules.push(rule);
                }
            }
            let enforced = mode == Mode::Enforce;
            let outranks = (enforced, opinion.verdict) > (self.record.enforced, self.record.verdict);
            if opinion.verdict > Verdict::Allow && (outranks || self.record.verdict == Verdict::Allow) {
                self.record.verdict = opinion.verdict;
                self.record.judge = opinion.judge;
                self.record.enforced = enforced;
                self.record.policy = opinion.policy;
            }
            // A rule that fired and did not suffice is not what refuses.
            let worst = worst.filter(|_| opinion.judge != Judge::Classifier);
            if enforced && opinion.verdict.refuses() && refusing.is_none_or(|(verdict, ..)| opinion.verdict > verdict) {
                refusing = Some((opinion.verdict, opinion.judge, worst));
            }
        }
        self.record.coverage.inspected = inspected;
        if let Some(cause) = failed {
            self.failed(cause);
        }
        if failed.is_some() && refusing.is_none() && self.profile.on_failure.request == Failure::Closed {
            return Some(self.refuse(Verdict::Block, Judge::Failure, 503, None));
        }
        let (verdict, judge, rule) = refusing?;
        Some(self.refuse(verdict, judge, if verdict == Verdict::Throttle { 429 } else { 403 }, rule))
    }
}
