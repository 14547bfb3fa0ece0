//! JSON Web Tokens (RFC 7519) and their encrypted form (RFC 7516): found by their header, swallowed to their end.

use crate::detect::{Match, Swallow};
use crate::kind::Kind;
use crate::view::{More, View, down, is_word, up};

/// The longest header read, in characters.
const HEADER: usize = 2048;

const fn is_url64(byte: u8) -> bool {
    is_word(byte) || byte == b'-'
}

/// The token that begins at `start`: `ey...` whose header decodes to JSON with an `alg`, a dot, and eight characters.
pub(crate) fn find(view: View<'_>, start: usize) -> Result<Option<Match>, More> {
    if view.before(start) == Some(b'-') || !view.stands(start, b"ey")? {
        return Ok(None);
    }
    let dot = view.run(start, HEADER, is_url64)?;
    if down(dot, start) < 16 || view.at(dot)? != Some(b'.') {
        return Ok(None);
    }
    if !decode(view.slice(start, dot)).windows(5).any(|window| window == b"\"alg\"") {
        return Ok(None);
    }
    let body = up(dot, 1);
    let end = view.run(body, 8, is_url64)?;
    if down(end, body) < 8 {
        return Ok(None);
    }
    Ok(Some(Match { kind: Kind::Jwt, start, end, open: Some(Swallow::Dotted) }))
}

/// Base64url as far as it goes; what is no symbol is left out.
fn decode(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut bits = 0_u32;
    let mut count = 0_u32;
    for &symbol in text {
        let Some(value) = base64(symbol) else { continue };
        bits = bits << 6 | value;
        count = count.saturating_add(6);
        if count >= 8 {
            count = count.saturating_sub(8);
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}

/// The value of a symbol of base64, in either alphabet.
pub(crate) const fn base64(symbol: u8) -> Option<u32> {
    match symbol {
        b'A'..=b'Z' => Some(symbol.wrapping_sub(b'A') as u32),
        b'a'..=b'z' => Some(symbol.wrapping_sub(b'a').wrapping_add(26) as u32),
        b'0'..=b'9' => Some(symbol.wrapping_sub(b'0').wrapping_add(52) as u32),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// Whether base64 text decodes to a name, a colon and more: the credentials of HTTP Basic (RFC 7617).
pub(crate) fn is_basic(text: &[u8]) -> bool {
    let bytes = decode(text);
    let colon = bytes.iter().position(|&byte| byte == b':');
    colon.is_some_and(|at| at > 0 && up(at, 1) < bytes.len()) && bytes.iter().all(|byte| !byte.is_ascii_control())
}
