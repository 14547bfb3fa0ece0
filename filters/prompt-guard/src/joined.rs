//! Texts that follow one another in one role, read as the one text that a model may be given.
//!
//! Servers put the parts of a message together before a model sees them, some with nothing between and some with a
//! blank. An attack that is cut between two parts stands in no text by itself; it stands here.

use portcullis_core::wire::{Role, Span};

use crate::decoded::Decoded;

/// Bytes from a part's begin and from its end that are read together with its neighbours: more than a match reaches.
const EDGE: usize = 2048;

/// What stands between two parts, for servers of either habit.
const BETWEEN: [&str; 2] = ["", "\n"];

/// Parts in one role, as far as they are not read yet.
pub(crate) struct Joined<'b> {
    role: Role,
    parts: Vec<Part<'b>>,
}

struct Part<'b> {
    text: Decoded<'b>,
    /// Bytes of the text where the stretch begins that belongs to the parts before; 0, or near the end.
    from: usize,
}

/// A stretch of joined parts.
pub(crate) struct Stretch<'j, 'b> {
    /// The text.
    pub text: String,
    /// Each part, where it begins in `text`, and the first of its bytes that stands there.
    places: Vec<(usize, &'j Decoded<'b>, usize)>,
}

impl Stretch<'_, '_> {
    /// The place in the body of the bytes from `start` to `end`; `None` when they all come from one part.
    pub fn across(&self, start: usize, end: usize) -> Option<Span> {
        let part = |at: usize| self.places.iter().rev().find(|(begin, ..)| *begin <= at);
        let (first, last) = (part(start)?, part(end.saturating_sub(1))?);
        if first.0 == last.0 {
            return None;
        }
        let of = |(begin, text, from): &(usize, &Decoded<'_>, usize), at: usize| {
            let at = at.saturating_sub(*begin).saturating_add(*from);
            text.span(at, at)
        };
        Some(Span { start: of(first, start).start, end: of(last, end).end })
    }
}

/// Whether texts in this role are parts of something said. Tools on offer and arguments are lists of names and values.
fn speaks(role: Role) -> bool {
    !matches!(role, Role::ToolDefinition | Role::ToolArgument | Role::EmbeddingInput)
}

impl<'b> Joined<'b> {
    /// No part yet.
    pub fn new() -> Self {
        Self { role: Role::User, parts: Vec::new() }
    }

    /// The next text of the request. `read` is given each stretch that is complete by now.
    pub fn push(&mut self, text: Decoded<'b>, role: Role, read: &mut dyn FnMut(&Stretch<'_, 'b>, Role)) {
        if role != self.role {
            self.finish(read);
            self.role = role;
        }
        if !speaks(role) || text.text().is_empty() {
            return;
        }
        let length = text.text().len();
        self.parts.push(Part { text, from: 0 });
        if length > EDGE.saturating_mul(2) {
            self.read(read);
            let last = self.parts.pop();
            self.parts.clear();
            self.parts.extend(
                last.map(|part| Part { from: boundary(part.text.text(), length.saturating_sub(EDGE)), ..part }),
            );
        }
    }

    /// No text follows.
    pub fn finish(&mut self, read: &mut dyn FnMut(&Stretch<'_, 'b>, Role)) {
        self.read(read);
        self.parts.clear();
    }

    fn read(&self, read: &mut dyn FnMut(&Stretch<'_, 'b>, Role)) {
        if self.parts.len() < 2 {
            return;
        }
        for between in BETWEEN {
            let mut stretch = Stretch { text: String::new(), places: Vec::with_capacity(self.parts.len()) };
            for part in &self.parts {
                if !stretch.places.is_empty() {
                    stretch.text.push_str(between);
                }
                let text = part.text.text();
                let to = if text.len() > EDGE.saturating_mul(2) && part.from == 0 {
                    boundary(text, EDGE)
                } else {
                    text.len()
                };
                stretch.places.push((stretch.text.len(), &part.text, part.from));
                stretch.text.push_str(text.get(part.from..to).unwrap_or_default());
            }
            read(&stretch, self.role);
        }
    }
}

/// The last bound of a character at or before `at`.
fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at = at.saturating_sub(1);
    }
    at
}
