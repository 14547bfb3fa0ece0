//! `POST …/messages`, as the Anthropic API defines it, with its server tools and beta blocks.
//!
//! Source: Anthropic API reference, "Create a Message" and "Count tokens in a Message".

use super::read::{Fit, Format};
use super::reading::{Known, Reading, listed};
use super::{Dialect, Role, anthropic_blocks as blocks, schema};
use crate::json::{Kind, Value};

pub(super) const FORMAT: Format =
    Format { dialect: Dialect::AnthropicMessages, paths: &[&["messages"], &["messages", "count_tokens"]], fit, read };

/// Members without text for a model. In the order of [`listed`].
#[rustfmt::skip]
const SETTINGS: [&str; 16] = [
    "betas", "top_k", "top_p", "metadata", "thinking", "container", "max_tokens", "mcp_servers", "temperature",
    "tool_choice", "service_tier", "cache_control", "inference_geo", "anthropic_beta", "anthropic_version",
    "context_management",
];

/// Whether a document is of this shape: `messages` is an array. What only this dialect has makes it certain.
fn fit(root: Value<'_>) -> Fit {
    let Some(messages) = root.get("messages").filter(|messages| messages.kind() == Kind::Array) else {
        return Fit::No;
    };
    let own_members = ["system", "stop_sequences", "anthropic_version", "mcp_servers"];
    let own = root.entries().any(|(key, value)| {
        own_members.iter().any(|own| key.is(own))
            || key.is("tools") && value.items().any(|tool| tool.get("input_schema").is_some())
    });
    let own_message =
        |message: Value<'_>| message.get("content").is_some_and(|content| content.items().any(blocks::is_own));
    if own || messages.items().any(own_message) { Fit::Certain } else { Fit::Possible }
}

fn read(reading: &mut Reading, root: Value<'_>) {
    reading.members(root, Role::User, |reading, key, value| {
        match key {
            "messages" => reading.each(value, Role::User, message),
            "system" => blocks::content(reading, value, Role::System),
            "model" => reading.model(value),
            "stream" => reading.stream(value),
            "tools" | "output_config" | "output_format" => schema::read(reading, value),
            "stop_sequences" => reading.all(value, Role::User),
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
