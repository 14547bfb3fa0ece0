//! The name of the model that a request asks, in one spelling.

use crate::json::{Kind, Value};

/// Longest name of a model.
const LONGEST: usize = 256;

/// A model's name in one spelling: small letters, without what only says where it is (`models/` of Google). `None` for
/// what servers may read in two ways: other characters than those of names, empty parts and dots alone between slashes.
pub fn model_name(name: &[u8]) -> Option<String> {
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

/// A pattern for names of models, in the spelling of [`model_name`].
pub fn model_pattern(pattern: &str) -> String {
    let lower = pattern.to_ascii_lowercase();
    lower.strip_prefix("models/").map(str::to_owned).unwrap_or(lower)
}

/// Every model that a body names as the one that is asked, in the order of its members: names come in any case, as
/// servers in Go take them, and within the wrappers of Google and of gateways. `None` for what is no name.
pub fn models_of(root: Value<'_>) -> Vec<Option<String>> {
    let mut models = Vec::new();
    let one = [root].into_iter().filter(|root| root.kind() == Kind::Object);
    one.chain(root.items()).for_each(|object| gather(object, &mut models));
    models
}

fn gather(object: Value<'_>, models: &mut Vec<Option<String>>) {
    for (name, value) in object.entries() {
        match name.text().to_ascii_lowercase().as_str() {
            "model" | "model_id" | "modelid" => models.push(named(value)),
            "request" | "body" if value.kind() == Kind::Object => gather(value, models),
            _ => {}
        }
    }
}

fn named(value: Value<'_>) -> Option<String> {
    value.string().and_then(|name| model_name(name.text().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::model_name;

    #[test]
    fn names_come_in_one_spelling_or_in_none() {
        let same = |name: &str, as_: &str| assert_eq!(model_name(name.as_bytes()).as_deref(), Some(as_), "{name}");
        same("GPT-4o", "gpt-4o");
        same("models/gemini-2.5-pro", "gemini-2.5-pro");
        same("openai/gpt-4o:free", "openai/gpt-4o:free");
        same("us.anthropic.claude-v1:0", "us.anthropic.claude-v1:0");
        for name in [
            "", " gpt-4o", "gpt-4o\n", "gpt-4o\0", "gpt%2d4o", "gpt-4о", "a//b", "a/../b", "/a", "..", "a/.", "models/",
        ] {
            assert_eq!(model_name(name.as_bytes()), None, "{name:?}");
        }
        assert_eq!(model_name(&[b'a'; 257]), None);
        assert_eq!(model_name(b"\xff"), None);
    }
}
