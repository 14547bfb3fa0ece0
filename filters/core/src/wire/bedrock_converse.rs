//! `POST …/model/{model}/converse` and `…/converse-stream` of Amazon Bedrock, and the bodies of Amazon Nova, which are of
//! the same shape.
//!
//! Source: Amazon Bedrock API reference, "Converse" and "ConverseStream"; Amazon Nova user guide, "Complete request
//! schema". The model is named in the path. The blocks are in [`bedrock_blocks`].

use super::read::{Fit, Format};
use super::reading::{Known, Reading, listed};
use super::{Dialect, Role, bedrock_blocks as blocks, schema};
use crate::json::{Kind, Value};

pub(super) const FORMAT: Format = Format {
    dialect: Dialect::BedrockConverse,
    paths: &[
        &["model", "*", "converse"],
        &["model", "*", "converse-stream"],
        // An ARN holds a slash.
        &["model", "*", "*", "converse"],
        &["model", "*", "*", "converse-stream"],
    ],
    fit,
    read,
};

/// Members without text for a model. In the order of [`listed`].
#[rustfmt::skip]
const SETTINGS: [&str; 8] = [
    "serviceTier", "outputConfig", "schemaVersion", "guardrailConfig", "requestMetadata", "performanceConfig",
    "additionalModelRequestFields", "additionalModelResponseFieldPaths",
];

/// Members that no other dialect has.
const OWN: [&str; 7] = [
    "inferenceConfig",
    "toolConfig",
    "guardrailConfig",
    "promptVariables",
    "additionalModelRequestFields",
    "schemaVersion",
    "performanceConfig",
];

/// Whether a document is of this shape: `messages` is an array, or a stored prompt is given its variables.
fn fit(root: Value<'_>) -> Fit {
    let own = root.entries().any(|(key, _)| OWN.iter().any(|own| key.is(own)));
    let messages = root.get("messages").filter(|messages| messages.kind() == Kind::Array);
    let own_message =
        |message: Value<'_>| message.get("content").is_some_and(|content| content.items().any(blocks::is_own));
    match messages {
        Some(messages) if own || messages.items().any(own_message) => Fit::Own,
        Some(_) => Fit::ByPath,
        None if root.get("messages").is_none() && own => Fit::Own,
        None => Fit::No,
    }
}

fn read(reading: &mut Reading, root: Value<'_>) {
    reading.members(root, Role::User, |reading, key, value| {
        match key {
            "messages" => reading.each(value, Role::User, message),
            "system" => blocks::content(reading, value, Role::System),
            "toolConfig" => schema::read(reading, value),
            "inferenceConfig" => reading.members(value, Role::User, |reading, key, value| {
                match key {
                    "stopSequences" => reading.all(value, Role::User),
                    _ if super::reading::is_id(key.as_bytes()) => reading.setting(value),
                    _ => return Known::No,
                }
                Known::Yes
            }),
            "promptVariables" => reading.all(value, Role::User),
            // Not of the API, yet some gateways send them.
            "model" | "modelId" => reading.setting(value),
            "stream" => reading.stream(value),
            _ if listed(key, &SETTINGS) => reading.setting(value),
            _ => return Known::No,
        }
        Known::Yes
    });
}

fn message(reading: &mut Reading, message: Value<'_>) {
    let role = match message.get("role") {
        Some(role) if role.is("assistant") => Role::Assistant,
        Some(role) if role.is("system") => Role::System,
        _ => Role::User,
    };
    reading.members(message, role, |reading, key, value| {
        match key {
            "role" => reading.word(value, &["user", "assistant", "system"], role),
            "content" => blocks::content(reading, value, role),
            _ => return Known::No,
        }
        Known::Yes
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_in_the_order_of_the_search() {
        assert!(SETTINGS.is_sorted_by_key(|word| (word.len(), *word)));
    }
}
