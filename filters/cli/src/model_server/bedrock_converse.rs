//! Bedrock Converse: `POST …/model/{model}/converse` and `…/converse-stream`
//! (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html>).

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, Stops, ToolCall, deltas};
use super::dialect::{Asked, Dialect, Question, percent_decoded};
use super::framing;

pub(crate) struct BedrockConverse;

const STOPS: Stops = Stops { end: "end_turn", tools: "tool_use", refused: "content_filtered" };

/// The model and the operation that a path names. A model may be an ARN with a slash, encoded or not.
pub(super) fn operation(path: &str) -> Option<(String, &str)> {
    let (before, operation) = path.rsplit_once('/')?;
    let model = before.rsplit_once("/model/").map(|(_, model)| percent_decoded(model))?;
    Some((model, operation))
}

impl Dialect for BedrockConverse {
    fn speaks(&self, path: &str) -> bool {
        operation(path).is_some_and(|(_, operation)| matches!(operation, "converse" | "converse-stream"))
    }

    fn read(&self, asked: &Asked<'_>, body: &Value) -> Result<Question, String> {
        let (model, operation) = operation(asked.path).ok_or("no model in the path")?;
        let mut question = Question { model, ..Question::new(asked, body) };
        question.stream = operation == "converse-stream";
        question.hear(false, &body["system"]);
        match body.get("messages").and_then(Value::as_array) {
            Some(messages) => question.hear_messages(messages),
            None if body.get("promptVariables").is_some() => {}
            None => return Err("The messages field is required.".into()),
        }
        Ok(question)
    }

    fn whole(&self, question: &Question, answer: &Answer) -> Value {
        json!({
            "metrics": {"latencyMs": 1}, "output": {"message": message(question, answer)},
            "stopReason": answer.stop(&STOPS), "usage": usage(question, answer),
        })
    }

    fn events(&self, question: &Question, answer: &Answer) -> Vec<Bytes> {
        documents(question, answer).iter().map(|(kind, document)| framing::amazon(kind, document)).collect()
    }

    fn stream_content_type(&self, _question: &Question) -> &'static str {
        "application/vnd.amazon.eventstream"
    }

    fn error(&self, _status: StatusCode, message: &str) -> Value {
        json!({"message": message})
    }

    fn error_type(&self, status: StatusCode) -> Option<&'static str> {
        Some(error_type(status))
    }
}

/// The message of the assistant, as Nova has it, too.
pub(super) fn message(question: &Question, answer: &Answer) -> Value {
    let mut content = Vec::new();
    if !answer.reasoning.is_empty() {
        let text = json!({"text": answer.reasoning, "signature": "EqQBCkYIAxgC"});
        content.push(json!({"reasoningContent": {"reasoningText": text}}));
    }
    if !answer.spoken().is_empty() {
        content.push(json!({"text": answer.spoken()}));
    }
    for (index, call) in answer.tools.iter().enumerate() {
        content.push(json!({"toolUse": {"toolUseId": tool_id(question, index), "name": call.name,
            "input": call.arguments}}));
    }
    json!({"role": "assistant", "content": content})
}

/// The stream as event types and documents.
pub(super) fn documents(question: &Question, answer: &Answer) -> Vec<(&'static str, Value)> {
    let mut events = vec![("messageStart", json!({"role": "assistant"}))];
    let mut index = 0_usize;
    let mut block = |start: Option<Value>, deltas: Vec<Value>| {
        // Only the block of a tool is announced.
        if let Some(start) = start {
            events.push(("contentBlockStart", json!({"contentBlockIndex": index, "start": start})));
        }
        for delta in deltas {
            events.push(("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta})));
        }
        events.push(("contentBlockStop", json!({"contentBlockIndex": index})));
        index += 1;
    };
    if !answer.reasoning.is_empty() {
        let mut pieces: Vec<Value> =
            deltas(&answer.reasoning).into_iter().map(|piece| json!({"reasoningContent": {"text": piece}})).collect();
        pieces.push(json!({"reasoningContent": {"signature": "EqQBCkYIAxgC"}}));
        block(None, pieces);
    }
    if !answer.spoken().is_empty() {
        block(None, deltas(&answer.spoken()).into_iter().map(|piece| json!({"text": piece})).collect());
    }
    for (at, call) in answer.tools.iter().enumerate() {
        let ToolCall { name, arguments } = call;
        let start = json!({"toolUse": {"toolUseId": tool_id(question, at), "name": name}});
        let arguments = arguments.to_string();
        let pieces = deltas(&arguments).into_iter().map(|piece| json!({"toolUse": {"input": piece}})).collect();
        block(Some(start), pieces);
    }
    events.push(("messageStop", json!({"stopReason": answer.stop(&STOPS)})));
    let metadata = json!({"metrics": {"latencyMs": 1}, "usage": usage(question, answer)});
    events.push(("metadata", metadata));
    events
}

fn tool_id(question: &Question, index: usize) -> String {
    format!("{}{index}", question.id("tooluse_"))
}

pub(super) fn usage(question: &Question, answer: &Answer) -> Value {
    let (input, output) = (question.input_tokens(), answer.output_tokens());
    json!({"inputTokens": input, "outputTokens": output, "totalTokens": input + output})
}

/// Source: AWS, Bedrock Runtime API reference, "Common errors" and the errors of Converse.
pub(super) fn error_type(status: StatusCode) -> &'static str {
    match status.as_u16() {
        403 => "AccessDeniedException",
        404 => "ResourceNotFoundException",
        408 => "ModelTimeoutException",
        424 => "ModelErrorException",
        429 => "ThrottlingException",
        503 => "ServiceUnavailableException",
        500.. => "InternalServerException",
        _ => "ValidationException",
    }
}
