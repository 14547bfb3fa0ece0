//! Tags and comments inside words.

use super::disguise::Disguise;
use super::layer::{Layer, Rewrite, Way};

/// Bytes of a tag or a comment beyond which it is not one that is put into a word.
const LONGEST: usize = 96;

/// `text` without the tags and comments that stand between two letters, as far as `limit` bytes go; `None` when there
/// are none.
pub fn markup(text: &str, limit: usize) -> Option<Layer> {
    let mut out = Rewrite::of(text, limit);
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(ahead) = bytes.get(at..)?.iter().position(|byte| matches!(byte, b'<' | b'/')) {
        let from = at.saturating_add(ahead);
        let mut to = from;
        while let Some(length) = bytes.get(to..).and_then(mark) {
            to = to.saturating_add(length);
        }
        let letter = |at: Option<usize>| {
            at.and_then(|at| bytes.get(at)).is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80)
        };
        if to > from && letter(from.checked_sub(1)) && letter(Some(to)) {
            out.put(from, to, "", Disguise::Markup.into(), Way::Block);
        }
        at = to.max(from.saturating_add(1));
    }
    out.finish()
}

/// The length of the tag or comment that `text` begins with.
fn mark(text: &[u8]) -> Option<usize> {
    let text = text.get(..LONGEST.min(text.len()))?;
    let until = |end: &[u8], from: usize| {
        let place = text.get(from..)?.windows(end.len()).position(|here| here == end)?;
        Some(place.saturating_add(from).saturating_add(end.len()))
    };
    match text {
        [b'<', b'!', b'-', b'-', ..] => until(b"-->", 4),
        [b'/', b'*', ..] => until(b"*/", 2),
        [b'<', b'/' | b'a'..=b'z' | b'A'..=b'Z', ..] => until(b">", 2).filter(|end| {
            let tag = text.get(1..*end).unwrap_or_default();
            let name = tag.iter().skip(1).position(|byte| !byte.is_ascii_alphanumeric());
            let ends = name.and_then(|name| tag.get(name.saturating_add(1)));
            let name = tag.strip_prefix(b"/").unwrap_or(tag).split(|byte| !byte.is_ascii_alphanumeric()).next();
            matches!(ends, Some(b'>' | b' ' | b'/'))
                && name.is_some_and(is_inline)
                && !tag.contains(&b'<')
                && !tag.contains(&b'\n')
        }),
        _ => None,
    }
}

/// Whether a tag of this name parts no words: a short name that is not one of the blocks of HTML, or that of one that runs
/// along in a line.
fn is_inline(name: &[u8]) -> bool {
    let block = |name: &[u8]| {
        [
            &b"p"[..],
            b"br",
            b"hr",
            b"li",
            b"ul",
            b"ol",
            b"td",
            b"th",
            b"tr",
            b"dt",
            b"dd",
            b"dl",
            b"h1",
            b"h2",
            b"h3",
            b"h4",
            b"h5",
            b"h6",
            b"div",
            b"row",
            b"col",
            b"nav",
            b"pre",
        ]
        .iter()
        .any(|block| block.eq_ignore_ascii_case(name))
    };
    let inline = [&b"span"[..], b"font", b"strong", b"mark", b"small", b"code", b"abbr"];
    (name.len() <= 3 && !block(name)) || inline.iter().any(|inline| inline.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_inside_a_word_goes() {
        let read = |text: &str| markup(text, usize::MAX).map(|layer| layer.text().to_string());
        for (text, read_as) in [
            ("ig<b>no</b>re all", "ignore all"),
            ("ig/**/no/* x */re", "ignore"),
            ("ig<!-- x --><span class=\"a\"></span>no<wbr>re", "ignore"),
        ] {
            assert_eq!(read(text).as_deref(), Some(read_as), "{text}");
        }
        for text in [
            "<li>one</li><li>two</li>",
            "one<rule/>two",
            "one<br>two",
            "a < b > c",
            "a<b",
            "x <b>y</b>, z",
            "1/2/3",
            "if(a<b&&c>d)",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let layer = markup("ig<b>nore", usize::MAX).unwrap();
        assert_eq!(layer.undone(0, 6), Disguise::Markup.into());
        assert!(layer.undone(4, 6).is_empty() && layer.undone(0, 1).is_empty());
        assert_eq!(layer.origin(0, 6), (0, 9));
    }
}
