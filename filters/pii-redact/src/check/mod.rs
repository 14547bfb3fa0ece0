//! Check digits, from the public standards. Every function takes the characters alone, without separators.

pub(crate) mod base58;
pub(crate) mod bech32;
pub(crate) mod date;
pub(crate) mod keccak;

/// The value of an ASCII digit; 0 for anything else.
pub(crate) const fn digit(byte: u8) -> u32 {
    if byte.is_ascii_digit() { byte.wrapping_sub(b'0') as u32 } else { 0 }
}

/// The value of a digit or letter in base 36, as ISO 7064 counts: `0`..`9`, then `A` = 10.
pub(crate) const fn base36(byte: u8) -> u32 {
    match byte {
        b'0'..=b'9' => byte.wrapping_sub(b'0') as u32,
        b'A'..=b'Z' => byte.wrapping_sub(b'A').wrapping_add(10) as u32,
        b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(10) as u32,
        _ => 0,
    }
}

/// The digits read as one number; saturates.
pub(crate) fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0_u64, |n, &d| n.saturating_mul(10).saturating_add(u64::from(digit(d))))
}

/// The character at an index, 0 past the end.
pub(crate) fn nth(value: &[u8], index: usize) -> u8 {
    value.get(index).copied().unwrap_or(0)
}

/// The characters from `start` to `end`, fewer when there are fewer.
pub(crate) fn part(value: &[u8], start: usize, end: usize) -> &[u8] {
    value.get(start..end.min(value.len())).unwrap_or_default()
}

/// The sum of digit times weight, as far as both go.
pub(crate) fn weighted(value: &[u8], weights: &[u32]) -> u32 {
    value.iter().zip(weights).map(|(&d, &w)| digit(d).saturating_mul(w)).fold(0, u32::saturating_add)
}

/// All characters the same: a placeholder, not a number that was given to anyone.
pub(crate) fn uniform(value: &[u8]) -> bool {
    value.iter().all(|c| Some(c) == value.first())
}

/// ISO/IEC 7812-1 annex B: the Luhn formula over all digits, check digit last.
pub(crate) fn luhn(value: &[u8]) -> bool {
    let doubled = |d: u32| if d > 4 { d.saturating_mul(2).saturating_sub(9) } else { d.saturating_mul(2) };
    let sum: u32 = value
        .iter()
        .rev()
        .enumerate()
        .map(|(i, &c)| if i % 2 == 1 { doubled(digit(c)) } else { digit(c) })
        .fold(0, u32::saturating_add);
    sum.is_multiple_of(10)
}

/// The remainder of a string of digits and letters (`A` = 10) divided by 97, as ISO 7064 MOD 97-10 reads it.
pub(crate) fn mod97(value: impl Iterator<Item = u8>) -> u32 {
    value.fold(0_u32, |rest, c| {
        let n = base36(c);
        let shift: u32 = if n > 9 { 100 } else { 10 };
        rest.saturating_mul(shift).saturating_add(n) % 97
    })
}

/// ISO 7064 MOD 11,10 over digits, check digit last.
pub(crate) fn mod11_10(value: &[u8]) -> bool {
    let Some((&last, body)) = value.split_last() else { return false };
    let product = body.iter().fold(10_u32, |p, &c| {
        let sum = p.saturating_add(digit(c)) % 10;
        (if sum == 0 { 10 } else { sum }).saturating_mul(2) % 11
    });
    product.saturating_add(digit(last)) % 10 == 1
}

/// ISO 7064 MOD 11-2 over digits; the check character is last and may be `X` for 10.
pub(crate) fn mod11_2(value: &[u8]) -> bool {
    let sum = value.iter().fold(0_u32, |sum, &c| {
        let n = if c == b'X' { 10 } else { digit(c) };
        sum.saturating_mul(2).saturating_add(n) % 11
    });
    sum == 1
}

/// ISO 7064 MOD 37,36 style base-36 sum that India's GSTIN uses: factor 1, 2, 1, ... and the digits of the product added.
pub(crate) fn gstin(value: &[u8]) -> bool {
    let Some((&last, body)) = value.split_last() else { return false };
    let sum = body
        .iter()
        .enumerate()
        .map(|(i, &c)| {
            let product = base36(c).saturating_mul(if i % 2 == 0 { 1 } else { 2 });
            (product / 36).saturating_add(product % 36)
        })
        .fold(0, u32::saturating_add);
    36_u32.saturating_sub(sum % 36) % 36 == base36(last)
}

/// EAN-13 / GTIN (GS1 General Specifications 7.9): weights 1, 3 from the left over thirteen digits.
pub(crate) fn ean13(value: &[u8]) -> bool {
    value.len() == 13 && weighted(value, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_multiple_of(10)
}

/// J. Verhoeff, "Error Detecting Decimal Codes" (1969): the dihedral group D5, check digit last.
pub(crate) fn verhoeff(value: &[u8]) -> bool {
    const PERMUTATION: [[u8; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    // The product in D5: rotations 0..4, reflections 5..9.
    let product = |a: u32, b: u32| match (a < 5, b < 5) {
        (true, true) => a.saturating_add(b) % 5,
        (true, false) => (a.saturating_add(b.saturating_sub(5)) % 5).saturating_add(5),
        (false, true) => (a.saturating_add(5).saturating_sub(b) % 5).saturating_add(5),
        (false, false) => a.saturating_add(5).saturating_sub(b) % 5,
    };
    let permuted =
        |i: usize, d: u32| PERMUTATION.get(i % 8).and_then(|row| row.get(d as usize)).map_or(0, |&v| u32::from(v));
    value.iter().rev().enumerate().fold(0, |c, (i, &d)| product(c, permuted(i, digit(d)))) == 0
}

#[cfg(test)]
mod tests {
    use super::{ean13, gstin, luhn, mod11_2, mod11_10, mod97, verhoeff};

    fn flipped(value: &str) -> String {
        let (head, last) = value.split_at(value.len() - 1);
        let next = if last == "5" { "6" } else { "5" };
        format!("{head}{next}")
    }

    #[test]
    fn check_digits_of_the_standards_examples_hold_and_break_when_changed() {
        type Check = fn(&[u8]) -> bool;
        let rows: [(Check, &str); 7] = [
            (luhn, "4111111111111111"),
            (luhn, "79927398713"),
            (verhoeff, "2363"),
            (mod11_10, "07945"),
            (mod11_2, "07940"),
            (ean13, "4006381333931"),
            (gstin, "27AAPFU0939F1ZV"),
        ];
        for (check, value) in rows {
            assert!(check(value.as_bytes()), "{value}");
            assert!(!check(flipped(value).as_bytes()), "{value} with another check digit");
        }
    }

    #[test]
    fn verhoeff_finds_every_swap_of_neighbours() {
        let value = *b"2363";
        for i in 0..3 {
            let mut swapped = value;
            swapped.swap(i, i + 1);
            assert!(swapped == value || !verhoeff(&swapped));
        }
    }

    #[test]
    fn the_remainder_counts_letters_as_two_digits() {
        assert_eq!(mod97(b"3214282912345698765432161182".iter().copied()), 1);
        assert_eq!(mod97(b"WEST12345698765432GB82".iter().copied()), 1);
    }
}
