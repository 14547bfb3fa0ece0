//! What a client asks a model, read from the bytes of a request.
//!
//! A [`Dialect`] is chosen by path and shape; its reader turns the body into a [`Prompt`]: every text with its role,
//! its source and its place in the original bytes, and every part that was not read with the reason. What cannot be
//! read at all is a value, [`Unreadable`], and never an empty prompt.
//!
//! Every string of a body ends in exactly one place: a [`Text`]; a [`Skipped`] with its reason; the model's name; or
//! one of the inert places, which no model sees as text:
//!
//! - ids (of tool calls, messages), when they are at most 64 letters, digits and `_ - . : / @`;
//! - settings (`metadata`, `user`, `tool_choice`, `service_tier` and the like, with their keys), when each string is at
//!   most 256 of the same;
//! - the dialect's own words under `type` and `role`;
//! - the vocabulary of tool definitions and JSON Schema, and the names of members that the dialect defines.
//!
//! Any other string at such a place is inspected as [`Source::Unrecognised`], and so is every string, and every name,
//! at a place that the dialect does not define.

mod a2a;
mod anthropic_blocks;
mod anthropic_messages;
mod asked;
mod bedrock_blocks;
mod bedrock_converse;
mod bedrock_invoke;
mod cohere_chat;
mod content_type;
pub mod form;
mod gemini;
mod json_rpc;
mod mcp;
mod models;
mod ollama_chat;
mod ollama_generate;
mod openai_chat;
mod openai_completions;
mod openai_embeddings;
mod openai_items;
mod openai_responses;
mod path;
mod read;
mod reading;
mod reference;
mod schema;
#[cfg(test)]
mod tests;
mod union;

use std::borrow::Cow;

use crate::json;

pub use asked::{Asked, asked};
pub(crate) use content_type::check_charset;
pub use content_type::content_type;
pub use models::{model_name, model_pattern, models_of};
pub use path::model as model_in_path;
pub use read::{Request, detect, read};

/// A place in the original body: byte offsets, `start <= end <= body.len()`.
///
/// For a JSON string it lies between the quotes, so that escapes are still in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// Bytes in it.
    pub const fn len(self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    /// Whether there is nothing in it.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The same as indices.
    pub const fn range(self) -> core::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The bytes of `body` in it; nothing when it lies outside.
    pub fn of(self, body: &[u8]) -> &[u8] {
        body.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// The wire format of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `POST …/chat/completions` of the OpenAI API and the many that speak it.
    OpenAiChat,
    /// `POST …/completions` of the OpenAI API: a prompt without turns.
    OpenAiCompletions,
    /// `POST …/embeddings` of the OpenAI API.
    OpenAiEmbeddings,
    /// `POST …/responses` of the OpenAI API.
    OpenAiResponses,
    /// `POST …/messages` of the Anthropic API.
    AnthropicMessages,
    /// `POST …:generateContent` and its kin, of the Gemini API and of Vertex AI.
    Gemini,
    /// `POST …/api/chat` of Ollama.
    OllamaChat,
    /// `POST …/api/generate` of Ollama, and its embeddings.
    OllamaGenerate,
    /// `POST …/chat` of the Cohere API, versions 1 and 2.
    CohereChat,
    /// `POST …/model/{model}/converse` of Amazon Bedrock.
    BedrockConverse,
    /// `POST …/model/{model}/invoke` of Amazon Bedrock, whose bodies are the model's own.
    BedrockInvoke,
    /// JSON-RPC of the Model Context Protocol.
    Mcp,
    /// JSON-RPC of the Agent2Agent protocol.
    A2a,
    /// Nothing that is known: refusals are written as `application/problem+json` (RFC 9457).
    Unknown,
}

impl Dialect {
    /// The word for it in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAiChat => "openai_chat",
            Self::OpenAiCompletions => "openai_completions",
            Self::OpenAiEmbeddings => "openai_embeddings",
            Self::OpenAiResponses => "openai_responses",
            Self::AnthropicMessages => "anthropic_messages",
            Self::Gemini => "gemini",
            Self::OllamaChat => "ollama_chat",
            Self::OllamaGenerate => "ollama_generate",
            Self::CohereChat => "cohere_chat",
            Self::BedrockConverse => "bedrock_converse",
            Self::BedrockInvoke => "bedrock_invoke",
            Self::Mcp => "mcp",
            Self::A2a => "a2a",
            Self::Unknown => "unknown",
        }
    }
}

/// Who speaks a text, from the model's point of view. Thresholds may differ by role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The operator's instructions: `system`, `developer`, top-level `system`.
    System,
    /// The person, and any role that is not known.
    User,
    /// Earlier answers of the model, prefills and reasoning that the client sends back.
    Assistant,
    /// What a tool answered: the road of indirect injection.
    ToolResult,
    /// What the model asked a tool to do, sent back as history.
    ToolArgument,
    /// Names, descriptions and schemas of tools on offer.
    ToolDefinition,
    /// Attached documents, retrieved passages, search results, predictions.
    Document,
    /// Text to embed.
    EmbeddingInput,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 8] = [
        Self::System,
        Self::User,
        Self::Assistant,
        Self::ToolResult,
        Self::ToolArgument,
        Self::ToolDefinition,
        Self::Document,
        Self::EmbeddingInput,
    ];

    /// The word for it in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::ToolResult => "tool_result",
            Self::ToolArgument => "tool_argument",
            Self::ToolDefinition => "tool_definition",
            Self::Document => "document",
            Self::EmbeddingInput => "embedding_input",
        }
    }

    /// Its place in [`Self::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// How a text came to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A place that the dialect defines for text.
    Defined,
    /// A string at a place that the dialect does not define: inspected all the same.
    Unrecognised,
}

/// One text of a prompt, still in its wire form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// Who speaks it.
    pub role: Role,
    /// Whether the dialect knows the place.
    pub source: Source,
    /// Its place in the body.
    pub span: Span,
    /// Whether the span holds JSON escapes; when not, its bytes are the text, in UTF-8.
    pub escaped: bool,
}

impl Text {
    /// Its bytes in `body`, JSON escapes read; nothing when it is not a text of this body.
    pub fn read<'b>(&self, body: &'b [u8]) -> Cow<'b, [u8]> {
        if !self.escaped {
            return Cow::Borrowed(self.span.of(body));
        }
        let text = json::unescape(body, self.span).map(json::Unescaped::into_text).unwrap_or_default();
        match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        }
    }
}

/// Why a part of a readable body was not inspected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SkipReason {
    /// An image, inline or by reference.
    Image,
    /// Sound or video.
    Media,
    /// A file by reference, or inline and not text.
    File,
    /// Bytes that are signed or encrypted by the provider (`signature`, `encrypted_content`, redacted thinking).
    Opaque,
    /// Text as the numbers of a tokenizer, which only the model's own can read.
    Tokens,
    /// Beyond a limit on what is inspected.
    Limit,
    /// A whole text that the operator allows.
    Allowed,
    /// Inspected as it stands, and beyond the bounds on what is decoded of it.
    Undecoded,
    /// Inspected by rules, and beyond the bound of the classifier.
    Unclassified,
}

impl SkipReason {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::Image,
        Self::Media,
        Self::File,
        Self::Opaque,
        Self::Tokens,
        Self::Limit,
        Self::Allowed,
        Self::Undecoded,
        Self::Unclassified,
    ];

    /// The word for it in records and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Media => "media",
            Self::File => "file",
            Self::Opaque => "opaque",
            Self::Tokens => "tokens",
            Self::Limit => "limit",
            Self::Allowed => "allowed",
            Self::Undecoded => "undecoded",
            Self::Unclassified => "unclassified",
        }
    }

    /// Its place in [`Self::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// A part that was not inspected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Why.
    pub reason: SkipReason,
    /// Its place in the body.
    pub span: Span,
}

/// The calls of a JSON-RPC body (JSON-RPC 2.0), which an answer names by their ids. None in other dialects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Whether they came as an array, and the answers must too.
    pub batch: bool,
    /// The id of each call that expects an answer: a number, or a string with its quotes.
    pub ids: Vec<Span>,
}

/// A request body that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// The wire format it was read in.
    pub dialect: Dialect,
    /// The model asked for, if it is named in the body; [`model_in_path`] comes before it.
    pub model: Option<Span>,
    /// Whether the client asked for a stream.
    pub stream: bool,
    /// Every text, in the order of the body.
    pub texts: Vec<Text>,
    /// Every part that was not inspected, in the order of the body.
    pub skipped: Vec<Skipped>,
    /// The calls to answer, in JSON-RPC.
    pub calls: Calls,
}

/// Why a body cannot be read. Each has the same configured action, and its own count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unreadable {
    /// Not JSON, or data after the document.
    Malformed,
    /// Bytes that are not UTF-8, a byte order mark, UTF-16, a lone surrogate.
    Encoding,
    /// A `charset` in which the body would be another text than it is in UTF-8.
    Charset,
    /// Several content types that differ: servers disagree on which one counts.
    ContentType,
    /// A key that stands twice in one object: upstream parsers disagree on which one counts.
    DuplicateKey,
    /// Nested deeper than the limit.
    Depth,
    /// More values than the limit, or a content coding in more pieces than its text is worth.
    Complexity,
    /// Larger than the limit.
    Size,
    /// A `content-encoding` that is not decoded.
    Compressed,
    /// Bytes that are not in the `content-encoding` that they claim, are cut short, or can be read in another way, too.
    Coding,
    /// A form that parsers read in several ways.
    Form,
    /// A content type or a shape that no reader knows.
    Format,
    /// An upgraded connection (WebSocket, CONNECT), which has no request body.
    Upgrade,
    /// A part of a representation (206), which cannot be read by itself. Answers only.
    Partial,
}

impl Unreadable {
    /// Every reason.
    pub const ALL: [Self; 14] = [
        Self::Malformed,
        Self::Encoding,
        Self::Charset,
        Self::ContentType,
        Self::DuplicateKey,
        Self::Depth,
        Self::Complexity,
        Self::Size,
        Self::Compressed,
        Self::Coding,
        Self::Form,
        Self::Format,
        Self::Upgrade,
        Self::Partial,
    ];

    /// The word for it in records and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Encoding => "encoding",
            Self::Charset => "charset",
            Self::ContentType => "content_type",
            Self::DuplicateKey => "duplicate_key",
            Self::Depth => "depth",
            Self::Complexity => "complexity",
            Self::Size => "size",
            Self::Compressed => "compressed",
            Self::Coding => "coding",
            Self::Form => "form",
            Self::Format => "format",
            Self::Upgrade => "upgrade",
            Self::Partial => "partial",
        }
    }

    /// The status of a refusal of a request for it: 413 for size, 403 for what is well formed and cannot be inspected, else 400.
    pub const fn status(self) -> u16 {
        match self {
            Self::Size => 413,
            Self::Compressed | Self::Format | Self::Upgrade => 403,
            _ => 400,
        }
    }
}

/// Caps on what is read. Each is checked before memory is spent on what lies beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Levels of nesting.
    pub depth: usize,
    /// Values in a body: objects, arrays, strings, numbers and literals, keys not counted.
    pub values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes: 1_048_576, depth: 64, values: 100_000 }
    }
}
