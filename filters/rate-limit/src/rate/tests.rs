use proptest::prelude::*;

use super::*;

const SECOND: u64 = 1_000_000;
const MINUTE: u64 = 60 * SECOND;

fn minute(limit: u64, burst: u64) -> Rate {
    Rate { limit, burst, window: Window::Rolling(MINUTE) }
}

/// Asks at each of `times`; how many were let through.
fn let_through(rate: &Rate, times: impl Iterator<Item = u64>) -> u64 {
    let mut cell = Cell::default();
    let mut count = 0;
    for now in times {
        let (next, room) = rate.take(cell, 1, now);
        cell = next;
        count += u64::from(room.allowed);
    }
    count
}

#[test]
fn a_burst_goes_by_at_once_and_the_rest_as_time_goes_by() {
    let rate = minute(100, 100);
    let now = 1_800_000_000 * SECOND;
    assert_eq!(let_through(&rate, (0..150).map(|_| now)), 100);
    assert_eq!(let_through(&rate, (0..60_000).map(|i| now + i * 1000)), 199);
    assert_eq!(let_through(&minute(100, 1), (0..60_000).map(|i| now + i * 1000)), 100);
    assert_eq!(let_through(&minute(60, 1), (0..10).map(|i| now + i * SECOND)), 10, "no unit is lost to rounding");
    assert_eq!(let_through(&minute(7, 7), (0..7).map(|_| now)), 7);
}

#[test]
fn what_is_left_and_the_wait_are_told() {
    let rate = minute(100, 100);
    let now = 1_800_000_000 * SECOND;
    let (cell, room) = rate.take(Cell::default(), 1, now);
    assert_eq!((room.allowed, room.remaining, room.wait), (true, 99, 600_000));
    let (cell, room) = rate.take(cell, 99, now);
    assert_eq!((room.allowed, room.remaining), (true, 0));
    let (same, room) = rate.take(cell, 1, now);
    assert_eq!((same, room), (cell, Room { allowed: false, remaining: 0, wait: 600_000 }));
    let (_, room) = rate.take(cell, 1, now + room.wait);
    assert!(room.allowed, "who waits as told is let through");
    assert_eq!(rate.take(Cell::default(), 0, now).1, Room { allowed: true, remaining: 100, wait: 0 });
}

#[test]
fn more_than_can_ever_be_there_passes_only_where_nothing_is_owed_and_is_owed_in_full() {
    let rate = minute(1000, 1000);
    let now = 1_800_000_000 * SECOND;
    let (cell, room) = rate.take(Cell::default(), 5000, now);
    assert!(room.allowed && room.remaining == 0);
    assert!(!rate.take(cell, 1, now + 4 * MINUTE).1.allowed);
    assert!(rate.take(cell, 1, now + 4 * MINUTE + MINUTE / 1000).1.allowed);
    assert!(!rate.take(cell, 5000, now + 5 * MINUTE - SECOND).1.allowed);
    assert!(rate.take(cell, 5000, now + 5 * MINUTE).1.allowed);
    let day = Rate { limit: 10, burst: 10, window: Window::Day };
    let (cell, room) = day.take(Cell::default(), 50, now);
    assert!(room.allowed);
    let (until, back) = (cell.until, day.settle(cell, -35, cell.until, now));
    assert!(!day.take(back, 1, now).1.allowed, "15 of 10 are used");
    assert_eq!(day.take(day.settle(back, -6, until, now), 0, now).1.remaining, 1);
}

#[test]
fn what_was_taken_is_settled() {
    let rate = minute(1000, 1000);
    let now = 1_800_000_000 * SECOND;
    let (cell, _) = rate.take(Cell::default(), 400, now);
    let until = cell.until;
    assert_eq!(rate.take(rate.settle(cell, -300, until, now), 0, now).1.remaining, 900);
    assert_eq!(rate.take(rate.settle(cell, 100, until, now), 0, now).1.remaining, 500);
    let over = rate.settle(cell, 900, until, now);
    assert_eq!(rate.take(over, 1, now).1.wait, 18_060_000, "1300 taken of 1000: 301 units at 60 ms each");
    let far = rate.settle(cell, 100_000, until, now);
    assert_eq!(rate.take(far, 1, now).1.wait, 99_401 * 60_000, "what it cost is owed in full");
    let late = rate.settle(cell, -400, until, now + 10 * MINUTE);
    assert_eq!(rate.take(late, 0, now + 10 * MINUTE).1.remaining, 1000, "what was given back late is no credit");
}

#[test]
fn what_time_has_paid_is_not_given_back() {
    let rate = minute(1000, 1000);
    let now = 1_800_000_000 * SECOND;
    let (first, _) = rate.take(Cell::default(), 1000, now);
    let (second, room) = rate.take(first, 1000, now + MINUTE);
    assert!(room.allowed);
    let back = rate.settle(second, -1000, first.until, now + MINUTE);
    assert_eq!(rate.take(back, 0, now + MINUTE).1.remaining, 0, "a minute has paid for the first");
    let back = rate.settle(second, -1000, second.until, now + MINUTE + MINUTE / 2);
    assert_eq!(rate.take(back, 0, now + MINUTE + MINUTE / 2).1.remaining, 1000);

    let day = Rate { limit: 10, burst: 10, window: Window::Day };
    let (first, _) = day.take(Cell::default(), 6, now);
    let tomorrow = first.until + SECOND;
    let (second, _) = day.take(first, 8, tomorrow);
    let back = day.settle(second, -6, first.until, tomorrow);
    assert_eq!(day.take(back, 0, tomorrow).1.remaining, 2, "yesterday's is no credit today");
}

#[test]
fn what_was_given_back_whole_leaves_a_cell_that_owes_nothing() {
    let now = 1_800_000_000 * SECOND;
    for window in [Window::Day, Window::Month] {
        let rate = Rate { limit: 10, burst: 10, window };
        let (cell, _) = rate.take(Cell::default(), 6, now);
        assert_eq!(rate.settle(cell, -6, cell.until, now).until, 0);
    }
}

#[test]
fn a_window_of_another_kind_does_not_hold_a_key_for_ever() {
    let now = 1_800_000_000 * SECOND;
    let stale = Cell { until: now, state: (u128::from(u64::MAX) << 64) | 10 };
    let rate = Rate { limit: 10, burst: 10, window: Window::Month };
    assert!(rate.take(stale, 1, now).1.allowed, "what it held is over");
}

#[test]
fn a_clock_that_jumps_gives_no_more_than_a_burst_and_takes_no_more_than_two() {
    let rate = minute(100, 100);
    let now = 1_800_000_000 * SECOND;
    let (cell, _) = rate.take(Cell::default(), 100, now);
    for back in [0, now / 2] {
        let (cell, room) = rate.take(cell, 1, back);
        assert_eq!((room.allowed, room.wait), (false, MINUTE + 600_000), "back to {back}");
        assert!(rate.take(cell, 1, back + room.wait).1.allowed);
    }
    assert_eq!(rate.take(cell, 1, u64::MAX).1.remaining, 99);
    let (cell, _) = rate.take(Cell::default(), 1, u64::MAX);
    let (cell, room) = rate.take(cell, 100, now);
    assert!(!room.allowed && rate.take(cell, 100, now + 2 * MINUTE).1.allowed);
}

#[test]
fn counters_do_not_overflow() {
    for window in [Window::Rolling(31 * 86_400 * SECOND), Window::Day, Window::Month] {
        let rate = Rate { limit: u64::MAX, burst: u64::MAX, window };
        let (cell, room) = rate.take(Cell { until: u64::MAX, state: u128::MAX }, u64::MAX, 0);
        let _ = (rate.settle(cell, i64::MIN, u64::MAX, u64::MAX), room);
        let (cell, _) = rate.take(Cell::default(), u64::MAX, u64::MAX);
        let _ = rate.settle(rate.settle(cell, i64::MAX, 0, u64::MAX), i64::MIN, u64::MAX, 0);
    }
}

#[test]
fn a_calendar_month_is_counted_and_begins_anew() {
    let rate = Rate { limit: 3, burst: 3, window: Window::Month };
    let january = 20_484 * 86_400 * SECOND;
    let mut cell = Cell::default();
    for left in [2, 1, 0] {
        let (next, room) = rate.take(cell, 1, january);
        assert_eq!((room.allowed, room.remaining, room.wait), (true, left, 86_400 * SECOND));
        cell = next;
    }
    let (cell, room) = rate.take(cell, 1, january);
    assert!(!room.allowed);
    assert!(rate.take(cell, 1, january + room.wait).1.allowed);
    assert!(!rate.take(cell, 1, january - 20 * 86_400 * SECOND).1.allowed, "a clock that went back opens nothing");
    assert_eq!(rate.take(rate.settle(cell, -2, cell.until, january), 0, january).1.remaining, 2);
    assert!(!rate.take(rate.settle(cell, 5, cell.until, january), 1, january).1.allowed);
    assert_eq!(
        rate.take(rate.settle(cell, -2, cell.until, room.wait + january), 0, january + room.wait).1.remaining,
        3
    );
}

proptest! {
    /// In any stretch of a window at most `limit + burst` units go by, and what is refused could not have been let go.
    #[test]
    fn no_window_holds_more_than_limit_and_burst(
        limit in 1..200_u64, burst in 1..200_u64, gaps in proptest::collection::vec(0..3_000_000_u64, 1..400),
    ) {
        let rate = minute(limit, burst);
        let mut now = 1_800_000_000 * SECOND;
        let (mut cell, mut taken) = (Cell::default(), Vec::new());
        // The exact bucket, in units of 1 / MINUTE of a unit.
        let mut level = u128::from(burst) * u128::from(MINUTE);
        for gap in gaps {
            now += gap;
            level = (level + u128::from(gap) * u128::from(limit)).min(u128::from(burst) * u128::from(MINUTE));
            let (next, room) = rate.take(cell, 1, now);
            cell = next;
            prop_assert_eq!(room.allowed, level >= u128::from(MINUTE), "at {}", now);
            if room.allowed {
                level -= u128::from(MINUTE);
                taken.push(now);
            }
        }
        for (i, first) in taken.iter().enumerate() {
            let within = taken[i..].iter().take_while(|at| *at - first < MINUTE).count() as u64;
            prop_assert!(within <= limit + burst);
        }
    }

    /// Over any time T, what went by costs at most what comes back in it, the burst, and one request: whatever each costs,
    /// and whether that is known before or after.
    #[test]
    fn what_requests_cost_is_bounded_over_any_time(
        limit in 1..200_u64, burst in 1..200_u64,
        asks in proptest::collection::vec((0..40_000_000_u64, 1..2_000_u64, 1..2_000_u64), 1..400),
    ) {
        let rate = minute(limit, burst);
        let begin = 1_800_000_000 * SECOND;
        let (mut now, mut cell, mut largest) = (begin, Cell::default(), 0);
        let (mut total, mut passed) = (0_u128, Vec::new());
        for (gap, cost, real) in asks {
            now += gap;
            let (next, room) = rate.take(cell, cost, now);
            cell = next;
            if room.allowed {
                let delta = i64::try_from(real).unwrap() - i64::try_from(cost).unwrap();
                cell = rate.settle(cell, delta, cell.until, now);
                largest = largest.max(u128::from(real));
                total += u128::from(real);
                passed.push((now, real));
            }
            let back = u128::from(now - begin) * u128::from(limit) / u128::from(MINUTE);
            prop_assert!(total <= back + u128::from(burst) + largest + 1, "{} of {} and {}", total, back, largest);
        }
        for (i, (first, _)) in passed.iter().enumerate() {
            let within = passed[i..].iter().take_while(|(at, _)| *at - first < MINUTE).map(|(_, real)| real).sum::<u64>();
            prop_assert!(u128::from(within) <= u128::from(limit + burst) + largest + 1);
        }
    }
}
