//! A circuit breaker that all workers share: after failures in a row a service is left alone for a while, then one
//! request tries it.

use portcullis_core::store::{Store, When};

/// When it opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// Failures in a row that open it, from 1.
    pub failures: u32,
    /// Microseconds that it stays open.
    pub open: u64,
}

/// Bytes of a value: failures in a row, and the time until which it is open.
const SIZE: usize = 12;
/// How often a write is tried again when another worker was faster.
const TRIES: usize = 8;

impl Breaker {
    /// Whether the service may be asked, at `now`. Of those that ask when the time is over one may, and the others wait
    /// for what comes of it: `patience`, in microseconds, or as long as it was open before.
    pub fn may(&self, store: &dyn Store, name: &[u8], now: u64, patience: u64) -> bool {
        let Ok(Some(stored)) = store.get(name) else { return true };
        let (failures, until) = read(&stored.value);
        if failures < self.failures {
            return true;
        }
        if now < until {
            return false;
        }
        let next = write(failures, now.saturating_add(patience.max(1)));
        matches!(store.set(name, &next, When::Unchanged(stored.version)), Ok(true))
    }

    /// The service answered, or did not. True when this opened it.
    pub fn told(&self, store: &dyn Store, name: &[u8], now: u64, good: bool) -> bool {
        for _ in 0..TRIES {
            let Ok(stored) = store.get(name) else { return false };
            let (value, when) = match &stored {
                Some(stored) => (stored.value.as_slice(), When::Unchanged(stored.version)),
                None => (&[][..], When::Absent),
            };
            let (failures, _) = read(value);
            let (next, until) = match good {
                true if failures == 0 => return false,
                true => (0, 0),
                false => (failures.saturating_add(1).min(self.failures), now.saturating_add(self.open)),
            };
            if matches!(store.set(name, &write(next, until), when), Ok(true)) {
                return next >= self.failures && failures < self.failures;
            }
        }
        false
    }
}

fn read(value: &[u8]) -> (u32, u64) {
    let failures = value.first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let until = value.last_chunk::<8>().filter(|_| value.len() == SIZE).map_or(0, |bytes| u64::from_le_bytes(*bytes));
    (failures, until)
}

fn write(failures: u32, until: u64) -> Vec<u8> {
    [failures.to_le_bytes().as_slice(), until.to_le_bytes().as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_core::store::Memory;

    #[test]
    fn it_opens_after_failures_in_a_row_and_lets_one_try() {
        let (breaker, store) = (Breaker { failures: 2, open: 100 }, Memory::default());
        let may = |now| breaker.may(&store, b"n", now, 10);
        assert!(may(0));
        assert!(!breaker.told(&store, b"n", 0, false));
        assert!(!breaker.told(&store, b"n", 1, true), "a success starts the count anew");
        assert!(!breaker.told(&store, b"n", 2, false));
        assert!(may(3));
        assert!(breaker.told(&store, b"n", 3, false));
        assert!(!may(4) && !may(102));
        assert!(may(103), "one tries");
        assert!(!may(104), "the others wait for it");
        assert!(may(113), "it did not come back");
        breaker.told(&store, b"n", 114, false);
        assert!(!may(213));
        assert!(may(214));
        breaker.told(&store, b"n", 215, true);
        assert!(may(216) && may(217));
    }
}
