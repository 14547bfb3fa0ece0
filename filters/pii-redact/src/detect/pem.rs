//! Private keys in PEM (RFC 7468, RFC 4716 armour): from the BEGIN line to the END line.

use crate::detect::{Match, Swallow};
use crate::kind::Kind;
use crate::view::{More, View, down, up};

/// Bytes of the words between `BEGIN` and `PRIVATE KEY`.
const NAME: usize = 40;

/// The key that begins at `start`, when a body follows its BEGIN line.
pub(crate) fn find(view: View<'_>, start: usize) -> Result<Option<Match>, More> {
    if !view.stands(start, b"-----BEGIN ")? {
        return Ok(None);
    }
    let name = up(start, 11);
    let end = view.run(name, NAME, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ')?;
    let words = view.slice(name, end);
    if !(words.ends_with(b"PRIVATE KEY") || words.ends_with(b"PRIVATE KEY BLOCK")) || !view.stands(end, b"-----")? {
        return Ok(None);
    }
    let line = up(end, 5);
    let mut body = line;
    // Ends of lines, written out or escaped, and the quotes and joints of source code.
    while let Some(byte) = view.at(body)? {
        let filler = byte.is_ascii_whitespace() || matches!(byte, b'\\' | b'"' | b'\'' | b'+' | b',');
        let escape = matches!(byte, b'n' | b'r') && view.before(body) == Some(b'\\');
        if !(filler || escape) || down(body, line) > 32 {
            break;
        }
        body = up(body, 1);
    }
    for header in [&b"Proc-Type:"[..], b"DEK-Info:", b"Version:", b"Comment:"] {
        if view.stands(body, header)? {
            return Ok(Some(Match { kind: Kind::PrivateKey, start, end: body, open: Some(Swallow::Pem) }));
        }
    }
    let run = view.run(body, 16, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))?;
    if down(run, body) < 16 {
        return Ok(None);
    }
    Ok(Some(Match { kind: Kind::PrivateKey, start, end: run, open: Some(Swallow::Pem) }))
}
