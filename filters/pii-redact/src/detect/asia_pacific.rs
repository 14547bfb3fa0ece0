//! Asia and the Pacific: resident, tax and company numbers.

use crate::check::{
    base36,
    date::{yymmdd, yyyymmdd},
    digit, gstin, mod11_2, nth, number, part, uniform, verhoeff, weighted,
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
        kind: Kind::InAadhaar,
        topics: AADHAAR | NATIONAL,
        forms: &[
            ("9999 9999 9999", Free),
            ("9999-9999-9999", Free),
            ("9999:9999:9999", Free),
            ("999999999999", Label),
            ("99999999999999", Label),
        ],
        check: aadhaar,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::JpMyNumber,
        topics: JP,
        forms: &[("9999 9999 9999", Label), ("9999-9999-9999", Label), ("999999999999", Label)],
        check: my_number,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::InPan,
        topics: PAN | TAX,
        forms: &[("AAAAA9999A", Label)],
        check: pan,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::InGstin,
        topics: GSTIN | TAX,
        forms: &[("99AAAAA9999AXAX", Free)],
        check: gst,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::InVoter,
        topics: VOTER,
        forms: &[("AAA9999999", Label)],
        check: |_| true,
        lenient: false,
        alone: false,
    },
    Shape {
        kind: Kind::CnResidentId,
        topics: CN | NATIONAL,
        forms: &[("99999999999999999X", Free)],
        check: resident_id,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::KrRrn,
        topics: KR | NATIONAL,
        forms: &[("999999-9999999", Free), ("9999999999999", Label)],
        check: rrn,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::KrBrn,
        topics: KRB | TAX,
        forms: &[("999-99-99999", Label), ("9999999999", Label)],
        check: brn,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::KrDriverLicense,
        topics: LICENSE,
        forms: &[("99-99-999999-99", Free), ("99 99 999999 99", Label)],
        check: kr_licence,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::KrPassport,
        topics: PASSPORT,
        forms: &[("A999A9999", Free), ("A99999999", Label)],
        check: |value| matches!(nth(value, 0), b'M' | b'S' | b'R' | b'O' | b'D' | b'G'),
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::SgNric,
        topics: SG | NATIONAL | MY,
        forms: &[("A9999999A", Free)],
        check: nric,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::SgUen,
        topics: SG | TAX | ACN,
        forms: &[("999999999A", Label), ("99999999A", Label), ("A99AA9999A", Label)],
        check: uen,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::ThPin,
        topics: TH | NATIONAL,
        forms: &[("9-9999-99999-99-9", Free), ("9 9999 99999 99 9", Free), ("9999999999999", Label)],
        check: thai,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::TwId,
        topics: TW | NATIONAL,
        forms: &[("A999999999", Label)],
        check: taiwan,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::HkId,
        topics: HK,
        forms: &[("A999999X", Label), ("AA999999X", Label)],
        check: hong_kong,
        lenient: true,
        alone: false,
    },
    Shape {
        kind: Kind::MyNric,
        topics: MY | NATIONAL,
        forms: &[("999999-99-9999", Free), ("999999999999", Label)],
        check: |value| yymmdd(value) && number(part(value, 6, 8)) > 0,
        lenient: true,
        alone: false,
    },
    Shape {
        kind: Kind::IdNik,
        topics: ID | NATIONAL,
        forms: &[("9999999999999999", Label)],
        check: |value| yymmdd_nik(value),
        lenient: true,
        alone: false,
    },
    Shape {
        kind: Kind::PkCnic,
        topics: PK | NATIONAL,
        forms: &[("99999-9999999-9", Free), ("9999999999999", Label)],
        check: |value| matches!(nth(value, 0), b'1'..=b'7'),
        lenient: true,
        alone: false,
    },
    Shape {
        kind: Kind::AuTfn,
        topics: TFN | TAX,
        forms: &[("999 999 999", Label), ("999-999-999", Label), ("999999999", Label), ("99999999", Label)],
        check: tfn,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::AuMedicare,
        topics: AUMED,
        forms: &[("9999 99999 9", Label), ("9999999999", Label), ("9999-99999-9", Label)],
        check: au_medicare,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::AuAbn,
        topics: ABN | TAX,
        forms: &[("99 999 999 999", Label), ("99999999999", Label)],
        check: abn,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::AuAcn,
        topics: ACN,
        forms: &[("999 999 999", Label), ("999999999", Label)],
        check: acn,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::NzIrd,
        topics: NZ | TAX,
        forms: &[("99-999-999", Label), ("999-999-999", Label), ("99999999", Label), ("999999999", Label)],
        check: ird,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::PhTin,
        topics: TAX,
        forms: &[
            ("999-999-999", Label),
            ("999-999-999-999", Label),
            ("999-999-999-99999", Label),
            ("999999999", Label),
            ("999999999999", Label),
        ],
        check: |value| !uniform(value),
        lenient: false,
        alone: false,
    },
];

/// UIDAI: twelve digits, the first 2 to 9, Verhoeff.
fn aadhaar(value: &[u8]) -> bool {
    value.len() == 12 && nth(value, 0) >= b'2' && !uniform(value) && verhoeff(value)
}

/// Ministry of Internal Affairs ordinance 85 of 2014: weights by place, modulus 11.
fn my_number(value: &[u8]) -> bool {
    let rest = weighted(value, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    let check = if rest <= 1 { 0 } else { 11_u32.saturating_sub(rest) };
    !uniform(value) && check == digit(nth(value, 11))
}

/// Income Tax Department: the fourth letter names the kind of holder.
fn pan(value: &[u8]) -> bool {
    b"PCHFATBLJGN".contains(&nth(value, 3)) && part(value, 5, 9) != b"0000"
}

/// GSTN: state code 01 to 38 or 97 to 99, a PAN, entity, Z, check character.
fn gst(value: &[u8]) -> bool {
    let state = number(part(value, 0, 2));
    let known = (1..=38).contains(&state) || (97..=99).contains(&state);
    known && (nth(value, 13) == b'Z' || gstin(value))
}

/// GB 11643-1999: region, birth date, serial, ISO 7064 MOD 11-2.
fn resident_id(value: &[u8]) -> bool {
    let last = nth(value, 17);
    matches!(nth(value, 0), b'1'..=b'8')
        && (last.is_ascii_digit() || last == b'X')
        && yyyymmdd(part(value, 6, 14))
        && mod11_2(value)
}

/// Korean resident and foreign registration number: a birth date and a century digit; the old check digit is not
/// required, numbers issued since October 2020 have none.
fn rrn(value: &[u8]) -> bool {
    yymmdd(value) && matches!(nth(value, 6), b'1'..=b'8')
}

/// National Tax Service, business registration number: weights 1, 3, 7, 1, 3, 7, 1, 3, 5.
fn brn(value: &[u8]) -> bool {
    let carry = digit(nth(value, 8)).saturating_mul(5) / 10;
    let sum = weighted(value, &[1, 3, 7, 1, 3, 7, 1, 3, 5]).saturating_add(carry);
    !uniform(value) && 10_u32.saturating_sub(sum % 10) % 10 == digit(nth(value, 9))
}

/// Korean driving licence: a region of 11 to 28.
fn kr_licence(value: &[u8]) -> bool {
    (11..=28).contains(&number(part(value, 0, 2)))
}

/// Singapore ICA, NRIC and FIN: weights 2, 7, 6, 5, 4, 3, 2, an offset by series, modulus 11.
fn nric(value: &[u8]) -> bool {
    let (offset, letters): (u32, &[u8]) = match nth(value, 0) {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        b'M' => (3, b"XWUTRQPNJLK"),
        _ => return false,
    };
    let sum = weighted(part(value, 1, 8), &[2, 7, 6, 5, 4, 3, 2]).saturating_add(offset);
    letters.get((sum % 11) as usize) == Some(&nth(value, 8))
}

/// Singapore ACRA, unique entity number: businesses (weights 10, 4, 9, 3, 8, 2, 7, 1), local companies with a year
/// (10, 8, 6, 4, 9, 7, 5, 3, 1), other entities with T, S or R and a type; each with its own letters for modulus 11.
fn uen(value: &[u8]) -> bool {
    let last = value.last();
    let letter = |sum: u32, letters: &[u8]| letters.get((sum % 11) as usize) == last;
    match value.len() {
        9 => letter(weighted(value, &[10, 4, 9, 3, 8, 2, 7, 1]), b"XMKECAWLJDB"),
        10 if nth(value, 0).is_ascii_digit() => {
            (1800..2100).contains(&number(part(value, 0, 4)))
                && letter(weighted(value, &[10, 8, 6, 4, 9, 7, 5, 3, 1]), b"ZKCMDNERGWH")
        }
        _ => b"TSR".contains(&nth(value, 0)),
    }
}

/// Thai Department of Provincial Administration: weights 13 to 2, modulus 11.
fn thai(value: &[u8]) -> bool {
    let rest = weighted(value, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    nth(value, 0) != b'0' && 11_u32.saturating_sub(rest) % 10 == digit(nth(value, 12))
}

/// Taiwan national identification: the letter as two digits, weights 1, 9, 8 to 1, 1, modulus 10.
fn taiwan(value: &[u8]) -> bool {
    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVXYWZIO";
    let Some(place) = LETTERS.iter().position(|&c| c == nth(value, 0)).and_then(|p| u32::try_from(p).ok()) else {
        return false;
    };
    let code = place.saturating_add(10);
    let head = (code / 10).saturating_add((code % 10).saturating_mul(9));
    let sum = weighted(part(value, 1, 10), &[8, 7, 6, 5, 4, 3, 2, 1, 1]).saturating_add(head);
    matches!(nth(value, 1), b'1' | b'2' | b'8' | b'9') && sum % 10 == 0
}

/// Hong Kong identity card: weights 9 to 2 with a blank as 36, modulus 11.
fn hong_kong(value: &[u8]) -> bool {
    let Some((&last, body)) = value.split_last() else { return false };
    let blank = if body.len() == 7 { 36_u32.saturating_mul(9) } else { 0 };
    let sum =
        body.iter().rev().zip(2_u32..).map(|(&c, w)| base36(c).saturating_mul(w)).fold(blank, u32::saturating_add);
    11_u32.saturating_sub(sum % 11) % 11 == base36(last)
}

/// Indonesian NIK: ddmmyy from the seventh digit on, the day plus 40 for women.
fn yymmdd_nik(value: &[u8]) -> bool {
    let day = number(part(value, 6, 8)) % 40;
    (1..=31).contains(&day) && (1..=12).contains(&number(part(value, 8, 10)))
}

/// Australian Taxation Office, tax file number: weights 1, 4, 3, 7, 5, 8, 6, 9, 10 modulus 11 (eight digits: 10, 7, 8, 4, 6, 3, 5, 1).
fn tfn(value: &[u8]) -> bool {
    let sum = match value.len() {
        8 => weighted(value, &[10, 7, 8, 4, 6, 3, 5, 1]),
        _ => weighted(value, &[1, 4, 3, 7, 5, 8, 6, 9, 10]),
    };
    !uniform(value) && sum % 11 == 0
}

/// Services Australia, Medicare card: first digit 2 to 6, weights 1, 3, 7, 9 over eight digits, modulus 10.
fn au_medicare(value: &[u8]) -> bool {
    matches!(nth(value, 0), b'2'..=b'6') && weighted(value, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == digit(nth(value, 8))
}

/// Australian Business Register, ABN: one off the first digit, weights 10, 1, 3, ..., modulus 89.
fn abn(value: &[u8]) -> bool {
    let sum = weighted(value, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    nth(value, 0) != b'0' && sum.saturating_sub(10).is_multiple_of(89)
}

/// ASIC, ACN: weights 8 to 1, modulus 10.
fn acn(value: &[u8]) -> bool {
    let sum = weighted(value, &[8, 7, 6, 5, 4, 3, 2, 1]);
    !uniform(value) && 10_u32.saturating_sub(sum % 10) % 10 == digit(nth(value, 8))
}

/// Inland Revenue New Zealand: weights 3, 2, 7, 6, 5, 4, 3, 2 modulus 11, then 7, 4, 3, 2, 5, 2, 7, 6 when it is ten.
fn ird(value: &[u8]) -> bool {
    let nine = [&b"0"[..], value].concat();
    let value = if value.len() == 8 { &nine } else { value };
    let check = |weights: &[u32]| 11_u32.saturating_sub(weighted(value, weights) % 11) % 11;
    let first = check(&[3, 2, 7, 6, 5, 4, 3, 2]);
    let check = if first == 10 { check(&[7, 4, 3, 2, 5, 2, 7, 6]) } else { first };
    !uniform(value) && check == digit(nth(value, 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_hold_and_near_misses_do_not() {
        type Check = fn(&[u8]) -> bool;
        let rows: [(Check, &str, &str); 21] = [
            (aadhaar, "234123412346", "234123412347"),
            (my_number, "628547290819", "628547290812"),
            (pan, "ACUPA7085R", "ACUXA7085R"),
            (gst, "27AAPFU0939F1ZV", "00AAPFU0939F1ZV"),
            (resident_id, "360426199101010071", "360426199101010072"),
            (resident_id, "11010519491231002X", "110105194912310020"),
            (rrn, "9710135019902", "9713135019902"),
            (brn, "1168200276", "1168200277"),
            (nric, "S1234567D", "S1234567A"),
            (nric, "G1234567X", "G1234567D"),
            (thai, "7100600445638", "7100600445637"),
            (taiwan, "A123456789", "A123456788"),
            (hong_kong, "G123456A", "G1234564"),
            (tfn, "123456782", "123456783"),
            (au_medicare, "2123456701", "2123456791"),
            (abn, "51824753556", "51824753557"),
            (acn, "004085616", "004085617"),
            (ird, "49091850", "49091851"),
            (uen, "197401143C", "197401143D"),
            (uen, "53125226D", "53125226C"),
            (kr_licence, "112212345612", "992212345612"),
        ];
        for (check, good, bad) in rows {
            assert!(check(good.as_bytes()), "{good}");
            assert!(!check(bad.as_bytes()), "{bad}");
        }
    }
}
