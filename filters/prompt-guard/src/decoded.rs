//! A text of a body, decoded as far as a budget goes, with the way back to the body.

use portcullis_core::json::{Unescaped, unescape};
use portcullis_core::wire::{Span, Text};

/// A text of a body.
pub(crate) struct Decoded<'b> {
    text: Form<'b>,
    place: Span,
    /// Bytes of the decoded text that are to be read.
    length: usize,
    /// Bytes of the body that they come from.
    pub read: usize,
    /// Bytes of the body beyond the budget, or that are no text.
    pub left_out: usize,
}

enum Form<'b> {
    /// As it stands in the body.
    Plain(&'b str),
    /// With JSON escapes.
    Json(Unescaped<'b>),
}

impl<'b> Decoded<'b> {
    /// Decodes the text, and keeps at most the first `budget` bytes.
    pub fn of(body: &'b [u8], text: &Text, budget: usize) -> Self {
        let raw = text.span.of(body);
        let form = if text.escaped {
            unescape(body, text.span).map(Form::Json)
        } else {
            core::str::from_utf8(raw).ok().map(Form::Plain)
        };
        // A reader of a wire format gives spans of text alone; were it wrong, the bytes count as not seen.
        let Some(form) = form else {
            return Self { text: Form::Plain(""), place: text.span, length: 0, read: 0, left_out: raw.len() };
        };
        let mut decoded = Self { text: form, place: text.span, length: 0, read: 0, left_out: 0 };
        let whole = decoded.whole();
        let mut length = whole.len().min(budget);
        while !whole.is_char_boundary(length) {
            length = length.saturating_sub(1);
        }
        let all = length == whole.len();
        decoded.read = if all { raw.len() } else { decoded.span(0, length).len() as usize };
        decoded.length = length;
        decoded.left_out = raw.len().saturating_sub(decoded.read);
        decoded
    }

    /// The text, as far as the budget goes.
    pub fn text(&self) -> &str {
        self.whole().get(..self.length).unwrap_or_default()
    }

    /// The place in the body of the bytes from `start` to `end` of the text.
    pub fn span(&self, start: usize, end: usize) -> Span {
        match &self.text {
            Form::Json(json) => json.span(start..end),
            Form::Plain(_) => {
                let at = |offset: usize| self.place.start.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX));
                Span { start: at(start).min(self.place.end), end: at(end).min(self.place.end) }
            }
        }
    }

    fn whole(&self) -> &str {
        match &self.text {
            Form::Plain(text) => text,
            Form::Json(json) => json.text(),
        }
    }
}
