//! Scripts other than Latin, Greek and Cyrillic: spellings of one word that readers do not tell apart, and words that
//! no blank parts.

use super::fold::Fold;

/// What becomes of `c`, when its script has a rule of its own. From Unicode's decompositions (NFKC), cut to what is
/// written in prompts; marks that change no consonant go, as accents do elsewhere.
pub(super) fn fold(c: char) -> Option<Fold> {
    match c {
        '\u{600}'..='\u{6ff}' => arabic(c).map(Fold::Letter),
        '\u{900}'..='\u{dff}' => indic(c),
        '\u{e00}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' => unspaced(c),
        '\u{3041}'..='\u{30ff}' => Some(Fold::Word(kana(c))).filter(|_| c.is_alphanumeric()),
        '\u{fe80}'..='\u{fefc}' => presented(c),
        '\u{ff66}'..='\u{ff9f}' => halfwidth(c),
        _ => None,
    }
}

/// Letters that differ in a mark, or in the keyboard that wrote them.
fn arabic(c: char) -> Option<char> {
    Some(match c {
        'آ' | 'أ' | 'إ' | 'ٱ' => 'ا',
        'ؤ' => 'و',
        'ئ' | 'ى' | 'ی' => 'ي',
        'ة' | 'ۀ' | 'ہ' => 'ه',
        'ک' => 'ك',
        _ => return None,
    })
}

/// Arabic letters in the shape they take in a word, from U+FE80 on, each with the number of its shapes.
const SHAPES: [(char, u32); 36] = [
    ('ء', 1),
    ('آ', 2),
    ('أ', 2),
    ('ؤ', 2),
    ('إ', 2),
    ('ئ', 4),
    ('ا', 2),
    ('ب', 4),
    ('ة', 2),
    ('ت', 4),
    ('ث', 4),
    ('ج', 4),
    ('ح', 4),
    ('خ', 4),
    ('د', 2),
    ('ذ', 2),
    ('ر', 2),
    ('ز', 2),
    ('س', 4),
    ('ش', 4),
    ('ص', 4),
    ('ض', 4),
    ('ط', 4),
    ('ظ', 4),
    ('ع', 4),
    ('غ', 4),
    ('ف', 4),
    ('ق', 4),
    ('ك', 4),
    ('ل', 4),
    ('م', 4),
    ('ن', 4),
    ('ه', 4),
    ('و', 2),
    ('ى', 2),
    ('ي', 4),
];

fn presented(c: char) -> Option<Fold> {
    if c >= '\u{fef5}' {
        return Some(Fold::Ligature(['ل', 'ا']));
    }
    let mut place = (c as u32).checked_sub(0xfe80)?;
    for (letter, shapes) in SHAPES {
        match place.checked_sub(shapes) {
            Some(rest) => place = rest,
            None => return Some(Fold::Letter(arabic(letter).unwrap_or(letter))),
        }
    }
    None
}

/// A virama or a nukta is part of its letter: neither parts a word.
fn indic(c: char) -> Option<Fold> {
    Some(match c {
        // Viramas and nuktas stand at the same places in the blocks of Devanagari to Malayalam, each 0x80 long.
        _ if c < '\u{d80}' && matches!((c as u32) & 0x7f, 0x3c | 0x4d) => Fold::Nothing,
        '\u{dca}' | '\u{951}'..='\u{954}' => Fold::Nothing,
        '\u{901}' => Fold::Letter('\u{902}'),
        '\u{929}' => Fold::Letter('न'),
        '\u{931}' => Fold::Letter('र'),
        '\u{934}' => Fold::Letter('ळ'),
        '\u{958}' => Fold::Letter('क'),
        '\u{959}' => Fold::Letter('ख'),
        '\u{95a}' => Fold::Letter('ग'),
        '\u{95b}' => Fold::Letter('ज'),
        '\u{95c}' => Fold::Letter('ड'),
        '\u{95d}' => Fold::Letter('ढ'),
        '\u{95e}' => Fold::Letter('फ'),
        '\u{95f}' => Fold::Letter('य'),
        _ => return None,
    })
}

/// Thai, Lao, Burmese and Khmer are written without blanks: each letter stands as a word, without the vowels and tones
/// above and below it.
fn unspaced(c: char) -> Option<Fold> {
    Some(match c {
        '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}' => Fold::Nothing,
        '\u{eb1}' | '\u{eb4}'..='\u{ebc}' | '\u{ec8}'..='\u{ece}' => Fold::Nothing,
        '\u{102b}'..='\u{103e}' | '\u{17b4}'..='\u{17d3}' | '\u{17dd}' => Fold::Nothing,
        // Sara am is a mark and sara aa, which is how many keyboards write it.
        '\u{e33}' => Fold::Word('\u{e32}'),
        '\u{eb3}' => Fold::Word('\u{eb2}'),
        '\u{e01}'..='\u{e46}' | '\u{e80}'..='\u{ec6}' | '\u{1000}'..='\u{102a}' | '\u{1780}'..='\u{17b3}' => {
            Some(Fold::Word(c)).filter(|_| c.is_alphanumeric())?
        }
        _ => return None,
    })
}

/// Katakana as hiragana, without the marks of voiced sounds.
fn kana(c: char) -> char {
    let code = match c {
        '\u{30a1}'..='\u{30f6}' => (c as u32).saturating_sub(0x60),
        _ => c as u32,
    };
    let voiced = match code {
        0x304c..=0x3062 => code.saturating_add(1) & 1,
        0x3065 | 0x3067 | 0x3069 => 1,
        0x306f..=0x307d => code.saturating_sub(0x306f).checked_rem(3).unwrap_or_default(),
        0x3094 => 0x3094 - 0x3046,
        _ => 0,
    };
    char::from_u32(code.saturating_sub(voiced)).unwrap_or(c)
}

/// Halfwidth katakana, from U+FF66 on.
const HALFWIDTH: &str =
    "をぁぃぅぇぉゃゅょっーあいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわん";

fn halfwidth(c: char) -> Option<Fold> {
    let place = (c as u32).checked_sub(0xff66)?;
    // Marks of voiced sounds are what is left.
    Some(HALFWIDTH.chars().nth(place as usize).map_or(Fold::Nothing, Fold::Word))
}

/// The syllable that `next`, a conjoining vowel or final consonant of Hangul, makes with `last` (The Unicode Standard,
/// section 3.12).
pub(super) fn syllable(last: char, next: char) -> Option<char> {
    let (last, next) = (last as u32, next as u32);
    let code = match (last, next) {
        (0x1100..=0x1112, 0x1161..=0x1175) => {
            let (lead, vowel) = (last.saturating_sub(0x1100), next.saturating_sub(0x1161));
            0xac00_u32.saturating_add(lead.saturating_mul(588)).saturating_add(vowel.saturating_mul(28))
        }
        (0xac00..=0xd7a3, 0x11a8..=0x11c2) if last.saturating_sub(0xac00).is_multiple_of(28) => {
            last.saturating_add(next.saturating_sub(0x11a7))
        }
        _ => return None,
    };
    char::from_u32(code)
}
