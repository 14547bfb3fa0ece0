//! The text engine: chunks of one text in, the redacted text out, as early as it is settled.

use crate::kind::Kind;
use crate::label::REACH_BYTES;
use crate::policy::{Ledger, Operator, Policy, marker};
use crate::scan::{Event, Scanner};
use crate::view::{View, down};
use crate::{Detector, Finding};

/// Settled text is dropped when this much has gathered, so that dropping costs nothing per byte.
const SETTLED: usize = 4096;

/// Whether a text goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// More text may follow.
    Open,
    /// An operator has blocked the text: it ends where it stands, and later chunks are dropped.
    Blocked,
}

/// What has left a redactor: the caller takes the text and the findings out as it likes.
#[derive(Default)]
pub struct Redacted {
    /// The text, with every finding treated as the policy says.
    pub text: String,
    /// What was found, in order; positions count bytes of the text as it arrived.
    pub findings: Vec<Finding>,
}

impl std::fmt::Debug for Redacted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (bytes, findings) = (self.text.len(), self.findings.len());
        f.debug_struct("Redacted").field("bytes", &bytes).field("findings", &findings).finish()
    }
}

/// Redacts one text that arrives in chunks.
///
/// The concatenated output is the same for every way the text is cut. What is held back is the part that may still
/// become a finding: the current word, the groups of a number so far, the start of a token; at most a few hundred bytes
/// (2 KiB in the header of a JWT, 4 KiB inside a private key, which is swallowed as it arrives).
/// Nothing is ever released because of time.
///
/// Findings too long to be read to their end (JWT, private keys, tokens over 512 bytes) are replaced by their kind under
/// every operator but [`Operator::Keep`], [`Operator::Ignore`], [`Operator::Remove`] and [`Operator::Block`].
#[derive(Debug)]
pub struct Redactor<'a> {
    detector: &'a Detector,
    policy: &'a Policy,
    progress: Progress,
}

impl<'a> Redactor<'a> {
    /// At the start of a text.
    pub fn new(detector: &'a Detector, policy: &'a Policy) -> Self {
        Self { detector, policy, progress: Progress::default() }
    }

    /// Takes the next chunk and appends to `out` what is settled.
    pub fn push(&mut self, chunk: &str, ledger: &mut Ledger, out: &mut Redacted) -> Flow {
        self.progress.push(self.detector, self.policy, chunk, ledger, out)
    }

    /// Ends the text and appends the rest. The redactor is at the start of another text then.
    pub fn finish(&mut self, ledger: &mut Ledger, out: &mut Redacted) -> Flow {
        self.progress.finish(self.detector, self.policy, ledger, out)
    }

    /// Bytes that have arrived and are not settled.
    pub fn held(&self) -> usize {
        self.progress.held()
    }
}

/// How far a text was redacted: a [`Redactor`] without its dictionaries, for those who keep many of them. Each call must
/// be given the same detector and policy.
pub(crate) struct Progress {
    scanner: Scanner,
    buffer: String,
    /// The position of the buffer in the text.
    base: usize,
    /// All before this position has been written, or replaced.
    written: usize,
    opened: Option<(Kind, usize)>,
    flow: Flow,
}

impl Default for Progress {
    fn default() -> Self {
        Self { scanner: Scanner::default(), buffer: String::new(), base: 0, written: 0, opened: None, flow: Flow::Open }
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Progress").field("held", &self.held()).finish()
    }
}

impl Progress {
    pub(crate) fn push(
        &mut self,
        detector: &Detector,
        policy: &Policy,
        chunk: &str,
        ledger: &mut Ledger,
        out: &mut Redacted,
    ) -> Flow {
        if self.flow == Flow::Open {
            self.buffer.push_str(chunk);
            self.advance(detector, policy, false, ledger, out);
        }
        self.flow
    }

    pub(crate) fn finish(
        &mut self,
        detector: &Detector,
        policy: &Policy,
        ledger: &mut Ledger,
        out: &mut Redacted,
    ) -> Flow {
        if self.flow == Flow::Open {
            self.advance(detector, policy, true, ledger, out);
        }
        core::mem::take(self).flow
    }

    pub(crate) fn held(&self) -> usize {
        down(self.base.saturating_add(self.buffer.len()), self.written)
    }

    fn advance(&mut self, detector: &Detector, policy: &Policy, closed: bool, ledger: &mut Ledger, out: &mut Redacted) {
        loop {
            let view = View::part(self.buffer.as_bytes(), self.base, closed);
            match self.scanner.next(detector, view) {
                Ok(Some(event)) => self.apply(policy, event, ledger, out),
                Ok(None) => {
                    self.release(policy, view.end(), out);
                    break;
                }
                Err(_) => {
                    self.release(policy, self.scanner.held(), out);
                    break;
                }
            }
            if self.flow == Flow::Blocked {
                return;
            }
        }
        let settled = down(self.written, self.base).saturating_sub(REACH_BYTES);
        if settled >= SETTLED {
            let from = (0..=settled).rev().find(|&at| self.buffer.is_char_boundary(at)).unwrap_or(0);
            self.buffer.drain(..from);
            self.base = self.base.saturating_add(from);
        }
    }

    fn apply(&mut self, policy: &Policy, event: Event, ledger: &mut Ledger, out: &mut Redacted) {
        match event {
            Event::Found(kind, start, end) => {
                let operator = policy.operator(kind);
                if operator == Operator::Ignore || policy.allows(kind, self.text(start, end)) {
                    return;
                }
                out.findings.push(Finding { kind, start, end });
                ledger.found(kind.name(), self.text(start, end));
                if operator == Operator::Keep {
                    return;
                }
                self.release(policy, start, out);
                let value = self.text(start, end).to_owned();
                policy.write(kind, &value, ledger, &mut out.text);
                self.written = end;
                self.block(operator);
            }
            Event::Opened(kind, start) => {
                let operator = policy.operator(kind);
                if operator.edits() {
                    self.release(policy, start, out);
                    if !matches!(operator, Operator::Remove | Operator::Block) {
                        marker(kind, &mut out.text);
                    }
                    self.block(operator);
                }
                self.opened = Some((kind, start));
                if self.flow == Flow::Blocked {
                    out.findings.push(Finding { kind, start, end: start });
                }
            }
            Event::Closed(end) => {
                let Some((kind, start)) = self.opened.take() else { return };
                let operator = policy.operator(kind);
                if operator != Operator::Ignore {
                    out.findings.push(Finding { kind, start, end });
                }
                if operator.edits() {
                    self.written = end;
                }
            }
        }
    }

    fn block(&mut self, operator: Operator) {
        if operator == Operator::Block {
            self.flow = Flow::Blocked;
            self.buffer.clear();
        }
    }

    /// Writes the text up to a position; inside a finding that goes on, drops it.
    fn release(&mut self, policy: &Policy, to: usize, out: &mut Redacted) {
        if to <= self.written {
            return;
        }
        let dropped = self.opened.is_some_and(|(kind, _)| policy.operator(kind).edits());
        if !dropped {
            out.text.push_str(self.text(self.written, to));
        }
        self.written = to;
    }

    fn text(&self, start: usize, end: usize) -> &str {
        self.buffer.get(down(start, self.base)..down(end, self.base)).unwrap_or_default()
    }
}
