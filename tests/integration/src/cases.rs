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
    template: String,
}

/// The two texts that every case is tried with.
#[derive(Clone, Debug)]
pub struct Texts {
    /// Must be refused.
    pub attack: String,
    /// Must arrive.
    pub benign: String,
}

impl Case {
    /// The body with `text` in its place.
    pub fn body(&self, text: &str) -> String {
        let quoted = Value::from(text).to_string();
        // Not `trim_matches`: a text may end in a quotation mark of its own.
        self.template.replace("{{text}}", &quoted[1..quoted.len() - 1])
    }

    /// The status that the model server answers it with: 202 where JSON-RPC has nothing to answer, else 200.
    pub fn answered(&self) -> u16 {
        let body: Value = serde_json::from_str(&self.body("x")).unwrap_or_default();
        let is_call = |message: &Value| message["method"].is_string() && !message["id"].is_null();
        let calls = body.as_array().map_or_else(|| is_call(&body), |messages| messages.iter().any(is_call));
        if matches!(self.format.as_str(), "mcp" | "a2a") && !calls { 202 } else { 200 }
    }
}

/// Every case of every format, in the order of the files' names.
pub fn all() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases/requests");
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry of the folder").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json") && !file.ends_with("texts.json"));
    files.sort();
    files.iter().flat_map(|file| read(file)).collect()
}

fn read(file: &Path) -> Vec<Case> {
    let format = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let bytes = std::fs::read(file).unwrap_or_else(|e| panic!("{format}.json: {e}"));
    let cases: Vec<Value> = serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("{format}.json: {e}"));
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
            template: case["body"].to_string(),
        })
        .collect()
}

/// The attack and its benign twin.
pub fn texts() -> Texts {
    let texts: Value = serde_json::from_str(include_str!("../../cases/requests/texts.json")).expect("texts.json");
    let text = |key: &str| texts[key].as_str().expect("texts.json: a text").to_owned();
    Texts { attack: text("attack"), benign: text("benign") }
}
