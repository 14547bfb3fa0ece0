//! The United Kingdom and Ireland: NHS, HM Revenue and Customs (NINO, UTR), DVLA, PPS.

use crate::check::{digit, nth, number, part, uniform, weighted};
use crate::kind::Kind;
use crate::shape::{
    Basis::{Free, Label},
    Shape,
};
use crate::topics::*;

/// The shapes of this family.
pub(crate) const SHAPES: &[Shape] = &[
    Shape {
        kind: Kind::UkNhs,
        topics: NHS,
        forms: &[("999 999 9999", Label), ("999-999-9999", Label), ("9999999999", Label)],
        check: nhs,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::UkNino,
        topics: NINO,
        forms: &[
            ("AA 99 99 99 A", Free),
            ("AA999999A", Free),
            ("AA 999999 A", Free),
            ("AA 999999A", Free),
            ("AA999999 A", Free),
            ("AA-99-99-99-A", Free),
            ("AA99 99 99A", Free),
            ("AA 99 99 99A", Free),
        ],
        check: nino,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::UkUtr,
        topics: UTR,
        forms: &[("9999999999", Label), ("99999 99999", Label)],
        check: utr,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::UkDrivingLicence,
        topics: LICENSE,
        forms: &[
            ("AAAAA999999XX9AA", Free),
            ("AAAA9999999XX9AA", Free),
            ("AAA99999999XX9AA", Free),
            ("AA999999999XX9AA", Free),
        ],
        check: dvla,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::IePps,
        topics: IE,
        forms: &[("9999999A", Label), ("9999999AA", Label)],
        check: pps,
        lenient: true,
        alone: true,
    },
];

/// NHS Data Dictionary, NHS number: weights 10 to 2, modulus 11, check digit last.
fn nhs(value: &[u8]) -> bool {
    let rest = weighted(value, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    let check = 11_u32.saturating_sub(rest) % 11;
    value.len() == 10 && !uniform(value) && check != 10 && check == digit(nth(value, 9))
}

/// HMRC National Insurance Manual NIM39110: letters that are not used, prefixes that are not allocated, suffix A to D.
fn nino(value: &[u8]) -> bool {
    let (first, second) = (nth(value, 0), nth(value, 1));
    let prefix = part(value, 0, 2);
    !b"DFIQUV".contains(&first)
        && !b"DFIOQUV".contains(&second)
        && !matches!(prefix, b"BG" | b"GB" | b"NK" | b"KN" | b"TN" | b"NT" | b"ZZ")
        && matches!(nth(value, 8), b'A'..=b'D')
}

/// HMRC Unique Taxpayer Reference: the first digit checks the nine others.
fn utr(value: &[u8]) -> bool {
    let rest = weighted(part(value, 1, 10), &[6, 7, 8, 9, 10, 5, 4, 3, 2]) % 11;
    b"21987654321".get(rest as usize) == Some(&nth(value, 0))
}

/// DVLA driver number: surname, decade, month (plus 50 for women), day, year, initials.
fn dvla(value: &[u8]) -> bool {
    let month = number(part(value, 6, 8)) % 50;
    let initials = part(value, 11, 13);
    (1..=12).contains(&month)
        && number(part(value, 6, 8)) < 63
        && (1..=31).contains(&number(part(value, 8, 10)))
        && initials.first().is_some_and(u8::is_ascii_alphabetic)
        && initials.iter().all(|&c| c.is_ascii_alphabetic() || c == b'9')
}

/// Irish Revenue, PPS number: weights 8 to 2, a second letter counts nine times its place, modulus 23.
fn pps(value: &[u8]) -> bool {
    let second = match value.get(8) {
        Some(&c) if c != b'W' => u32::from(c.saturating_sub(b'@')).saturating_mul(9),
        _ => 0,
    };
    let rest = weighted(value, &[8, 7, 6, 5, 4, 3, 2]).saturating_add(second) % 23;
    b"WABCDEFGHIJKLMNOPQRSTUV".get(rest as usize) == Some(&nth(value, 7))
}

#[cfg(test)]
mod tests {
    use super::{dvla, nhs, nino, pps, utr};

    #[test]
    fn examples_hold_and_near_misses_do_not() {
        assert!(nhs(b"9434765919") && !nhs(b"9434765918"));
        assert!(nino(b"AA123456A") && !nino(b"BG123456A") && !nino(b"QQ123456C") && !nino(b"AA123456E"));
        assert!(utr(b"1955839661") && !utr(b"2955839661"));
        assert!(dvla(b"MORGA657054SM9IJ") && !dvla(b"MORGA670054SM9IJ") && !dvla(b"MORGA657324SM9IJ"));
        assert!(pps(b"1234567T") && pps(b"1234567FA") && !pps(b"1234567A"));
    }
}
