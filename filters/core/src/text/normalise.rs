//! One pass over a text: words in lower case, parted by single blanks.

use super::fold::{BREAK, Fold, SKIP, ascii, fold};
use super::offsets::OffsetMap;
use super::scripts;

/// The plain form of a text, and the way back.
///
/// Words of lower-case letters and digits, each between two blanks: `" ignore all previous "`. A text without a word
/// is one blank. Punctuation only parts words. At most twice as long as the text, and two bytes.
#[derive(Clone, Debug, Default)]
pub struct Plain {
    text: Vec<u8>,
    map: OffsetMap,
}

impl Plain {
    /// The plain form. UTF-8.
    pub fn bytes(&self) -> &[u8] {
        &self.text
    }

    /// The place in the text of the words from `start` to `end`, byte offsets of the plain form.
    ///
    /// Offsets of the text, `start <= end`, at bounds of characters when `start` and `end` are.
    pub fn origin(&self, start: usize, end: usize) -> (usize, usize) {
        let from = self.map.origin(start);
        (from, self.map.origin(end).max(from))
    }
}

/// Writes the plain form of `text` to `plain`, whose memory is used again.
///
/// One pass. Each character is looked at alone, so that the plain form of two texts with a blank between them is that
/// of each with a blank between them.
pub fn normalise(text: &str, plain: &mut Plain) {
    plain.text.clear();
    plain.text.reserve(text.len().saturating_add(2));
    plain.map.clear();
    let mut out = Writer { text: &mut plain.text, map: &mut plain.map, shift: None };
    out.blank(0);
    let mut rest = text.as_bytes();
    let mut at = 0_usize;
    while let Some(&byte) = rest.first() {
        let width = if byte.is_ascii() {
            match ascii(byte) {
                SKIP => 1,
                BREAK => {
                    out.blank(at);
                    1
                }
                _ => out.word(at, rest),
            }
        } else {
            let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
            out.fold(at, fold(c));
            c.len_utf8()
        };
        at = at.saturating_add(width);
        rest = rest.get(width..).unwrap_or_default();
    }
    out.blank(text.len());
    let derived = plain.text.len();
    plain.map.end(derived, text.len());
}

struct Writer<'a> {
    text: &'a mut Vec<u8>,
    map: &'a mut OffsetMap,
    /// How far the origin is ahead of the plain form in the current run; it may be behind.
    shift: Option<isize>,
}

impl Writer<'_> {
    /// The next byte of the plain form comes from `at`.
    fn mark(&mut self, at: usize) {
        let shift = at.checked_signed_diff(self.text.len());
        if shift != self.shift {
            self.map.run(self.text.len(), at);
            self.shift = shift;
        }
    }

    fn blank(&mut self, at: usize) {
        if self.text.last() != Some(&BREAK) {
            self.mark(at);
            self.text.push(BREAK);
        }
    }

    /// Copies the ASCII letters and digits that `rest` begins with; how many there were, at least one.
    fn word(&mut self, at: usize, rest: &[u8]) -> usize {
        self.mark(at);
        let before = self.text.len();
        self.text.extend(rest.iter().map(|byte| ascii(*byte)).take_while(|byte| *byte > BREAK));
        self.text.len().saturating_sub(before).max(1)
    }

    fn fold(&mut self, at: usize, fold: Fold) {
        match fold {
            Fold::Nothing => {}
            Fold::Break => self.blank(at),
            Fold::Letter(letter) => self.letter(at, letter),
            Fold::Letters(letters) => letters.bytes().for_each(|letter| self.letter(at, char::from(letter))),
            Fold::Ligature(letters) => letters.into_iter().for_each(|letter| self.letter(at, letter)),
            Fold::Word(word) => {
                self.blank(at);
                self.letter(at, word);
                self.blank(at.saturating_add(word.len_utf8()));
            }
        }
    }

    fn letter(&mut self, at: usize, letter: char) {
        if ('\u{1161}'..='\u{11c2}').contains(&letter) && self.joins(letter) {
            return;
        }
        self.mark(at);
        self.text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// Whether `letter` made a syllable of Hangul with the letter before it, which is then written in its place.
    fn joins(&mut self, letter: char) -> bool {
        // Both are three bytes long, so what is mapped stays so.
        let before = self.text.len().saturating_sub(3);
        let last = self.text.get(before..).and_then(|last| core::str::from_utf8(last).ok()?.chars().next());
        let Some(syllable) = last.and_then(|last| scripts::syllable(last, letter)) else { return false };
        self.text.truncate(before);
        self.text.extend_from_slice(syllable.encode_utf8(&mut [0; 4]).as_bytes());
        true
    }
}
