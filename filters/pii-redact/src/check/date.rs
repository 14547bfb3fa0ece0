//! Calendar days inside numbers.

use super::number;

/// Whether a day stands in the Gregorian calendar.
pub(crate) const fn exists(year: u64, month: u64, day: u64) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    day >= 1 && day <= days
}

/// Whether a two-digit year, month and day can stand in some century: 29 February needs a leap year in one of them.
pub(crate) const fn exists_short(year: u64, month: u64, day: u64) -> bool {
    exists(year.saturating_add(1900), month, day) || exists(year.saturating_add(2000), month, day)
}

/// `yymmdd` at the start of the digits.
pub(crate) fn yymmdd(value: &[u8]) -> bool {
    match (value.get(..2), value.get(2..4), value.get(4..6)) {
        (Some(y), Some(m), Some(d)) => exists_short(number(y), number(m), number(d)),
        _ => false,
    }
}

/// `ddmmyy` at the start of the digits.
pub(crate) fn ddmmyy(value: &[u8]) -> bool {
    match (value.get(..2), value.get(2..4), value.get(4..6)) {
        (Some(d), Some(m), Some(y)) => exists_short(number(y), number(m), number(d)),
        _ => false,
    }
}

/// `yyyymmdd` at the start of the digits, in the years a living person can be born in or die in.
pub(crate) fn yyyymmdd(value: &[u8]) -> bool {
    match (value.get(..4), value.get(4..6), value.get(6..8)) {
        (Some(y), Some(m), Some(d)) => (1850..2100).contains(&number(y)) && exists(number(y), number(m), number(d)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{ddmmyy, exists, yymmdd, yyyymmdd};

    #[test]
    fn leap_days_follow_the_gregorian_rule() {
        assert!(exists(2000, 2, 29) && exists(2024, 2, 29));
        assert!(!exists(1900, 2, 29) && !exists(2023, 2, 29) && !exists(2024, 13, 1) && !exists(2024, 4, 31));
    }

    #[test]
    fn days_are_read_in_the_order_of_the_number() {
        assert!(yymmdd(b"850422") && !yymmdd(b"224085"));
        assert!(ddmmyy(b"220485") && !ddmmyy(b"852204"));
        assert!(yyyymmdd(b"19850422") && !yyyymmdd(b"85042219"));
    }
}
