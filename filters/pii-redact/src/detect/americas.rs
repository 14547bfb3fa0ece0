//! Canada and Latin America: social insurance, tax and identity numbers.

use crate::check::{base36, date::yymmdd, digit, luhn, nth, number, part, uniform, weighted};
use crate::kind::Kind;
use crate::shape::{
    Basis::{Free, Label},
    Shape,
};
use crate::topics::*;

/// The shapes of this family.
pub(crate) const SHAPES: &[Shape] = &[
    Shape {
        kind: Kind::CaSin,
        topics: SIN,
        forms: &[("999-999-999", Label), ("999 999 999", Label), ("999999999", Label)],
        check: sin,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::BrCpf,
        topics: CPF | TAX,
        forms: &[("999.999.999-99", Free), ("99999999999", Label), ("999999999-99", Label)],
        check: cpf,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::BrCnpj,
        topics: CNPJ | TAX,
        forms: &[("99.999.999/9999-99", Free), ("99999999999999", Label)],
        check: cnpj,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::MxCurp,
        topics: CURP,
        forms: &[("AAAA999999AAAAAAX9", Free)],
        check: curp,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::MxRfc,
        topics: RFC | TAX,
        forms: &[("AAAA999999XXX", Label), ("AAA999999XXX", Label)],
        check: |value| yymmdd(value.get(value.len().saturating_sub(9)..).unwrap_or_default()),
        lenient: true,
        alone: false,
    },
    Shape {
        kind: Kind::ArCuit,
        topics: CUIT | TAX,
        forms: &[("99-99999999-9", Free), ("99999999999", Label)],
        check: cuit,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::ClRut,
        topics: RUT | TAX,
        forms: &[
            ("99.999.999-X", Free),
            ("9.999.999-X", Free),
            ("99999999-X", Label),
            ("9999999-X", Label),
            ("99999999X", Label),
        ],
        check: rut,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::CoNit,
        topics: CO | TAX,
        forms: &[
            ("999.999.999-9", Label),
            ("999999999-9", Label),
            ("9999999999", Label),
            ("9.999.999.999", Label),
            ("99.999.999", Label),
        ],
        check: nit,
        lenient: true,
        alone: false,
    },
    Shape {
        kind: Kind::PeRuc,
        topics: PE | TAX,
        forms: &[("99999999999", Label), ("99999999", Label)],
        check: ruc,
        lenient: true,
        alone: false,
    },
    Shape {
        kind: Kind::EcCi,
        topics: EC,
        forms: &[("9999999999", Label), ("999999999-9", Label)],
        check: |value| luhn(value),
        lenient: true,
        alone: false,
    },
    Shape {
        kind: Kind::UyCi,
        topics: EC,
        forms: &[("9.999.999-9", Label), ("99999999", Label)],
        check: |value| weighted(value, &[2, 9, 8, 7, 6, 3, 4, 1]).is_multiple_of(10),
        lenient: true,
        alone: false,
    },
    Shape {
        kind: Kind::DoCedula,
        topics: EC | NATIONAL,
        forms: &[("999-9999999-9", Label), ("99999999999", Label)],
        check: |value| luhn(value),
        lenient: true,
        alone: false,
    },
];

/// Service Canada: Luhn; 0 and 8 are not given to persons.
fn sin(value: &[u8]) -> bool {
    !matches!(nth(value, 0), b'0' | b'8') && !uniform(value) && luhn(value)
}

/// Receita Federal, CPF: two check digits modulus 11.
fn cpf(value: &[u8]) -> bool {
    let check = |weights: &[u32]| match weighted(value, weights) % 11 {
        0 | 1 => 0,
        rest => 11_u32.saturating_sub(rest),
    };
    !uniform(value)
        && check(&[10, 9, 8, 7, 6, 5, 4, 3, 2]) == digit(nth(value, 9))
        && check(&[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) == digit(nth(value, 10))
}

/// Receita Federal, CNPJ: two check digits modulus 11.
fn cnpj(value: &[u8]) -> bool {
    let check = |weights: &[u32]| match weighted(value, weights) % 11 {
        0 | 1 => 0,
        rest => 11_u32.saturating_sub(rest),
    };
    !uniform(value)
        && check(&[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) == digit(nth(value, 12))
        && check(&[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) == digit(nth(value, 13))
}

/// RENAPO, CURP: 37 symbols (N-tilde after N), weights 18 to 2, ten less the remainder by ten.
fn curp(value: &[u8]) -> bool {
    let symbol = |c: u8| base36(c).saturating_add(u32::from(c > b'N'));
    let sum = part(value, 0, 17)
        .iter()
        .zip((2..=18_u32).rev())
        .map(|(&c, w)| symbol(c).saturating_mul(w))
        .fold(0, u32::saturating_add);
    yymmdd(part(value, 4, 10))
        && matches!(nth(value, 10), b'H' | b'M' | b'X')
        && 10_u32.saturating_sub(sum % 10) % 10 == digit(nth(value, 17))
}

/// AFIP, CUIT and CUIL: a known type, weights 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, modulus 11.
fn cuit(value: &[u8]) -> bool {
    let rest = weighted(value, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    let check = match rest {
        0 => 0,
        1 => 9,
        rest => 11_u32.saturating_sub(rest),
    };
    matches!(number(part(value, 0, 2)), 20 | 23..=27 | 30 | 33 | 34 | 50 | 51 | 55) && check == digit(nth(value, 10))
}

/// Servicio de Registro Civil, RUT and RUN: weights 2 to 7 from the right, modulus 11, ten is K.
fn rut(value: &[u8]) -> bool {
    let Some((&last, body)) = value.split_last() else { return false };
    let sum = body
        .iter()
        .rev()
        .zip([2_u32, 3, 4, 5, 6, 7, 2, 3, 4])
        .map(|(&c, w)| digit(c).saturating_mul(w))
        .fold(0, u32::saturating_add);
    !uniform(body) && b"0K987654321".get((sum % 11) as usize) == Some(&last)
}

/// DIAN, NIT: prime weights, modulus 11.
fn nit(value: &[u8]) -> bool {
    let Some((&last, body)) = value.split_last() else { return false };
    let sum = body
        .iter()
        .rev()
        .zip([3_u32, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53])
        .map(|(&c, w)| digit(c).saturating_mul(w))
        .fold(0, u32::saturating_add);
    let rest = sum % 11;
    (if rest > 1 { 11_u32.saturating_sub(rest) } else { rest }) == digit(last)
}

/// SUNAT, RUC of eleven digits: weights 5, 4, 3, 2, 7, 6, 5, 4, 3, 2; a DNI of eight has no check of its own.
fn ruc(value: &[u8]) -> bool {
    let rest = weighted(value, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    value.len() == 8 || 11_u32.saturating_sub(rest) % 10 == digit(nth(value, 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_hold_and_near_misses_do_not() {
        type Check = fn(&[u8]) -> bool;
        let rows: [(Check, &str, &str); 9] = [
            (sin, "130692544", "130692545"),
            (cpf, "39053344705", "39053344706"),
            (cnpj, "16727230000197", "16727230000198"),
            (curp, "BOXW310820HNERXN09", "BOXW310820HNERXN08"),
            (cuit, "20055361682", "20267565392"),
            (rut, "125319092", "125319093"),
            (rut, "760864285", "760864286"),
            (nit, "2131234321", "2131234322"),
            (ruc, "20512333797", "20512333798"),
        ];
        for (check, good, bad) in rows {
            assert!(check(good.as_bytes()), "{good}");
            assert!(!check(bad.as_bytes()), "{bad}");
        }
    }
}
