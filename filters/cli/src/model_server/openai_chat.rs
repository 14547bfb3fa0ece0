//! OpenAI chat completions: `POST …/chat/completions`
//! (<https://platform.openai.com/docs/api-reference/chat>).

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::dialect::{Answer, Dialect, Question, content_text, deltas};

pub(crate) struct OpenAiChat;

impl Dialect for OpenAiChat {
    fn speaks(&self, method: &Method, path: &str) -> bool {
        method == Method::POST && path.ends_with("/chat/completions")
    }

    fn read(&self, _path: &str, body: &Value) -> Result<Question, String> {
        let messages = body.get("messages").and_then(Value::as_array).ok_or("messages: an array is required")?;
        let mut question = Question {
            model: body.get("model").and_then(Value::as_str).ok_or("model: a string is required")?.to_owned(),
            stream: body.get("stream").and_then(Value::as_bool).unwrap_or(false),
            include_usage: body.pointer("/stream_options/include_usage").and_then(Value::as_bool).unwrap_or(false),
            ..Question::default()
        };
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
        let (message, finish_reason) = match answer {
            Answer::Text(text) => {
                (json!({"role": "assistant", "content": text, "refusal": null, "annotations": []}), "stop")
            }
            Answer::ToolCall { name, arguments } => (
                json!({
                    "role": "assistant", "content": null,
                    "tool_calls": [{
                        "id": call_id(question), "type": "function",
                        "function": {"name": name, "arguments": arguments.to_string()},
                    }],
                    "refusal": null, "annotations": [],
                }),
                "tool_calls",
            ),
        };
        json!({
            "id": completion_id(question), "object": "chat.completion", "created": question.created,
            "model": question.model,
            "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason}],
            "usage": usage(question, answer),
            "service_tier": "default", "system_fingerprint": FINGERPRINT,
        })
    }

    fn events(&self, question: &Question, answer: &Answer) -> Vec<Bytes> {
        let mut events = Vec::new();
        let mut push = |choices: Value, usage: Value| {
            let mut chunk = json!({
                "id": completion_id(question), "object": "chat.completion.chunk", "created": question.created,
                "model": question.model, "service_tier": "default", "system_fingerprint": FINGERPRINT,
                "choices": choices,
            });
            // The key is there, null, in every chunk but the last, and only when usage was asked for.
            if question.include_usage {
                chunk["usage"] = usage;
            }
            events.push(Bytes::from(format!("data: {chunk}\n\n")));
        };
        let choice = |delta: Value, finish: Value| json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]);
        match answer {
            Answer::Text(text) => {
                push(choice(json!({"role": "assistant", "content": "", "refusal": null}), Value::Null), Value::Null);
                for piece in deltas(text) {
                    push(choice(json!({"content": piece}), Value::Null), Value::Null);
                }
                push(choice(json!({}), json!("stop")), Value::Null);
            }
            Answer::ToolCall { name, arguments } => {
                let call = json!([{"index": 0, "id": call_id(question), "type": "function", "function": {"name": name, "arguments": ""}}]);
                let first = json!({"role": "assistant", "content": null, "tool_calls": call, "refusal": null});
                push(choice(first, Value::Null), Value::Null);
                for piece in deltas(&arguments.to_string()) {
                    let call = json!([{"index": 0, "function": {"arguments": piece}}]);
                    push(choice(json!({"tool_calls": call}), Value::Null), Value::Null);
                }
                push(choice(json!({}), json!("tool_calls")), Value::Null);
            }
        }
        if question.include_usage {
            push(json!([]), usage(question, answer));
        }
        events.push(Bytes::from_static(b"data: [DONE]\n\n"));
        events
    }

    fn error(&self, status: StatusCode, message: &str) -> Value {
        let kind = match status.as_u16() {
            401 => "authentication_error",
            429 => "rate_limit_error",
            500.. => "server_error",
            _ => "invalid_request_error",
        };
        json!({"error": {"message": message, "type": kind, "param": null, "code": null}})
    }
}

const FINGERPRINT: &str = "fp_portcullis";

fn completion_id(question: &Question) -> String {
    format!("chatcmpl-{:024}", question.serial)
}

fn call_id(question: &Question) -> String {
    format!("call_{:024}", question.serial)
}

fn usage(question: &Question, answer: &Answer) -> Value {
    let (input, output) = (question.input_tokens(), answer.output_tokens());
    json!({
        "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(body: Value) -> Question {
        OpenAiChat.read("/v1/chat/completions", &body).unwrap()
    }

    fn chunks(question: &Question, answer: &Answer) -> Vec<Value> {
        let events = OpenAiChat.events(question, answer);
        let (done, chunks) = events.split_last().unwrap();
        assert_eq!(done, "data: [DONE]\n\n");
        chunks
            .iter()
            .map(|event| {
                let text = std::str::from_utf8(event).unwrap();
                serde_json::from_str(text.strip_prefix("data: ").unwrap().strip_suffix("\n\n").unwrap()).unwrap()
            })
            .collect()
    }

    #[test]
    fn the_last_user_text_counts() {
        let question = ask(json!({"model": "m", "messages": [
            {"role": "system", "content": "four"}, {"role": "user", "content": "first"},
            {"role": "assistant", "content": null},
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            {"role": "tool", "tool_call_id": "x", "content": "later"},
        ]}));
        assert_eq!(question.user_text, "a\nb");
        assert_eq!(question.input_bytes, 4 + 5 + 2 + 5);
        assert!(!question.stream);
    }

    #[test]
    fn the_stream_carries_the_text_and_usage_only_when_asked() {
        let body = json!({"model": "m", "stream": true, "messages": []});
        let answer = Answer::Text("one two".into());
        let plain = chunks(&ask(body.clone()), &answer);
        assert!(plain.iter().all(|chunk| chunk.get("usage").is_none()));
        assert_eq!(plain[0]["choices"][0]["delta"]["role"], "assistant");
        assert_eq!(plain.last().unwrap()["choices"][0]["finish_reason"], "stop");

        let mut body = body;
        body["stream_options"] = json!({"include_usage": true});
        let with_usage = chunks(&ask(body), &answer);
        let (last, before) = with_usage.split_last().unwrap();
        assert!(before.iter().all(|chunk| chunk["usage"].is_null()));
        assert_eq!(last["choices"], json!([]));
        assert_eq!(last["usage"]["completion_tokens"], 2);
        let text: String = before.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
        assert_eq!(text, "one two");
    }

    #[test]
    fn tool_arguments_survive_the_stream() {
        let arguments = json!({"city": "Lviv", "unit": "C"});
        let answer = Answer::ToolCall { name: "get_weather".into(), arguments: arguments.clone() };
        let chunks = chunks(&ask(json!({"model": "m", "stream": true, "messages": []})), &answer);
        let joined: String = chunks
            .iter()
            .filter_map(|chunk| chunk.pointer("/choices/0/delta/tool_calls/0/function/arguments")?.as_str())
            .collect();
        assert_eq!(serde_json::from_str::<Value>(&joined).unwrap(), arguments);
        assert_eq!(chunks.last().unwrap()["choices"][0]["finish_reason"], "tool_calls");
    }
}
