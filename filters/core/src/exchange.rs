//! One request and its answer, from the first head to the last byte: the order of the stages, and the one place that
//! decides.
//!
//! The host feeds it what arrives and does what it says. Every method may be called again, late or out of turn: once
//! an exchange is decided, it stays decided.

mod answer;
mod calls;
mod decide;
mod edit;
mod reader;
mod weigh;

pub use reader::ReadAnswers;

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use crate::answer::Usage;
use crate::audit::{Origin, PlainName, Record, hmac_of};
use crate::coding;
use crate::config::{Config, Profile, RequestEncoding};
use crate::head::Head;
use crate::refusal;
use crate::stage::{Request, Stage};
use crate::store::{Memory, Outside};
use crate::telemetry::{Cause, Counter, Direction};
use crate::text::decode::Disguises;
use crate::verdict::{Coverage, Edit, Failure, Judge, Mode, Opinion, Tally, Verdict};
use crate::wire::form;
use crate::wire::{self, Dialect, Prompt, Unreadable};
use calls::Then;

/// What the host is to do with what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Let it through, and what follows of this direction.
    Forward,
    /// Keep it, and bring it again with what follows.
    Hold,
    /// Answer with this in its place.
    Refuse(Reply),
    /// The answer is under way and cannot be replaced: end it.
    Reset,
    /// Let these bytes through in place of what was brought.
    Replace(Vec<u8>),
}

/// An answer of our own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Header fields.
    pub headers: Vec<(&'static str, String)>,
    /// The body, in the caller's dialect.
    pub body: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing was forwarded.
    Head,
    /// The body is being gathered.
    Body,
    /// The request may go, or has gone.
    Forwarded,
    /// We answered; what comes back is our own.
    Refused,
}

/// A stage of the profile, opened for this exchange.
struct Running {
    mode: Mode,
    reads_answers: Option<ReadAnswers>,
    edits_answers: bool,
    reads_requests: bool,
    edits_requests: bool,
    wants_nonce: bool,
    stage: Box<dyn Stage>,
}

/// One exchange.
pub struct Exchange {
    config: Arc<Config>,
    profile: Arc<Profile>,
    head: Head,
    stages: Vec<Running>,
    phase: Phase,
    answer: answer::State,
    /// The dialect that the client expects a refusal in: that of the path it called.
    caller: Dialect,
    /// The calls that a refusal answers, as JSON: see [`wire::Calls`].
    calls: (bool, Vec<String>),
    services: calls::State,
    record: Record,
    counts: Vec<(Counter, u64)>,
    outside: Rc<dyn Outside>,
    now: u64,
    /// What stages put into the head of the answer.
    fields: Vec<(&'static str, String)>,
    /// Names of fields of the request that must not go on.
    strips: Vec<Vec<u8>>,
    /// Whether the request went to the upstream.
    forwarded: bool,
    /// Whether the answer was not read, or not let go, to its end.
    cut_short: bool,
    ended: bool,
}

impl Exchange {
    /// An exchange whose head has arrived, at `now`, microseconds since the Unix epoch.
    pub fn open(config: &Arc<Config>, head: Head, now: u64) -> Self {
        let profile = Arc::clone(config.select(&head));
        let open = profile.stages.iter().filter(|stage| stage.mode() != Mode::Off);
        let stages = open.map(|settings| {
            let mut stage = settings.open();
            if let Some(key) = config.audit_key.as_ref().filter(|_| settings.wants_key()) {
                stage.key(key);
            }
            let (reads_answers, edits_requests) = (settings.reads_answers(), settings.edits_requests());
            let (edits_answers, reads_requests) = (settings.edits_answers(), settings.reads_requests());
            let (mode, wants_nonce) = (settings.mode(), settings.wants_nonce());
            Running { mode, reads_answers, edits_answers, reads_requests, edits_requests, wants_nonce, stage }
        });
        let stages = stages.collect();
        let caller = wire::detect(head.path(), head.get("anthropic-version").is_some());
        let model = wire::model_in_path(head.path()).and_then(|name| PlainName::new(&name));
        let record = Record {
            time: now,
            id: head.get("x-request-id").and_then(PlainName::new),
            profile: profile.name.clone(),
            dialect: caller,
            model,
            stream: false,
            decided: false,
            verdict: Verdict::Allow,
            judge: Judge::None,
            enforced: true,
            score: 0.0,
            classifier: None,
            rules: Vec::new(),
            tallies: Vec::new(),
            hashes: Vec::new(),
            unreadable: None,
            unreadable_answer: None,
            failure: None,
            texts: 0,
            disguises: Disguises::default(),
            coverage: Coverage::default(),
            prompt_hmac: None,
            request_bytes: 0,
            response_bytes: 0,
            status: 0,
            origin: Origin::Pending,
            complete: false,
            inspect_micros: 0,
            first_byte_micros: None,
            usage: Usage::default(),
            policy: None,
            calls: 0,
            call_micros: 0,
        };
        Self {
            config: Arc::clone(config),
            profile,
            head,
            stages,
            phase: Phase::Head,
            answer: answer::State::default(),
            caller,
            calls: (false, Vec::new()),
            services: calls::State::default(),
            record,
            counts: Vec::new(),
            outside: Rc::new(Memory::default()),
            now,
            fields: Vec::new(),
            strips: Vec::new(),
            forwarded: false,
            cut_short: false,
            ended: false,
        }
    }

    /// Gives it what it shares with other exchanges, in place of a store of its own that knows no properties.
    pub fn share(&mut self, outside: Rc<dyn Outside>) {
        self.outside = outside;
    }

    /// The time has moved on, to `now`, microseconds since the Unix epoch.
    pub fn at(&mut self, now: u64) {
        self.now = now;
    }

    /// Names of fields that the request must lose before it goes on.
    pub fn stripped(&self) -> &[Vec<u8>] {
        &self.strips
    }

    /// What stages want to see in the head of the answer, whoever writes it.
    pub fn answer_fields(&self) -> &[(&'static str, String)] {
        &self.fields
    }

    /// Whether a stage wants a random word of the exchange, to be given by [`Exchange::nonce`] before anything else.
    pub fn wants_nonce(&self) -> bool {
        self.stages.iter().any(|running| running.wants_nonce)
    }

    /// A random word of this exchange, for the stages that want it.
    pub fn nonce(&mut self, nonce: [u8; 8]) {
        self.stages.iter_mut().filter(|running| running.wants_nonce).for_each(|running| running.stage.nonce(nonce));
    }

    /// The head of the request; `ends` when no body follows.
    pub fn request_head(&mut self, ends: bool) -> Act {
        if self.phase != Phase::Head {
            return self.settled().unwrap_or(Act::Hold);
        }
        self.phase = Phase::Body;
        if self.stages.is_empty() {
            return self.decide();
        }
        let opinions = self.ask(|stage, head, world| stage.request_head(head, world));
        match self.weigh(opinions) {
            Some(act) => act,
            None => self.wait(Then::Head { ends }),
        }
    }

    /// The stages have nothing against the head.
    fn after_head(&mut self, ends: bool) -> Act {
        if !self.stages.iter().any(|running| running.reads_requests) {
            return self.decide();
        }
        if self.head.is_upgrade() {
            return self.unreadable(Unreadable::Upgrade);
        }
        if ends {
            return self.pass_unread(0);
        }
        if self.head.is_encoded() {
            match self.profile.request_encoding {
                RequestEncoding::Decode => {
                    if let Err(why) = coding::check(&self.head) {
                        return self.unreadable(why);
                    }
                }
                RequestEncoding::Unseen(policy) => return self.unseen(Unreadable::Compressed, policy),
            }
        }
        if self.head.content_length().is_some_and(|length| length > self.body_cap()) {
            return self.unreadable(Unreadable::Size);
        }
        Act::Forward
    }

    /// `bytes` of the body have been gathered and more will come.
    pub fn request_gathered(&mut self, bytes: u64) -> Act {
        if let Some(act) = self.settled() {
            return act;
        }
        self.record.request_bytes = self.record.request_bytes.max(bytes);
        if bytes > self.body_cap() { self.unreadable(Unreadable::Size) } else { Act::Hold }
    }

    /// The body is whole. `clock` is asked before and after the inspection.
    pub fn request_body(&mut self, body: &[u8], clock: &dyn Fn() -> u64) -> Act {
        if let Some(act) = self.settled() {
            return act;
        }
        let bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
        self.record.request_bytes = bytes;
        if bytes > self.body_cap() {
            return self.unreadable(Unreadable::Size);
        }
        if body.is_empty() {
            return self.pass_unread(0);
        }
        let start = clock();
        let cap = self.profile.limits.body_bytes;
        let act = match coding::decode(&self.head, body, cap) {
            // Its head says no coding any more.
            Ok(body) if self.recodes() => match self.inspect(&body) {
                Act::Forward => Act::Replace(body.into_owned()),
                Act::Hold => {
                    self.recode(body.into_owned());
                    Act::Hold
                }
                act => act,
            },
            Ok(body) => self.inspect(&body),
            Err(why) if self.recodes() => self.unseen(why, Verdict::Block),
            Err(why) => self.unreadable(why),
        };
        self.record.inspect_micros = clock().saturating_sub(start);
        act
    }

    /// What is asked, and the bytes in which it stands.
    fn read<'a>(&self, body: &'a [u8]) -> Result<(Cow<'a, [u8]>, Prompt), Unreadable> {
        let Profile { forms, limits, .. } = self.profile.as_ref();
        let content_type = wire::content_type(&self.head)?;
        let anthropic = self.head.get("anthropic-version").is_some();
        let (method, path) = (self.head.method(), self.head.path());
        let request = wire::Request { method, path, content_type, anthropic, body };
        match form::read(&request, forms, limits) {
            // Where a form may begin within other bytes, what it is depends on who decodes it.
            Some(_) if self.head.is_encoded() => Err(Unreadable::Compressed),
            Some(read) => read.map(|(decoded, prompt)| (decoded.map_or(Cow::Borrowed(body), Cow::Owned), prompt)),
            None => wire::read(&request, limits).map(|prompt| (Cow::Borrowed(body), prompt)),
        }
    }

    fn inspect(&mut self, body: &[u8]) -> Act {
        let (body, prompt) = match self.read(body) {
            Ok(read) => read,
            Err(why) => return self.unreadable(why),
        };
        // The texts of a URL-encoded form stand in bytes that are not those of the body.
        let derived = matches!(body, Cow::Owned(_));
        let body = body.as_ref();
        self.record.dialect = prompt.dialect;
        if self.caller == Dialect::Unknown {
            self.caller = prompt.dialect;
        }
        if wire::model_in_path(self.head.path()).is_none() {
            self.record.model = prompt.model.and_then(|span| PlainName::new(span.of(body)));
        }
        // One more than are answered one by one, so that too many are seen to be.
        let ids = prompt.calls.ids.iter().take(refusal::MAX_CALLS.saturating_add(1));
        let ids = ids.map(|id| String::from_utf8_lossy(id.of(body)).into_owned()).collect();
        self.calls = (prompt.calls.batch, ids);
        self.record.stream = prompt.stream;
        self.record.texts = u64::try_from(prompt.texts.len()).unwrap_or(u64::MAX);
        prompt.skipped.iter().for_each(|part| self.record.coverage.skip(part));
        self.record.prompt_hmac = self.config.audit_key.as_ref().and_then(|key| {
            let texts: Vec<_> = prompt.texts.iter().map(|text| text.read(body)).collect();
            hmac_of(key, texts.iter().map(|text| text.as_ref()))
        });
        let prompt = &prompt;
        let mut opinions = self.ask(|stage, head, world| stage.request(Request { head, body, prompt, world }));
        let enforced = opinions.iter_mut().filter(|(mode, _)| *mode == Mode::Enforce);
        let edits: Vec<_> = enforced.flat_map(|(_, opinion)| core::mem::take(&mut opinion.edits)).collect();
        match self.weigh(opinions) {
            Some(act) => act,
            None if self.services.awaits() => {
                let body = if edits.is_empty() { Vec::new() } else { body.to_vec() };
                self.wait(Then::Read { derived, body, edits })
            }
            None => self.after_body(derived, body, edits),
        }
    }

    /// The stages have nothing against the body, or what it says once it has these edits.
    fn after_body(&mut self, derived: bool, body: &[u8], edits: Vec<Edit>) -> Act {
        if derived && !edits.is_empty() {
            return self.unseen(Unreadable::Form, Verdict::Block);
        }
        match self.decide() {
            Act::Forward if !edits.is_empty() => Act::Replace(edit::apply(body, edits)),
            act => act,
        }
    }

    /// The head of the answer has this status. True when it is the upstream's and not our own.
    pub fn response_head(&mut self, status: u16, ends: bool, now: u64) -> bool {
        self.abandon();
        self.record.status = status;
        self.record.first_byte_micros.get_or_insert(now.saturating_sub(self.record.time));
        if self.phase != Phase::Refused {
            self.record.origin = Origin::Upstream;
        }
        self.record.complete = ends;
        self.phase != Phase::Refused
    }

    /// `bytes` more of the answer's body; `ends` when they are the last.
    pub fn response_body(&mut self, bytes: u64, ends: bool) {
        self.record.response_bytes = self.record.response_bytes.saturating_add(bytes);
        self.record.complete = self.record.complete || ends;
    }

    /// A part of the filter could not do its work while the request was on its way.
    pub fn request_failed(&mut self, cause: Cause) -> Act {
        self.failed(cause);
        match (self.phase, self.profile.on_failure.request) {
            (Phase::Forwarded, _) => Act::Forward,
            (Phase::Refused, _) => Act::Hold,
            // Its head says no coding any more, and its body was not undone.
            (Phase::Body, Failure::Open) if self.recodes() => self.refuse(Verdict::Block, Judge::Failure, 503, None),
            (_, Failure::Open) => self.decide(),
            (_, Failure::Closed) => self.refuse(Verdict::Block, Judge::Failure, 503, None),
        }
    }

    /// A part of the filter could not do its work while the answer was on its way; `begun` when its head has gone.
    pub fn response_failed(&mut self, cause: Cause, begun: bool) -> Act {
        self.failed(cause);
        match (self.phase, self.profile.on_failure.response) {
            (Phase::Refused, _) => Act::Forward,
            // What was held of an answer is lost with its stages: what follows cannot be joined to what has gone.
            _ if begun && self.answer.is_edited() => Act::Reset,
            (_, Failure::Open) => Act::Forward,
            (_, Failure::Closed) if begun => Act::Reset,
            (_, Failure::Closed) => self.refuse(Verdict::Block, Judge::Failure, 503, None),
        }
    }

    /// The host removed a header that only this filter may set.
    pub fn forged(&mut self) {
        self.count(Counter::ForgedHeaders, 1);
    }

    /// What is known by now.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Whether the request was decided.
    pub fn is_decided(&self) -> bool {
        matches!(self.phase, Phase::Forwarded | Phase::Refused)
    }

    /// What to count since the last call.
    pub fn take_counts(&mut self) -> Vec<(Counter, u64)> {
        core::mem::take(&mut self.counts)
    }

    fn body_cap(&self) -> u64 {
        u64::try_from(self.profile.limits.body_bytes).unwrap_or(u64::MAX)
    }

    fn count(&mut self, counter: Counter, by: u64) {
        if by > 0 {
            self.counts.push((counter, by));
        }
    }

    /// Takes in what a stage found by kind.
    fn found(&mut self, direction: Direction, opinion: &Opinion) {
        for tally in &opinion.tallies {
            self.record.tally(direction, *tally);
            let Tally { entity, action, count } = *tally;
            self.count(Counter::Entities { entity, action, direction }, count);
        }
        self.record.hashes.extend(opinion.hashes.iter().map(|hashed| (direction, *hashed)));
    }

    fn failed(&mut self, cause: Cause) {
        self.record.failure = Some(cause);
        self.count(Counter::Failures(cause), 1);
    }

    /// What the host is to do with a body unless it is still to be decided. A body without a head is a host's failure.
    fn settled(&mut self) -> Option<Act> {
        match self.phase {
            Phase::Body if self.services.holds() => Some(Act::Hold),
            Phase::Body => None,
            Phase::Forwarded => Some(Act::Forward),
            Phase::Refused => Some(Act::Hold),
            Phase::Head => Some(self.request_failed(Cause::Host)),
        }
    }

    fn unreadable(&mut self, why: Unreadable) -> Act {
        self.unseen(why, self.profile.unreadable)
    }

    /// What `policy` makes of a body that is not read.
    fn unseen(&mut self, why: Unreadable, policy: Verdict) -> Act {
        self.record.unreadable = Some(why);
        self.count(Counter::Unreadable(why), 1);
        let enforced = self.stages.iter().any(|running| running.mode == Mode::Enforce);
        match policy {
            Verdict::Block if enforced => self.refuse(Verdict::Block, Judge::Read, why.status(), None),
            verdict => {
                if verdict > self.record.verdict {
                    self.record.verdict = verdict;
                    self.record.judge = Judge::Read;
                    self.record.enforced = enforced;
                }
                self.pass_unseen()
            }
        }
    }
}
