//! The United States: Social Security Administration (SSN), IRS (ITIN, EIN), CMS (NPI, Medicare beneficiary), DEA, passports.

use crate::check::{digit, luhn, nth, number, part, uniform};
use crate::kind::Kind;
use crate::shape::{
    Basis::{Free, Label},
    Shape,
};
use crate::topics::*;

/// The shapes of this family.
pub(crate) const SHAPES: &[Shape] = &[
    Shape {
        kind: Kind::UsSsn,
        topics: SSN,
        forms: &[
            ("999-99-9999", Free),
            ("999 99 9999", Free),
            ("999.99.9999", Free),
            ("999999999", Label),
            ("999-999999", Label),
            ("99999-9999", Label),
        ],
        check: ssn,
        lenient: false,
        alone: true,
    },
    Shape {
        kind: Kind::UsSsn,
        topics: SSN,
        forms: &[("999-99-9999", Label)],
        check: mistaken,
        lenient: false,
        alone: false,
    },
    Shape {
        kind: Kind::UsItin,
        topics: ITIN | TAX,
        forms: &[("999-99-9999", Free), ("999 99 9999", Free), ("999999999", Label)],
        check: itin,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::UsEin,
        topics: EIN | TAX | ITIN,
        forms: &[("99-9999999", Label), ("999999999", Label)],
        check: ein,
        lenient: true,
        alone: false,
    },
    Shape {
        kind: Kind::UsNpi,
        topics: NPI,
        forms: &[("9999999999", Label), ("9999-999-999", Label), ("9999 999 999", Label)],
        check: npi,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::UsMbi,
        topics: MBI | HEALTH,
        forms: &[("9AX9-AX9-AA99", Free), ("9AX9AX9AA99", Free), ("9AX9 AX9 AA99", Free)],
        check: mbi,
        lenient: false,
        alone: true,
    },
    Shape {
        kind: Kind::MedicalLicense,
        topics: DEA,
        forms: &[("AA9999999", Label), ("A99999999", Label)],
        check: dea,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::UsPassport,
        topics: PASSPORT,
        forms: &[("999999999", Label), ("A99999999", Label)],
        check: |value| !uniform(value),
        lenient: false,
        alone: false,
    },
];

/// Numbers that were printed in advertisements and forms, and belong to no one (SSA, "Social Security number myths").
const PRINTED: [&[u8]; 3] = [b"078051120", b"219099999", b"123456789"];

/// A number of the 9xx areas that is called an SSN: a taxpayer number (ITIN) under the wrong name, most of the time.
fn mistaken(value: &[u8]) -> bool {
    number(part(value, 0, 3)) > 900 && number(part(value, 3, 9)) != 0
}

/// SSA POMS RM 10201.035: area not 000, 666 or 9xx, group not 00, serial not 0000; not one of the printed numbers.
fn ssn(value: &[u8]) -> bool {
    let area = number(part(value, 0, 3));
    area != 0
        && area != 666
        && area < 900
        && number(part(value, 3, 5)) != 0
        && number(part(value, 5, 9)) != 0
        && !PRINTED.contains(&value)
}

/// IRS, Individual Taxpayer Identification Number: 9xx and a middle of 50-65, 70-88, 90-92 or 94-99.
fn itin(value: &[u8]) -> bool {
    nth(value, 0) == b'9' && matches!(number(part(value, 3, 5)), 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

/// IRS, How EINs are assigned and valid EIN prefixes.
fn ein(value: &[u8]) -> bool {
    let prefix = number(part(value, 0, 2));
    !uniform(value) && !matches!(prefix, 0 | 7..=9 | 17..=19 | 28 | 29 | 49 | 69 | 70 | 78 | 79 | 89 | 96 | 97)
}

/// CMS: National Provider Identifier, the Luhn formula over 80840 and the number.
fn npi(value: &[u8]) -> bool {
    matches!(nth(value, 0), b'1' | b'2') && luhn(&[b"80840", value].concat())
}

/// CMS, Medicare Beneficiary Identifier format: eleven places, no S, L, O, I, B, Z.
fn mbi(value: &[u8]) -> bool {
    let letter = |c: u8| c.is_ascii_uppercase() && !b"SLOIBZ".contains(&c);
    let either = |c: u8| c.is_ascii_digit() || letter(c);
    let place = |index| nth(value, index);
    (b'1'..=b'9').contains(&place(0))
        && [1, 4, 7, 8].into_iter().all(|i| letter(place(i)))
        && [2, 5].into_iter().all(|i| either(place(i)))
}

/// 21 CFR 1301, DEA registration: (1st + 3rd + 5th) + 2 x (2nd + 4th + 6th) ends in the seventh digit.
fn dea(value: &[u8]) -> bool {
    let d = |index: usize| digit(nth(value, index));
    let first = d(2).saturating_add(d(4)).saturating_add(d(6));
    let second = d(3).saturating_add(d(5)).saturating_add(d(7)).saturating_mul(2);
    value.len() == 9 && nth(value, 0).is_ascii_alphabetic() && first.saturating_add(second) % 10 == d(8)
}

#[cfg(test)]
mod tests {
    use super::{dea, itin, mbi, npi, ssn};

    #[test]
    fn numbers_never_given_out_are_no_ssn() {
        assert!(ssn(b"512447193") && ssn(b"899011234"));
        assert!(
            !ssn(b"000396952") && !ssn(b"666123456") && !ssn(b"900123456") && !ssn(b"123004567") && !ssn(b"123450000")
        );
    }

    #[test]
    fn the_other_numbers_follow_their_agencies() {
        assert!(itin(b"934725510") && !itin(b"911891234") && !itin(b"811701234"));
        assert!(npi(b"1234567893") && !npi(b"1234567894") && !npi(b"9234567893"));
        assert!(mbi(b"1EG4TE5MK73") && !mbi(b"1SG4TE5MK73") && !mbi(b"0EG4TE5MK73"));
        assert!(dea(b"AF1234563") && !dea(b"BG8207031"));
    }
}
