//! Words in another spelling than their own: in pieces, apart, without blanks, in leet.

use super::disguise::Disguise;
use super::layer::{Layer, Rewrite, Way};
use super::leet;
use super::vocabulary::Vocabulary;
use super::words::{How, Spelled, Words};
use crate::text::Plain;

/// `text`, whose plain form is `plain`, with words in their own spelling, as far as `limit` bytes go; `None` when they
/// are.
pub fn spelling(text: &str, plain: &Plain, vocabulary: &Vocabulary, words: &Words, limit: usize) -> Option<Layer> {
    let mut spelled = words.spelled.clone();
    spelled.sort_unstable_by_key(|s| (s.start, core::cmp::Reverse(s.end)));
    let mut edits: Vec<(usize, usize, String, Disguise)> = Vec::new();
    let mut done = 0;
    for stretch in spelled {
        if stretch.start < done {
            continue;
        }
        let here = plain.bytes().get(stretch.start..stretch.end).and_then(|bytes| core::str::from_utf8(bytes).ok());
        if let Some((read, disguise)) = here.and_then(|here| respelled(here, stretch, vocabulary)) {
            let (from, to) = plain.origin(stretch.start, stretch.end);
            edits.push((from, to, read, disguise));
            done = stretch.end;
        }
    }
    let mut out = Rewrite::of(text, limit);
    for (from, to, read, disguise) in edits {
        out.put(from, to, &read, disguise.into(), Way::Block);
    }
    out.finish()
}

/// How a stretch of the plain form reads; `None` when it is best left as it is.
fn respelled(here: &str, stretch: Spelled, vocabulary: &Vocabulary) -> Option<(String, Disguise)> {
    let joined = || here.split(' ').collect::<String>();
    match stretch.how {
        How::Joined => Some((joined(), Disguise::Split)),
        How::Apart => {
            let (joined, pieces) = (joined(), here.split(' ').count());
            // Short words in a row are often just that.
            if pieces < joined.chars().count() {
                let segments = vocabulary.segment(&joined);
                let other = segments.text != here && segments.known.saturating_mul(2) >= joined.len();
                return other.then_some((segments.text, Disguise::Split));
            }
            let read = if joined.bytes().any(|byte| byte.is_ascii_digit()) {
                leet::read(joined.as_bytes(), b'i').and_then(|read| String::from_utf8(read).ok())
            } else {
                None
            };
            Some((clauses(&vocabulary.segment(read.as_deref().unwrap_or(&joined)).text), Disguise::Split))
        }
        How::Unspaced => unspaced(here, vocabulary),
    }
}

/// Several words in one, forwards or backwards.
fn unspaced(word: &str, vocabulary: &Vocabulary) -> Option<(String, Disguise)> {
    let several = |word: &str| {
        let segments = vocabulary.segment(word);
        let fit = segments.words >= 2 && segments.known.saturating_mul(5) >= word.len().saturating_mul(3);
        fit.then_some(segments.text)
    };
    if let Some(text) = several(word) {
        return Some((text, Disguise::Unspaced));
    }
    let backwards: String = word.chars().rev().collect();
    several(&backwards).map(|text| (text, Disguise::Reversed))
}

/// Words of letters apart: where a sentence ended is not known any more, so each stands as a clause of its own, and no
/// negation before reaches the next.
fn clauses(words: &str) -> String {
    words.replace(' ', "; ")
}
