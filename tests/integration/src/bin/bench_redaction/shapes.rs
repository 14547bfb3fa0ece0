//! How a text is carried.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::wire::Answer;

/// A way to carry a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// As it is.
    Text,
    /// In one document.
    Json,
    /// In server-sent events of so many characters each.
    Events(usize),
}

impl Shape {
    /// A word for it.
    pub fn name(self) -> String {
        match self {
            Self::Text => "plain text".into(),
            Self::Json => "one JSON document".into(),
            Self::Events(size) => format!("events of {size} characters"),
        }
    }

    /// Bytes of text that are carried in one answer, so that bodies are of one order.
    pub fn bytes(self) -> usize {
        match self {
            Self::Text => 8 << 20,
            Self::Json => 768 << 10,
            Self::Events(size) => (4 << 20) * size / (size + 160),
        }
    }

    /// The answer.
    pub fn answer(self, text: &str) -> Answer {
        let (content_type, body) = match self {
            Self::Text => ("text/plain; charset=utf-8", text.as_bytes().to_vec()),
            Self::Json => {
                let message = json!({"role": "assistant", "content": text, "refusal": null});
                let choice = json!({"index": 0, "message": message, "logprobs": null, "finish_reason": "stop"});
                let usage = json!({"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13});
                let document = json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
                    "choices": [choice], "usage": usage});
                ("application/json", document.to_string().into_bytes())
            }
            Self::Events(size) => {
                let mut body = Vec::new();
                let mut event = |delta: Value, reason: Value| {
                    let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": reason});
                    let event = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]});
                    body.extend_from_slice(format!("data: {event}\n\n").as_bytes());
                };
                let characters: Vec<char> = text.chars().collect();
                for delta in characters.chunks(size) {
                    event(json!({"content": delta.iter().collect::<String>()}), Value::Null);
                }
                event(json!({}), json!("stop"));
                body.extend_from_slice(b"data: [DONE]\n\n");
                ("text/event-stream", body)
            }
        };
        Answer { content_type, body: Arc::new(body), part: 16 << 10, pause: Duration::ZERO }
    }
}
