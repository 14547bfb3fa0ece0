//! What becomes of one character.

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
    /// Two ASCII letters.
    Pair([u8; 2]),
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
    if let Some(letter) = looks_like(c) {
        return Fold::Letter(char::from(letter));
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
            Fold::Letter(looks_like(lower).map_or(lower, char::from))
        }
        '\u{4e00}'..='\u{9fff}' => Fold::Word(c),
        'ß' | 'ẞ' => Fold::Pair(*b"ss"),
        'æ' | 'Æ' => Fold::Pair(*b"ae"),
        'œ' | 'Œ' => Fold::Pair(*b"oe"),
        'þ' | 'Þ' => Fold::Pair(*b"th"),
        'ﬀ' => Fold::Pair(*b"ff"),
        'ﬁ' => Fold::Pair(*b"fi"),
        'ﬂ' => Fold::Pair(*b"fl"),
        'ﬅ' | 'ﬆ' => Fold::Pair(*b"st"),
        '\u{ff01}'..='\u{ff5e}' => shifted(c, 0xff01, b'!'),
        '\u{1d400}'..='\u{1d6a3}' => repeated(c, 0x1d400, b"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"),
        '\u{1d7ce}'..='\u{1d7ff}' => repeated(c, 0x1d7ce, b"0123456789"),
        '\u{24b6}'..='\u{24e9}' => repeated(c, 0x24b6, LETTERS),
        '\u{249c}'..='\u{24b5}' => repeated(c, 0x249c, LETTERS),
        '\u{1f130}'..='\u{1f149}' => repeated(c, 0x1f130, LETTERS),
        '\u{1f150}'..='\u{1f169}' => repeated(c, 0x1f150, LETTERS),
        '\u{1f170}'..='\u{1f189}' => repeated(c, 0x1f170, LETTERS),
        '\u{1f1e6}'..='\u{1f1ff}' => repeated(c, 0x1f1e6, LETTERS),
        _ if is_unseen(c) => Fold::Nothing,
        _ if is_own_word(c) => Fold::Word(c),
        _ if c.is_alphanumeric() => {
            let mut lower = c.to_lowercase();
            let letter = lower.next().unwrap_or(c);
            // A letter whose lower case has an accent of its own, such as U+0130, is the letter.
            looks_like(letter).map_or(Fold::Letter(letter), |letter| Fold::Letter(char::from(letter)))
        }
        _ => Fold::Break,
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

const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz";

/// The character of a block that repeats `letters` from `first` on.
fn repeated(c: char, first: u32, letters: &[u8]) -> Fold {
    let place = (c as u32).saturating_sub(first) as usize;
    let letter = place.checked_rem(letters.len()).and_then(|i| letters.get(i));
    letter.map_or(Fold::Break, |letter| Fold::Letter(char::from(*letter)))
}

/// The character of a block that repeats ASCII from `byte` on.
fn shifted(c: char, first: u32, byte: u8) -> Fold {
    let code = (c as u32).saturating_sub(first).saturating_add(u32::from(byte));
    char::from_u32(code).filter(char::is_ascii).map_or(Fold::Break, fold)
}

/// The ASCII letter that `c`, from Latin with marks, Greek or Cyrillic, looks like.
fn looks_like(c: char) -> Option<u8> {
    let place = (c as u32).checked_sub(FIRST)? as usize;
    LOOKS_LIKE.get(place).copied().filter(|letter| *letter != 0)
}

const FIRST: u32 = 0xaa;
const LOOKS_LIKE: [u8; 0x530 - FIRST as usize] = looks_like_table();

/// Each ASCII letter with those that look like it, in both cases: Latin-1 Supplement, Latin Extended-A, letters of
/// IPA, Greek and Cyrillic. Unicode's confusables.txt and the canonical decompositions, cut to what reads as the letter. A capital of
/// Cyrillic and its small letter stand under one Latin letter; some of Greek do not.
const LOOKALIKES: [(u8, &str); 26] = [
    (b'a', "ªàáâãäåÀÁÂÃÄÅāăąĀĂĄǎǍɑάαΑΆаАӑӓӐӒ"),
    (b'b', "ƀɓΒВвʙ"),
    (b'c', "çÇćĉċčĆĈĊČсСϲϹ"),
    (b'd', "ðÐďđĎĐɗԁԀ"),
    (b'e', "èéêëÈÉÊËēĕėęěĒĔĖĘĚεέΕΈеЕёЁѐЀҼҽҾҿ"),
    (b'f', "ƒϜ"),
    (b'g', "ĝğġģĜĞĠĢɡԍ"),
    (b'h', "ĥħĤĦΗΉНнһҺ"),
    (b'i', "ìíîïÌÍÎÏĩīĭįıĨĪĬĮİɩιίϊΙΊіІїЇӏ"),
    (b'j', "ĵĴϳͿјЈ"),
    (b'k', "ķĸĶκΚкКқҚ"),
    (b'l', "ĺļľŀłĹĻĽĿŁ"),
    (b'm', "ΜМмɱ"),
    (b'n', "ñÑńņňŉŊŋŃŅŇηήΝ"),
    (b'o', "ºòóôõöøÒÓÔÕÖØōŏőŌŎŐοόΟΌоОӧӦ"),
    (b'p', "ρΡрР"),
    (b'q', "ԛԚ"),
    (b'r', "ŕŗřŔŖŘг"),
    (b's', "śŝşšŚŜŞŠșȘѕЅ"),
    (b't', "ţťŧŢŤŦțȚτΤтТ"),
    (b'u', "ùúûüÙÚÛÜũūŭůűųŨŪŬŮŰŲυύϋ"),
    (b'v', "νѵѴʋ"),
    (b'w', "ŵŴωώԝԜѡ"),
    (b'x', "χΧхХҳҲ"),
    (b'y', "ýÿÝŷŶŸΥΎуУүҮӯӮ"),
    (b'z', "źżžŹŻŽΖ"),
];

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "evaluated by the compiler")]
const fn looks_like_table() -> [u8; 0x530 - FIRST as usize] {
    let mut table = [0; 0x530 - FIRST as usize];
    let mut row = 0;
    while row < LOOKALIKES.len() {
        let (letter, likes) = LOOKALIKES[row];
        let bytes = likes.as_bytes();
        let mut i = 0;
        while i < bytes.len() {
            // All of them are two bytes long in UTF-8: U+0080 to U+07FF.
            let code = ((bytes[i] as u32 & 0x1f) << 6) | (bytes[i + 1] as u32 & 0x3f);
            assert!(table[(code - FIRST) as usize] == 0, "a character stands under two letters");
            table[(code - FIRST) as usize] = letter;
            i += 2;
        }
        row += 1;
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
