//! Other alphabets and other directions: ROT13 and every other shift, Atbash, text backwards.
//!
//! Where a word is one of the vocabulary's in such a form, what stands around it is turned back with it.

use super::disguise::Disguise;
use super::layer::{Layer, Rewrite, Way};
use super::vocabulary::mirror;
use super::words::Words;
use crate::text::Plain;

/// Bytes around a word that are turned back with it.
const AROUND: usize = 256;
/// Letters of a word that is enough by itself; of shorter ones there must be two.
const ENOUGH: usize = 6;
/// Atbash among the shifts.
const ATBASH: u8 = 26;

/// `text`, whose plain form is `plain`, turned back in each way that there is a sign of, as far as `limit` bytes go for
/// all of them.
pub fn turns(text: &str, plain: &Plain, words: &Words, limit: usize) -> Vec<Layer> {
    let mut layers: Vec<Layer> = Vec::new();
    let left = |layers: &[Layer]| layers.iter().fold(limit, |left, layer| left.saturating_sub(layer.text().len()));
    for turn in 1..=ATBASH {
        let here = words.turned.iter().filter(|word| word.2 == turn).map(|word| (word.0, word.1));
        if is_enough(here.clone()) {
            let turned = windows(text, plain, here);
            let back = |text: &str| text.chars().map(|c| turned_back(c, turn)).collect();
            layers.extend(rewrite(text, &turned, left(&layers), Disguise::Rotated, Way::Steps(1), back));
        }
    }
    let here = words.backwards.iter().copied();
    if is_enough(here.clone()) {
        let places = windows(text, plain, here);
        let back = |text: &str| text.chars().rev().collect();
        layers.extend(rewrite(text, &places, left(&layers), Disguise::Reversed, Way::Mirrored, back));
        layers.extend(rewrite(text, &places, left(&layers), Disguise::Reversed, Way::Steps(1), each_word_back));
    }
    layers
}

fn each_word_back(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for part in text.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let word = part.trim_end_matches(|c: char| !c.is_alphanumeric());
        out.extend(word.chars().rev());
        out.push_str(part.get(word.len()..).unwrap_or_default());
    }
    out
}

fn is_enough(mut words: impl Iterator<Item = (usize, usize)>) -> bool {
    let mut other = false;
    words.any(|(start, end)| end.saturating_sub(start) >= ENOUGH || core::mem::replace(&mut other, true))
}

/// The places of words in the text, with what stands around them, in order and apart.
fn windows(text: &str, plain: &Plain, words: impl Iterator<Item = (usize, usize)>) -> Vec<(usize, usize)> {
    let mut windows: Vec<(usize, usize)> = Vec::new();
    for (start, end) in words {
        let (from, to) = plain.origin(start, end);
        let from = floor(text, from.saturating_sub(AROUND));
        let to = floor(text, to.saturating_add(AROUND));
        match windows.last_mut() {
            Some(last) if from <= last.1 => last.1 = to.max(last.1),
            _ => windows.push((from, to)),
        }
    }
    windows
}

fn rewrite(
    text: &str,
    places: &[(usize, usize)],
    limit: usize,
    disguise: Disguise,
    way: Way,
    read: impl Fn(&str) -> String,
) -> Option<Layer> {
    let mut out = Rewrite::of(text, limit);
    for (from, to) in places {
        out.put(*from, *to, &read(text.get(*from..*to)?), disguise.into(), way);
    }
    out.finish()
}

fn turned_back(c: char, turn: u8) -> char {
    let back = |letter: u8| match turn {
        ATBASH => mirror(letter),
        _ => {
            let place = letter.saturating_sub(b'a').saturating_add(26).saturating_sub(turn);
            place.checked_rem(26).unwrap_or_default().saturating_add(b'a')
        }
    };
    match u8::try_from(c) {
        Ok(letter @ b'a'..=b'z') => char::from(back(letter)),
        Ok(letter @ b'A'..=b'Z') => char::from(back(letter.to_ascii_lowercase()).to_ascii_uppercase()),
        _ => c,
    }
}

/// The last bound of a character at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at = at.saturating_sub(1);
    }
    at
}
