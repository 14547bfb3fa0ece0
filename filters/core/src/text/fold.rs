//! What becomes of one character.

use super::latin::{Latin, latin};
use super::scripts;

/// What becomes of one character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// It leaves no trace: invisible, or a mark on another letter.
    Nothing,
    /// It parts words.
    Break,
    /// A letter or digit of a word.
    Letter(char),
    /// ASCII letters or digits of a word.
    Letters(&'static str),
    /// Two letters of a word.
    Ligature([char; 2]),
    /// A word by itself: scripts that are written without blanks.
    Word(char),
}

/// What becomes of `c`.
pub fn fold(c: char) -> Fold {
    if let Ok(byte) = u8::try_from(c)
        && byte.is_ascii()
    {
        return match ascii(byte) {
            SKIP => Fold::Nothing,
            BREAK => Fold::Break,
            letter => Fold::Letter(char::from(letter)),
        };
    }
    match latin(c) {
        Some(Latin::Letter(letter)) => return Fold::Letter(char::from(letter)),
        Some(Latin::Letters(letters)) => return Fold::Letters(letters),
        None => {}
    }
    if c >= '\u{600}'
        && let Some(fold) = scripts::fold(c)
    {
        return fold;
    }
    match c {
        '\u{430}'..='\u{45f}' | '\u{5d0}'..='\u{5ea}' | '\u{ac00}'..='\u{d7a3}' => Fold::Letter(c),
        '\u{410}'..='\u{42f}' => {
            let lower = char::from_u32((c as u32).saturating_add(0x20)).unwrap_or(c);
            Fold::Letter(letter_of(lower))
        }
        '\u{4e00}'..='\u{9fff}' => Fold::Word(c),
        _ if is_unseen(c) => Fold::Nothing,
        _ if is_own_word(c) => Fold::Word(c),
        _ if c.is_alphanumeric() => {
            let mut lower = c.to_lowercase();
            let letter = lower.next().unwrap_or(c);
            Fold::Letter(letter_of(letter))
        }
        _ => Fold::Break,
    }
}

/// The letter that `c`, a small letter, reads as.
fn letter_of(c: char) -> char {
    match latin(c) {
        Some(Latin::Letter(letter)) => char::from(letter),
        _ => c,
    }
}

pub(super) const SKIP: u8 = 0;
pub(super) const BREAK: u8 = b' ';

/// The lower-case letter or digit, [`BREAK`], or [`SKIP`] for a control character that no one sees.
pub(super) fn ascii(byte: u8) -> u8 {
    ASCII.get(usize::from(byte)).copied().unwrap_or(BREAK)
}

const ASCII: [u8; 256] = ascii_table();

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "evaluated by the compiler")]
const fn ascii_table() -> [u8; 256] {
    let mut table = [BREAK; 256];
    let mut byte = 0;
    while byte < 128 {
        let b = byte as u8;
        if b.is_ascii_alphanumeric() {
            table[byte] = b.to_ascii_lowercase();
        } else if (b < b' ' && !matches!(b, b'\t'..=b'\r')) || b == 0x7f {
            table[byte] = SKIP;
        }
        byte += 1;
    }
    table
}

/// Characters that are not seen: Unicode's Default_Ignorable_Code_Point, the interlinear controls, and marks that sit
/// on another letter.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{84}' | '\u{86}'..='\u{9f}'
        | '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}'
        | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}'
        | '\u{610}'..='\u{61a}' | '\u{61c}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}' | '\u{6e7}' | '\u{6e8}' | '\u{6ea}'..='\u{6ed}'
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{20d0}'..='\u{20ff}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Han: written without blanks, so that each character stands as a word.
fn is_own_word(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
        && c.is_alphanumeric()
}
