//! What a request wants: models and tools by name, and how long an answer.

use portcullis_core::json::{self, Kind, Value};
use portcullis_core::stage::Request;
use portcullis_core::wire::{self, model_in_path};

/// What a request wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Every model that may answer it, fallbacks among them, each once; `None` for a name that no model has.
    pub models: Vec<Option<String>>,
    /// Whether path and body name different models, or the body names several where one is asked.
    pub contradicts: bool,
    /// Every tool that it offers or calls.
    pub tools: Vec<String>,
    /// Tokens that its answers may have together; `None` when it sets no bound.
    pub output: Option<u64>,
}

/// Longest name of a model.
const LONGEST: usize = 256;

/// A model's name in one spelling: small letters, without what only says where it is (`models/` of Google). `None` for
/// what servers may read in two ways: other characters than those of names, empty parts and dots alone between slashes.
pub fn model(name: &[u8]) -> Option<String> {
    let text = core::str::from_utf8(name).ok()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._:/-@+".contains(&b);
    if text.is_empty() || text.len() > LONGEST || !text.bytes().all(plain) {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let name = lower.strip_prefix("models/").unwrap_or(&lower);
    let parts_stand = name.split('/').all(|part| !part.is_empty() && part.bytes().any(|b| b != b'.'));
    parts_stand.then(|| name.to_owned())
}

/// Reads what a request wants. A body that is not JSON names a model where its reader found one, and no tool.
pub fn wanted(request: Request<'_>) -> Wanted {
    let mut wanted = Wanted::default();
    let path = model_in_path(request.head.path());
    if let Some(path) = &path {
        wanted.models.push(model(path));
    }
    let mut in_body = Vec::new();
    if let Ok(document) = json::parse(request.body, &WIDE) {
        let root = document.root();
        let one = [root].into_iter().filter(|root| root.kind() == Kind::Object);
        for object in one.chain(root.items()) {
            read(object, &mut in_body, &mut wanted);
        }
        if let Ok(asked) = wire::asked(request.body, &WIDE) {
            wanted.output = asked.max_output.map(|most| most.saturating_mul(asked.answers.max(1)));
        }
    } else if let Some(span) = request.prompt.model {
        in_body.push(model(span.of(request.body)));
    }
    in_body.dedup();
    wanted.contradicts =
        in_body.len() > 1 || path.is_some() && in_body.iter().any(|named| !wanted.models.contains(named));
    wanted.models.append(&mut in_body);
    wanted.models.sort();
    wanted.models.dedup();
    wanted.tools.sort();
    wanted.tools.dedup();
    wanted
}

/// A body that was read once is within bounds.
const WIDE: wire::Limits = wire::Limits { body_bytes: usize::MAX, depth: 512, values: usize::MAX };

fn read(object: Value<'_>, in_body: &mut Vec<Option<String>>, wanted: &mut Wanted) {
    let method = object.get("method").and_then(Value::string).map(|method| method.text()).unwrap_or_default();
    for (name, value) in object.entries() {
        // Servers in Go take names in any case.
        match name.text().to_ascii_lowercase().as_str() {
            "model" | "model_id" | "modelid" => in_body.push(named(value)),
            "models" | "fallbacks" | "fallback_models" => fallbacks(value, wanted),
            "tools" | "functions" => tools(value, wanted),
            "toolconfig" | "tool_config" => {
                value.entries().filter(|(name, _)| name.is("tools")).for_each(|(_, value)| tools(value, wanted));
            }
            "params" if method == "tools/call" => {
                wanted.tools.push(
                    value.get("name").and_then(Value::string).map(|name| name.text().into_owned()).unwrap_or_default(),
                );
            }
            // Wrappers of Google's and of gateways' own.
            "request" | "body" if value.kind() == Kind::Object => read(value, in_body, wanted),
            _ => {}
        }
    }
}

fn named(value: Value<'_>) -> Option<String> {
    value.string().and_then(|name| model(name.text().as_bytes()))
}

/// Models that a gateway asks when the first does not answer: names, objects with a name, lists of either by a name.
fn fallbacks(value: Value<'_>, wanted: &mut Wanted) {
    match value.kind() {
        Kind::String => wanted.models.push(named(value)),
        Kind::Array => value.items().for_each(|item| fallbacks(item, wanted)),
        Kind::Object => match value.get("model") {
            Some(model) => wanted.models.push(named(model)),
            None => value.entries().for_each(|(_, value)| fallbacks(value, wanted)),
        },
        _ => {}
    }
}

/// Tools on offer: by their name, those of a provider by their kind.
fn tools(value: Value<'_>, wanted: &mut Wanted) {
    let text = |value: Value<'_>| value.string().map(|text| text.text().into_owned());
    for tool in value.items() {
        let inner = tool.get("function").or_else(|| tool.get("toolSpec"));
        let name = inner.and_then(|inner| inner.get("name")).or_else(|| tool.get("name"));
        if let Some(declared) = tool.get("functionDeclarations").or_else(|| tool.get("function_declarations")) {
            wanted.tools.extend(declared.items().filter_map(|function| text(function.get("name")?)));
        }
        match name.and_then(text).or_else(|| text(tool).or_else(|| tool.get("type").and_then(text))) {
            Some(name) => wanted.tools.push(name),
            None => {
                let kinds = tool.entries().map(|(name, _)| name.text().into_owned());
                wanted.tools.extend(
                    kinds.filter(|name| !matches!(name.as_str(), "functionDeclarations" | "function_declarations")),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::model;

    #[test]
    fn names_come_in_one_spelling_or_in_none() {
        let same = |name: &str, as_: &str| assert_eq!(model(name.as_bytes()).as_deref(), Some(as_), "{name}");
        same("GPT-4o", "gpt-4o");
        same("models/gemini-2.5-pro", "gemini-2.5-pro");
        same("openai/gpt-4o:free", "openai/gpt-4o:free");
        same("us.anthropic.claude-v1:0", "us.anthropic.claude-v1:0");
        for name in [
            "", " gpt-4o", "gpt-4o\n", "gpt-4o\0", "gpt%2d4o", "gpt-4о", "a//b", "a/../b", "/a", "..", "a/.", "models/",
        ] {
            assert_eq!(model(name.as_bytes()), None, "{name:?}");
        }
        assert_eq!(model(&[b'a'; 257]), None);
        assert_eq!(model(b"\xff"), None);
    }
}
