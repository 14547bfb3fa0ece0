//! What the head of an answer says about its body.

use crate::head::Head;
use crate::wire::Unreadable;

/// Fields of an answer that speak of its bytes, and are wrong once bytes are replaced: lengths and ranges (RFC 9110
/// §8.6, §14), validators that caches compare (§8.8), digests (RFC 9530, RFC 3230, RFC 1864).
pub const STALE: &[&str] = &[
    "content-length",
    "accept-ranges",
    "etag",
    "last-modified",
    "content-digest",
    "repr-digest",
    "digest",
    "content-md5",
];

/// Fields of a request to set, or to remove, for an answer that can be read: in the clear (RFC 9110 §12.5.3) and whole
/// (§14.2).
pub const ASKED: &[(&str, Option<&str>)] =
    &[("accept-encoding", Some("identity")), ("range", None), ("if-range", None)];

/// Fields of a request that speak of its bytes, and are wrong once bytes are replaced.
pub const SIZED: &[&str] = &["content-length", "content-digest", "repr-digest", "digest", "content-md5"];

/// Whether an answer to a request with this method and status has no body, whatever its fields say (RFC 9110 §6.4.1).
pub fn is_bodiless(method: &[u8], status: u16) -> bool {
    method == b"HEAD" || matches!(status, 100..=199 | 204 | 205 | 304)
}

/// Whether the body is a whole representation.
///
/// # Errors
/// [`Unreadable::Partial`] when it is a range of one.
pub fn check(status: u16, head: &Head) -> Result<(), Unreadable> {
    if status == 206 || head.get("content-range").is_some() { Err(Unreadable::Partial) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_representation_is_not_read() {
        let head = |fields: &[(&str, &str)]| -> Head { fields.iter().map(|(n, v)| (*n, *v)).collect() };
        assert_eq!(check(200, &head(&[("content-type", "text/plain")])), Ok(()));
        assert_eq!(check(206, &head(&[])), Err(Unreadable::Partial));
        assert_eq!(check(200, &head(&[("content-range", "bytes 0-1/9")])), Err(Unreadable::Partial));
    }

    #[test]
    fn what_has_no_body_is_known_by_method_and_status() {
        assert!(is_bodiless(b"HEAD", 200) && is_bodiless(b"GET", 304) && is_bodiless(b"POST", 204));
        assert!(!is_bodiless(b"POST", 200) && !is_bodiless(b"POST", 500));
    }
}
