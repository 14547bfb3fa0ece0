//! MCP over streamable HTTP: `POST …/mcp` (<https://modelcontextprotocol.io/specification>). What a client that accepts
//! server-sent events asks is answered as a stream, anything else as one document; what is no call is accepted with 202.
//!
//! The words of the script are taken from the arguments of a tool or a prompt, and from the address of a resource.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::Answer;
use super::dialect::{Asked, Dialect, Question, every_text, percent_decoded};
use super::{framing, json_rpc};

pub(crate) struct Mcp;

impl Dialect for Mcp {
    fn speaks(&self, path: &str) -> bool {
        path.ends_with("/mcp")
    }

    fn read(&self, asked: &Asked<'_>, body: &Value) -> Result<Question, String> {
        json_rpc::check(body)?;
        let (messages, _) = json_rpc::messages(body);
        let mut question = Question::new(asked, body);
        question.stream = asked.accepts_events && messages.iter().any(json_rpc::is_call);
        let mut said = Vec::new();
        for message in messages {
            every_text(&message["params"]["arguments"], &mut said);
            every_text(&message["params"]["argument"]["value"], &mut said);
            every_text(&message["params"]["messages"], &mut said);
            said.extend(message["params"]["uri"].as_str().map(percent_decoded));
        }
        question.hear(true, &json!(said));
        Ok(question)
    }

    fn whole(&self, question: &Question, answer: &Answer) -> Value {
        let (_, batch) = json_rpc::messages(&question.body);
        let mut answers = answers(question, answer);
        match (answers.len(), batch) {
            (0, _) => Value::Null,
            (_, true) => json!(answers),
            (_, false) => answers.remove(0),
        }
    }

    fn events(&self, question: &Question, answer: &Answer) -> Vec<Bytes> {
        answers(question, answer).iter().map(|document| framing::event("message", document)).collect()
    }

    fn error(&self, status: StatusCode, message: &str) -> Value {
        let code = if status.is_server_error() { -32_603 } else { -32_600 };
        json_rpc::error(&Value::Null, code, message)
    }
}

fn answers(question: &Question, answer: &Answer) -> Vec<Value> {
    let (messages, _) = json_rpc::messages(&question.body);
    messages.iter().filter(|message| json_rpc::is_call(message)).map(|call| answer_to(call, answer)).collect()
}

fn answer_to(call: &Value, answer: &Answer) -> Value {
    let params = &call["params"];
    let spoken = answer.spoken();
    let text = json!({"type": "text", "text": spoken});
    let said = match call["method"].as_str().unwrap_or_default() {
        "initialize" => json!({
            "protocolVersion": params["protocolVersion"].as_str().unwrap_or("2025-06-18"),
            "capabilities": {"tools": {}, "prompts": {}, "resources": {}, "completions": {}, "logging": {}},
            "serverInfo": {"name": "portcullis-model-server", "version": env!("CARGO_PKG_VERSION")},
        }),
        "ping" | "logging/setLevel" | "resources/subscribe" | "resources/unsubscribe" => json!({}),
        "tools/list" => {
            let schema = json!({"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]});
            json!({"tools": [{"name": "say", "description": "Says what it is given.", "inputSchema": schema}]})
        }
        "tools/call" => {
            let mut result = json!({"content": [], "isError": !answer.refusal.is_empty()});
            if !spoken.is_empty() {
                result["content"] = json!([text]);
            }
            if let Some(call) = answer.tools.first() {
                result["structuredContent"] = call.arguments.clone();
            }
            result
        }
        "prompts/list" => {
            let argument = json!({"name": "text", "required": false});
            json!({"prompts": [{"name": "review", "description": "A review.", "arguments": [argument]}]})
        }
        "prompts/get" => json!({"description": "A review.", "messages": [{"role": "user", "content": text}]}),
        "resources/list" => json!({"resources": [{"uri": "test://note", "name": "note", "mimeType": "text/plain"}]}),
        "resources/templates/list" => json!({"resourceTemplates": []}),
        "resources/read" => {
            json!({"contents": [{"uri": params["uri"], "mimeType": "text/plain", "text": spoken}]})
        }
        "completion/complete" => json!({"completion": {"values": [spoken], "total": 1, "hasMore": false}}),
        "sampling/createMessage" => {
            json!({"role": "assistant", "content": text, "model": "m", "stopReason": "endTurn"})
        }
        _ => return json_rpc::error(call, -32_601, "Method not found"),
    };
    json_rpc::result(call, said)
}
