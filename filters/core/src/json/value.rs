//! Cursors over the tape.

use std::borrow::Cow;

use super::{Kind, Node, unescape, unescape::Bytes};
use crate::wire::Span;

/// A value of a document.
#[derive(Clone, Copy)]
pub struct Value<'d> {
    body: &'d str,
    nodes: &'d [Node],
    index: usize,
    node: Node,
}

/// What a cursor outside the tape shows; [`super::parse()`] gives no empty tape.
const NOTHING: Node = Node { start: 0, end: 0, next: 0, kind: Kind::Null, escaped: false };

impl<'d> Value<'d> {
    pub(super) fn new(body: &'d str, nodes: &'d [Node], index: usize) -> Self {
        Self { body, nodes, index, node: nodes.get(index).copied().unwrap_or(NOTHING) }
    }

    /// What it is. [`Kind::Key`] only from [`Value::nodes`].
    pub fn kind(self) -> Kind {
        self.node.kind
    }

    /// Its place: a string's lies between the quotes, all others from first to last byte.
    pub fn span(self) -> Span {
        Span { start: self.node.start, end: self.node.end }
    }

    /// The string, when it is one (or a key).
    pub fn string(self) -> Option<Str<'d>> {
        matches!(self.node.kind, Kind::String | Kind::Key).then(|| Str {
            raw: self.body.get(self.node.start as usize..self.node.end as usize).unwrap_or_default(),
            span: self.span(),
            escaped: self.node.escaped,
        })
    }

    /// The number as it is written, when it is one.
    pub fn number(self) -> Option<&'d str> {
        let span = self.node.start as usize..self.node.end as usize;
        (self.node.kind == Kind::Number).then(|| self.body.get(span).unwrap_or_default())
    }

    /// The boolean, when it is one.
    pub fn bool(self) -> Option<bool> {
        match self.node.kind {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        }
    }

    /// Whether it is the string `text`, once escapes are read.
    pub fn is(self, text: &str) -> bool {
        self.string().is_some_and(|string| string.is(text))
    }

    /// The member called `name`, once escapes are read. Looks at every member: linear.
    pub fn get(self, name: &str) -> Option<Value<'d>> {
        self.entries().find(|(key, _)| key.is(name)).map(|(_, value)| value)
    }

    /// The values of an array; none of anything else.
    pub fn items(self) -> Items<'d> {
        Items(self.children(Kind::Array))
    }

    /// The members of an object; none of anything else.
    pub fn entries(self) -> Entries<'d> {
        Entries(self.children(Kind::Object))
    }

    /// Itself and everything it holds, keys too, in the order of the body.
    pub fn nodes(self) -> Nodes<'d> {
        Nodes(Stretch { body: self.body, nodes: self.nodes, index: self.index, end: self.node.next as usize })
    }

    fn children(self, kind: Kind) -> Stretch<'d> {
        let (first, end) = if self.node.kind == kind {
            (self.index.saturating_add(1), self.node.next as usize)
        } else {
            (self.index, self.index)
        };
        Stretch { body: self.body, nodes: self.nodes, index: first, end }
    }
}

// Content stays out of every log.
impl core::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Value").field("kind", &self.kind()).field("span", &self.span()).finish()
    }
}

/// A string of a document, still in its wire form.
#[derive(Clone, Copy)]
pub struct Str<'d> {
    raw: &'d str,
    span: Span,
    escaped: bool,
}

impl<'d> Str<'d> {
    /// Its place, between the quotes.
    pub fn span(self) -> Span {
        self.span
    }

    /// Whether there are escapes in it; if not, the bytes at its place are the text.
    pub fn escaped(self) -> bool {
        self.escaped
    }

    /// Whether it is `text`, once escapes are read.
    pub fn is(self, text: &str) -> bool {
        if self.escaped { Bytes::new(self.raw.as_bytes()).eq(text.bytes()) } else { self.raw == text }
    }

    /// As it stands in the body, escapes and all.
    pub fn raw(self) -> &'d str {
        self.raw
    }

    /// The bytes of the text in UTF-8, escapes read.
    pub fn bytes(self) -> impl Iterator<Item = u8> + Clone + 'd {
        Bytes::new(self.raw.as_bytes())
    }

    /// The text, escapes read; borrowed when there are none.
    pub fn text(self) -> Cow<'d, str> {
        if !self.escaped {
            return Cow::Borrowed(self.raw);
        }
        let whole = Span { start: 0, end: self.span.end.saturating_sub(self.span.start) };
        // A string of a tape always reads; its raw form is the honest rest.
        unescape(self.raw.as_bytes(), whole).map_or(Cow::Borrowed(self.raw), |unescaped| unescaped.into_text())
    }
}

// Content stays out of every log.
impl core::fmt::Debug for Str<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Str").field("span", &self.span).field("escaped", &self.escaped).finish()
    }
}

/// A stretch of the tape.
#[derive(Clone)]
struct Stretch<'d> {
    body: &'d str,
    nodes: &'d [Node],
    index: usize,
    end: usize,
}

impl<'d> Stretch<'d> {
    /// The value here; goes on behind it.
    fn sibling(&mut self) -> Option<Value<'d>> {
        let value = self.here()?;
        // `next` lies behind `index` on every tape; if not, end rather than turn in a circle.
        self.index = (value.node.next as usize).max(self.index.saturating_add(1));
        Some(value)
    }

    /// The node here; goes on with the one after it, inside or behind.
    fn node(&mut self) -> Option<Value<'d>> {
        let value = self.here()?;
        self.index = self.index.saturating_add(1);
        Some(value)
    }

    fn here(&self) -> Option<Value<'d>> {
        (self.index < self.end).then(|| Value::new(self.body, self.nodes, self.index))
    }
}

/// The values of an array, from [`Value::items`].
#[derive(Clone)]
pub struct Items<'d>(Stretch<'d>);

impl<'d> Iterator for Items<'d> {
    type Item = Value<'d>;

    fn next(&mut self) -> Option<Value<'d>> {
        self.0.sibling()
    }
}

/// The members of an object, from [`Value::entries`].
#[derive(Clone)]
pub struct Entries<'d>(Stretch<'d>);

impl<'d> Iterator for Entries<'d> {
    type Item = (Str<'d>, Value<'d>);

    fn next(&mut self) -> Option<(Str<'d>, Value<'d>)> {
        let key = self.0.node()?.string()?;
        let value = self.0.sibling()?;
        Some((key, value))
    }
}

/// Every node of a subtree, from [`Value::nodes`].
#[derive(Clone)]
pub struct Nodes<'d>(Stretch<'d>);

impl<'d> Iterator for Nodes<'d> {
    type Item = Value<'d>;

    fn next(&mut self) -> Option<Value<'d>> {
        self.0.node()
    }
}
