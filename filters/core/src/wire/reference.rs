//! Places that hold something by URL or as base64: pictures, sound, files.

use super::{Role, SkipReason, reading::Reading};
use crate::json::{Str, Value};

/// Enough of a string for its scheme and, in a `data:` URL, its media type.
const PREFIX: usize = 64;

/// Schemes by which servers are known to load media.
const SCHEMES: [&[u8]; 6] = [b"http://", b"https://", b"file://", b"gs://", b"s3://", b"azblob://"];

/// Reads a URL at a place for media of kind `reason`.
///
/// Not inspected: what is loaded from elsewhere, and `data:` URLs (RFC 2397) of anything but text. Text in a `data:`
/// URL is a document. What is no such URL is a string like any other and is inspected.
pub(super) fn url(reading: &mut Reading, value: Value<'_>, reason: SkipReason, role: Role) {
    let Some(string) = value.string() else { return reading.unrecognised(value, role) };
    let prefix = prefix(string);
    match prefix.strip_prefix(b"data:") {
        Some(media_type) if textual(media_type) => reading.text(value, document(role)),
        Some(media_type) => reading.skip(value, kind(media_type).unwrap_or(SkipReason::File), role),
        None if SCHEMES.iter().any(|scheme| prefix.starts_with(scheme)) => reading.skip(value, reason, role),
        None => reading.unrecognised(value, role),
    }
}

/// Reads content that is sent along: a `data:` URL, or base64 of a `media_type` that stands beside it. Text is a
/// document; the rest is skipped, as `reason` when the media type does not say what it is; what is no such URL and
/// cannot be base64 is inspected.
pub(super) fn content(
    reading: &mut Reading,
    value: Value<'_>,
    media_type: Option<Str<'_>>,
    reason: SkipReason,
    role: Role,
) {
    let Some(string) = value.string() else { return reading.unrecognised(value, role) };
    let own = prefix(string);
    let beside = media_type.map(prefix).unwrap_or_default();
    let media_type = own.strip_prefix(b"data:").unwrap_or(&beside);
    let reason = kind(media_type).unwrap_or(reason);
    if textual(media_type) {
        reading.text(value, document(role));
    } else if own.starts_with(b"data:") {
        reading.skip(value, reason, role);
    } else {
        reading.base64(value, reason, role);
    }
}

/// Reads bytes in base64 of a `media_type` that stands beside them. Text is a document; the rest is skipped, as `reason`
/// when the media type does not say what it is; what cannot be base64 is inspected.
pub(super) fn base64(
    reading: &mut Reading,
    value: Value<'_>,
    media_type: Option<Str<'_>>,
    reason: SkipReason,
    role: Role,
) {
    let media_type = media_type.map(prefix).unwrap_or_default();
    if textual(&media_type) {
        reading.text(value, document(role));
    } else {
        reading.base64(value, kind(&media_type).unwrap_or(reason), role);
    }
}

/// What is attached speaks as a document, unless a tool gave it.
pub(super) fn document(role: Role) -> Role {
    if role == Role::ToolResult { role } else { Role::Document }
}

/// The first bytes, ASCII letters in lower case.
fn prefix(string: Str<'_>) -> Vec<u8> {
    string.bytes().take(PREFIX).map(|byte| byte.to_ascii_lowercase()).collect()
}

/// Whether a media type (RFC 6838) is one of text; `data:` URLs without one are (RFC 2397).
pub(super) fn textual(media_type: &[u8]) -> bool {
    let end = media_type.iter().position(|byte| b";, ".contains(byte)).unwrap_or(media_type.len());
    let essence = media_type.get(..end).unwrap_or_default();
    match essence {
        b"" => !media_type.is_empty(),
        b"application/json"
        | b"application/xml"
        | b"application/javascript"
        | b"application/x-yaml"
        | b"application/yaml"
        | b"application/rtf"
        | b"application/x-sh"
        | b"application/x-ndjson" => true,
        b"image/svg+xml" => true,
        _ => essence.starts_with(b"text/") || essence.ends_with(b"+json") || essence.ends_with(b"+xml"),
    }
}

/// The kind of media that a media type names, if it is one.
pub(super) fn kind(media_type: &[u8]) -> Option<SkipReason> {
    if media_type.starts_with(b"image/") {
        Some(SkipReason::Image)
    } else if media_type.starts_with(b"audio/") || media_type.starts_with(b"video/") {
        Some(SkipReason::Media)
    } else {
        None
    }
}
