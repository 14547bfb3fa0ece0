//! What stands around a match in the text itself: where the plain form has only blanks.

use portcullis_core::text::{Fold, fold};

use crate::term::MAX_MARKS;

/// Bytes looked at before and after a match.
const NEAR: usize = 48;

/// Marks after which a sentence, a line, a clause or a quotation begins.
const OPENERS: &str = "\n\r.!?:;,–—([{<>]})|/=\"“”‘«»„。、…•¡¿「『،؛؟۔।॥";

/// Whether what begins at `at` begins a sentence, a line, a clause or a quotation.
pub(crate) fn opens(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let mut seen = before.chars().rev().filter(|c| !matches!(fold(*c), Fold::Nothing)).map(plain).take(NEAR);
    let passed = |c: char| matches!(c, '*' | '_' | '#' | '`') || (c.is_whitespace() && !matches!(c, '\n' | '\r'));
    match seen.find(|c| !passed(*c)) {
        None => true,
        // Inside a word it is an elision or a compound.
        Some('\'' | '’' | '-') => !seen.next().is_some_and(char::is_alphanumeric),
        Some(c) => OPENERS.contains(c),
    }
}

/// Bytes between a negation and what it negates.
const FAR: usize = 256;

/// What ends a clause or opens the next one.
const ENDS: [char; 26] = [
    ',', '，', '、', '–', '—', '.', '!', '?', ':', ';', '。', '！', '？', '：', '；', '．', '｡', '।', '…', '¡', '¿',
    '،', '؛', '؟', '۔', '॥',
];

/// Whether no clause ends between `start` and `end`: a "not" before that says nothing about what follows. A single
/// line break ends none.
pub(crate) fn is_one_clause(text: &str, start: usize, end: usize) -> bool {
    // A negation that far away, behind blanks and invisible characters, is there to be one.
    let between = match text.get(start..end) {
        Some(between) if between.len() <= FAR => between,
        _ => return false,
    };
    let mut blank_line = false;
    !between.chars().any(|c| {
        let second_break = c == '\n' && blank_line;
        blank_line = c == '\n' || (blank_line && c.is_whitespace());
        second_break || ENDS.contains(&c)
    })
}

/// Whether the match from `start` to `end` stands right behind an opening quotation mark whose closing one follows
/// soon: words that are spoken about.
pub(crate) fn is_quoted(text: &str, start: usize, end: usize) -> bool {
    let mut before = text.get(..start).unwrap_or_default().chars().rev().take(NEAR);
    // The marks of a token such as <|end|> stand inside the quotation.
    let passed = |c: &char| matches!(c, '<' | '|' | '[' | '/') || matches!(fold(*c), Fold::Nothing);
    let before = before.find(|c| !passed(c));
    let close: &[char] = match before {
        Some('"') => &['"'],
        Some('\'' | '‘' | '‚') => &['\'', '’', '‘'],
        Some('`') => &['`'],
        Some('“' | '„' | '”') => &['”', '“', '"'],
        Some('«') => &['»'],
        Some('»') => &['«'],
        Some('「' | '『') => &['」', '』'],
        _ => return false,
    };
    let after = text.get(end..).unwrap_or_default();
    let mut after = after.chars().take(NEAR).take_while(|c| *c != '\n').peekable();
    while let Some(c) = after.next() {
        // An apostrophe inside a word closes nothing.
        if close.contains(&c) && !after.peek().is_some_and(|next| next.is_alphanumeric()) {
            return true;
        }
    }
    false
}

/// Whether the match from `start` to `end` stands between one of `pairs` of punctuation (a line each, a tabulator between the
/// two), blanks and invisible
/// characters left aside.
pub(crate) fn stands(text: &str, start: usize, end: usize, pairs: &str) -> bool {
    let before = Marks::of(text.get(..start).unwrap_or_default().chars().rev());
    let after = Marks::of(text.get(end..).unwrap_or_default().chars());
    let mut pairs = pairs.lines().filter_map(|pair| pair.split_once('\t'));
    pairs.any(|(b, a)| before.begin_with(b.chars().rev()) && after.begin_with(a.chars()))
}

/// The punctuation next to a match, up to a letter or digit.
struct Marks([Option<char>; MAX_MARKS]);

impl Marks {
    fn of(chars: impl Iterator<Item = char>) -> Self {
        // Invisible characters are passed over however many there are: a run of them stands at one match only.
        let mut marks = chars.filter(seen).map(plain).take_while(|c| !c.is_alphanumeric());
        Self(core::array::from_fn(|_| marks.next()))
    }

    fn begin_with(&self, mut wanted: impl Iterator<Item = char>) -> bool {
        let mut marks = self.0.iter().copied();
        wanted.all(|c| marks.next().flatten() == Some(c))
    }
}

fn seen(c: &char) -> bool {
    !c.is_whitespace() && !matches!(fold(*c), Fold::Nothing)
}

/// The character as it reads: fullwidth punctuation as ASCII.
fn plain(c: char) -> char {
    if matches!(c, '\u{ff01}'..='\u{ff5e}') {
        char::from_u32((c as u32).saturating_sub(0xff01).saturating_add(0x21)).unwrap_or(c)
    } else {
        c
    }
}
