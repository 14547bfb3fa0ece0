//! What stands for a character by its number or name: escapes of programming languages, percent-encoding, HTML
//! character references, quoted-printable, `U+0069`.
//!
//! All are read leniently and in one pass; what is none stays as it is. In a text that holds JSON a line break is a
//! backslash and an `n`, which would stand as a letter at the next word's begin.

use super::disguise::Disguise;
use super::layer::{Layer, Rewrite};

/// Characters of quoted-printable that a text must have before `=41` is read as one.
const QUOTED: usize = 4;

/// `text` with its escapes read, as far as `limit` bytes go; `None` when there is none.
pub fn escapes(text: &str, limit: usize) -> Option<Layer> {
    let mut out = Rewrite::of(text, limit);
    let bytes = text.as_bytes();
    let quoted = bytes.windows(3).filter(|at| matches!(at, [b'=', a, b] if upper_hex(*a) && upper_hex(*b))).count();
    let mut at = 0;
    // Where the last code point ends.
    let mut point = None;
    while let Some(ahead) = bytes.get(at..)?.iter().position(|byte| matches!(byte, b'\\' | b'%' | b'&' | b'+' | b'=')) {
        at = at.saturating_add(ahead);
        let rest = text.get(at..)?;
        let found = match bytes.get(at)? {
            b'\\' => backslash(rest).map(|(c, length)| (at, c, length, Disguise::Escape)),
            b'%' => percent(rest).map(|(c, length)| (at, c, length, Disguise::Percent)),
            b'&' => entity(rest).map(|(c, length)| (at, c, length, Disguise::Entity)),
            b'+' => at
                .checked_sub(1)
                .filter(|before| *before >= out.done() && matches!(bytes.get(*before), Some(b'U' | b'u')))
                .zip(digits(rest.get(1..)?, 4, 6))
                .map(|(before, (c, length))| (before, c, length.saturating_add(2), Disguise::Escape)),
            _ if quoted >= QUOTED => printable(rest).map(|(c, length)| (at, c, length, Disguise::QuotedPrintable)),
            _ => None,
        };
        match found {
            Some((mut from, character, length, disguise)) => {
                at = from.saturating_add(length);
                // Code points are written apart, which parts no word.
                let is_point = bytes.get(from.saturating_add(1)) == Some(&b'+');
                let gap = text.get(out.done()..from).unwrap_or_default();
                if is_point && point == Some(out.done()) && matches!(gap, " " | "," | ", ") {
                    from = out.done();
                }
                point = is_point.then_some(at);
                let mut buffer = [0; 4];
                let text = character.map(|c| &*c.encode_utf8(&mut buffer)).unwrap_or_default();
                out.unit(from, at, text, disguise.into());
            }
            None => at = at.saturating_add(1),
        }
    }
    out.finish()
}

/// What an escape stands for, nothing when it is not seen, and its length.
type Read = Option<(Option<char>, usize)>;

/// What JSON, JavaScript, Python and C write. A backslash before anything else stays.
fn backslash(text: &str) -> Read {
    let (character, length) = match text.as_bytes().get(1)? {
        b'n' | b'r' | b'v' => ('\n', 2),
        b't' => ('\t', 2),
        b'b' | b'f' => (' ', 2),
        byte @ (b'"' | b'\'' | b'\\' | b'/' | b'`') => (char::from(*byte), 2),
        b'x' | b'u' if text.as_bytes().get(2) == Some(&b'{') => {
            let digits = text.get(3..)?.split_once('}')?.0;
            (number(digits, 16).filter(|_| digits.len() <= 8)?, digits.len().saturating_add(4))
        }
        b'x' => (number(text.get(2..4)?, 16)?, 4),
        b'U' => (number(text.get(2..10)?, 16)?, 10),
        b'u' => {
            let first = hex(text.get(2..6)?)?;
            match char::from_u32(first) {
                Some(character) => (character, 6),
                None => {
                    let second = hex(text.get(6..12)?.strip_prefix("\\u")?)?;
                    let pair = char::decode_utf16([u16::try_from(first).ok()?, u16::try_from(second).ok()?]).next()?;
                    (pair.ok()?, 12)
                }
            }
        }
        b'0'..=b'7' => {
            let digits = text.get(1..4)?;
            (number(digits, 8).filter(|c| *c >= ' ' && digits.bytes().all(|b| b.is_ascii_digit()))?, 4)
        }
        _ => return None,
    };
    Some((Some(character), length))
}

/// `%41`, as many of them as make a character of UTF-8; `%u0041`.
fn percent(text: &str) -> Read {
    if text.as_bytes().get(1) == Some(&b'u') {
        return Some((Some(number(text.get(2..6)?, 16)?), 6));
    }
    octets(text, b'%')
}

/// `=41`, and a line break that stands for none.
fn printable(text: &str) -> Read {
    match text.as_bytes() {
        [b'=', b'\n', ..] => Some((None, 2)),
        [b'=', b'\r', b'\n', ..] => Some((None, 3)),
        _ => octets(text, b'='),
    }
}

/// Bytes in hexadecimal digits behind `sign`, as many of them as make a character of UTF-8.
fn octets(text: &str, sign: u8) -> Read {
    let mut units = text.as_bytes().chunks_exact(3).map(|unit| match unit {
        [first, a, b] if *first == sign => Some((nibble(*a)? << 4) | nibble(*b)?),
        _ => None,
    });
    let mut bytes = [0; 4];
    for length in 1..=bytes.len() {
        *bytes.get_mut(length.saturating_sub(1))? = units.next()??;
        match core::str::from_utf8(bytes.get(..length)?) {
            Ok(character) => return Some((character.chars().next(), length.saturating_mul(3))),
            Err(error) if error.error_len().is_some() => return None,
            Err(_) => {}
        }
    }
    None
}

/// `&#105;`, `&#x69;`, with or without the semicolon, and names that matter to what is read.
fn entity(text: &str) -> Read {
    let rest = text.get(1..)?;
    if let Some(rest) = rest.strip_prefix('#') {
        let (digits, radix, before) = match rest.strip_prefix(['x', 'X']) {
            Some(digits) => (digits, 16, 3_usize),
            None => (rest, 10, 2),
        };
        let length = digits.bytes().take(12).take_while(|byte| char::from(*byte).is_digit(radix)).count();
        let character = number(digits.get(..length)?, radix)?;
        let semicolon = usize::from(digits.as_bytes().get(length) == Some(&b';'));
        return Some((Some(character), before.saturating_add(length).saturating_add(semicolon)));
    }
    let length = rest.bytes().take(24).take_while(u8::is_ascii_alphanumeric).count();
    let name = rest.get(..length).filter(|_| rest.as_bytes().get(length) == Some(&b';'))?;
    Some((named(name)?, length.saturating_add(2)))
}

/// A character reference by name (HTML Living Standard, 13.5): a letter with a mark or in a style is the letter, an
/// invisible one is nothing, and of signs those that end a clause or a quotation.
fn named(name: &str) -> Option<Option<char>> {
    const MARKS: [&str; 17] = [
        "acute", "grave", "circ", "uml", "tilde", "ring", "cedil", "slash", "caron", "breve", "macr", "ogon", "dot",
        "strok", "opf", "scr", "fr",
    ];
    let character = match name {
        "amp" | "AMP" => '&',
        "lt" | "LT" => '<',
        "gt" | "GT" => '>',
        "quot" | "QUOT" => '"',
        "apos" => '\'',
        "period" => '.',
        "comma" => ',',
        "colon" => ':',
        "semi" => ';',
        "excl" => '!',
        "quest" => '?',
        "percnt" => '%',
        "bsol" => '\\',
        "num" => '#',
        "lbrack" | "lsqb" => '[',
        "rbrack" | "rsqb" => ']',
        "vert" | "verbar" | "VerticalLine" => '|',
        "NewLine" => '\n',
        "nbsp" | "NonBreakingSpace" | "Tab" | "ensp" | "emsp" | "thinsp" | "hairsp" | "numsp" | "puncsp" => ' ',
        "shy" | "zwj" | "zwnj" | "lrm" | "rlm" | "ZeroWidthSpace" | "NoBreak" | "InvisibleComma" | "ic"
        | "InvisibleTimes" | "it" | "ApplyFunction" | "af" => return Some(None),
        _ => {
            let mut characters = name.chars();
            let letter = characters.next().filter(char::is_ascii_alphabetic)?;
            MARKS.contains(&characters.as_str()).then_some(letter)?
        }
    };
    Some(Some(character))
}

/// A character by `least` to `most` hexadecimal digits.
fn digits(text: &str, least: usize, most: usize) -> Read {
    let length = text.bytes().take(most).take_while(u8::is_ascii_hexdigit).count();
    let character = number(text.get(..length)?, 16).filter(|_| length >= least)?;
    Some((Some(character), length))
}

fn number(digits: &str, radix: u32) -> Option<char> {
    let all = digits.chars().all(|digit| digit.is_digit(radix));
    u32::from_str_radix(digits, radix).ok().filter(|_| all).and_then(char::from_u32)
}

fn hex(digits: &str) -> Option<u32> {
    let all = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u32::from_str_radix(digits, 16).ok().filter(|_| all)
}

fn upper_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'F')
}

/// The value of a hexadecimal digit.
pub(super) fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        escapes(text, usize::MAX).map(|layer| layer.text().to_string())
    }

    #[test]
    fn each_way_to_write_a_character_is_read() {
        for (text, read_as) in [
            (r"a\nb\tc\rd", "a\nb\tc\nd"),
            (r#"\"a\" \'b\' \/"#, r#""a" 'b' /"#),
            (r"\u0049gnore \u00e9 \x49", "Ignore é I"),
            (r"\ud83d\ude00!", "😀!"),
            (r"a\\nb", r"a\nb"),
            (r"\u{69}\x{67}\U0000006e\157", "igno"),
            ("U+0069 u+67 U+006E, U+006F U+0072", "i u+67 nor"),
            ("%69%67n%C3%A9 %u0069", "ignée i".replace("ée", "é").as_str()),
            ("&#105;&#x67;&#0110;o&#114e", "ignore"),
            ("&iacute;g&nopf;&shy;ore&nbsp;all &lt;b&gt;", "ignore all <b>"),
            ("=49=67=6E=\r\nore=C3=A9", "Ignoreé"),
        ] {
            assert_eq!(read(text).as_deref(), Some(read_as), "{text}");
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        for text in [
            "",
            "plain",
            r"C:\dir\Users",
            r"\",
            r"\u12",
            r"\u+123",
            r"\ud83d",
            r"\xé",
            r"\u00éa",
            "100 % of it",
            "%zz",
            "%ff",
            "AT&T; R&D",
            "&;",
            "&unknown;",
            "a=b==c =20",
            "1+1",
            "C++",
            "%",
            "&",
            "=",
            "+",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(r"\q\n").unwrap(), "\\q\n");
    }

    #[test]
    fn places_lead_back() {
        let layer = escapes(r"é\n\u0049gnore\\x %69g", usize::MAX).unwrap();
        assert_eq!(layer.text(), "é\nIgnore\\x ig");
        let origin = |part: &str| {
            let at = layer.text().find(part).unwrap();
            layer.origin(at, at + part.len())
        };
        assert_eq!(origin("Ignore"), (4, 15));
        assert_eq!(origin("gnore"), (10, 15));
        assert_eq!(origin("x"), (17, 18));
        assert_eq!(origin("ig"), (19, 23));
        assert_eq!(layer.undone(4, 9), Disguise::Escape.into(), "beside it");
        assert!(layer.undone(5, 8).is_empty());
    }
}
