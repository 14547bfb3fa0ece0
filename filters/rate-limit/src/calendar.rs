//! Days and months of UTC.

const DAY: u64 = 86_400_000_000;

/// The number of the day at `now`, microseconds since the Unix epoch, and when it ends.
pub fn day(now: u64) -> (u64, u64) {
    let number = now / DAY;
    (number, number.saturating_add(1).saturating_mul(DAY))
}

/// The number of the month at `now`, counted from January of year 0, and when it ends.
pub fn month(now: u64) -> (u64, u64) {
    let (year, month) = civil(now / DAY);
    let number = year.saturating_mul(12).saturating_add(month);
    let (year, month) = if month == 11 { (year.saturating_add(1), 0) } else { (year, month.saturating_add(1)) };
    (number, days_before(year, month).saturating_mul(DAY))
}

/// Days from 1 March of year 0 to the Unix epoch.
const EPOCH: u64 = 719_468;
/// Days in 400 years.
const ERA: u64 = 146_097;

/// Year and month, from 0, of a day since the Unix epoch: the proleptic Gregorian calendar, counted from March so that
/// a leap day is the last of a year.
fn civil(days: u64) -> (u64, u64) {
    let days = days.saturating_add(EPOCH);
    let (era, day) = (days / ERA, days % ERA);
    let leap = (day / 1_460).saturating_add(day / 146_096);
    let year = day.saturating_add(day / 36_524).saturating_sub(leap) / 365;
    let before = (year.saturating_mul(365)).saturating_add(year / 4).saturating_sub(year / 100);
    let march = day.saturating_sub(before).saturating_mul(5).saturating_add(2) / 153;
    let year = era.saturating_mul(400).saturating_add(year);
    if march < 10 { (year, march.saturating_add(2)) } else { (year.saturating_add(1), march.saturating_sub(10)) }
}

/// Days from the Unix epoch to the first of a month, from 0.
fn days_before(year: u64, month: u64) -> u64 {
    let (year, march) =
        if month >= 2 { (year, month.saturating_sub(2)) } else { (year.saturating_sub(1), month.saturating_add(10)) };
    let (era, year) = (year / 400, year % 400);
    let day = march.saturating_mul(153).saturating_add(2) / 5;
    let days = year.saturating_mul(365).saturating_add(year / 4).saturating_sub(year / 100).saturating_add(day);
    era.saturating_mul(ERA).saturating_add(days).saturating_sub(EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_and_end_where_they_do() {
        for (days, year, month, next) in [
            (0, 1970, 0, 31),
            (30, 1970, 0, 31),
            (31, 1970, 1, 59),
            (789, 1972, 1, 790),
            (11_016, 2000, 1, 11_017),
            (20_454, 2026, 0, 20_485),
            (20_819, 2027, 0, 20_850),
            (47_540, 2100, 1, 47_541),
            (47_541, 2100, 2, 47_572),
        ] {
            let (number, until) = super::month(days * DAY + 5);
            assert_eq!((number / 12, number % 12, until / DAY), (year, month, next), "day {days}");
        }
    }

    #[test]
    fn no_month_is_missed_and_none_comes_twice_in_a_thousand_years() {
        let (mut now, mut last) = (0, month(0).0);
        for _ in 0..12_000 {
            now = month(now).1;
            assert_eq!(month(now - 1).0, last);
            last += 1;
            assert_eq!(month(now).0, last);
        }
        assert_eq!(month(u64::MAX).0 / 12, 586_524);
    }
}
