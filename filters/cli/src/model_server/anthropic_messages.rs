//! Anthropic Messages: `POST …/messages` (<https://docs.anthropic.com/en/api/messages>) and
//! `POST …/messages/count_tokens`.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, Stops, ToolCall, deltas};
use super::dialect::{Asked, Dialect, Question};
use super::framing;

pub(crate) struct AnthropicMessages;

const STOPS: Stops = Stops { end: "end_turn", tools: "tool_use", refused: "refusal" };

impl Dialect for AnthropicMessages {
    fn speaks(&self, path: &str) -> bool {
        path.ends_with("/v1/messages") || path.ends_with("/v1/messages/count_tokens")
    }

    fn read(&self, asked: &Asked<'_>, body: &Value) -> Result<Question, String> {
        body.get("model").and_then(Value::as_str).ok_or("model: Field required")?;
        let mut question = read(asked, body)?;
        question.stream &= asked.path.ends_with("/messages");
        Ok(question)
    }

    fn whole(&self, question: &Question, answer: &Answer) -> Value {
        if question.path.ends_with("/count_tokens") {
            return json!({"input_tokens": question.input_tokens()});
        }
        whole(question, answer)
    }

    fn events(&self, question: &Question, answer: &Answer) -> Vec<Bytes> {
        documents(question, answer).iter().map(framing::typed).collect()
    }

    fn error(&self, status: StatusCode, message: &str) -> Value {
        let kind = match status.as_u16() {
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            529 => "overloaded_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        };
        json!({"type": "error", "error": {"type": kind, "message": message}})
    }
}

/// Reads a request; other vendors carry the same without a `model`.
pub(super) fn read(asked: &Asked<'_>, body: &Value) -> Result<Question, String> {
    let messages = body.get("messages").and_then(Value::as_array).ok_or("messages: Field required")?;
    let mut question = Question::new(asked, body);
    question.hear(false, &body["system"]);
    question.hear_messages(messages);
    Ok(question)
}

/// The answer in one document.
pub(super) fn whole(question: &Question, answer: &Answer) -> Value {
    let blocks = blocks(question, answer).iter().map(Block::whole).collect();
    message(question, blocks, json!(answer.stop(&STOPS)), answer.output_tokens())
}

/// The documents of the stream, each with its `type`.
pub(super) fn documents(question: &Question, answer: &Answer) -> Vec<Value> {
    let mut events = vec![
        json!({"type": "message_start", "message": message(question, json!([]), Value::Null, 1)}),
        json!({"type": "ping"}),
    ];
    for (index, block) in blocks(question, answer).iter().enumerate() {
        events.push(json!({"type": "content_block_start", "index": index, "content_block": block.begun()}));
        for delta in block.deltas() {
            events.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
        }
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    events.push(json!({
        "type": "message_delta",
        "delta": {"stop_reason": answer.stop(&STOPS), "stop_sequence": null},
        "usage": {"output_tokens": answer.output_tokens()},
    }));
    events.push(json!({"type": "message_stop"}));
    events
}

enum Block<'a> {
    Thinking(&'a str),
    Text(String),
    ToolUse(String, &'a ToolCall),
}

fn blocks<'a>(question: &Question, answer: &'a Answer) -> Vec<Block<'a>> {
    let mut blocks = Vec::new();
    if !answer.reasoning.is_empty() {
        blocks.push(Block::Thinking(&answer.reasoning));
    }
    let spoken = answer.spoken();
    if !spoken.is_empty() {
        blocks.push(Block::Text(spoken));
    }
    let id = |index: usize| format!("{}{index}", question.id("toolu_"));
    blocks.extend(answer.tools.iter().enumerate().map(|(index, call)| Block::ToolUse(id(index), call)));
    blocks
}

const SIGNATURE: &str = "EqQBCkYIAxgC";

impl Block<'_> {
    fn whole(&self) -> Value {
        match self {
            Self::Thinking(text) => json!({"type": "thinking", "thinking": text, "signature": SIGNATURE}),
            Self::Text(text) => json!({"type": "text", "text": text}),
            Self::ToolUse(id, call) => {
                json!({"type": "tool_use", "id": id, "name": call.name, "input": call.arguments})
            }
        }
    }

    fn begun(&self) -> Value {
        match self {
            Self::Thinking(_) => json!({"type": "thinking", "thinking": "", "signature": ""}),
            Self::Text(_) => json!({"type": "text", "text": ""}),
            Self::ToolUse(id, call) => json!({"type": "tool_use", "id": id, "name": call.name, "input": {}}),
        }
    }

    fn deltas(&self) -> Vec<Value> {
        match self {
            Self::Thinking(text) => {
                let thought = |piece| json!({"type": "thinking_delta", "thinking": piece});
                let signature = json!({"type": "signature_delta", "signature": SIGNATURE});
                deltas(text).into_iter().map(thought).chain([signature]).collect()
            }
            Self::Text(text) => {
                deltas(text).into_iter().map(|piece| json!({"type": "text_delta", "text": piece})).collect()
            }
            Self::ToolUse(_, call) => {
                let arguments = call.arguments.to_string();
                let pieces = [""].into_iter().chain(deltas(&arguments));
                pieces.map(|piece| json!({"type": "input_json_delta", "partial_json": piece})).collect()
            }
        }
    }
}

fn message(question: &Question, content: Value, stop_reason: Value, output_tokens: usize) -> Value {
    json!({
        "id": question.id("msg_"), "type": "message", "role": "assistant", "model": question.model,
        "content": content, "stop_reason": stop_reason, "stop_sequence": null,
        "usage": {
            "input_tokens": question.input_tokens(), "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
            "output_tokens": output_tokens,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(body: &Value) -> Question {
        AnthropicMessages.read(&Asked { path: "/v1/messages", ..Asked::default() }, body).unwrap()
    }

    fn events(answer: &Answer) -> Vec<Value> {
        let body =
            json!({"model": "m", "max_tokens": 9, "stream": true, "messages": [{"role": "user", "content": "hi"}]});
        let question = ask(&body);
        let parse = |event: &Bytes| {
            let text = std::str::from_utf8(event).unwrap().to_owned();
            let (name, data) = text.strip_suffix("\n\n").unwrap().split_once('\n').unwrap();
            let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
            assert_eq!(name, format!("event: {}", data["type"].as_str().unwrap()));
            data
        };
        AnthropicMessages.events(&question, answer).iter().map(parse).collect()
    }

    #[test]
    fn the_stream_has_the_events_of_the_vendor_in_order() {
        let events = events(&Answer::text("one two"));
        let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(
            kinds,
            [
                "message_start",
                "ping",
                "content_block_start",
                "content_block_delta",
                "content_block_delta",
                "content_block_stop",
                "message_delta",
                "message_stop"
            ]
        );
        let text: String = events.iter().filter_map(|event| event.pointer("/delta/text")?.as_str()).collect();
        assert_eq!(text, "one two");
        assert_eq!(events[6]["usage"]["output_tokens"], 2);
    }

    #[test]
    fn tool_input_survives_the_stream() {
        let arguments = json!({"city": "Lviv"});
        let events = events(&Answer::tool("get_weather", arguments.clone()));
        let joined: String = events.iter().filter_map(|event| event.pointer("/delta/partial_json")?.as_str()).collect();
        assert_eq!(serde_json::from_str::<Value>(&joined).unwrap(), arguments);
        assert_eq!(events[events.len() - 2]["delta"]["stop_reason"], "tool_use");
    }

    #[test]
    fn system_and_tool_results_are_read() {
        let body = json!({"model": "m", "system": [{"type": "text", "text": "four"}], "messages": [
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "result"}]}]},
        ]});
        let question = ask(&body);
        assert_eq!(question.user_text, "result");
        assert_eq!(question.input_bytes, 10);
    }
}
