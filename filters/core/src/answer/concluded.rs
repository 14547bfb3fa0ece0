//! The end of an answer that an editor has cut off, as its dialect says it.

use super::Why;
use crate::frames::Frames;
use crate::wire::Dialect;

/// Appends what a client of the dialect takes for the end of the answer. A whole document needs none: its text was cut.
pub(super) fn conclusion(dialect: Dialect, why: Why, frames: &Frames, index: u32, out: &mut Vec<u8>) {
    let word = |content: &'static str, length: &'static str| if why == Why::Length { length } else { content };
    let mut events: Vec<(&str, String)> = Vec::new();
    let mut push = |name, payload: String| events.push((name, payload));
    match dialect {
        Dialect::OpenAiChat => {
            push(
                "",
                format!(
                    r#"{{"choices":[{{"index":{index},"delta":{{}},"finish_reason":"{}"}}]}}"#,
                    word("content_filter", "length")
                ),
            );
            push("", "[DONE]".to_owned());
        }
        Dialect::OpenAiResponses => push(
            "response.incomplete",
            format!(
                r#"{{"type":"response.incomplete","response":{{"object":"response","status":"incomplete","incomplete_details":{{"reason":"{}"}},"output":[]}}}}"#,
                word("content_filter", "max_output_tokens")
            ),
        ),
        Dialect::AnthropicMessages => {
            push("content_block_stop", format!(r#"{{"type":"content_block_stop","index":{index}}}"#));
            push(
                "message_delta",
                format!(
                    r#"{{"type":"message_delta","delta":{{"stop_reason":"{}","stop_sequence":null}},"usage":{{"output_tokens":0}}}}"#,
                    word("refusal", "max_tokens")
                ),
            );
            push("message_stop", r#"{"type":"message_stop"}"#.to_owned());
        }
        Dialect::Gemini => push(
            "",
            format!(r#"{{"candidates":[{{"index":{index},"finishReason":"{}"}}]}}"#, word("SAFETY", "MAX_TOKENS")),
        ),
        Dialect::OllamaChat => push(
            "",
            format!(
                r#"{{"message":{{"role":"assistant","content":""}},"response":"","done":true,"done_reason":"{}"}}"#,
                word("content_filter", "length")
            ),
        ),
        Dialect::BedrockConverse => {
            push("contentBlockStop", format!(r#"{{"contentBlockIndex":{index}}}"#));
            push("messageStop", format!(r#"{{"stopReason":"{}"}}"#, word("content_filtered", "max_tokens")));
        }
        Dialect::CohereChat => push(
            "",
            format!(r#"{{"type":"message-end","delta":{{"finish_reason":"{}"}}}}"#, word("ERROR", "MAX_TOKENS")),
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
