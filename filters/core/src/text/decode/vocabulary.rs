//! Words that are looked for under a disguise.

use std::collections::BTreeSet;

use super::key::{Key, turned};

/// Bytes that a word must have to be looked for in pieces, turned or backwards.
const LONG_ENOUGH: usize = 5;
/// As many, for a word that is not in ASCII.
const LONG_ENOUGH_ELSEWHERE: usize = 8;
/// Bytes of the longest word.
const LONGEST: usize = 48;
/// Bits of the filter that most lookups end at: 16 KiB, which stay in a processor's first cache.
const FILTER: u32 = 17;

/// Words that no rule needs to name, so that a text without blanks falls into words where it should.
const COMMON: &str = "the and for you your yours are was were will would should could can may must have has had not all any \
    every each this that these those with from into about what which who whom whose when where why how then than there here \
    them they their his her him its our ours out over under off only just also now new old more most much many some such \
    please before after until while because word words exactly tell give show make take let say said says get got use used \
    do does did done to of in on at by as is it me my we us if or so no be am an up go";

/// A set of words, and the same words as they look when they are turned or backwards.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    filter: Vec<u64>,
    slots: Vec<Slot>,
    /// By the first two bytes of a word: the lengths of those that begin so, a bit each; the last for all that are longer.
    heads: Vec<u32>,
    /// Words of more than [`Key::BYTES`], sorted.
    long: Vec<Box<[u8]>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    print: u32,
    marks: u16,
    first: u8,
}

/// What is known of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Known(u16);

impl Known {
    const WORD: u16 = 1;
    const WHOLE: u16 = 2;
    const LONG: u16 = 4;
    const TURNED: u16 = 8;
    const BACKWARDS: u16 = 16;
    const ATBASH: u16 = 32;
    const COMMON: u16 = 64;

    /// A word.
    pub fn is_word(self) -> bool {
        self.0 & Self::WORD != 0
    }

    /// A word that stands in every text.
    pub fn is_common(self) -> bool {
        self.0 & Self::COMMON != 0
    }

    /// A word that is long enough to be one when it is put together.
    pub fn is_whole(self) -> bool {
        self.0 & Self::WHOLE != 0
    }

    /// The first bytes of a word that is longer than a key.
    pub fn is_long(self) -> bool {
        self.0 & Self::LONG != 0
    }

    /// A word backwards.
    pub fn is_backwards(self) -> bool {
        self.0 & Self::BACKWARDS != 0
    }

    /// A word in Atbash.
    pub fn is_atbash(self) -> bool {
        self.0 & Self::ATBASH != 0
    }
}

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
    /// The words of `terms`, each in plain form.
    pub fn of<'t>(terms: impl Iterator<Item = &'t str>) -> Self {
        let mut words: Vec<&str> = Vec::new();
        // A rule may name two words in one, too: apart they are found by more.
        let mut compounds = BTreeSet::new();
        for term in terms {
            let mut before = "";
            for word in term.split_ascii_whitespace() {
                words.push(word);
                if !before.is_empty() {
                    compounds.insert([before, word].concat());
                }
                before = word;
            }
        }
        let rules = words.len();
        words.extend(COMMON.split_ascii_whitespace());
        let common: Vec<_> = words.split_off(rules);
        words.sort_unstable();
        words.dedup();
        let entries = words.len().saturating_mul(4).saturating_add(common.len());
        let mut vocabulary = Self {
            filter: vec![0; 1_usize.wrapping_shl(FILTER.saturating_sub(6))],
            slots: vec![Slot::default(); entries.saturating_mul(2).next_power_of_two()],
            heads: vec![0; 1024],
            long: Vec::new(),
        };
        for word in words.iter().filter(|word| !compounds.contains(**word)) {
            vocabulary.add(word.as_bytes(), true);
        }
        for word in common {
            vocabulary.add(word.as_bytes(), false);
        }
        vocabulary.long.sort_unstable();
        vocabulary.long.dedup();
        vocabulary
    }

    fn add(&mut self, word: &[u8], rules: bool) {
        let ascii = word.iter().all(u8::is_ascii_lowercase);
        if word.len() < 2 || word.len() > LONGEST || word.iter().all(u8::is_ascii_digit) {
            return;
        }
        let whole = rules && word.len() >= if ascii { LONG_ENOUGH } else { LONG_ENOUGH_ELSEWHERE };
        let key = Key::of(word);
        let mut marks = if whole { Known::WHOLE } else { 0 };
        if !rules {
            marks |= Known::COMMON;
        }
        if word.len() > Key::BYTES {
            marks |= Known::LONG;
            self.long.push(word.into());
        } else {
            marks |= Known::WORD;
        }
        self.mark(key, marks, 0);
        if let Some(head) = self.heads.get_mut(head(word)) {
            *head |= 1_u32.wrapping_shl(u32::try_from(word.len()).unwrap_or(u32::MAX).min(31));
        }
        let backwards: String = core::str::from_utf8(word).unwrap_or_default().chars().rev().collect();
        if whole && backwards.as_bytes() != word {
            self.mark(Key::of(backwards.as_bytes()), Known::BACKWARDS, 0);
        }
        if whole && ascii && word.len() <= Key::BYTES {
            let atbash: Vec<u8> = word.iter().map(|letter| mirror(*letter)).collect();
            self.mark(Key::of(&atbash), Known::ATBASH, 0);
            let first = word.first().copied().unwrap_or(b'a');
            self.mark(turned(key), Known::TURNED, first);
        }
    }

    fn mark(&mut self, key: Key, marks: u16, first: u8) {
        let hash = key.hash();
        if let Some(bits) = self.filter.get_mut(filter(hash).0) {
            *bits |= filter(hash).1;
        }
        let mut place = hash as usize;
        for _ in 0..self.slots.len() {
            place &= self.slots.len().saturating_sub(1);
            let Some(slot) = self.slots.get_mut(place) else { return };
            if slot.marks == 0 || slot.print == print(hash) {
                let first = if slot.marks & Known::TURNED == 0 { first } else { slot.first };
                *slot = Slot { print: print(hash), marks: slot.marks | marks, first };
                return;
            }
            place = place.saturating_add(1);
        }
    }

    /// What is known of a key.
    pub(super) fn get(&self, key: Key) -> Known {
        self.slot(key).map_or(Known(0), |slot| Known(slot.marks))
    }

    /// By how many letters of the alphabet a word of the vocabulary was turned to give `key`, which is of ASCII letters
    /// alone; from 1 to 25.
    pub(super) fn turn(&self, key: Key) -> Option<u8> {
        let slot = self.slot(turned(key)).filter(|slot| slot.marks & Known::TURNED != 0)?;
        let first = key.first();
        let ahead = first.saturating_add(26).saturating_sub(slot.first);
        ahead.checked_rem(26).filter(|turn| *turn != 0)
    }

    fn slot(&self, key: Key) -> Option<Slot> {
        let hash = key.hash();
        let (word, bit) = filter(hash);
        if self.filter.get(word)? & bit == 0 {
            return None;
        }
        let mut place = hash as usize;
        for _ in 0..self.slots.len() {
            place &= self.slots.len().saturating_sub(1);
            let slot = self.slots.get(place)?;
            if slot.marks == 0 {
                return None;
            }
            if slot.print == print(hash) {
                return Some(*slot);
            }
            place = place.saturating_add(1);
        }
        None
    }

    /// Whether `word` is a word of any length.
    pub(super) fn has(&self, word: &[u8]) -> bool {
        let known = self.get(Key::of(word));
        if word.len() > Key::BYTES {
            known.is_long() && self.long.binary_search_by(|long| long.as_ref().cmp(word)).is_ok()
        } else {
            known.is_word()
        }
    }

    /// The words that `text` begins with: the lengths of those of at least `least` bytes, in ascending order.
    fn begins<'v>(&'v self, text: &'v [u8], least: usize) -> impl Iterator<Item = usize> + 'v {
        let mask = self.heads.get(head(text)).copied().unwrap_or_default();
        let short = (least..=Key::BYTES.min(text.len()))
            .filter(move |length| mask.wrapping_shr(u32::try_from(*length).unwrap_or(u32::MAX)) & 1 != 0)
            .filter(|length| text.get(..*length).is_some_and(|word| self.get(Key::of(word)).is_word()));
        let may_be_long = mask.wrapping_shr(17) != 0 && text.len() > Key::BYTES && self.get(Key::of(text)).is_long();
        let until = if may_be_long { text.len().min(LONGEST) } else { 0 };
        short.chain((Key::BYTES.saturating_add(1)..=until).filter(|length| {
            text.get(..*length).is_some_and(|word| self.long.binary_search_by(|long| long.as_ref().cmp(word)).is_ok())
        }))
    }

    /// Whether `text` begins with a word of five letters or more.
    pub(super) fn is_begun(&self, text: &[u8]) -> bool {
        self.begins(text, LONG_ENOUGH).next().is_some()
    }

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

    /// Bytes on the heap.
    pub fn memory(&self) -> usize {
        let slots = self.slots.len().saturating_mul(size_of::<Slot>());
        let long = self.long.iter().fold(0_usize, |sum, word| sum.saturating_add(word.len()).saturating_add(16));
        slots.saturating_add(self.filter.len().saturating_mul(8)).saturating_add(4096).saturating_add(long)
    }
}

/// The letter at the same place from the other end of the alphabet.
pub(super) fn mirror(letter: u8) -> u8 {
    b'a'.saturating_add(b'z').saturating_sub(letter)
}

fn head(word: &[u8]) -> usize {
    let byte = |at: usize| word.get(at).copied().map_or(0, usize::from);
    byte(0).wrapping_mul(31).wrapping_add(byte(1)) & 1023
}

/// The place of a hash in the filter: a word and a bit of it.
fn filter(hash: u64) -> (usize, u64) {
    let place = hash.wrapping_shr(64_u32.saturating_sub(FILTER));
    (place.wrapping_shr(6) as usize, 1_u64.wrapping_shl((place & 63) as u32))
}

/// The bits of a hash by which a slot knows it.
fn print(hash: u64) -> u32 {
    (hash.wrapping_shr(24) & 0xffff_ffff) as u32
}
