//! Words into windows.

use std::collections::VecDeque;

use crate::hash::{place, seed, steps, word};
use crate::vocabulary::Vocabulary;
use crate::{GRAM_IDS, GRAMS, OVERLAP, TOKENS, WORD};

/// A row of the model's inputs, without padding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// At most [`TOKENS`] ids below [`crate::TOKEN_IDS`], none 0.
    pub tokens: Vec<u16>,
    /// At most [`GRAMS`] ids below [`GRAM_IDS`], none 0.
    pub grams: Vec<u32>,
}

/// The windows of a text, one after the other.
#[derive(Debug)]
pub struct Windows<'t> {
    vocabulary: &'static Vocabulary,
    /// Words that are in no window yet.
    rest: &'t str,
    window: Window,
    /// Tokens and grams of each word of the window.
    words: VecDeque<(usize, usize)>,
    /// Hashes of the word before and of the two before.
    before: Option<(u32, Option<u32>)>,
}

impl<'t> Windows<'t> {
    /// The windows of a text, by the bytes of its plain form ([`portcullis_core::text::Plain::bytes`]). Of bytes that
    /// are not UTF-8, only what stands before them is read.
    pub fn new(plain: &'t [u8]) -> Self {
        let rest = match core::str::from_utf8(plain) {
            Ok(plain) => plain,
            Err(error) => {
                core::str::from_utf8(plain.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default()
            }
        };
        Self { vocabulary: Vocabulary::shared(), rest, window: Window::default(), words: VecDeque::new(), before: None }
    }

    /// Bytes of the plain form that are in no window yet.
    pub fn rest(&self) -> usize {
        self.rest.len()
    }

    /// The next window; `None` when every word was in one. Its memory is used again.
    pub fn advance(&mut self) -> Option<&Window> {
        self.keep_the_last();
        let kept = self.words.len();
        while let Some((word, rest)) = next_word(self.rest) {
            if !self.push(word) {
                break;
            }
            self.rest = rest;
        }
        (self.words.len() > kept).then_some(&self.window)
    }

    /// Takes out the first words, until the rest has [`OVERLAP`] tokens or fewer.
    fn keep_the_last(&mut self) {
        let mut left = self.window.tokens.len();
        let mut grams = 0_usize;
        while left > OVERLAP
            && let Some((tokens, more)) = self.words.pop_front()
        {
            left = left.saturating_sub(tokens);
            grams = grams.saturating_add(more);
        }
        let tokens = self.window.tokens.len().saturating_sub(left);
        self.window.tokens.drain(..tokens);
        self.window.grams.drain(..grams.min(self.window.grams.len()));
    }

    /// Adds a word; false, and nothing has changed, when the window is full.
    fn push(&mut self, text: &str) -> bool {
        let Window { tokens, grams } = &mut self.window;
        let (tokens_before, grams_before) = (tokens.len(), grams.len());
        self.vocabulary.cut(text, &mut |id| tokens.push(id));
        let hash = steps(seed(4), text.as_bytes());
        grams.push(gram(hash));
        let mut pair = None;
        if let Some((last, last_pair)) = self.before {
            let both = word(word(seed(5), last), hash);
            pair = Some(both);
            grams.push(gram(both));
            grams.extend(last_pair.map(|last_pair| gram(word(word(seed(6), last_pair), hash))));
        }
        characters(text, &mut |hash| grams.push(gram(hash)));
        // A word alone always fits: WORD tokens, 3 * WORD + 3 grams.
        if tokens.len() > TOKENS || grams.len() > GRAMS {
            tokens.truncate(tokens_before);
            grams.truncate(grams_before);
            return false;
        }
        self.words.push_back((tokens.len().saturating_sub(tokens_before), grams.len().saturating_sub(grams_before)));
        self.before = Some((hash, pair));
        true
    }
}

/// The first word, cut at [`WORD`] characters, and what is behind it.
fn next_word(plain: &str) -> Option<(&str, &str)> {
    let plain = plain.trim_start_matches(' ');
    let end = plain.char_indices().take(WORD.saturating_add(1)).enumerate();
    let mut length = plain.len();
    for (count, (at, c)) in end {
        if c == ' ' || count == WORD {
            length = at;
            break;
        }
    }
    let (word, rest) = plain.split_at_checked(length)?;
    (!word.is_empty()).then_some((word, rest))
}

/// Hashes of every 3, 4 and 5 characters of the word with a blank on either side; of a word of one character, none.
fn characters(text: &str, found: &mut impl FnMut(u32)) {
    if text.chars().nth(1).is_none() {
        return;
    }
    let mut run = |first: Option<char>, rest: &str| {
        let mut hash = seed(7);
        let ending = core::iter::once(' ');
        for (count, c) in first.into_iter().chain(rest.chars()).chain(ending).take(5).enumerate() {
            hash = steps(hash, c.encode_utf8(&mut [0; 4]).as_bytes());
            if count >= 2 {
                found(hash);
            }
        }
    };
    run(Some(' '), text);
    for (at, _) in text.char_indices() {
        run(None, text.get(at..).unwrap_or_default());
    }
}

fn gram(hash: u32) -> u32 {
    let id = place(hash, GRAM_IDS.saturating_sub(1)).saturating_add(1);
    u32::try_from(id).unwrap_or(1)
}
