//! Passwords in the user information of a URL (RFC 3986 section 3.2.1).

use crate::detect::Match;
use crate::detect::assigned::is_placeholder;
use crate::kind::Kind;
use crate::view::{More, View, down, up};

/// Bytes of the authority read before its `@`.
const AUTHORITY: usize = 320;

/// The password of the URL whose `://` stands at `colon`.
///
/// The span is the password alone; where the name is a key too (eight hexadecimal digits or more), both.
pub(crate) fn find(view: View<'_>, colon: usize) -> Result<Option<Match>, More> {
    if !view.before(colon).is_some_and(|byte| byte.is_ascii_alphanumeric()) || !view.stands(colon, b"://")? {
        return Ok(None);
    }
    let start = up(colon, 3);
    let ends = |byte: u8| {
        byte.is_ascii_whitespace()
            || byte >= 0x80
            || matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\' | b',' | b')')
    };
    let end = view.run(start, AUTHORITY, |byte| !ends(byte))?;
    let authority = view.slice(start, end);
    let Some(at) = authority.iter().rposition(|&byte| byte == b'@') else { return Ok(None) };
    let user = authority.get(..at).unwrap_or_default();
    let Some(split) = user.iter().position(|&byte| byte == b':') else { return Ok(None) };
    let name = user.get(..split).unwrap_or_default();
    let password = user.get(up(split, 1)..).unwrap_or_default();
    if password.len() < 3 || is_placeholder(password) || password.eq_ignore_ascii_case(name) && password.len() < 8 {
        return Ok(None);
    }
    let key = name.len() >= 8 && name.iter().all(u8::is_ascii_hexdigit);
    let from = if key { start } else { up(start, up(split, 1)) };
    debug_assert!(down(up(start, at), from) >= password.len());
    Ok(Some(Match::closed(Kind::UrlPassword, from, up(start, at))))
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::view::View;

    fn found(text: &str) -> Option<&str> {
        let colon = text.find("://").unwrap();
        find(View::whole(text.as_bytes()), colon).unwrap().map(|m| &text[m.start..m.end])
    }

    #[test]
    fn the_password_alone_is_found() {
        assert_eq!(found("postgres://app:w3Kq9Zt1LmX7@10.0.3.7:5432/prod"), Some("w3Kq9Zt1LmX7"));
        assert_eq!(found("amqp://svc:p@ss4wd!x@host/"), Some("p@ss4wd!x"));
        assert_eq!(found("https://cafebabe:deadbeef@gems.example.com"), Some("cafebabe:deadbeef"));
    }

    #[test]
    fn hosts_ports_and_placeholders_are_none() {
        for text in [
            "https://example.com:8080/a@b:c",
            "https://user@host/",
            "redis://user:password@localhost",
            "ftp://u:${PW}@h",
            "http://user:<password>@example.com",
            "https://host/?a=b:c@d",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
