//! What a `content-type` (RFC 9110 §8.3) says about a body, and when it says two things.

use core::ops::Range;

use super::Unreadable;
use crate::head::Head;

/// The one value of `content-type` in a head, or none.
///
/// # Errors
/// [`Unreadable::ContentType`] when there are several that differ, in fields of their own or joined by commas, and when
/// the field stands there in another spelling ([`Head::is_respelled`]): servers differ on which of them counts.
pub fn content_type(head: &Head) -> Result<Option<&[u8]>, Unreadable> {
    const FIELD: &str = "content-type";
    if head.is_respelled(FIELD) {
        return Err(Unreadable::ContentType);
    }
    let mut values = head.all(FIELD).flat_map(elements);
    let first = values.next();
    let same = |other: &[u8]| first.is_some_and(|first| first.eq_ignore_ascii_case(other));
    if values.all(same) { Ok(first) } else { Err(Unreadable::ContentType) }
}

/// The elements of a list (RFC 9110 §5.6.1); commas in quotation marks do not part them.
fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let parted = move |byte: &u8| {
        quoted ^= *byte == b'"';
        *byte == b',' && !quoted
    };
    value.split(parted).map(<[u8]>::trim_ascii)
}

/// The media type without its parameters, in lower case.
pub(super) fn essence(value: &[u8]) -> Vec<u8> {
    let end = value.iter().position(|byte| b";,".contains(byte)).unwrap_or(value.len());
    value.get(..end).unwrap_or_default().trim_ascii().to_ascii_lowercase()
}

/// The places of the names and values of the parameters (RFC 9110 §5.6.6) behind the first `;`; of a value in quotation
/// marks that of what stands between them. `None` for what is not in the grammar, and for backslashes, which some parsers
/// take for escapes and others for themselves.
pub(super) fn parameters(value: &[u8]) -> Option<Vec<(Range<usize>, Range<usize>)>> {
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let count = |at: usize, wanted: &dyn Fn(&u8) -> bool| {
        value.get(at..).unwrap_or_default().iter().take_while(|byte| wanted(byte)).count()
    };
    let blank = |byte: &u8| *byte == b' ' || *byte == b'\t';
    let mut parameters = Vec::new();
    let mut at = count(0, &|byte| *byte != b';');
    while at < value.len() {
        at = at.checked_add(1)?;
        at = at.checked_add(count(at, &blank))?;
        let name = at..at.checked_add(count(at, &token))?;
        if name.is_empty() || value.get(name.end) != Some(&b'=') {
            return None;
        }
        at = name.end.checked_add(1)?;
        let quoted = value.get(at) == Some(&b'"');
        at = at.checked_add(usize::from(quoted))?;
        let plain = |byte: &u8| !matches!(*byte, b'"' | b'\\' | 0x7f) && *byte >= b' ';
        let place = at..at.checked_add(if quoted { count(at, &plain) } else { count(at, &token) })?;
        if quoted && value.get(place.end) != Some(&b'"') || !quoted && place.is_empty() {
            return None;
        }
        at = place.end.checked_add(usize::from(quoted))?;
        at = at.checked_add(count(at, &blank))?;
        if at < value.len() && value.get(at) != Some(&b';') {
            return None;
        }
        parameters.push((name, place));
    }
    Some(parameters)
}

/// Whether it says JSON, or nothing.
pub(super) fn is_json(value: Option<&[u8]>) -> bool {
    value.map(essence).is_none_or(|essence| {
        matches!(essence.as_slice(), b"" | b"application/json" | b"text/json") || essence.ends_with(b"+json")
    })
}

/// Whether every server reads `body` in UTF-8: it says so, or says nothing, or names a charset that is the same for the
/// ASCII that the body is of. JSON is UTF-8 whatever is said (RFC 8259 §8.1), but there are servers that decode by the
/// charset, in any that their language has (aiohttp, body-parser).
///
/// # Errors
/// [`Unreadable::Charset`].
pub(crate) fn check_charset(value: Option<&[u8]>, body: &[u8]) -> Result<(), Unreadable> {
    let value = value.unwrap_or_default().to_ascii_lowercase();
    // What stands in quotation marks is looked at, too: not all who read a parameter mind them.
    let charsets = value.split(|&byte| byte == b';' || byte == b',').filter_map(|part| {
        let rest = part.trim_ascii().strip_prefix(b"charset")?.trim_ascii_start();
        // `charset*` is the extended form of RFC 8187.
        (rest.starts_with(b"=") || rest.starts_with(b"*")).then_some(rest)
    });
    for charset in charsets {
        let name = charset.strip_prefix(b"=").unwrap_or_default().trim_ascii();
        let name = name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")).unwrap_or(name);
        let fits = match name {
            b"utf-8" | b"utf8" => true,
            b"us-ascii" | b"ascii" | b"iso-8859-1" | b"latin1" | b"windows-1252" => body.is_ascii(),
            _ => false,
        };
        if !fits {
            return Err(Unreadable::Charset);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_fields_count_when_they_say_one_thing() {
        let of = |fields: &[&str]| {
            let head: Head = fields.iter().map(|value| ("content-type", *value)).collect();
            content_type(&head).map(|value| value.map(<[u8]>::to_vec))
        };
        let json = Ok(Some(b"application/json".to_vec()));
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(of(&["application/json"]), json);
        assert_eq!(of(&["application/json", "Application/JSON "]), json);
        assert_eq!(of(&["application/json,application/json"]), json);
        assert_eq!(of(&["a/b; c=\"d,e\""]), Ok(Some(b"a/b; c=\"d,e\"".to_vec())));
        for two in [
            &["application/json", "text/plain"][..],
            &["application/json, text/plain"],
            &["application/json,"],
            &["application/json", "application/json; charset=utf-8"],
        ] {
            assert_eq!(of(two), Err(Unreadable::ContentType), "{two:?}");
        }
        let respelled: Head =
            [("content-type", "application/json"), ("content_type", "text/plain")].into_iter().collect();
        assert_eq!(content_type(&respelled), Err(Unreadable::ContentType));
    }

    #[test]
    fn only_charsets_that_are_utf8_for_this_body_are_read() {
        let check = |value: &str, body: &str| check_charset(Some(value.as_bytes()), body.as_bytes()).is_ok();
        for value in ["a/b", "a/b; charset=UTF-8", "a/b;x=1; Charset = \"utf8\"", "a/b; charset=utf-8; charset=utf-8"] {
            assert!(check(value, "é") && check(value, "e"), "{value}");
        }
        for value in ["a/b; charset=us-ascii", "a/b; charset=ISO-8859-1", "a/b;charset=windows-1252"] {
            assert!(!check(value, "é") && check(value, "e"), "{value}");
        }
        for value in [
            "a/b; charset=utf-16",
            "a/b; charset=utf-7",
            "a/b; charset=utf-8; charset=utf-16",
            "a/b; charset*=utf-8''utf-16",
            "a/b; charset",
            "a/b; charset=",
            "a/b; x=\"; charset=utf-7\"",
            "a/b; charset='utf-8'",
            "a/b, c/d; charset=cp037",
        ] {
            assert_eq!(check(value, "e"), value == "a/b; charset", "{value}");
        }
        assert!(check_charset(None, "é".as_bytes()).is_ok());
    }
}
