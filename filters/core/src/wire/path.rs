//! Paths, however they are spelled.

use crate::percent::octet;

/// The segments of a request path, as a lenient server would see them.
///
/// Query and fragment are cut off; percent-encoding is read once (a `%2f` counts as a slash, as it does for many
/// servers); `\` counts as a slash; empty segments and `.` are dropped and `..` takes the one before it away (RFC 3986
/// section 5.2.4); path parameters (`;v=1`) are cut off; ASCII letters are lower case.
pub(super) fn segments(path: &[u8]) -> Vec<Vec<u8>> {
    let mut segments = split(path);
    segments.iter_mut().for_each(|segment| segment.make_ascii_lowercase());
    segments
}

/// Whether `segments` end in `names`. A name that begins with `*` stands for every segment that ends in the rest of it
/// and has something before.
pub(super) fn ends_with(segments: &[&[u8]], names: &[&str]) -> bool {
    segments.len() >= names.len()
        && segments.iter().rev().zip(names.iter().rev()).all(|(segment, name)| match name.strip_prefix('*') {
            Some(end) => segment.len() > end.len() && segment.ends_with(end.as_bytes()),
            None => *segment == name.as_bytes(),
        })
}

/// What is asked of a model that the path names, and whether the answer is a stream.
const METHODS: [(&str, bool); 8] = [
    ("generatecontent", false),
    ("streamgeneratecontent", true),
    ("counttokens", false),
    ("rawpredict", false),
    ("streamrawpredict", true),
    ("predict", false),
    ("embedcontent", false),
    ("batchembedcontents", false),
];

/// As [`METHODS`], for Bedrock, where the method is a segment of its own.
const OPERATIONS: [(&str, bool); 5] = [
    ("converse", false),
    ("converse-stream", true),
    ("invoke", false),
    ("invoke-with-response-stream", true),
    ("count-tokens", false),
];

/// The model that a path names: `…/models/{model}:generateContent` of Google, `…/model/{model}/converse` of Bedrock.
///
/// It is the one that is asked, whatever the body says. Of an ARN it is the last part.
pub fn model(path: &[u8]) -> Option<Vec<u8>> {
    asked(path).map(|(model, _)| model)
}

/// Whether a path asks for a stream.
pub(super) fn streams(path: &[u8]) -> bool {
    asked(path).is_some_and(|(_, streams)| streams)
}

fn asked(path: &[u8]) -> Option<(Vec<u8>, bool)> {
    let segments = split(path);
    let [before @ .., last] = segments.as_slice() else { return None };
    let find = |methods: &[(&str, bool)], name: &[u8]| {
        methods.iter().find(|(method, _)| name.eq_ignore_ascii_case(method.as_bytes())).map(|(_, streams)| *streams)
    };
    if let Some(colon) = last.iter().rposition(|&byte| byte == b':')
        && let Some((model, method)) = last.split_at_checked(colon)
        && let Some(streams) = find(&METHODS, method.get(1..).unwrap_or_default())
    {
        return Some((model.to_vec(), streams));
    }
    let (model, before) = before.split_last()?;
    let streams = find(&OPERATIONS, last)?;
    before.iter().any(|segment| segment.eq_ignore_ascii_case(b"model")).then(|| (model.clone(), streams))
}

fn split(path: &[u8]) -> Vec<Vec<u8>> {
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
            _ => segments.push(name.trim_ascii().to_vec()),
        }
    }
    segments
}

fn percent_decoded(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        let (byte, behind) = match first {
            b'%' => octet(tail).unwrap_or((first, tail)),
            _ => (first, tail),
        };
        decoded.push(byte);
        rest = behind;
    }
    decoded
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
    fn a_path_may_name_the_model_and_ask_for_a_stream() {
        let vertex = "/v1/projects/p/locations/l/publishers/google/models/Gemini-2.5:streamGenerateContent?alt=sse";
        let arn =
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.anthropic.claude-v1%3A0/converse";
        let cases = [
            ("/v1beta/models/gemini-2.5-flash:generateContent", Some(("gemini-2.5-flash", false))),
            (vertex, Some(("Gemini-2.5", true))),
            ("/v1beta/models/gemini-2.5-flash%3AGENERATECONTENT/", Some(("gemini-2.5-flash", false))),
            ("/model/anthropic.claude-v1%3A0/invoke", Some(("anthropic.claude-v1:0", false))),
            ("/model/anthropic.claude-v1:0/converse-stream", Some(("anthropic.claude-v1:0", true))),
            (arn, Some(("us.anthropic.claude-v1:0", false))),
            ("/v1/models/gemini", None),
            ("/v1/chat/completions", None),
            ("/converse", None),
            ("/x/converse", None),
            ("", None),
        ];
        for (path, expected) in cases {
            assert_eq!(asked(path.as_bytes()), expected.map(|(model, streams)| (model.into(), streams)), "{path}");
        }
    }

    #[test]
    fn no_path_has_no_segments() {
        for path in ["", "/", "//", "?x", "/..", "*"].iter().take(5) {
            assert!(segments(path.as_bytes()).is_empty(), "{path}");
        }
    }
}
