//! What a wire format has to say to be spoken here: how to read the question, how to write the answer.

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use super::answer::{Answer, tokens};

/// One vendor's wire format. Adding one is a file that implements this, and a line in [`super::service`].
pub(crate) trait Dialect: Sync {
    /// Whether what is posted to this path is asked in this dialect.
    fn speaks(&self, path: &str) -> bool;

    /// Reads the question. The error is a sentence for the client, answered as 400.
    fn read(&self, asked: &Asked<'_>, body: &Value) -> Result<Question, String>;

    /// The answer in one document; null when there is nothing to say (then it is 202 without a body).
    fn whole(&self, question: &Question, answer: &Answer) -> Value;

    /// The answer as the vendor streams it: each item is one event with its framing.
    fn events(&self, question: &Question, answer: &Answer) -> Vec<Bytes>;

    /// `content-type` of a streamed answer.
    fn stream_content_type(&self, _question: &Question) -> &'static str {
        "text/event-stream; charset=utf-8"
    }

    /// The document that goes with a status of 400 and more.
    fn error(&self, status: StatusCode, message: &str) -> Value;

    /// `x-amzn-errortype`, for the dialects of that vendor.
    fn error_type(&self, _status: StatusCode) -> Option<&'static str> {
        None
    }
}

/// The head of a request, as far as dialects look at it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked<'a> {
    /// Without the query.
    pub path: &'a str,
    /// Without the question mark; empty when there is none.
    pub query: &'a str,
    /// Whether `accept` names `text/event-stream`.
    pub accepts_events: bool,
}

/// What the server needs to know of a request, whatever the dialect.
#[derive(Clone, Debug, Default)]
pub(crate) struct Question {
    /// Sequence number of the request: ids in the answer are made from it.
    pub serial: u64,
    /// Seconds since 1970, for dialects that date their answer.
    pub created: u64,
    /// Without the query.
    pub path: String,
    /// The body, for what only one dialect looks at.
    pub body: Value,
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
    /// Choices asked for; 0 when nothing was said.
    pub choices: usize,
}

impl Question {
    /// A question of which nothing is known but where it came and what it said.
    pub fn new(asked: &Asked<'_>, body: &Value) -> Self {
        let model = body.get("model").and_then(Value::as_str).unwrap_or_default().to_owned();
        let stream = body.get("stream").and_then(Value::as_bool).unwrap_or(false);
        Self { path: asked.path.to_owned(), body: body.clone(), model, stream, ..Self::default() }
    }

    /// Takes down what stands in the conversation; `by_user` when the person said it.
    pub fn hear(&mut self, by_user: bool, content: &Value) {
        let mut texts = Vec::new();
        content_text(content, &mut texts);
        self.input_bytes += texts.iter().map(String::len).sum::<usize>();
        if by_user {
            self.user_text = texts.join("\n");
        }
    }

    /// Takes down messages with `role` and `content`.
    pub fn hear_messages(&mut self, messages: &[Value]) {
        for message in messages {
            let by_user = message["role"].as_str().is_some_and(|role| role.eq_ignore_ascii_case("user"));
            self.hear(by_user, &message["content"]);
        }
    }

    pub fn input_tokens(&self) -> usize {
        tokens(self.input_bytes)
    }

    /// An id that the dialect begins with `prefix`.
    pub fn id(&self, prefix: &str) -> String {
        format!("{prefix}{:024}", self.serial)
    }

    /// When it was asked, as RFC 3339 in UTC.
    pub fn created_at(&self) -> String {
        let (days, seconds) = (self.created / 86_400, self.created % 86_400);
        // Howard Hinnant, "chrono-compatible low-level date algorithms": civil_from_days, for days after 1970.
        let z = days + 719_468;
        let (era, of_era) = (z / 146_097, z % 146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let (day, month) =
            (of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
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

/// Every string below a value, keys not.
pub(crate) fn every_text(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| every_text(item, into)),
        Value::Object(members) => members.values().for_each(|member| every_text(member, into)),
        _ => {}
    }
}

/// The segment of a path before its last, percent-decoded: where some vendors name the model.
pub(crate) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let escape = behind.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn content_is_read_through_parts() {
        let mut texts = Vec::new();
        content_text(
            &json!([{"type": "text", "text": "a"}, {"type": "tool_result", "content": [{"text": "b"}]}]),
            &mut texts,
        );
        assert_eq!(texts, ["a", "b"]);
    }

    #[test]
    fn a_time_is_written_as_rfc_3339_has_it() {
        let at = |created| Question { created, ..Question::default() }.created_at();
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_767_225_599), "2025-12-31T23:59:59Z");
    }

    #[test]
    fn a_path_is_decoded_once() {
        assert_eq!(percent_decoded("a%3A0%2fb%zz%"), "a:0/b%zz%");
    }
}
