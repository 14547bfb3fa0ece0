//! JSON with places: bytes in, a flat tape of nodes with their spans out.
//!
//! Strict RFC 8259. One pass, no recursion, no copy of what is not asked for; every node is 16 bytes. What two parsers
//! could read in two ways is refused: duplicate keys, byte order marks, lone surrogates, data after the document.
//!
//! ```
//! use portcullis_core::{json, wire::Limits};
//!
//! let document = json::parse(br#"{"role": "us\u0065r"}"#, &Limits::default()).unwrap();
//! let role = document.root().get("role").and_then(|role| role.string()).unwrap();
//! assert!(role.is("user"));
//! assert_eq!((role.span().start, role.span().end), (10, 19));
//! ```

mod keys;
mod parse;
mod scan;
#[cfg(test)]
mod tests;
mod unescape;
mod value;

pub use parse::{parse, parse_wide};
pub use unescape::{Unescaped, unescape};
pub use value::{Entries, Items, Nodes, Str, Value};

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `{…}`: keys and values in turn follow.
    Object,
    /// `[…]`: values follow.
    Array,
    /// The name of a member; its value follows.
    Key,
    /// A string value.
    String,
    /// A number, of any size: it is checked and never converted.
    Number,
    /// `true`.
    True,
    /// `false`.
    False,
    /// `null`.
    Null,
}

/// One node of the tape, in the order of the body.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// Keys and strings: between the quotes. All others: from the first byte to one past the last.
    start: u32,
    end: u32,
    /// Index of the node after this one and all that it holds.
    next: u32,
    kind: Kind,
    /// Keys and strings: whether there are escapes in it.
    escaped: bool,
}

/// A document that was read: the body it lies in and its nodes.
#[derive(Clone)]
pub struct Document<'b> {
    body: &'b str,
    nodes: Vec<Node>,
}

impl Document<'_> {
    /// The outermost value.
    pub fn root(&self) -> Value<'_> {
        Value::new(self.body, &self.nodes, 0)
    }
}

// Content stays out of every log: neither body nor strings are shown.
impl core::fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Document").field("bytes", &self.body.len()).field("nodes", &self.nodes.len()).finish()
    }
}
