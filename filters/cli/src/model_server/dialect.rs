//! What a wire format has to say to be spoken here: how to read the question, how to write the answer.

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::Value;

/// One vendor's wire format. Adding one is a file that implements this, and a line in [`super::service`].
pub(crate) trait Dialect: Sync {
    /// Whether this request is asked in this dialect. `path` is without its query.
    fn speaks(&self, method: &Method, path: &str) -> bool;

    /// Reads the question. The error is a sentence for the client, answered as 400.
    fn read(&self, path: &str, body: &Value) -> Result<Question, String>;

    /// The answer in one document.
    fn whole(&self, question: &Question, answer: &Answer) -> Value;

    /// The answer as the vendor streams it: each item is one event with its framing.
    fn events(&self, question: &Question, answer: &Answer) -> Vec<Bytes>;

    /// `content-type` of a streamed answer.
    fn stream_content_type(&self) -> &'static str {
        "text/event-stream; charset=utf-8"
    }

    /// The document that goes with a status of 400 and more.
    fn error(&self, status: StatusCode, message: &str) -> Value;
}

/// What the server needs to know of a request, whatever the dialect.
#[derive(Clone, Debug, Default)]
pub(crate) struct Question {
    /// Sequence number of the request: ids in the answer are made from it.
    pub serial: u64,
    /// Seconds since 1970, for dialects that date their answer.
    pub created: u64,
    /// As asked for; the answer repeats it.
    pub model: String,
    /// All text of the last message of the user, parts joined by line feeds.
    pub user_text: String,
    /// Bytes of text in the whole conversation.
    pub input_bytes: usize,
    /// Asked for as a stream.
    pub stream: bool,
    /// Asked for usage at the end of the stream (OpenAI's `stream_options.include_usage`).
    pub include_usage: bool,
}

impl Question {
    pub fn input_tokens(&self) -> usize {
        tokens(self.input_bytes)
    }
}

/// What the model says, whatever the dialect.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// Plain text.
    Text(String),
    /// A call of one tool.
    ToolCall { name: String, arguments: Value },
}

impl Answer {
    pub fn output_tokens(&self) -> usize {
        match self {
            Self::Text(text) => tokens(text.len()),
            Self::ToolCall { name, arguments } => tokens(name.len().saturating_add(arguments.to_string().len())),
        }
    }
}

/// Four bytes a token: the rule of thumb for English text, never zero.
fn tokens(bytes: usize) -> usize {
    bytes.div_ceil(4).max(1)
}

/// Cuts a text the way models stream it: a word with the space before it. The pieces joined are the text.
pub(crate) fn deltas(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut previous_is_space = true;
    for (index, character) in text.char_indices() {
        let is_space = character.is_whitespace();
        if is_space && !previous_is_space && index > start {
            pieces.push(&text[start..index]);
            start = index;
        }
        previous_is_space = is_space;
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

/// All text below a `content` value: a string, or parts (and parts in parts) with a `text`.
pub(crate) fn content_text(content: &Value, into: &mut Vec<String>) {
    match content {
        Value::String(text) => into.push(text.clone()),
        Value::Array(parts) => parts.iter().for_each(|part| content_text(part, into)),
        Value::Object(part) => {
            for key in ["text", "content"] {
                if let Some(inner) = part.get(key) {
                    content_text(inner, into);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn deltas_join_to_the_text() {
        for text in ["", " ", "one", "one two", "  one  two\n\nthree ", "żółw — 你好 two"] {
            assert_eq!(deltas(text).concat(), text);
        }
        assert_eq!(deltas("one two three"), ["one", " two", " three"]);
    }

    #[test]
    fn content_is_read_through_parts() {
        let mut texts = Vec::new();
        content_text(
            &json!([{"type": "text", "text": "a"}, {"type": "tool_result", "content": [{"text": "b"}]}]),
            &mut texts,
        );
        assert_eq!(texts, ["a", "b"]);
    }
}
