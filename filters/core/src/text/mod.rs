//! Text as the rules see it: a decoded text comes in, its plain form and a map back to it go out.
//!
//! [`normalise`] undoes what hides a word from a matcher and not from a model: letter case, runs of blanks, invisible
//! characters, fullwidth and styled letters, accents, letters of another script that look like Latin ones, and the
//! spellings of one word in scripts that have several. It works on a copy; what is forwarded is never touched.
//!
//! What decodes (base64, leet, reversed text, …) stands before it as a layer: it makes another text of a part of this
//! one, with a way back ([`decode::Layer`]), and that text is normalised in turn. [`normalise`] itself decodes nothing.

pub mod decode;
mod fold;
mod latin;
mod normalise;
mod offsets;
mod scripts;

pub use fold::{Fold, fold};
pub use normalise::{Plain, normalise};
pub use offsets::OffsetMap;

#[cfg(test)]
mod tests;
