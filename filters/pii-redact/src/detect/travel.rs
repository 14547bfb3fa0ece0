//! Number plates, post codes, and the passports and licences whose form says something.

use crate::check::{number, part};
use crate::kind::Kind;
use crate::shape::{
    Basis::{Free, Label},
    Shape,
};
use crate::topics::*;

/// The shapes of this family. Where there is no check, the form must be all there is in a text, or a label announce it.
pub(crate) const SHAPES: &[Shape] = &[
    // The United Kingdom since 2001, and the older forms; DVLA INF104.
    plate(&[("AA99 AAA", Label), ("AA99AAA", Label)], british_plate),
    plate(&[("A999 AAA", Label), ("A99 AAA", Label), ("A9 AAA", Label), ("A999AAA", Label)], any),
    plate(&[("AAA 999A", Label), ("AAA 99A", Label), ("AAA 9A", Label), ("AAA999A", Label)], any),
    // Turkey: province 01 to 81, one to three letters, two to five digits.
    plate(&[("99 A 9999", Label), ("99 A 999", Label), ("99 A 99", Label), ("99 AA 999", Label)], turkish_plate),
    plate(&[("99 AA 9999", Label), ("99 AAA 99", Label), ("99 AAA 999", Label), ("99 AAA 9999", Label)], turkish_plate),
    plate(&[("99AAA999", Label), ("99AAA9999", Label), ("99AA999", Label), ("99AA9999", Label)], turkish_plate),
    // India: state, district, series, number.
    plate(&[("AA99AA9999", Label), ("AA99A9999", Label), ("AA9AAA9999", Label), ("AA 99 AA 9999", Label)], any),
    // Nigeria: area, number, series.
    plate(&[("AAA-999AA", Label), ("AAA999AA", Label), ("AAA 999AA", Label)], any),
    // Royal Mail, Programmer's Guide: area, district, sector, unit.
    Shape {
        kind: Kind::Postcode,
        topics: POSTCODE,
        forms: &[
            ("A9 9AA", Free),
            ("A99 9AA", Free),
            ("AA9 9AA", Free),
            ("AA99 9AA", Free),
            ("A9A 9AA", Free),
            ("AA9A 9AA", Free),
            ("A99AA", Label),
            ("AA99AA", Label),
            ("A999AA", Label),
            ("AA999AA", Label),
            ("A9A9AA", Label),
            ("AA9A9AA", Label),
        ],
        check: postcode,
        lenient: false,
        alone: true,
    },
    // ICAO Doc 9303 leaves the form to the country: Spain, the United Kingdom, Italy, India, Germany.
    passport(
        &[("AAA999999", Label), ("AA9999999", Label), ("A9999999", Label), ("A99999999", Label), ("AA999999", Label)],
        any,
    ),
    passport(&[("AXXXXXXXX", Label)], german),
    Shape {
        kind: Kind::DriverLicense,
        topics: LICENSE,
        forms: &[("AA9999999A", Label), ("A9A999A99A", Label)],
        check: any,
        lenient: false,
        alone: true,
    },
];

const fn plate(forms: &'static [(&'static str, crate::shape::Basis)], check: fn(&[u8]) -> bool) -> Shape {
    Shape { kind: Kind::VehiclePlate, topics: PLATE, forms, check, lenient: false, alone: true }
}

const fn passport(forms: &'static [(&'static str, crate::shape::Basis)], check: fn(&[u8]) -> bool) -> Shape {
    Shape { kind: Kind::Passport, topics: PASSPORT, forms, check, lenient: false, alone: true }
}

fn any(_: &[u8]) -> bool {
    true
}

/// The age identifier is 02 to 29 or 51 to 79; I, Q and Z are not used in the first letters.
fn british_plate(value: &[u8]) -> bool {
    let age = number(part(value, 2, 4));
    matches!(age, 2..=29 | 51..=79) && !part(value, 0, 2).iter().any(|c| b"IQZ".contains(c))
}

fn turkish_plate(value: &[u8]) -> bool {
    (1..=81).contains(&number(part(value, 0, 2)))
}

/// An area that exists; C, I, K, M, O and V do not stand in the unit.
fn postcode(value: &[u8]) -> bool {
    const AREAS: &str = "AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC \
        EH EN EX FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE \
        NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS \
        TW UB W WA WC WD WF WN WR WS WV YO ZE";
    let letters = value.iter().take_while(|c| c.is_ascii_alphabetic()).count();
    let area = part(value, 0, letters);
    let unit = value.get(value.len().saturating_sub(2)..).unwrap_or_default();
    AREAS.split_ascii_whitespace().any(|known| known.as_bytes() == area) && !unit.iter().any(|c| b"CIKMOV".contains(c))
}

/// BSI TR-03105: the serial numbers of German documents have no vowels and no letters that look like digits.
fn german(value: &[u8]) -> bool {
    let digits = value.iter().filter(|c| c.is_ascii_digit()).count();
    digits >= 4 && value.iter().all(|c| c.is_ascii_digit() || b"CFGHJKLMNPRTVWXYZ".contains(c))
}

#[cfg(test)]
mod tests {
    use super::{british_plate, german, postcode};

    #[test]
    fn forms_of_the_issuers_hold_and_near_misses_do_not() {
        assert!(british_plate(b"BD62XYZ") && !british_plate(b"BD40XYZ") && !british_plate(b"QD62XYZ"));
        assert!(postcode(b"SW1A1AA") && postcode(b"M11AE") && !postcode(b"XA11AA") && !postcode(b"SW1A1AC"));
        assert!(german(b"C01X00T47") && !german(b"A01X00T47") && !german(b"CFGHJKLM1"));
    }
}
