//! The one pass over the body.

use super::{Document, Kind, Node, keys, scan};
use crate::wire::{Limits, Unreadable};

/// Reads one JSON document.
///
/// # Errors
/// [`Unreadable::Size`], [`Unreadable::Depth`] and [`Unreadable::Complexity`] beyond `limits`, each before memory is
/// spent on what lies beyond; [`Unreadable::Encoding`] for what is not UTF-8, begins with a byte order mark or looks
/// like UTF-16 or UTF-32, and for an escaped lone surrogate; [`Unreadable::DuplicateKey`]; else
/// [`Unreadable::Malformed`]. When several apply, any of them is given.
pub fn parse<'b>(body: &'b [u8], limits: &Limits) -> Result<Document<'b>, Unreadable> {
    read(body, limits, false)
}

/// As [`parse`], but an escaped lone surrogate is let stand: streams cut characters in two. [`super::unescape()`] gives
/// nothing for a string with one, and [`super::Str::text`] its wire form.
pub fn parse_wide<'b>(body: &'b [u8], limits: &Limits) -> Result<Document<'b>, Unreadable> {
    read(body, limits, true)
}

fn read<'b>(body: &'b [u8], limits: &Limits, wide: bool) -> Result<Document<'b>, Unreadable> {
    // Places are 32 bits wide.
    if body.len() > limits.body_bytes || u32::try_from(body.len()).is_err() {
        return Err(Unreadable::Size);
    }
    if foreign(body) {
        return Err(Unreadable::Encoding);
    }
    let text = core::str::from_utf8(body).map_err(|_| Unreadable::Encoding)?;
    let mut parser = Parser {
        body,
        at: 0,
        nodes: Vec::with_capacity((body.len() >> 6).clamp(16, 1024)),
        open: Vec::with_capacity(8),
        keys: Vec::with_capacity(16),
        values: 0,
        limits: *limits,
        wide,
    };
    parser.document()?;
    Ok(Document { body: text, nodes: parser.nodes })
}

/// Byte order marks, and the zero bytes that ASCII has in UTF-16 and UTF-32 (RFC 4627 section 3).
fn foreign(body: &[u8]) -> bool {
    body.starts_with(b"\xEF\xBB\xBF") || body.iter().take(4).any(|&byte| byte == 0)
}

/// An object or array that is not closed yet.
struct Open {
    node: usize,
    object: bool,
    /// Where its keys begin in [`Parser::keys`].
    keys: usize,
}

struct Parser<'b> {
    body: &'b [u8],
    at: usize,
    nodes: Vec<Node>,
    open: Vec<Open>,
    /// Keys of the open objects, innermost last.
    keys: Vec<Node>,
    values: usize,
    limits: Limits,
    /// Whether lone surrogates are let stand.
    wide: bool,
}

impl Parser<'_> {
    fn document(&mut self) -> Result<(), Unreadable> {
        loop {
            if self.value()? {
                continue;
            }
            if self.close()? {
                self.space();
                return if self.at == self.body.len() { Ok(()) } else { Err(Unreadable::Malformed) };
            }
        }
    }

    /// Reads a value, or the opening of one; says whether a value must follow.
    fn value(&mut self) -> Result<bool, Unreadable> {
        self.space();
        self.values = self.values.saturating_add(1);
        if self.values > self.limits.values {
            return Err(Unreadable::Complexity);
        }
        match self.peek() {
            Some(b'"') => {
                self.string(Kind::String)?;
                Ok(false)
            }
            Some(b'{') => {
                self.enter(Kind::Object)?;
                self.space();
                if self.peek() == Some(b'}') {
                    return Ok(false);
                }
                self.key()?;
                Ok(true)
            }
            Some(b'[') => {
                self.enter(Kind::Array)?;
                self.space();
                Ok(self.peek() != Some(b']'))
            }
            Some(b't') => self.literal(b"true", Kind::True),
            Some(b'f') => self.literal(b"false", Kind::False),
            Some(b'n') => self.literal(b"null", Kind::Null),
            Some(b'-' | b'0'..=b'9') => {
                let length = scan::number(self.rest()).ok_or(Unreadable::Malformed)?;
                self.leaf(Kind::Number, length);
                Ok(false)
            }
            _ => Err(Unreadable::Malformed),
        }
    }

    /// Goes on after a value: closes what ends here. Says whether the document is complete.
    fn close(&mut self) -> Result<bool, Unreadable> {
        loop {
            let Some(open) = self.open.last() else { return Ok(true) };
            let object = open.object;
            self.space();
            match (self.peek(), object) {
                (Some(b','), _) => {
                    self.step(1);
                    if object {
                        self.space();
                        self.key()?;
                    }
                    return Ok(false);
                }
                (Some(b'}'), true) | (Some(b']'), false) => {
                    self.step(1);
                    self.leave()?;
                }
                _ => return Err(Unreadable::Malformed),
            }
        }
    }

    fn enter(&mut self, kind: Kind) -> Result<(), Unreadable> {
        if self.open.len() >= self.limits.depth {
            return Err(Unreadable::Depth);
        }
        self.open.push(Open { node: self.nodes.len(), object: kind == Kind::Object, keys: self.keys.len() });
        self.push(kind, self.at, self.at, false);
        self.step(1);
        Ok(())
    }

    fn leave(&mut self) -> Result<(), Unreadable> {
        let Some(open) = self.open.pop() else { return Err(Unreadable::Malformed) };
        let (end, next) = (narrow(self.at), narrow(self.nodes.len()));
        if let Some(node) = self.nodes.get_mut(open.node) {
            node.end = end;
            node.next = next;
        }
        if open.object {
            let keys = self.keys.get(open.keys..).unwrap_or_default();
            if keys::repeat(self.body, keys) {
                return Err(Unreadable::DuplicateKey);
            }
            self.keys.truncate(open.keys);
        }
        Ok(())
    }

    /// Reads a member's name and the colon.
    fn key(&mut self) -> Result<(), Unreadable> {
        if self.peek() != Some(b'"') {
            return Err(Unreadable::Malformed);
        }
        self.string(Kind::Key)?;
        self.keys.extend(self.nodes.last().copied());
        self.space();
        if self.peek() != Some(b':') {
            return Err(Unreadable::Malformed);
        }
        self.step(1);
        Ok(())
    }

    fn string(&mut self, kind: Kind) -> Result<(), Unreadable> {
        self.step(1);
        let start = self.at;
        let mut escaped = false;
        loop {
            self.step(scan::plain(self.rest()));
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    let length = match scan::escape(self.rest()) {
                        Err(Unreadable::Encoding) if self.wide => 6,
                        length => length?,
                    };
                    self.step(length);
                }
                _ => return Err(Unreadable::Malformed),
            }
        }
        self.push(kind, start, self.at, escaped);
        self.step(1);
        Ok(())
    }

    fn literal(&mut self, word: &[u8], kind: Kind) -> Result<bool, Unreadable> {
        if !self.rest().starts_with(word) {
            return Err(Unreadable::Malformed);
        }
        self.leaf(kind, word.len());
        Ok(false)
    }

    fn leaf(&mut self, kind: Kind, length: usize) {
        let start = self.at;
        self.step(length);
        self.push(kind, start, self.at, false);
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize, escaped: bool) {
        let next = narrow(self.nodes.len().saturating_add(1));
        self.nodes.push(Node { start: narrow(start), end: narrow(end), next, kind, escaped });
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.step(1);
        }
    }

    fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    fn rest(&self) -> &[u8] {
        self.body.get(self.at..).unwrap_or_default()
    }

    fn step(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }
}

/// Never saturates: a body has at most `u32::MAX` bytes, and no more nodes than bytes.
fn narrow(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
