//! Bedrock InvokeModel: `POST …/model/{model}/invoke` and `…/invoke-with-response-stream`, where the body is the model
//! family's own (<https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, deltas, vector};
use super::bedrock_converse::{self, error_type, operation};
use super::dialect::{Asked, Dialect, Question, every_text};
use super::openai_embeddings::texts;
use super::{anthropic_messages, framing, openai_chat};

pub(crate) struct BedrockInvoke;

/// Whose body it is. The name of the model says so; in an ARN it stands behind a slash.
#[derive(Clone, Copy)]
enum Family {
    Claude,
    ClaudeText,
    Titan,
    TitanEmbeddings,
    Llama,
    MistralText,
    Chat,
    Cohere,
    CohereEmbeddings,
    Nova,
    Image,
}

fn family(question: &Question) -> Family {
    let (model, body) = (question.model.as_str(), &question.body);
    if model.contains("anthropic") {
        if body.get("messages").is_some() { Family::Claude } else { Family::ClaudeText }
    } else if model.contains("titan-embed") {
        Family::TitanEmbeddings
    } else if model.contains("titan") {
        Family::Titan
    } else if model.contains("meta.llama") {
        Family::Llama
    } else if model.contains("cohere.embed") {
        Family::CohereEmbeddings
    } else if model.contains("cohere") {
        Family::Cohere
    } else if model.contains("canvas") || model.contains("stability") {
        Family::Image
    } else if model.contains("amazon.nova") {
        Family::Nova
    } else if body.get("prompt").is_some() {
        Family::MistralText
    } else {
        Family::Chat
    }
}

impl Dialect for BedrockInvoke {
    fn speaks(&self, path: &str) -> bool {
        operation(path).is_some_and(|(_, operation)| matches!(operation, "invoke" | "invoke-with-response-stream"))
    }

    fn read(&self, asked: &Asked<'_>, body: &Value) -> Result<Question, String> {
        let (model, operation) = operation(asked.path).ok_or("no model in the path")?;
        let mut question = Question { model, ..Question::new(asked, body) };
        question.stream = operation == "invoke-with-response-stream";
        if !body.is_object() {
            return Err("Malformed input request, please reformat your input and try again.".into());
        }
        if let Some(messages) = body.get("messages").and_then(Value::as_array) {
            question.hear(false, &body["system"]);
            question.hear_messages(messages);
        } else {
            let prompt = ["prompt", "inputText", "message", "texts"].iter().find_map(|key| body.get(key));
            let mut said = Vec::new();
            every_text(prompt.unwrap_or(body), &mut said);
            question.hear(true, &json!(said));
        }
        Ok(question)
    }

    fn whole(&self, question: &Question, answer: &Answer) -> Value {
        let (input, output) = (question.input_tokens(), answer.output_tokens());
        let spoken = answer.spoken();
        match family(question) {
            Family::Claude => anthropic_messages::whole(question, answer),
            Family::ClaudeText => json!({"type": "completion", "completion": spoken, "stop_reason": "stop_sequence",
                "stop": "\n\nHuman:"}),
            Family::Titan => {
                let result = json!({"tokenCount": output, "outputText": spoken, "completionReason": "FINISH"});
                json!({"inputTextTokenCount": input, "results": [result]})
            }
            Family::TitanEmbeddings => {
                let embedding = vector(&question.user_text);
                json!({"embedding": embedding, "embeddingsByType": {"float": embedding}, "inputTextTokenCount": input})
            }
            Family::Llama => json!({"generation": spoken, "prompt_token_count": input,
                "generation_token_count": output, "stop_reason": "stop"}),
            Family::MistralText => json!({"outputs": [{"text": spoken, "stop_reason": "stop"}]}),
            Family::Chat => {
                let mut document = openai_chat::OpenAiChat.whole(question, answer);
                for choice in document["choices"].as_array_mut().into_iter().flatten() {
                    choice["stop_reason"] = choice["finish_reason"].clone();
                }
                document
            }
            Family::Cohere => json!({"response_id": question.id("r-"), "generation_id": question.id("g-"),
                "text": spoken, "chat_history": [], "finish_reason": "COMPLETE"}),
            Family::CohereEmbeddings => {
                let texts = texts(&question.body["texts"]);
                let embeddings: Vec<_> = texts.iter().map(|text| vector(text)).collect();
                json!({"id": question.id("e-"), "response_type": "embeddings_floats", "embeddings": embeddings,
                    "texts": texts})
            }
            Family::Nova => json!({"output": {"message": bedrock_converse::message(question, answer)},
                "stopReason": "end_turn", "usage": bedrock_converse::usage(question, answer)}),
            Family::Image => json!({"images": [STANDARD.encode(b"\x89PNG\r\n\x1a\n")], "error": null}),
        }
    }

    fn events(&self, question: &Question, answer: &Answer) -> Vec<Bytes> {
        let mut documents = documents(question, answer);
        let metrics = json!({"inputTokenCount": question.input_tokens(), "outputTokenCount": answer.output_tokens(),
            "invocationLatency": 1, "firstByteLatency": 1});
        if let Some(last) = documents.last_mut() {
            last["amazon-bedrock-invocationMetrics"] = metrics;
        }
        let chunk = |document: &Value| {
            let bytes = STANDARD.encode(document.to_string());
            framing::amazon("chunk", &json!({"bytes": bytes}))
        };
        documents.iter().map(chunk).collect()
    }

    fn stream_content_type(&self, _question: &Question) -> &'static str {
        "application/vnd.amazon.eventstream"
    }

    fn error(&self, _status: StatusCode, message: &str) -> Value {
        json!({"message": message})
    }

    fn error_type(&self, status: StatusCode) -> Option<&'static str> {
        Some(error_type(status))
    }
}

/// The chunks of a stream in the words of the family. Families without a stream of their own send one chunk.
fn documents(question: &Question, answer: &Answer) -> Vec<Value> {
    let spoken = answer.spoken();
    let (input, output) = (question.input_tokens(), answer.output_tokens());
    let pieces = deltas(&spoken);
    match family(question) {
        Family::Claude => anthropic_messages::documents(question, answer),
        Family::ClaudeText => {
            let stop = json!({"type": "completion", "completion": "", "stop_reason": "stop_sequence",
                "stop": "\n\nHuman:"});
            let piece = |piece: &&str| json!({"type": "completion", "completion": piece, "stop_reason": null});
            pieces.iter().map(piece).chain([stop]).collect()
        }
        Family::Titan => {
            let last = pieces.len().saturating_sub(1);
            let piece = |(at, piece): (usize, &&str)| {
                let (reason, count) = if at == last { (json!("FINISH"), json!(output)) } else { Default::default() };
                json!({"outputText": piece, "index": 0, "totalOutputTextTokenCount": count,
                    "completionReason": reason, "inputTextTokenCount": input})
            };
            pieces.iter().enumerate().map(piece).collect()
        }
        Family::Llama => {
            let piece = |piece: &&str| {
                json!({"generation": piece, "prompt_token_count": null,
                "generation_token_count": 1, "stop_reason": null})
            };
            let stop = json!({"generation": "", "prompt_token_count": input, "generation_token_count": output,
                "stop_reason": "stop"});
            pieces.iter().map(piece).chain([stop]).collect()
        }
        Family::MistralText => {
            let stop = json!({"outputs": [{"text": "", "stop_reason": "stop"}]});
            let piece = |piece: &&str| json!({"outputs": [{"text": piece, "stop_reason": null}]});
            pieces.iter().map(piece).chain([stop]).collect()
        }
        Family::Cohere => {
            let piece = |piece: &&str| json!({"event_type": "text-generation", "text": piece, "is_finished": false});
            let stop = json!({"event_type": "stream-end", "finish_reason": "COMPLETE", "is_finished": true});
            pieces.iter().map(piece).chain([stop]).collect()
        }
        Family::Nova => {
            let named = |(kind, document): (&'static str, Value)| json!({kind: document});
            bedrock_converse::documents(question, answer).into_iter().map(named).collect()
        }
        Family::Chat | Family::TitanEmbeddings | Family::CohereEmbeddings | Family::Image => {
            vec![BedrockInvoke.whole(question, answer)]
        }
    }
}
