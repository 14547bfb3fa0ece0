//! A text without blanks in words.

use super::key::Key;
use super::vocabulary::Vocabulary;

/// A text without blanks, in words.
#[derive(Clone, Debug, Default)]
pub(super) struct Segments {
    /// The words, with a blank between two.
    pub text: String,
    /// Bytes of it that are words of the vocabulary of three letters or more, and how many these are.
    pub known: usize,
    pub words: usize,
}

impl Vocabulary {
    /// `text`, which has no blanks, in words: so that as little as can be is left that is none.
    pub(super) fn segment(&self, text: &str) -> Segments {
        /// What a stretch that is no word costs, and each letter of it.
        const OTHER: u32 = 2;
        const LETTER: u32 = 2;
        let word = |length: usize, common: bool| match (length, common) {
            (5.., _) => 3,
            (4, _) | (_, true) => 4,
            _ => 5,
        };
        let bytes = text.as_bytes();
        // At each place: the least cost with a word before it, and with a stretch that is none; and the length of the
        // word, and whether a word stood before the stretch.
        let mut best = vec![(u32::MAX, u32::MAX, 0_u8, false); bytes.len().saturating_add(1)];
        if let Some(first) = best.first_mut() {
            first.0 = 0;
        }
        for (at, letter) in text.char_indices() {
            let Some((after, other, ..)) = best.get(at).copied() else { break };
            let begun = after.saturating_add(OTHER);
            if let Some(next) = best.get_mut(at.saturating_add(letter.len_utf8())) {
                let cost = begun.min(other).saturating_add(LETTER);
                if cost < next.1 {
                    (next.1, next.3) = (cost, begun <= other);
                }
            }
            let cost = after.min(other);
            for length in self.begins(bytes.get(at..).unwrap_or_default(), 2) {
                let common =
                    bytes.get(at..at.saturating_add(length)).is_some_and(|word| self.get(Key::of(word)).is_common());
                let cost = cost.saturating_add(word(length, common));
                if let Some(next) = best.get_mut(at.saturating_add(length)).filter(|next| cost < next.0) {
                    (next.0, next.2) = (cost, u8::try_from(length).unwrap_or_default());
                }
            }
        }
        let mut cuts = Vec::new();
        let mut at = bytes.len();
        let mut in_word = best.last().is_some_and(|last| last.0 <= last.1);
        while at > 0 {
            let Some((.., length, begun)) = best.get(at).copied() else { break };
            if in_word {
                let from = at.saturating_sub(usize::from(length).max(1));
                cuts.push((from, at));
                at = from;
                in_word = best.get(at).is_some_and(|here| here.0 <= here.1);
            } else {
                in_word = begun;
                at = at.saturating_sub(1);
                while !text.is_char_boundary(at) {
                    at = at.saturating_sub(1);
                }
            }
        }
        let mut segments =
            Segments { text: String::with_capacity(text.len().saturating_mul(2)), ..Segments::default() };
        let mut done = 0;
        let push = |segments: &mut Segments, word: Option<&str>| {
            if let Some(word) = word.filter(|word| !word.is_empty()) {
                if !segments.text.is_empty() {
                    segments.text.push(' ');
                }
                segments.text.push_str(word);
            }
        };
        for (from, to) in cuts.into_iter().rev() {
            push(&mut segments, text.get(done..from));
            push(&mut segments, text.get(from..to));
            done = to;
            if to.saturating_sub(from) > 2 {
                segments.known = segments.known.saturating_add(to.saturating_sub(from));
                segments.words = segments.words.saturating_add(1);
            }
        }
        push(&mut segments, text.get(done..));
        segments
    }
}
