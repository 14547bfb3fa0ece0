//! OpenAI's older completions: `POST …/completions`
//! (<https://platform.openai.com/docs/api-reference/completions>).

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, Stops, deltas};
use super::dialect::{Asked, Dialect, Question};
use super::{framing, openai_chat};

pub(crate) struct OpenAiCompletions;

const STOPS: Stops = Stops { end: "stop", tools: "stop", refused: "content_filter" };

impl Dialect for OpenAiCompletions {
    fn speaks(&self, path: &str) -> bool {
        path.ends_with("/completions")
    }

    fn read(&self, asked: &Asked<'_>, body: &Value) -> Result<Question, String> {
        let prompt = body.get("prompt").ok_or("prompt: a string or an array is required")?;
        let mut question = Question::new(asked, body);
        openai_chat::read_options(&mut question, body);
        question.hear(true, prompt);
        // A choice for each prompt, times `n`.
        let prompts = prompt.as_array().map_or(1, Vec::len);
        question.choices = question.choices.max(1) * prompts.max(1);
        Ok(question)
    }

    fn whole(&self, question: &Question, answer: &Answer) -> Value {
        let choices = (0..answer.choices(question.choices))
            .map(|index| choice(index, &answer.spoken(), json!(answer.stop(&STOPS))))
            .collect::<Vec<_>>();
        let mut document = document(question, json!(choices));
        document["usage"] = openai_chat::usage(question, answer);
        document
    }

    fn events(&self, question: &Question, answer: &Answer) -> Vec<Bytes> {
        let mut events = Vec::new();
        let mut push = |choices: Value, usage: Value| {
            let mut chunk = document(question, choices);
            if question.include_usage {
                chunk["usage"] = usage;
            }
            events.push(framing::data(&chunk));
        };
        let spoken = answer.spoken();
        let mut steps: Vec<_> = deltas(&spoken).into_iter().map(|piece| (piece, Value::Null)).collect();
        steps.push(("", json!(answer.stop(&STOPS))));
        for (piece, finish) in steps {
            for index in 0..answer.choices(question.choices) {
                push(json!([choice(index, piece, finish.clone())]), Value::Null);
            }
        }
        if question.include_usage {
            push(json!([]), openai_chat::usage(question, answer));
        }
        events.push(Bytes::from_static(b"data: [DONE]\n\n"));
        events
    }

    fn error(&self, status: StatusCode, message: &str) -> Value {
        openai_chat::error(status, message)
    }
}

fn document(question: &Question, choices: Value) -> Value {
    json!({
        "id": question.id("cmpl-"), "object": "text_completion", "created": question.created,
        "model": question.model, "system_fingerprint": openai_chat::FINGERPRINT, "choices": choices,
    })
}

fn choice(index: usize, text: &str, finish: Value) -> Value {
    json!({"text": text, "index": index, "logprobs": null, "finish_reason": finish})
}
