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
    /// Units that may come at once; rolling windows only. In a stretch of one window at most `limit + burst` go by, and
    /// what the largest single request costs beyond the burst.
    pub burst: u64,
    /// The window.
    pub window: Window,
}

/// What is kept of a key. All zeros for one that was never seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// When nothing of it matters any more, in microseconds since the Unix epoch.
    pub until: u64,
    /// Rolling: the time at which all is paid, in picoseconds since the Unix epoch, in the lower 84 bits; above them the
    /// second in which it was written. Calendar: the number of the window in the upper half, units taken in the lower.
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
    /// Takes `cost` units at `now`, if there is room for them. More than can ever be there at once passes where nothing
    /// else is owed, and is owed in full. A `cost` of 0 asks whether anything is left.
    pub fn take(&self, cell: Cell, cost: u64, now: u64) -> (Cell, Room) {
        match self.window {
            Window::Rolling(period) => self.rolling(cell, cost, now, period),
            Window::Day | Window::Month => self.calendar(cell, cost, now),
        }
    }

    /// Corrects what was taken by `delta` units, which may be less than none, whatever is left. More is owed in full. Of
    /// what is given back, what time has paid already is no credit: `until` is that of the cell as it was taken.
    pub fn settle(&self, cell: Cell, delta: i64, until: u64, now: u64) -> Cell {
        let units = delta.unsigned_abs();
        match self.window {
            Window::Rolling(period) => {
                let worth = self.worth(units, period);
                let owed = self.owed(cell, now, period);
                let paid = if delta < 0 {
                    owed.saturating_sub(worth.min(picos(until.saturating_sub(now))))
                } else {
                    owed.max(picos(now)).saturating_add(worth)
                };
                rolled(paid, now)
            }
            Window::Day | Window::Month if delta < 0 && until <= now => cell,
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
        let ahead = self.owed(cell, now, period);
        let paid = ahead.max(at);
        let fits = paid.saturating_add(self.worth(cost.clamp(1, self.burst.max(1)), period));
        let limit = at.saturating_add(capacity);
        let allowed = fits <= limit;
        let next = paid.saturating_add(self.worth(cost, period));
        let kept = if allowed { next } else { paid };
        let free = limit.saturating_sub(kept);
        let remaining = self.units(free, period);
        let wait = if allowed {
            let more = self.worth(remaining.saturating_add(1), period);
            if remaining >= self.burst { 0 } else { more.saturating_sub(free) }
        } else {
            fits.saturating_sub(limit)
        };
        // A question alone leaves no trace.
        let kept = if cost == 0 && ahead == due(cell) { cell } else { rolled(kept, now) };
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
        let used = if allowed { used.saturating_add(cost) } else { used };
        let room = Room { allowed, remaining: self.limit.saturating_sub(used), wait: until.saturating_sub(now) };
        (counted(number, used, until), room)
    }

    /// When a key will have paid. A debt is as long as what was taken, so that only one that was written under a clock that
    /// has gone back since has a bound of two bursts.
    fn owed(&self, cell: Cell, now: u64, period: u64) -> u128 {
        let most = picos(now).saturating_add(self.worth(self.burst, period).saturating_mul(2));
        // Workers read the clock one after the other.
        let went_back = cell.state >> DUE > u128::from(now / 1_000_000).saturating_add(1);
        if went_back { due(cell).min(most) } else { due(cell) }
    }

    /// The window at `now` and its end. One that a clock has been in before it went back goes on.
    fn number(&self, cell: Cell, now: u64) -> (u64, u64) {
        let (number, until) = match self.window {
            Window::Day => calendar::day(now),
            _ => calendar::month(now),
        };
        if upper(cell) > number && cell.until > now { (upper(cell), cell.until) } else { (number, until) }
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

/// Bits of a time in picoseconds: one of more than 600,000 years.
const DUE: u32 = 84;

fn rolled(paid: u128, now: u64) -> Cell {
    let paid = paid.min((1 << DUE) - 1);
    let second = u128::from(now / 1_000_000).min((1 << (u128::BITS - DUE)) - 1);
    Cell { until: micros(paid), state: (second << DUE) | paid }
}

fn due(cell: Cell) -> u128 {
    cell.state & ((1 << DUE) - 1)
}

/// What was given back whole matters no more.
fn counted(number: u64, used: u64, until: u64) -> Cell {
    Cell { until: if used == 0 { 0 } else { until }, state: (u128::from(number) << 64) | u128::from(used) }
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
