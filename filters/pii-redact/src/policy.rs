//! What is done with each kind of finding, and the text that is put in its place.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use portcullis_core::verdict::{Hashed, MAX_HASHES};

use crate::allow::Allowed;
use crate::kind::Kind;

/// What is done with a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// The text stays, and nothing is reported.
    Ignore,
    /// The text stays; the finding is reported.
    Keep,
    /// `[EMAIL]`.
    Replace,
    /// `[EMAIL_1]`: the same number for the same value, wherever it stands again with the same [`Ledger`].
    Number,
    /// Letters and digits become `*`, all but the last ones; at most a third of the value is shown.
    Mask {
        /// How many are shown.
        last: u8,
    },
    /// `[EMAIL_5f3c09d2a1b4]`: a keyed hash (HMAC-SHA-256, 48 bits of it), the same for the same value and key.
    Pseudonym,
    /// Nothing is put in its place.
    Remove,
    /// The text ends before it, and nothing follows.
    Block,
}

impl Operator {
    /// The word for it in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Keep => "keep",
            Self::Replace => "replace",
            Self::Number => "number",
            Self::Mask { .. } => "mask",
            Self::Pseudonym => "pseudonym",
            Self::Remove => "remove",
            Self::Block => "block",
        }
    }

    /// Whether it changes the text.
    pub const fn edits(self) -> bool {
        !matches!(self, Self::Ignore | Self::Keep)
    }
}

/// The operator of every kind.
///
/// # Defaults
/// [`Operator::Replace`] for every kind.
#[derive(Clone, Debug)]
pub struct Policy {
    operators: BTreeMap<Kind, Operator>,
    otherwise: Operator,
    key: Vec<u8>,
    allowed: Allowed,
}

impl Default for Policy {
    fn default() -> Self {
        Self::all(Operator::Replace)
    }
}

impl Policy {
    /// The same operator for every kind.
    pub fn all(operator: Operator) -> Self {
        Self { operators: BTreeMap::new(), otherwise: operator, key: Vec::new(), allowed: Allowed::default() }
    }

    /// Sets the operator of one kind.
    #[must_use]
    pub fn with(mut self, kind: Kind, operator: Operator) -> Self {
        self.operators.insert(kind, operator);
        self
    }

    /// Sets the key of [`Operator::Pseudonym`]. Without one, a pseudonym is written as [`Operator::Replace`]: a hash
    /// without key can be guessed back.
    #[must_use]
    pub fn keyed(mut self, key: &[u8]) -> Self {
        self.key = key.to_vec();
        self
    }

    /// Whether it gives numbers.
    pub(crate) fn numbers(&self) -> bool {
        Kind::ALL.iter().any(|kind| self.operator(*kind) == Operator::Number)
    }

    pub(crate) fn wants_key(&self) -> bool {
        self.operators.values().chain([&self.otherwise]).any(|operator| *operator == Operator::Pseudonym)
    }

    /// Sets the values that are let be.
    #[must_use]
    pub fn allowing(mut self, allowed: Allowed) -> Self {
        self.allowed = allowed;
        self
    }

    pub(crate) fn allows(&self, kind: Kind, value: &str) -> bool {
        self.allowed.has(kind, value)
    }

    /// What is done with a kind.
    pub fn operator(&self, kind: Kind) -> Operator {
        self.operators.get(&kind).copied().unwrap_or(self.otherwise)
    }

    /// Writes what stands in the place of `value`.
    pub(crate) fn write(&self, kind: Kind, value: &str, ledger: &mut Ledger, out: &mut String) {
        match self.operator(kind) {
            Operator::Ignore | Operator::Keep => out.push_str(value),
            Operator::Replace => marker(kind, out),
            Operator::Number => match ledger.number(kind, value) {
                Some(number) => {
                    // Writing to a string cannot fail.
                    let _ = match &ledger.nonce {
                        Some(nonce) => write!(out, "[{}_{number}_{nonce}]", kind.name()),
                        None => write!(out, "[{}_{number}]", kind.name()),
                    };
                }
                None => marker(kind, out),
            },
            Operator::Mask { last } => mask(value, usize::from(last), out),
            Operator::Pseudonym => match self.hash(kind, value, &ledger.key) {
                Some(hash) => {
                    let _ = write!(out, "[{}_{hash}]", kind.name());
                }
                None => marker(kind, out),
            },
            Operator::Remove | Operator::Block => {}
        }
    }

    fn hash(&self, kind: Kind, value: &str, key: &[u8]) -> Option<String> {
        let digest = hmac(if self.key.is_empty() { key } else { &self.key }, kind.name(), value)?;
        let mut hash = String::with_capacity(12);
        for byte in digest.iter().take(6) {
            let _ = write!(hash, "{byte:02x}");
        }
        Some(hash)
    }
}

/// HMAC-SHA-256 of a kind and a value; none without a key, since what is hashed without one can be guessed back.
fn hmac(key: &[u8], name: &str, value: &str) -> Option<[u8; 32]> {
    if key.is_empty() {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(name.as_bytes());
    mac.update(&[0]);
    mac.update(value.as_bytes());
    Some(mac.finalize().into_bytes().into())
}

/// `[EMAIL]`.
pub(crate) fn marker(kind: Kind, out: &mut String) {
    out.push('[');
    out.push_str(kind.name());
    out.push(']');
}

fn mask(value: &str, last: usize, out: &mut String) {
    let counted = value.chars().filter(|c| c.is_alphanumeric()).count();
    let hidden = counted.saturating_sub(last.min(counted / 3));
    let mut seen = 0_usize;
    out.extend(value.chars().map(|c| {
        if !c.is_alphanumeric() {
            return c;
        }
        seen = seen.saturating_add(1);
        if seen <= hidden { '*' } else { c }
    }));
}

/// The numbers that [`Operator::Number`] has given to values, for all texts that are to agree on them.
///
/// It holds the values themselves, so it must not outlive the exchange it serves. At most [`Ledger::MOST`] values are
/// kept; later ones get no number.
#[derive(Default)]
pub struct Ledger {
    numbers: BTreeMap<(Kind, String), u32>,
    counts: BTreeMap<Kind, u32>,
    nonce: Option<String>,
    key: Vec<u8>,
    /// Hashes of what was found, for the audit record; `None` when it is not to have them.
    hashes: Option<Vec<Hashed>>,
    /// The way back, where there is a nonce.
    values: BTreeMap<(Kind, u32), String>,
}

impl Ledger {
    /// The most values that get a number.
    pub const MOST: usize = 4096;

    /// From now on numbers carry a word that only this ledger knows, `[EMAIL_1_7KQ2M9]`, so that they can be told from
    /// what someone else wrote and be turned back into their values.
    pub(crate) fn set_nonce(&mut self, nonce: String) {
        self.nonce = Some(nonce);
    }

    /// The key of pseudonyms, where the policy has none.
    pub(crate) fn set_key(&mut self, key: &[u8]) {
        self.key = key.to_vec();
    }

    /// From now on values that are found are hashed for the audit record.
    pub(crate) fn keep_hashes(&mut self) {
        self.hashes.get_or_insert_default();
    }

    /// Hashes a value that was found, if hashes are kept: each once, at most [`MAX_HASHES`].
    pub(crate) fn found(&mut self, name: &'static str, value: &str) {
        let Some(hashes) = self.hashes.as_mut().filter(|hashes| hashes.len() < MAX_HASHES) else { return };
        let Some(hmac) = hmac(&self.key, name, value) else { return };
        let hashed = Hashed { entity: name, hmac };
        if !hashes.contains(&hashed) {
            hashes.push(hashed);
        }
    }

    /// Takes the hashes out.
    pub(crate) fn take_hashes(&mut self) -> Vec<Hashed> {
        self.hashes.as_mut().map(core::mem::take).unwrap_or_default()
    }

    /// The value that was given this number.
    pub(crate) fn value(&self, kind: Kind, number: u32) -> Option<&str> {
        self.values.get(&(kind, number)).map(String::as_str)
    }

    /// The word that its numbers carry, once there is one to be turned back.
    pub(crate) fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref().filter(|_| !self.values.is_empty())
    }

    fn number(&mut self, kind: Kind, value: &str) -> Option<u32> {
        let entry = (kind, value.to_owned());
        if let Some(&number) = self.numbers.get(&entry) {
            return Some(number);
        }
        if self.numbers.len() >= Self::MOST {
            return None;
        }
        let count = self.counts.entry(kind).or_default();
        *count = count.saturating_add(1);
        if self.nonce.is_some() {
            self.values.insert((kind, *count), value.to_owned());
        }
        self.numbers.insert(entry, *count);
        Some(*count)
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("values", &self.numbers.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{Ledger, Operator, Policy};
    use crate::kind::Kind;

    fn written(policy: &Policy, values: &[&str]) -> Vec<String> {
        let mut ledger = Ledger::default();
        let write = |value: &&str| {
            let mut out = String::new();
            policy.write(Kind::Phone, value, &mut ledger, &mut out);
            out
        };
        values.iter().map(write).collect()
    }

    #[test]
    fn a_mask_shows_the_last_and_keeps_the_form() {
        let policy = Policy::all(Operator::Mask { last: 4 });
        assert_eq!(written(&policy, &["650-253-0000", "12-34", "ab"]), ["***-***-*000", "**-*4", "**"]);
    }

    #[test]
    fn the_same_value_has_the_same_number() {
        let policy = Policy::all(Operator::Number);
        assert_eq!(written(&policy, &["a", "b", "a"]), ["[PHONE_1]", "[PHONE_2]", "[PHONE_1]"]);
    }

    #[test]
    fn a_pseudonym_depends_on_value_and_key_and_needs_one() {
        let with = |key: &[u8], value| written(&Policy::all(Operator::Pseudonym).keyed(key), &[value]).remove(0);
        assert_eq!(with(b"k", "a"), with(b"k", "a"));
        assert_ne!(with(b"k", "a"), with(b"k", "b"));
        assert_ne!(with(b"k", "a"), with(b"l", "a"));
        assert_eq!(with(b"", "a"), "[PHONE]");
    }

    #[test]
    fn debug_shows_no_value() {
        let mut ledger = Ledger::default();
        ledger.number(Kind::Email, "ann@example.com");
        assert!(!format!("{ledger:?}").contains("ann"));
    }
}
