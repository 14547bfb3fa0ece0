//! The hash of pieces and grams: FNV-1a of 32 bits, and the finisher of MurmurHash3 where the bits must be even.

/// The hash of nothing, for one kind of thing: kinds do not share hashes.
pub(crate) const fn seed(kind: u8) -> u32 {
    step(0x811c_9dc5, kind)
}

/// The hash with one more byte.
pub(crate) const fn step(hash: u32, byte: u8) -> u32 {
    (hash ^ byte as u32).wrapping_mul(0x0100_0193)
}

/// The hash with more bytes.
pub(crate) fn steps(hash: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(hash, |hash, byte| step(hash, *byte))
}

/// The hash with four more bytes, little end first.
pub(crate) fn word(hash: u32, more: u32) -> u32 {
    steps(hash, &more.to_le_bytes())
}

/// Every bit of the answer hangs on every bit of `hash`.
pub(crate) const fn finish(hash: u32) -> u32 {
    let hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    let hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

/// A place below `places`, which is not 0, evenly.
pub(crate) fn place(hash: u32, places: usize) -> usize {
    let scaled = u64::from(finish(hash)).saturating_mul(u64::try_from(places).unwrap_or(u64::MAX)) >> 32;
    usize::try_from(scaled).unwrap_or_default()
}
