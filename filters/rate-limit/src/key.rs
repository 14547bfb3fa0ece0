//! What stands for a key in the store: a keyed hash.

use std::borrow::Cow;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::table::Tag;

/// The key of the hash that tells keys apart: what stands in the store tells nobody a value.
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

impl Secret {
    /// A secret of these bytes.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        Hmac::new_from_slice(bytes).ok().map(Self)
    }

    /// What stands in where a secret cannot be made; HMAC takes keys of any length, so that it never does.
    pub fn none() -> Self {
        Self(Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default()))
    }

    /// The tag of a key: a limit's name, how it counts, and the values of its parts, `None` for one that is missing or
    /// shared.
    pub fn tag(&self, limit: &str, counts: &str, parts: &[Option<Cow<'_, [u8]>>]) -> Tag {
        let mut mac = self.0.clone();
        let names = [Some(limit.as_bytes()), Some(counts.as_bytes())]
            .into_iter()
            .chain(parts.iter().map(|part| part.as_deref()));
        for part in names {
            let length = part.map_or(u64::MAX, |part| u64::try_from(part.len()).unwrap_or(u64::MAX));
            mac.update(&length.to_be_bytes());
            mac.update(part.unwrap_or_default());
        }
        let whole: [u8; 32] = mac.finalize().into_bytes().into();
        whole.first_chunk().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_keys_share_a_tag() {
        let secret = Secret::new(b"0123456789abcdef").unwrap();
        let some = |value: &'static [u8]| Some(Cow::Borrowed(value));
        let keys = [
            secret.tag("a", "requests", &[some(b"b")]),
            secret.tag("ab", "requests", &[]),
            secret.tag("a", "requests", &[some(b""), some(b"b")]),
            secret.tag("a", "requests", &[some(b"b"), some(b"")]),
            secret.tag("a", "requests", &[None]),
            secret.tag("a", "requests", &[some(b"")]),
            secret.tag("a", "cost", &[some(b"b")]),
            Secret::new(b"fedcba9876543210").unwrap().tag("a", "requests", &[some(b"b")]),
        ];
        let distinct: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }
}
