//! What a content type says about the body.

/// How a body is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// `text/event-stream`.
    EventStream,
    /// `application/json` and its kin: one document, several, or one array that streams.
    Json,
    /// One document a line.
    Lines,
    /// `application/vnd.amazon.eventstream`.
    AmazonEventStream,
    /// Any other text.
    Text,
    /// Pictures, sound and video, which hold no text.
    Opaque,
}

impl Medium {
    /// The medium of a `content-type`; `None` when it is not known.
    pub fn of(content_type: &[u8]) -> Option<Self> {
        let end = content_type.iter().position(|&byte| byte == b';').unwrap_or(content_type.len());
        let essence = content_type.get(..end).unwrap_or_default().trim_ascii().to_ascii_lowercase();
        Some(match essence.as_slice() {
            b"text/event-stream" => Self::EventStream,
            b"application/json" => Self::Json,
            b"application/x-ndjson"
            | b"application/ndjson"
            | b"application/jsonl"
            | b"application/x-jsonl"
            | b"application/jsonlines"
            | b"application/x-jsonlines"
            | b"application/stream+json"
            | b"application/json-seq" => Self::Lines,
            b"application/vnd.amazon.eventstream" => Self::AmazonEventStream,
            b"application/xml" | b"application/xhtml+xml" => Self::Text,
            other if other.ends_with(b"+json") => Self::Json,
            other if other.starts_with(b"text/") || other.ends_with(b"+xml") => Self::Text,
            other if [&b"image/"[..], b"audio/", b"video/"].iter().any(|kind| other.starts_with(kind)) => Self::Opaque,
            _ => return None,
        })
    }
}
