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
    let longest = text.len().saturating_mul(if text.is_ascii() { 1 } else { 2 }).saturating_add(2);
    plain.text.clear();
    plain.text.resize(longest, 0);
    plain.map.clear();
    let mut out = Writer { text: &mut plain.text, end: 0, last: 0, map: &mut plain.map, shift: None };
    out.blank(0);
    let mut at = 0_usize;
    while let Some(rest) = text.as_bytes().get(at..).filter(|rest| !rest.is_empty()) {
        at = at.saturating_add(out.ascii(at, rest));
        let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
        out.fold(at, fold(c));
        at = at.saturating_add(c.len_utf8());
    }
    out.blank(text.len());
    let end = out.end;
    plain.text.truncate(end);
    plain.map.end(end, text.len());
}

struct Writer<'a> {
    /// As long as the plain form can be.
    text: &'a mut [u8],
    /// How long it is by now.
    end: usize,
    /// Its last byte.
    last: u8,
    map: &'a mut OffsetMap,
    /// How far the origin is ahead of the plain form in the current run; it may be behind.
    shift: Option<isize>,
}

impl Writer<'_> {
    /// The next byte of the plain form comes from `at`.
    fn mark(&mut self, at: usize) {
        let shift = at.checked_signed_diff(self.end);
        if shift != self.shift {
            self.map.run(self.end, at);
            self.shift = shift;
        }
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.text.get_mut(self.end) {
            *place = byte;
            self.end = self.end.saturating_add(1);
        }
        self.last = byte;
    }

    fn blank(&mut self, at: usize) {
        if self.last != BREAK {
            self.mark(at);
            self.push(BREAK);
        }
    }

    /// Writes what becomes of the ASCII characters that `rest` begins with; how many there are.
    fn ascii(&mut self, at: usize, rest: &[u8]) -> usize {
        let (mut end, mut last) = (self.end, self.last);
        // Whether the last byte of `rest` was written: the next one is then of the same run.
        let mut running = false;
        let mut width = 0_usize;
        for byte in rest {
            let letter = ascii(*byte);
            if letter <= BREAK {
                if *byte >= 0x80 {
                    break;
                }
                if letter == SKIP || last == BREAK {
                    running = false;
                    width = width.wrapping_add(1);
                    continue;
                }
            }
            if !running {
                self.end = end;
                self.mark(at.saturating_add(width));
                running = true;
            }
            if let Some(place) = self.text.get_mut(end) {
                *place = letter;
            }
            end = end.wrapping_add(1);
            last = letter;
            width = width.wrapping_add(1);
        }
        (self.end, self.last) = (end, last);
        width
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
        letter.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| self.push(byte));
    }

    /// Whether `letter` made a syllable of Hangul with the letter before it, which is then written in its place.
    fn joins(&mut self, letter: char) -> bool {
        // Both are three bytes long, so what is mapped stays so.
        let before = self.end.saturating_sub(3);
        let last = self.text.get(before..self.end).and_then(|last| core::str::from_utf8(last).ok()?.chars().next());
        let Some(syllable) = last.and_then(|last| scripts::syllable(last, letter)) else { return false };
        self.end = before;
        syllable.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| self.push(byte));
        true
    }
}
