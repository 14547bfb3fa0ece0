//! Ollama generate and embeddings: `POST …/api/generate`, `…/api/embed`, and the older `…/api/embeddings`
//! (<https://github.com/ollama/ollama/blob/main/docs/api.md>).

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, deltas, vector};
use super::dialect::{Asked, Dialect, Question};
use super::framing;
use super::ollama_chat::{done, piece, streams};
use super::openai_embeddings::texts;

pub(crate) struct OllamaGenerate;

impl Dialect for OllamaGenerate {
    fn speaks(&self, path: &str) -> bool {
        ["/api/generate", "/api/embed", "/api/embeddings"].iter().any(|end| path.ends_with(end))
    }

    fn read(&self, asked: &Asked<'_>, body: &Value) -> Result<Question, String> {
        let mut question = Question::new(asked, body);
        question.stream = streams(body) && asked.path.ends_with("/generate");
        let prompt = body.get("prompt").or(body.get("input")).ok_or("prompt is required")?;
        question.hear(false, &body["system"]);
        question.hear(true, prompt);
        Ok(question)
    }

    fn whole(&self, question: &Question, answer: &Answer) -> Value {
        if question.path.ends_with("/embeddings") {
            return json!({"embedding": vector(&question.user_text)});
        }
        if question.path.ends_with("/embed") {
            let vectors: Vec<_> = texts(&question.body["input"]).iter().map(|text| vector(text)).collect();
            return json!({"model": question.model, "embeddings": vectors, "total_duration": 1_000_000,
                "load_duration": 1_000_000, "prompt_eval_count": question.input_tokens()});
        }
        let mut document = done(question, answer, "response", &json!(answer.spoken()));
        if !answer.reasoning.is_empty() {
            document["thinking"] = json!(answer.reasoning);
        }
        document["context"] = json!([1, 2, 3]);
        document
    }

    fn events(&self, question: &Question, answer: &Answer) -> Vec<Bytes> {
        let mut lines = Vec::new();
        for thought in deltas(&answer.reasoning) {
            let mut document = piece(question, "response", &json!(""));
            document["thinking"] = json!(thought);
            lines.push(framing::line(&document));
        }
        let spoken = answer.spoken();
        let said = deltas(&spoken).into_iter().map(|word| framing::line(&piece(question, "response", &json!(word))));
        lines.extend(said);
        let mut last = done(question, answer, "response", &json!(""));
        last["context"] = json!([1, 2, 3]);
        lines.push(framing::line(&last));
        lines
    }

    fn stream_content_type(&self, _question: &Question) -> &'static str {
        "application/x-ndjson"
    }

    fn error(&self, _status: StatusCode, message: &str) -> Value {
        json!({"error": message})
    }
}
