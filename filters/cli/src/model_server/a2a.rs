//! A2A: `POST …/a2a`, `message/send` and `message/stream` of version 0.3, `SendMessage` and `SendStreamingMessage` of
//! version 1.0 (<https://a2a-protocol.org/latest/specification/>).
//!
//! Plain text is answered with a message, a stream is a task: its thoughts are updates of its status, its text is an
//! artifact in pieces, the arguments of a tool are a part with data.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, deltas};
use super::dialect::{Asked, Dialect, Question, every_text};
use super::{framing, json_rpc};

pub(crate) struct A2a;

impl Dialect for A2a {
    fn speaks(&self, path: &str) -> bool {
        path.ends_with("/a2a")
    }

    fn read(&self, asked: &Asked<'_>, body: &Value) -> Result<Question, String> {
        json_rpc::check(body)?;
        let (messages, _) = json_rpc::messages(body);
        let mut question = Question::new(asked, body);
        question.stream = messages.first().is_some_and(|message| {
            matches!(message["method"].as_str(), Some("message/stream" | "SendStreamingMessage"))
        });
        let mut said = Vec::new();
        for message in messages {
            for part in message["params"]["message"]["parts"].as_array().into_iter().flatten() {
                every_text(&part["text"], &mut said);
                every_text(&part["data"], &mut said);
            }
        }
        question.hear(true, &json!(said));
        Ok(question)
    }

    fn whole(&self, question: &Question, answer: &Answer) -> Value {
        let (messages, batch) = json_rpc::messages(&question.body);
        let calls = messages.iter().filter(|message| json_rpc::is_call(message));
        let mut answers: Vec<Value> = calls.map(|call| answer_to(question, call, answer)).collect();
        match (answers.len(), batch) {
            (0, _) => Value::Null,
            (_, true) => json!(answers),
            (_, false) => answers.remove(0),
        }
    }

    fn events(&self, question: &Question, answer: &Answer) -> Vec<Bytes> {
        let (messages, _) = json_rpc::messages(&question.body);
        let Some(call) = messages.first() else { return Vec::new() };
        let version = Version::of(call);
        let sent = |document: Value| framing::data(&json_rpc::result(call, document));
        let mut events = vec![sent(version.task(question))];
        for piece in deltas(&answer.reasoning) {
            events.push(sent(version.status(question, "working", Some(piece), false)));
        }
        let mut parts: Vec<Value> = deltas(&answer.text).into_iter().map(|piece| version.text(piece)).collect();
        parts.extend(answer.tools.iter().map(|call| version.data(&call.arguments)));
        let last = parts.len().saturating_sub(1);
        for (at, part) in parts.into_iter().enumerate() {
            events.push(sent(version.artifact(question, &part, at > 0, at == last)));
        }
        let (state, why) = match answer.refusal.as_str() {
            "" => ("completed", None),
            why => ("rejected", Some(why)),
        };
        events.push(sent(version.status(question, state, why, true)));
        events
    }

    fn error(&self, status: StatusCode, message: &str) -> Value {
        let code = if status.is_server_error() { -32_603 } else { -32_600 };
        json_rpc::error(&Value::Null, code, message)
    }
}

fn answer_to(question: &Question, call: &Value, answer: &Answer) -> Value {
    let version = Version::of(call);
    match call["method"].as_str().unwrap_or_default() {
        "message/send" | "SendMessage" => {}
        "tasks/get" | "tasks/cancel" | "GetTask" | "CancelTask" => {
            return json_rpc::error(call, -32_001, "Task not found");
        }
        _ => return json_rpc::error(call, -32_601, "Method not found"),
    }
    let mut parts = Vec::new();
    if !answer.spoken().is_empty() {
        parts.push(version.text(&answer.spoken()));
    }
    parts.extend(answer.tools.iter().map(|call| version.data(&call.arguments)));
    json_rpc::result(call, version.message(question, &json!(parts)))
}

/// The two versions differ in the shapes of the same things.
#[derive(Clone, Copy)]
enum Version {
    /// 0.3: every object says its `kind`.
    Kinds,
    /// 1.0: objects are told apart by the name of their member; states and roles are those of Protocol Buffers.
    Names,
}

impl Version {
    fn of(call: &Value) -> Self {
        let method = call["method"].as_str().unwrap_or_default();
        if method.contains('/') { Self::Kinds } else { Self::Names }
    }

    fn text(self, text: &str) -> Value {
        match self {
            Self::Kinds => json!({"kind": "text", "text": text}),
            Self::Names => json!({"text": text}),
        }
    }

    fn data(self, data: &Value) -> Value {
        match self {
            Self::Kinds => json!({"kind": "data", "data": data}),
            Self::Names => json!({"data": data}),
        }
    }

    fn bare_message(self, question: &Question, parts: &Value) -> Value {
        let (id, context) = (question.id("message-"), question.id("context-"));
        match self {
            Self::Kinds => json!({"kind": "message", "role": "agent", "messageId": id, "contextId": context,
                "parts": parts}),
            Self::Names => json!({"role": "ROLE_AGENT", "messageId": id, "contextId": context, "parts": parts}),
        }
    }

    fn message(self, question: &Question, parts: &Value) -> Value {
        match self {
            Self::Kinds => self.bare_message(question, parts),
            Self::Names => json!({"message": self.bare_message(question, parts)}),
        }
    }

    fn state(self, state: &str) -> String {
        match self {
            Self::Kinds => state.to_owned(),
            Self::Names => format!("TASK_STATE_{}", state.to_ascii_uppercase()),
        }
    }

    fn task(self, question: &Question) -> Value {
        let (id, context) = (question.id("task-"), question.id("context-"));
        let status = json!({"state": self.state("submitted"), "timestamp": question.created_at()});
        match self {
            Self::Kinds => json!({"kind": "task", "id": id, "contextId": context, "status": status}),
            Self::Names => json!({"task": {"id": id, "contextId": context, "status": status}}),
        }
    }

    fn status(self, question: &Question, state: &str, text: Option<&str>, ends: bool) -> Value {
        let (id, context) = (question.id("task-"), question.id("context-"));
        let mut status = json!({"state": self.state(state), "timestamp": question.created_at()});
        if let Some(text) = text {
            status["message"] = self.bare_message(question, &json!([self.text(text)]));
        }
        match self {
            Self::Kinds => json!({"kind": "status-update", "taskId": id, "contextId": context, "status": status,
                "final": ends}),
            Self::Names => json!({"statusUpdate": {"taskId": id, "contextId": context, "status": status}}),
        }
    }

    fn artifact(self, question: &Question, part: &Value, append: bool, last: bool) -> Value {
        let (id, context) = (question.id("task-"), question.id("context-"));
        let artifact = json!({"artifactId": question.id("artifact-"), "parts": [part]});
        let update = json!({"taskId": id, "contextId": context, "artifact": artifact, "append": append,
            "lastChunk": last});
        match self {
            Self::Kinds => {
                let mut update = update;
                update["kind"] = json!("artifact-update");
                update
            }
            Self::Names => json!({"artifactUpdate": update}),
        }
    }
}
