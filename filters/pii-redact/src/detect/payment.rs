//! Payment cards (ISO/IEC 7812: issuer ranges and the Luhn check digit), bank accounts and routing numbers by label.

use crate::check::{luhn, nth, number, part, uniform, weighted};
use crate::kind::Kind;
use crate::shape::{
    Basis::{Free, Label},
    Shape,
};
use crate::topics::*;

/// The shapes of this family.
pub(crate) const SHAPES: &[Shape] = &[
    Shape {
        kind: Kind::CreditCard,
        topics: CARD,
        forms: &[
            ("9999 9999 9999 9999", Free),
            ("9999-9999-9999-9999", Free),
            ("9999 999999 99999", Free),
            ("9999-999999-99999", Free),
            ("9999 999999 9999", Free),
            ("9999-999999-9999", Free),
            ("9999 9999 9999 9999 999", Free),
            ("9999-9999-9999-9999-999", Free),
            ("9999 9999 9999 999", Free),
            ("9999-9999-9999-999", Free),
            ("9999.9999.9999.9999", Free),
            ("9999999999999999", Free),
            ("999999999999999", Free),
            ("99999999999999", Free),
            ("9999999999999", Label),
            ("999999999999", Label),
            ("99999999999999999", Label),
            ("999999999999999999", Label),
            ("9999999999999999999", Label),
            ("999999 9999999999", Label),
        ],
        check: card,
        lenient: false,
        alone: true,
    },
    Shape {
        kind: Kind::AbaRouting,
        topics: ROUTING,
        forms: &[("999999999", Label), ("9999-9999-9", Label)],
        check: routing,
        lenient: true,
        alone: true,
    },
    Shape {
        kind: Kind::AccountNumber,
        topics: ACCOUNT,
        forms: &[
            ("9999999999", Label),
            ("999999999999", Label),
            ("99999999999", Label),
            ("999999999", Label),
            ("99999999", Label),
            ("9999999999999", Label),
            ("99999999999999", Label),
            ("999999999999999", Label),
            ("9999999999999999", Label),
            ("99999999999999999", Label),
            ("9999999", Label),
            ("999999", Label),
        ],
        check: account,
        lenient: false,
        alone: false,
    },
];

/// A payment card: Luhn, and a first digits that an issuer has (ISO/IEC 7812 register as the schemes publish it).
fn card(value: &[u8]) -> bool {
    !uniform(value) && issued(value) && luhn(value)
}

/// Whether the first digits and the length belong to a scheme.
fn issued(value: &[u8]) -> bool {
    let length = value.len();
    let (two, three, four) = (number(part(value, 0, 2)), number(part(value, 0, 3)), number(part(value, 0, 4)));
    match two {
        // Visa: 13, 16 or 19 digits.
        40..=49 => matches!(length, 13 | 16 | 19),
        // American Express.
        34 | 37 => length == 15,
        // Diners Club.
        30 => three <= 305 && (14..=19).contains(&length),
        36 | 38 | 39 => (14..=19).contains(&length),
        // JCB (3528-3589; its neighbours are not in use elsewhere), and its old cards of 15 digits.
        35 => (16..=19).contains(&length),
        18 | 21 => matches!(four, 1800 | 2131) && length == 15,
        // Mastercard: 51-55 and 2221-2720.
        51..=55 => length == 16,
        22..=27 => (2221..=2720).contains(&four) && length == 16,
        // Maestro.
        50 | 56..=58 | 61 | 63 | 66 | 67 | 69 => (12..=19).contains(&length),
        // Discover, Maestro, RuPay: 60, 64 and 65; UnionPay: 62; RuPay: 81 and 82.
        60 | 64 | 65 => (12..=19).contains(&length),
        62 => (16..=19).contains(&length),
        81 | 82 => length == 16,
        // UATP.
        10..=17 | 19 => length == 15 && nth(value, 0) == b'1',
        _ => false,
    }
}

/// A routing number of the American Bankers Association: weights 3, 7, 1, and a Federal Reserve prefix.
fn routing(value: &[u8]) -> bool {
    let prefix = number(part(value, 0, 2));
    let district = matches!(prefix, 0..=12 | 21..=32 | 61..=72 | 80);
    district && !uniform(value) && weighted(value, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}

/// An account number has no common check.
fn account(value: &[u8]) -> bool {
    !uniform(value)
}

#[cfg(test)]
mod tests {
    use super::{card, routing};

    #[test]
    fn the_test_numbers_of_every_scheme_are_cards() {
        for number in [
            "4111111111111111",
            "4222222222222",
            "5555555555554444",
            "2223003122003222",
            "378282246310005",
            "6011111111111117",
            "3530111333300000",
            "30569309025904",
            "6304000000000000",
            "6200000000000005",
        ] {
            assert!(card(number.as_bytes()), "{number}");
        }
    }

    #[test]
    fn other_numbers_with_a_right_check_digit_are_not() {
        for number in ["79927398713", "9999999999999995", "7000000000000005", "2721000000000004", "4444444444444444"] {
            assert!(!card(number.as_bytes()), "{number}");
        }
    }

    #[test]
    fn routing_numbers_have_a_district_and_a_check_digit() {
        assert!(routing(b"121042882") && routing(b"021000021"));
        assert!(!routing(b"121042883") && !routing(b"000000000") && !routing(b"991042889"));
    }
}
