//! The end of an answer that an editor has cut off, as its dialect says it.

use crate::frames::Frames;
use crate::wire::Dialect;

/// Appends what a client of the dialect takes for the end of the answer. A whole document needs none: its text was cut.
pub(super) fn conclusion(dialect: Dialect, frames: &Frames, index: u32, out: &mut Vec<u8>) {
    let mut events: Vec<(&str, String)> = Vec::new();
    let mut push = |name, payload: String| events.push((name, payload));
    match dialect {
        Dialect::OpenAiChat => {
            push("", format!(r#"{{"choices":[{{"index":{index},"delta":{{}},"finish_reason":"content_filter"}}]}}"#));
            push("", "[DONE]".to_owned());
        }
        Dialect::OpenAiResponses => push(
            "response.incomplete",
            r#"{"type":"response.incomplete","response":{"object":"response","status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[]}}"#.to_owned(),
        ),
        Dialect::AnthropicMessages => {
            push("content_block_stop", format!(r#"{{"type":"content_block_stop","index":{index}}}"#));
            push(
                "message_delta",
                r#"{"type":"message_delta","delta":{"stop_reason":"refusal","stop_sequence":null},"usage":{"output_tokens":0}}"#.to_owned(),
            );
            push("message_stop", r#"{"type":"message_stop"}"#.to_owned());
        }
        Dialect::Gemini => push("", format!(r#"{{"candidates":[{{"index":{index},"finishReason":"SAFETY"}}]}}"#)),
        Dialect::OllamaChat => push(
            "",
            r#"{"message":{"role":"assistant","content":""},"response":"","done":true,"done_reason":"content_filter"}"#.to_owned(),
        ),
        Dialect::BedrockConverse => {
            push("contentBlockStop", format!(r#"{{"contentBlockIndex":{index}}}"#));
            push("messageStop", r#"{"stopReason":"content_filtered"}"#.to_owned());
        }
        Dialect::CohereChat => push(
            "",
            r#"{"type":"message-end","delta":{"finish_reason":"ERROR"}}"#.to_owned(),
        ),
        _ => {}
    }
    for (name, payload) in events {
        if frames.is_sse() {
            if !name.is_empty() {
                out.extend_from_slice(format!("event: {name}\n").as_bytes());
            }
            out.extend_from_slice(format!("data: {payload}\n\n").as_bytes());
        } else if frames.is_lines() {
            out.extend_from_slice(format!("{payload}\n").as_bytes());
        } else if frames.is_amazon() {
            out.extend(crate::frames::event(name, payload.as_bytes()));
        } else if frames.is_array() {
            out.extend_from_slice(format!(",{payload}").as_bytes());
        }
    }
    if frames.is_array() {
        out.push(b']');
    }
}
