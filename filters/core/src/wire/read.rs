//! Which dialect a request speaks, and its body read in it.

use core::iter::once;

use super::{Dialect, Limits, Prompt, Unreadable, content_type, path, reading::Reading, union};
use super::{a2a, anthropic_messages, bedrock_converse, bedrock_invoke, cohere_chat, gemini, mcp};
use super::{ollama_chat, ollama_generate, openai_chat, openai_completions, openai_embeddings, openai_responses};
use crate::json::{self, Kind, Value};

/// What a reader needs to know of a request.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// `:method`.
    pub method: &'a [u8],
    /// `:path`, with its query.
    pub path: &'a [u8],
    /// `content-type`, if there is one; see [`super::content_type`].
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
    /// It is of a shape that is more often another dialect's: only the path can tell.
    ByPath,
    /// Nothing speaks against it.
    Possible,
    /// It has what tells this dialect from its neighbours.
    Certain,
    /// It has what no other dialect has.
    Own,
}

/// One dialect: a file each, listed in [`FORMATS`].
pub(super) struct Format {
    pub(super) dialect: Dialect,
    /// The last segments of its paths, in lower case; see [`path::ends_with`].
    pub(super) paths: &'static [&'static [&'static str]],
    /// How well a document fits. Linear, and a small part of the cost of the parse.
    pub(super) fit: fn(Value<'_>) -> Fit,
    /// Reads a document that fits. Total: every string ends in one place (see [`super::reading`]).
    pub(super) read: fn(&mut Reading, Value<'_>),
}

/// Every dialect. When all else is equal the first one that fits is taken.
const FORMATS: [&Format; 13] = [
    &openai_chat::FORMAT,
    &anthropic_messages::FORMAT,
    &openai_responses::FORMAT,
    &openai_completions::FORMAT,
    &openai_embeddings::FORMAT,
    &gemini::FORMAT,
    &bedrock_converse::FORMAT,
    &bedrock_invoke::FORMAT,
    &ollama_chat::FORMAT,
    &ollama_generate::FORMAT,
    &cohere_chat::FORMAT,
    &a2a::FORMAT,
    &mcp::FORMAT,
];

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
    let length = |format: &Format| {
        let named = format.paths.iter().filter(|names| path::ends_with(&segments, names));
        named.map(|names| names.len()).max()
    };
    let by_path = FORMATS.iter().filter_map(|format| Some((length(format)?, format)));
    let by_path = by_path.reduce(|best, other| if other.0 > best.0 { other } else { best }).map(|(_, format)| format);
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
/// Where path and shape disagree, or several dialects fit equally well and no path decides, the body is read in each of
/// them, and what is text in one is inspected: a guess takes no string out of sight.
///
/// # Errors
/// Those of [`json::parse`]; [`Unreadable::Charset`] for a `charset` that is not UTF-8 for this body; [`Unreadable::Format`] for JSON
/// of no known shape, for a prompt in the numbers of a tokenizer, and for what is not JSON under another content type;
/// [`Unreadable::Upgrade`] for CONNECT.
pub fn read(request: &Request<'_>, limits: &Limits) -> Result<Prompt, Unreadable> {
    if request.method.eq_ignore_ascii_case(b"CONNECT") {
        return Err(Unreadable::Upgrade);
    }
    content_type::check_charset(request.content_type, request.body)?;
    let document = json::parse(request.body, limits).map_err(|why| match why {
        Unreadable::Malformed | Unreadable::Encoding if !content_type::is_json(request.content_type) => {
            Unreadable::Format
        }
        _ => why,
    })?;
    let root = document.root();
    if is_in_tokens(root) {
        return Err(Unreadable::Format);
    }
    let expected = detect(request.path, request.anthropic);
    let fits = FORMATS.iter().map(|format| match (format.fit)(root) {
        Fit::ByPath if format.dialect == expected => (Fit::Certain, *format),
        fit => (fit, *format),
    });
    let fits: Vec<(Fit, &Format)> = fits.filter(|(fit, _)| *fit != Fit::No).collect();
    let best = fits.iter().map(|(fit, _)| *fit).max().ok_or(Unreadable::Format)?;
    let read_in = |format: &Format| {
        let mut reading = Reading::new(format.dialect);
        (format.read)(&mut reading, root);
        reading.finish()
    };
    let by_path = fits.iter().find(|(_, format)| format.dialect == expected);
    let equal = fits.iter().filter(|(fit, _)| *fit == best);
    let read: Vec<Prompt> = match by_path {
        Some((fit, format)) if *fit == best => vec![read_in(format)],
        // A stray member of another API does not change who speaks; its reading is added.
        Some(by_path) if best == Fit::Own => once(by_path).chain(equal).map(|(_, format)| read_in(format)).collect(),
        _ => equal.chain(by_path).map(|(_, format)| read_in(format)).collect(),
    };
    let united = read.into_iter().reduce(|first, second| union::of(request.body, first, second));
    let mut prompt = united.ok_or(Unreadable::Format)?;
    prompt.stream |= path::streams(request.path);
    Ok(prompt)
}

/// Whether there is a prompt, or one of many, in the numbers of a tokenizer: a text for the model alone, whatever else
/// the body holds. Names as servers of completions have them, OpenAI's, vLLM and SGLang.
fn is_in_tokens(root: Value<'_>) -> bool {
    root.entries().any(|(key, value)| {
        ["prompt", "prompt_token_ids", "input_ids"].iter().any(|name| key.is(name))
            && value.kind() == Kind::Array
            && value.nodes().any(|node| node.kind() == Kind::Number)
    })
}
