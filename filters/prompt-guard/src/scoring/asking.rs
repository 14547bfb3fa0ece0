//! One request that waits for scores.

use std::sync::Arc;

use portcullis_core::call::{Answered, Call, CallFailure, Message};
use portcullis_core::store::{Store, When as On, World};
use portcullis_core::telemetry::{Cause, Counter, Scoring};
use portcullis_core::verdict::{Judge, Opinion, Verdict};
use portcullis_core::wire::Role;

use super::cache::{Tag, tag};
use super::settings::{Combine, Failure, Scorer, Scorers, When};

/// The name in the store of the secret of the hashes.
const SECRET: &[u8] = b"prompt_guard/scores/secret";

/// What the stage says by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Local {
    pub verdict: Verdict,
    pub judge: Judge,
    pub score: f32,
}

/// A request whose texts were sent, or are to be.
pub(crate) struct Asking {
    scorers: Arc<Scorers>,
    texts: Vec<(Role, String)>,
    local: Local,
    until: u64,
    calls: u32,
    /// Scorers that were asked and have not answered: place, tag of the question, calls that were made.
    out: Vec<(usize, Tag, u32)>,
    given: Option<(Verdict, f32)>,
    failed: bool,
}

impl Scorers {
    /// Whether what this stage says by itself is to be scored.
    pub fn wants(&self, local: Local) -> bool {
        match self.when {
            _ if local.verdict.refuses() => false,
            When::Always => true,
            // A great score that refuses nothing is the classifier's, which may only flag.
            When::Uncertain => local.score >= self.from,
        }
    }

    /// Bytes of text that are sent at most.
    pub fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// The windows of texts that are sent: the newest texts first, as far as the bound goes, in their order.
    pub fn windows<'t>(&self, texts: impl DoubleEndedIterator<Item = (Role, &'t str)>) -> Vec<(Role, String)> {
        let mut left = self.max_bytes;
        let mut windows = Vec::new();
        for (role, text) in texts.rev() {
            let mut parts = Vec::new();
            let mut rest = text;
            while !rest.is_empty() && left > 0 {
                let end = rest.floor_char_boundary(self.window.min(left));
                let Some(part) = rest.get(..end).filter(|part| !part.is_empty()) else { break };
                left = left.saturating_sub(part.len());
                parts.push((role, part.to_owned()));
                if end >= rest.len() {
                    break;
                }
                let next = rest.floor_char_boundary(end.saturating_sub(self.overlap)).max(1);
                rest = rest.get(rest.ceil_char_boundary(next)..).unwrap_or_default();
            }
            parts.reverse();
            windows.append(&mut parts);
            if left == 0 {
                break;
            }
        }
        windows.reverse();
        windows
    }
}

impl Asking {
    /// Asks the scorers about these texts. What the cache knows is not asked.
    pub fn begin(
        scorers: Arc<Scorers>,
        texts: Vec<(Role, String)>,
        local: Local,
        nonce: [u8; 8],
        world: World<'_>,
    ) -> (Self, Opinion) {
        let secret = shared_secret(world.store, nonce);
        let until = world.now.saturating_add(scorers.deadline);
        let mut asking = Self {
            scorers: Arc::clone(&scorers),
            texts,
            local,
            until,
            calls: 0,
            out: Vec::new(),
            given: None,
            failed: false,
        };
        let mut opinion = Opinion::default();
        for (place, scorer) in scorers.scorers.iter().enumerate() {
            let tag = tag(&secret, &scorer.policy, &asking.texts);
            if let Some(score) = scorers.cache.get(world.store, &tag, world.now) {
                opinion.counts.push(Counter::Scoring(Scoring::Cached));
                asking.give(scorer, score);
            } else {
                asking.ask(place, tag, 0, world, &mut opinion);
            }
            if scorers.combine == Combine::First && asking.given.is_some() {
                asking.out.clear();
                opinion.calls.clear();
                break;
            }
        }
        asking.conclude(&mut opinion);
        (asking, opinion)
    }

    fn ask(&mut self, place: usize, tag: Tag, made: u32, world: World<'_>, opinion: &mut Opinion) {
        let Some(scorer) = self.scorers.scorers.get(place) else { return };
        let left = u32::try_from(self.until.saturating_sub(world.now) / 1000).unwrap_or(u32::MAX);
        let timeout = scorer.timeout.min(left);
        let patience = u64::from(scorer.timeout).saturating_mul(1000);
        let why = if self.calls >= self.scorers.max_calls || timeout == 0 {
            Some(Scoring::OverBudget)
        } else if !self.scorers.breaker.may(world.store, &scorer.state(), world.now, patience) {
            Some(Scoring::Broken)
        } else {
            None
        };
        if let Some(why) = why {
            opinion.counts.push(Counter::Scoring(why));
            self.failed = true;
            return;
        }
        self.calls = self.calls.saturating_add(1);
        self.out.push((place, tag, made.saturating_add(1)));
        opinion.counts.push(Counter::Scoring(Scoring::Asked));
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        headers.extend(scorer.headers.iter().cloned());
        opinion.calls.push(Call {
            tag: u32::try_from(place).unwrap_or(u32::MAX),
            cluster: scorer.cluster.clone(),
            timeout,
            max_answer: scorer.max_answer,
            message: Message::Http {
                method: "POST",
                path: scorer.dialect.path(),
                authority: scorer.authority.clone(),
                headers,
                body: scorer.dialect.question(&self.texts),
            },
        });
    }

    /// An answer came; gives what follows of it.
    pub fn answered(&mut self, call: u32, answer: Result<Answered, CallFailure>, world: World<'_>) -> Opinion {
        let mut opinion = Opinion::default();
        let scorers = Arc::clone(&self.scorers);
        let Some(at) = self.out.iter().position(|(place, ..)| u32::try_from(*place) == Ok(call)) else {
            return opinion;
        };
        let (place, tag, made) = self.out.swap_remove(at);
        let Some(scorer) = scorers.scorers.get(place) else { return opinion };
        let offline = answer == Err(CallFailure::Offline);
        let score = match answer {
            Ok(Answered { status: 200, body, .. }) => scorer.dialect.score(&body, self.texts.len()).ok(),
            _ => None,
        };
        if offline {
            return self.own();
        }
        if scorers.breaker.told(world.store, &scorer.state(), world.now, score.is_some()) {
            opinion.counts.push(Counter::Scoring(Scoring::Opened));
        }
        match score {
            Some(score) => {
                scorers.cache.put(world.store, &tag, world.now, score);
                self.give(scorer, score);
            }
            None => {
                opinion.counts.push(Counter::Scoring(Scoring::Failed));
                if made <= scorer.retries {
                    self.ask(place, tag, made, world, &mut opinion);
                } else {
                    self.failed = true;
                }
            }
        }
        if scorers.combine == Combine::First && self.given.is_some() {
            self.out.clear();
            opinion.settled = true;
        }
        self.conclude(&mut opinion);
        opinion
    }

    fn give(&mut self, scorer: &Scorer, score: f32) {
        let verdict = scorer.verdict(score);
        let (worst, greatest) = self.given.unwrap_or((Verdict::Allow, 0.0));
        self.given = Some((worst.max(verdict), greatest.max(score)));
    }

    /// What is said when nothing is out any more.
    fn conclude(&self, opinion: &mut Opinion) {
        if !self.out.is_empty() {
            return;
        }
        let scorers = &self.scorers;
        let whole = self.given.filter(|_| !self.failed || scorers.combine == Combine::First);
        let refused = self.given.filter(|(verdict, _)| verdict.refuses());
        let mut say = |own: Opinion| {
            (opinion.verdict, opinion.judge, opinion.score) = (own.verdict, own.judge, own.score);
            (opinion.failed, opinion.cause) = (own.failed, own.cause);
        };
        match whole.or(refused) {
            Some((verdict, score)) => {
                if scorers.shadow {
                    say(self.own());
                } else {
                    let judge = if verdict > Verdict::Allow { Judge::Scoring } else { Judge::None };
                    say(Opinion { verdict, judge, score, ..Opinion::default() });
                }
                let agree = match (self.local.verdict > Verdict::Allow, verdict > Verdict::Allow) {
                    (true, true) | (false, false) => Scoring::Agreed,
                    (true, false) => Scoring::LocalOnly,
                    (false, true) => Scoring::ScorerOnly,
                };
                opinion.counts.push(Counter::Scoring(agree));
            }
            None if scorers.shadow => say(self.own()),
            None => match scorers.failure {
                Failure::Local => say(self.own()),
                Failure::Open => {}
                Failure::Profile => say(Opinion { failed: true, cause: Cause::Call, ..Opinion::default() }),
            },
        }
    }

    /// The stage's own word.
    fn own(&self) -> Opinion {
        let Local { verdict, judge, score } = self.local;
        Opinion { verdict, judge, score, ..Opinion::default() }
    }
}

impl Scorer {
    /// The name in the store of its breaker.
    fn state(&self) -> Vec<u8> {
        [b"prompt_guard/breaker/".as_slice(), self.policy.as_bytes()].concat()
    }
}

/// The secret of all workers, made of the first request's random word.
fn shared_secret(store: &dyn Store, nonce: [u8; 8]) -> Vec<u8> {
    if let Ok(Some(stored)) = store.get(SECRET) {
        return stored.value;
    }
    let _ = store.set(SECRET, &nonce, On::Absent);
    store.get(SECRET).ok().flatten().map_or(nonce.to_vec(), |stored| stored.value)
}

#[cfg(test)]
mod tests;
