//! An answer on its way: bytes in, cut anywhere; the text of each channel through an [`Editor`]; bytes out.
//!
//! A body is cut into units ([`crate::frames`]), a unit's payload is read ([`crate::channels`]), and each text goes to
//! the editor. A unit leaves once its texts are settled. When they came back as they were, it leaves byte for byte as
//! it arrived; else only the strings that changed are written anew, and within them only what changed.
//!
//! While an editor holds a part of a text, the unit that the part stands in waits, and those behind it. When more of it
//! than space is settled, it leaves with that, and the rest goes into the next unit that carries the same text, or, when
//! the text ends first, into a copy of the unit, right before the one that ends it. So does a unit behind which eight of
//! other texts wait. Units that carry sequence numbers always wait whole, so that none must be added. Nothing leaves
//! because of time.

mod arguments;
mod concluded;
mod driver;
mod editor;
mod feed;
mod lines;
mod plain;
mod queue;
mod source;
mod usage;

pub use driver::{Answer, Progress};
pub use editor::{Channel, Editor, Flow, Kind, Why};
pub use usage::Usage;

/// What is known of an answer before its body.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'a> {
    /// `content-type`, if there is one.
    pub content_type: Option<&'a [u8]>,
    /// `content-encoding`, if there is one.
    pub content_encoding: Option<&'a [u8]>,
}

/// Caps on what is kept of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one unit: an event, a line, a whole document that does not stream.
    pub unit_bytes: usize,
    /// Levels of nesting in a payload.
    pub depth: usize,
    /// Values in a payload.
    pub values: usize,
    /// Texts that are open at the same time.
    pub channels: usize,
    /// Bytes of units that wait for a text to be settled. Beyond it, they leave with what is.
    pub held_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { unit_bytes: 1_048_576, depth: 64, values: 100_000, channels: 256, held_bytes: 65_536 }
    }
}
