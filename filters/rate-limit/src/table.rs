//! A bounded number of cells in the store that all workers share.
//!
//! Cells lie in buckets of [`WAYS`], one value of the store each, found by a hash of their key. A bucket never grows: when
//! it is full, a new key takes the place of the cell that matters least, the one whose debt ends first, whatever it owes
//! itself. So a debt is forgotten only while seven cells whose debts end later lie in its bucket, and of many keys that
//! were never seen each pushes out the one before it, not those that owe much. Two keys are one only if 128 bits of a
//! keyed hash meet.

use portcullis_core::store::{Store, StoreError, When};

use crate::rate::Cell;

/// Cells in a bucket.
const WAYS: usize = 8;
/// Bytes of a tag.
const TAG: usize = 16;
/// Bytes of a cell with its tag.
const ENTRY: usize = 40;
/// How often a write is tried again when another worker was faster.
const TRIES: usize = 64;

/// What tells a key from all others: a keyed hash.
pub type Tag = [u8; TAG];

/// Why a cell could not be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// Others were faster, every time.
    Contended,
    /// The host has no store.
    Store,
}

impl From<StoreError> for Failed {
    fn from(_: StoreError) -> Self {
        Self::Store
    }
}

/// A table of so many cells.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    buckets: u32,
}

impl Table {
    /// A table of at least `slots` cells.
    pub fn new(slots: u64) -> Self {
        Self { buckets: u32::try_from(slots.div_ceil(WAYS as u64)).unwrap_or(u32::MAX).max(1) }
    }

    /// Changes the cell of a key by `change`, which may be called several times and counts when it is written. Gives what
    /// it said, and whether a cell that still mattered was pushed out.
    ///
    /// # Errors
    /// When it could not be written; nothing has changed then.
    pub fn update<T>(
        &self,
        store: &dyn Store,
        tag: &Tag,
        now: u64,
        mut change: impl FnMut(Cell) -> (Cell, T),
    ) -> Result<(T, bool), Failed> {
        let name = self.name(tag);
        for _ in 0..TRIES {
            let stored = store.get(&name)?;
            let (bucket, when) = match stored {
                Some(stored) => (stored.value, When::Unchanged(stored.version)),
                None => (Vec::new(), When::Absent),
            };
            let mut entries = read(&bucket);
            let place = entries.iter().position(|(known, _)| known == tag);
            let before = place.and_then(|place| entries.get(place)).map_or(Cell::default(), |(_, cell)| *cell);
            let (after, said) = change(before);
            if after == before {
                return Ok((said, false));
            }
            let mut pushed = false;
            let full = entries.len() >= WAYS;
            match place.and_then(|place| entries.get_mut(place)) {
                Some(entry) => entry.1 = after,
                None if !full => entries.push((*tag, after)),
                None => {
                    let least = entries.iter_mut().min_by_key(|(_, cell)| (cell.until.max(now), cell.state));
                    if let Some(least) = least {
                        pushed = least.1.until > now;
                        *least = (*tag, after);
                    }
                }
            }
            if store.set(&name, &write(&entries), when)? {
                return Ok((said, pushed));
            }
        }
        Err(Failed::Contended)
    }

    fn name(&self, tag: &Tag) -> Vec<u8> {
        let [a, b, c, d, ..] = *tag;
        let bucket = u64::from(u32::from_le_bytes([a, b, c, d])).saturating_mul(u64::from(self.buckets)) >> 32;
        let mut name = b"portcullis.limits.".to_vec();
        name.extend_from_slice(&self.buckets.to_le_bytes());
        name.extend_from_slice(&u32::try_from(bucket).unwrap_or(0).to_le_bytes());
        name
    }
}

fn read(bucket: &[u8]) -> Vec<(Tag, Cell)> {
    let entries = bucket.chunks_exact(ENTRY).filter_map(|entry| {
        let (tag, rest) = entry.split_first_chunk::<TAG>()?;
        let (until, rest) = rest.split_first_chunk::<8>()?;
        let (state, _) = rest.split_first_chunk::<16>()?;
        Some((*tag, Cell { until: u64::from_le_bytes(*until), state: u128::from_le_bytes(*state) }))
    });
    entries.take(WAYS).collect()
}

fn write(entries: &[(Tag, Cell)]) -> Vec<u8> {
    let mut bucket = Vec::with_capacity(entries.len().saturating_mul(ENTRY));
    for (tag, cell) in entries {
        bucket.extend_from_slice(tag);
        bucket.extend_from_slice(&cell.until.to_le_bytes());
        bucket.extend_from_slice(&cell.state.to_le_bytes());
    }
    bucket
}

#[cfg(test)]
mod tests {
    use portcullis_core::store::{Memory, Stored};

    use super::*;

    fn tag(number: u64) -> Tag {
        let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (u128::from(spread) << 64 | u128::from(number)).rotate_left(64).to_le_bytes()
    }

    /// In one bucket.
    fn beside(number: u8) -> Tag {
        [0, 0, 0, 0, number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    }

    fn put(table: Table, store: &Memory, tag: &Tag, until: u64) -> (u64, bool) {
        let change = |cell: Cell| (Cell { until: until.max(cell.until), state: u128::from(until) }, cell.until);
        table.update(store, tag, 100, change).unwrap()
    }

    #[test]
    fn a_million_keys_take_the_room_of_the_table() {
        let (table, store) = (Table::new(4096), Memory::default());
        let mut last = 0;
        for round in 0..5 {
            (0..200_000).for_each(|key| _ = put(table, &store, &tag(round * 200_000 + key), 1000 + key));
            assert!(store.bytes() <= 512 * (26 + WAYS * ENTRY), "{}", store.bytes());
            assert!(round == 0 || store.bytes() == last);
            last = store.bytes();
        }
    }

    #[test]
    fn a_cell_is_found_again() {
        let (table, store) = (Table::new(65_536), Memory::default());
        (0..1000).for_each(|key| assert_eq!(put(table, &store, &tag(key), 1000 + key), (0, false)));
        (0..1000).for_each(|key| assert_eq!(put(table, &store, &tag(key), 1).0, 1000 + key));
    }

    #[test]
    fn what_matters_least_makes_room() {
        let (table, store) = (Table::new(1), Memory::default());
        (0..8).for_each(|key| _ = put(table, &store, &beside(key), 1000 + u64::from(key)));
        assert_eq!(put(table, &store, &beside(8), 500), (0, true), "the first owed 1000, the least");
        assert_eq!(put(table, &store, &beside(9), 500), (0, true), "who is new makes room for the newest");
        assert_eq!(put(table, &store, &beside(7), 1), (1007, false), "who owes the most stays");
        assert_eq!(put(table, &store, &beside(9), 99), (500, false));
        (20..120).for_each(|key| _ = put(table, &store, &beside(key), 200));
        (1..8).for_each(|key| assert_eq!(put(table, &store, &beside(key), 1).0, 1000 + u64::from(key)));
        let (table, store) = (Table::new(1), Memory::default());
        (0..8).for_each(|key| _ = put(table, &store, &beside(key), if key == 3 { 99 } else { 1000 }));
        assert_eq!(put(table, &store, &beside(8), 500), (0, false), "one that owes nothing is no loss");
    }

    /// Another worker writes between each read and write, so many times.
    struct Race(Memory, core::cell::Cell<usize>);

    impl Store for Race {
        fn get(&self, name: &[u8]) -> Result<Option<Stored>, StoreError> {
            let found = self.0.get(name);
            if self.1.get() > 0 {
                self.1.set(self.1.get() - 1);
                let value = found.clone()?.map(|stored| stored.value).unwrap_or_default();
                self.0.set(name, &value, When::Always)?;
            }
            found
        }

        fn set(&self, name: &[u8], value: &[u8], when: When) -> Result<bool, StoreError> {
            self.0.set(name, value, when)
        }
    }

    #[test]
    fn who_is_overtaken_tries_again_and_then_says_so() {
        let table = Table::new(8);
        let add = |cell: Cell| (Cell { state: cell.state + 1, ..cell }, cell.state);
        let race = Race(Memory::default(), core::cell::Cell::new(TRIES - 1));
        assert_eq!(table.update(&race, &tag(1), 0, add), Ok((0, false)));
        race.1.set(TRIES);
        assert_eq!(table.update(&race, &tag(1), 0, add), Err(Failed::Contended));
        assert_eq!(table.update(&race, &tag(1), 0, add), Ok((1, false)), "nothing was counted twice");
    }
}
