//! The tables of a vocabulary, made of words.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::key::{Key, turned, turned_half};
use super::vocabulary::{
    BUCKETS, Index, Known, LONGEST, NO_WORD, Offsets, TURN_BUCKETS, TURNS, Vocabulary, begin_bit, bucket, head,
    key_bit, mirror, print, turn_bit,
};

/// Bytes that a word must have to be looked for in pieces, turned or backwards.
const LONG_ENOUGH: usize = 5;
/// As many, for a word that is not in ASCII.
const LONG_ENOUGH_ELSEWHERE: usize = 8;

/// Words that no rule needs to name, so that a text without blanks falls into words where it should.
const COMMON: &str = "the and for you your yours are was were will would should could can may must have has had not all any \
    every each this that these those with from into about what which who whom whose when where why how then than there here \
    them they their his her him its our ours out over under off only just also now new old more most much many some such \
    please before after until while because word words exactly tell give show make take let say said says get got use used \
    do does did done to of in on at by as is it me my we us if or so no be am an up go";

/// Vocabularies under construction.
#[derive(Default)]
struct Making {
    /// By hash: marks and number.
    keys: BTreeMap<u64, (u8, u16)>,
    /// By hash: the first letter of the word.
    turns: BTreeMap<u64, u8>,
    filter: Vec<u64>,
    turn_filter: Vec<u64>,
    heads: Vec<u32>,
    /// Words of more than [`Key::BYTES`]: number, and whether they are looked for under a disguise.
    long: BTreeMap<Vec<u8>, (u16, bool)>,
}

impl Vocabulary {
    /// The words of `terms`, each in plain form: words between blanks, or the begin of one at the end.
    ///
    /// Whole words get numbers in the order of their bytes; `None` when they are too many.
    pub fn of<'t>(terms: impl Iterator<Item = &'t str>) -> Option<Self> {
        let mut words = BTreeSet::new();
        let mut numbered = BTreeSet::new();
        // A rule may name two words in one, too: apart they are found by more.
        let mut compounds = BTreeSet::new();
        for term in terms {
            let mut before = "";
            let mut rest = term.split_ascii_whitespace().peekable();
            while let Some(word) = rest.next() {
                words.insert(word);
                if rest.peek().is_some() || term.ends_with(' ') {
                    numbered.insert(word);
                }
                if !before.is_empty() {
                    compounds.insert([before, word].concat());
                }
                before = word;
            }
        }
        let mut making = Making {
            filter: vec![0; 1_usize.wrapping_shl(BUCKETS)],
            turn_filter: vec![0; 1_usize.wrapping_shl(TURNS.saturating_sub(6))],
            heads: vec![0; 1024],
            ..Making::default()
        };
        for word in words.iter().filter(|word| !compounds.contains(**word)) {
            making.add(word.as_bytes(), true);
        }
        for word in COMMON.split_ascii_whitespace() {
            making.add(word.as_bytes(), false);
        }
        for (number, word) in numbered.iter().enumerate() {
            let number = u16::try_from(number).ok().filter(|number| *number != NO_WORD)?;
            making.number(word.as_bytes(), number);
        }
        making.finish()
    }
}

impl Making {
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
            self.long.entry(word.into()).or_insert((NO_WORD, true)).1 = true;
        } else {
            marks |= Known::WORD;
        }
        self.mark(key, marks);
        let letters = core::str::from_utf8(word).unwrap_or_default();
        for (begin, _) in letters.char_indices().skip(1).filter(|_| whole || !rules) {
            let begin = Key::of(word.get(..begin).unwrap_or_default()).hash();
            self.filter.get_mut(bucket(begin, BUCKETS)).into_iter().for_each(|bits| *bits |= begin_bit(begin));
        }
        if let Some(head) = self.heads.get_mut(head(word)) {
            *head |= 1_u32.wrapping_shl(u32::try_from(word.len()).unwrap_or(u32::MAX).min(31));
        }
        let backwards: String = letters.chars().rev().collect();
        if whole && backwards.as_bytes() != word {
            self.mark(Key::of(backwards.as_bytes()), Known::BACKWARDS);
        }
        if whole && ascii && word.len() <= Key::BYTES {
            let atbash: Vec<u8> = word.iter().map(|letter| mirror(*letter)).collect();
            self.mark(Key::of(&atbash), Known::ATBASH);
            let (place, bit) = turn_bit(turned_half(key));
            self.turn_filter.get_mut(place).into_iter().for_each(|bits| *bits |= bit);
            let first = word.first().copied().unwrap_or(b'a');
            self.turns.entry(turned(key).hash()).or_insert(first);
        }
    }

    fn number(&mut self, word: &[u8], number: u16) {
        if word.len() > Key::BYTES {
            self.mark(Key::of(word), Known::LONGER);
            self.long.entry(word.into()).or_insert((number, false)).0 = number;
        } else {
            self.mark(Key::of(word), 0);
            self.keys.entry(Key::of(word).hash()).or_default().1 = number;
        }
    }

    fn mark(&mut self, key: Key, marks: u8) {
        let hash = key.hash();
        self.keys.entry(hash).or_insert((0, NO_WORD)).0 |= marks;
        self.filter.get_mut(bucket(hash, BUCKETS)).into_iter().for_each(|bits| *bits |= key_bit(hash));
    }

    fn finish(self) -> Option<Vocabulary> {
        let mut long = String::new();
        let mut longs = Vec::with_capacity(self.long.len());
        for (word, (number, disguised)) in &self.long {
            long.push_str(core::str::from_utf8(word).unwrap_or_default());
            longs.push((u32::try_from(long.len()).unwrap_or(u32::MAX), *number, *disguised));
        }
        Some(Vocabulary {
            filter: Cow::Owned(self.filter),
            keys: index(self.keys.keys().copied(), BUCKETS)?,
            marks: self.keys.values().map(|(marks, _)| *marks).collect(),
            numbers: self.keys.values().map(|(_, number)| *number).collect(),
            turn_filter: Cow::Owned(self.turn_filter),
            turns: index(self.turns.keys().copied(), TURN_BUCKETS)?,
            firsts: self.turns.values().copied().collect(),
            heads: Cow::Owned(self.heads),
            long: Cow::Owned(long),
            longs: Cow::Owned(longs),
        })
    }
}

/// Hashes in ascending order, by bucket.
fn index(hashes: impl Iterator<Item = u64>, bits: u32) -> Option<Index> {
    let mut starts = Vec::new();
    let mut prints = Vec::new();
    for hash in hashes {
        while starts.len() <= bucket(hash, bits) {
            starts.push(u32::try_from(prints.len()).ok()?);
        }
        prints.push(print(hash));
    }
    starts.resize(1_usize.wrapping_shl(bits).saturating_add(1), u32::try_from(prints.len()).ok()?);
    Some(Index { bits, starts: Offsets::of(&starts)?, prints: prints.into() })
}
