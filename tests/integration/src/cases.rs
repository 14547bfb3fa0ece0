//! The cases of `tests/cases/requests`: one corpus for every level.

use serde_json::Value;

/// A whole request with a place for a text.
#[derive(Clone, Debug)]
pub struct Case {
    /// The format and the case, such as `openai_chat: tool result`.
    pub name: String,
    /// The format: the name of its file.
    pub format: &'static str,
    /// Where it is sent.
    pub path: &'static str,
    /// Header fields beside the content type.
    pub headers: &'static [(&'static str, &'static str)],
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
        self.template.replace("{{text}}", quoted.trim_matches('"'))
    }
}

/// Every case of every format.
pub fn all() -> Vec<Case> {
    const OPENAI: &str = include_str!("../../cases/requests/openai_chat.json");
    const ANTHROPIC: &str = include_str!("../../cases/requests/anthropic_messages.json");
    [("openai_chat", OPENAI), ("anthropic_messages", ANTHROPIC)]
        .into_iter()
        .flat_map(|(f, file)| read(f, file))
        .collect()
}

fn read(format: &'static str, file: &str) -> Vec<Case> {
    let cases: Vec<Value> = serde_json::from_str(file).unwrap_or_else(|e| panic!("{format}.json: {e}"));
    let text =
        |case: &Value, key: &str| case[key].as_str().unwrap_or_else(|| panic!("{format}.json: {key}")).to_owned();
    let read = |case: &Value| Case {
        name: format!("{format}: {}", text(case, "name")),
        format,
        path: text(case, "path").leak(),
        headers: headers(format, &case["headers"]),
        role: text(case, "role"),
        stream: case.get("stream").unwrap_or(&case["body"]["stream"]) == true,
        template: case["body"].to_string(),
    };
    cases.iter().map(read).collect()
}

fn headers(format: &str, headers: &Value) -> &'static [(&'static str, &'static str)] {
    let own = |text: &str| -> &'static str { text.to_owned().leak() };
    let value = |value: &Value| own(value.as_str().unwrap_or_else(|| panic!("{format}.json: a header")));
    let fields = headers.as_object().into_iter().flatten();
    fields.map(|(name, text)| (own(name), value(text))).collect::<Vec<_>>().leak()
}

/// The attack and its benign twin.
pub fn texts() -> Texts {
    let texts: Value = serde_json::from_str(include_str!("../../cases/requests/texts.json")).expect("texts.json");
    let text = |key: &str| texts[key].as_str().expect("texts.json: a text").to_owned();
    Texts { attack: text("attack"), benign: text("benign") }
}
