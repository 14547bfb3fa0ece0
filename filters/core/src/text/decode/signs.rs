//! One look at each byte of a text: which decoders have something to do, and where long runs stand.

/// Bytes that a run must have: a short word in base64 has as many.
const RUN: usize = 8;
/// Bytes from which on a run is worth a look whatever it is made of.
const LONG: usize = 24;

/// What a text holds.
#[derive(Clone, Debug, Default)]
pub struct Signs {
    seen: u16,
    /// Runs of letters, digits and `+ / _ -` that may be base64, base32, hexadecimal or binary digits.
    pub runs: Vec<(usize, usize)>,
}

impl Signs {
    /// Looks at a text.
    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut signs = Self { seen: bytes.iter().fold(0, |seen, byte| seen | class(*byte)), runs: Vec::new() };
        let is_word = |at: usize| bytes.get(at).is_some_and(|byte| class(*byte) & WORD != 0);
        // A run that begins at `start` or behind it has its eighth byte here or later: most texts are read in leaps.
        let mut start = 0_usize;
        while let Some(last) = start.checked_add(RUN.saturating_sub(1)).filter(|last| *last < bytes.len()) {
            if !is_word(last) {
                start = last.saturating_add(1);
                continue;
            }
            let before = bytes.get(start..last).unwrap_or_default();
            if let Some(parted) = before.iter().rposition(|byte| class(*byte) & WORD == 0) {
                start = start.saturating_add(parted).saturating_add(1);
                continue;
            }
            // The classes of the bytes after the first: a word at the begin of a sentence is none.
            let mut inner = before.iter().skip(1).fold(0, |inner, byte| inner | class(*byte));
            let mut end = last;
            while let Some(class) = bytes.get(end).map(|byte| class(*byte)).filter(|class| class & WORD != 0) {
                inner |= class;
                end = end.saturating_add(1);
            }
            signs.run(start, end, inner, bytes.get(end) == Some(&b'='));
            start = end.saturating_add(1);
        }
        signs
    }

    fn run(&mut self, start: usize, end: usize, inner: u16, padded: bool) {
        let length = end.saturating_sub(start);
        if length < RUN {
            return;
        }
        let mixed = inner & UPPER != 0 && inner & LOWER != 0;
        if mixed || inner & DIGIT != 0 || length >= LONG || padded || inner & (LOWER | OTHER) == 0 {
            self.runs.push((start, end));
        }
    }

    /// Whether a character that begins an escape stands somewhere.
    pub fn escapes(&self) -> bool {
        self.seen & ESCAPE != 0
    }

    /// Whether there may be tags or comments.
    pub fn markup(&self) -> bool {
        self.seen & MARKUP != 0
    }

    /// Whether there may be characters of the planes at the end of Unicode.
    pub fn invisible(&self) -> bool {
        self.seen & FAR != 0
    }

    /// Whether there may be Morse code.
    pub fn morse(&self) -> bool {
        self.seen & DOT != 0 && self.seen & DASH != 0
    }

    /// Whether a sign stands somewhere that is written for a letter.
    pub fn leet(&self) -> bool {
        self.seen & LEET != 0
    }
}

const LOWER: u16 = 1;
const UPPER: u16 = 2;
const DIGIT: u16 = 4;
/// `+`, `/`, `_`.
const OTHER: u16 = 8;
/// `%`, `&`, `\`, `+`, `=`.
const ESCAPE: u16 = 16;
/// `<`, `*`.
const MARKUP: u16 = 32;
/// The first byte of characters from U+C0000 on.
const FAR: u16 = 64;
const DOT: u16 = 128;
const DASH: u16 = 256;
/// `@`, `$`, `!`, `|`, and what begins the signs of other currencies.
const LEET: u16 = 512;
const WORD: u16 = LOWER | UPPER | DIGIT | OTHER | DASH;

fn class(byte: u8) -> u16 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or_default()
}

const CLASSES: [u16; 256] = classes();

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "evaluated by the compiler")]
const fn classes() -> [u16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' => LOWER,
            b'A'..=b'Z' => UPPER,
            b'0'..=b'9' => DIGIT,
            b'/' | b'_' => OTHER,
            b'+' => OTHER | ESCAPE,
            b'-' => DASH,
            b'%' | b'&' | b'\\' | b'=' => ESCAPE,
            b'<' | b'*' => MARKUP,
            b'.' => DOT,
            b'@' | b'$' | b'!' | b'|' => LEET,
            0xf3 => FAR,
            _ => 0,
        };
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_no_runs_and_encoded_words_are() {
        let runs = |text: &str| {
            Signs::of(text).runs.iter().map(|(a, b)| text.get(*a..*b).unwrap().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(runs("Important understanding, e.g. Netherlands and well-known"), Vec::<String>::new());
        assert_eq!(
            runs("x SWdub3Jl, aWdub3JlIGFsbA== 49676e6f JBSWY3DPEBLW64TMMQQQ===="),
            ["SWdub3Jl", "aWdub3JlIGFsbA", "49676e6f", "JBSWY3DPEBLW64TMMQQQ"]
        );
        assert_eq!(runs("aaaaaaaaaaaaaaaaaaaaaaaa"), ["aaaaaaaaaaaaaaaaaaaaaaaa"]);
    }

    #[test]
    fn a_sign_is_seen_wherever_it_stands() {
        let none = Signs::of("Plain prose, without any of them. 12 of 13?");
        assert!(!(none.escapes() || none.markup() || none.invisible() || none.morse() || none.leet()));
        assert!(Signs::of("&").escapes() && Signs::of("a\u{e0041}").invisible() && Signs::of("-.").morse());
        assert!(Signs::of("<").markup() && Signs::of("a@").leet());
    }
}
