//! The terms of all rules, and the machine that finds them word by word.
//!
//! A term is a row of labels: the numbers of its words in the vocabulary, and at its end perhaps that of the begin of a
//! word. Terms are sorted by their labels, so that those that go on as a text does are a range, and each word narrows
//! every range that is open. At most [`MAX_WORDS`] ranges are: the cost of a word is bounded whatever the text.

use std::borrow::Cow;

use portcullis_core::text::decode::{NO_WORD, Offsets, Token};

use crate::rule::MAX_WORDS;

/// Bits of the filter of begins of words, by their first three bytes.
const HEADS: u32 = 12;

/// All terms, in the order of their labels.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The labels of all terms in a row.
    pub labels: Cow<'static, [u16]>,
    /// By term: where its labels begin; and where the last ones end.
    pub starts: Offsets,
    /// By word: the first term that begins with it; and one past the last term that begins with a word.
    pub roots: Offsets,
    /// Begins of words, in order: a line each.
    pub stems: Cow<'static, str>,
    /// By begin of a word: where it ends in `stems`, and the term that it is alone, if it is one.
    pub stem_ends: Cow<'static, [(u16, u32)]>,
    /// Bits for the first bytes of the begins of words.
    pub stem_heads: Cow<'static, [u64]>,
    /// Which of the first three bytes of a word these are: those of the shortest begin.
    pub stem_mask: u32,
    /// Bits for two labels that follow each other in a term.
    pub pairs: Cow<'static, [u64]>,
}

/// No term.
pub const NO_TERM: u32 = u32::MAX;

/// The label of the begin of a word.
pub(crate) fn stem_label(stem: usize) -> Option<u16> {
    NO_WORD.checked_sub(1)?.checked_sub(u16::try_from(stem).ok()?)
}

/// The place of the first three bytes of a word in the filter of begins.
pub(crate) fn head_bit(head: u32) -> (usize, u64) {
    let hash = head.wrapping_mul(0x9e37_79b1).wrapping_shr(32_u32.saturating_sub(HEADS));
    (hash.wrapping_shr(6) as usize, 1_u64.wrapping_shl(hash & 63))
}

/// Bits of the filter of labels that follow each other: 16 KiB.
const PAIRS: u32 = 17;

/// The place of two labels in the filter of those that follow each other.
pub(crate) fn pair_bit(first: u16, next: u16) -> (usize, u64) {
    let pair = u32::from(first).wrapping_shl(16) | u32::from(next);
    let hash = pair.wrapping_mul(0x9e37_79b1);
    let hash = (hash ^ hash.wrapping_shr(15)).wrapping_mul(0x85eb_ca6b).wrapping_shr(32_u32.saturating_sub(PAIRS));
    (hash.wrapping_shr(6) as usize, 1_u64.wrapping_shl(hash & 63))
}

/// Words of the filter of labels that follow each other.
pub(crate) const PAIR_WORDS: usize = 1 << (PAIRS - 6);

/// Words of the filter of begins.
pub(crate) const HEAD_WORDS: usize = 1 << (HEADS - 6);

/// Terms that go on as the last words of a text do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Range {
    from: u32,
    to: u32,
    /// Words that were read of them.
    depth: u32,
}

/// The ranges that are open: the longest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Open {
    ranges: [Range; MAX_WORDS as usize],
    count: usize,
    /// The label of the last word, when a range is open.
    last: u16,
}

impl Terms {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.starts.rest.len().saturating_sub(1)
    }

    /// How many words a term has.
    pub(crate) fn words(&self, term: u32) -> u32 {
        let labels = self.starts.range(term as usize);
        u32::try_from(labels.end.saturating_sub(labels.start)).unwrap_or(u32::MAX)
    }

    fn label(&self, term: u32, depth: u32) -> Option<u16> {
        self.labels.get(self.starts.get(term as usize).saturating_add(depth as usize)).copied()
    }

    /// The terms of `range` that go on with `label`.
    fn narrow(&self, range: Range, label: u16) -> Option<Range> {
        let Range { from, to, depth } = range;
        let (mut low, mut high) = (from, to);
        while low < high {
            let middle = low.midpoint(high);
            if self.label(middle, depth)? < label { low = middle.saturating_add(1) } else { high = middle }
        }
        let first = low;
        if first >= to || self.label(first, depth)? != label {
            return None;
        }
        // Most ranges end soon.
        let mut step = 1_u32;
        high = first.saturating_add(1);
        while high < to && self.label(high, depth)? == label {
            low = high;
            high = high.saturating_add(step);
            step = step.saturating_mul(2);
        }
        high = high.min(to);
        while low < high {
            let middle = low.midpoint(high);
            if self.label(middle, depth)? <= label { low = middle.saturating_add(1) } else { high = middle }
        }
        Some(Range { from: first, to: low, depth: depth.saturating_add(1) })
    }

    /// Takes the term that ends with the words of `range` out of it, if there is one.
    fn ended(&self, range: &mut Range) -> Option<u32> {
        let term = range.from;
        (self.words(term) == range.depth).then(|| {
            range.from = range.from.saturating_add(1);
            term
        })
    }

    /// Reads a word of `plain`. `found` is told of every term that ends with it or in it, in the order of a pass over its
    /// bytes, and where it ends.
    pub(crate) fn word(&self, open: &mut Open, token: Token, plain: &[u8], mut found: impl FnMut(u32, usize)) {
        let (word, bit) = head_bit(token.head & self.stem_mask);
        if self.stem_heads.get(word).is_some_and(|bits| bits & bit != 0) {
            self.begins(open, token, plain, &mut found);
        }
        let count = core::mem::take(&mut open.count);
        if token.number == NO_WORD {
            return;
        }
        if count > 0 {
            let (word, bit) = pair_bit(open.last, token.number);
            if self.pairs.get(word).is_some_and(|bits| bits & bit != 0) {
                for place in 0..count {
                    let Some(range) = open.ranges.get(place).copied() else { break };
                    if let Some(range) = self.narrow(range, token.number) {
                        self.take(open, range, token.end, &mut found);
                    }
                }
            }
        }
        let root = self.roots.range(usize::from(token.number));
        if let (Ok(from), Ok(to)) = (u32::try_from(root.start), u32::try_from(root.end))
            && from < to
        {
            self.take(open, Range { from, to, depth: 1 }, token.end, &mut found);
        }
        open.last = token.number;
    }

    /// Goes on with what is left of a range when the term that ends at `end` is taken out of it.
    fn take(&self, open: &mut Open, mut range: Range, end: usize, found: &mut impl FnMut(u32, usize)) {
        if let Some(term) = self.ended(&mut range) {
            found(term, end);
        }
        open.push(range);
    }

    /// Terms that end within a word.
    fn begins(&self, open: &Open, token: Token, plain: &[u8], found: &mut impl FnMut(u32, usize)) {
        let Some(word) = plain.get(token.start..token.end) else { return };
        let bytes = 4_usize.saturating_sub(self.stem_mask.leading_zeros() as usize / 8);
        let head = word.get(..bytes).unwrap_or(word);
        let (mut low, mut high) = (0, self.stem_ends.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.stem(middle).is_some_and(|stem| stem < head) {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        while let Some(stem) = self.stem(low).filter(|stem| stem.starts_with(head)) {
            if word.starts_with(stem)
                && let Some(label) = stem_label(low)
            {
                let last = token.start.saturating_add(stem.len());
                for range in open.ranges.get(..open.count).unwrap_or_default() {
                    if let Some(mut range) = self.narrow(*range, label)
                        && let Some(term) = self.ended(&mut range)
                    {
                        found(term, last);
                    }
                }
                if let Some((_, term)) = self.stem_ends.get(low).filter(|(_, term)| *term != NO_TERM) {
                    found(*term, last);
                }
            }
            low = low.saturating_add(1);
        }
    }

    /// The begin of a word at this place.
    pub(crate) fn stem(&self, place: usize) -> Option<&[u8]> {
        let to = self.stem_ends.get(place)?.0;
        let from = place.checked_sub(1).map_or(Some(0), |before| Some(self.stem_ends.get(before)?.0))?;
        self.stems.as_bytes().get(usize::from(from)..usize::from(to))
    }

    /// Bytes of the tables.
    pub fn memory(&self) -> usize {
        let labels = self.labels.len().saturating_mul(2);
        let starts = self.starts.bytes().saturating_add(self.roots.bytes());
        let stems = self.stem_ends.len().saturating_mul(8).saturating_add(self.stems.len());
        let filters = self.stem_heads.len().saturating_add(self.pairs.len()).saturating_mul(8);
        [labels, starts, stems, filters].into_iter().fold(0, usize::saturating_add)
    }
}

impl Open {
    fn push(&mut self, range: Range) {
        if range.from < range.to
            && let Some(place) = self.ranges.get_mut(self.count)
        {
            *place = range;
            self.count = self.count.saturating_add(1);
        }
    }
}
