//! A whole request body with its codings undone, where no server can read it in another way.

use std::borrow::Cow;

use super::Decoder;
use crate::head::Head;
use crate::wire::Unreadable;

/// The field that names the codings (RFC 9110 §8.4).
const FIELD: &str = "content-encoding";

/// Whether the codings of a body with this head can be undone; asked before the body is there.
///
/// # Errors
/// Those of [`Decoder::open`]; [`Unreadable::Coding`] when the field stands there in another spelling
/// ([`Head::is_respelled`]).
pub fn check(head: &Head) -> Result<(), Unreadable> {
    if head.is_respelled(FIELD) {
        return Err(Unreadable::Coding);
    }
    Decoder::open(head.all(FIELD), 0).map(drop)
}

/// The body that `wire` carries under `head`, at most `cap` bytes.
///
/// # Errors
/// Those of [`check`], [`Decoder::push`] and [`Decoder::finish`]; [`Unreadable::Coding`] for bytes that are JSON to a
/// server that does not look at the field: br and bare deflate have no magic number, and a stream of either may begin
/// like JSON and go on as both.
pub fn decode<'a>(head: &Head, wire: &'a [u8], cap: usize) -> Result<Cow<'a, [u8]>, Unreadable> {
    check(head)?;
    let mut decoder = Decoder::open(head.all(FIELD), cap)?;
    if decoder.is_identity() {
        return Ok(Cow::Borrowed(wire));
    }
    if begins_like_json(wire) {
        return Err(Unreadable::Coding);
    }
    let mut body = Vec::new();
    decoder.push(wire, &mut body)?;
    decoder.finish()?;
    Ok(Cow::Owned(body))
}

/// Bytes that are looked at: few enough to cost nothing, so many that no compressed body passes for text by chance.
const LOOKED_AT: usize = 256;

/// Whether a lenient parser may take `bytes` for the begin of a JSON object or array, in any Unicode encoding: behind
/// white space and byte order marks an opening bracket, and no control character that JSON forbids (RFC 8259 §7).
fn begins_like_json(bytes: &[u8]) -> bool {
    const BLANK: &[u8] = b" \t\r\n\0\xef\xbb\xbf\xfe\xff";
    let mut shown = bytes.iter().skip_while(|byte| BLANK.contains(byte));
    matches!(shown.clone().next(), Some(b'{' | b'['))
        && shown.by_ref().take(LOOKED_AT).all(|byte| *byte >= b' ' || BLANK.contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_from_what_is_compressed() {
        for json in ["{\"messages\": []}", " \r\n\t[1, {}]", "\u{feff}{}", "[", "{\"é\": \"\u{7f}\"}"] {
            assert!(begins_like_json(json.as_bytes()), "{json}");
            let utf16: Vec<u8> = json.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert!(begins_like_json(&utf16), "{json} in UTF-16");
        }
        assert!(begins_like_json(b"{\"\xff\x80"), "replaced by lenient parsers");
        for other in
            [&b"\x1f\x8b\x08"[..], b"x\x9c\xab", b"(\xb5/\xfd", b"", b"a=b", b"[\x1b\x02", b"[   \x01", b"\"a\""]
        {
            assert!(!begins_like_json(other), "{other:?}");
        }
    }

    #[test]
    fn a_stream_that_begins_like_json_is_refused() {
        // Bare deflate: one stored block, whose length is `{"` and stands there twice. Go's parser would read the wire.
        let head: Head = [("content-encoding", "deflate")].into_iter().collect();
        let length = usize::from(u16::from_le_bytes(*b"{\""));
        let stored = |first: u8| {
            let text = format!("{:length$}", "{\":\": 1}");
            [&[first, b'{', b'"', !b'{', !b'"'][..], text.as_bytes()].concat()
        };
        assert_eq!(decode(&head, &stored(1), 1 << 20).unwrap().len(), length, "a control character comes first");
        assert_eq!(decode(&head, &stored(b'\t'), 1 << 20), Err(Unreadable::Coding));
    }

    #[test]
    fn another_spelling_of_the_field_is_refused() {
        for name in ["content_encoding", "content-encoding_", "Content_Encoding"] {
            let head: Head = [(name, "gzip")].into_iter().collect();
            let expected = if name == "content_encoding" { Err(Unreadable::Coding) } else { Ok(()) };
            assert_eq!(check(&head), expected, "{name}");
        }
    }
}
