//! Telephone numbers: E.164 with `+` or `00`, and national ones by grouping or label.

use crate::check::{date, number, part, uniform};
use crate::kind::Kind;
use crate::label::{Before, Opening};
use crate::shape::{Candidate, after_digits, alone, closes};
use crate::topics::{NEUTRAL, PHONE};
use crate::view::{More, View, up};

/// ITU-T E.164: digits of a number with its country code.
const MOST_DIGITS: usize = 15;

/// Characters of the longest number with separators and extension.
const LONGEST: usize = 40;

/// Groups of digits, as they were read.
#[derive(Default)]
struct Groups {
    digits: List<18>,
    lengths: List<8>,
    /// The first separator of each gap.
    separators: List<8>,
    bracketed: bool,
    end: usize,
}

/// A few bytes in place.
struct List<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Default for List<N> {
    fn default() -> Self {
        Self { bytes: [0; N], length: 0 }
    }
}

impl<const N: usize> List<N> {
    /// Appends a byte; a full list stays as it is.
    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.length) {
            *slot = byte;
            self.length = up(self.length, 1);
        }
    }
}

impl<const N: usize> std::ops::Deref for List<N> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// The number that begins at `start`: at a digit, a `+` or a `(`.
pub(crate) fn find(view: View<'_>, start: usize, before: &Before<'_>) -> Result<Option<Candidate>, More> {
    let opening = before.opening();
    if opening == Opening::Closed {
        return Ok(None);
    }
    let plus = view.at(start)? == Some(b'+');
    let groups = read(view, if plus { up(start, 1) } else { start })?;
    let count = groups.digits.len();
    if !(5..=MOST_DIGITS.saturating_add(2)).contains(&count) || uniform(&groups.digits) {
        return Ok(None);
    }
    let end = extension(view, groups.end)?;
    if !closes(view, end)? {
        return Ok(None);
    }
    let free = if plus { international(&groups.digits) } else { recognised(&groups) && !after_digits(view, start) };
    let label = before.announces(PHONE);
    let split = groups.lengths.len() > 1;
    let labelled = match label {
        Some(label) if plus => international(&groups.digits) || label.adjacent && count >= 7,
        Some(label) => {
            plausible(&groups) && (label.adjacent && count >= if split { 6 } else { 7 } || split && count >= 7 || free)
        }
        None => false,
    };
    let length = end.saturating_sub(start);
    let candidate = |labelled, near| Candidate { kind: Kind::Phone, end, weight: (labelled, length, near) };
    if let Some(label) = label.filter(|_| labelled) {
        return Ok(Some(candidate(true, label.end)));
    }
    if opening == Opening::Clean
        && !before.nearest_is(NEUTRAL)
        && (free || !split && (10..=11).contains(&count) && trunk(&groups) && alone(view, start, end)?)
    {
        return Ok(Some(candidate(false, 0)));
    }
    Ok(None)
}

fn read(view: View<'_>, start: usize) -> Result<Groups, More> {
    let mut groups = Groups::default();
    let mut at = start;
    let limit = up(start, LONGEST);
    loop {
        // Separators before a group: brackets, and at most one other beside them.
        let mut from = at;
        let mut separator = 0_u8;
        while let Some(byte) = view.at(from)? {
            match byte {
                b'(' | b')' => {
                    groups.bracketed = true;
                    if separator == 0 {
                        separator = byte;
                    }
                }
                // A blank may stand on both sides of a stroke: 89 / 636-48018.
                b' ' if at > start && view.before(from) != Some(b' ') => {
                    if matches!(separator, 0 | b'(' | b')') {
                        separator = byte;
                    }
                }
                b'-' | b'.' | b'/' if at > start && matches!(separator, 0 | b' ' | b'(' | b')') => separator = byte,
                _ => break,
            }
            from = up(from, 1);
            if from > up(at, 3) {
                break;
            }
        }
        let end = view.run(from, up(MOST_DIGITS, 5), |byte| byte.is_ascii_digit())?;
        if end == from || end > limit || groups.lengths.len() >= 7 {
            break;
        }
        let digits = view.slice(from, end);
        if groups.digits.len().saturating_add(digits.len()) > MOST_DIGITS.saturating_add(2) {
            groups.digits = List::default();
            break;
        }
        // The trunk prefix in brackets, as in +46 (0)8, is not dialled.
        let trunk = digits == b"0" && (separator == b'(' || view.at(end)? == Some(b')'));
        if !trunk || groups.digits.is_empty() {
            digits.iter().for_each(|&digit| groups.digits.push(digit));
            groups.lengths.push(u8::try_from(digits.len()).unwrap_or(u8::MAX));
            groups.separators.push(separator);
        }
        at = end;
        groups.end = end;
    }
    Ok(groups)
}

/// The end of an extension (`x506`, ` ext. 12`) after a number, or the same position.
fn extension(view: View<'_>, end: usize) -> Result<usize, More> {
    let digits = match view.at(end)? {
        Some(b'x') => up(end, 1),
        _ => return Ok(end),
    };
    let after = view.run(digits, 7, |byte| byte.is_ascii_digit())?;
    Ok(if after > digits { after } else { end })
}

/// Whether digits after a `+` are a country code of ITU-T E.164 and a number of a length in use there.
fn international(digits: &[u8]) -> bool {
    let one = number(part(digits, 0, 1));
    let two = number(part(digits, 0, 2));
    let (code, range) = match (one, two) {
        (1, _) => (1, 10..=10),
        (7, _) => (1, 10..=10),
        (_, 20) => (2, 8..=10),
        (_, 27) => (2, 9..=9),
        (_, 30) => (2, 10..=10),
        (_, 31) => (2, 8..=10),
        (_, 32) => (2, 8..=9),
        (_, 33 | 34) => (2, 9..=9),
        (_, 36) => (2, 8..=9),
        (_, 39) => (2, 6..=12),
        (_, 40) => (2, 9..=9),
        (_, 41) => (2, 9..=12),
        (_, 43) => (2, 6..=13),
        (_, 44) => (2, 9..=10),
        (_, 45 | 47) => (2, 8..=8),
        (_, 46) => (2, 7..=10),
        (_, 48) => (2, 9..=9),
        (_, 49) => (2, 6..=13),
        (_, 51) => (2, 8..=9),
        (_, 52) => (2, 10..=11),
        (_, 53) => (2, 6..=8),
        (_, 54) => (2, 10..=11),
        (_, 55) => (2, 8..=11),
        (_, 56) => (2, 8..=9),
        (_, 57) => (2, 8..=10),
        (_, 58) => (2, 10..=10),
        (_, 60) => (2, 8..=10),
        (_, 61) => (2, 9..=9),
        (_, 62) => (2, 7..=12),
        (_, 63) => (2, 8..=10),
        (_, 64) => (2, 8..=10),
        (_, 65) => (2, 8..=8),
        (_, 66) => (2, 8..=9),
        (_, 81) => (2, 9..=10),
        (_, 82) => (2, 8..=11),
        (_, 84) => (2, 8..=10),
        (_, 86) => (2, 9..=12),
        (_, 90 | 91) => (2, 10..=10),
        (_, 92) => (2, 9..=10),
        (_, 93 | 94) => (2, 9..=9),
        (_, 95) => (2, 7..=10),
        (_, 98) => (2, 10..=10),
        // Codes of three digits: 21x to 29x, 35x, 37x, 38x, 42x, 50x, 59x, 67x to 69x, 80x, 85x, 87x, 88x, 96x to 99x.
        (_, 21..=26 | 29 | 35 | 37 | 38 | 42 | 50 | 59 | 67..=69 | 80 | 85 | 87 | 88 | 96 | 97 | 99) => (3, 6..=12),
        _ => return false,
    };
    range.contains(&digits.len().saturating_sub(code)) && !part(digits, code, 15).starts_with(b"000")
}

/// Groupings that are telephone numbers without any label.
fn recognised(groups: &Groups) -> bool {
    let lengths: &[u8] = &groups.lengths;
    let separator = groups.separators.get(1).copied().unwrap_or(0);
    let same = groups.separators.iter().skip(2).all(|&s| s == separator);
    let head =
        |at: usize| part(&groups.digits, at, at.saturating_add(1)).first().is_some_and(|d| (b'2'..=b'9').contains(d));
    match lengths {
        // The North American plan: (650) 253-0000, 650-253-0000, 650.253.0000, 1-650-253-0000, 001-650-253-0000.
        [3, 3, 4] if groups.bracketed => true,
        [3, 3, 4] => {
            matches!(separator, b'-' | b'.') && same
                || separator == b' ' && same && head(0) && head(3)
                || separator == b'/' && head(0)
        }
        [1, 3, 3, 4] => groups.digits.first() == Some(&b'1'),
        // Turkey and others: 532 123 45 67, 0 532 123 45 67, 0 (532) 1234567.
        [3, 3, 2, 2] => matches!(separator, b' ' | b'.' | b'-' | b')') && head(0),
        [1, 3, 3, 2, 2] => groups.digits.first().is_some_and(|d| matches!(d, b'0' | b'8')),
        [1, 3, 7] => groups.bracketed && groups.digits.first() == Some(&b'0'),
        [3, 3, 3, 4] => groups.digits.starts_with(b"001"),
        _ if groups.digits.starts_with(b"00") => {
            let short = lengths.iter().rev().skip(1).all(|&l| (2..=5).contains(&l));
            lengths.len() > 1 && short && international(part(&groups.digits, 2, 17))
        }
        // National with a trunk 0: 07400 347123, 0905 128 8111, 01.42.68.53.00, 089/123456.
        _ => trunk(groups) && same && grouped(lengths, separator),
    }
}

fn trunk(groups: &Groups) -> bool {
    groups.digits.first() == Some(&b'0') && groups.digits.get(1) != Some(&b'0')
}

fn grouped(lengths: &[u8], separator: u8) -> bool {
    let total = lengths.iter().map(|&length| u32::from(length)).sum::<u32>();
    let first = lengths.first().copied().unwrap_or(0);
    if !(9..=11).contains(&total) || !(2..=5).contains(&first) || !lengths.iter().skip(1).all(|l| (2..=8).contains(l)) {
        return false;
    }
    match lengths.len() {
        // 02110-1301 is a post code of the United States.
        2 => matches!(separator, b' ' | b'-' | b'/' | b')') && !(first == 5 && total == 9),
        3 => matches!(separator, b' ' | b'-' | b')'),
        5 => matches!(separator, b' ' | b'.' | b'-'),
        4 => matches!(separator, b' ' | b'-' | b')'),
        _ => false,
    }
}

/// Whether a labelled number can be one to dial: not a date, not an amount, enough digits.
fn plausible(groups: &Groups) -> bool {
    let date = match &*groups.lengths {
        [4, 2, 2] => groups.separators.get(1) != Some(&b' '),
        [2, 2, 4] => {
            groups.separators.get(1).is_some_and(|s| matches!(s, b'.' | b'/' | b'-'))
                && number(part(&groups.digits, 4, 8)) < 2100
        }
        [4, 4] => {
            groups.separators.get(1) == Some(&b'-')
                && groups.digits.starts_with(b"20")
                && part(&groups.digits, 4, 6) == b"20"
        }
        _ => false,
    };
    // A time written as one number: 20240101123000.
    let time = groups.lengths.len() == 1 && groups.digits.len() >= 12 && date::yyyymmdd(&groups.digits);
    !date && !time && groups.digits.len() <= MOST_DIGITS
}
