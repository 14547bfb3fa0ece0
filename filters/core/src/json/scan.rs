//! The bytes inside strings and numbers.

use crate::wire::Unreadable;

const ONES: u64 = u64::from_le_bytes([0x01; 8]);
const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
const SPACES: u64 = u64::from_le_bytes([0x20; 8]);
const QUOTES: u64 = u64::from_le_bytes([b'"'; 8]);
const BACKSLASHES: u64 = u64::from_le_bytes([b'\\'; 8]);

/// Bytes looked at together: wide enough for the compiler to use vector instructions, natively and with simd128.
const BLOCK: usize = 32;

/// Length of the longest prefix without `"`, `\` and control characters (RFC 8259 section 7).
pub(super) fn plain(bytes: &[u8]) -> usize {
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let clean = blocks.iter().take_while(|block| !block.iter().fold(false, |any, &byte| any | special(byte))).count();
    let from = clean.saturating_mul(BLOCK);
    let rest = bytes.get(from..).unwrap_or_default();
    let (words, tail) = rest.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let hits = specials(u64::from_le_bytes(*word));
        if hits != 0 {
            let within = (hits.trailing_zeros() >> 3) as usize;
            return from.saturating_add(index.saturating_mul(8)).saturating_add(within);
        }
    }
    let before = bytes.len().saturating_sub(tail.len());
    before.saturating_add(tail.iter().position(|&byte| special(byte)).unwrap_or(tail.len()))
}

fn special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// The high bit of each byte that is special. A borrow may mark bytes above the first, never below: the lowest is true.
fn specials(word: u64) -> u64 {
    let quote = word ^ QUOTES;
    let backslash = word ^ BACKSLASHES;
    let control = word.wrapping_sub(SPACES) & !word;
    let zero = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
    (control | zero(quote) | zero(backslash)) & HIGH
}

/// Length of the escape that `bytes` begin with (a backslash), 2, 6 or, for a surrogate pair, 12.
pub(super) fn escape(bytes: &[u8]) -> Result<usize, Unreadable> {
    match bytes.get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
        Some(b'u') => {
            let first = hex4(bytes.get(2..6)).ok_or(Unreadable::Malformed)?;
            match first {
                0xD800..=0xDBFF => {
                    if bytes.get(6..8) != Some(b"\\u") {
                        return Err(Unreadable::Encoding);
                    }
                    match hex4(bytes.get(8..12)).ok_or(Unreadable::Malformed)? {
                        0xDC00..=0xDFFF => Ok(12),
                        _ => Err(Unreadable::Encoding),
                    }
                }
                0xDC00..=0xDFFF => Err(Unreadable::Encoding),
                _ => Ok(6),
            }
        }
        _ => Err(Unreadable::Malformed),
    }
}

/// The value of exactly four hexadecimal digits.
pub(super) fn hex4(digits: Option<&[u8]>) -> Option<u32> {
    let digits = digits.filter(|digits| digits.len() == 4)?;
    digits.iter().try_fold(0, |value: u32, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        Some((value << 4) | digit)
    })
}

/// Length of the number that `bytes` begin with (RFC 8259 section 6), if they begin with one.
pub(super) fn number(bytes: &[u8]) -> Option<usize> {
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    match bytes.get(at)? {
        b'0' => at = at.saturating_add(1),
        b'1'..=b'9' => at = at.saturating_add(digits(bytes, at)),
        _ => return None,
    }
    if bytes.get(at) == Some(&b'.') {
        at = at.saturating_add(1);
        at = at.saturating_add(Some(digits(bytes, at)).filter(|&count| count > 0)?);
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        at = at.saturating_add(1);
        if let Some(b'+' | b'-') = bytes.get(at) {
            at = at.saturating_add(1);
        }
        at = at.saturating_add(Some(digits(bytes, at)).filter(|&count| count > 0)?);
    }
    Some(at)
}

fn digits(bytes: &[u8], from: usize) -> usize {
    bytes.get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_run_ends_at_the_first_special_byte_wherever_it_lies() {
        for length in 0..100 {
            for at in 0..length {
                for special in [b'"', b'\\', 0x00, 0x1f, b'\n'] {
                    let mut bytes = vec![b'a'; length];
                    bytes[at] = special;
                    assert_eq!(plain(&bytes), at, "{special:#x} at {at} of {length}");
                    // What follows a hit must not pull it forward.
                    bytes[at..].fill(special);
                    assert_eq!(plain(&bytes), at);
                }
            }
            assert_eq!(plain(&vec![b' '; length]), length);
            assert_eq!(plain(&vec![0x7f; length]), length);
            assert_eq!(plain(&vec![0xff; length]), length);
        }
    }

    #[test]
    fn every_byte_is_judged_alike_alone_and_in_a_word() {
        for byte in 0..=u8::MAX {
            let expected = if special(byte) { 0 } else { 1 };
            assert_eq!(plain(&[byte]), expected);
            assert_eq!(plain(&[byte, b'"', b'"', b'"', b'"', b'"', b'"', b'"']), expected, "{byte:#x}");
        }
    }

    #[test]
    fn numbers_are_strict() {
        for good in ["0", "-0", "10", "1.5", "-0.0", "1e5", "1E+5", "0e-1", "1.25e99999"] {
            assert_eq!(number(good.as_bytes()), Some(good.len()), "{good}");
        }
        for bad in ["-", "+1", ".5", "1.", "1e", "1e+", "-a", "1.e5", "NaN"] {
            assert_eq!(number(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(number(b"01"), Some(1), "what follows is for the caller to refuse");
    }
}
