//! Percent-encoding (RFC 3986 §2.1), one escape at a time: who reads it says what a broken one means.

/// The octet that two hexadecimal digits at the begin of `behind` stand for, and what comes after them; `behind` is what
/// stands behind a `%`.
pub(crate) fn octet(behind: &[u8]) -> Option<(u8, &[u8])> {
    let &[high, low, ref rest @ ..] = behind else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(((digit(high)? << 4) | digit(low)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_are_an_octet() {
        assert_eq!(octet(b"4Cx"), Some((b'L', &b"x"[..])));
        assert_eq!(octet(b"fF"), Some((0xff, &b""[..])));
        for broken in ["", "4", "4g", "+1", " 41", "\u{ff14}1"] {
            assert_eq!(octet(broken.as_bytes()), None, "{broken}");
        }
    }
}
