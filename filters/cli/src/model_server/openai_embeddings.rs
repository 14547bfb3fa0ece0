//! OpenAI embeddings: `POST …/embeddings` (<https://platform.openai.com/docs/api-reference/embeddings>).
//!
//! Vectors of eight numbers, or as many as `dimensions` says: the same for the same text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, vector};
use super::dialect::{Asked, Dialect, Question, every_text};
use super::openai_chat;

pub(crate) struct OpenAiEmbeddings;

/// The most numbers that a client gets, whatever it asks for.
const MAX_DIMENSIONS: usize = 4096;

impl Dialect for OpenAiEmbeddings {
    fn speaks(&self, path: &str) -> bool {
        path.ends_with("/embeddings") && !path.ends_with("/api/embeddings")
    }

    fn read(&self, asked: &Asked<'_>, body: &Value) -> Result<Question, String> {
        let input = body.get("input").ok_or("input: a string or an array is required")?;
        let mut question = Question { stream: false, ..Question::new(asked, body) };
        question.hear(true, input);
        Ok(question)
    }

    fn whole(&self, question: &Question, _answer: &Answer) -> Value {
        let body = &question.body;
        let inputs: Vec<&Value> = match &body["input"] {
            // An array of numbers is one text in tokens.
            Value::Array(items) if !items.iter().all(Value::is_number) => items.iter().collect(),
            one => vec![one],
        };
        let dimensions = body["dimensions"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(8);
        let in_base64 = body["encoding_format"] == "base64";
        let embed = |(index, input): (usize, &Value)| {
            let numbers = vector(&input.to_string()).into_iter().cycle().take(dimensions.clamp(1, MAX_DIMENSIONS));
            let embedding = if in_base64 {
                json!(STANDARD.encode(numbers.flat_map(f32::to_le_bytes).collect::<Vec<u8>>()))
            } else {
                json!(numbers.collect::<Vec<f32>>())
            };
            json!({"object": "embedding", "index": index, "embedding": embedding})
        };
        let data: Vec<Value> = inputs.into_iter().enumerate().map(embed).collect();
        let tokens = question.input_tokens();
        let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
        json!({"object": "list", "data": data, "model": question.model, "usage": usage})
    }

    fn events(&self, _question: &Question, _answer: &Answer) -> Vec<Bytes> {
        Vec::new()
    }

    fn error(&self, status: StatusCode, message: &str) -> Value {
        openai_chat::error(status, message)
    }
}

/// The texts of an `input` that is a string or an array of strings.
pub(super) fn texts(input: &Value) -> Vec<String> {
    let mut texts = Vec::new();
    every_text(input, &mut texts);
    texts
}
