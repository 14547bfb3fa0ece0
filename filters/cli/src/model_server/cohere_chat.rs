//! Cohere chat: `POST …/v2/chat`, streamed as server-sent events, and `POST …/v1/chat`, streamed as JSON lines
//! (<https://docs.cohere.com/reference/chat>, <https://docs.cohere.com/v1/reference/chat>).

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, Stops, ToolCall, deltas};
use super::dialect::{Asked, Dialect, Question};
use super::framing;

pub(crate) struct CohereChat;

const STOPS: Stops = Stops { end: "COMPLETE", tools: "TOOL_CALL", refused: "COMPLETE" };

fn is_first(question: &Question) -> bool {
    question.path.ends_with("/v1/chat")
}

impl Dialect for CohereChat {
    fn speaks(&self, path: &str) -> bool {
        path.ends_with("/v1/chat") || path.ends_with("/v2/chat")
    }

    fn read(&self, asked: &Asked<'_>, body: &Value) -> Result<Question, String> {
        let mut question = Question::new(asked, body);
        if is_first(&question) {
            let message = body.get("message").ok_or("message: a string is required")?;
            for turn in body["chat_history"].as_array().into_iter().flatten() {
                question.hear(false, &turn["message"]);
            }
            question.hear(false, &body["preamble"]);
            question.hear(true, message);
        } else {
            question.hear_messages(body["messages"].as_array().ok_or("messages: an array is required")?);
        }
        Ok(question)
    }

    fn whole(&self, question: &Question, answer: &Answer) -> Value {
        if is_first(question) {
            return first_whole(question, answer);
        }
        let mut content = Vec::new();
        if !answer.reasoning.is_empty() {
            content.push(json!({"type": "thinking", "thinking": answer.reasoning}));
        }
        if !answer.spoken().is_empty() {
            content.push(json!({"type": "text", "text": answer.spoken()}));
        }
        let mut message = json!({"role": "assistant", "content": content});
        if !answer.tools.is_empty() {
            let calls = answer.tools.iter().enumerate();
            message["tool_calls"] = calls.map(|(at, call)| tool_call(at, call, true)).collect();
            message["tool_plan"] = json!("I will call a tool.");
        }
        json!({"id": question.id("c-"), "message": message, "finish_reason": answer.stop(&STOPS),
            "usage": usage(question, answer)})
    }

    fn events(&self, question: &Question, answer: &Answer) -> Vec<Bytes> {
        if is_first(question) {
            return first_events(question, answer);
        }
        let message = json!({"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []});
        let mut events = vec![json!({"type": "message-start", "id": question.id("c-"), "delta": {"message": message}})];
        let mut index = 0_usize;
        for (kind, text) in [("thinking", &answer.reasoning), ("text", &answer.spoken())] {
            if text.is_empty() {
                continue;
            }
            let content = |content: Value| json!({"message": {"content": content}});
            let start = content(json!({"type": kind, kind: ""}));
            events.push(json!({"type": "content-start", "index": index, "delta": start}));
            for piece in deltas(text) {
                events.push(json!({"type": "content-delta", "index": index, "delta": content(json!({kind: piece}))}));
            }
            events.push(json!({"type": "content-end", "index": index}));
            index += 1;
        }
        if !answer.tools.is_empty() {
            for piece in deltas("I will call a tool.") {
                events.push(json!({"type": "tool-plan-delta", "delta": {"message": {"tool_plan": piece}}}));
            }
        }
        for (at, call) in answer.tools.iter().enumerate() {
            let start = json!({"message": {"tool_calls": tool_call(at, call, false)}});
            events.push(json!({"type": "tool-call-start", "index": at, "delta": start}));
            for piece in deltas(&call.arguments.to_string()) {
                let delta = json!({"message": {"tool_calls": {"function": {"arguments": piece}}}});
                events.push(json!({"type": "tool-call-delta", "index": at, "delta": delta}));
            }
            events.push(json!({"type": "tool-call-end", "index": at}));
        }
        let end = json!({"finish_reason": answer.stop(&STOPS), "usage": usage(question, answer)});
        events.push(json!({"type": "message-end", "delta": end}));
        events.iter().map(framing::typed).collect()
    }

    fn stream_content_type(&self, question: &Question) -> &'static str {
        if is_first(question) { "application/stream+json" } else { "text/event-stream" }
    }

    fn error(&self, _status: StatusCode, message: &str) -> Value {
        json!({"message": message})
    }
}

fn tool_call(at: usize, call: &ToolCall, with_arguments: bool) -> Value {
    let arguments = if with_arguments { call.arguments.to_string() } else { String::new() };
    let id = format!("{}{at}", call.name);
    json!({"id": id, "type": "function", "function": {"name": call.name, "arguments": arguments}})
}

fn usage(question: &Question, answer: &Answer) -> Value {
    let tokens = json!({"input_tokens": question.input_tokens(), "output_tokens": answer.output_tokens()});
    json!({"billed_units": tokens, "tokens": tokens})
}

fn first_whole(question: &Question, answer: &Answer) -> Value {
    let mut document = json!({
        "response_id": question.id("r-"), "generation_id": question.id("g-"), "text": answer.spoken(),
        "chat_history": [
            {"role": "USER", "message": question.user_text}, {"role": "CHATBOT", "message": answer.spoken()},
        ],
        "finish_reason": "COMPLETE",
        "meta": {"api_version": {"version": "1"}, "billed_units": usage(question, answer)["tokens"],
            "tokens": usage(question, answer)["tokens"]},
    });
    if !answer.tools.is_empty() {
        document["tool_calls"] = first_calls(answer);
    }
    document
}

fn first_calls(answer: &Answer) -> Value {
    answer.tools.iter().map(|call| json!({"name": call.name, "parameters": call.arguments})).collect()
}

fn first_events(question: &Question, answer: &Answer) -> Vec<Bytes> {
    let start = json!({"is_finished": false, "event_type": "stream-start", "generation_id": question.id("g-")});
    let mut events = vec![start];
    for piece in deltas(&answer.spoken()) {
        events.push(json!({"is_finished": false, "event_type": "text-generation", "text": piece}));
    }
    if !answer.tools.is_empty() {
        let calls = first_calls(answer);
        events.push(json!({"is_finished": false, "event_type": "tool-calls-generation", "tool_calls": calls}));
    }
    events.push(json!({"is_finished": true, "event_type": "stream-end", "finish_reason": "COMPLETE",
        "response": first_whole(question, answer)}));
    events.iter().map(framing::line).collect()
}
