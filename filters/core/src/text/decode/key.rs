//! A word in two registers.

/// The first 16 bytes of a word, the first byte lowest; what is beyond its end is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Key {
    low: u64,
    high: u64,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

impl Key {
    /// Bytes that a key holds.
    pub const BYTES: usize = 16;

    /// The key of a word.
    #[inline]
    pub fn of(word: &[u8]) -> Self {
        let mut bytes = [0; Self::BYTES];
        for (byte, letter) in bytes.iter_mut().zip(word) {
            *byte = *letter;
        }
        Self::from_bytes(bytes)
    }

    #[inline]
    fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let all = u128::from_le_bytes(bytes);
        Self { low: all as u64, high: (all >> 64) as u64 }
    }

    /// The word that `text` begins with, up to the first blank: its key, and its length if it is shorter than a key.
    #[inline]
    pub fn up_to_blank(text: &[u8]) -> (Self, Option<usize>) {
        let all = match text.first_chunk() {
            Some(bytes) => Self::from_bytes(*bytes),
            None => Self::of(text),
        };
        let blank = |word: u64| {
            let found = word ^ ONES.wrapping_mul(0x20);
            let found = found.wrapping_sub(ONES) & !found & HIGHS;
            (found != 0).then(|| found.trailing_zeros() / 8)
        };
        match (blank(all.low), blank(all.high)) {
            (Some(length), _) => {
                let low = all.low & 1_u64.wrapping_shl(length.wrapping_mul(8)).wrapping_sub(1);
                (Self { low, high: 0 }, Some(length as usize))
            }
            (None, Some(length)) => {
                let high = all.high & 1_u64.wrapping_shl(length.wrapping_mul(8)).wrapping_sub(1);
                (Self { low: all.low, high }, Some(length.saturating_add(8) as usize))
            }
            (None, None) => (all, None),
        }
    }

    /// The key of this word, of `length` bytes, with `next` behind it.
    #[inline]
    pub fn and(self, length: usize, next: Self) -> Self {
        let bits = u32::try_from(length).unwrap_or(u32::MAX).saturating_mul(8);
        match bits {
            0 => next,
            1..64 => Self {
                low: self.low | next.low.wrapping_shl(bits),
                high: self.high | next.high.wrapping_shl(bits) | next.low.wrapping_shr(64_u32.saturating_sub(bits)),
            },
            64..128 => Self { low: self.low, high: self.high | next.low.wrapping_shl(bits.saturating_sub(64)) },
            _ => self,
        }
    }

    /// How many of its bytes are digits; all of them are letters in lower case, digits, or not ASCII.
    #[inline]
    pub fn digits(self) -> u32 {
        let digits = |word: u64| {
            let bit = |shift: u32| word.wrapping_shr(shift) & ONES;
            (bit(5) & !bit(6) & !bit(7)).count_ones()
        };
        digits(self.low).saturating_add(digits(self.high))
    }

    /// Whether no byte of it is beyond ASCII.
    #[inline]
    pub fn is_ascii(self) -> bool {
        (self.low | self.high) & HIGHS == 0
    }

    /// The first byte.
    #[inline]
    pub fn first(self) -> u8 {
        (self.low & 0xff) as u8
    }

    /// The first three bytes, the first lowest.
    #[inline]
    pub fn head(self) -> u32 {
        (self.low & 0x00ff_ffff) as u32
    }

    /// A hash whose every bit depends on every byte.
    #[inline]
    pub fn hash(self) -> u64 {
        let mixed = self.low ^ self.high.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        let mixed = (mixed ^ mixed.wrapping_shr(32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        let mixed = (mixed ^ mixed.wrapping_shr(29)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        mixed ^ mixed.wrapping_shr(32)
    }
}

/// The word turned in the alphabet until its first letter is `a`; all of its letters are ASCII letters in lower case.
pub(super) fn turned(key: Key) -> Key {
    let first = key.first();
    Key { low: turn(key.low, first), high: turn(key.high, first) }
}

/// The first half of [`turned`].
#[inline]
pub(super) fn turned_half(key: Key) -> u64 {
    turn(key.low, key.first())
}

#[inline]
fn turn(word: u64, first: u8) -> u64 {
    let first = u64::from(first.saturating_sub(b'a'));
    // In each byte: the letter's place in the alphabet, then how far it is behind the first letter's.
    let letters = word.wrapping_shr(6) & ONES;
    let places = word.wrapping_sub(letters.wrapping_mul(0x61));
    let ahead = (places | HIGHS).wrapping_sub(ONES.wrapping_mul(first));
    let behind = (!ahead & HIGHS).wrapping_shr(7);
    // A byte that is behind holds 0x80 less than it should, and 26 too little.
    let placed = (ahead & !HIGHS).wrapping_sub(behind.wrapping_mul(0x80 - 26));
    placed.wrapping_add(ONES.wrapping_mul(0x61)) & letters.wrapping_mul(0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_ends_at_the_first_blank() {
        assert_eq!(Key::up_to_blank(b"ignore all of it, and more"), (Key::of(b"ignore"), Some(6)));
        assert_eq!(Key::up_to_blank(b"instructions all of it"), (Key::of(b"instructions"), Some(12)));
        assert_eq!(Key::up_to_blank(b"ab "), (Key::of(b"ab"), Some(2)));
        assert_eq!(Key::up_to_blank(b"donaudampfschifffahrt "), (Key::of(b"donaudampfschiff"), None));
        assert_eq!(Key::up_to_blank("йй ".as_bytes()), (Key::of("йй".as_bytes()), Some(4)));
    }

    #[test]
    fn pieces_put_together_are_the_word() {
        let word = b"instructionsandmore";
        for cut in 0..word.len() {
            let (left, right) = word.split_at(cut);
            assert_eq!(Key::of(left).and(left.len(), Key::of(right)), Key::of(word), "{cut}");
        }
    }

    #[test]
    fn digits_are_counted_among_letters_of_any_script() {
        for (word, digits) in [("1gn0r3", 3), ("ignore", 0), ("й9z", 1), ("0123456789abcdef", 10)] {
            assert_eq!(Key::of(word.as_bytes()).digits(), digits, "{word}");
        }
    }

    #[test]
    fn a_turned_word_begins_with_a_whatever_it_was_turned_by() {
        let by = |turn: u8| -> Vec<u8> { b"disregardzebra".iter().map(|l| (l - b'a' + turn) % 26 + b'a').collect() };
        for turn in 0..26 {
            assert_eq!(turned(Key::of(&by(turn))), turned(Key::of(b"disregardzebra")), "{turn}");
        }
        assert_eq!(turned(Key::of(b"abc")), Key::of(b"abc"));
        assert_eq!(turned(Key::of(b"zab")), Key::of(b"abc"));
    }
}
