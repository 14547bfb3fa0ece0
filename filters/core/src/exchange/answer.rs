//! The way back: whether an answer is read, what becomes of each part of it, and what is recorded at its end.
//!
//! An answer is read only where a stage of the profile asks for it; every other one passes without a copy. Where a
//! stage that acts reads it, each part is replaced by what may go to the client by now. Nothing is paused for time, and
//! what is held when the answer breaks off is dropped.

use super::reader::{Read, ReadAnswers};
use super::{Act, Exchange, Phase};
use crate::audit::Record;
use crate::config::RequestEncoding;
use crate::head::Head;
use crate::response;
use crate::telemetry::{Counter, Direction};
use crate::verdict::{Judge, Mode, Verdict};
use crate::wire::Unreadable;

/// What is done with the body of the answer.
#[derive(Default)]
pub(super) enum State {
    /// It passes unread.
    #[default]
    Passed,
    /// It is read and passes as it is: no stage that reads it acts.
    Watched(Box<dyn Read>),
    /// It is read, and replaced by what the stages make of it.
    Edited(Box<dyn Read>),
    /// It was read so far, cannot be read further, and passes.
    Abandoned,
    /// It was cut off: nothing of it may follow.
    Cut,
}

impl State {
    pub(super) fn is_edited(&self) -> bool {
        matches!(self, Self::Edited(_) | Self::Cut)
    }
}

impl Exchange {
    /// Fields of the request's head to set, or to remove where there is no value, before it goes on; `ends` when no body
    /// follows.
    pub fn request_fields(&self, ends: bool) -> impl Iterator<Item = (&'static str, Option<&'static str>)> + use<> {
        let reads = self.stages.iter().any(|running| running.reads_answers.is_some());
        let asked = response::ASKED.iter().copied().filter(move |_| reads);
        let edits = !ends && self.stages.iter().any(|running| running.edits_requests && running.mode == Mode::Enforce);
        // What was let go unread at its head goes on as it came.
        let recodes = self.recodes() && !self.is_decided();
        let stale = response::SIZED.iter().filter(move |_| edits).chain(recodes.then_some(&"content-encoding"));
        asked.chain(stale.map(|name| (*name, None)))
    }

    /// Whether an encoded request goes on decoded, because its stages may change it.
    pub(super) fn recodes(&self) -> bool {
        let edits = self.stages.iter().any(|running| running.edits_requests && running.mode == Mode::Enforce);
        edits && self.head.is_encoded() && self.profile.request_encoding == RequestEncoding::Decode
    }

    /// Whether a stage wants the answer, so that the host must bring its head to [`Exchange::answer_head`].
    pub fn reads_answer(&self) -> bool {
        self.phase == Phase::Forwarded && self.stages.iter().any(|running| running.reads_answers.is_some())
    }

    /// The head of an answer that is read; `ends` when no body follows.
    pub fn answer_head(&mut self, head: &Head, ends: bool) -> Act {
        if !self.reads_answer() || ends || response::is_bodiless(self.head.method(), self.record.status) {
            return Act::Forward;
        }
        let limits = self.profile.answer_limits;
        let Some(ReadAnswers(open)) = self.stages.iter().find_map(|running| running.reads_answers) else {
            return Act::Forward;
        };
        match response::check(self.record.status, head).and_then(|()| open(head, limits)) {
            Ok(mut reader) => {
                if self.stages.iter().any(|running| running.mode == Mode::Enforce && running.stage.drops_usage()) {
                    reader.drop_usage();
                }
                self.answer = if self.acts_on_answers() { State::Edited(reader) } else { State::Watched(reader) };
                Act::Forward
            }
            Err(why) => self.answer_unreadable(why, false),
        }
    }

    /// Names of fields that the answer's head must lose, because its body may change.
    pub fn stale_fields(&self) -> impl Iterator<Item = &'static str> + use<> {
        let edited = self.answer.is_edited();
        let decoded = self.answer_decoded();
        let stale = response::STALE.iter().copied().filter(move |_| edited);
        stale.chain(decoded.then_some("content-encoding"))
    }

    /// Whether the host must bring each part of the answer's body to [`Exchange::answer_body`].
    pub fn wants_answer_body(&self) -> bool {
        !matches!(self.answer, State::Passed | State::Abandoned)
    }

    /// The next part of the answer's body; `ends` when it is the last.
    pub fn answer_body(&mut self, part: &[u8], ends: bool) -> Act {
        let mut out = Vec::new();
        match self.advance(part, ends, &mut out) {
            Some(act) => act,
            None if out == part => Act::Forward,
            None => Act::Replace(out),
        }
    }

    /// The answer's body has ended, and trailers follow. What was held would go before them, where the host can still
    /// take it.
    pub fn answer_trailers(&mut self) -> Act {
        let mut out = Vec::new();
        match self.advance(&[], true, &mut out) {
            Some(act) => act,
            None if out.is_empty() => Act::Forward,
            None => Act::Replace(out),
        }
    }

    /// Reads on. `None` when `out` is what may go to the client.
    fn advance(&mut self, part: &[u8], ends: bool, out: &mut Vec<u8>) -> Option<Act> {
        let Self { answer, stages, record, cut_short, .. } = self;
        let (reader, edited) = match answer {
            State::Passed | State::Abandoned => return Some(Act::Forward),
            State::Cut => return Some(Act::Reset),
            State::Watched(reader) => (reader, false),
            State::Edited(reader) => (reader, true),
        };
        let read = reader.advance(part, ends, stages, out);
        record.usage = reader.usage();
        *cut_short |= reader.stopped() || read.is_err();
        let Err(why) = read else { return if edited { None } else { Some(Act::Forward) } };
        // What is encoded cannot be joined to what went out decoded.
        if edited && !reader.decodes() {
            reader.pass(stages, out);
        }
        let act = self.answer_unreadable(why, true);
        if edited && act == Act::Forward { None } else { Some(act) }
    }

    fn answer_decoded(&self) -> bool {
        matches!(&self.answer, State::Edited(reader) if reader.decodes())
    }

    fn acts_on_answers(&self) -> bool {
        let acts = |running: &super::Running| {
            running.mode == Mode::Enforce && (running.edits_answers || running.stage.drops_usage())
        };
        self.stages.iter().any(|running| running.reads_answers.is_some() && acts(running))
    }

    /// The answer cannot be read; `begun` when parts of it have gone.
    fn answer_unreadable(&mut self, why: Unreadable, begun: bool) -> Act {
        self.record.unreadable_answer = Some(why);
        self.count(Counter::UnreadableAnswers(why), 1);
        let acts = self.acts_on_answers();
        match self.profile.unreadable_response {
            verdict if begun && (acts && verdict == Verdict::Block || self.answer_decoded()) => {
                self.answer = State::Cut;
                self.judge_answer(Verdict::Block, Judge::Read, true);
                Act::Reset
            }
            Verdict::Block if acts => self.refuse(Verdict::Block, Judge::Read, 502, None),
            verdict => {
                self.answer = if begun { State::Abandoned } else { State::Passed };
                self.judge_answer(verdict, Judge::Read, acts);
                Act::Forward
            }
        }
    }

    /// The stream has ended, whatever ended it: stages that read the answer say what they found. Once.
    pub fn answer_end(&mut self) {
        match core::mem::take(&mut self.answer) {
            State::Passed => return,
            State::Watched(reader) | State::Edited(reader) if !self.record.complete => {
                self.count(Counter::BrokenAnswers { held: reader.holds() }, 1);
            }
            _ => {}
        }
        let reading = self.stages.iter_mut().filter(|running| running.reads_answers.is_some());
        let opinions: Vec<_> = reading.map(|running| (running.mode, running.stage.answer_end())).collect();
        for (mode, opinion) in opinions {
            self.judge_answer(opinion.verdict, opinion.judge, mode == Mode::Enforce);
            self.found(Direction::Response, &opinion);
        }
        let Record { verdict, judge, enforced, .. } = self.record;
        self.count(Counter::Answers { verdict, judge, enforced }, 1);
    }

    /// Takes in a verdict on the answer, unless a greater one stands.
    fn judge_answer(&mut self, verdict: Verdict, judge: Judge, enforced: bool) {
        let outranks = (enforced, verdict) > (self.record.enforced, self.record.verdict);
        if verdict > Verdict::Allow && (outranks || self.record.verdict == Verdict::Allow) {
            self.record.verdict = verdict;
            self.record.judge = judge;
            self.record.enforced = enforced;
        }
    }
}
