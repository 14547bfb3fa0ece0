//! Names that stand twice in one object.

use core::cmp::Ordering;

use super::{Node, unescape::Bytes};

/// Up to here every pair is compared: a handful of names costs less so than any table.
const PAIRS: usize = 8;

/// Whether two of an object's names are the same once escapes are read.
///
/// Large objects are sorted, by a hash and then by the bytes. The hash may be forced to collide and the cost is still
/// that of a sort; so it needs no secret.
pub(super) fn repeat(body: &[u8], keys: &[Node]) -> bool {
    if keys.len() <= PAIRS {
        return keys.iter().enumerate().any(|(index, key)| {
            let others = keys.iter().skip(index.saturating_add(1));
            others.into_iter().any(|other| equal(body, key, other))
        });
    }
    let mut sorted: Vec<(u64, &Node)> = keys.iter().map(|key| (hash(bytes(body, key)), key)).collect();
    sorted.sort_unstable_by(|(a_hash, a), (b_hash, b)| a_hash.cmp(b_hash).then_with(|| order(body, a, b)));
    sorted.array_windows().any(|[(a_hash, a), (b_hash, b)]| a_hash == b_hash && equal(body, a, b))
}

fn equal(body: &[u8], a: &Node, b: &Node) -> bool {
    if a.escaped || b.escaped { bytes(body, a).eq(bytes(body, b)) } else { raw(body, a) == raw(body, b) }
}

fn order(body: &[u8], a: &Node, b: &Node) -> Ordering {
    if a.escaped || b.escaped { bytes(body, a).cmp(bytes(body, b)) } else { raw(body, a).cmp(raw(body, b)) }
}

fn raw<'b>(body: &'b [u8], key: &Node) -> &'b [u8] {
    body.get(key.start as usize..key.end as usize).unwrap_or_default()
}

fn bytes<'b>(body: &'b [u8], key: &Node) -> Bytes<'b> {
    Bytes::new(raw(body, key))
}

/// FNV-1a, 64 bits.
fn hash(bytes: Bytes<'_>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
