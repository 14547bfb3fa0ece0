//! Characters that read as ASCII letters or digits: a table that the build makes of Unicode's data.

include!(concat!(env!("OUT_DIR"), "/latin.rs"));

/// What a character reads as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Latin {
    /// One letter or digit.
    Letter(u8),
    /// Several; at most twice as many as the character has bytes.
    Letters(&'static str),
}

/// The letters and digits, in lower case, that `c` reads as: fullwidth, styled, circled, squared and raised forms,
/// ligatures, Roman numerals, letters with accents, and look-alikes of other scripts. `None` for ASCII and for
/// everything else.
pub(super) fn latin(c: char) -> Option<Latin> {
    let code = c as usize;
    let block = BLOCKS.get(usize::from(*PLACES.get(code / BLOCK)?))?;
    match *block.get(code % BLOCK)? {
        0 => None,
        letter if letter.is_ascii() => Some(Latin::Letter(letter)),
        long => LONG.get(usize::from(long & 0x7f)).map(|letters| Latin::Letters(letters)),
    }
}

const BLOCK: usize = 64;
