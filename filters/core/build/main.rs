//! Writes down, for each character that reads as ASCII letters or digits, which: compatibility forms by Unicode's
//! decompositions (NFKD), look-alikes by `lookalikes.txt` and by Unicode's confusables. `src/text/latin.rs` looks it up.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "runs while building, not in a module"
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript};
use unicode_security::confusable_detection::skeleton;

/// Characters in a block of the table.
const BLOCK: usize = 64;
/// One past the last character that can be in the table: the segmented digits, U+1FBF0 to U+1FBF9, are the last.
const END: u32 = 0x1fc00;

/// Scripts whose letters are never taken for Latin ones: `scripts.rs` and the rules read them as they are.
const OWN: &[Script] = &[
    Script::Arabic,
    Script::Bengali,
    Script::Devanagari,
    Script::Gujarati,
    Script::Gurmukhi,
    Script::Han,
    Script::Hangul,
    Script::Hebrew,
    Script::Hiragana,
    Script::Kannada,
    Script::Katakana,
    Script::Khmer,
    Script::Lao,
    Script::Malayalam,
    Script::Myanmar,
    Script::Oriya,
    Script::Sinhala,
    Script::Tamil,
    Script::Telugu,
    Script::Thai,
    Script::Tibetan,
];

fn main() {
    println!("cargo::rerun-if-changed=build");
    let rows = include_str!("lookalikes.txt");
    let mut alike = BTreeMap::new();
    for row in rows.lines().filter(|row| !row.starts_with('#')) {
        let (letters, characters) = row.split_once(' ').expect("letters, a blank, characters");
        for character in characters.chars() {
            assert_eq!(alike.insert(character, letters.to_string()), None, "{character} stands twice");
        }
    }
    let letters = |code: u32| char::from_u32(code).and_then(|c| reads_as(c, &alike)).unwrap_or_default();
    let mut long: Vec<String> = Vec::new();
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    let mut places = Vec::new();
    for first in (0..END).step_by(BLOCK) {
        let mut block = Vec::with_capacity(BLOCK);
        for code in first..first + BLOCK as u32 {
            let letters = letters(code);
            block.push(match letters.as_bytes() {
                [] => 0,
                [letter] => *letter,
                _ => {
                    let place = long.iter().position(|known| *known == letters).unwrap_or_else(|| {
                        long.push(letters);
                        long.len() - 1
                    });
                    0x80 + u8::try_from(place).ok().filter(|place| *place < 0x80).expect("at most 128 are long")
                }
            });
        }
        let place = blocks.iter().position(|known| *known == block).unwrap_or_else(|| {
            blocks.push(block);
            blocks.len() - 1
        });
        places.push(u8::try_from(place).expect("at most 256 blocks differ"));
    }
    let mut out = String::new();
    writeln!(out, "static PLACES: [u8; {}] = {places:?};", places.len()).unwrap();
    writeln!(out, "static BLOCKS: [[u8; {BLOCK}]; {}] = {blocks:?};", blocks.len()).unwrap();
    writeln!(out, "static LONG: [&str; {}] = {long:?};", long.len()).unwrap();
    let folder = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    std::fs::write(Path::new(&folder).join("latin.rs"), out).expect("OUT_DIR can be written to");
}

/// The letters and digits, in lower case, that `c` reads as; `None` when it is ASCII or reads as nothing of the kind.
fn reads_as(c: char, alike: &BTreeMap<char, String>) -> Option<String> {
    if c.is_ascii() {
        return None;
    }
    if let Some(letters) = alike.get(&c).cloned().or_else(|| by_place(c).map(String::from)) {
        return Some(letters);
    }
    let mut letters = String::new();
    for part in [c].into_iter().nfkd().filter(|part| !is_combining_mark(*part)) {
        if part.is_ascii() {
            letters.push(part.to_ascii_lowercase());
        } else {
            letters.push_str(&alike.get(&part).cloned().or_else(|| confused_with(part, alike))?);
        }
    }
    // Brackets and full stops around a letter go with it; a blank or a stroke between letters parts words.
    let letters = letters.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    // Numbers of two digits and squared units are no words.
    let word = match letters.len() {
        1 => letters.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        length => length <= c.len_utf8() * 2 && letters.bytes().all(|byte| byte.is_ascii_alphabetic()),
    };
    (word && !matches!(c, '\u{3300}'..='\u{33ff}')).then(|| letters.into())
}

/// Letters that Unicode gives no decomposition.
fn by_place(c: char) -> Option<char> {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
    /// Braille of 26 letters: the dots of each, counted from U+2800.
    const BRAILLE: [u8; 26] = [
        0x01, 0x03, 0x09, 0x19, 0x11, 0x0b, 0x1b, 0x13, 0x0a, 0x1a, 0x05, 0x07, 0x0d, 0x1d, 0x15, 0x0f, 0x1f, 0x17,
        0x0e, 0x1e, 0x25, 0x27, 0x3a, 0x2d, 0x3d, 0x35,
    ];
    let code = c as u32;
    let at = |first: u32, letters: &[u8]| letters.get((code - first) as usize).copied().map(char::from);
    match code {
        0x1f150..=0x1f169 => at(0x1f150, LETTERS),
        0x1f170..=0x1f189 => at(0x1f170, LETTERS),
        0x1f1e6..=0x1f1ff => at(0x1f1e6, LETTERS),
        0x2776..=0x277e => at(0x2776, b"123456789"),
        0x2780..=0x2788 => at(0x2780, b"123456789"),
        0x278a..=0x2792 => at(0x278a, b"123456789"),
        0x2801..=0x283f => {
            let letter = BRAILLE.iter().position(|dots| u32::from(*dots) == code - 0x2800)?;
            Some(char::from(LETTERS[letter]))
        }
        _ => None,
    }
}

/// What Unicode's confusables say of a letter outside the scripts that are read as they are, and outside Cyrillic, whose
/// letters are in `lookalikes.txt` so that case makes no difference.
fn confused_with(c: char, alike: &BTreeMap<char, String>) -> Option<String> {
    let script = c.script();
    if !c.is_alphanumeric() || script == Script::Cyrillic || OWN.contains(&script) {
        return None;
    }
    let mut letters = String::new();
    for c in [c].into_iter().chain(c.to_lowercase()) {
        letters.clear();
        let text = c.to_string();
        for part in skeleton(&text).filter(|part| !is_combining_mark(*part)) {
            match alike.get(&part) {
                Some(alike) => letters.push_str(alike),
                None => letters.push(part.to_ascii_lowercase()),
            }
        }
        // A capital I has the prototype of a small L; its small letter tells.
        if letters != "l" && !letters.is_empty() && letters.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            break;
        }
    }
    // Confusables write "m" as "rn".
    let letters = if letters == "rn" { "m" } else { &letters };
    let digits = letters.bytes().any(|byte| byte.is_ascii_digit()) && !c.is_numeric();
    let fit = !letters.is_empty() && letters.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !digits;
    fit.then(|| letters.into())
}
