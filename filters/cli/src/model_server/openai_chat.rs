//! OpenAI chat completions: `POST …/chat/completions`
//! (<https://platform.openai.com/docs/api-reference/chat>). Reasoning is in `reasoning_content`, where servers of open
//! models put it.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, Stops, ToolCall, deltas};
use super::dialect::{Asked, Dialect, Question};
use super::framing;

pub(crate) struct OpenAiChat;

const STOPS: Stops = Stops { end: "stop", tools: "tool_calls", refused: "stop" };

impl Dialect for OpenAiChat {
    fn speaks(&self, path: &str) -> bool {
        path.ends_with("/chat/completions")
    }

    fn read(&self, asked: &Asked<'_>, body: &Value) -> Result<Question, String> {
        let messages = body.get("messages").and_then(Value::as_array).ok_or("messages: an array is required")?;
        body.get("model").and_then(Value::as_str).ok_or("model: a string is required")?;
        let mut question = Question::new(asked, body);
        read_options(&mut question, body);
        question.hear_messages(messages);
        Ok(question)
    }

    fn whole(&self, question: &Question, answer: &Answer) -> Value {
        let mut message = json!({"role": "assistant", "content": null, "refusal": null, "annotations": []});
        if !answer.text.is_empty() {
            message["content"] = json!(answer.text);
        }
        if !answer.refusal.is_empty() {
            message["refusal"] = json!(answer.refusal);
        }
        if !answer.reasoning.is_empty() {
            message["reasoning_content"] = json!(answer.reasoning);
        }
        if !answer.tools.is_empty() {
            let call = |(index, call): (usize, &ToolCall)| {
                let function = json!({"name": call.name, "arguments": call.arguments.to_string()});
                json!({"id": call_id(question, index), "type": "function", "function": function})
            };
            message["tool_calls"] = answer.tools.iter().enumerate().map(call).collect();
        }
        let choice = |index: usize| json!({"index": index, "message": message, "logprobs": null, "finish_reason": answer.stop(&STOPS)});
        let choices: Vec<Value> = (0..answer.choices(question.choices)).map(choice).collect();
        json!({
            "id": question.id("chatcmpl-"), "object": "chat.completion", "created": question.created,
            "model": question.model, "choices": choices, "usage": usage(question, answer),
            "service_tier": "default", "system_fingerprint": FINGERPRINT,
        })
    }

    fn events(&self, question: &Question, answer: &Answer) -> Vec<Bytes> {
        let mut events = Vec::new();
        let mut push = |choices: Value, usage: Value| {
            let mut chunk = json!({
                "id": question.id("chatcmpl-"), "object": "chat.completion.chunk", "created": question.created,
                "model": question.model, "service_tier": "default", "system_fingerprint": FINGERPRINT,
                "choices": choices,
            });
            // The key is there, null, in every chunk but the last, and only when usage was asked for.
            if question.include_usage {
                chunk["usage"] = usage;
            }
            events.push(framing::data(&chunk));
        };
        let mut steps = vec![(json!({"role": "assistant", "content": "", "refusal": null}), Value::Null)];
        steps.extend(steps_of(question, answer).into_iter().map(|delta| (delta, Value::Null)));
        steps.push((json!({}), json!(answer.stop(&STOPS))));
        // Choices come interleaved: a piece of each in turn.
        for (delta, finish) in steps {
            for index in 0..answer.choices(question.choices) {
                let choice = json!({"index": index, "delta": delta, "logprobs": null, "finish_reason": finish});
                push(json!([choice]), Value::Null);
            }
        }
        if question.include_usage {
            push(json!([]), usage(question, answer));
        }
        events.push(Bytes::from_static(b"data: [DONE]\n\n"));
        events
    }

    fn error(&self, status: StatusCode, message: &str) -> Value {
        error(status, message)
    }
}

/// The deltas between the first, which has the role, and the last, which has the reason of the end.
fn steps_of(question: &Question, answer: &Answer) -> Vec<Value> {
    let mut steps = Vec::new();
    for (key, text) in
        [("reasoning_content", &answer.reasoning), ("content", &answer.text), ("refusal", &answer.refusal)]
    {
        steps.extend(deltas(text).into_iter().map(|piece| json!({key: piece})));
    }
    for (index, call) in answer.tools.iter().enumerate() {
        let function = json!({"name": call.name, "arguments": ""});
        let first = json!({"index": index, "id": call_id(question, index), "type": "function", "function": function});
        steps.push(json!({"tool_calls": [first]}));
        for piece in deltas(&call.arguments.to_string()) {
            steps.push(json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}));
        }
    }
    steps
}

/// `n` and `stream_options`, which completions have as well.
pub(super) fn read_options(question: &mut Question, body: &Value) {
    question.include_usage = body.pointer("/stream_options/include_usage").and_then(Value::as_bool).unwrap_or(false);
    question.choices = body["n"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
}

/// The error of every path of this vendor.
pub(super) fn error(status: StatusCode, message: &str) -> Value {
    let kind = match status.as_u16() {
        401 => "authentication_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    };
    json!({"error": {"message": message, "type": kind, "param": null, "code": null}})
}

pub(super) const FINGERPRINT: &str = "fp_portcullis";

fn call_id(question: &Question, index: usize) -> String {
    format!("{}{index}", question.id("call_"))
}

/// Usage of completions and chat completions.
pub(super) fn usage(question: &Question, answer: &Answer) -> Value {
    let choices = answer.choices(question.choices);
    let (input, output) = (question.input_tokens(), answer.output_tokens() * choices);
    json!({
        "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": answer.reasoning_tokens() * choices, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(body: Value) -> Question {
        OpenAiChat.read(&Asked::default(), &body).unwrap()
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
        let answer = Answer::text("one two");
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
        let answer = Answer::tool("get_weather", arguments.clone());
        let chunks = chunks(&ask(json!({"model": "m", "stream": true, "messages": []})), &answer);
        let joined: String = chunks
            .iter()
            .filter_map(|chunk| chunk.pointer("/choices/0/delta/tool_calls/0/function/arguments")?.as_str())
            .collect();
        assert_eq!(serde_json::from_str::<Value>(&joined).unwrap(), arguments);
        assert_eq!(chunks.last().unwrap()["choices"][0]["finish_reason"], "tool_calls");
    }

    #[test]
    fn choices_are_interleaved() {
        let chunks = chunks(&ask(json!({"model": "m", "stream": true, "n": 2, "messages": []})), &Answer::text("a b"));
        let order: Vec<_> = chunks.iter().map(|chunk| chunk["choices"][0]["index"].as_u64().unwrap()).collect();
        assert_eq!(order, [0, 1, 0, 1, 0, 1, 0, 1]);
    }
}
