//! Africa and the Middle East: identity numbers.

use crate::check::{date::yymmdd, digit, luhn, nth, uniform, weighted};
use crate::kind::Kind;
use crate::shape::{
    Basis::{Free, Label},
    Shape,
};
use crate::topics::*;

/// The shapes of this family.
pub(crate) const SHAPES: &[Shape] = &[
    Shape {
        kind: Kind::ZaId,
        topics: ZA | NATIONAL,
        forms: &[("9999999999999", Label), ("999999 9999 999", Label)],
        check: south_africa,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::TrTckn,
        topics: TR | NATIONAL,
        forms: &[("99999999999", Label)],
        check: turkey,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::IlId,
        topics: IL | NATIONAL,
        forms: &[("999999999", Label), ("99999999-9", Label)],
        check: israel,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::NgNin,
        topics: NG | NATIONAL,
        forms: &[("99999999999", Label)],
        check: |value| !uniform(value),
        lenient: true,
        alone: false,
    },
    Shape {
        kind: Kind::AeEid,
        topics: AE | NATIONAL,
        forms: &[("999-9999-9999999-9", Free), ("999999999999999", Label)],
        check: emirates,
        lenient: true,
        alone: true,
    },
];

/// South African Department of Home Affairs: birth date, sequence, citizenship 0 to 2, Luhn.
fn south_africa(value: &[u8]) -> bool {
    yymmdd(value) && matches!(nth(value, 10), b'0'..=b'2') && luhn(value)
}

/// Turkish T.C. kimlik no: the tenth digit from odd and even sums, the eleventh from all ten.
fn turkey(value: &[u8]) -> bool {
    let odd = weighted(value, &[7, 0, 7, 0, 7, 0, 7, 0, 7]);
    let even = weighted(value, &[0, 9, 0, 9, 0, 9, 0, 9]);
    let all = weighted(value, &[1; 10]);
    nth(value, 0) != b'0' && odd.saturating_add(even) % 10 == digit(nth(value, 9)) && all % 10 == digit(nth(value, 10))
}

/// Israeli teudat zehut: the Luhn formula over nine digits.
fn israel(value: &[u8]) -> bool {
    !uniform(value) && luhn(value)
}

/// Emirates ID: 784, birth year, serial, Luhn.
fn emirates(value: &[u8]) -> bool {
    value.starts_with(b"784") && matches!(nth(value, 3), b'1' | b'2') && luhn(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_hold_and_near_misses_do_not() {
        assert!(south_africa(b"8001015009087") && !south_africa(b"8001015009086") && !south_africa(b"8013015009087"));
        assert!(turkey(b"10000000146") && !turkey(b"10000000145"));
        assert!(israel(b"039337423") && !israel(b"039337424"));
        assert!(emirates(b"784198412345674"));
        assert!(!emirates(b"785198412345674"));
    }
}
