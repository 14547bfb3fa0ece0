//! Central, southern and eastern Europe: birth and tax numbers.

use crate::check::{
    date::{exists_short, yymmdd},
    digit, luhn, mod11_10, nth, number, part, uniform, weighted,
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
        kind: Kind::PlPesel,
        topics: PESEL | NATIONAL,
        forms: &[("99999999999", Label)],
        check: pesel,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::PlNip,
        topics: NIP | TAX | VAT,
        forms: &[("9999999999", Label), ("999-999-99-99", Free), ("999 999 99 99", Label), ("999-99-99-999", Free)],
        check: nip,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::PlRegon,
        topics: REGON,
        forms: &[("999999999", Label), ("99999999999999", Label)],
        check: regon,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::RoCnp,
        topics: RO | NATIONAL,
        forms: &[("9999999999999", Label)],
        check: cnp,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::CzRc,
        topics: CZ,
        forms: &[("999999/9999", Free), ("999999/999", Label), ("9999999999", Label)],
        check: rodne_cislo,
        lenient: true,
        alone: true,
    },
    Shape { kind: Kind::BgEgn, topics: BG, forms: &[("9999999999", Label)], check: egn, lenient: true, alone: true },
    Shape {
        kind: Kind::HuTaj,
        topics: HU,
        forms: &[("999999999", Label), ("999 999 999", Label), ("999-999-999", Label)],
        check: taj,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::GrAmka,
        topics: GR,
        forms: &[("99999999999", Label), ("999999999", Label)],
        check: amka,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::HrOib,
        topics: HR,
        forms: &[("99999999999", Label)],
        check: |value| mod11_10(value),
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::SiEmso,
        topics: SI,
        forms: &[("9999999999999", Label)],
        check: emso,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::RuInn,
        topics: INN,
        forms: &[("9999999999", Label), ("999999999999", Label)],
        check: inn,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::RuSnils,
        topics: SNILS,
        forms: &[("999-999-999 99", Free), ("99999999999", Label)],
        check: snils,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::UaRntrc,
        topics: UA,
        forms: &[("9999999999", Label)],
        check: rntrc,
        lenient: true,
        alone: true,
    },
];

/// Polish PESEL: the month carries the century; weights 1, 3, 7, 9.
fn pesel(value: &[u8]) -> bool {
    let month = number(part(value, 2, 4)) % 20;
    let sum = weighted(value, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
    exists_short(number(part(value, 0, 2)), month, number(part(value, 4, 6))) && sum.is_multiple_of(10)
}

/// Polish NIP: weights 6, 5, 7, 2, 3, 4, 5, 6, 7, modulus 11.
fn nip(value: &[u8]) -> bool {
    !uniform(value) && weighted(value, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == digit(nth(value, 9))
}

/// Polish REGON of nine or fourteen digits: modulus 11, ten counts as zero.
fn regon(value: &[u8]) -> bool {
    let (weights, last): (&[u32], usize) = match value.len() {
        9 => (&[8, 9, 2, 3, 4, 5, 6, 7], 8),
        _ => (&[2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8], 13),
    };
    !uniform(value) && weighted(value, weights) % 11 % 10 == digit(nth(value, last))
}

/// Romanian CNP: weights 279146358279, modulus 11, ten counts as one.
fn cnp(value: &[u8]) -> bool {
    let rest = weighted(value, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
    let check = if rest == 10 { 1 } else { rest };
    nth(value, 0) != b'0' && yymmdd(part(value, 1, 7)) && check == digit(nth(value, 12))
}

/// Czech and Slovak rodne cislo: divisible by 11 since 1954; the month plus 50 for women, plus 20 in full years.
fn rodne_cislo(value: &[u8]) -> bool {
    let month = number(part(value, 2, 4)) % 50 % 20;
    let day = exists_short(number(part(value, 0, 2)), month, number(part(value, 4, 6)));
    let rest = number(part(value, 0, 9)) % 11;
    day && (value.len() == 9 || rest % 10 == u64::from(digit(nth(value, 9))))
}

/// Bulgarian EGN: weights 2, 4, 8, 5, 10, 9, 7, 3, 6, modulus 11; the month plus 20 or 40 by century.
fn egn(value: &[u8]) -> bool {
    let month = number(part(value, 2, 4)) % 20;
    exists_short(number(part(value, 0, 2)), month, number(part(value, 4, 6)))
        && weighted(value, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == digit(nth(value, 9))
}

/// Hungarian TAJ: weights 3 and 7, modulus 10.
fn taj(value: &[u8]) -> bool {
    !uniform(value) && weighted(value, &[3, 7, 3, 7, 3, 7, 3, 7]) % 10 == digit(nth(value, 8))
}

/// Greek AMKA (ddmmyy, Luhn) and AFM (powers of two, modulus 11).
fn amka(value: &[u8]) -> bool {
    match value.len() {
        11 => luhn(value) && crate::check::date::ddmmyy(value),
        _ => !uniform(value) && weighted(value, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == digit(nth(value, 8)),
    }
}

/// Slovenian EMSO and the JMBG before it: weights 7 to 2 twice, modulus 11.
fn emso(value: &[u8]) -> bool {
    let rest = weighted(value, &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    let check = 11_u32.saturating_sub(rest) % 11;
    check != 10 && check == digit(nth(value, 12)) && (1..=31).contains(&number(part(value, 0, 2)))
}

/// Russian INN of a company (10) or a person (12): weights from order MMV-7-6/435, modulus 11.
fn inn(value: &[u8]) -> bool {
    let holds = |weights: &[u32], at: usize| weighted(value, weights) % 11 % 10 == digit(nth(value, at));
    !uniform(value)
        && match value.len() {
            10 => holds(&[2, 4, 10, 3, 5, 9, 4, 6, 8], 9),
            _ => holds(&[7, 2, 4, 10, 3, 5, 9, 4, 6, 8], 10) && holds(&[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8], 11),
        }
}

/// Russian SNILS: weights 9 to 1, modulus 101, a hundred counts as zero.
fn snils(value: &[u8]) -> bool {
    let sum = weighted(value, &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101 % 100;
    !uniform(value) && u64::from(sum) == number(part(value, 9, 11))
}

/// Ukrainian RNTRC: weights -1, 5, 7, 9, 4, 6, 10, 5, 7, modulus 11, modulus 10.
fn rntrc(value: &[u8]) -> bool {
    let sum = weighted(value, &[10, 5, 7, 9, 4, 6, 10, 5, 7]);
    !uniform(value) && sum % 11 % 10 == digit(nth(value, 9))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_hold_and_near_misses_do_not() {
        type Check = fn(&[u8]) -> bool;
        let rows: [(Check, &str, &str); 15] = [
            (pesel, "44051401359", "44051401358"),
            (nip, "8567346215", "8567346216"),
            (regon, "192598184", "192598183"),
            (regon, "12345678512347", "12345678512348"),
            (cnp, "1630615123457", "1630615123458"),
            (rodne_cislo, "7103192745", "7103192746"),
            (egn, "7523169263", "7523169264"),
            (taj, "123456788", "123456789"),
            (amka, "01013099997", "01013099998"),
            (amka, "094259216", "094259217"),
            (mod11_10, "33392005961", "33392005962"),
            (emso, "0101006500006", "0101006500007"),
            (inn, "7707083893", "7707083894"),
            (inn, "500100732259", "500100732258"),
            (snils, "11223344595", "11223344596"),
        ];
        for (check, good, bad) in rows {
            assert!(check(good.as_bytes()), "{good}");
            assert!(!check(bad.as_bytes()), "{bad}");
        }
    }
}
