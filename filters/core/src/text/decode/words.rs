//! One look at each word of a plain form: where words stand in pieces, without blanks, in signs or turned.

use super::key::Key;
use super::leet;
use super::vocabulary::{Known, NO_WORD, Token, Vocabulary};
use crate::text::Plain;

/// Pieces that a word is put together of at most.
const PIECES: usize = 8;
/// Words of a letter each that stand in a row before they are read as one.
const LETTERS: usize = 4;
/// Words of up to three letters that do.
const SHORT: usize = 8;
/// Bytes of a word that may be several.
const UNSPACED: usize = 9;
/// Bytes from which on a word is worth it whatever it begins with.
const LONG: usize = 16;
/// Numbers in a row that may be characters.
const NUMBERS: usize = 6;

/// What a look at the words of a text found. Places are byte offsets of the plain form.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// Words in another spelling than their own, and what they are; they may overlap.
    pub(super) spelled: Vec<Spelled>,
    /// Words of ASCII letters that are words of the vocabulary when turned back: where, and how far they are turned; 26
    /// for Atbash.
    pub(super) turned: Vec<(usize, usize, u8)>,
    /// Words that are words of the vocabulary when read backwards.
    pub(super) backwards: Vec<(usize, usize)>,
    /// Words of the vocabulary in which digits stand for letters.
    pub(super) leet: Vec<(usize, usize)>,
    /// Numbers in a row.
    pub(super) numbers: Vec<(usize, usize)>,
}

/// A stretch of the plain form that reads as something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spelled {
    pub start: usize,
    pub end: usize,
    pub how: How,
}

/// How a stretch is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Its pieces are one word.
    Joined,
    /// Its letters are words.
    Apart,
    /// It is several words.
    Unspaced,
}

#[derive(Clone, Copy, Default)]
struct Word {
    key: Key,
    start: usize,
    end: usize,
    /// Whether it may be the begin of one that is looked for in pieces.
    begins: bool,
}

/// Words in a row that are the begin of one that is looked for in pieces, as far as a filter tells.
#[derive(Clone, Copy, Default)]
struct Begun {
    key: Key,
    start: usize,
    /// Bytes of the words.
    length: usize,
    pieces: usize,
}

/// Words of up to `most` letters in a row.
#[derive(Clone, Copy, Default)]
struct Row {
    start: usize,
    end: usize,
    words: usize,
    digits: usize,
}

impl Words {
    /// Looks at the words of `plain`. `each` is given every word, in order.
    pub fn of(plain: &Plain, vocabulary: &Vocabulary, mut each: impl FnMut(Token)) -> Self {
        let mut words = Self::default();
        let bytes = plain.bytes();
        let mut begun = [Begun::default(); PIECES];
        let mut open = 0_usize;
        let (mut single, mut short, mut numbers) = (Row::default(), Row::default(), Row::default());
        let mut shape = Shape::NONE;
        let mut at = 1_usize;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let (key, length) = Key::up_to_blank(rest);
            let length = match length {
                Some(length) => length,
                None => rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len()),
            };
            let end = at.saturating_add(length);
            let hash = key.hash();
            let (held, begins) = vocabulary.may(hash);
            let known = if held { vocabulary.known(hash) } else { Known::default() };
            let letters = rest.get(..length).unwrap_or_default();
            each(Token {
                number: if held { vocabulary.number(known, letters) } else { NO_WORD },
                head: key.head(),
                start: at,
                end,
            });
            let word = Word { key, start: at, end, begins };
            let digits = key.digits() as usize;
            let first = key.first();
            // Han and kana stand as words without being pieces of any.
            let own = length == 3 && (0xe3..0xea).contains(&first);

            if digits == 0 && !own {
                words.plain_word(word, known, vocabulary, letters);
                open = words.joins(word, &mut begun, open, vocabulary, bytes);
            } else {
                open = 0;
                if digits > 0 && digits < length && length >= 3 {
                    words.leet(word, digits, vocabulary, letters);
                }
            }

            if length > 3 && digits == 0 {
                // Most words: they end every row.
                if single.words | short.words | numbers.words > 0 {
                    words.flush(core::mem::take(&mut single), LETTERS);
                    words.flush(core::mem::take(&mut short), SHORT);
                    words.flush_numbers(core::mem::take(&mut numbers));
                }
                at = end.saturating_add(1);
                continue;
            }
            let letter = length == 1 || (length == 2 && first >= 0x80) || (length == 3 && first >= 0xe0 && !own);
            words.row(&mut single, word, letter && first < 0xea, digits, LETTERS);
            words.row(&mut short, word, length <= 3 && !own, digits, SHORT);

            let new = Shape::of(letters, digits);
            if numbers.words > 0 && shape.and(new).is_none() {
                words.flush_numbers(numbers);
                numbers = Row::default();
            }
            if !new.is_none() {
                shape = if numbers.words == 0 { new } else { shape.and(new) };
                numbers = Row {
                    start: if numbers.words == 0 { at } else { numbers.start },
                    end,
                    words: numbers.words.saturating_add(1),
                    digits: 0,
                };
            }
            at = end.saturating_add(1);
        }
        words.flush(single, LETTERS);
        words.flush(short, SHORT);
        words.flush_numbers(numbers);
        words
    }

    fn plain_word(&mut self, word: Word, known: Known, vocabulary: &Vocabulary, letters: &[u8]) {
        if known.is_backwards() {
            self.backwards.push((word.start, word.end));
        }
        if (5..=Key::BYTES).contains(&letters.len()) && word.key.is_ascii() {
            if known.is_atbash() {
                self.turned.push((word.start, word.end, 26));
            }
            if let Some(turn) = vocabulary.turn(word.key) {
                self.turned.push((word.start, word.end, turn));
            }
        }
        if letters.len() < UNSPACED || known.is_word() || known.is_long() {
            return;
        }
        // Encoded bytes have digits; what is written without blanks seldom has.
        if (letters.len() >= LONG || vocabulary.is_begun(letters)) && !letters.iter().any(u8::is_ascii_digit) {
            self.spelled.push(Spelled { start: word.start, end: word.end, how: How::Unspaced });
        }
    }

    /// Words that `word` ends, in pieces; and how many of `begun`, of which the first `open` are, it leaves.
    fn joins(
        &mut self,
        word: Word,
        begun: &mut [Begun; PIECES],
        open: usize,
        vocabulary: &Vocabulary,
        bytes: &[u8],
    ) -> usize {
        let length = word.end.saturating_sub(word.start);
        let mut kept = 0;
        for place in 0..open {
            let Some(Begun { key, start, length: before, pieces }) = begun.get(place).copied() else { break };
            let all = before.saturating_add(length);
            if all > Key::BYTES && (all > 48 || (key.is_ascii() && word.key.is_ascii())) {
                continue;
            }
            let key = key.and(before, word.key);
            let hash = key.hash();
            let (whole, begins) = vocabulary.may(hash);
            if whole && all >= 5 && is_whole(vocabulary, hash, all, || bytes.get(start..word.end).unwrap_or_default()) {
                self.spelled.push(Spelled { start, end: word.end, how: How::Joined });
            }
            if begins
                && pieces < PIECES.saturating_sub(1)
                && let Some(place) = begun.get_mut(kept)
            {
                *place = Begun { key, start, length: all, pieces: pieces.saturating_add(1) };
                kept = kept.saturating_add(1);
            }
        }
        if word.begins
            && let Some(place) = begun.get_mut(kept)
        {
            *place = Begun { key: word.key, start: word.start, length, pieces: 1 };
            kept = kept.saturating_add(1);
        }
        kept
    }

    fn leet(&mut self, word: Word, digits: usize, vocabulary: &Vocabulary, letters: &[u8]) {
        // Digests and keys have more digits than words in leet, and are long.
        let counted = letters.len().min(Key::BYTES);
        let most = if letters.len() > Key::BYTES { counted.saturating_mul(2) } else { counted.saturating_mul(3) };
        if letters.len() > leet::LONGEST || digits.saturating_mul(4) > most {
            return;
        }
        let is_word = |one: u8| {
            if letters.len() <= Key::BYTES {
                let mut read = [0; Key::BYTES];
                for (letter, sign) in read.iter_mut().zip(letters) {
                    let Some(read) = leet::letter(*sign, one) else { return false };
                    *letter = read;
                }
                let read = read.get(..letters.len()).unwrap_or_default();
                vocabulary.get(Key::of(read)).is_word() || (read.len() >= UNSPACED && vocabulary.is_begun(read))
            } else {
                leet::read(letters, one).is_some_and(|read| vocabulary.is_begun(&read))
            }
        };
        if is_word(b'i') || is_word(b'l') {
            self.leet.push((word.start, word.end));
        }
    }

    /// Goes on with a row of short words, or ends it.
    fn row(&mut self, row: &mut Row, word: Word, belongs: bool, digits: usize, least: usize) {
        if !belongs {
            self.flush(*row, least);
            *row = Row::default();
            return;
        }
        if row.words == 0 {
            row.start = word.start;
        }
        row.end = word.end;
        row.words = row.words.saturating_add(1);
        row.digits = row.digits.saturating_add(usize::from(digits > 0));
    }

    fn flush(&mut self, row: Row, least: usize) {
        if row.words >= least && row.digits.saturating_mul(2) <= row.words {
            self.spelled.push(Spelled { start: row.start, end: row.end, how: How::Apart });
        }
    }

    fn flush_numbers(&mut self, row: Row) {
        if row.words >= NUMBERS {
            self.numbers.push((row.start, row.end));
        }
    }
}

/// Whether the words in `pieces`, `length` bytes without the blanks, are one that is looked for.
fn is_whole<'p>(vocabulary: &Vocabulary, hash: u64, length: usize, pieces: impl Fn() -> &'p [u8]) -> bool {
    let known = vocabulary.known(hash);
    if length <= Key::BYTES {
        return known.is_whole();
    }
    known.is_long() && {
        let joined: Vec<u8> = pieces().iter().copied().filter(|byte| *byte != b' ').collect();
        vocabulary.has(&joined)
    }
}

/// What a number may be written in, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape(u8);

impl Shape {
    const NONE: Self = Self(0);

    fn of(word: &[u8], digits: usize) -> Self {
        let all = digits == word.len();
        let mut shape = 0;
        if all && word.len() <= 4 {
            shape |= 1;
        }
        if all && matches!(word.len(), 6..=8) && word.iter().all(|digit| matches!(digit, b'0' | b'1')) {
            shape |= 2;
        }
        let pair = match word {
            [b'0', b'x' | b'b' | b'o', rest @ ..] => rest,
            _ => word,
        };
        if (pair.len() == 2 || (pair.len() < word.len() && pair.len() <= 8)) && pair.iter().all(u8::is_ascii_hexdigit) {
            shape |= 4;
        }
        Self(shape)
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    const fn is_none(self) -> bool {
        self.0 == 0
    }
}
