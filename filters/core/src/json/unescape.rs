//! From the bytes between the quotes to the text, and back.

use std::borrow::Cow;
use std::ops::Range;

use super::scan;
use crate::wire::Span;

/// The text of a JSON string, with the way back to the body.
#[derive(Clone)]
pub struct Unescaped<'b> {
    text: Cow<'b, str>,
    start: u32,
    escapes: Vec<Escape>,
}

/// An escape: where its text ends, where it ends in the body, and the length of both.
#[derive(Clone, Copy)]
struct Escape {
    text_end: u32,
    body_end: u32,
    text_len: u8,
    body_len: u8,
}

/// The text of the JSON string whose content lies at `span` of `body`.
///
/// Borrowed when there is no escape in it. `None` only when `span` is not such a place of `body`: spans of strings and
/// keys that [`super::parse()`] gave are, for the body it read.
pub fn unescape(body: &[u8], span: Span) -> Option<Unescaped<'_>> {
    let raw = core::str::from_utf8(body.get(span.start as usize..span.end as usize)?).ok()?;
    let mut rest = raw;
    let Some(first) = memchr::memchr(b'\\', raw.as_bytes()) else {
        return Some(Unescaped { text: Cow::Borrowed(raw), start: span.start, escapes: Vec::new() });
    };
    let mut text = String::with_capacity(raw.len());
    let mut escapes = Vec::new();
    let mut plain = Some(first);
    while let Some(length) = plain {
        text.push_str(rest.get(..length)?);
        rest = rest.get(length..)?;
        let body_len = scan::escape(rest.as_bytes()).ok()?;
        let character = character(rest.as_bytes())?;
        text.push(character);
        rest = rest.get(body_len..)?;
        escapes.push(Escape {
            text_end: u32::try_from(text.len()).ok()?,
            body_end: span.end.checked_sub(u32::try_from(rest.len()).ok()?)?,
            text_len: u8::try_from(character.len_utf8()).ok()?,
            body_len: u8::try_from(body_len).ok()?,
        });
        plain = memchr::memchr(b'\\', rest.as_bytes());
    }
    text.push_str(rest);
    Some(Unescaped { text: Cow::Owned(text), start: span.start, escapes })
}

impl<'b> Unescaped<'b> {
    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text, without the way back.
    pub fn into_text(self) -> Cow<'b, str> {
        self.text
    }

    /// The smallest place of the body that holds the bytes `range` of the text; an escape is taken whole.
    ///
    /// What lies beyond the text is cut off.
    pub fn span(&self, range: Range<usize>) -> Span {
        let end = range.end.min(self.text.len());
        let start = range.start.min(end);
        let first = self.place(start, false);
        Span { start: first, end: if start == end { first } else { self.place(end, true) } }
    }

    /// Where `position` of the text lies in the body; inside an escape, its end or its start.
    fn place(&self, position: usize, after: bool) -> u32 {
        let position = u32::try_from(position).unwrap_or(u32::MAX);
        let done = self.escapes.partition_point(|escape| escape.text_end <= position);
        if let Some(escape) = self.escapes.get(done) {
            let text_start = escape.text_end.saturating_sub(u32::from(escape.text_len));
            if position > text_start {
                let body_start = escape.body_end.saturating_sub(u32::from(escape.body_len));
                return if after { escape.body_end } else { body_start };
            }
        }
        let (text, body) = match done.checked_sub(1).and_then(|last| self.escapes.get(last)) {
            Some(last) => (last.text_end, last.body_end),
            None => (0, self.start),
        };
        body.saturating_add(position.saturating_sub(text))
    }
}

// Content stays out of every log.
impl core::fmt::Debug for Unescaped<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Unescaped").field("bytes", &self.text.len()).field("escapes", &self.escapes.len()).finish()
    }
}

/// The character of the escape that `bytes` begin with.
fn character(bytes: &[u8]) -> Option<char> {
    Some(match bytes.get(1)? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let first = scan::hex4(bytes.get(2..6))?;
            match first {
                0xD800..=0xDBFF => {
                    let second = scan::hex4(bytes.get(8..12))?;
                    let bits = ((first & 0x3FF) << 10) | (second & 0x3FF);
                    char::from_u32(bits.checked_add(0x1_0000)?)?
                }
                _ => char::from_u32(first)?,
            }
        }
        &other => char::from(other),
    })
}

/// The UTF-8 bytes of a JSON string's text, one by one; for what a parse has accepted.
#[derive(Clone)]
pub(super) struct Bytes<'b> {
    rest: &'b [u8],
    /// Bytes of an escaped character that are still to come, the next one first.
    pending: [u8; 4],
    left: u8,
}

impl<'b> Bytes<'b> {
    pub(super) fn new(raw: &'b [u8]) -> Self {
        Self { rest: raw, pending: [0; 4], left: 0 }
    }
}

impl Iterator for Bytes<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if self.left > 0 {
            self.left = self.left.saturating_sub(1);
            let [first, ..] = self.pending;
            self.pending.rotate_left(1);
            return Some(first);
        }
        let (&first, rest) = self.rest.split_first()?;
        if first != b'\\' {
            self.rest = rest;
            return Some(first);
        }
        let length = scan::escape(self.rest).ok()?;
        let character = character(self.rest)?;
        self.rest = self.rest.get(length..)?;
        let count = character.encode_utf8(&mut self.pending).len();
        self.left = u8::try_from(count).ok()?;
        self.next()
    }
}
