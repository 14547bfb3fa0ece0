//! Western Europe: Germany, Austria, Switzerland, France, the Benelux countries, Spain, Portugal, Italy.

use crate::check::{base36, date::ddmmyy, digit, ean13, luhn, mod11_10, nth, number, part, uniform, weighted};
use crate::kind::Kind;
use crate::shape::{
    Basis::{Free, Label},
    Shape,
};
use crate::topics::*;

/// The shapes of this family.
pub(crate) const SHAPES: &[Shape] = &[
    Shape {
        kind: Kind::DeTaxId,
        topics: STEUER | TAX,
        forms: &[("99999999999", Label), ("99 999 999 999", Label), ("99/999/999/999", Label)],
        check: idnr,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::DeSocialSecurity,
        topics: RVNR,
        forms: &[("99999999A999", Free), ("99 999999 A 999", Free), ("99999999 A 999", Label)],
        check: rvnr,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::DeHealthInsurance,
        topics: KVNR | INSURANCE | HEALTH,
        forms: &[("A999999999", Label)],
        check: kvnr,
        lenient: true,
        alone: true,
    },
    Shape { kind: Kind::DeLanr, topics: LANR, forms: &[("999999999", Label)], check: lanr, lenient: true, alone: true },
    Shape {
        kind: Kind::DeVatId,
        topics: VAT | TAX,
        forms: &[("AA999999999", Label), ("AA 999999999", Label), ("AA 999 999 999", Label)],
        check: de_vat,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::AtVnr,
        topics: AT | RVNR,
        forms: &[("9999 999999", Label), ("9999999999", Label)],
        check: vnr,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::ChAvs,
        topics: CH | RVNR,
        forms: &[("999.9999.9999.99", Free), ("9999999999999", Label)],
        check: avs,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::FrNir,
        topics: NIR | SSN,
        forms: &[
            ("9 99 99 99 999 999 99", Free),
            ("9 99 99 9A 999 999 99", Free),
            ("999999999999999", Free),
            ("999999A99999999", Free),
            ("9 99 99 99 999 999", Label),
            ("9999999999999", Label),
        ],
        check: nir,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::NlBsn,
        topics: BSN,
        forms: &[("999999999", Label), ("99999999", Label), ("9999.99.999", Label)],
        check: bsn,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::BeNn,
        topics: BE | NATIONAL,
        forms: &[("99.99.99-999.99", Free), ("99999999999", Label)],
        check: be_nn,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::EsNif,
        topics: NIF | TAX | NATIONAL,
        forms: &[("99999999-A", Free), ("99999999A", Free), ("99.999.999-A", Free), ("99999999 A", Label)],
        check: nif,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::EsNie,
        topics: NIF | NATIONAL,
        forms: &[("A9999999A", Free), ("A-9999999-A", Free), ("A-9999999A", Free), ("A9999999-A", Free)],
        check: nie,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::PtNif,
        topics: PT | TAX | VAT,
        forms: &[("999999999", Label), ("999 999 999", Label)],
        check: pt_nif,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::ItFiscalCode,
        topics: CF | TAX,
        forms: &[("AAAAAA99A99A999A", Free), ("AAA AAA 99A99 A999A", Free)],
        check: fiscal_code,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::ItVatCode,
        topics: VAT | TAX | CF,
        forms: &[("99999999999", Label), ("AA99999999999", Label)],
        check: partita_iva,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::ItIdentityCard,
        topics: CARTA | NATIONAL,
        forms: &[("AA99999AA", Label), ("AA9999999", Label), ("9999999AA", Label), ("AA 9999999", Label)],
        check: |_| true,
        lenient: false,
        alone: false,
    },
];

/// Bundeszentralamt fuer Steuern: ISO 7064 MOD 11,10, first digit not 0, and of the first ten digits one stands twice
/// or three times and is not three times in a row.
fn idnr(value: &[u8]) -> bool {
    let body = part(value, 0, 10);
    let count = |d: u8| body.iter().filter(|&&c| c == d).count();
    let repeated = (b'0'..=b'9').filter(|&d| count(d) > 1).count();
    let most = (b'0'..=b'9').map(count).max().unwrap_or(0);
    let row = body.windows(3).any(uniform);
    nth(value, 0) != b'0' && repeated == 1 && most <= 3 && !row && mod11_10(value)
}

/// Deutsche Rentenversicherung, VKVV section 4: area, birth date, letter, serial, check digit; weights 2, 1, 2, 5, 7, 1,
/// 2, 1, 2, 1, 2, 1 over the digits with the letter as two, and the digits of each product added.
fn rvnr(value: &[u8]) -> bool {
    let letter = base36(nth(value, 8)).saturating_sub(9);
    let digits = part(value, 0, 8)
        .iter()
        .map(|&c| digit(c))
        .chain([letter / 10, letter % 10])
        .chain(part(value, 9, 11).iter().map(|&c| digit(c)));
    let sum = digits
        .zip([2_u32, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1])
        .map(|(d, w)| d.saturating_mul(w))
        .map(|p| (p / 10).saturating_add(p % 10))
        .fold(0, u32::saturating_add);
    let day = number(part(value, 2, 4));
    let month = number(part(value, 4, 6));
    (1..=81).contains(&day)
        && (1..=12).contains(&month)
        && nth(value, 8).is_ascii_alphabetic()
        && sum % 10 == digit(nth(value, 11))
}

/// GKV-Spitzenverband, Krankenversichertennummer: the letter as two digits, weights 1 and 2, the digits added.
fn kvnr(value: &[u8]) -> bool {
    let letter = base36(nth(value, 0)).saturating_sub(9);
    let digits = [letter / 10, letter % 10].into_iter().chain(part(value, 1, 9).iter().map(|&c| digit(c)));
    let sum = digits
        .enumerate()
        .map(|(i, d)| if i % 2 == 0 { d } else { d.saturating_mul(2) })
        .map(|p| (p / 10).saturating_add(p % 10))
        .fold(0, u32::saturating_add);
    sum % 10 == digit(nth(value, 9))
}

/// KBV, Lebenslange Arztnummer: weights 4 and 9 over six digits, the seventh fills up to ten.
fn lanr(value: &[u8]) -> bool {
    let sum = weighted(value, &[4, 9, 4, 9, 4, 9]) % 10;
    !uniform(value) && 10_u32.saturating_sub(sum) % 10 == digit(nth(value, 6))
}

/// The German VAT number: DE and nine digits, ISO 7064 MOD 11,10.
fn de_vat(value: &[u8]) -> bool {
    value.starts_with(b"DE") && nth(value, 2) != b'0' && mod11_10(part(value, 2, 11))
}

/// Austrian Versicherungsnummer: serial, check digit, ddmmyy; weights 3, 7, 9, (0), 5, 8, 4, 2, 1, 6, modulus 11.
fn vnr(value: &[u8]) -> bool {
    let rest = weighted(value, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11;
    nth(value, 0) != b'0' && rest == digit(nth(value, 3)) && ddmmyy(part(value, 4, 10))
}

/// Swiss AHV/AVS number: 756 and the check digit of EAN-13.
fn avs(value: &[u8]) -> bool {
    value.starts_with(b"756") && ean13(value)
}

/// INSEE, numero d'inscription au repertoire: sex, year, month, department, and 97 less the remainder as key.
fn nir(value: &[u8]) -> bool {
    let month = number(part(value, 3, 5));
    let known_month = matches!(month, 1..=12 | 20 | 30..=42 | 50..=99);
    let known = matches!(nth(value, 0), b'1' | b'2' | b'3' | b'4' | b'7' | b'8') && known_month;
    // Corsica: 2A counts as 19 and 2B as 18.
    let department = match part(value, 5, 7) {
        b"2A" => 19,
        b"2B" => 18,
        other if other.iter().all(u8::is_ascii_digit) => number(other),
        _ => return false,
    };
    let head = number(part(value, 0, 5)).saturating_mul(100).saturating_add(department);
    let body = head.saturating_mul(1_000_000).saturating_add(number(part(value, 7, 13)));
    match value.len() {
        // Without its key it cannot be checked.
        13 => false,
        _ => known && 97_u64.saturating_sub(body % 97) == number(part(value, 13, 15)),
    }
}

/// Dutch burgerservicenummer: the eleven test with weight -1 for the last digit.
fn bsn(value: &[u8]) -> bool {
    let nine = [&b"0"[..], value].concat();
    let value = if value.len() == 8 { &nine } else { value };
    let sum = weighted(value, &[9, 8, 7, 6, 5, 4, 3, 2]);
    !uniform(value) && sum > 0 && sum % 11 == digit(nth(value, 8))
}

/// Belgian rijksregisternummer: 97 less the remainder of nine digits, with a 2 before them from the year 2000 on.
fn be_nn(value: &[u8]) -> bool {
    let body = number(part(value, 0, 9));
    let key = number(part(value, 9, 11));
    let month = number(part(value, 2, 4)) % 20;
    let holds = |n: u64| 97_u64.saturating_sub(n % 97) == key;
    month <= 12 && number(part(value, 4, 6)) <= 31 && (holds(body) || holds(body.saturating_add(2_000_000_000)))
}

const NIF_LETTERS: &[u8] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// Spanish DNI and NIF: the letter is the remainder by 23.
fn nif(value: &[u8]) -> bool {
    let rest = number(part(value, 0, 8)) % 23;
    NIF_LETTERS.get(rest as usize) == Some(&nth(value, 8))
}

/// Spanish NIE: X, Y, Z count as 0, 1, 2 before the seven digits of a NIF.
fn nie(value: &[u8]) -> bool {
    let first = match nth(value, 0) {
        b'X' => 0,
        b'Y' => 10_000_000,
        b'Z' => 20_000_000,
        _ => return false,
    };
    let rest = number(part(value, 1, 8)).saturating_add(first) % 23;
    NIF_LETTERS.get(rest as usize) == Some(&nth(value, 8))
}

/// Portuguese NIF: weights 9 to 2, modulus 11.
fn pt_nif(value: &[u8]) -> bool {
    let rest = weighted(value, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    let check = 11_u32.saturating_sub(rest);
    let first = nth(value, 0);
    !matches!(first, b'0' | b'4') && (if check > 9 { 0 } else { check }) == digit(nth(value, 8))
}

/// Italian codice fiscale (DM 23 December 1976): the last letter from a table for odd places and the value for even.
fn fiscal_code(value: &[u8]) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let place = |c: u8| if c.is_ascii_digit() { digit(c) } else { base36(c).saturating_sub(10) };
    let sum = part(value, 0, 15)
        .iter()
        .enumerate()
        .map(|(i, &c)| if i % 2 == 0 { ODD.get(place(c) as usize).copied().unwrap_or(0) } else { place(c) })
        .fold(0, u32::saturating_add);
    let day = number(part(value, 9, 11)) % 40;
    b"ABCDEHLMPRST".contains(&nth(value, 8))
        && (1..=31).contains(&day)
        && u32::from(nth(value, 15).saturating_sub(b'A')) == sum % 26
}

/// Italian partita IVA: the Luhn formula over eleven digits, with or without IT.
fn partita_iva(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"IT").unwrap_or(value);
    digits.len() == 11 && !uniform(digits) && luhn(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_hold_and_near_misses_do_not() {
        type Check = fn(&[u8]) -> bool;
        let rows: [(Check, &str, &str); 16] = [
            (idnr, "86095742719", "86095742718"),
            (idnr, "47036892816", "11111111111"),
            (rvnr, "15070649C103", "15070649C104"),
            (kvnr, "A000500015", "A000500016"),
            (lanr, "123456601", "123456701"),
            (de_vat, "DE136695976", "DE136695977"),
            (vnr, "1237010180", "1238010180"),
            (avs, "7569217076985", "7569217076986"),
            (nir, "255081416802538", "255081416802539"),
            (bsn, "111222333", "111222334"),
            (be_nn, "85073003328", "85073003329"),
            (nif, "12345678Z", "12345678A"),
            (nie, "X1234567L", "X1234567T"),
            (pt_nif, "501964843", "501964844"),
            (fiscal_code, "RSSMRA85T10A562S", "RSSMRA85T10A562T"),
            (partita_iva, "IT00743110157", "00743110158"),
        ];
        for (check, good, bad) in rows {
            assert!(check(good.as_bytes()), "{good}");
            assert!(!check(bad.as_bytes()), "{bad}");
        }
    }
}
