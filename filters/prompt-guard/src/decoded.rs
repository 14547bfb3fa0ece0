//! A text of a body, decoded as far as a budget goes, with the way back to the body.

use std::borrow::Cow;

use portcullis_core::wire::{Span, Text};

use crate::scan::Hit;

/// A text of a body.
pub(crate) struct Decoded<'b> {
    text: Cow<'b, str>,
    place: Span,
    exact: bool,
    /// Bytes of the body that were decoded.
    pub read: usize,
    /// Bytes of the body beyond the budget, or that are no text.
    pub left_out: usize,
}

impl<'b> Decoded<'b> {
    /// Decodes at most `budget` bytes of the text.
    pub fn of(body: &'b [u8], text: &Text, budget: usize) -> Self {
        let raw = text.span.of(body);
        let mut read = raw.len().min(budget);
        let valid = core::str::from_utf8(raw).unwrap_or_default();
        let decoded = if text.escaped {
            read = if raw.len() > budget { 0 } else { raw.len() };
            unescape(valid.get(..read).unwrap_or_default()).map(Cow::Owned)
        } else {
            while !valid.is_char_boundary(read) {
                read = read.saturating_sub(1);
            }
            valid.get(..read).map(Cow::Borrowed)
        };
        let (text_read, exact) = (decoded.is_some(), !text.escaped);
        let read = if text_read { read } else { 0 };
        let left_out = raw.len().saturating_sub(read);
        Self { text: decoded.unwrap_or_default(), place: text.span, exact, read, left_out }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The place of a hit in the body.
    pub fn span(&self, hit: Hit) -> Span {
        if !self.exact {
            return self.place;
        }
        let at = |offset: usize| self.place.start.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX));
        Span { start: at(hit.start), end: at(hit.end).min(self.place.end) }
    }
}

fn unescape(raw: &str) -> Option<String> {
    serde_json::from_str(&format!("\"{raw}\"")).ok()
}
