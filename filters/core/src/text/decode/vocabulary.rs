//! Words that are looked for, as they are and under a disguise: tables that need nothing done to them before use.
//!
//! A build writes them down and a module reads them in place (`filters/prompt-guard/build`); an operator's own rules
//! make new ones.

use std::borrow::Cow;

use super::key::{Key, turned, turned_half};

/// Bytes of the longest word that is looked for under a disguise.
pub(super) const LONGEST: usize = 48;
/// Bits of a hash that name the bucket of a key, and its word of the filter.
pub(super) const BUCKETS: u32 = 13;
/// Bits of a hash that name the bucket of a turned word.
pub(super) const TURN_BUCKETS: u32 = 10;
/// Bits of the filter of turned words: 8 KiB, which stay in a processor's first cache.
pub(super) const TURNS: u32 = 16;
/// A word without a number.
pub const NO_WORD: u16 = u16::MAX;

/// A set of words, each with a number, and the same words as they look when they are turned or backwards.
///
/// Words have numbers in the order of their bytes. The fields are the tables; [`Vocabulary::of`] makes them.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    /// By bucket: a bit for each key in it, and one for each begin of a word that is looked for in pieces.
    pub filter: Cow<'static, [u64]>,
    /// What is known, by key: words, the first 16 bytes of longer words, words backwards and in Atbash.
    pub keys: Index,
    /// By place in `keys`: what is known of it, as bits.
    pub marks: Cow<'static, [u8]>,
    /// By place in `keys`: the number of the word, or [`NO_WORD`].
    pub numbers: Cow<'static, [u16]>,
    /// Bits for words turned until they begin with `a`, by their first 8 bytes.
    pub turn_filter: Cow<'static, [u64]>,
    /// Words turned until they begin with `a`.
    pub turns: Index,
    /// By place in `turns`: the first letter of the word.
    pub firsts: Cow<'static, [u8]>,
    /// By the first two bytes of a word: the lengths of those that begin so, a bit each; the last for all that are longer.
    pub heads: Cow<'static, [u32]>,
    /// Words of more than [`Key::BYTES`], in order, a line each.
    pub long: Cow<'static, str>,
    /// By place in `long`: where the word ends, its number, and whether it is looked for under a disguise.
    pub longs: Cow<'static, [(u32, u16, bool)]>,
}

/// Keys by their hashes, in buckets.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// How many of the first bits of a hash name its bucket.
    pub bits: u32,
    /// By bucket: where its keys begin in `prints`. One more than there are buckets.
    pub starts: Offsets,
    /// The bits by which a key is known in its bucket.
    pub prints: Cow<'static, [u32]>,
}

impl Index {
    fn find(&self, hash: u64) -> Option<usize> {
        let places = self.starts.range(bucket(hash, self.bits));
        let from = places.start;
        let place = self.prints.get(places)?.iter().position(|known| *known == print(hash))?;
        Some(from.saturating_add(place))
    }

    fn bytes(&self) -> usize {
        self.starts.bytes().saturating_add(self.prints.len().saturating_mul(4))
    }
}

/// Ascending offsets in little space: for each 256 of them where they begin, and for each how far it is behind that.
#[derive(Clone, Debug, Default)]
pub struct Offsets {
    /// Where 256 offsets begin.
    pub bases: Cow<'static, [u32]>,
    /// How far each is behind.
    pub rest: Cow<'static, [u16]>,
}

impl Offsets {
    /// Writes offsets down, which never fall. `None` when 256 of them lie too far apart.
    pub fn of(offsets: &[u32]) -> Option<Self> {
        let bases: Vec<u32> = offsets.chunks(256).filter_map(|chunk| chunk.first().copied()).collect();
        let rest = offsets.iter().enumerate().map(|(place, offset)| {
            offset.checked_sub(*bases.get(place >> 8)?).and_then(|rest| u16::try_from(rest).ok())
        });
        Some(Self { rest: rest.collect::<Option<Vec<u16>>>()?.into(), bases: bases.into() })
    }

    /// The offset at `place`; 0 where there is none.
    #[inline]
    pub fn get(&self, place: usize) -> usize {
        let base = self.bases.get(place >> 8).copied().unwrap_or_default();
        let rest = self.rest.get(place).copied().unwrap_or_default();
        (base as usize).saturating_add(usize::from(rest))
    }

    /// From the offset at `place` to the next one.
    #[inline]
    pub fn range(&self, place: usize) -> core::ops::Range<usize> {
        self.get(place)..self.get(place.saturating_add(1))
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.bases.len().saturating_mul(4).saturating_add(self.rest.len().saturating_mul(2))
    }
}

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    marks: u8,
    /// The number of the word, [`NO_WORD`] if it has none.
    pub number: u16,
}

impl Default for Known {
    fn default() -> Self {
        Self { marks: 0, number: NO_WORD }
    }
}

impl Known {
    pub const WORD: u8 = 1;
    pub const WHOLE: u8 = 2;
    pub const LONG: u8 = 4;
    pub const BACKWARDS: u8 = 8;
    pub const ATBASH: u8 = 16;
    pub const COMMON: u8 = 32;
    pub const LONGER: u8 = 64;

    /// A word.
    pub fn is_word(self) -> bool {
        self.marks & Self::WORD != 0
    }

    /// A word that stands in every text.
    pub fn is_common(self) -> bool {
        self.marks & Self::COMMON != 0
    }

    /// A word that is long enough to be one when it is put together.
    pub fn is_whole(self) -> bool {
        self.marks & Self::WHOLE != 0
    }

    /// The first bytes of a word that is longer than a key.
    pub fn is_long(self) -> bool {
        self.marks & Self::LONG != 0
    }

    /// The first bytes of a word with a number that is longer than a key.
    pub fn is_longer(self) -> bool {
        self.marks & Self::LONGER != 0
    }

    /// A word backwards.
    pub fn is_backwards(self) -> bool {
        self.marks & Self::BACKWARDS != 0
    }

    /// A word in Atbash.
    pub fn is_atbash(self) -> bool {
        self.marks & Self::ATBASH != 0
    }
}

/// A word of a plain form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its number in the vocabulary, [`NO_WORD`] if it has none.
    pub number: u16,
    /// Its first three bytes, the first lowest.
    pub head: u32,
    /// Where it begins in the plain form.
    pub start: usize,
    /// Where the blank behind it stands.
    pub end: usize,
}

impl Vocabulary {
    /// What is known of a key.
    pub(super) fn get(&self, key: Key) -> Known {
        self.known(key.hash())
    }

    /// What is known of the key with this hash.
    #[inline]
    pub(super) fn known(&self, hash: u64) -> Known {
        if !self.may(hash).0 {
            return Known::default();
        }
        let known = self
            .keys
            .find(hash)
            .and_then(|place| Some(Known { marks: *self.marks.get(place)?, number: *self.numbers.get(place)? }));
        known.unwrap_or_default()
    }

    /// Whether something may be known of the key with this hash, and whether it may be the begin of a word that is looked
    /// for in pieces, shorter than the word. Each is wrong in one of ten cases.
    #[inline]
    pub(super) fn may(&self, hash: u64) -> (bool, bool) {
        let bits = self.filter.get(bucket(hash, BUCKETS)).copied().unwrap_or_default();
        (bits & key_bit(hash) != 0, bits & begin_bit(hash) != 0)
    }

    /// The number of the word of the plain form from `start` to `end`, whose key is `known`.
    #[inline]
    pub(super) fn number(&self, known: Known, word: &[u8]) -> u16 {
        match word.len() <= Key::BYTES {
            true => known.number,
            false if known.is_longer() => self.long_word(word).map_or(NO_WORD, |word| word.0),
            false => NO_WORD,
        }
    }

    /// The number of `word`, if it has one.
    pub fn number_of(&self, word: &[u8]) -> Option<u16> {
        Some(self.number(self.get(Key::of(word)), word)).filter(|number| *number != NO_WORD)
    }

    /// The words of a plain form, in order.
    pub fn tokens(&self, plain: &[u8], mut each: impl FnMut(Token)) {
        let mut start = 1_usize;
        while let Some(rest) = plain.get(start..).filter(|rest| !rest.is_empty()) {
            let (key, length) = Key::up_to_blank(rest);
            let length = length.or_else(|| rest.iter().position(|byte| *byte == b' ')).unwrap_or(rest.len());
            let number = self.number(self.get(key), rest.get(..length).unwrap_or_default());
            let end = start.saturating_add(length);
            each(Token { number, head: key.head(), start, end });
            start = end.saturating_add(1);
        }
    }

    /// By how many letters of the alphabet a word of the vocabulary was turned to give `key`, which is of ASCII letters
    /// alone; from 1 to 25.
    pub(super) fn turn(&self, key: Key) -> Option<u8> {
        let (place, bit) = turn_bit(turned_half(key));
        if self.turn_filter.get(place)? & bit == 0 {
            return None;
        }
        let first = *self.firsts.get(self.turns.find(turned(key).hash())?)?;
        let ahead = key.first().saturating_add(26).saturating_sub(first);
        ahead.checked_rem(26).filter(|turn| *turn != 0)
    }

    /// The number of a word of more than [`Key::BYTES`], and whether it is looked for under a disguise.
    fn long_word(&self, word: &[u8]) -> Option<(u16, bool)> {
        let (mut from, mut to) = (0, self.longs.len());
        while from < to {
            let middle = from.midpoint(to);
            let begin = middle.checked_sub(1).map_or(Some(0), |before| Some(self.longs.get(before)?.0))?;
            let (end, number, disguised) = *self.longs.get(middle)?;
            let here = self.long.as_bytes().get(begin as usize..end as usize)?;
            match here.cmp(word) {
                core::cmp::Ordering::Less => from = middle.saturating_add(1),
                core::cmp::Ordering::Equal => return Some((number, disguised)),
                core::cmp::Ordering::Greater => to = middle,
            }
        }
        None
    }

    /// Whether `word` is a word of any length.
    pub(super) fn has(&self, word: &[u8]) -> bool {
        let known = self.get(Key::of(word));
        if word.len() > Key::BYTES { known.is_long() && self.has_long(word) } else { known.is_word() }
    }

    fn has_long(&self, word: &[u8]) -> bool {
        self.long_word(word).is_some_and(|(_, disguised)| disguised)
    }

    /// The words that `text` begins with: the lengths of those of at least `least` bytes, in ascending order.
    pub(super) fn begins<'v>(&'v self, text: &'v [u8], least: usize) -> impl Iterator<Item = usize> + 'v {
        let mask = self.heads.get(head(text)).copied().unwrap_or_default();
        let short = (least..=Key::BYTES.min(text.len()))
            .filter(move |length| mask.wrapping_shr(u32::try_from(*length).unwrap_or(u32::MAX)) & 1 != 0)
            .filter(|length| text.get(..*length).is_some_and(|word| self.get(Key::of(word)).is_word()));
        let may_be_long = mask.wrapping_shr(17) != 0 && text.len() > Key::BYTES && self.get(Key::of(text)).is_long();
        let until = if may_be_long { text.len().min(LONGEST) } else { 0 };
        let longer = Key::BYTES.saturating_add(1)..=until;
        short.chain(longer.filter(|length| text.get(..*length).is_some_and(|word| self.has_long(word))))
    }

    /// Whether `text` begins with a word of five letters or more.
    pub(super) fn is_begun(&self, text: &[u8]) -> bool {
        const HEAD: usize = 4;
        let head = text.get(..HEAD).unwrap_or_default();
        if text.is_ascii() && !self.may(Key::of(head).hash()).1 {
            return false;
        }
        self.begins(text, HEAD.saturating_add(1)).next().is_some()
    }

    /// Bytes of the tables.
    pub fn memory(&self) -> usize {
        let words = self.filter.len().saturating_add(self.turn_filter.len()).saturating_mul(8);
        let known = self.marks.len().saturating_add(self.numbers.len().saturating_mul(2));
        let heads = self.heads.len().saturating_mul(4);
        let long = self.long.len().saturating_add(self.longs.len().saturating_mul(8));
        let indices = self.keys.bytes().saturating_add(self.turns.bytes()).saturating_add(self.firsts.len());
        [words, known, heads, long, indices].into_iter().fold(0, usize::saturating_add)
    }
}

/// The letter at the same place from the other end of the alphabet.
pub(super) fn mirror(letter: u8) -> u8 {
    b'a'.saturating_add(b'z').saturating_sub(letter)
}

/// The place of a word in [`Vocabulary::heads`].
pub(super) fn head(word: &[u8]) -> usize {
    let byte = |at: usize| word.get(at).copied().map_or(0, usize::from);
    byte(0).wrapping_mul(31).wrapping_add(byte(1)) & 1023
}

#[inline]
pub(super) fn bucket(hash: u64, bits: u32) -> usize {
    hash.wrapping_shr(64_u32.saturating_sub(bits)) as usize
}

/// The bits of a hash by which a bucket knows it.
pub(super) fn print(hash: u64) -> u32 {
    (hash.wrapping_shr(16) & 0xffff_ffff) as u32
}

#[inline]
pub(super) fn key_bit(hash: u64) -> u64 {
    1_u64.wrapping_shl((hash & 63) as u32)
}

#[inline]
pub(super) fn begin_bit(hash: u64) -> u64 {
    1_u64.wrapping_shl((hash.wrapping_shr(6) & 63) as u32)
}

/// The place of a turned word's first half in its filter: a word and a bit of it.
#[inline]
pub(super) fn turn_bit(half: u64) -> (usize, u64) {
    let hash = half.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_shr(64_u32.saturating_sub(TURNS));
    (hash.wrapping_shr(6) as usize, 1_u64.wrapping_shl((hash & 63) as u32))
}
