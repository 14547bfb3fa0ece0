//! Devices and vehicles: IMEI (3GPP TS 23.003) and VIN (ISO 3779, 49 CFR 565).

use crate::check::{base36, luhn, nth, number, part, uniform};
use crate::kind::Kind;
use crate::shape::{
    Basis::{Free, Label},
    Shape,
};
use crate::topics::*;

/// The shapes of this family.
pub(crate) const SHAPES: &[Shape] = &[
    Shape {
        kind: Kind::Imei,
        topics: IMEI,
        forms: &[("999999999999999", Label), ("99-999999-999999-9", Label), ("99 999999 999999 9", Label)],
        check: imei,
        lenient: true,
        alone: false,
    },
    Shape {
        kind: Kind::Vin,
        topics: VIN,
        forms: &[("XXXXXXXXXXXXXXXXX", Free)],
        check: vin,
        lenient: false,
        alone: true,
    },
];

/// 3GPP TS 23.003 annex B: Luhn over fifteen digits, a reporting body in the first two.
fn imei(value: &[u8]) -> bool {
    matches!(number(part(value, 0, 2)), 1 | 10..=99) && !uniform(value) && luhn(value)
}

/// 49 CFR 565.15: transliterated letters, weights, and the ninth place as the remainder by 11. I, O and Q are not used;
/// a VIN has letters and digits both.
fn vin(value: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    const LETTERS: [u32; 26] = [1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 0, 7, 0, 9, 2, 3, 4, 5, 6, 7, 8, 9];
    let worth = |c: u8| match c {
        b'0'..=b'9' => base36(c),
        _ => LETTERS.get(base36(c).saturating_sub(10) as usize).copied().unwrap_or(0),
    };
    let sum = value.iter().zip(WEIGHTS).map(|(&c, w)| worth(c).saturating_mul(w)).fold(0, u32::saturating_add);
    let check = b"0123456789X".get((sum % 11) as usize);
    let letters = value.iter().filter(|c| c.is_ascii_alphabetic()).count();
    (2..=15).contains(&letters)
        && !value.starts_with(b"0X")
        && !value.iter().any(|c| b"IOQ".contains(c))
        && check == Some(&nth(value, 8))
}

#[cfg(test)]
mod tests {
    use super::{imei, vin};

    #[test]
    fn examples_hold_and_near_misses_do_not() {
        assert!(imei(b"490154203237518") && !imei(b"490154203237519"));
        assert!(vin(b"1M8GDM9AXKP042788") && vin(b"1HGCM82633A004352"));
        assert!(!vin(b"1M8GDM9A1KP042788") && !vin(b"11111111111111111"));
    }
}
