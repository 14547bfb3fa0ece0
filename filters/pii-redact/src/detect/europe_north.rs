//! The Nordic and Baltic countries: birth numbers with their dates and check digits.

use crate::check::{
    base36,
    date::{ddmmyy, yymmdd},
    digit, luhn, nth, number, part, weighted,
};
use crate::kind::Kind;
use crate::shape::{
    Basis::{Free, Label},
    Shape,
};
use crate::topics::*;

/// The shapes of this family.
pub(crate) const SHAPES: &[Shape] = &[
    Shape {
        kind: Kind::SePersonnummer,
        topics: SE | NATIONAL,
        forms: &[("999999-9999", Label), ("99999999-9999", Label), ("9999999999", Label), ("999999999999", Label)],
        check: personnummer,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::DkCpr,
        topics: DK | NATIONAL,
        forms: &[("999999-9999", Label), ("9999999999", Label)],
        check: cpr,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::NoFnr,
        topics: NO | NATIONAL,
        forms: &[("99999999999", Label), ("999999 99999", Label)],
        check: fnr,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::FiHetu,
        topics: FI | NATIONAL,
        forms: &[("999999-999X", Free), ("999999A999X", Free)],
        check: hetu,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::EeIk,
        topics: EE,
        forms: &[("99999999999", Label)],
        check: isikukood,
        lenient: true,
        alone: true,
    },
];

/// Skatteverket: Luhn over yymmdd and four digits; the day plus 60 for a samordningsnummer; organisations have a month
/// of 20 or more.
fn personnummer(value: &[u8]) -> bool {
    let short = if value.len() == 12 { part(value, 2, 12) } else { value };
    let month = number(part(short, 2, 4));
    luhn(short) && (month >= 20 || (1..=12).contains(&month) && (1..=91).contains(&number(part(short, 4, 6))))
}

/// Danish CPR-kontoret: ddmmyy and a serial; since 2007 the modulus 11 check need not hold.
fn cpr(value: &[u8]) -> bool {
    ddmmyy(value)
}

/// Skatteetaten, fodselsnummer: two check digits modulus 11; the day plus 40 for a D-number.
fn fnr(value: &[u8]) -> bool {
    let holds = |weights: &[u32]| weighted(value, weights).is_multiple_of(11);
    let day = number(part(value, 0, 2)) % 40;
    (1..=31).contains(&day) && holds(&[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) && holds(&[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1])
}

/// Digital and Population Data Services Agency, henkilotunnus: the remainder of the nine digits by 31; the century is
/// `+`, `-` or a letter (decree 2023: also Y, X, W, V, U and B to F).
fn hetu(value: &[u8]) -> bool {
    let (digits, last) = match value.len() {
        10 => ([part(value, 0, 6), part(value, 6, 9)].concat(), nth(value, 9)),
        11 if b"ABCDEFYXWVU".contains(&nth(value, 6)) => {
            ([part(value, 0, 6), part(value, 7, 10)].concat(), nth(value, 10))
        }
        _ => return false,
    };
    let rest = number(&digits) % 31;
    ddmmyy(&digits) && b"0123456789ABCDEFHJKLMNPRSTUVWXY".get(rest as usize) == Some(&last)
}

/// Estonian isikukood and Lithuanian asmens kodas: weights 1-9, 1, and 3-9, 1-3 when the remainder is ten.
fn isikukood(value: &[u8]) -> bool {
    let first = weighted(value, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
    let second = weighted(value, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11;
    let check = if first == 10 { second % 10 } else { first };
    (1..=8).contains(&base36(nth(value, 0))) && yymmdd(part(value, 1, 7)) && check == digit(nth(value, 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_hold_and_near_misses_do_not() {
        assert!(personnummer(b"8112289874") && personnummer(b"198112289874") && !personnummer(b"8112289875"));
        assert!(personnummer(b"5567037485"), "an organisation");
        assert!(cpr(b"1405732318") && !cpr(b"3213732318"));
        assert!(fnr(b"15108695088") && !fnr(b"15108695089"));
        assert!(hetu(b"131052308T") && hetu(b"020504A902E") && !hetu(b"131052308U") && !hetu(b"321352308T"));
        assert!(isikukood(b"37605030299") && !isikukood(b"37605030298"));
    }
}
