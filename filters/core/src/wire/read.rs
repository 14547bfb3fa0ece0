//! Which dialect a request speaks, and its body read in it.

use super::{Dialect, Limits, Prompt, Unreadable, anthropic_messages, openai_chat, path, reading::Reading};
use crate::json::{self, Value};

/// What a reader needs to know of a request.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// `:method`.
    pub method: &'a [u8],
    /// `:path`, with its query.
    pub path: &'a [u8],
    /// `content-type`, if there is one.
    pub content_type: Option<&'a [u8]>,
    /// Whether there is an `anthropic-version` header, which every Anthropic client sends.
    pub anthropic: bool,
    /// The whole body, byte for byte.
    pub body: &'a [u8],
}

/// How well a document fits a dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// It is of another shape.
    No,
    /// Nothing speaks against it.
    Possible,
    /// It has what only this dialect has.
    Certain,
}

/// One dialect: a file each, listed in [`FORMATS`].
pub(super) struct Format {
    pub(super) dialect: Dialect,
    /// The last segments of its paths, in lower case.
    pub(super) paths: &'static [&'static [&'static str]],
    /// How well a document fits. Linear, and a small part of the cost of the parse.
    pub(super) fit: fn(Value<'_>) -> Fit,
    /// Reads a document that fits. Total: every string ends in one place (see [`super::reading`]).
    pub(super) read: fn(&mut Reading, Value<'_>),
}

/// Every dialect. When all else is equal the first one that fits is taken.
const FORMATS: [&Format; 2] = [&openai_chat::FORMAT, &anthropic_messages::FORMAT];

/// The dialect a client expects to be answered in: that of the path it called, else of its headers.
///
/// A refusal is written in it. Known paths are matched by their last segments, so that any prefix may stand before
/// them, and however they are spelled (case, percent-encoding, double slashes, dot segments).
pub fn detect(path: &[u8], anthropic: bool) -> Dialect {
    let segments = path::segments(path);
    let segments: Vec<&[u8]> = segments.iter().map(Vec::as_slice).collect();
    // `…/threads/{id}/messages` is the OpenAI Assistants API.
    if let [.., b"threads", _, b"messages"] = segments.as_slice() {
        return Dialect::Unknown;
    }
    let ends_with = |suffix: &[&str]| {
        segments.len() >= suffix.len()
            && segments.iter().rev().zip(suffix.iter().rev()).all(|(segment, name)| *segment == name.as_bytes())
    };
    let by_path = FORMATS.iter().find(|format| format.paths.iter().any(|suffix| ends_with(suffix)));
    match by_path {
        Some(format) => format.dialect,
        None if anthropic => Dialect::AnthropicMessages,
        None => Dialect::Unknown,
    }
}

/// Reads the body of a request in the dialect of its shape.
///
/// The shape decides, since that is what the upstream reads; where it leaves a choice the path does ([`detect`]). So a
/// body is read in full under any path, and [`Prompt::dialect`] may differ from that of the path. The body is tried as
/// JSON whatever `content-type` says: many servers do the same.
///
/// # Errors
/// Those of [`json::parse`]; [`Unreadable::Encoding`] for a `charset` other than UTF-8; [`Unreadable::Format`] for JSON
/// of no known shape, and for what is not JSON under another content type; [`Unreadable::Upgrade`] for CONNECT.
pub fn read(request: &Request<'_>, limits: &Limits) -> Result<Prompt, Unreadable> {
    if request.method.eq_ignore_ascii_case(b"CONNECT") {
        return Err(Unreadable::Upgrade);
    }
    let content_type = ContentType::of(request.content_type);
    if content_type == ContentType::OtherCharset {
        return Err(Unreadable::Encoding);
    }
    let document = json::parse(request.body, limits).map_err(|why| match (why, content_type) {
        (Unreadable::Malformed | Unreadable::Encoding, ContentType::Other) => Unreadable::Format,
        _ => why,
    })?;
    let root = document.root();
    let fits: Vec<(Fit, &Format)> = FORMATS.iter().map(|format| ((format.fit)(root), *format)).collect();
    let best = fits.iter().map(|(fit, _)| *fit).max().unwrap_or(Fit::No);
    if best == Fit::No {
        return Err(Unreadable::Format);
    }
    let expected = detect(request.path, request.anthropic);
    let mut candidates = fits.iter().filter(|(fit, _)| *fit == best).map(|(_, format)| *format);
    let first = candidates.clone().next();
    let format = candidates.find(|format| format.dialect == expected).or(first).ok_or(Unreadable::Format)?;
    let mut reading = Reading::new(format.dialect);
    (format.read)(&mut reading, root);
    Ok(reading.finish())
}

/// What a `content-type` says about the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ContentType {
    /// JSON, or nothing is said.
    Json,
    /// Something else.
    Other,
    /// Whatever it is, not in UTF-8.
    OtherCharset,
}

impl ContentType {
    fn of(value: Option<&[u8]>) -> Self {
        let Some(value) = value else { return Self::Json };
        let value = value.to_ascii_lowercase();
        let mut parts = value.split(|&byte| byte == b';' || byte == b',').map(<[u8]>::trim_ascii);
        let essence = parts.next().unwrap_or_default();
        let other_charset = |part: &[u8]| {
            let charset = part.strip_prefix(b"charset").map(<[u8]>::trim_ascii_start);
            let charset = charset.and_then(|rest| rest.strip_prefix(b"=")).map(<[u8]>::trim_ascii);
            charset.is_some_and(|name| {
                let name = name.strip_prefix(b"\"").unwrap_or(name);
                let name = name.strip_suffix(b"\"").unwrap_or(name);
                !matches!(name, b"utf-8" | b"utf8")
            })
        };
        if parts.any(other_charset) {
            Self::OtherCharset
        } else if matches!(essence, b"" | b"application/json" | b"text/json") || essence.ends_with(b"+json") {
            Self::Json
        } else {
            Self::Other
        }
    }
}
