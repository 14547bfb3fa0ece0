//! Anthropic Messages: `POST …/v1/messages` (<https://docs.anthropic.com/en/api/messages>).

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::dialect::{Answer, Dialect, Question, content_text, deltas};

pub(crate) struct AnthropicMessages;

impl Dialect for AnthropicMessages {
    fn speaks(&self, method: &Method, path: &str) -> bool {
        method == Method::POST && path.ends_with("/v1/messages")
    }

    fn read(&self, _path: &str, body: &Value) -> Result<Question, String> {
        let messages = body.get("messages").and_then(Value::as_array).ok_or("messages: Field required")?;
        let mut question = Question {
            model: body.get("model").and_then(Value::as_str).ok_or("model: Field required")?.to_owned(),
            stream: body.get("stream").and_then(Value::as_bool).unwrap_or(false),
            ..Question::default()
        };
        let mut system = Vec::new();
        if let Some(content) = body.get("system") {
            content_text(content, &mut system);
        }
        question.input_bytes = system.iter().map(String::len).sum();
        for message in messages {
            let mut texts = Vec::new();
            if let Some(content) = message.get("content") {
                content_text(content, &mut texts);
            }
            question.input_bytes += texts.iter().map(String::len).sum::<usize>();
            if message.get("role").and_then(Value::as_str) == Some("user") {
                question.user_text = texts.join("\n");
            }
        }
        Ok(question)
    }

    fn whole(&self, question: &Question, answer: &Answer) -> Value {
        let block = match answer {
            Answer::Text(text) => json!({"type": "text", "text": text}),
            Answer::ToolCall { name, arguments } => {
                json!({"type": "tool_use", "id": tool_id(question), "name": name, "input": arguments})
            }
        };
        message(question, json!([block]), json!(stop_reason(answer)), answer.output_tokens())
    }

    fn events(&self, question: &Question, answer: &Answer) -> Vec<Bytes> {
        let mut events = Vec::new();
        let mut push = |data: Value| {
            let name = data["type"].as_str().unwrap_or_default();
            events.push(Bytes::from(format!("event: {name}\ndata: {data}\n\n")));
        };
        let delta = |delta: Value| json!({"type": "content_block_delta", "index": 0, "delta": delta});
        push(json!({"type": "message_start", "message": message(question, json!([]), Value::Null, 1)}));
        match answer {
            Answer::Text(text) => {
                push(json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}));
                push(json!({"type": "ping"}));
                for piece in deltas(text) {
                    push(delta(json!({"type": "text_delta", "text": piece})));
                }
            }
            Answer::ToolCall { name, arguments } => {
                let block = json!({"type": "tool_use", "id": tool_id(question), "name": name, "input": {}});
                push(json!({"type": "content_block_start", "index": 0, "content_block": block}));
                push(json!({"type": "ping"}));
                push(delta(json!({"type": "input_json_delta", "partial_json": ""})));
                for piece in deltas(&arguments.to_string()) {
                    push(delta(json!({"type": "input_json_delta", "partial_json": piece})));
                }
            }
        }
        push(json!({"type": "content_block_stop", "index": 0}));
        push(json!({
            "type": "message_delta",
            "delta": {"stop_reason": stop_reason(answer), "stop_sequence": null},
            "usage": {"output_tokens": answer.output_tokens()},
        }));
        push(json!({"type": "message_stop"}));
        events
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

fn message(question: &Question, content: Value, stop_reason: Value, output_tokens: usize) -> Value {
    json!({
        "id": format!("msg_{:024}", question.serial), "type": "message", "role": "assistant", "model": question.model,
        "content": content, "stop_reason": stop_reason, "stop_sequence": null,
        "usage": {
            "input_tokens": question.input_tokens(), "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
            "output_tokens": output_tokens,
        },
    })
}

fn stop_reason(answer: &Answer) -> &'static str {
    match answer {
        Answer::Text(_) => "end_turn",
        Answer::ToolCall { .. } => "tool_use",
    }
}

fn tool_id(question: &Question) -> String {
    format!("toolu_{:024}", question.serial)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(answer: &Answer) -> Vec<Value> {
        let body =
            json!({"model": "m", "max_tokens": 9, "stream": true, "messages": [{"role": "user", "content": "hi"}]});
        let question = AnthropicMessages.read("/v1/messages", &body).unwrap();
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
        let events = events(&Answer::Text("one two".into()));
        let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(
            kinds,
            [
                "message_start",
                "content_block_start",
                "ping",
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
        let events = events(&Answer::ToolCall { name: "get_weather".into(), arguments: arguments.clone() });
        let joined: String = events.iter().filter_map(|event| event.pointer("/delta/partial_json")?.as_str()).collect();
        assert_eq!(serde_json::from_str::<Value>(&joined).unwrap(), arguments);
        assert_eq!(events[events.len() - 2]["delta"]["stop_reason"], "tool_use");
    }

    #[test]
    fn system_and_tool_results_are_read() {
        let body = json!({"model": "m", "system": [{"type": "text", "text": "four"}], "messages": [
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "result"}]}]},
        ]});
        let question = AnthropicMessages.read("/v1/messages", &body).unwrap();
        assert_eq!(question.user_text, "result");
        assert_eq!(question.input_bytes, 10);
    }
}
