//! How much may go by in which time: pure arithmetic on one number for each key.
//!
//! Rolling windows are a generic cell rate algorithm (ITU-T I.371, "virtual scheduling"): the number is the time at
//! which a key will have paid for all that it took. It needs no sweep, knows no window edge, and is exact to a
//! picosecond. Calendar windows count within a day or a month of UTC.

use crate::calendar;

/// Picoseconds in a microsecond: fine enough that a million million units a second are told apart.
const PICOS: u128 = 1_000_000;

/// The time in which a limit comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Any stretch of so many microseconds.
    Rolling(u64),
    /// A day of UTC.
    Day,
    /// A month of UTC.
    Month,
}

/// A limit: `limit` units in a window, of which `burst` may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Units in a window, at least 1.
    pub limit: u64,
    /// Units that may come at once; rolling windows only. In a stretch of one window at most `limit + burst` go by.
    pub burst: u64,
    /// The window.
    pub window: Window,
}

/// What is kept of a key. All zeros for one that was never seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// When nothing of it matters any more, in microseconds since the Unix epoch.
    pub until: u64,
    /// Rolling: the time at which all is paid, in picoseconds since the Unix epoch. Calendar: the number of the window in
    /// the upper half, units taken in the lower.
    pub state: u128,
}

/// What a key may still take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Whether the units that were asked for may be taken.
    pub allowed: bool,
    /// Units that are left after that, or as they are when not.
    pub remaining: u64,
    /// Microseconds until there is more; when not allowed, until what was asked for may be taken.
    pub wait: u64,
}

impl Rate {
    /// Takes `cost` units at `now`, if there is room for them. More than can ever be there at once is taken as all that
    /// can be, so that it passes where nothing else is owed. A `cost` of 0 asks whether anything is left.
    pub fn take(&self, cell: Cell, cost: u64, now: u64) -> (Cell, Room) {
        match self.window {
            Window::Rolling(period) => self.rolling(cell, cost, now, period),
            Window::Day | Window::Month => self.calendar(cell, cost, now),
        }
    }

    /// Corrects what was taken by `delta` units, which may be less than none, whatever is left. What is owed never
    /// exceeds twice what may come at once.
    pub fn settle(&self, cell: Cell, delta: i64, now: u64) -> Cell {
        let units = delta.unsigned_abs();
        match self.window {
            Window::Rolling(period) => {
                let (now, picos) = (picos(now), self.worth(units, period));
                let paid = if delta < 0 {
                    cell.state.saturating_sub(picos)
                } else {
                    let most = now.saturating_add(self.worth(self.burst, period).saturating_mul(2));
                    cell.state.max(now).saturating_add(picos).min(most)
                };
                rolled(paid)
            }
            Window::Day | Window::Month => {
                let (number, until) = self.number(cell, now);
                let used = if number == upper(cell) { lower(cell) } else { 0 };
                let used = if delta < 0 { used.saturating_sub(units) } else { used.saturating_add(units) };
                counted(number, used, until)
            }
        }
    }

    /// Units that may come at once.
    pub fn most(&self) -> u64 {
        match self.window {
            Window::Rolling(_) => self.burst,
            Window::Day | Window::Month => self.limit,
        }
    }

    /// The window in seconds, at least 1; of a month, 31 days.
    pub fn seconds(&self) -> u64 {
        match self.window {
            Window::Rolling(period) => (period / 1_000_000).max(1),
            Window::Day => 86_400,
            Window::Month => 31 * 86_400,
        }
    }

    fn rolling(&self, cell: Cell, cost: u64, now: u64, period: u64) -> (Cell, Room) {
        let at = picos(now);
        let capacity = self.worth(self.burst, period);
        // What lies further ahead than a debt can reach was written before the clock went back, or under a larger limit.
        let ahead = cell.state.min(at.saturating_add(capacity.saturating_mul(2)));
        let paid = ahead.max(at);
        let next = paid.saturating_add(self.worth(cost.clamp(1, self.burst.max(1)), period));
        let limit = at.saturating_add(capacity);
        let allowed = next <= limit;
        let next = if cost == 0 { paid } else { next };
        let kept = if allowed { next } else { paid };
        let free = limit.saturating_sub(kept);
        let remaining = self.units(free, period);
        let wait = if allowed {
            let more = self.worth(remaining.saturating_add(1), period);
            if remaining >= self.burst { 0 } else { more.saturating_sub(free) }
        } else {
            paid.saturating_add(self.worth(cost.clamp(1, self.burst.max(1)), period)).saturating_sub(limit)
        };
        // A question alone leaves no trace.
        let kept = if cost == 0 && ahead == cell.state { cell } else { rolled(kept) };
        (kept, Room { allowed, remaining, wait: micros(wait) })
    }

    fn calendar(&self, cell: Cell, cost: u64, now: u64) -> (Cell, Room) {
        let (number, until) = self.number(cell, now);
        let used = if number == upper(cell) { lower(cell) } else { 0 };
        let left = self.limit.saturating_sub(used);
        let asked = cost.clamp(1, self.limit.max(1));
        let allowed = asked <= left;
        if cost == 0 {
            return (cell, Room { allowed, remaining: left, wait: until.saturating_sub(now) });
        }
        let used = if allowed { used.saturating_add(asked) } else { used };
        let room = Room { allowed, remaining: self.limit.saturating_sub(used), wait: until.saturating_sub(now) };
        (counted(number, used, until), room)
    }

    /// The window at `now` and its end. One that a clock has been in before it went back goes on.
    fn number(&self, cell: Cell, now: u64) -> (u64, u64) {
        let (number, until) = match self.window {
            Window::Day => calendar::day(now),
            _ => calendar::month(now),
        };
        if upper(cell) > number { (upper(cell), cell.until) } else { (number, until) }
    }

    /// What so many units cost, in picoseconds.
    fn worth(&self, units: u64, period: u64) -> u128 {
        let whole = u128::from(period).saturating_mul(PICOS).saturating_mul(u128::from(units));
        whole.checked_div(u128::from(self.limit)).unwrap_or(u128::MAX)
    }

    /// How many whole units so many picoseconds are worth. One that is lost to rounding is given back.
    fn units(&self, picos: u128, period: u64) -> u64 {
        let whole = picos.saturating_add(1).saturating_mul(u128::from(self.limit));
        let units = whole.checked_div(u128::from(period).saturating_mul(PICOS)).unwrap_or(0);
        u64::try_from(units).unwrap_or(u64::MAX).min(self.burst)
    }
}

fn rolled(paid: u128) -> Cell {
    Cell { until: micros(paid), state: paid }
}

fn counted(number: u64, used: u64, until: u64) -> Cell {
    Cell { until, state: (u128::from(number) << 64) | u128::from(used) }
}

fn upper(cell: Cell) -> u64 {
    u64::try_from(cell.state >> 64).unwrap_or(u64::MAX)
}

fn lower(cell: Cell) -> u64 {
    u64::try_from(cell.state & u128::from(u64::MAX)).unwrap_or(u64::MAX)
}

fn picos(micros: u64) -> u128 {
    u128::from(micros).saturating_mul(PICOS)
}

/// Rounded up, so that who waits so long does not come too early.
fn micros(picos: u128) -> u64 {
    u64::try_from(picos.div_ceil(PICOS)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
