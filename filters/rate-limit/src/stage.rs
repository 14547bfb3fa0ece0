//! The stage: takes from the cells of a request's keys, and says what is left.

mod global;

use std::borrow::Cow;
use std::sync::Arc;

use portcullis_core::answer::{Channel, Editor, Flow, Why};
use portcullis_core::call::{Answered, Call, CallFailure};
use portcullis_core::config::Reader;
use portcullis_core::head::Head;
use portcullis_core::json;
use portcullis_core::stage::{self, Ended, Request, Settings, Stage};
use portcullis_core::store::{Store, When, World};
use portcullis_core::subject::{Found, Known, Named};
use portcullis_core::telemetry::Counter;
use portcullis_core::verdict::{Edit, Judge, Opinion, Verdict};
use portcullis_core::wire::{self, Dialect, Role, model_in_path, model_name, models_of};

use crate::fields::Told;
use crate::key::Secret;
use crate::rate::Room;
use crate::service::Descriptor;
use crate::settings::{self, Limit, Limits, Missing, Shared, Unit};
use crate::shape;
use crate::spent::Spent;
use crate::table::{Failed, Tag};

/// The stage that limits.
pub struct RateLimit;

/// What a module lists.
pub static RATE_LIMIT: RateLimit = RateLimit;

impl stage::Kind for RateLimit {
    fn key(&self) -> &'static str {
        "rate_limit"
    }

    fn doc(&self) -> &'static str {
        "Limits how much goes by, for each key that you name. It runs in profiles that have this section."
    }

    fn by_default(&self) -> bool {
        false
    }

    fn read(&self, section: &mut dyn Reader) -> Box<dyn Settings> {
        Box::new(Shared(Arc::new(settings::read(section))))
    }
}

/// Where the secret of the hashes lies that all workers share.
const SECRET: &[u8] = b"portcullis.limits.secret";

/// How long a client is told to wait when its cell could not be written.
const CONTENDED: u64 = 1_000_000;

/// One exchange.
pub(crate) struct Limiting {
    limits: Arc<Limits>,
    nonce: [u8; 8],
    /// What was taken and is settled when the cost is known.
    taken: Vec<Taken>,
    /// What the rate limit service was asked.
    out: Vec<Taken>,
    spent: Spent,
}

/// Whether the service is to be asked.
enum Asking {
    Call(Call),
    /// It costs nothing.
    Nothing,
    /// It has said no, for so many microseconds from now.
    Known(u64),
}

/// What was taken from a cell.
struct Taken {
    limit: usize,
    tag: Tag,
    cost: u64,
    /// When it does not matter any more: see [`crate::rate::Rate::settle`].
    until: u64,
}

/// What became of a request under one limit.
enum Outcome {
    Applies(Tag, Descriptor),
    /// It is not for this request.
    Passed,
    Refused,
}

impl Limiting {
    pub(crate) fn new(limits: Arc<Limits>) -> Self {
        let spent = Spent::new(&limits.tokens);
        Self { limits, nonce: [0; 8], taken: Vec::new(), out: Vec::new(), spent }
    }

    fn secret<'l>(limits: &'l Limits, nonce: [u8; 8], store: &dyn Store) -> Option<&'l Secret> {
        if let Some(secret) = limits.secret.get() {
            return Some(secret);
        }
        store.set(SECRET, &nonce, When::Absent).ok()?;
        let stored = store.get(SECRET).ok()??;
        Some(limits.secret.get_or_init(|| Secret::new(&stored.value).unwrap_or_else(Secret::none)))
    }

    /// Takes from every limit that `meant` picks. What was taken is given back when one refuses.
    fn take(&mut self, asked: &Known<'_>, meant: impl Fn(&Limit) -> bool) -> Opinion {
        let limits = &*Arc::clone(&self.limits);
        let World { now, store, .. } = asked.world;
        let mut opinion = Opinion::default();
        if limits.exempt.iter().any(|part| matches!(part.find(asked), Found::Value(_))) {
            return opinion;
        }
        let Some(secret) = Self::secret(limits, self.nonce, store) else {
            return Opinion { failed: true, ..opinion };
        };
        let (mut taken, mut told) = (Vec::new(), Told::default());
        for (number, limit) in limits.limits.iter().enumerate().filter(|(_, limit)| meant(limit)) {
            let (tag, descriptor) = match outcome(limit, secret, asked) {
                Outcome::Applies(tag, descriptor) => (tag, descriptor),
                Outcome::Passed => continue,
                Outcome::Refused if limit.shadow => {
                    judge(&mut opinion, limit, Verdict::Flag, "shadow");
                    continue;
                }
                Outcome::Refused => {
                    judge(&mut opinion, limit, Verdict::Block, "missing");
                    break;
                }
            };
            let cost = self.spent.reserve(limit.unit);
            if let (true, Some(service)) = (limit.global, &limits.service) {
                match self.ask(service, number, tag, descriptor, cost, asked.world) {
                    Asking::Call(call) => opinion.calls.push(call),
                    Asking::Nothing => {}
                    Asking::Known(wait) => {
                        let verdict = if limit.shadow { Verdict::Flag } else { Verdict::Throttle };
                        judge(&mut opinion, limit, verdict, "known");
                        if !limit.shadow {
                            told.retry_after(wait);
                            break;
                        }
                    }
                }
                continue;
            }
            let (room, until) = match limits.table.update(store, &tag, now, |cell| limit.take(cell, cost, now)) {
                Ok((told, pushed)) => {
                    opinion.counts.extend(pushed.then_some(counter(limit, "forgotten")));
                    told
                }
                Err(Failed::Contended) => {
                    opinion.counts.push(counter(limit, "contended"));
                    (Room { allowed: false, remaining: 0, wait: CONTENDED }, 0)
                }
                Err(Failed::Store) => {
                    opinion.failed = true;
                    continue;
                }
            };
            if !limit.shadow && limits.tells {
                told.tell(&limit.name, limit.unit, &limit.rate, &room);
            }
            if room.allowed {
                opinion.counts.push(counter(limit, "passed"));
                if !limit.shadow {
                    self.spent.bound(limit.unit, cost.min(limit.rate.most()).saturating_add(room.remaining));
                }
                taken.push(Taken { limit: number, tag, cost, until });
            } else if limit.shadow {
                judge(&mut opinion, limit, Verdict::Flag, "shadow");
            } else {
                judge(&mut opinion, limit, Verdict::Throttle, "throttled");
                told.retry_after(room.wait);
                break;
            }
        }
        self.taken.extend(taken);
        if opinion.verdict.refuses() {
            self.give_back(asked.world);
        }
        opinion.fields = told.into_fields();
        opinion
    }

    /// What was taken is given back, whichever part of the request it was taken for.
    fn give_back(&mut self, world: World<'_>) {
        let taken = core::mem::take(&mut self.taken);
        self.settle(&taken, world, |_| 0);
    }

    /// Puts what something really cost in the place of what was taken for it.
    fn settle(&self, taken: &[Taken], world: World<'_>, real: impl Fn(Unit) -> u64) {
        for Taken { limit, tag, cost, until } in taken {
            let Some(limit) = self.limits.limits.get(*limit) else { continue };
            let delta = i128::from(real(limit.unit)).saturating_sub(i128::from(*cost));
            let delta = i64::try_from(delta).unwrap_or(if delta < 0 { i64::MIN } else { i64::MAX });
            if delta != 0 {
                // What cannot be written comes back with time.
                let _ = self.limits.table.update(world.store, tag, world.now, |cell| {
                    (limit.rate.settle(cell, delta, *until, world.now), ())
                });
            }
        }
    }

    /// What the head did not decide.
    fn rest(&mut self, asked: &Known<'_>) -> Opinion {
        let exempt_waits = self.limits.exempt.iter().any(|part| part.source.is_in_body());
        self.take(asked, |limit| exempt_waits || limit.reads_body())
    }
}

fn counter(limit: &Limit, outcome: &'static str) -> Counter {
    Counter::Limits { unit: limit.unit.name(), outcome }
}

fn judge(opinion: &mut Opinion, limit: &Limit, verdict: Verdict, outcome: &'static str) {
    opinion.counts.push(counter(limit, outcome));
    if verdict > opinion.verdict {
        opinion.verdict = verdict;
        opinion.judge = Judge::Limit;
        opinion.policy = Some(Arc::clone(&limit.name));
    }
}

fn outcome(limit: &Limit, secret: &Secret, asked: &Known<'_>) -> Outcome {
    let mut parts: Vec<Option<Cow<'_, [u8]>>> = Vec::with_capacity(limit.by.len());
    let (mut lacks, mut unclear, mut descriptor) = (false, false, Descriptor::new());
    for part in &limit.by {
        match part.find(asked) {
            Found::Value(value) => {
                if limit.global {
                    descriptor.push((part.label.clone(), if part.shared { b"*".to_vec() } else { plain(&value) }));
                }
                parts.push((!part.shared).then_some(value));
            }
            Found::Other => return Outcome::Passed,
            Found::Missing if limit.missing == Missing::Share && !part.values.is_empty() => return Outcome::Passed,
            found => {
                lacks = true;
                // A client can make it so: that must not lead out of the limit.
                unclear |= found == Found::Unclear;
                descriptor.push((part.label.clone(), b"(missing)".to_vec()));
                parts.push(None);
            }
        }
    }
    match limit.missing {
        Missing::Skip if lacks && !unclear => Outcome::Passed,
        Missing::Refuse if lacks => Outcome::Refused,
        // Who lacks a part is none of those that share a value.
        _ => {
            parts.push(lacks.then_some(Cow::Borrowed(b"lacks".as_slice())));
            if descriptor.is_empty() {
                descriptor.push(("limit".to_owned(), limit.name.as_bytes().to_vec()));
            }
            Outcome::Applies(secret.tag(&limit.name, &limit.counts, &parts), descriptor)
        }
    }
}

/// A value as a descriptor can carry it: texts only. What is none stands there as its hexadecimal digits.
fn plain(value: &[u8]) -> Vec<u8> {
    match core::str::from_utf8(value) {
        Ok(_) => value.to_vec(),
        Err(_) => value.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect(),
    }
}

impl Stage for Limiting {
    fn nonce(&mut self, nonce: [u8; 8]) {
        self.nonce = nonce;
    }

    fn request_head(&mut self, head: &Head, world: World<'_>) -> Opinion {
        let exempt_waits = self.limits.exempt.iter().any(|part| part.source.is_in_body());
        if exempt_waits {
            return Opinion::default();
        }
        self.take(&Known { head, model: Named::Nothing, shape: None, world }, |limit| !limit.reads_body())
    }

    fn request(&mut self, request: Request<'_>) -> Opinion {
        let Request { head, body, prompt, world } = request;
        let models = if self.limits.wants_model() { models(request) } else { Vec::new() };
        let model = match models.as_slice() {
            [] => Named::Nothing,
            [Some(model)] => Named::One(model.as_bytes()),
            _ => Named::Unclear,
        };
        let user = || prompt.texts.iter().rev().find(|text| text.role == Role::User);
        let text = self.limits.wants_shape().then(user).flatten().map(|text| text.read(body));
        let shape = text.and_then(|text| shape::of(core::str::from_utf8(&text).ok()?));
        let mut edits = Vec::new();
        if self.limits.limits.iter().any(|limit| limit.unit.is_reserved()) {
            let asks = wire::asked(body, &WIDE).unwrap_or_default();
            self.spent.open(&self.limits.tokens, model, request, &asks);
            let usage = asks.ask_usage.filter(|_| self.limits.tokens.ask_usage && speaks_openai(prompt.dialect));
            edits.extend(usage.map(|(span, text)| Edit { span, text: text.to_owned(), raw: true }));
            self.spent.asked_usage = !edits.is_empty();
        }
        let opinion = self.rest(&Known { head, model, shape, world });
        Opinion { edits, ..opinion }
    }

    fn unread(&mut self, head: &Head, bytes: u64, world: World<'_>) -> Opinion {
        let named = model_in_path(head.path()).map(|name| model_name(&name));
        let model = match &named {
            Some(Some(model)) => Named::One(model.as_bytes()),
            None if bytes == 0 => Named::Nothing,
            _ => Named::Unclear,
        };
        self.spent.unread(&self.limits.tokens, model, bytes);
        self.rest(&Known { head, model, shape: None, world })
    }

    fn answered(&mut self, tag: u32, answer: Result<Answered, CallFailure>, world: World<'_>) -> Opinion {
        self.told(tag, answer, world)
    }

    fn drops_usage(&self) -> bool {
        self.spent.asked_usage
    }

    fn editor(&mut self) -> Option<&mut dyn Editor> {
        Some(self)
    }

    fn answer_end(&mut self) -> Opinion {
        let verdict = if self.spent.cut { Verdict::Throttle } else { Verdict::Allow };
        Opinion { verdict, judge: if self.spent.cut { Judge::Limit } else { Judge::None }, ..Opinion::default() }
    }

    fn ended(&mut self, end: Ended<'_>) {
        let taken = core::mem::take(&mut self.taken);
        let spent = self.spent.settled(&end);
        let open: Vec<_> = taken
            .into_iter()
            .filter(|taken| self.limits.limits.get(taken.limit).is_some_and(|limit| limit.unit != Unit::Requests))
            .collect();
        self.settle(&open, end.world, |unit| spent.of(unit));
    }
}

/// The models that a request may be for, each once: that of the path, else those that the body names.
fn models(request: Request<'_>) -> Vec<Option<String>> {
    let Request { head, body, prompt, .. } = request;
    if let Some(name) = model_in_path(head.path()) {
        return vec![model_name(&name)];
    }
    let mut models = match json::parse(body, &WIDE) {
        Ok(document) => models_of(document.root()),
        Err(_) => prompt.model.map(|span| model_name(span.of(body))).into_iter().collect(),
    };
    models.sort();
    models.dedup();
    models
}

/// A body that was read once is within bounds.
const WIDE: wire::Limits = wire::Limits { body_bytes: usize::MAX, depth: 512, values: usize::MAX };

const fn speaks_openai(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::OpenAiChat | Dialect::OpenAiCompletions)
}

impl Editor for Limiting {
    fn text(&mut self, _: &Channel, chunk: &str, out: &mut String) -> Flow {
        if self.spent.say(chunk, self.limits.tokens.end_streams) {
            out.push_str(chunk);
            Flow::Open { held: 0 }
        } else {
            Flow::Blocked
        }
    }

    fn end(&mut self, _: &Channel, _: &mut String) -> Flow {
        Flow::Open { held: 0 }
    }

    fn why(&self) -> Why {
        Why::Length
    }
}
