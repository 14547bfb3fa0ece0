//! The way out: what stages change in a request, written into its body.

use std::fmt::Write as _;

use crate::verdict::Edit;

/// The body with its edits. Bytes outside of them stay as they are. Of edits that overlap, the one that begins first is
/// made and takes in the places of the others.
pub(super) fn apply(body: &[u8], mut edits: Vec<Edit>) -> Vec<u8> {
    edits.sort_by_key(|edit| (edit.span.start, core::cmp::Reverse(edit.span.end)));
    // Fields of a multipart form and plain text stand for themselves.
    let json = matches!(body.trim_ascii_start().first(), Some(b'{' | b'['));
    let mut out = Vec::with_capacity(body.len());
    let mut copied = 0_usize;
    for edit in edits {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        if start < copied {
            copied = copied.max(end);
            continue;
        }
        out.extend_from_slice(body.get(copied..start).unwrap_or_default());
        if json && !edit.raw {
            escape(&edit.text, &mut out)
        } else {
            out.extend_from_slice(edit.text.as_bytes())
        }
        copied = end;
    }
    out.extend_from_slice(body.get(copied..).unwrap_or_default());
    out
}

/// Writes a text as the content of a JSON string (RFC 8259 §7).
fn escape(text: &str, out: &mut Vec<u8>) {
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend_from_slice(&[b'\\', if character == '"' { b'"' } else { b'\\' }]),
            '\0'..='\u{1f}' => {
                let mut escaped = String::new();
                // Writing to a string cannot fail.
                let _ = write!(escaped, "\\u{:04x}", u32::from(character));
                out.extend_from_slice(escaped.as_bytes());
            }
            _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Span;

    fn edited(body: &str, edits: &[(u32, u32, &str)]) -> String {
        let edit =
            |&(start, end, text): &(u32, u32, &str)| Edit { span: Span { start, end }, text: text.into(), raw: false };
        String::from_utf8(apply(body.as_bytes(), edits.iter().map(edit).collect())).unwrap()
    }

    #[test]
    fn bytes_outside_of_edits_stay() {
        assert_eq!(edited(r#"{"a":"x\u0041y"}"#, &[]), r#"{"a":"x\u0041y"}"#);
        assert_eq!(edited("[123456789", &[(7, 8, "b\"\\\n"), (2, 4, "a")]), "[1a456b\\\"\\\\\\u000a89");
        assert_eq!(edited("0123456789", &[(7, 8, "b\"\\\n"), (2, 4, "a")]), "01a456b\"\\\n89");
    }

    #[test]
    fn nothing_of_overlapping_places_is_left() {
        assert_eq!(edited("0123456789", &[(2, 5, "a"), (4, 7, "b"), (2, 3, "c")]), "01a789");
    }
}
