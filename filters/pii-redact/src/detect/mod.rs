//! The detectors, one file a family. Each reads through [`View`], so each says of itself when it needs more text.

pub(crate) mod assigned;
pub(crate) mod birth;
pub(crate) mod crypto;
pub(crate) mod document;
pub(crate) mod email;
pub(crate) mod iban;
pub(crate) mod jwt;
pub(crate) mod network;
pub(crate) mod pem;
pub(crate) mod phone;
pub(crate) mod token;
pub(crate) mod url;

mod africa_middle_east;
mod americas;
mod asia_pacific;
mod device;
mod europe_east;
mod europe_north;
mod europe_west;
mod payment;
mod travel;
mod united_kingdom;
mod united_states;

use crate::kind::Kind;
use crate::shape::Shape;

/// Every shape, in the order that decides between equals.
pub(crate) const SHAPES: &[&[Shape]] = &[
    payment::SHAPES,
    united_states::SHAPES,
    united_kingdom::SHAPES,
    europe_west::SHAPES,
    europe_north::SHAPES,
    europe_east::SHAPES,
    americas::SHAPES,
    asia_pacific::SHAPES,
    africa_middle_east::SHAPES,
    device::SHAPES,
    travel::SHAPES,
];

/// A finding, or the start of one that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// The finding takes in what follows, as far as this says.
    pub(crate) open: Option<Swallow>,
}

impl Match {
    pub(crate) const fn closed(kind: Kind, start: usize, end: usize) -> Self {
        Self { kind, start, end, open: None }
    }
}

/// What an open finding takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Swallow {
    /// Letters, digits, `_` and `-`.
    Url,
    /// As `Url`, and a dot with one of them behind it.
    Dotted,
    /// Letters, digits and the marks of base64 and of tokens.
    Base64,
    /// The body of a PEM block, to its END line.
    Pem,
}
