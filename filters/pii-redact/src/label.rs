//! The labels before a value: which topics the text announces, how near, and whether they announce this very value.
//!
//! Only what stands before is read, on the same line, at most [`REACH`] characters back. So the answer is the same in a
//! whole text and in a stream.

use std::cell::{OnceCell, RefCell};
use std::collections::VecDeque;

use aho_corasick::automaton::{Automaton as _, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind};

use crate::topics::{NEUTRAL, Topics, WORDS};
use crate::view::{View, down, up};

/// How many characters before a value a label may begin.
pub(crate) const REACH: usize = 40;

/// How many bytes before a position may be read: [`REACH`] characters and a few to see the edges of words.
pub(crate) const REACH_BYTES: usize = 4 * REACH + 16;

/// Words up to this many bytes count only where they stand alone: `sin` is not in `using`.
const SHORT: usize = 5;

/// Words that may stand between a label and its value.
const FILLER: &[&str] = &[
    "number",
    "numbers",
    "no",
    "nr",
    "num",
    "id",
    "is",
    "was",
    "are",
    "card",
    "code",
    "of",
    "numer",
    "numero",
    "número",
    "nummer",
    "da",
    "do",
    "de",
    "del",
    "der",
    "empresa",
    "cliente",
    "client",
    "value",
    "key",
    "osobistym",
    "osobisty",
    "osobistego",
    "pojazdu",
    "as",
    "the",
    "to",
    "on",
    "at",
    "dnia",
    "am",
    "el",
    "le",
    "den",
    "la",
    "und",
    "and",
    "details",
    "like",
    "including",
    "account",
    "n",
    "iban",
    "ist",
    "est",
    "es",
    "registration",
    "ssn",
    "dl",
    "atin",
    "new",
    "old",
    "primary",
    "home",
    "work",
    "office",
    "bare",
];

/// The dictionary of labels.
#[derive(Debug)]
pub(crate) struct Labels {
    words: NFA,
    start: StateID,
    meaning: Vec<Meaning>,
}

#[derive(Clone, Copy, Debug)]
struct Meaning {
    topics: Topics,
    edges: bool,
}

/// One label before a value: the topics it announces and where it ends.
#[derive(Clone, Copy, Debug)]
struct Hit {
    start: usize,
    end: usize,
    topics: Topics,
}

impl Labels {
    /// Builds the automaton of all words. `None` when the words would not fit in it.
    pub(crate) fn new() -> Option<Self> {
        let mut patterns: Vec<Vec<u8>> = Vec::new();
        let mut meaning = Vec::new();
        for (topics, words) in WORDS {
            for word in *words {
                let edges = word.is_ascii() && (word.len() <= SHORT || topics & NEUTRAL != 0);
                // Capitals of other scripts are words of their own; those of ASCII and Latin-1 are folded in the text.
                let capitals = fold(word.to_uppercase().as_bytes());
                let small = word.as_bytes().to_vec();
                for pattern in std::iter::once(small).chain((capitals != word.as_bytes()).then_some(capitals)) {
                    patterns.push(pattern);
                    meaning.push(Meaning { topics: *topics, edges });
                }
            }
        }
        let words = NFA::builder().match_kind(MatchKind::Standard).build(patterns).ok()?;
        let start = words.start_state(Anchored::No).ok()?;
        Some(Self { words, start, meaning })
    }

    /// The labels between `from` and `to`. What `trail` has read already is not read again.
    fn between(&self, view: View<'_>, from: usize, to: usize, trail: &mut Trail) -> Vec<Hit> {
        let known = trail.state.filter(|_| trail.read >= from);
        let (mut state, mut at) = known.map_or((self.start, from), |state| (state, trail.read));
        let mut before = view.before(at).unwrap_or(0);
        for &byte in view.slice(at, to) {
            let folded = fold_byte(before, byte);
            before = byte;
            state = self.words.next_state(Anchored::No, state, folded);
            at = up(at, 1);
            if self.words.is_special(state) && self.words.is_match(state) {
                self.note(view, state, at, trail);
            }
        }
        if at >= trail.read {
            trail.state = Some(state);
            trail.read = at;
        }
        while trail.hits.front().is_some_and(|hit| hit.end < down(to, REACH_BYTES)) {
            trail.hits.pop_front();
        }
        trail.hits.iter().filter(|hit| hit.start >= from && hit.end <= to).copied().collect()
    }

    fn note(&self, view: View<'_>, state: StateID, end: usize, trail: &mut Trail) {
        for index in 0..self.words.match_len(state) {
            let pattern = self.words.match_pattern(state, index);
            let Some(meaning) = self.meaning.get(pattern.as_usize()) else { continue };
            let start = down(end, self.words.pattern_len(pattern));
            if !meaning.edges || edge(view, start) && edge(view, end) {
                trail.hits.push_back(Hit { start, end, topics: meaning.topics });
            }
        }
    }
}

/// How far a text has been read for labels, and those found in its last part.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    read: usize,
    state: Option<StateID>,
    hits: VecDeque<Hit>,
}

/// Where the text that may label a value at `start` begins.
///
/// That is the line of the value; when the value stands first on its line and the line before ends with a colon, that
/// line too.
fn window(view: View<'_>, start: usize) -> usize {
    let near = view.slice(down(start, REACH), start);
    if near.is_ascii() {
        let line = near.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| up(at, 1));
        let rest = near.get(line..).unwrap_or_default();
        if line == 0 || !rest.iter().all(|&byte| byte.is_ascii_whitespace() || byte == b':') {
            return down(start, rest.len());
        }
    }
    let mut from = start;
    let mut characters = 0_usize;
    let mut blank = true;
    while let Some(byte) = view.before(from) {
        if byte == b'\n' {
            let before = down(from, 1);
            let before = if view.before(before) == Some(b'\r') { down(before, 1) } else { before };
            if !blank || view.before(before) != Some(b':') {
                break;
            }
        } else if blank && !byte.is_ascii_whitespace() && byte != b':' {
            blank = false;
        }
        if byte & 0xc0 != 0x80 {
            characters = up(characters, 1);
        }
        from = down(from, 1);
        if characters >= REACH {
            break;
        }
    }
    from
}

/// Lower case of ASCII and Latin-1 letters, and `_` as a space; the length stays.
fn fold(text: &[u8]) -> Vec<u8> {
    let mut before = 0_u8;
    text.iter().map(|&byte| fold_byte(std::mem::replace(&mut before, byte), byte)).collect()
}

#[inline]
const fn fold_byte(before: u8, byte: u8) -> u8 {
    match byte {
        b'_' => b' ',
        0x80..=0x9e if before == 0xc3 => byte.wrapping_add(0x20),
        _ => byte.to_ascii_lowercase(),
    }
}

/// Whether no word goes on across a position; a capital after a small letter begins a new one.
fn edge(view: View<'_>, position: usize) -> bool {
    let after = view.slice(position, up(position, 1)).first().copied().unwrap_or(b' ');
    let before = view.before(position).unwrap_or(b' ');
    let letter = |b: u8| b.is_ascii_alphabetic() || b >= 0x80;
    !letter(before) || !letter(after) || before.is_ascii_lowercase() && after.is_ascii_uppercase()
}

/// What stands before one value. The labels are looked up when they are first asked for.
pub(crate) struct Before<'a> {
    view: View<'a>,
    start: usize,
    labels: &'a Labels,
    trail: &'a RefCell<Trail>,
    hits: OnceCell<Vec<Hit>>,
}

/// How a label announces a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Announced {
    /// Where the label ends: the nearer, the more it counts.
    pub(crate) end: usize,
    /// Nothing but filler words and punctuation stands between the label and the value.
    pub(crate) adjacent: bool,
}

impl<'a> Before<'a> {
    /// What stands before a value at `start`.
    pub(crate) const fn new(view: View<'a>, start: usize, labels: &'a Labels, trail: &'a RefCell<Trail>) -> Self {
        Self { view, start, labels, trail, hits: OnceCell::new() }
    }

    fn hits(&self) -> &[Hit] {
        self.hits.get_or_init(|| match self.trail.try_borrow_mut() {
            Ok(mut trail) => self.labels.between(self.view, window(self.view, self.start), self.start, &mut trail),
            Err(_) => Vec::new(),
        })
    }

    /// Whether any label stands before the value.
    pub(crate) fn labelled(&self) -> bool {
        !self.hits().is_empty()
    }

    /// The nearest label of one of the topics, unless a neutral word (`order`, `version`) stands nearer.
    pub(crate) fn announces(&self, topics: Topics) -> Option<Announced> {
        let hits = self.hits();
        let wall = hits.iter().filter(|hit| hit.topics & NEUTRAL != 0).map(|hit| hit.end).max().unwrap_or(0);
        let hit = hits.iter().filter(|hit| hit.topics & topics != 0 && hit.start >= wall).max_by_key(|hit| hit.end)?;
        Some(Announced { end: hit.end, adjacent: filler(self.view.slice(hit.end, self.start)) })
    }

    /// The nearest label of any topic is one of these.
    pub(crate) fn nearest_is(&self, topics: Topics) -> bool {
        let hits = self.hits();
        let end = hits.iter().map(|hit| hit.end).max().unwrap_or(0);
        hits.iter().any(|hit| hit.end == end && hit.topics & topics != 0)
    }

    /// Whether a value may begin here at all, and whether it hangs on to something before it.
    pub(crate) fn opening(&self) -> Opening {
        opening(self.view, self.start)
    }
}

fn filler(gap: &[u8]) -> bool {
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80;
    gap.split(|byte| !word(byte)).filter(|token| !token.is_empty()).all(|token| {
        // Full-width punctuation and curly quotes are no words; what begins with their lead byte passes.
        let punctuation = token.first().is_some_and(|&lead| matches!(lead, 0xe2 | 0xe3 | 0xef));
        punctuation || FILLER.iter().any(|filler| filler.as_bytes().eq_ignore_ascii_case(token))
    })
}

/// What stands right before a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// Nothing it could belong to.
    Clean,
    /// The end of a word and a `-`, `/` or `.`: a part of a longer name, unless a label says otherwise.
    Hanging,
    /// In the middle of a word, a number or a path.
    Closed,
}

/// What stands right before `start`.
pub(crate) fn opening(view: View<'_>, start: usize) -> Opening {
    let Some(before) = view.before(start) else { return Opening::Clean };
    let further = view.before(down(start, 1)).unwrap_or(b' ');
    match before {
        b'n' | b'r' | b't' if further == b'\\' => Opening::Clean,
        _ if crate::view::is_word(before) => Opening::Closed,
        b'@' | b'$' | b'~' | b'^' => Opening::Closed,
        b'-' | b'.' | b'/' | b'+' | b'*' if further.is_ascii_digit() => Opening::Closed,
        b'-' | b'/' | b'.' | b'+' if further.is_ascii_alphabetic() || further == b'_' => Opening::Hanging,
        _ => Opening::Clean,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::{Before, Labels, Opening, opening};
    use crate::topics::{ACCOUNT, CARD, IBAN, NHS, NIR, PHONE, SIN, SSN};
    use crate::view::View;

    fn announced(text: &str, topics: u128) -> Option<bool> {
        let labels = Labels::new().unwrap();
        let start = text.find('|').unwrap();
        let view = View::whole(text.as_bytes());
        let trail = RefCell::default();
        let before = Before::new(view, start, &labels, &trail);
        before.announces(topics).map(|label| label.adjacent)
    }

    #[test]
    fn a_label_counts_in_every_case_and_spelling() {
        for text in ["SSN: |", "userSsn=|", "my_ssn is |", "\"ssn\": \"|", "Social Security number |"] {
            assert_eq!(announced(text, SSN), Some(true), "{text}");
        }
        assert_eq!(announced("NUMÉRO_DE_SÉCURITÉ_SOCIALE=|", NIR), Some(true));
        assert_eq!(announced("phoneNumber: |", PHONE), Some(true));
    }

    #[test]
    fn short_labels_are_not_found_inside_words() {
        assert_eq!(announced("using |", SIN), None);
        assert_eq!(announced("the business is |", SIN), None);
        assert_eq!(announced("SIN |", SIN), Some(true));
    }

    #[test]
    fn a_neutral_word_that_stands_nearer_voids_a_label() {
        assert_eq!(announced("card paid, order |", CARD), None);
        assert_eq!(announced("order paid by card |", CARD), Some(true));
    }

    #[test]
    fn a_label_counts_on_its_own_line_or_ending_the_line_before_with_a_colon() {
        assert_eq!(announced("phone\n|", PHONE), None);
        assert_eq!(announced("Phone:\n|", PHONE), Some(true));
        assert_eq!(announced("NHS number is this long before the value that |", NHS), None);
    }

    #[test]
    fn words_between_label_and_value_make_it_distant() {
        assert_eq!(announced("account of the customer said |", ACCOUNT), Some(false));
        assert_eq!(announced("account number = |", IBAN), Some(true));
    }

    #[test]
    fn a_value_does_not_begin_inside_a_number_or_a_path() {
        let at = |text: &str| opening(View::whole(text.as_bytes()), text.len());
        assert_eq!(at("4792-"), Opening::Closed);
        assert_eq!(at("abc"), Opening::Closed);
        assert_eq!(at("3."), Opening::Closed);
        assert_eq!(at("ssn-"), Opening::Hanging);
        assert_eq!(at("ssn:"), Opening::Clean);
        assert_eq!(at("line\\n"), Opening::Clean);
        assert_eq!(at(""), Opening::Clean);
    }
}
