//! `POST …/model/{model}/invoke` and `…/invoke-with-response-stream` of Amazon Bedrock: the body is the model's own.
//!
//! Source: Amazon Bedrock user guide, "Inference request parameters and response fields for foundation models". Here are
//! the shapes that no other dialect has: Amazon Titan (`inputText`), Meta Llama, Mistral and older Anthropic, AI21 and
//! Cohere models (`prompt` beside settings of their own), embeddings of Titan and Cohere (`inputText`, `texts`), pictures
//! of Titan and Nova Canvas. Anthropic's messages, Nova's, Mistral's and Cohere's chats are read as what they are.

use super::read::{Fit, Format};
use super::reading::{Known, Reading, listed};
use super::{Dialect, Role, SkipReason, reference};
use crate::json::{Kind, Value};

pub(super) const FORMAT: Format = Format {
    dialect: Dialect::BedrockInvoke,
    paths: &[
        &["model", "*", "invoke"],
        &["model", "*", "invoke-with-response-stream"],
        // An ARN holds a slash.
        &["model", "*", "*", "invoke"],
        &["model", "*", "*", "invoke-with-response-stream"],
    ],
    fit,
    read,
};

/// Members without text for a model. In the order of [`listed`].
#[rustfmt::skip]
const SETTINGS: [&str; 35] = [
    "k", "n", "p", "seed", "topK", "topP", "top_k", "top_p", "logprobs", "taskType", "truncate", "maxTokens",
    "normalize", "dimensions", "input_type", "logit_bias", "max_tokens", "numResults", "max_gen_len", "temperature",
    "aspect_ratio", "countPenalty", "output_format", "embeddingTypes", "embeddingConfig", "embedding_types",
    "num_generations", "presencePenalty", "frequencyPenalty", "output_dimension", "anthropic_version",
    "return_likelihoods", "max_tokens_to_sample", "imageGenerationConfig", "amazon-bedrock-guardrailConfig",
];

/// Whether a document is of a shape that only this dialect has, or holds one `prompt`.
fn fit(root: Value<'_>) -> Fit {
    let has = |names: &[&str]| root.entries().any(|(key, _)| names.iter().any(|name| key.is(name)));
    if has(&["inputText", "taskType", "textGenerationConfig"]) || has(&["texts"]) && has(&["input_type"]) {
        return Fit::Own;
    }
    let prompt = root.get("prompt").is_some_and(|prompt| prompt.kind() == Kind::String);
    match prompt {
        true if has(&["max_gen_len", "max_tokens_to_sample"]) => Fit::Own,
        true => Fit::ByPath,
        false if has(&["texts", "inputs"]) => Fit::ByPath,
        false => Fit::No,
    }
}

fn read(reading: &mut Reading, root: Value<'_>) {
    let embeds = ["texts", "embeddingTypes", "dimensions", "normalize"].iter().any(|sign| root.get(sign).is_some());
    reading.members(root, Role::User, |reading, key, value| {
        match key {
            "inputText" if embeds => reading.text(value, Role::EmbeddingInput),
            "prompt" | "inputText" | "negative_prompt" => reading.text(value, Role::User),
            "texts" => reading.text_or_tokens(value, Role::EmbeddingInput),
            "stop" | "stop_sequences" | "stopSequences" => reading.all(value, Role::User),
            "images" => reading.each(value, Role::User, image),
            "inputImage" | "image" => image(reading, value),
            "textGenerationConfig" => reading.members(value, Role::User, |reading, key, value| {
                match key {
                    "stopSequences" => reading.all(value, Role::User),
                    "temperature" | "topP" | "maxTokenCount" => reading.setting(value),
                    _ => return Known::No,
                }
                Known::Yes
            }),
            "model" => reading.model(value),
            "stream" => reading.stream(value),
            _ if listed(key, &SETTINGS) => reading.setting(value),
            // The parameters of a task with pictures: texts under names of their own, and pictures.
            _ if key.ends_with("Params") && super::reading::is_id(key.as_bytes()) => task(reading, value),
            _ => return Known::No,
        }
        Known::Yes
    });
}

fn task(reading: &mut Reading, task: Value<'_>) {
    reading.members(task, Role::User, |reading, key, value| {
        match key {
            "text" | "negativeText" | "maskPrompt" => reading.text(value, Role::User),
            "image" | "maskImage" | "conditionImage" => image(reading, value),
            "images" => reading.each(value, Role::User, image),
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// A picture in base64, bare or as a `data:` URL.
fn image(reading: &mut Reading, image: Value<'_>) {
    if image.string().is_some_and(|string| string.raw().starts_with("data:")) {
        return reference::url(reading, image, SkipReason::Image, Role::User);
    }
    reading.base64(image, SkipReason::Image, Role::User);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_in_the_order_of_the_search() {
        assert!(SETTINGS.is_sorted_by_key(|word| (word.len(), *word)));
    }
}
