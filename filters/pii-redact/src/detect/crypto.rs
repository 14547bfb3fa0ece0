//! Addresses of crypto currencies: Base58Check (Bitcoin, Litecoin, Dogecoin, Tron), segwit (BIP 173, BIP 350), Ethereum
//! (EIP-55 where the case is mixed).

use crate::check::{base58, bech32, keccak};
use crate::detect::Match;
use crate::kind::Kind;
use crate::label::Before;
use crate::topics::CRYPTO;
use crate::view::{More, View, down, is_word, up};

/// The longest address: a segwit address has at most 90 characters.
const LONGEST: usize = 91;

/// The address that begins at `start`.
pub(crate) fn find(view: View<'_>, start: usize, before: &Before<'_>) -> Result<Option<Match>, More> {
    let head = |word: &[u8]| view.stands_caseless(start, word);
    let ethereum = view.stands(start, b"0x")?;
    let segwit = !ethereum && (head(b"bc1")? || head(b"ltc1")?);
    let first = view.at(start)?.unwrap_or(b' ');
    if !(ethereum || segwit || matches!(first, b'1' | b'3' | b'L' | b'M' | b'D' | b'T')) {
        return Ok(None);
    }
    if view.before(start).is_some_and(|byte| is_word(byte) || byte == b'/') {
        return Ok(None);
    }
    let end = view.run(start, LONGEST, |byte| byte.is_ascii_alphanumeric())?;
    let text = view.slice(start, end);
    if down(end, start) < 26 || view.at(end)?.is_some_and(is_word) {
        return Ok(None);
    }
    let holds = if ethereum {
        text.len() == 42
            && text.get(2..).is_some_and(|digits| account(digits) || hex(digits) && before.announces(CRYPTO).is_some())
    } else if segwit {
        bech32::segwit(text, b"bc") || bech32::segwit(text, b"ltc")
    } else {
        // Version bytes: Bitcoin 0 and 5, Litecoin 48 and 50, Dogecoin 30, Tron 65; a hash of 20 bytes.
        text.len() <= 35 && matches!(base58::decode(text), Some((0 | 5 | 30 | 48 | 50 | 65, 20)))
    };
    Ok(holds.then(|| Match::closed(Kind::Crypto, start, up(start, text.len()))))
}

fn hex(digits: &[u8]) -> bool {
    digits.iter().all(u8::is_ascii_hexdigit)
}

/// Forty hexadecimal digits in one case, or with the case of EIP-55; not all the same.
fn account(digits: &[u8]) -> bool {
    let lower = digits.iter().any(u8::is_ascii_lowercase);
    let upper = digits.iter().any(u8::is_ascii_uppercase);
    let varied = digits.iter().collect::<std::collections::BTreeSet<_>>().len() > 4;
    hex(digits) && varied && (!(lower && upper) || keccak::eip55(digits))
}
