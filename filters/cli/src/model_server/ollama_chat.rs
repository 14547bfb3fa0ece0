//! Ollama chat: `POST …/api/chat`, a stream of JSON lines unless `stream` is false
//! (<https://github.com/ollama/ollama/blob/main/docs/api.md>).

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, deltas};
use super::dialect::{Asked, Dialect, Question};
use super::framing;

pub(crate) struct OllamaChat;

impl Dialect for OllamaChat {
    fn speaks(&self, path: &str) -> bool {
        path.ends_with("/api/chat")
    }

    fn read(&self, asked: &Asked<'_>, body: &Value) -> Result<Question, String> {
        let mut question = Question::new(asked, body);
        question.stream = streams(body);
        question.hear_messages(body["messages"].as_array().ok_or("messages is required")?);
        Ok(question)
    }

    fn whole(&self, question: &Question, answer: &Answer) -> Value {
        let mut message = json!({"role": "assistant", "content": answer.spoken()});
        if !answer.reasoning.is_empty() {
            message["thinking"] = json!(answer.reasoning);
        }
        if !answer.tools.is_empty() {
            message["tool_calls"] = calls(answer);
        }
        done(question, answer, "message", &message)
    }

    fn events(&self, question: &Question, answer: &Answer) -> Vec<Bytes> {
        let spoken = answer.spoken();
        let thoughts = deltas(&answer.reasoning).into_iter().map(|piece| json!({"content": "", "thinking": piece}));
        let mut messages: Vec<Value> =
            thoughts.chain(deltas(&spoken).into_iter().map(|piece| json!({"content": piece}))).collect();
        if !answer.tools.is_empty() {
            messages.push(json!({"content": "", "tool_calls": calls(answer)}));
        }
        let mut lines: Vec<Bytes> = Vec::new();
        for mut message in messages {
            message["role"] = json!("assistant");
            lines.push(framing::line(&piece(question, "message", &message)));
        }
        let last = json!({"role": "assistant", "content": ""});
        lines.push(framing::line(&done(question, answer, "message", &last)));
        lines
    }

    fn stream_content_type(&self, _question: &Question) -> &'static str {
        "application/x-ndjson"
    }

    fn error(&self, _status: StatusCode, message: &str) -> Value {
        json!({"error": message})
    }
}

/// Whether a stream is asked for: always, unless the body says no.
pub(super) fn streams(body: &Value) -> bool {
    body["stream"].as_bool().unwrap_or(true)
}

fn calls(answer: &Answer) -> Value {
    let call = |call: &super::answer::ToolCall| json!({"function": {"name": call.name, "arguments": call.arguments}});
    answer.tools.iter().map(call).collect()
}

/// A document of the stream before its last.
pub(super) fn piece(question: &Question, key: &str, value: &Value) -> Value {
    json!({"model": question.model, "created_at": question.created_at(), key: value, "done": false})
}

/// The last document, or the only one.
pub(super) fn done(question: &Question, answer: &Answer, key: &str, value: &Value) -> Value {
    json!({
        "model": question.model, "created_at": question.created_at(), key: value, "done": true,
        "done_reason": "stop", "total_duration": 4_000_000, "load_duration": 1_000_000,
        "prompt_eval_count": question.input_tokens(), "prompt_eval_duration": 1_000_000,
        "eval_count": answer.output_tokens(), "eval_duration": 2_000_000,
    })
}
