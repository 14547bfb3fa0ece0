//! Which strings of a payload are text, of which channel, and which channels end with it.
//!
//! A payload is read by its shape: servers answer in other dialects than they were asked in, and gateways translate.
//! Every string ends in one place: a text of a channel; a text of its own, when no dialect defines its place; or
//! inert, when its member is one of ids, names and settings and it cannot be anything else.

mod anthropic;
mod bedrock;
mod cohere;
mod gemini;
mod json_rpc;
mod ollama;
mod openai_chat;
mod openai_responses;
mod sheet;
mod unknown;
mod usage;

pub(crate) use sheet::{Blank, Companion, End, Form, Key, Place, Sheet, When};

use crate::json::{Kind, Value};
use crate::wire::Dialect;

/// Reads a payload; `streams` when others like it go before or follow.
pub(crate) fn read(root: Value<'_>, streams: bool) -> Sheet {
    let mut sheet = Sheet::default();
    sheet.dialect = shape(root);
    match sheet.dialect {
        Dialect::OpenAiChat => openai_chat::read(&mut sheet, root),
        Dialect::OpenAiResponses => openai_responses::read(&mut sheet, root),
        Dialect::AnthropicMessages => anthropic::read(&mut sheet, root),
        Dialect::Gemini => gemini::read(&mut sheet, root),
        Dialect::OllamaChat => ollama::read(&mut sheet, root),
        Dialect::BedrockConverse => bedrock::read(&mut sheet, root),
        Dialect::CohereChat => cohere::read(&mut sheet, root),
        Dialect::Mcp => json_rpc::read(&mut sheet, root),
        _ => unknown::read(&mut sheet, root, streams),
    }
    usage::bedrock_invoke(&mut sheet.usage, root);
    sheet.places.sort_by_key(|place| place.span.start);
    sheet
}

/// The dialect that a payload has the shape of. MCP stands for all of JSON-RPC, Ollama's chat for both of its forms.
fn shape(root: Value<'_>) -> Dialect {
    if root.kind() != Kind::Object {
        return Dialect::Unknown;
    }
    let has = |name: &str| root.get(name).is_some();
    let kind = root.get("type").and_then(|kind| kind.string()).map(|kind| kind.text()).unwrap_or_default();
    let object = |name: &str| root.get("object").is_some_and(|object| object.is(name));
    if root.get("choices").is_some_and(|choices| choices.kind() == Kind::Array) {
        Dialect::OpenAiChat
    } else if kind.starts_with("response.") || object("response") {
        Dialect::OpenAiResponses
    } else if anthropic::speaks(&kind, root) {
        Dialect::AnthropicMessages
    } else if has("candidates") || root.get("response").is_some_and(|inner| inner.get("candidates").is_some()) {
        Dialect::Gemini
    } else if has("jsonrpc") {
        Dialect::Mcp
    } else if has("done") && (has("message") || has("response") || has("thinking")) {
        Dialect::OllamaChat
    } else if cohere::speaks(&kind, root) {
        Dialect::CohereChat
    } else if bedrock::speaks(root) {
        Dialect::BedrockConverse
    } else {
        Dialect::Unknown
    }
}
