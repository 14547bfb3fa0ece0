//! Numbers and codes of a fixed shape: one automaton over the shapes of all of them.
//!
//! A form is written with `9` for a digit, `A` for a letter, `X` for either; every other character stands for itself.
//! The automaton says, byte by byte, which shapes are still possible: where it dies, no shape can match any more, and
//! nothing needs to be held back.

use crate::kind::Kind;
use crate::label::{Before, Opening};
use crate::topics::Topics;
use crate::view::{More, View, down, is_word, up};

/// How much a form says by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Basis {
    /// The form and its check are enough.
    Free,
    /// A label must announce it.
    Label,
}

/// An identifier of a fixed shape.
#[derive(Debug)]
pub(crate) struct Shape {
    /// What it is.
    pub(crate) kind: Kind,
    /// The labels that announce it.
    pub(crate) topics: Topics,
    /// How it is written.
    pub(crate) forms: &'static [(&'static str, Basis)],
    /// What its characters, without separators and in upper case, must hold.
    pub(crate) check: fn(&[u8]) -> bool,
    /// Next to its label it counts even when the check fails: a mistyped number still names a person.
    pub(crate) lenient: bool,
    /// It counts when it is all there is in a text: a form field, a cell, an argument.
    pub(crate) alone: bool,
}

/// The longest form, in characters.
const LONGEST: usize = 32;

/// A value found, with what speaks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) kind: Kind,
    pub(crate) end: usize,
    /// Labelled, length, end of the label: compared in this order.
    pub(crate) weight: (bool, usize, usize),
}

impl Candidate {
    /// The stronger of two; the first when they are equal.
    pub(crate) fn or(best: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (best, other) {
            (Some(a), Some(b)) => Some(if b.weight > a.weight { b } else { a }),
            (a, b) => a.or(b),
        }
    }
}

/// The automaton of all shapes.
#[derive(Debug)]
pub(crate) struct Shapes {
    nodes: Vec<Node>,
    list: Vec<&'static Shape>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    next: [u16; CLASSES],
    /// Shape and form that end here.
    ends: Vec<(u16, u16)>,
}

const CLASSES: usize = 7;

const fn class(byte: u8) -> Option<usize> {
    match byte {
        b'0'..=b'9' => Some(0),
        b'A'..=b'Z' | b'a'..=b'z' => Some(1),
        b' ' => Some(2),
        b'-' => Some(3),
        b'.' => Some(4),
        b'/' => Some(5),
        b':' => Some(6),
        _ => None,
    }
}

fn fits(pattern: u8, byte: u8) -> bool {
    match pattern {
        b'9' => byte.is_ascii_digit(),
        b'A' => byte.is_ascii_alphabetic(),
        b'X' => byte.is_ascii_alphanumeric(),
        other => byte == other,
    }
}

impl Shapes {
    /// Builds the automaton.
    pub(crate) fn new(tables: &[&'static [Shape]]) -> Self {
        let mut shapes =
            Self { nodes: vec![Node::default()], list: tables.iter().flat_map(|table| table.iter()).collect() };
        for (index, shape) in shapes.list.clone().into_iter().enumerate() {
            for (form, (pattern, _)) in shape.forms.iter().enumerate() {
                let (Ok(index), Ok(form)) = (u16::try_from(index), u16::try_from(form)) else { continue };
                shapes.insert(pattern.as_bytes(), index, form);
            }
        }
        shapes
    }

    fn insert(&mut self, pattern: &[u8], shape: u16, form: u16) {
        let mut reached: Vec<u16> = vec![0];
        for &symbol in pattern {
            let classes: &[usize] = match symbol {
                b'9' => &[0],
                b'A' => &[1],
                b'X' => &[0, 1],
                other => class(other).map_or(&[] as &[usize], |c| match c {
                    0 => &[0],
                    1 => &[1],
                    2 => &[2],
                    3 => &[3],
                    4 => &[4],
                    5 => &[5],
                    _ => &[6],
                }),
            };
            let mut after: Vec<u16> = Vec::new();
            for &node in &reached {
                let mut shared = None;
                for &class in classes {
                    let known = self.nodes.get(usize::from(node)).and_then(|n| n.next.get(class)).copied().unwrap_or(0);
                    let target = if known == 0 {
                        // Either class may lead to one new node: the form is compared again where it ends.
                        let fresh = shared.unwrap_or_else(|| self.grow());
                        shared = Some(fresh);
                        if let Some(slot) = self.nodes.get_mut(usize::from(node)).and_then(|n| n.next.get_mut(class)) {
                            *slot = fresh;
                        }
                        fresh
                    } else {
                        known
                    };
                    if !after.contains(&target) {
                        after.push(target);
                    }
                }
            }
            reached = after;
        }
        for node in reached {
            if let Some(node) = self.nodes.get_mut(usize::from(node)) {
                node.ends.push((shape, form));
            }
        }
    }

    fn grow(&mut self) -> u16 {
        self.nodes.push(Node::default());
        u16::try_from(self.nodes.len().saturating_sub(1)).unwrap_or(0)
    }

    /// The best shape that begins at `start`.
    pub(crate) fn find(&self, view: View<'_>, start: usize, before: &Before<'_>) -> Result<Option<Candidate>, More> {
        let mut node = 0_u16;
        let mut end = start;
        let mut ends: Vec<(usize, &[(u16, u16)])> = Vec::new();
        while let Some(byte) = view.at(end)? {
            let next = class(byte)
                .and_then(|c| self.nodes.get(usize::from(node)).and_then(|n| n.next.get(c)).copied())
                .unwrap_or(0);
            if next == 0 {
                break;
            }
            node = next;
            end = up(end, 1);
            if let Some(here) = self.nodes.get(usize::from(node)).filter(|n| !n.ends.is_empty()) {
                ends.push((end, &here.ends));
            }
        }
        if ends.is_empty() {
            return Ok(None);
        }
        let opening = before.opening();
        if opening == Opening::Closed {
            return Ok(None);
        }
        let mut best = None;
        for &(end, accepted) in ends.iter().rev() {
            if !closes(view, end)? {
                continue;
            }
            let text = view.slice(start, end);
            for &(shape, form) in accepted {
                let candidate = self.judge(view, start, text, shape, form, before)?;
                let candidate = candidate.filter(|c| opening == Opening::Clean || c.weight.0);
                best = Candidate::or(best, candidate);
            }
        }
        Ok(best)
    }

    fn judge(
        &self,
        view: View<'_>,
        start: usize,
        text: &[u8],
        shape: u16,
        form: u16,
        before: &Before<'_>,
    ) -> Result<Option<Candidate>, More> {
        let Some(shape) = self.list.get(usize::from(shape)) else { return Ok(None) };
        let Some(&(pattern, basis)) = shape.forms.get(usize::from(form)) else { return Ok(None) };
        if !pattern.bytes().zip(text).all(|(symbol, &byte)| fits(symbol, byte)) {
            return Ok(None);
        }
        let mut value = [0_u8; LONGEST];
        let mut length = 0_usize;
        for (slot, byte) in value.iter_mut().zip(text.iter().filter(|b| b.is_ascii_alphanumeric())) {
            *slot = byte.to_ascii_uppercase();
            length = up(length, 1);
        }
        let value = value.get(..length).unwrap_or_default();
        let holds = (shape.check)(value);
        if !holds && !shape.lenient {
            return Ok(None);
        }
        let end = up(start, text.len());
        let candidate =
            |labelled, near| Some(Candidate { kind: shape.kind, end, weight: (labelled, text.len(), near) });
        if let Some(label) = before.announces(shape.topics).filter(|label| holds || label.adjacent) {
            // Issuer and check digit say more than a nearer word: a card in a list of accounts is a card.
            let sure = shape.kind == Kind::CreditCard;
            return Ok(candidate(true, if sure { end } else { label.end }));
        }
        if !holds {
            return Ok(None);
        }
        let small = text.iter().any(u8::is_ascii_lowercase);
        if basis == Basis::Free && !small && !continues(view, start, text) && !goes_on(view, text, end)?
            || shape.alone && alone(view, start, end)?
        {
            return Ok(candidate(false, 0));
        }
        Ok(None)
    }
}

/// Whether a group of digits stands before: three groups of four may be the last of four.
fn continues(view: View<'_>, start: usize, text: &[u8]) -> bool {
    text.len() <= 14 && text.contains(&b' ') && after_digits(view, start)
}

/// Whether a blank and a digit stand before a position.
pub(crate) fn after_digits(view: View<'_>, start: usize) -> bool {
    view.before(start) == Some(b' ') && view.before(down(start, 1)).is_some_and(|byte| byte.is_ascii_digit())
}

/// Whether one more group of digits like the last follows: four groups of four are not three and something else.
fn goes_on(view: View<'_>, text: &[u8], end: usize) -> Result<bool, More> {
    let last = text.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    if last < 3 || last == text.len() || text.len() > 14 || view.at(end)? != Some(b' ') {
        return Ok(false);
    }
    let next = up(end, 1);
    Ok(view.run(next, up(last, 1), |byte| byte.is_ascii_digit())? == up(next, last))
}

/// Whether a number or code may end here: no word, no further group of digits goes on.
pub(crate) fn closes(view: View<'_>, end: usize) -> Result<bool, More> {
    let Some(next) = view.at(end)? else { return Ok(true) };
    if is_word(next) || next == b'@' {
        return Ok(false);
    }
    if matches!(next, b'-' | b'.' | b'/' | b':' | b'+' | b'=' | b',' | b'*') {
        let further = view.at(up(end, 1))?.unwrap_or(b' ');
        return Ok(match next {
            b'+' | b'=' => !is_word(further),
            // A decimal or thousands group goes on; a list of values without spaces does too, and is read as a list.
            b',' | b':' => true,
            _ => !further.is_ascii_digit() && further != b'*',
        });
    }
    Ok(true)
}

/// Whether nothing but blanks and quotes stands around a value in its text.
pub(crate) fn alone(view: View<'_>, start: usize, end: usize) -> Result<bool, More> {
    let blank = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`');
    if start > 2 || !view.slice(0, start).iter().all(|&byte| blank(byte)) {
        return Ok(false);
    }
    let mut at = end;
    while let Some(byte) = view.at(at)? {
        if !(blank(byte) || byte == b'.') || at > up(end, 2) {
            return Ok(false);
        }
        at = up(at, 1);
    }
    Ok(true)
}
