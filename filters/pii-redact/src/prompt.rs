//! A request: every text of it redacted where it stands.

use core::ops::Range;

use portcullis_core::json;
use portcullis_core::stage::Request;
use portcullis_core::verdict::{Edit, Opinion};
use portcullis_core::wire::{Role, Span, Text};

use crate::settings::Redaction;
use crate::stage::Counts;
use crate::{Ledger, Operator, Policy};

/// Edits for all that is found, with the bytes that were looked at; `counts` takes in what was found.
pub(crate) fn redact(
    redaction: &Redaction,
    policy: &Policy,
    request: Request<'_>,
    ledger: &mut Ledger,
    counts: &mut Counts,
) -> Opinion {
    let mut opinion = Opinion::default();
    for text in &request.prompt.texts {
        let Some(source) = Source::of(request.body, text) else { continue };
        opinion.inspected = opinion.inspected.saturating_add(u64::from(text.span.len()));
        // The name of a member stays: what reads the body finds its values by it.
        let named = is_key(request.body, text);
        let nested = text.role == Role::ToolArgument && source.text().trim_start().starts_with(['{', '[']);
        let mut inside = Inside::default();
        each(redaction, policy, source.text(), ledger, &mut |found| {
            counts.add(found.name, found.operator);
            if !found.operator.edits() || named {
                return;
            }
            let bare = nested && !inside.string_at(source.text(), found.start);
            let text = if bare { format!("\"{}\"", found.marker) } else { found.marker };
            opinion.edits.push(Edit { span: source.span(found.start..found.end), text, raw: false });
        });
    }
    opinion
}

/// A text, with the way back to the body.
enum Source<'b> {
    Plain(&'b str, u32),
    Escaped(json::Unescaped<'b>),
}

impl<'b> Source<'b> {
    fn of(body: &'b [u8], text: &Text) -> Option<Self> {
        if text.escaped {
            return json::unescape(body, text.span).map(Self::Escaped);
        }
        core::str::from_utf8(text.span.of(body)).ok().map(|plain| Self::Plain(plain, text.span.start))
    }

    fn text(&self) -> &str {
        match self {
            Self::Plain(text, _) => text,
            Self::Escaped(text) => text.text(),
        }
    }

    fn span(&self, range: Range<usize>) -> Span {
        match self {
            Self::Plain(_, start) => {
                let at = |offset: usize| start.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX));
                Span { start: at(range.start), end: at(range.end) }
            }
            Self::Escaped(text) => text.span(range),
        }
    }
}

pub(crate) struct Found {
    pub(crate) name: &'static str,
    pub(crate) operator: Operator,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) marker: String,
}

/// Everything in one text: what the operator looks for comes before what is known.
pub(crate) fn each(
    redaction: &Redaction,
    policy: &Policy,
    text: &str,
    ledger: &mut Ledger,
    found: &mut dyn FnMut(Found),
) {
    let hits = redaction.custom.find(text);
    for hit in &hits {
        ledger.found(CUSTOM, text.get(hit.start..hit.end).unwrap_or_default());
        let marker = redaction.custom.marker(*hit);
        found(Found { name: CUSTOM, operator: hit.operator, start: hit.start, end: hit.end, marker });
    }
    for finding in redaction.detector.find(text) {
        let (start, end) = (finding.start, finding.end);
        let value = text.get(start..end).unwrap_or_default();
        let operator = policy.operator(finding.kind);
        let taken = hits.iter().any(|hit| hit.operator.edits() && hit.start < end && start < hit.end);
        if operator == Operator::Ignore || taken || policy.allows(finding.kind, value) {
            continue;
        }
        ledger.found(finding.kind.name(), value);
        let mut marker = String::new();
        policy.write(finding.kind, value, ledger, &mut marker);
        found(Found { name: finding.kind.name(), operator, start, end, marker });
    }
}

/// What findings of an operator's own patterns and words are called in records.
pub(crate) const CUSTOM: &str = "CUSTOM";

/// Whether a text is the name of a member: a colon follows its quotation mark.
fn is_key(body: &[u8], text: &Text) -> bool {
    let behind = body.get(text.span.end as usize..).unwrap_or_default();
    let behind = behind.strip_prefix(b"\"").unwrap_or_default();
    behind.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

/// Follows the strings of a JSON text that is itself a text.
#[derive(Default)]
struct Inside {
    at: usize,
    string: bool,
    escaped: bool,
}

impl Inside {
    /// Whether a place is inside of a string; places must be asked for in order.
    fn string_at(&mut self, text: &str, place: usize) -> bool {
        for byte in text.as_bytes().get(self.at..place).unwrap_or_default() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.string => self.escaped = true,
                b'"' => self.string = !self.string,
                _ => {}
            }
        }
        self.at = self.at.max(place);
        self.string
    }
}
