//! A section of a profile, for texts that stand in no exchange.

use std::sync::Arc;

use portcullis_core::answer::{Channel, Editor as _, Kind};
use portcullis_core::stage::{Settings, Stage as _};
use portcullis_core::verdict::Mode;

use crate::Ledger;
use crate::prompt::each;
use crate::settings::{Redaction, Shared};
use crate::stage::Redacting;

/// What a profile does with the text of an answer, or of a request where it leaves answers alone.
pub struct Section(Arc<Redaction>);

/// A text with what was found in it.
pub struct Edited {
    /// The text, as the client or the upstream would get it.
    pub text: String,
    /// What was found, by place.
    pub found: Vec<Reported>,
}

/// One finding: bytes of the text as it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The kind, or `CUSTOM`.
    pub name: &'static str,
    /// Its first byte.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// What was done with it, in a word.
    pub action: &'static str,
}

impl Section {
    /// The section that these settings were read from; `None` when they are of another stage.
    pub fn of(settings: &dyn Settings) -> Option<Self> {
        settings.as_any()?.downcast_ref::<Shared>().map(|shared| Self(Arc::clone(&shared.0)))
    }

    /// Whether the stage runs.
    pub fn runs(&self) -> bool {
        self.0.mode != Mode::Off
    }

    /// One text. In shadow mode it stays as it is.
    pub fn redact(&self, key: Option<&[u8]>, text: &str) -> Edited {
        let redaction = &self.0;
        let mut ledger = Ledger::default();
        ledger.set_key(key.unwrap_or_default());
        let (mut found, mut edits) = (Vec::new(), Vec::new());
        if let Some(policy) = redaction.response.as_ref().or(redaction.request.as_ref()) {
            each(redaction, policy, text, &mut ledger, &mut |hit| {
                let action = hit.operator.name();
                found.push(Reported { name: hit.name, start: hit.start, end: hit.end, action });
                if hit.operator.edits() {
                    edits.push((hit.start, hit.end, hit.marker));
                }
            });
        }
        found.sort_by_key(|found| (found.start, found.end));
        if redaction.mode == Mode::Shadow {
            return Edited { text: text.to_owned(), found };
        }
        let text = if redaction.response.is_some() { self.answer(key, text) } else { spliced(text, edits) };
        Edited { text, found }
    }

    /// As the text of an answer.
    fn answer(&self, key: Option<&[u8]>, text: &str) -> String {
        let mut stage = Redacting::new(Arc::clone(&self.0));
        stage.key(key.unwrap_or_default());
        let (channel, mut out) = (Channel { id: 0, kind: Kind::Content, index: 0 }, String::new());
        stage.text(&channel, text, &mut out);
        stage.end(&channel, &mut out);
        out
    }
}

fn spliced(text: &str, mut edits: Vec<(usize, usize, String)>) -> String {
    edits.sort_by_key(|(start, ..)| *start);
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (start, end, marker) in edits {
        out.push_str(text.get(at..start).unwrap_or_default());
        out.push_str(&marker);
        at = end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}
