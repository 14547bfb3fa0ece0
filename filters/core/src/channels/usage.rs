//! What a payload says of its cost, in the words of each dialect.

use super::sheet::number;
use crate::answer::Usage;
use crate::json::Value;

/// The names that most dialects have for counts of tokens. Counts that are parts of others, of cached or reasoning
/// tokens, are left.
pub(super) fn common(usage: &mut Usage, value: Value<'_>) {
    for (name, value) in value.entries() {
        match &*name.text() {
            "prompt_tokens" | "input_tokens" | "inputTokens" => usage.input = number(value).or(usage.input),
            "completion_tokens" | "output_tokens" | "outputTokens" => usage.output = number(value).or(usage.output),
            "total_tokens" | "totalTokens" => usage.total = number(value).or(usage.total),
            _ => {}
        }
    }
}

/// `usageMetadata` of Gemini: what a model thinks is not among what it says, and both are its output.
pub(super) fn gemini(usage: &mut Usage, value: Value<'_>) {
    let of = |name| value.get(name).and_then(number);
    usage.input = of("promptTokenCount").or(usage.input);
    usage.total = of("totalTokenCount").or(usage.total);
    let said = of("candidatesTokenCount");
    let thought = of("thoughtsTokenCount");
    usage.output = match (said, thought) {
        (None, None) => usage.output,
        _ => Some(said.unwrap_or(0).saturating_add(thought.unwrap_or(0))),
    };
}

/// `usage` of Cohere's version 2 and `meta` of version 1: what was billed is another count.
pub(super) fn cohere(usage: &mut Usage, value: Value<'_>) {
    if let Some(tokens) = value.get("tokens") {
        common(usage, tokens);
    }
}

/// `amazon-bedrock-invocationMetrics`, which ends a stream of InvokeModel in any dialect, and the counts of Titan and
/// Llama there, which stand at the top.
pub(super) fn bedrock_invoke(usage: &mut Usage, root: Value<'_>) {
    for (name, value) in root.entries() {
        match &*name.text() {
            "amazon-bedrock-invocationMetrics" => {
                let of = |name| value.get(name).and_then(number);
                usage.input = of("inputTokenCount").or(usage.input);
                usage.output = of("outputTokenCount").or(usage.output);
            }
            "inputTextTokenCount" | "prompt_token_count" => usage.input = number(value).or(usage.input),
            "totalOutputTextTokenCount" | "generation_token_count" => usage.output = number(value).or(usage.output),
            "results" => {
                let counts = value.items().filter_map(|result| result.get("tokenCount").and_then(number));
                let sum = counts.fold(None, |sum: Option<u64>, count| Some(sum.unwrap_or(0).saturating_add(count)));
                usage.output = sum.or(usage.output);
            }
            _ => {}
        }
    }
}
