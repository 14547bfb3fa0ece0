//! Keccak-256, the hash of Ethereum before SHA-3 changed its padding.

const ROUND: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// Rotation and target lane of the combined rho and pi step, in the order the lanes are visited.
const WALK: [(u32, usize); 24] = [
    (1, 10),
    (3, 7),
    (6, 11),
    (10, 17),
    (15, 18),
    (21, 3),
    (28, 5),
    (36, 16),
    (45, 8),
    (55, 21),
    (2, 24),
    (14, 4),
    (27, 15),
    (41, 23),
    (56, 19),
    (8, 13),
    (25, 12),
    (43, 2),
    (62, 20),
    (18, 14),
    (39, 22),
    (61, 9),
    (20, 6),
    (44, 1),
];

/// Whether the mixed case of 40 hexadecimal digits is the checksum of EIP-55: a letter is a capital where the same
/// nibble of the Keccak-256 of the lower-case text is 8 or more.
pub(crate) fn eip55(digits: &[u8]) -> bool {
    let lower: Vec<u8> = digits.iter().map(u8::to_ascii_lowercase).collect();
    let hash = keccak256_short(&lower);
    let nibbles = hash.iter().flat_map(|&byte| [byte >> 4, byte & 15]);
    digits.iter().zip(nibbles).all(|(&c, nibble)| !c.is_ascii_alphabetic() || c.is_ascii_uppercase() == (nibble >= 8))
}

/// The Keccak-256 of at most 135 bytes (one block); longer input is cut.
fn keccak256_short(input: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 136];
    let length = input.len().min(135);
    for (to, from) in block.iter_mut().zip(input.iter().take(length)) {
        *to = *from;
    }
    if let Some(byte) = block.get_mut(length) {
        *byte ^= 0x01;
    }
    if let Some(byte) = block.last_mut() {
        *byte ^= 0x80;
    }
    let mut state = [0_u64; 25];
    for (lane, bytes) in state.iter_mut().zip(block.chunks_exact(8)) {
        *lane = bytes.iter().rev().fold(0, |lane, &byte| (lane << 8) | u64::from(byte));
    }
    permute(&mut state);
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(state.iter().flat_map(|lane| lane.to_le_bytes())) {
        *to = from;
    }
    hash
}

/// Keccak-f[1600] (FIPS 202, section 3): theta, rho, pi, chi, iota.
fn permute(state: &mut [u64; 25]) {
    let lane = |state: &[u64; 25], index: usize| state.get(index).copied().unwrap_or(0);
    for constant in ROUND {
        let mut column = [0_u64; 5];
        for (index, value) in state.iter().enumerate() {
            if let Some(parity) = column.get_mut(index % 5) {
                *parity ^= value;
            }
        }
        let parity = |x: usize| column.get(x % 5).copied().unwrap_or(0);
        for (index, value) in state.iter_mut().enumerate() {
            let x = index % 5;
            *value ^= parity(x.wrapping_add(4)) ^ parity(x.wrapping_add(1)).rotate_left(1);
        }
        let mut carried = lane(state, 1);
        for (rotation, target) in WALK {
            let next = lane(state, target);
            if let Some(value) = state.get_mut(target) {
                *value = carried.rotate_left(rotation);
            }
            carried = next;
        }
        for row in state.chunks_exact_mut(5) {
            let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|x| row.get(x).copied().unwrap_or(0));
            let mixed = [a ^ (!b & c), b ^ (!c & d), c ^ (!d & e), d ^ (!e & a), e ^ (!a & b)];
            row.copy_from_slice(&mixed);
        }
        if let Some(first) = state.first_mut() {
            *first ^= constant;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{eip55, keccak256_short};

    #[test]
    fn the_hash_of_nothing_is_the_known_one() {
        let hash = keccak256_short(b"");
        assert_eq!(hash[..8], [0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c]);
    }

    #[test]
    fn the_addresses_of_the_proposal_hold_and_a_changed_case_does_not() {
        assert!(eip55(b"5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"));
        assert!(eip55(b"fB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"));
        assert!(!eip55(b"5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed"));
    }
}
