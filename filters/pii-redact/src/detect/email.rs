//! E-mail addresses (RFC 5321 section 4.1.2, the characters that are in use), found from their `@`.

use crate::detect::Match;
use crate::kind::Kind;
use crate::view::{More, View, down, is_word, up};

/// RFC 5321 section 4.5.3.1.1: octets of a local part.
pub(crate) const LOCAL_MAX: usize = 64;

/// RFC 1035 section 2.3.4: octets of a domain and of a label.
const DOMAIN_MAX: usize = 253;
const LABEL_MAX: usize = 63;

/// Last labels that are file names, as in `logo@2x.png`.
const FILES: &[&[u8]] = &[
    b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"css", b"js", b"html", b"json", b"yaml", b"yml", b"lock",
    b"toml", b"service", b"socket",
];

/// Last labels that are told from digits right behind them.
const GLUED: &[&[u8]] = &[b"com", b"org", b"net", b"edu", b"gov"];

/// Bytes that may stand in a local part here: RFC 5321 allows more, which are quotes and brackets in most texts.
#[inline]
pub(crate) const fn is_local(byte: u8) -> bool {
    is_word(byte) || matches!(byte, b'.' | b'+' | b'-' | b'%' | b'\'' | b'&' | b'~' | b'#' | b'!')
}

/// The address around the `@` at `at`, with a local part that begins at `run` or later.
pub(crate) fn find(view: View<'_>, run: usize, at: usize) -> Result<Option<Match>, More> {
    let local = view.slice(run, at);
    let skipped = local.iter().take_while(|&&byte| !is_word(byte)).count();
    let start = up(run, skipped);
    let local = view.slice(start, at);
    if local.is_empty() || local.len() > LOCAL_MAX || local.last() == Some(&b'.') || local == b"git" {
        return Ok(None);
    }
    if in_authority(view, start) {
        return Ok(None);
    }
    Ok(domain(view, up(at, 1))?.map(|end| Match::closed(Kind::Email, start, end)))
}

/// Whether a position lies in the user information of a URL: `https://user:pass@host` holds no address.
fn in_authority(view: View<'_>, start: usize) -> bool {
    let mut at = start;
    while down(start, at) < 80 {
        match view.before(at) {
            Some(b'/') => return view.before(down(at, 1)) == Some(b'/') && view.before(down(at, 2)) == Some(b':'),
            Some(byte) if is_local(byte) || byte == b':' => at = down(at, 1),
            _ => return false,
        }
    }
    false
}

/// The end of the domain that begins at `start`: two labels or more, the last of letters or an A-label.
fn domain(view: View<'_>, start: usize) -> Result<Option<usize>, More> {
    let mut label = start;
    let mut labels = 0_usize;
    loop {
        let end = view.run(label, up(LABEL_MAX, 1), |byte| byte.is_ascii_alphanumeric() || byte == b'-')?;
        let text = view.slice(label, end);
        if text.is_empty() || text.len() > LABEL_MAX || text.first() == Some(&b'-') || down(end, start) > DOMAIN_MAX {
            return Ok(None);
        }
        labels = up(labels, 1);
        let goes_on =
            view.at(end)? == Some(b'.') && view.at(up(end, 1))?.is_some_and(|byte| byte.is_ascii_alphanumeric());
        if goes_on {
            label = up(end, 1);
            continue;
        }
        // A word may not go on; what follows a hyphen at the end is no part of a domain.
        let text = text.strip_suffix(b"-").unwrap_or(text);
        let name = text.iter().all(u8::is_ascii_alphabetic) && (2..=24).contains(&text.len());
        let top = name && !FILES.iter().any(|file| text.eq_ignore_ascii_case(file))
            || text.len() > 4 && text.get(..4).is_some_and(|head| head.eq_ignore_ascii_case(b"xn--"));
        // Fields that were joined without a blank: `ann@example.com123-45-6789`.
        let letters = text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        if labels > 1
            && text.get(letters).is_some_and(u8::is_ascii_digit)
            && GLUED.contains(&text.get(..letters).unwrap_or_default())
        {
            return Ok(Some(up(label, letters)));
        }
        let closed = view.at(end)?.is_none_or(|byte| byte != b'_' && byte != b'@');
        return Ok((labels > 1 && top && closed).then(|| up(label, text.len())));
    }
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::view::View;

    fn found(text: &str) -> Option<&str> {
        let at = text.find('@').unwrap();
        let found = find(View::whole(text.as_bytes()), 0, at).unwrap();
        found.map(|m| &text[m.start..m.end])
    }

    #[test]
    fn addresses_end_before_the_punctuation_of_the_sentence() {
        assert_eq!(found("jo.do+x@mail.example.co.uk. Next"), Some("jo.do+x@mail.example.co.uk"));
        assert_eq!(found("'ann@gov.uk',"), Some("ann@gov.uk"));
        assert_eq!(found("a@xn--d1acufc.xn--p1ai"), Some("a@xn--d1acufc.xn--p1ai"));
    }

    #[test]
    fn look_alikes_are_none() {
        for text in [
            "logo@2x.png",
            "lodash@4.17.21",
            "git@github.com:a/b",
            "info@site.",
            "@scope/pkg.js",
            "user@localhost",
            "x@y.z",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
        let long = format!("{}@example.com", "a".repeat(65));
        assert_eq!(found(&long), None);
    }
}
