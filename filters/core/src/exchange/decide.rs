//! The end of a decision: a request goes on or is refused, and is counted once.

use super::calls::Then;
use super::{Act, Exchange, Phase, Reply};
use crate::audit::{Origin, Record};
use crate::refusal::{self, Refusal};
use crate::stage::Ended;
use crate::store::World;
use crate::telemetry::{Counter, VERDICT_HEADER};
use crate::verdict::{Judge, RuleId, Verdict};
use crate::wire::{Dialect, SkipReason};

impl Exchange {
    /// The exchange is over: the stages learn how. Once.
    pub fn end(&mut self) {
        self.answer_end();
        self.abandon();
        if core::mem::replace(&mut self.ended, true) {
            return;
        }
        let Self { stages, outside, record, profile, forwarded, .. } = self;
        let world =
            World { now: self.now, store: outside.as_ref(), properties: outside.as_ref(), profile: &profile.name };
        let (forwarded, replaced) = (*forwarded, *forwarded && self.phase == Phase::Refused);
        let Record { status, usage, .. } = *record;
        let complete = record.complete && !self.cut_short;
        let ended = Ended { status, forwarded, replaced, complete, usage, world };
        stages.iter_mut().for_each(|running| running.stage.ended(ended));
    }

    /// A body that is there and is not read goes on: as long as has arrived or was announced.
    pub(super) fn pass_unseen(&mut self) -> Act {
        let announced = self.head.content_length().unwrap_or(0);
        self.pass_unread(self.record.request_bytes.max(announced).max(1))
    }

    /// A request whose body, of so many bytes, is not read goes on, if the stages that would have read it let it. Of 0
    /// bytes only when there is none.
    pub(super) fn pass_unread(&mut self, bytes: u64) -> Act {
        let opinions = self.ask(|stage, head, world| stage.unread(head, bytes, world));
        match self.weigh(opinions) {
            Some(act) => act,
            None => self.wait(Then::Unread),
        }
    }

    pub(super) fn decide(&mut self) -> Act {
        self.abandon();
        self.phase = Phase::Forwarded;
        self.forwarded = true;
        self.tally();
        Act::Forward
    }

    pub(super) fn refuse(&mut self, verdict: Verdict, judge: Judge, status: u16, rule: Option<RuleId>) -> Act {
        let counted = self.is_decided();
        self.abandon();
        self.phase = Phase::Refused;
        self.record.verdict = verdict;
        self.record.judge = judge;
        self.record.enforced = true;
        self.record.status = status;
        self.record.origin = Origin::Portcullis;
        if !counted {
            self.tally();
        }
        let explain = self.profile.explain;
        let rule = rule.filter(|_| explain);
        let why = self.record.unreadable.filter(|_| explain);
        let refusal = Refusal { dialect: self.caller, status, rule, unreadable: why };
        let mut headers = vec![("content-type", refusal::content_type(self.caller).to_string())];
        headers.extend(refusal.headers().map(|(name, value)| (name, value.to_string())));
        headers.extend(self.fields.iter().cloned());
        if explain {
            let rule = rule.map(|rule| format!("; rule={rule}")).unwrap_or_default();
            headers.push((VERDICT_HEADER, format!("{}{rule}; stage={}", verdict.name(), judge.name())));
        }
        let body = match self.caller {
            Dialect::Mcp | Dialect::A2a => refusal.body_to_calls(self.calls.0, &self.calls.1),
            _ => refusal.body(),
        };
        Act::Refuse(Reply { status, headers, body })
    }

    pub(super) fn tally(&mut self) {
        self.record.decided = true;
        let Record { verdict, judge, enforced, coverage, .. } = self.record;
        self.count(Counter::Requests { verdict, judge, enforced }, 1);
        self.count(Counter::InspectedBytes, coverage.inspected);
        for (why, bytes) in SkipReason::ALL.into_iter().zip(coverage.skipped) {
            self.count(Counter::SkippedBytes(why), bytes);
        }
        for disguise in self.record.disguises.iter() {
            self.count(Counter::Disguised(disguise), 1);
        }
    }
}
