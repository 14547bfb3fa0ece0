//! The cases of `tests/cases/requests`: one corpus for every level.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// A whole request with a place for a text.
#[derive(Clone, Debug)]
pub struct Case {
    /// The format and the case, such as `openai_chat: tool result`.
    pub name: String,
    /// The format: the name of its file.
    pub format: String,
    /// Where it is sent.
    pub path: String,
    /// Header fields beside the content type.
    pub headers: Vec<(String, String)>,
    /// The role of the text.
    pub role: String,
    /// Whether it asks for a stream.
    pub stream: bool,
    template: Value,
}

/// Two texts that a case is tried with.
#[derive(Clone, Debug)]
pub struct Texts {
    /// Must be refused.
    pub attack: String,
    /// Must arrive.
    pub benign: String,
}

impl Texts {
    /// The members `attack` and `benign` of an object.
    pub fn of(pair: &Value) -> Self {
        let text = |key: &str| pair[key].as_str().unwrap_or_else(|| panic!("no {key} in {pair}")).to_owned();
        Self { attack: text("attack"), benign: text("benign") }
    }
}

impl Case {
    /// The body with `text` in its place; in a string that is JSON itself, as such JSON has it.
    pub fn body(&self, text: &str) -> String {
        fill(&self.template, text).to_string()
    }

    /// The status that the model server answers it with: 202 where JSON-RPC has nothing to answer, else 200.
    pub fn answered(&self) -> u16 {
        let body = &self.template;
        let is_call = |message: &Value| message["method"].is_string() && !message["id"].is_null();
        let calls = body.as_array().map_or_else(|| is_call(body), |messages| messages.iter().any(is_call));
        if matches!(self.format.as_str(), "mcp" | "a2a") && !calls { 202 } else { 200 }
    }

    /// Says what is wrong with `body` as this dialect's error of a refusal; `error_type` is `x-amzn-errortype`.
    pub fn judge_refusal(&self, body: &Value, error_type: Option<&str>) -> Result<(), String> {
        let error = &body["error"];
        let right = match self.format.as_str() {
            "openai_chat" | "openai_completions" | "openai_embeddings" | "openai_responses" => {
                error["message"].is_string() && error["type"] == "request_forbidden" && error["code"].is_string()
            }
            "anthropic_messages" => {
                body["type"] == "error" && error["type"] == "permission_error" && error["message"].is_string()
            }
            "gemini" => error["code"] == 403 && error["status"] == "PERMISSION_DENIED" && error["message"].is_string(),
            "ollama_chat" | "ollama_generate" => error.is_string(),
            "cohere_chat" => body["message"].is_string(),
            "bedrock_converse" | "bedrock_invoke" => {
                body["message"].is_string() && error_type == Some("AccessDeniedException")
            }
            "mcp" | "a2a" => {
                let answer = body.get(0).unwrap_or(body);
                let call = self.template.get(0).unwrap_or(&self.template);
                let id = if call["method"].is_string() { &call["id"] } else { &Value::Null };
                answer["jsonrpc"] == "2.0" && answer["error"]["code"] == -32_050 && answer["id"] == *id
            }
            other => return Err(format!("no one has said how {other} refuses")),
        };
        if right { Ok(()) } else { Err(format!("not a refusal of {}: {body}", self.format)) }
    }
}

fn fill(value: &Value, text: &str) -> Value {
    match value {
        Value::String(place) if place.contains("{{text}}") => {
            let nested = serde_json::from_str::<Value>(place).ok().filter(|nested| nested.is_object());
            nested.map_or_else(
                || Value::from(place.replace("{{text}}", text)),
                |nested| Value::from(fill(&nested, text).to_string()),
            )
        }
        Value::Array(items) => items.iter().map(|item| fill(item, text)).collect(),
        Value::Object(members) => members.iter().map(|(key, member)| (key.clone(), fill(member, text))).collect(),
        other => other.clone(),
    }
}

/// Every case of every format, in the order of the files' names.
pub fn all() -> Vec<Case> {
    let folder = folder().join("requests");
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry of the folder").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json") && !file.ends_with("texts.json"));
    files.sort();
    files.iter().flat_map(|file| read(file)).collect()
}

/// `tests/cases`.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases")
}

/// A JSON document of `tests/cases`.
pub fn document(file: &Path) -> Value {
    let bytes = std::fs::read(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

fn read(file: &Path) -> Vec<Case> {
    let format = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let document = document(file);
    let cases = document.as_array().unwrap_or_else(|| panic!("{format}.json: not an array"));
    let text =
        |case: &Value, key: &str| case[key].as_str().unwrap_or_else(|| panic!("{format}.json: {key}")).to_owned();
    let header = |(name, value): (&String, &Value)| {
        (name.clone(), value.as_str().unwrap_or_else(|| panic!("{format}.json: {name}")).to_owned())
    };
    cases
        .iter()
        .map(|case| Case {
            name: format!("{format}: {}", text(case, "name")),
            format: format.clone(),
            path: text(case, "path"),
            headers: case["headers"].as_object().into_iter().flatten().map(header).collect(),
            role: text(case, "role"),
            stream: *case.get("stream").unwrap_or(&case["body"]["stream"]) == true,
            template: case["body"].clone(),
        })
        .collect()
}

/// The attack and its benign twin that every level uses.
pub fn texts() -> Texts {
    all_texts().swap_remove(0)
}

/// Every attack with its twin.
pub fn all_texts() -> Vec<Texts> {
    let document = document(&folder().join("requests/texts.json"));
    let more = document["more"].as_array().into_iter().flatten();
    [&document].into_iter().chain(more).map(Texts::of).collect()
}
