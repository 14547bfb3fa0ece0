//! OpenAI Responses: `POST …/responses` (<https://platform.openai.com/docs/api-reference/responses>), also
//! `…/responses/input_tokens` and `…/responses/compact`.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, deltas};
use super::dialect::{Asked, Dialect, Question};
use super::{framing, openai_chat};

pub(crate) struct OpenAiResponses;

impl Dialect for OpenAiResponses {
    fn speaks(&self, path: &str) -> bool {
        ["/responses", "/responses/input_tokens", "/responses/compact"].iter().any(|end| path.ends_with(end))
    }

    fn read(&self, asked: &Asked<'_>, body: &Value) -> Result<Question, String> {
        let mut question = Question::new(asked, body);
        question.stream &= asked.path.ends_with("/responses");
        match body.get("input") {
            Some(Value::Array(items)) => {
                for item in items {
                    question.hear(item["role"] == "user", &item["content"]);
                    question.hear(false, &item["output"]);
                }
            }
            Some(text @ Value::String(_)) => question.hear(true, text),
            None if body.get("prompt").is_some() => {}
            _ => return Err("input: a string or an array is required".into()),
        }
        question.hear(false, &body["instructions"]);
        Ok(question)
    }

    fn whole(&self, question: &Question, answer: &Answer) -> Value {
        if question.path.ends_with("/input_tokens") {
            return json!({"object": "response.input_tokens", "input_tokens": question.input_tokens()});
        }
        if question.path.ends_with("/compact") {
            let item = json!({"type": "compaction", "id": question.id("cmp_"), "encrypted_content": "gAAAAA=="});
            return json!({"id": question.id("resp_"), "object": "response.compaction", "created_at": question.created,
                "output": [item], "usage": usage(question, answer)});
        }
        let output = items(question, answer).iter().map(Item::done).collect();
        response(question, "completed", output, usage(question, answer))
    }

    fn events(&self, question: &Question, answer: &Answer) -> Vec<Bytes> {
        let mut stream = Stream::default();
        for kind in ["response.created", "response.in_progress"] {
            let begun = response(question, "in_progress", json!([]), Value::Null);
            stream.push(kind, json!({"response": begun}));
        }
        let items = items(question, answer);
        for (index, item) in items.iter().enumerate() {
            stream.item(index, item);
        }
        let output = items.iter().map(Item::done).collect();
        let done = response(question, "completed", output, usage(question, answer));
        stream.push("response.completed", json!({"response": done}));
        stream.events
    }

    fn error(&self, status: StatusCode, message: &str) -> Value {
        openai_chat::error(status, message)
    }
}

/// One item of the output.
enum Item {
    Reasoning {
        id: String,
        summary: String,
    },
    /// `refusal` says which of the two kinds of part it is.
    Message {
        id: String,
        text: String,
        refusal: bool,
    },
    Call {
        id: String,
        call_id: String,
        name: String,
        arguments: String,
    },
}

fn items(question: &Question, answer: &Answer) -> Vec<Item> {
    let mut items = Vec::new();
    if !answer.reasoning.is_empty() {
        items.push(Item::Reasoning { id: question.id("rs_"), summary: answer.reasoning.clone() });
    }
    if !answer.refusal.is_empty() {
        items.push(Item::Message { id: question.id("msg_"), text: answer.refusal.clone(), refusal: true });
    } else if !answer.text.is_empty() {
        items.push(Item::Message { id: question.id("msg_"), text: answer.text.clone(), refusal: false });
    }
    for (index, call) in answer.tools.iter().enumerate() {
        let (id, call_id) = (format!("{}{index}", question.id("fc_")), format!("{}{index}", question.id("call_")));
        let (name, arguments) = (call.name.clone(), call.arguments.to_string());
        items.push(Item::Call { id, call_id, name, arguments });
    }
    items
}

impl Item {
    fn id(&self) -> &str {
        let (Self::Reasoning { id, .. } | Self::Message { id, .. } | Self::Call { id, .. }) = self;
        id
    }

    /// The item as it is announced: nothing of its text is there yet.
    fn begun(&self) -> Value {
        match self {
            Self::Reasoning { id, .. } => json!({"id": id, "type": "reasoning", "summary": []}),
            Self::Message { id, .. } => {
                json!({"id": id, "type": "message", "status": "in_progress", "role": "assistant", "content": []})
            }
            Self::Call { id, call_id, name, .. } => json!({"id": id, "type": "function_call",
                "status": "in_progress", "call_id": call_id, "name": name, "arguments": ""}),
        }
    }

    fn done(&self) -> Value {
        match self {
            Self::Reasoning { id, summary } => {
                json!({"id": id, "type": "reasoning", "summary": [{"type": "summary_text", "text": summary}]})
            }
            Self::Message { id, text, refusal } => json!({"id": id, "type": "message", "status": "completed",
                "role": "assistant", "content": [part(text, *refusal)]}),
            Self::Call { id, call_id, name, arguments } => json!({"id": id, "type": "function_call",
                "status": "completed", "call_id": call_id, "name": name, "arguments": arguments}),
        }
    }
}

fn part(text: &str, refusal: bool) -> Value {
    if refusal {
        json!({"type": "refusal", "refusal": text})
    } else {
        json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
    }
}

/// Events with their numbers, which count from 0 without a gap.
#[derive(Default)]
struct Stream {
    events: Vec<Bytes>,
}

impl Stream {
    fn push(&mut self, kind: &str, more: Value) {
        let mut event = json!({"type": kind, "sequence_number": self.events.len()});
        for (key, value) in more.as_object().into_iter().flatten() {
            event[key] = value.clone();
        }
        self.events.push(framing::typed(&event));
    }

    fn item(&mut self, index: usize, item: &Item) {
        let at = |more: Value| {
            let mut place = json!({"item_id": item.id(), "output_index": index});
            for (key, value) in more.as_object().into_iter().flatten() {
                place[key] = value.clone();
            }
            place
        };
        self.push("response.output_item.added", json!({"output_index": index, "item": item.begun()}));
        match item {
            Item::Reasoning { summary, .. } => {
                let part = |text: &str| json!({"summary_index": 0, "part": {"type": "summary_text", "text": text}});
                self.push("response.reasoning_summary_part.added", at(part("")));
                for piece in deltas(summary) {
                    let delta = at(json!({"summary_index": 0, "delta": piece}));
                    self.push("response.reasoning_summary_text.delta", delta);
                }
                self.push("response.reasoning_summary_text.done", at(json!({"summary_index": 0, "text": summary})));
                self.push("response.reasoning_summary_part.done", at(part(summary)));
            }
            Item::Message { text, refusal, .. } => {
                let part = |text: &str| json!({"content_index": 0, "part": part(text, *refusal)});
                self.push("response.content_part.added", at(part("")));
                for piece in deltas(text) {
                    match refusal {
                        true => {
                            self.push("response.refusal.delta", at(json!({"content_index": 0, "delta": piece})));
                        }
                        false => {
                            let delta = at(json!({"content_index": 0, "delta": piece, "logprobs": []}));
                            self.push("response.output_text.delta", delta);
                        }
                    }
                }
                match refusal {
                    true => self.push("response.refusal.done", at(json!({"content_index": 0, "refusal": text}))),
                    false => {
                        let done = at(json!({"content_index": 0, "text": text, "logprobs": []}));
                        self.push("response.output_text.done", done);
                    }
                }
                self.push("response.content_part.done", at(part(text)));
            }
            Item::Call { arguments, name, .. } => {
                for piece in deltas(arguments) {
                    self.push("response.function_call_arguments.delta", at(json!({"delta": piece})));
                }
                let done = at(json!({"name": name, "arguments": arguments}));
                self.push("response.function_call_arguments.done", done);
            }
        }
        self.push("response.output_item.done", json!({"output_index": index, "item": item.done()}));
    }
}

fn response(question: &Question, status: &str, output: Value, usage: Value) -> Value {
    let body = &question.body;
    json!({
        "id": question.id("resp_"), "object": "response", "created_at": question.created, "status": status,
        "background": false, "error": null, "incomplete_details": null, "instructions": body["instructions"],
        "max_output_tokens": null, "model": question.model, "output": output, "parallel_tool_calls": true,
        "previous_response_id": null, "reasoning": {"effort": null, "summary": null}, "service_tier": "default",
        "store": false, "temperature": 1.0, "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [],
        "top_p": 1.0, "truncation": "disabled", "usage": usage, "user": null, "metadata": {},
    })
}

fn usage(question: &Question, answer: &Answer) -> Value {
    let (input, output) = (question.input_tokens(), answer.output_tokens());
    json!({
        "input_tokens": input, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": answer.reasoning_tokens()}, "total_tokens": input + output,
    })
}
