//! Base58Check, as Bitcoin and its relatives write addresses.

use sha2::{Digest, Sha256};

/// The version byte and payload length of a Base58Check string with a right checksum.
///
/// The alphabet leaves out `0`, `O`, `I` and `l`; the last four bytes are the start of the double SHA-256 of the rest
/// (Bitcoin Core, `src/base58.cpp`). At most 64 characters are read.
pub(crate) fn decode(text: &[u8]) -> Option<(u8, usize)> {
    if text.len() > 64 {
        return None;
    }
    let mut bytes: Vec<u8> = Vec::with_capacity(48);
    for &c in text {
        let mut carry = u32::from(value(c)?);
        for byte in &mut bytes {
            carry = carry.saturating_add(u32::from(*byte).saturating_mul(58));
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        if carry > 0 {
            bytes.push((carry & 0xff) as u8);
            carry >>= 8;
        }
        if carry > 0 {
            bytes.push(carry as u8);
        }
    }
    bytes.extend(text.iter().take_while(|&&c| c == b'1').map(|_| 0));
    bytes.reverse();
    let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
    let digest = Sha256::digest(Sha256::digest(body));
    let (&version, payload) = body.split_first()?;
    (digest.get(..4)? == sum).then_some((version, payload.len()))
}

const fn value(c: u8) -> Option<u8> {
    match c {
        b'1'..=b'9' => Some(c.wrapping_sub(b'1')),
        b'A'..=b'H' => Some(c.wrapping_sub(b'A').wrapping_add(9)),
        b'J'..=b'N' => Some(c.wrapping_sub(b'J').wrapping_add(17)),
        b'P'..=b'Z' => Some(c.wrapping_sub(b'P').wrapping_add(22)),
        b'a'..=b'k' => Some(c.wrapping_sub(b'a').wrapping_add(33)),
        b'm'..=b'z' => Some(c.wrapping_sub(b'm').wrapping_add(44)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn the_first_address_decodes_and_a_changed_one_does_not() {
        assert_eq!(decode(b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"), Some((0, 20)));
        assert_eq!(decode(b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"), None);
        assert_eq!(decode(b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN0"), None);
        assert_eq!(decode(b""), None);
    }
}
