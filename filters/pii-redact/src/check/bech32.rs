//! Bech32 and Bech32m, as segwit addresses are written.

/// Whether the text is a segwit address of the human-readable part `hrp` (lower case): BIP 173 for version 0, BIP 350
/// for the later ones. Mixed case is refused, as both say.
pub(crate) fn segwit(text: &[u8], hrp: &[u8]) -> bool {
    let upper = text.iter().any(u8::is_ascii_uppercase);
    if upper && text.iter().any(u8::is_ascii_lowercase) || text.len() > 90 {
        return false;
    }
    let lower: Vec<u8> = text.iter().map(u8::to_ascii_lowercase).collect();
    let Some(data) = lower.strip_prefix(hrp).and_then(|rest| rest.strip_prefix(b"1")) else { return false };
    let Some(values) = data.iter().map(|&c| value(c)).collect::<Option<Vec<u32>>>() else { return false };
    let expanded = hrp.iter().map(|&c| u32::from(c >> 5)).chain([0]).chain(hrp.iter().map(|&c| u32::from(c & 31)));
    let sum = expanded.chain(values.iter().copied()).fold(1, step);
    match values.first() {
        // Version 0 is a key hash of 20 bytes or a script hash of 32: 32 or 52 symbols between version and checksum.
        Some(0) => sum == 1 && matches!(values.len(), 39 | 59),
        Some(1..=16) => sum == 0x2bc8_30a3 && (11..=71).contains(&values.len()),
        _ => false,
    }
}

const fn step(sum: u32, value: u32) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let top = sum >> 25;
    let [a, b, c, d, e] = GENERATOR;
    let mut next = ((sum & 0x01ff_ffff) << 5) ^ value;
    next ^= if top & 1 > 0 { a } else { 0 };
    next ^= if top & 2 > 0 { b } else { 0 };
    next ^= if top & 4 > 0 { c } else { 0 };
    next ^= if top & 8 > 0 { d } else { 0 };
    next ^ if top & 16 > 0 { e } else { 0 }
}

fn value(c: u8) -> Option<u32> {
    b"qpzry9x8gf2tvdw0s3jn54khce6mua7l".iter().position(|&a| a == c).and_then(|p| u32::try_from(p).ok())
}

#[cfg(test)]
mod tests {
    use super::segwit;

    #[test]
    fn the_test_vectors_of_the_two_proposals_hold() {
        assert!(segwit(b"BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", b"bc"));
        assert!(segwit(b"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", b"bc"));
    }

    #[test]
    fn other_checksums_cases_and_prefixes_are_refused() {
        assert!(!segwit(b"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", b"bc"));
        assert!(!segwit(b"bc1qW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", b"bc"));
        assert!(!segwit(b"BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", b"tb"));
        assert!(!segwit(b"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", b"bc"));
    }
}
