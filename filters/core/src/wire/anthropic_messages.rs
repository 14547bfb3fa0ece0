//! `POST …/messages`, as the Anthropic API defines it, with its server tools and beta blocks.
//!
//! Source: Anthropic API reference, "Create a Message" and "Count tokens in a Message".

use super::read::{Fit, Format};
use super::reading::{Known, Reading, listed};
use super::{Dialect, Role, SkipReason, anthropic_blocks as blocks, schema};
use crate::json::{Kind, Value};

pub(super) const FORMAT: Format =
    Format { dialect: Dialect::AnthropicMessages, paths: &[&["messages"], &["messages", "count_tokens"]], fit, read };

/// Members without text for a model. In the order of [`listed`].
#[rustfmt::skip]
const SETTINGS: [&str; 22] = [
    "betas", "speed", "top_k", "top_p", "metadata", "thinking", "container", "max_tokens", "diagnostics",
    "mcp_servers", "temperature", "tool_choice", "service_tier", "workspace_id", "cache_control", "inference_geo",
    "anthropic_beta", "billing_policy", "user_profile_id", "anthropic_version", "context_management",
    "fallback_credit_token",
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
            "compaction" => compaction(reading, value),
            "fallbacks" if value.is("default") => {}
            "fallbacks" => reading.each(value, Role::User, fallback),
            "thread" => thread(reading, value),
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
            "clear_at" => reading.setting(value),
            "output_config" => schema::read(reading, value),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// How the server sums up what no longer fits.
fn compaction(reading: &mut Reading, compaction: Value<'_>) {
    reading.members(compaction, Role::System, |reading, key, value| {
        match key {
            "type" => reading.word(value, &["summarize"], Role::System),
            "instructions" => reading.text(value, Role::System),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// Another model to try, with its own settings.
fn fallback(reading: &mut Reading, fallback: Value<'_>) {
    reading.members(fallback, Role::User, |reading, key, value| {
        match key {
            "model" | "max_tokens" | "speed" | "thinking" => reading.setting(value),
            "output_config" => schema::read(reading, value),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// Earlier messages that the server keeps: they are not in this body.
fn thread(reading: &mut Reading, thread: Value<'_>) {
    reading.members(thread, Role::User, |reading, key, value| {
        match key {
            "type" => reading.word(value, &["create", "continue"], Role::User),
            "previous_message_id" => reading.stored(value, SkipReason::File, Role::User),
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
