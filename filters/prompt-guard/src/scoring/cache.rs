//! Scores that were given, for a while: a bounded table in the store that all workers share.

use portcullis_core::audit::hmac_of;
use portcullis_core::store::{Store, When};
use portcullis_core::wire::Role;

/// Entries in a bucket, one value of the store.
const WAYS: usize = 8;
const TAG: usize = 16;
/// A tag, the time until which it holds, and the score.
const ENTRY: usize = 28;

/// What tells a question from all others: half of a keyed hash.
pub type Tag = [u8; TAG];

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Entries; 0 for none.
    pub entries: u64,
    /// Microseconds for which a score holds.
    pub ttl: u64,
}

/// The tag of what is asked: a secret, who is asked under which policy, and the texts.
pub fn tag(secret: &[u8], policy: &str, texts: &[(Role, String)]) -> Tag {
    let texts = texts.iter().flat_map(|(role, text)| [role.name().as_bytes(), text.as_bytes()]);
    let digest = hmac_of(secret, core::iter::once(policy.as_bytes()).chain(texts)).unwrap_or_default();
    digest.first_chunk::<TAG>().copied().unwrap_or_default()
}

impl Cache {
    fn name(&self, tag: &Tag) -> Vec<u8> {
        let number = tag.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let buckets = self.entries.div_ceil(WAYS as u64).max(1);
        [b"prompt_guard/scores/".as_slice(), &number.checked_rem(buckets).unwrap_or(0).to_le_bytes()].concat()
    }

    /// The score under this tag, if it holds at `now`.
    pub fn get(&self, store: &dyn Store, tag: &Tag, now: u64) -> Option<f32> {
        if self.entries == 0 {
            return None;
        }
        let stored = store.get(&self.name(tag)).ok()??;
        let entry = stored.value.chunks_exact(ENTRY).find(|entry| entry.starts_with(tag))?;
        let (until, score) = times(entry)?;
        (until > now && (0.0..=1.0).contains(&score)).then_some(score)
    }

    /// Keeps a score; in a full bucket in place of the one that ends first. Lost when another worker was faster.
    pub fn put(&self, store: &dyn Store, tag: &Tag, now: u64, score: f32) {
        if self.entries == 0 {
            return;
        }
        let name = self.name(tag);
        let Ok(stored) = store.get(&name) else { return };
        let (mut value, when) = match stored {
            Some(stored) => (stored.value, When::Unchanged(stored.version)),
            None => (Vec::new(), When::Absent),
        };
        let until = now.saturating_add(self.ttl);
        let entry = [tag.as_slice(), &until.to_le_bytes(), &score.to_le_bytes()].concat();
        let first = |entry: &&mut [u8]| times(entry).map_or(0, |(until, _)| until);
        let full = value.len() >= WAYS.saturating_mul(ENTRY);
        let same = value.chunks_exact_mut(ENTRY).find(|entry| entry.starts_with(tag));
        match same {
            Some(place) => place.copy_from_slice(&entry),
            None if !full => value.extend_from_slice(&entry),
            None => {
                if let Some(place) = value.chunks_exact_mut(ENTRY).min_by_key(first) {
                    place.copy_from_slice(&entry);
                }
            }
        }
        let _ = store.set(&name, &value, when);
    }
}

fn times(entry: &[u8]) -> Option<(u64, f32)> {
    let (_, rest) = entry.split_first_chunk::<TAG>()?;
    let (until, rest) = rest.split_first_chunk::<8>()?;
    Some((u64::from_le_bytes(*until), f32::from_le_bytes(*rest.first_chunk::<4>()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_core::store::Memory;

    fn of(text: &str) -> Tag {
        tag(b"secret", "p", &[(Role::User, text.to_owned())])
    }

    #[test]
    fn a_score_holds_for_its_time() {
        let (cache, store) = (Cache { entries: 64, ttl: 100 }, Memory::default());
        assert_eq!(cache.get(&store, &of("a"), 0), None);
        cache.put(&store, &of("a"), 0, 0.25);
        cache.put(&store, &of("b"), 0, 0.5);
        assert_eq!((cache.get(&store, &of("a"), 99), cache.get(&store, &of("b"), 99)), (Some(0.25), Some(0.5)));
        assert_eq!(cache.get(&store, &of("a"), 100), None);
        cache.put(&store, &of("a"), 100, 1.0);
        assert_eq!(cache.get(&store, &of("a"), 101), Some(1.0));
    }

    #[test]
    fn it_does_not_grow_whatever_is_asked() {
        let (cache, store) = (Cache { entries: 64, ttl: 100 }, Memory::default());
        for i in 0..10_000_u32 {
            cache.put(&store, &of(&i.to_string()), u64::from(i), 0.5);
        }
        assert!(store.bytes() <= 8 * (WAYS * ENTRY + 28), "{}", store.bytes());
    }

    #[test]
    fn secret_policy_role_and_cut_all_tell_questions_apart() {
        let user = |text: &str| (Role::User, text.to_owned());
        let tags = [
            tag(b"s", "p", &[user("ab")]),
            tag(b"t", "p", &[user("ab")]),
            tag(b"s", "q", &[user("ab")]),
            tag(b"s", "p", &[user("a"), user("b")]),
            tag(b"s", "p", &[(Role::System, "ab".into())]),
        ];
        assert!(tags.iter().enumerate().all(|(i, tag)| tags.iter().skip(i + 1).all(|other| other != tag)));
    }
}
