//! The stage: texts of requests and answers in, redacted ones out.

use std::collections::HashMap;
use std::sync::Arc;

use portcullis_core::answer::{Channel, Editor, Flow};
use portcullis_core::config::Reader;
use portcullis_core::stage::{self, Request, Settings, Stage};
use portcullis_core::verdict::{Judge, Opinion, Tally, Verdict};

use crate::custom::{Hit, Search};
use crate::prompt::{self, CUSTOM};
use crate::redactor::{self, Progress};
use crate::restore::Restorer;
use crate::settings::{self, Redaction, Shared};
use crate::{Ledger, Operator, Policy, Redacted};

/// The stage that redacts.
pub struct PiiRedact;

/// What a module lists.
pub static PII_REDACT: PiiRedact = PiiRedact;

impl stage::Kind for PiiRedact {
    fn key(&self) -> &'static str {
        "pii_redact"
    }

    fn doc(&self) -> &'static str {
        "Replaces personal data and secrets in answers while they stream, and in requests if you say so. It runs in \
         profiles that have this section, and in pii_redact.wasm always."
    }

    fn by_default(&self) -> bool {
        false
    }

    fn read(&self, section: &mut dyn Reader) -> Box<dyn Settings> {
        match settings::read(section) {
            Some(redaction) => Box::new(Shared(Arc::new(redaction))),
            // A problem was reported, so that the document is refused.
            None => Box::new(settings::Off),
        }
    }
}

/// What was found, by kind and operator.
#[derive(Default)]
pub(crate) struct Counts(Vec<(&'static str, Operator, u64)>);

impl Counts {
    pub(crate) fn add(&mut self, name: &'static str, operator: Operator) {
        match self.0.iter_mut().find(|(known, by, _)| (*known, *by) == (name, operator)) {
            Some((_, _, count)) => *count = count.saturating_add(1),
            None => self.0.push((name, operator, 1)),
        }
    }

    /// What they amount to.
    fn opinion(self) -> Opinion {
        let verdict = |operator: &Operator| match operator {
            Operator::Ignore => Verdict::Allow,
            Operator::Keep => Verdict::Flag,
            Operator::Block => Verdict::Block,
            _ => Verdict::Redact,
        };
        let tally = |(entity, operator, count): &(&'static str, Operator, u64)| Tally {
            entity,
            action: operator.name(),
            count: *count,
        };
        Opinion {
            verdict: self.0.iter().map(|(_, operator, _)| verdict(operator)).max().unwrap_or_default(),
            judge: if self.0.is_empty() { Judge::None } else { Judge::Pii },
            tallies: self.0.iter().map(tally).collect(),
            ..Opinion::default()
        }
    }
}

/// One exchange.
pub(crate) struct Redacting {
    redaction: Arc<Redaction>,
    /// The numbers of the request, which its answer may repeat.
    asked: Ledger,
    /// The numbers of the answer.
    told: Ledger,
    texts: HashMap<u32, Line>,
    counts: Counts,
    blocked: bool,
}

/// One text of the answer under way: what the operator looks for, what is known, what is turned back.
#[derive(Default)]
struct Line {
    search: Search,
    progress: Progress,
    restorer: Restorer,
}

impl Redacting {
    pub(crate) fn new(redaction: Arc<Redaction>) -> Self {
        let (mut asked, mut told) = (Ledger::default(), Ledger::default());
        if redaction.audit_values {
            asked.keep_hashes();
            told.keep_hashes();
        }
        Self { redaction, asked, told, texts: HashMap::new(), counts: Counts::default(), blocked: false }
    }

    /// Takes a text on.
    fn advance(&mut self, id: u32, chunk: &str, ends: bool, out: &mut String) -> Flow {
        if self.blocked {
            return Flow::Blocked;
        }
        let redaction = Arc::clone(&self.redaction);
        let mut line = self.texts.remove(&id).unwrap_or_default();
        let mut edited = String::new();
        let open = match &redaction.response {
            Some(policy) => self.redact(&redaction, policy, &mut line, chunk, ends, &mut edited),
            None => {
                edited.push_str(chunk);
                true
            }
        };
        if self.asked.nonce().is_some() {
            line.restorer.push(&edited, &self.asked, out);
            if ends || !open {
                line.restorer.finish(out);
            }
        } else {
            out.push_str(&edited);
        }
        if !open {
            self.blocked = true;
            self.texts.clear();
            return Flow::Blocked;
        }
        let held = line.search.held().saturating_add(line.progress.held()).saturating_add(line.restorer.held());
        if !ends {
            self.texts.insert(id, line);
        }
        Flow::Open { held }
    }

    fn redact(
        &mut self,
        redaction: &Redaction,
        policy: &Policy,
        line: &mut Line,
        chunk: &str,
        ends: bool,
        out: &mut String,
    ) -> bool {
        let mut searched = String::new();
        let mut open = true;
        let chunk = if redaction.custom.is_empty() {
            chunk
        } else {
            let Self { counts, told, .. } = self;
            let mut found = |hit: Hit, value: &str| {
                counts.add(CUSTOM, hit.operator);
                told.found(CUSTOM, value);
            };
            open = line.search.push(&redaction.custom, chunk, &mut found, &mut searched);
            if ends {
                open &= line.search.finish(&redaction.custom, &mut found, &mut searched);
            }
            searched.as_str()
        };
        let mut redacted = Redacted { text: core::mem::take(out), findings: Vec::new() };
        let told = &mut self.told;
        let mut flow = line.progress.push(&redaction.detector, policy, chunk, told, &mut redacted);
        if ends || !open {
            flow = line.progress.finish(&redaction.detector, policy, told, &mut redacted);
        }
        for finding in &redacted.findings {
            self.counts.add(finding.kind.name(), policy.operator(finding.kind));
        }
        *out = redacted.text;
        open && flow == redactor::Flow::Open
    }
}

impl Stage for Redacting {
    fn key(&mut self, key: &[u8]) {
        self.asked.set_key(key);
        self.told.set_key(key);
    }

    fn nonce(&mut self, nonce: [u8; 8]) {
        self.asked.set_nonce(word(nonce));
    }

    fn request(&mut self, request: Request<'_>) -> Opinion {
        let redaction = Arc::clone(&self.redaction);
        let Some(policy) = &redaction.request else { return Opinion::default() };
        let mut counts = Counts::default();
        let edited = prompt::redact(&redaction, policy, request, &mut self.asked, &mut counts);
        let hashes = self.asked.take_hashes();
        Opinion { edits: edited.edits, inspected: edited.inspected, hashes, ..counts.opinion() }
    }

    fn editor(&mut self) -> Option<&mut dyn Editor> {
        Some(self)
    }

    fn answer_end(&mut self) -> Opinion {
        self.texts.clear();
        Opinion { hashes: self.told.take_hashes(), ..core::mem::take(&mut self.counts).opinion() }
    }
}

impl Editor for Redacting {
    fn text(&mut self, channel: &Channel, chunk: &str, out: &mut String) -> Flow {
        if self.redaction.leave.contains(&channel.kind) {
            out.push_str(chunk);
            return Flow::Open { held: 0 };
        }
        self.advance(channel.id, chunk, false, out)
    }

    fn end(&mut self, channel: &Channel, out: &mut String) -> Flow {
        self.advance(channel.id, "", true, out)
    }
}

/// A word of capital letters and digits, 35 bits of the nonce.
fn word(nonce: [u8; 8]) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digit = |byte: &u8| DIGITS.get(usize::from(byte & 31)).map(|digit| char::from(*digit));
    nonce.iter().take(7).filter_map(digit).collect()
}
