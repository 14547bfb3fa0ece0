//! What the classifier reads of a text: a plain form comes in, windows of token and gram ids go out.
//!
//! Training (`portcullis features`) and serving call this one implementation. No host call, clock or randomness; the
//! cost is linear in the text and the memory that of one window.
//!
//! The plain form is that of [`portcullis_core::text::normalise`]: words of lower-case letters and digits parted by
//! blanks, one word for each character of scripts that are written without blanks. A word longer than [`WORD`]
//! characters counts as several words. Of every word come
//!
//! - **tokens**: the longest pieces of the vocabulary, from left to right; a piece at the start of a word is another
//!   piece than the same letters inside one. A character that no piece begins with is one of [`CHARACTERS`] ids, by hash.
//! - **grams**: a hash of the word, of the word and the one before, of the word and the two before, and of every 3, 4
//!   and 5 characters of the word with a blank on either side (none for a word of one character).
//!
//! # Inputs of the model
//!
//! A [`Window`] is a row. For `W` windows:
//!
//! | input | shape | type | ids | padding |
//! |---|---|---|---|---|
//! | `tokens` | `[W, T]`, `T <= TOKENS` | int64 | `1..TOKEN_IDS` | 0, at the end |
//! | `grams` | `[W, G]`, `G <= GRAMS` | int64 | `1..GRAM_IDS` | 0, at the end |
//!
//! A model gives the same answer however much padding there is. Windows are filled word by word, until the next word
//! would not fit; the next window begins with the last words of the one before that have [`OVERLAP`] tokens or fewer.
//! Words are never cut, and none is left out. A text without a word has no window.

mod hash;
mod vocabulary;
mod windows;

pub use vocabulary::Vocabulary;
pub use windows::{Window, Windows};

/// Tokens in a window, at most.
pub const TOKENS: usize = 64;
/// Grams in a window, at most.
pub const GRAMS: usize = 768;
/// Tokens that a window shares with the one before, at most.
pub const OVERLAP: usize = 16;
/// Characters of a word, at most: what is longer counts as several words.
pub const WORD: usize = 24;
/// How many token ids there are: padding, the pieces of the vocabulary by their line (from 1 on), and at the end
/// [`CHARACTERS`] ids for characters that no piece begins with.
pub const TOKEN_IDS: usize = 8192;
/// Token ids, the last ones, for characters that no piece begins with.
pub const CHARACTERS: usize = 256;
/// How many gram ids there are, with padding.
pub const GRAM_IDS: usize = 262_144;
