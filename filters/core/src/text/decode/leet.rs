//! Digits and signs that are written for letters.
//!
//! Where a word in leet is one of the vocabulary's, the words around it that hold digits or signs are read with it.

use super::disguise::Disguise;
use super::layer::{Layer, Rewrite, Way};
use super::signs::Signs;
use super::vocabulary::Vocabulary;
use super::words::Words;
use crate::text::Plain;

/// Bytes of a word beyond which it is no word in leet.
pub(super) const LONGEST: usize = 256;
/// Bytes around a word in leet where others are read, too.
const AROUND: usize = 96;
/// Digits of a number that is one.
const NUMBER: usize = 4;

/// `text`, whose plain form is `plain`, with letters for digits and signs, as far as `limit` bytes go; `None` when there
/// is no word in leet.
pub fn leet(
    text: &str,
    plain: &Plain,
    vocabulary: &Vocabulary,
    words: &Words,
    signs: &Signs,
    limit: usize,
) -> Option<Layer> {
    let mut evident: Vec<_> = words.leet.iter().map(|(start, end)| plain.origin(*start, *end)).collect();
    if signs.leet() {
        signed(text, vocabulary, &mut evident);
        evident.sort_unstable();
    }
    let bytes = text.as_bytes();
    let mut out = Rewrite::of(text, limit);
    for (from, to) in evident {
        let mut at = from.saturating_sub(AROUND).max(out.done());
        // A word that is cut is none.
        while at > out.done() && at.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(belongs) {
            at = at.saturating_add(1);
        }
        let until = to.saturating_add(AROUND);
        while at < until
            && let Some(ahead) = bytes.get(at..).and_then(|rest| rest.iter().position(belongs))
        {
            let start = at.saturating_add(ahead);
            let length = bytes.get(start..).unwrap_or_default().iter().take_while(|byte| belongs(byte)).count();
            at = start.saturating_add(length);
            if start < until
                && let Some((read, length)) = text.get(start..at).and_then(|word| word_of(word, vocabulary))
            {
                out.put(start, start.saturating_add(length), &read, Disguise::Leet.into(), Way::Block);
            }
        }
    }
    out.finish()
}

/// A word in leet as it reads, and how much of it; `None` when it has only letters, or is a number.
fn word_of(word: &str, vocabulary: &Vocabulary) -> Option<(String, usize)> {
    let bytes = word.as_bytes();
    let letters = bytes.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    if letters == bytes.len() || bytes.len() > LONGEST || (letters == 0 && bytes.len() >= NUMBER) {
        return None;
    }
    // What stands at the end is a letter where that makes a word, and a mark where it does not.
    let trimmed = bytes.strip_suffix(b"!").unwrap_or(bytes);
    let known = [(bytes, b'i'), (bytes, b'l'), (trimmed, b'i'), (trimmed, b'l')].into_iter().find_map(|(word, one)| {
        let read = read(word, one).filter(|read| vocabulary.has(read))?;
        Some((read, word.len()))
    });
    let (read, length) = known.or_else(|| Some((read(trimmed, b'i')?, trimmed.len())))?;
    Some((String::from_utf8(read).ok()?, length))
}

/// Words of the vocabulary with signs for letters, which part words in the plain form.
fn signed(text: &str, vocabulary: &Vocabulary, evident: &mut Vec<(usize, usize)>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(place) = bytes.get(at..).and_then(|rest| rest.iter().position(is_sign)) {
        let sign = at.saturating_add(place);
        let before = bytes.get(at..sign).unwrap_or_default().iter().rev().take_while(|byte| belongs(byte)).count();
        let after = bytes.get(sign..).unwrap_or_default().iter().take_while(|byte| belongs(byte)).count();
        let start = sign.saturating_sub(before);
        at = sign.saturating_add(after);
        let word = bytes.get(start..at).unwrap_or_default();
        let trimmed = word.strip_suffix(b"!").unwrap_or(word);
        if !(3..=LONGEST).contains(&trimmed.len()) || !trimmed.iter().any(u8::is_ascii_alphabetic) {
            continue;
        }
        let is_word = |word: &[u8], one: u8| {
            let read = read(word, one).unwrap_or_default();
            vocabulary.has(&read) || (read.len() >= 9 && vocabulary.is_begun(&read))
        };
        let inside = trimmed.iter().any(is_sign) && (is_word(trimmed, b'i') || is_word(trimmed, b'l'));
        if inside
            || (trimmed.len() < word.len() && trimmed.len() >= 4 && is_word(word, b'i') && !is_word(trimmed, b'i'))
        {
            evident.push((start, at));
        }
    }
}

fn is_sign(byte: &u8) -> bool {
    matches!(byte, b'@' | b'$' | b'!' | b'|')
}

fn belongs(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || is_sign(byte)
}

/// The letters of a word in leet, where `1`, `!` and `|` are `one`; `None` when something in it is no letter.
pub(super) fn read(word: &[u8], one: u8) -> Option<Vec<u8>> {
    word.iter().map(|sign| letter(*sign, one)).collect()
}

/// The letter that a sign stands for.
pub(super) fn letter(sign: u8, one: u8) -> Option<u8> {
    Some(match sign {
        b'a'..=b'z' => sign,
        b'A'..=b'Z' => sign.to_ascii_lowercase(),
        b'0' => b'o',
        b'1' | b'!' | b'|' => one,
        b'2' => b'z',
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'6' | b'9' => b'g',
        b'7' => b't',
        b'8' => b'b',
        _ => return None,
    })
}
