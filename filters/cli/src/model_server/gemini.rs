//! Gemini and Vertex AI: `POST …/models/{model}:generateContent`, `:streamGenerateContent` (server-sent events with
//! `alt=sse`, else one JSON array that grows) and `:countTokens` (<https://ai.google.dev/api/generate-content>).

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, Stops, ToolCall, deltas};
use super::dialect::{Asked, Dialect, Question, content_text, percent_decoded};

pub(crate) struct Gemini;

const STOPS: Stops = Stops { end: "STOP", tools: "STOP", refused: "SAFETY" };

/// The method that a path calls.
fn method(path: &str) -> Option<(String, String)> {
    let last = percent_decoded(path.rsplit('/').next()?);
    let (model, method) = last.rsplit_once(':')?;
    Some((model.to_owned(), method.to_owned()))
}

impl Dialect for Gemini {
    fn speaks(&self, path: &str) -> bool {
        let known = ["generateContent", "streamGenerateContent", "countTokens"];
        method(path).is_some_and(|(_, method)| known.contains(&method.as_str()))
    }

    fn read(&self, asked: &Asked<'_>, body: &Value) -> Result<Question, String> {
        let (model, method) = method(asked.path).ok_or("no method in the path")?;
        let mut question = Question::new(asked, body);
        question.model = model;
        question.stream = method == "streamGenerateContent";
        // In `path` because only the address says how a stream is framed.
        if asked.query.split('&').any(|pair| pair == "alt=sse") {
            question.path.push_str("?alt=sse");
        }
        let counted = &body["generateContentRequest"];
        let body = if counted.is_object() { counted } else { body };
        let contents = body.get("contents").ok_or("* GenerateContentRequest.contents: contents is not specified")?;
        for content in listed(contents) {
            let mut texts = Vec::new();
            for part in listed(&content["parts"]) {
                content_text(&part["text"], &mut texts);
            }
            let by_user = content["role"].as_str().is_none_or(|role| role == "user") && !texts.is_empty();
            question.hear(by_user, &json!(texts));
        }
        for key in ["systemInstruction", "system_instruction"] {
            question.hear(false, &body[key]["parts"]);
        }
        let count = body.pointer("/generationConfig/candidateCount").and_then(Value::as_u64);
        question.choices = count.and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
        Ok(question)
    }

    fn whole(&self, question: &Question, answer: &Answer) -> Value {
        if question.path.ends_with("countTokens") {
            let tokens = question.input_tokens();
            let details = json!([{"modality": "TEXT", "tokenCount": tokens}]);
            return json!({"totalTokens": tokens, "promptTokensDetails": details});
        }
        let mut parts: Vec<Value> = Vec::new();
        if !answer.reasoning.is_empty() {
            parts.push(thought(&answer.reasoning));
        }
        if !answer.spoken().is_empty() {
            parts.push(json!({"text": answer.spoken()}));
        }
        parts.extend(answer.tools.iter().map(call));
        let candidates = (0..answer.choices(question.choices))
            .map(|index| candidate(index, &json!(parts), Some(answer.stop(&STOPS))))
            .collect::<Vec<_>>();
        document(question, json!(candidates), usage(question, answer))
    }

    fn events(&self, question: &Question, answer: &Answer) -> Vec<Bytes> {
        let spoken = answer.spoken();
        let mut parts: Vec<Value> = deltas(&answer.reasoning).into_iter().map(thought).collect();
        parts.extend(deltas(&spoken).into_iter().map(|piece| json!({"text": piece})));
        parts.extend(answer.tools.iter().map(call));
        let mut documents = Vec::new();
        let choices = answer.choices(question.choices);
        let last = parts.len().saturating_sub(1);
        for (at, part) in parts.iter().enumerate() {
            for index in 0..choices {
                let stop = (at == last).then(|| answer.stop(&STOPS));
                let ends = at == last && index + 1 == choices;
                let usage = if ends { usage(question, answer) } else { usage_so_far(question) };
                documents.push(document(question, json!([candidate(index, &json!([part]), stop)]), usage));
            }
        }
        if question.path.ends_with("?alt=sse") {
            return documents.iter().map(|document| Bytes::from(format!("data: {document}\r\n\r\n"))).collect();
        }
        let end = documents.len().saturating_sub(1);
        let framed = |(at, document): (usize, &Value)| {
            let (open, close) = (if at == 0 { "[" } else { ",\r\n" }, if at == end { "]" } else { "" });
            Bytes::from(format!("{open}{document}{close}"))
        };
        documents.iter().enumerate().map(framed).collect()
    }

    fn stream_content_type(&self, question: &Question) -> &'static str {
        if question.path.ends_with("?alt=sse") { "text/event-stream" } else { "application/json; charset=UTF-8" }
    }

    fn error(&self, status: StatusCode, message: &str) -> Value {
        let name = match status.as_u16() {
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            429 => "RESOURCE_EXHAUSTED",
            503 => "UNAVAILABLE",
            500.. => "INTERNAL",
            _ => "INVALID_ARGUMENT",
        };
        json!({"error": {"code": status.as_u16(), "message": message, "status": name}})
    }
}

/// A list, or one that stands without its brackets.
fn listed(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        Value::Null => &[],
        one => std::slice::from_ref(one),
    }
}

fn thought(text: &str) -> Value {
    json!({"text": text, "thought": true})
}

fn call(call: &ToolCall) -> Value {
    json!({"functionCall": {"name": call.name, "args": call.arguments}})
}

fn candidate(index: usize, parts: &Value, stop: Option<&str>) -> Value {
    let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": index});
    if let Some(stop) = stop {
        candidate["finishReason"] = json!(stop);
    }
    candidate
}

fn document(question: &Question, candidates: Value, usage: Value) -> Value {
    json!({"candidates": candidates, "usageMetadata": usage, "modelVersion": question.model,
        "responseId": question.id("")})
}

fn usage_so_far(question: &Question) -> Value {
    json!({"promptTokenCount": question.input_tokens(), "totalTokenCount": question.input_tokens()})
}

fn usage(question: &Question, answer: &Answer) -> Value {
    let choices = answer.choices(question.choices);
    let (input, thoughts) = (question.input_tokens(), answer.reasoning_tokens() * choices);
    let output = answer.output_tokens() * choices;
    let mut usage = json!({"promptTokenCount": input, "candidatesTokenCount": output - thoughts,
        "totalTokenCount": input + output,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": input}]});
    if thoughts > 0 {
        usage["thoughtsTokenCount"] = json!(thoughts);
    }
    usage
}
