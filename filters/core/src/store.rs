//! State that outlives an exchange and is shared by all workers, and what a host knows of a connection: the two things
//! that a stage may ask of what is around it. Both are arguments; a stage holds neither.

use std::cell::RefCell;
use std::collections::HashMap;

/// A value with its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The bytes.
    pub value: Vec<u8>,
    /// Changes with every write; for [`When::Unchanged`].
    pub version: u32,
}

/// On what condition a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// On none.
    Always,
    /// If there is none.
    Absent,
    /// If it still has this version.
    Unchanged(u32),
}

/// The host did not do what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreError;

/// Values by name, shared by all workers of a process. They live in memory, have no expiry and no bound but the one that
/// their writer keeps, and are gone with the process.
pub trait Store {
    /// The value of this name.
    ///
    /// # Errors
    /// When the host has no such place.
    fn get(&self, name: &[u8]) -> Result<Option<Stored>, StoreError>;

    /// Writes a value; false when the condition does not hold (any more), and nothing was written.
    ///
    /// # Errors
    /// As [`Store::get`].
    fn set(&self, name: &[u8], value: &[u8], when: When) -> Result<bool, StoreError>;
}

/// What the host knows of a request besides its head: attributes of Envoy, by their path.
pub trait Properties {
    /// The value at this path, as bytes; `None` when there is none.
    fn property(&self, path: &[&str]) -> Option<Vec<u8>>;
}

/// Both.
pub trait Outside: Store + Properties {}

impl<T: Store + Properties> Outside for T {}

/// What a stage may ask, and the time.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// Microseconds since the Unix epoch.
    pub now: u64,
    /// Shared state.
    pub store: &'a dyn Store,
    /// Attributes of the request.
    pub properties: &'a dyn Properties,
    /// The name of the profile that was selected.
    pub profile: &'a str,
}

/// A store for one thread: where there is no host, and in tests.
#[derive(Default)]
pub struct Memory {
    values: RefCell<HashMap<Vec<u8>, Stored>>,
    properties: HashMap<String, Vec<u8>>,
}

impl Memory {
    /// One that knows these properties, by their path with `.` between its parts.
    pub fn with(properties: &[(&str, &[u8])]) -> Self {
        let properties = properties.iter().map(|(path, value)| ((*path).to_owned(), value.to_vec()));
        Self { properties: properties.collect(), ..Self::default() }
    }

    /// What stands in it: names and values together, in bytes.
    pub fn bytes(&self) -> usize {
        let values = self.values.borrow();
        values.iter().fold(0, |sum, (name, stored)| sum.saturating_add(name.len()).saturating_add(stored.value.len()))
    }
}

impl Store for Memory {
    fn get(&self, name: &[u8]) -> Result<Option<Stored>, StoreError> {
        Ok(self.values.borrow().get(name).cloned())
    }

    fn set(&self, name: &[u8], value: &[u8], when: When) -> Result<bool, StoreError> {
        let mut values = self.values.borrow_mut();
        let version = values.get(name).map(|stored| stored.version);
        let holds = match when {
            When::Always => true,
            When::Absent => version.is_none(),
            When::Unchanged(seen) => version == Some(seen),
        };
        if holds {
            let version = version.unwrap_or(0).wrapping_add(1);
            values.insert(name.to_vec(), Stored { value: value.to_vec(), version });
        }
        Ok(holds)
    }
}

impl Properties for Memory {
    fn property(&self, path: &[&str]) -> Option<Vec<u8>> {
        self.properties.get(&path.join(".")).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_on_a_condition_is_made_only_while_it_holds() {
        let store = Memory::default();
        assert_eq!(store.get(b"a"), Ok(None));
        assert_eq!(store.set(b"a", b"0", When::Unchanged(1)), Ok(false));
        assert_eq!(store.set(b"a", b"1", When::Absent), Ok(true));
        assert_eq!(store.set(b"a", b"2", When::Absent), Ok(false));
        let seen = store.get(b"a").unwrap().unwrap();
        assert_eq!(seen.value, b"1");
        assert_eq!(store.set(b"a", b"3", When::Unchanged(seen.version)), Ok(true));
        assert_eq!(store.set(b"a", b"4", When::Unchanged(seen.version)), Ok(false));
        assert_eq!(store.set(b"a", b"55", When::Always), Ok(true));
        assert_eq!((store.get(b"a").unwrap().unwrap().value, store.bytes()), (b"55".to_vec(), 3));
    }
}
