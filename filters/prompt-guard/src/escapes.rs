//! Texts that hold JSON, or a literal of a programming language, in a string: what tools answer and are asked.
//!
//! In such a text a line break is a backslash and an `n`, which would stand as a letter at the next word's begin. The
//! escapes are read leniently, once more for a string in a string, and the text is inspected both ways.

use portcullis_core::text::OffsetMap;

/// A string in a string in a string is as far as it goes.
pub(crate) const DEPTH: usize = 2;

/// `text` with its escapes read, and the way back; `None` when there is none.
///
/// Reads what JSON, JavaScript and Python write. A backslash before anything else stays.
pub(crate) fn read(text: &str) -> Option<(String, OffsetMap)> {
    let mut out = String::with_capacity(text.len());
    let mut map = OffsetMap::default();
    map.run(0, 0);
    let mut rest = text;
    while let Some(place) = rest.find('\\') {
        let (plain, escape) = rest.split_at_checked(place)?;
        out.push_str(plain);
        match character(escape) {
            Some((character, length)) => {
                out.push(character);
                rest = escape.get(length..)?;
                map.run(out.len(), text.len().saturating_sub(rest.len()));
            }
            None => {
                out.push('\\');
                rest = escape.get(1..)?;
            }
        }
    }
    if out.len().saturating_add(rest.len()) == text.len() {
        return None;
    }
    out.push_str(rest);
    map.end(out.len(), text.len());
    Some((out, map))
}

/// The character of the escape that `text` begins with, and the length of the escape.
fn character(text: &str) -> Option<(char, usize)> {
    Some(match text.as_bytes().get(1)? {
        b'n' | b'r' | b'v' => ('\n', 2),
        b't' => ('\t', 2),
        b'b' | b'f' => (' ', 2),
        byte @ (b'"' | b'\'' | b'\\' | b'/' | b'`') => (char::from(*byte), 2),
        b'x' => (char::from_u32(hex(text.get(2..4)?)?)?, 4),
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
        _ => return None,
    })
}

fn hex(digits: &str) -> Option<u32> {
    let all = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u32::from_str_radix(digits, 16).ok().filter(|_| all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_javascript_and_python_write_is_read() {
        for (text, read_as) in [
            (r"a\nb\tc\rd", "a\nb\tc\nd"),
            (r#"\"a\" \'b\' \/"#, r#""a" 'b' /"#),
            (r"\u0049gnore \u00e9 \x49", "Ignore é I"),
            (r"\ud83d\ude00!", "😀!"),
            (r"a\\nb", r"a\nb"),
        ] {
            assert_eq!(read(text).unwrap().0, read_as, "{text}");
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        for text in ["", "plain", r"C:\dir\Users", r"\", r"\u12", r"\u+123", r"\ud83d", r"\xé", r"\u00éa"] {
            assert!(read(text).is_none(), "{text}");
        }
        assert_eq!(read(r"\q\n").unwrap().0, "\\q\n");
    }

    #[test]
    fn places_lead_back() {
        let (text, map) = read(r"é\n\u0049gnore\\x").unwrap();
        assert_eq!(text, "é\nIgnore\\x");
        let origin = |part: &str| map.origin(text.find(part).unwrap());
        assert_eq!((origin("gnore"), origin("x"), map.origin(text.len())), (10, 17, 18));
    }
}
