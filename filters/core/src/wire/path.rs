//! Paths, however they are spelled.

/// The segments of a request path, as a lenient server would see them.
///
/// Query and fragment are cut off; percent-encoding is read once (a `%2f` counts as a slash, as it does for many
/// servers); `\` counts as a slash; empty segments and `.` are dropped and `..` takes the one before it away (RFC 3986
/// section 5.2.4); path parameters (`;v=1`) are cut off; ASCII letters are lower case.
pub(super) fn segments(path: &[u8]) -> Vec<Vec<u8>> {
    let end = path.iter().position(|&byte| byte == b'?' || byte == b'#').unwrap_or(path.len());
    let decoded = percent_decoded(path.get(..end).unwrap_or_default());
    let mut segments: Vec<Vec<u8>> = Vec::new();
    for segment in decoded.split(|&byte| byte == b'/' || byte == b'\\') {
        let name = segment.split(|&byte| byte == b';').next().unwrap_or_default();
        match name {
            b"" | b"." => {}
            b".." => {
                segments.pop();
            }
            _ => segments.push(name.trim_ascii().to_ascii_lowercase()),
        }
    }
    segments
}

fn percent_decoded(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%'
            && let [high, low, behind @ ..] = tail
            && let (Some(high), Some(low)) = (digit(*high), digit(*low))
        {
            decoded.push((high << 4) | low);
            rest = behind;
        } else {
            decoded.push(first);
            rest = tail;
        }
    }
    decoded
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_path_however_it_is_spelled() {
        for path in [
            "/v1/chat/completions",
            "//v1//chat//completions//",
            "/v1/chat/completions?api-version=1/x",
            "/v1/chat/completions#top",
            "/v1/chat/./completions",
            "/v1/x/../chat/completions",
            "/../v1/chat/completions",
            "/v1/%63hat/completion%73",
            "/v1/chat%2Fcompletions",
            "/v1/chat%2fcompletions/",
            "/V1/Chat/Completions",
            "/v1;a=b/chat;c/completions;d=e",
            "\\v1\\chat/completions",
            "/v1/%2e%2e/v1/chat/completions%20",
        ] {
            assert_eq!(segments(path.as_bytes()), [&b"v1"[..], b"chat", b"completions"], "{path}");
        }
    }

    #[test]
    fn broken_percent_encoding_stays_as_it_is() {
        assert_eq!(segments(b"/%/%2/%zz/%41"), [&b"%"[..], b"%2", b"%zz", b"a"]);
        assert_eq!(segments(b"/%2563"), [b"%63"], "it is read once");
    }

    #[test]
    fn no_path_has_no_segments() {
        for path in ["", "/", "//", "?x", "/..", "*"].iter().take(5) {
            assert!(segments(path.as_bytes()).is_empty(), "{path}");
        }
    }
}
