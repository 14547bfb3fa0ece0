//! Calls that stages ask for: the message is held while they are out, and settled when nothing is awaited any more.

use super::{Act, Exchange};
use crate::call::{Answered, Call, CallEnd, CallFailure, MAX_CALLS, Message};
use crate::store::World;
use crate::telemetry::{Cause, Counter};
use crate::verdict::{Edit, Opinion};

/// Calls of an exchange, and what waits for them.
#[derive(Default)]
pub(super) struct State {
    /// Calls that the host has not taken.
    queue: Vec<(u32, Call)>,
    out: Vec<Out>,
    /// How many there were, the number of the newest.
    made: u32,
    held: Option<Held>,
}

/// A call that is out.
struct Out {
    id: u32,
    /// The stage that asked, by its place.
    stage: usize,
    tag: u32,
    grpc: bool,
    max_answer: usize,
    /// When it was asked for, and when it is given up, in microseconds.
    since: u64,
    until: u64,
}

/// What is done with a request when its calls are back.
pub(super) enum Then {
    /// The stages saw its head only; `ends` when no body follows.
    Head { ends: bool },
    /// The stages saw its body.
    Read { derived: bool, body: Vec<u8>, edits: Vec<Edit> },
    /// The stages know that it is not read.
    Unread,
}

struct Held {
    then: Then,
    /// What goes on in place of the body as it came.
    recoded: Option<Vec<u8>>,
}

impl State {
    pub(super) fn awaits(&self) -> bool {
        !self.out.is_empty()
    }

    pub(super) fn holds(&self) -> bool {
        self.held.is_some()
    }

    /// Takes the calls out of an opinion. One that asks for too many could not do its work.
    pub(super) fn ask(&mut self, stage: usize, now: u64, opinion: &mut Opinion) {
        if core::mem::take(&mut opinion.settled) {
            self.out.retain(|out| out.stage != stage);
            self.queue.retain(|(id, _)| self.out.iter().any(|out| out.id == *id));
        }
        for call in core::mem::take(&mut opinion.calls) {
            if self.made >= MAX_CALLS {
                opinion.failed = true;
                opinion.cause = Cause::Call;
                return;
            }
            self.made = self.made.saturating_add(1);
            let until = now.saturating_add(u64::from(call.timeout).saturating_mul(1000));
            let grpc = matches!(call.message, Message::Grpc { .. });
            let (tag, max_answer) = (call.tag, call.max_answer);
            self.out.push(Out { id: self.made, stage, tag, grpc, max_answer, since: now, until });
            self.queue.push((self.made, call));
        }
    }
}

impl Exchange {
    /// Calls that the host is to make now, with their numbers in this exchange. Each ends in one [`Exchange::answered`].
    pub fn take_calls(&mut self) -> Vec<(u32, Call)> {
        core::mem::take(&mut self.services.queue)
    }

    /// Tells every stage that waits for a call that there is no network, until none waits.
    pub fn go_without_calls(&mut self) {
        loop {
            let calls = self.take_calls();
            if calls.is_empty() {
                return;
            }
            for (id, _) in calls {
                self.answered(id, Err(CallFailure::Offline), self.now);
            }
        }
    }

    /// Whether the request is held for answers to calls.
    pub fn is_held(&self) -> bool {
        self.services.holds()
    }

    /// The call of this number came back, at `now`. A number that is not awaited, or not any more, changes nothing.
    pub fn answered(&mut self, id: u32, answer: Result<Answered, CallFailure>, now: u64) -> Act {
        self.at(now);
        let Some(place) = self.services.out.iter().position(|out| out.id == id) else { return Act::Hold };
        let out = self.services.out.swap_remove(place);
        let answer = match answer {
            Ok(answer) if answer.body.len() > out.max_answer => Err(CallFailure::Oversized),
            Err(CallFailure::Reset) if now >= out.until => Err(CallFailure::Timeout),
            answer => answer,
        };
        let took = now.saturating_sub(out.since);
        let end = match &answer {
            Ok(answer) if out.grpc && answer.status == 0 => CallEnd::Answered,
            Ok(answer) if !out.grpc && (200..300).contains(&answer.status) => CallEnd::Answered,
            Ok(_) => CallEnd::Status,
            Err(why) => CallEnd::Failed(*why),
        };
        self.count(Counter::Calls(end), 1);
        self.count(Counter::CallMicros, took);
        self.record.calls = self.record.calls.saturating_add(1);
        self.record.call_micros = self.record.call_micros.saturating_add(took);
        let Self { stages, outside, profile, .. } = self;
        let world = World { now, store: outside.as_ref(), properties: outside.as_ref(), profile: &profile.name };
        let Some(running) = stages.get_mut(out.stage) else { return Act::Hold };
        let mode = running.mode;
        let mut opinion = running.stage.answered(out.tag, answer, world);
        self.services.ask(out.stage, now, &mut opinion);
        if let Some(act) = self.weigh(vec![(mode, opinion)]) {
            return act;
        }
        self.go_on()
    }

    /// Holds the request for its calls, or goes on with it when there are none.
    pub(super) fn wait(&mut self, then: Then) -> Act {
        if self.services.awaits() {
            self.services.held = Some(Held { then, recoded: None });
            return Act::Hold;
        }
        self.then(then)
    }

    /// What goes on in place of the body, when the request that is held does.
    pub(super) fn recode(&mut self, body: Vec<u8>) {
        if let Some(held) = &mut self.services.held {
            held.recoded = Some(body);
        }
    }

    fn go_on(&mut self) -> Act {
        if self.services.awaits() {
            return Act::Hold;
        }
        let Some(Held { then, recoded }) = self.services.held.take() else { return Act::Hold };
        let act = self.then(then);
        match (act, recoded) {
            (Act::Forward, Some(body)) => Act::Replace(body),
            (Act::Hold, Some(body)) => {
                self.recode(body);
                Act::Hold
            }
            (act, _) => act,
        }
    }

    fn then(&mut self, then: Then) -> Act {
        match then {
            Then::Head { ends } => self.after_head(ends),
            Then::Read { derived, body, edits } => self.after_body(derived, &body, edits),
            Then::Unread => self.decide(),
        }
    }

    /// Nothing is awaited any more: the exchange is decided, or over.
    pub(super) fn abandon(&mut self) {
        let abandoned = u64::try_from(self.services.out.len()).unwrap_or(u64::MAX);
        self.count(Counter::Calls(CallEnd::Abandoned), abandoned);
        let State { queue, out, held, .. } = &mut self.services;
        queue.clear();
        out.clear();
        *held = None;
    }
}
