//! A text together with its form on the wire.

/// A text that was read from a JSON string, or that stands for itself, with the way back to its wire form.
///
/// A lone surrogate, which streams that cut a character in two have in two deltas, reads as U+FFFD; its wire form stays.
#[derive(Clone, Default)]
pub(super) struct Source {
    plain: String,
    /// The wire form, when it is not the text itself.
    raw: String,
    /// Where escapes end, in order.
    escapes: Vec<Escape>,
    verbatim: bool,
}

#[derive(Clone, Copy)]
struct Escape {
    plain_end: usize,
    raw_end: usize,
}

impl Source {
    /// Text that is on the wire as it is.
    pub(super) fn verbatim(text: &str) -> Self {
        Self { plain: text.to_owned(), verbatim: true, ..Self::default() }
    }

    /// The content of a JSON string, whole escapes and all.
    pub(super) fn json(raw: &str) -> Self {
        let mut source = Self::default();
        source.push(raw);
        source
    }

    /// Appends to the content of a JSON string; an escape that is not whole is taken for text.
    pub(super) fn push(&mut self, raw: &str) {
        let mut rest = raw;
        while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
            let (before, escape) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.plain.push_str(before);
            self.raw.push_str(before);
            let (character, length) = read(escape.as_bytes());
            let (escape, after) = escape.split_at_checked(length).unwrap_or((escape, ""));
            self.plain.push(character);
            self.raw.push_str(escape);
            self.escapes.push(Escape { plain_end: self.plain.len(), raw_end: self.raw.len() });
            rest = after;
        }
        self.plain.push_str(rest);
        self.raw.push_str(rest);
    }

    pub(super) fn append(&mut self, other: &Self) {
        let (plain, raw) = (self.plain.len(), self.raw.len());
        self.plain.push_str(&other.plain);
        self.raw.push_str(&other.raw);
        self.verbatim |= other.verbatim;
        self.escapes.extend(other.escapes.iter().map(|escape| Escape {
            plain_end: escape.plain_end.saturating_add(plain),
            raw_end: escape.raw_end.saturating_add(raw),
        }));
    }

    /// The text.
    pub(super) fn text(&self) -> &str {
        &self.plain
    }

    pub(super) fn from(&self, at: usize) -> &str {
        self.plain.get(at..).unwrap_or_default()
    }

    /// What follows `at`, a place of the text.
    pub(super) fn after(&self, at: usize) -> Self {
        let raw_at = self.place(at);
        let kept = self.escapes.partition_point(|escape| escape.plain_end <= at);
        Self {
            plain: self.from(at).to_owned(),
            raw: self.raw.get(raw_at..).unwrap_or_default().to_owned(),
            escapes: self
                .escapes
                .get(kept..)
                .unwrap_or_default()
                .iter()
                .map(|escape| Escape {
                    plain_end: escape.plain_end.saturating_sub(at),
                    raw_end: escape.raw_end.saturating_sub(raw_at),
                })
                .collect(),
            verbatim: self.verbatim,
        }
    }

    /// The wire form of a part of the text.
    pub(super) fn wire(&self, start: usize, end: usize) -> &str {
        if self.verbatim {
            return self.plain.get(start..end).unwrap_or_default();
        }
        self.raw.get(self.place(start)..self.place(end)).unwrap_or_default()
    }

    /// What stands in its place on the wire when `back` is its text; nothing when that is what stands there.
    pub(super) fn replaced(&self, back: &str) -> Option<String> {
        if back == self.plain {
            return None;
        }
        let (front, rear) = common(&self.plain, back);
        let mut out = self.wire(0, front).to_owned();
        self.encode(back.get(front..back.len().saturating_sub(rear)).unwrap_or_default(), &mut out);
        out.push_str(self.wire(self.plain.len().saturating_sub(rear), self.plain.len()));
        Some(out)
    }

    /// Appends a text of ours in wire form.
    pub(super) fn encode(&self, text: &str, out: &mut String) {
        if self.verbatim { out.push_str(text) } else { escape(text, out) }
    }

    /// Where `position` of the text, which lies between characters, is on the wire.
    fn place(&self, position: usize) -> usize {
        let done = self.escapes.partition_point(|escape| escape.plain_end <= position);
        let before = done.checked_sub(1).and_then(|last| self.escapes.get(last));
        let (plain, raw) = before.map_or((0, 0), |escape| (escape.plain_end, escape.raw_end));
        raw.saturating_add(position.saturating_sub(plain)).min(self.raw.len())
    }

    /// Bytes on the wire.
    pub(super) fn wire_len(&self) -> usize {
        if self.verbatim { self.plain.len() } else { self.raw.len() }
    }
}

/// The character of an escape and its length; a backslash that begins none stands for itself.
fn read(bytes: &[u8]) -> (char, usize) {
    let simple = |character| (character, 2);
    match bytes.get(1) {
        Some(b'"') => simple('"'),
        Some(b'\\') => simple('\\'),
        Some(b'/') => simple('/'),
        Some(b'b') => simple('\u{8}'),
        Some(b'f') => simple('\u{c}'),
        Some(b'n') => simple('\n'),
        Some(b'r') => simple('\r'),
        Some(b't') => simple('\t'),
        Some(b'u') => match hex4(bytes.get(2..6)) {
            Some(high @ 0xD800..=0xDBFF) => {
                match bytes.get(6..8).filter(|next| *next == b"\\u").and(hex4(bytes.get(8..12))) {
                    Some(low @ 0xDC00..=0xDFFF) => {
                        let bits = ((high & 0x3FF) << 10) | (low & 0x3FF);
                        (char::from_u32(bits.saturating_add(0x1_0000)).unwrap_or('\u{FFFD}'), 12)
                    }
                    _ => ('\u{FFFD}', 6),
                }
            }
            Some(unit) => (char::from_u32(unit).unwrap_or('\u{FFFD}'), 6),
            None => ('\\', 1),
        },
        _ => ('\\', 1),
    }
}

fn hex4(digits: Option<&[u8]>) -> Option<u32> {
    digits?.iter().try_fold(0, |value: u32, &digit| Some((value << 4) | char::from(digit).to_digit(16)?))
}

/// Appends `text` as the content of a JSON string (RFC 8259 section 7), escaping only what must be.
pub(super) fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                const DIGITS: [char; 16] =
                    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
                let code = control as usize;
                out.push_str("\\u00");
                out.extend(DIGITS.get(code >> 4));
                out.extend(DIGITS.get(code & 0xF));
            }
            other => out.push(other),
        }
    }
}

/// How a text that was given and what came back for it agree: bytes at the front, bytes at the back.
pub(super) fn common(given: &str, back: &str) -> (usize, usize) {
    let mut front = given.bytes().zip(back.bytes()).take_while(|(a, b)| a == b).count();
    while !given.is_char_boundary(front) || !back.is_char_boundary(front) {
        front = front.saturating_sub(1);
    }
    let most = given.len().min(back.len()).saturating_sub(front);
    let mut rear = given.bytes().rev().zip(back.bytes().rev()).take(most).take_while(|(a, b)| a == b).count();
    let boundary = |text: &str, rear: usize| text.is_char_boundary(text.len().saturating_sub(rear));
    while !boundary(given, rear) || !boundary(back, rear) {
        rear = rear.saturating_sub(1);
    }
    (front, rear)
}

#[cfg(test)]
mod tests {
    use super::{Source, common};

    #[test]
    fn a_text_finds_its_way_back_to_the_wire() {
        let raw = r#"a\u0041\ud83d\ude42\n\ud83d|\ude42\/\q"#;
        let source = Source::json(raw);
        assert_eq!(source.text(), "aA🙂\n\u{FFFD}|\u{FFFD}/\\q");
        let at = |part: &str| source.text().find(part).unwrap();
        assert_eq!(source.wire(0, at("\n")), r"a\u0041\ud83d\ude42");
        assert_eq!(source.wire(at("|"), source.text().len()), r"|\ude42\/\q");
        let rest = source.after(at("\n"));
        assert_eq!(rest.text(), source.from(at("\n")));
        assert_eq!(rest.wire(0, rest.text().len()), r"\n\ud83d|\ude42\/\q");
        let mut joined = Source::json(r"\t");
        joined.append(&rest);
        assert_eq!(joined.wire(1, 2), r"\n");
    }

    #[test]
    fn only_what_changed_is_written_anew() {
        let source = Source::json(r"\u0061 b\u0063 d");
        assert_eq!(source.replaced("a bc d"), None);
        assert_eq!(source.replaced("a \"x\"\u{1}\n d").unwrap(), r#"\u0061 \"x\"\u0001\n d"#);
        assert_eq!(source.replaced("").unwrap(), "");
        assert_eq!(Source::verbatim("a\\b").replaced("a\"b").unwrap(), "a\"b");
    }

    #[test]
    fn what_two_texts_share_ends_between_characters() {
        assert_eq!(common("aéb", "aèb"), (1, 1));
        assert_eq!(common("aaa", "aa"), (2, 0));
        assert_eq!(common("", "x"), (0, 0));
        assert_eq!(common("🙂", "🙃"), (0, 0));
    }
}
