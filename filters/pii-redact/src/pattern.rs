//! Patterns that an operator writes: a part of regular expressions that is matched in linear time, whatever the text.

/// One pattern: at most [`Pattern::MOST`] places, each a set of bytes.
///
/// A character stands for itself; `\d` for a digit, `\w` for a letter or digit of ASCII, `\` before any other character
/// for that character; `[A-F0-9]` for one of a set of ASCII. `{n}`, `{n,m}` and `?` say how often the place before them
/// stands. There is no alternative, no group and no open end: what it matches has a length that is known.
#[derive(Clone)]
pub(crate) struct Pattern {
    /// The places that a byte may stand at, by byte.
    at: Box<[u128; 256]>,
    /// The places that may follow each place.
    follow: Vec<u128>,
    /// The places that may come first, and those that may come last.
    first: u128,
    last: u128,
}

// What an operator looks for may be confidential.
impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pattern").field("places", &self.follow.len()).finish()
    }
}

/// A set of bytes, and whether it may be left out.
struct Place {
    set: [bool; 256],
    optional: bool,
}

impl Pattern {
    /// The most places of one pattern.
    pub(crate) const MOST: usize = 128;

    /// Fewer places that must be there would match in every other line.
    const FEWEST: usize = 3;

    /// Reads a pattern; the error says what is wrong with it.
    pub(crate) fn new(pattern: &str) -> Result<Self, &'static str> {
        let mut places: Vec<Place> = Vec::new();
        let mut rest = pattern.chars().peekable();
        // Where the places of the last item begin.
        let mut item = None;
        while let Some(character) = rest.next() {
            let from = places.len();
            match character {
                '?' | '{' => {
                    let from: usize = item.take().ok_or("repeats nothing")?;
                    if places.len() > from.saturating_add(1) {
                        return Err("repeats a character outside of ASCII");
                    }
                    let (least, most) = if character == '?' { (0, 1) } else { counts(&mut rest)? };
                    let set = places.pop().ok_or("repeats nothing")?.set;
                    if most == 0 || least > most || most > Self::MOST {
                        return Err("repeats from more to less, never, or too often");
                    }
                    places.extend((0..most).map(|n| Place { set, optional: n >= least }));
                    continue;
                }
                '[' => places.push(Place { set: class(&mut rest)?, optional: false }),
                '\\' => match rest.next().ok_or("ends in a backslash")? {
                    'd' => places.push(place(|b| b.is_ascii_digit())),
                    'w' => places.push(place(|b| b.is_ascii_alphanumeric())),
                    letter if letter.is_ascii_alphanumeric() => return Err("has an escape that is not known"),
                    other => literal(other, &mut places),
                },
                ']' | '}' | '(' | ')' | '|' | '*' | '+' | '.' | '^' | '$' => {
                    return Err("has a sign without meaning here; a backslash before it takes it as it is");
                }
                other => literal(other, &mut places),
            }
            item = Some(from);
        }
        Self::compile(&places)
    }

    /// A text as it stands; letters of ASCII in either case.
    pub(crate) fn word(word: &str) -> Result<Self, &'static str> {
        let places: Vec<_> = word.bytes().map(|byte| place(|b| b.eq_ignore_ascii_case(&byte))).collect();
        Self::compile(&places)
    }

    fn compile(places: &[Place]) -> Result<Self, &'static str> {
        if places.len() > Self::MOST {
            return Err("matches more than 128 bytes");
        }
        if places.iter().filter(|place| !place.optional).count() < Self::FEWEST {
            return Err("matches fewer than 3 characters");
        }
        let mut at = Box::new([0_u128; 256]);
        for (index, place) in places.iter().enumerate() {
            for (mask, _) in at.iter_mut().zip(place.set).filter(|(_, held)| *held) {
                *mask |= bit(index);
            }
        }
        // From a place one may go on to the next that must be there, and to every one before it that need not.
        let reach = |from: usize| {
            let mut reached = 0;
            for (index, place) in places.iter().enumerate().skip(from) {
                reached |= bit(index);
                if !place.optional {
                    break;
                }
            }
            reached
        };
        let follow: Vec<_> = (0..places.len()).map(|index| reach(index.saturating_add(1))).collect();
        let tail = places.iter().rev().take_while(|place| place.optional).count();
        let last = (0..=tail).fold(0, |last, n| last | bit(places.len().saturating_sub(1).saturating_sub(n)));
        Ok(Self { at, follow, first: reach(0), last })
    }

    /// Whether a match may begin with a byte.
    pub(crate) fn begins(&self, byte: u8) -> bool {
        self.at(byte) & self.first != 0
    }

    /// The places reached with a first byte.
    pub(crate) fn start(&self, byte: u8) -> u128 {
        self.at(byte) & self.first
    }

    /// The places reached with one more byte; none when no match is possible any more.
    pub(crate) fn step(&self, mut places: u128, byte: u8) -> u128 {
        let mut next = 0;
        while places != 0 {
            let index = places.trailing_zeros() as usize;
            next |= self.follow.get(index).copied().unwrap_or(0);
            places &= places.wrapping_sub(1);
        }
        next & self.at(byte)
    }

    /// Whether a match ends at one of these places.
    pub(crate) fn accepts(&self, places: u128) -> bool {
        places & self.last != 0
    }

    fn at(&self, byte: u8) -> u128 {
        self.at.get(usize::from(byte)).copied().unwrap_or(0)
    }
}

fn bit(index: usize) -> u128 {
    u32::try_from(index).ok().and_then(|index| 1_u128.checked_shl(index)).unwrap_or(0)
}

fn place(holds: impl Fn(u8) -> bool) -> Place {
    let mut set = [false; 256];
    for (byte, slot) in (0..=255).zip(set.iter_mut()) {
        *slot = holds(byte);
    }
    Place { set, optional: false }
}

fn literal(character: char, places: &mut Vec<Place>) {
    let mut buffer = [0; 4];
    places.extend(character.encode_utf8(&mut buffer).bytes().map(|byte| place(|b| b == byte)));
}

/// What stands behind `[`, to the bracket that closes it.
fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<[bool; 256], &'static str> {
    const OPEN: &str = "has a set that is not closed";
    let mut set = [false; 256];
    let mut empty = true;
    loop {
        let from = match rest.next().ok_or(OPEN)? {
            ']' if empty => return Err("has an empty set"),
            ']' => return Ok(set),
            '^' if empty => return Err("has a set of what is not in it"),
            '\\' => rest.next().ok_or(OPEN)?,
            other => other,
        };
        let mut to = from;
        if rest.peek() == Some(&'-') {
            rest.next();
            to = match rest.next().ok_or(OPEN)? {
                ']' => return Err("has a set that ends in a hyphen; a backslash before it takes it as it is"),
                '\\' => rest.next().ok_or(OPEN)?,
                other => other,
            };
        }
        if !from.is_ascii() || !to.is_ascii() || from > to {
            return Err("has a set beyond ASCII, or from more to less");
        }
        let range = u8::try_from(from).unwrap_or(0)..=u8::try_from(to).unwrap_or(0);
        for (_, slot) in (0_u8..=255).zip(set.iter_mut()).filter(|(byte, _)| range.contains(byte)) {
            *slot = true;
        }
        empty = false;
    }
}

/// What stands behind `{`, to the brace that closes it.
fn counts(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<(usize, usize), &'static str> {
    const WRONG: &str = "has a count that is not {n} or {n,m}";
    let inner: String = rest.by_ref().take_while(|c| *c != '}').take(9).collect();
    let number = |text: &str| text.parse::<usize>().map_err(|_| WRONG);
    match inner.split_once(',') {
        Some((least, most)) => Ok((number(least)?, number(most)?)),
        None => number(&inner).map(|n| (n, n)),
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    fn longest(pattern: &Pattern, text: &str) -> Option<usize> {
        let mut bytes = text.bytes();
        let mut places = pattern.start(bytes.next()?);
        let mut end = pattern.accepts(places).then_some(1);
        for (at, byte) in bytes.enumerate() {
            places = pattern.step(places, byte);
            end = if pattern.accepts(places) { Some(at + 2) } else { end };
        }
        end
    }

    #[test]
    fn a_pattern_matches_what_it_says() {
        for (pattern, text, expected) in [
            ("EMP-\\d{6}", "EMP-123456", Some(10)),
            ("EMP-\\d{6}", "EMP-12345", None),
            ("[A-C]{2,4}[0-9]?x", "ABCA7x!", Some(6)),
            ("[A-C]{2,4}[0-9]?x", "ABx", Some(3)),
            ("[A-C]{2,4}[0-9]?x", "Ax", None),
            ("ab?c?de?f?", "adz", None),
            ("abcd?e?", "abc", Some(3)),
            ("abcd?e?", "abcde", Some(5)),
            ("caf\u{e9}\\.\\w", "caf\u{e9}.x", Some(7)),
            ("[\\-\\]a-]x", "", None),
        ] {
            let found = Pattern::new(pattern).ok().and_then(|pattern| longest(&pattern, text));
            assert_eq!(found, expected, "{pattern} in {text}");
        }
        assert_eq!(longest(&Pattern::word("Projekt Z\u{fc}rich").unwrap(), "PROJEKT z\u{fc}RICH"), Some(15));
    }

    #[test]
    fn what_has_no_end_or_no_meaning_is_no_pattern() {
        for pattern in [
            "",
            "ab",
            "a*bc",
            "(abc)",
            "abc|def",
            "[^a]bc",
            "[]abc",
            "[abc",
            "abc{",
            "abc{2,1}",
            "abc{0}",
            "abc{200}",
            "{2}abc",
            "abc\\",
            "a\\bcd",
            "[z-a]bc",
            "abc?{3}",
            "x{99}y{99}",
            "\u{e9}?abc",
            "[a-\u{e9}]bc",
            "a.c",
        ] {
            assert!(Pattern::new(pattern).is_err(), "{pattern}");
        }
    }
}
