//! What scoring services are asked and what they answer: texts in, one score for each of them out.
//!
//! A score is the probability of an attack, from 0 to 1. Whatever is not the shape that the protocol has, or no such
//! number, is [`Misshapen`].

use portcullis_core::wire::Role;
use serde_json::{Value, json};

/// How a service is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Open Inference Protocol v2 over REST: Triton, KServe, MLServer. One `BYTES` tensor in, one of floats out.
    OpenInference,
    /// `/classify` of vLLM.
    Classify,
    /// `/v1/moderations` of OpenAI.
    Moderations,
    /// A guard model behind `/v1/chat/completions` that answers `safe` or `unsafe`, as Llama Guard does.
    ChatGuard,
    /// `/predict` of text-embeddings-inference.
    Predict,
    /// The open webhook: `models/serving/webhook.openapi.yaml`.
    Webhook,
    /// `{"inputs": […]}` in, any JSON out, of which a pointer names the score.
    Pointer,
}

/// What is asked of which model, and where its score stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// How.
    pub protocol: Protocol,
    /// The path; the protocol's own when empty.
    pub path: String,
    /// The model's name.
    pub model: String,
    /// Its version; empty for the one that the service chooses.
    pub version: String,
    /// The name of the input tensor.
    pub input: String,
    /// The label whose probability is the score; empty for the last one.
    pub label: String,
    /// Where the score, or a list of them, stands: RFC 6901.
    pub pointer: String,
}

/// The answer is not what the protocol says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misshapen;

impl Dialect {
    /// The path that is asked.
    pub fn path(&self) -> String {
        if !self.path.is_empty() {
            return self.path.clone();
        }
        match self.protocol {
            Protocol::OpenInference if self.version.is_empty() => format!("/v2/models/{}/infer", self.model),
            Protocol::OpenInference => format!("/v2/models/{}/versions/{}/infer", self.model, self.version),
            Protocol::Classify => "/classify".into(),
            Protocol::Moderations => "/v1/moderations".into(),
            Protocol::ChatGuard => "/v1/chat/completions".into(),
            Protocol::Predict => "/predict".into(),
            Protocol::Webhook => "/request".into(),
            Protocol::Pointer => "/".into(),
        }
    }

    /// The question about these texts.
    pub fn question(&self, texts: &[(Role, String)]) -> Vec<u8> {
        let plain: Vec<&str> = texts.iter().map(|(_, text)| text.as_str()).collect();
        let model = &self.model;
        match self.protocol {
            Protocol::OpenInference => json!({"inputs": [
                {"name": self.input, "shape": [plain.len()], "datatype": "BYTES", "data": plain},
            ]}),
            Protocol::Classify | Protocol::Moderations => json!({"model": model, "input": plain}),
            Protocol::ChatGuard => json!({
                "model": model, "temperature": 0, "max_tokens": 16, "stream": false,
                "messages": [{"role": "user", "content": plain.join("\n\n")}],
            }),
            Protocol::Predict => {
                let batch: Vec<_> = plain.iter().map(|text| vec![*text]).collect();
                json!({"inputs": batch, "truncate": true})
            }
            Protocol::Webhook => {
                let texts: Vec<_> =
                    texts.iter().map(|(role, text)| json!({"role": role.name(), "text": text})).collect();
                json!({"version": 1, "texts": texts})
            }
            Protocol::Pointer => json!({"inputs": plain}),
        }
        .to_string()
        .into_bytes()
    }

    /// The greatest score in the answer to a question about `count` texts.
    ///
    /// # Errors
    /// When it is not of the protocol's shape, or a score is no number from 0 to 1.
    pub fn score(&self, answer: &[u8], count: usize) -> Result<f32, Misshapen> {
        let answer: Value = serde_json::from_slice(answer).map_err(|_| Misshapen)?;
        match self.protocol {
            Protocol::OpenInference => tensor(&answer, count),
            Protocol::Classify => worst(list(at(&answer, "/data"), count)?.iter().map(|row| {
                let probabilities = at(row, "/probs").as_array().ok_or(Misshapen)?;
                probabilities.last().ok_or(Misshapen).and_then(number)
            })),
            Protocol::Moderations => worst(list(at(&answer, "/results"), count)?.iter().map(|row| {
                let flagged = at(row, "/flagged").as_bool().ok_or(Misshapen)?;
                let scores = at(row, "/category_scores").as_object().ok_or(Misshapen)?;
                let named = scores.iter().filter(|(name, _)| self.label.is_empty() || **name == self.label);
                let worst = worst(named.map(|(_, score)| number(score)))?;
                Ok(if flagged && self.label.is_empty() { 1.0 } else { worst })
            })),
            Protocol::ChatGuard => said(at(&answer, "/choices/0/message/content").as_str().ok_or(Misshapen)?),
            Protocol::Predict => worst(list(&answer, count)?.iter().map(|row| {
                let labels = row.as_array().ok_or(Misshapen)?;
                let wanted = |row: &&Value| self.label.is_empty() || at(row, "/label").as_str() == Some(&self.label);
                let scored = labels.iter().rfind(wanted).ok_or(Misshapen)?;
                number(at(scored, "/score"))
            })),
            Protocol::Webhook => match at(&answer, "/action").as_str() {
                Some("pass") => Ok(0.0),
                Some("reject") => Ok(1.0),
                _ => Err(Misshapen),
            },
            Protocol::Pointer => match answer.pointer(&self.pointer).ok_or(Misshapen)? {
                Value::Array(scores) if scores.len() == count => worst(scores.iter().map(number)),
                score => number(score),
            },
        }
    }
}

/// What stands at this pointer (RFC 6901); null when nothing does.
fn at<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn number(value: &Value) -> Result<f32, Misshapen> {
    #[allow(clippy::cast_possible_truncation, reason = "from 0 to 1")]
    let number = value.as_f64().ok_or(Misshapen)? as f32;
    if (0.0..=1.0).contains(&number) { Ok(number) } else { Err(Misshapen) }
}

fn list(value: &Value, count: usize) -> Result<&Vec<Value>, Misshapen> {
    value.as_array().filter(|list| list.len() == count).ok_or(Misshapen)
}

fn worst(mut scores: impl Iterator<Item = Result<f32, Misshapen>>) -> Result<f32, Misshapen> {
    let first = scores.next().ok_or(Misshapen)??;
    scores.try_fold(first, |worst, score| Ok(score?.max(worst)))
}

/// The first output: a score for each text, or a row of probabilities of which the last is that of an attack. Its shape
/// has to say so.
fn tensor(answer: &Value, count: usize) -> Result<f32, Misshapen> {
    let output = at(answer, "/outputs/0");
    if !at(output, "/datatype").as_str().is_some_and(|kind| kind.starts_with("FP")) {
        return Err(Misshapen);
    }
    let shape: Vec<u64> = at(output, "/shape")
        .as_array()
        .ok_or(Misshapen)?
        .iter()
        .map(Value::as_u64)
        .collect::<Option<_>>()
        .ok_or(Misshapen)?;
    let columns = match shape.as_slice() {
        [rows] if usize::try_from(*rows) == Ok(count) => 1,
        [rows, columns] if usize::try_from(*rows) == Ok(count) => usize::try_from(*columns).map_err(|_| Misshapen)?,
        _ => return Err(Misshapen),
    };
    let data = list(at(output, "/data"), count.checked_mul(columns).ok_or(Misshapen)?)?;
    if columns == 0 {
        return Err(Misshapen);
    }
    worst(data.chunks(columns).map(|row| row.last().ok_or(Misshapen).and_then(number)))
}

/// What a guard model said: its first word.
fn said(content: &str) -> Result<f32, Misshapen> {
    match content.split_whitespace().next() {
        Some("safe") => Ok(0.0),
        Some("unsafe") => Ok(1.0),
        _ => Err(Misshapen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn dialect(protocol: Protocol) -> Dialect {
        let (model, input) = ("guard".into(), "text".into());
        let (path, version, label) = (String::new(), String::new(), String::new());
        Dialect { protocol, path, model, version, input, label, pointer: "/scores".into() }
    }

    #[test]
    fn each_protocol_reads_the_answers_that_its_servers_give() {
        use Protocol::{ChatGuard, Classify, Moderations, OpenInference, Pointer, Predict, Webhook};
        let open = |shape: &str, data: &str| {
            format!(
                r#"{{"model_name":"guard","outputs":[{{"name":"s","shape":{shape},"datatype":"FP32","data":{data}}}]}}"#
            )
        };
        for (protocol, answer, score) in [
            (OpenInference, open("[2,1]", "[0.1,0.9]"), Ok(0.9)),
            (OpenInference, open("[2]", "[0.7,0.2]"), Ok(0.7)),
            (OpenInference, open("[2,2]", "[0.9,0.1,0.6,0.4]"), Ok(0.4)),
            (OpenInference, open("[1,2]", "[0.1,0.9]"), Err(Misshapen)),
            (OpenInference, open("[2,1]", "[0.1]"), Err(Misshapen)),
            (OpenInference, open("[2,0]", "[]"), Err(Misshapen)),
            (OpenInference, open("[2,1]", "[0.1,NaN]"), Err(Misshapen)),
            (OpenInference, open("[2,1]", "[0.1,null]"), Err(Misshapen)),
            (OpenInference, open("[2,1]", "[0.1,1.5]"), Err(Misshapen)),
            (OpenInference, open("[2,1]", "[0.1,1e999]"), Err(Misshapen)),
            (OpenInference, r#"{"error":"no"}"#.into(), Err(Misshapen)),
            (OpenInference, "<html>".into(), Err(Misshapen)),
            (OpenInference, String::new(), Err(Misshapen)),
            (Classify, r#"{"data":[{"label":"a","probs":[0.9,0.1]},{"label":"b","probs":[0.2,0.8]}]}"#.into(), Ok(0.8)),
            (Classify, r#"{"data":[{"probs":[0.9,0.1]}]}"#.into(), Err(Misshapen)),
            (Classify, r#"{"data":[{"probs":[]},{"probs":[]}]}"#.into(), Err(Misshapen)),
            (
                Moderations,
                r#"{"results":[{"flagged":false,"category_scores":{"a":0.1,"b":0.3}},{"flagged":false,"category_scores":{"a":0.2}}]}"#
                    .into(),
                Ok(0.3),
            ),
            (
                Moderations,
                r#"{"results":[{"flagged":true,"category_scores":{"a":0.1}},{"flagged":false,"category_scores":{"a":0.2}}]}"#
                    .into(),
                Ok(1.0),
            ),
            (Moderations, r#"{"results":[]}"#.into(), Err(Misshapen)),
            (ChatGuard, r#"{"choices":[{"message":{"content":"\n\nunsafe\nS2"}}]}"#.into(), Ok(1.0)),
            (ChatGuard, r#"{"choices":[{"message":{"content":"safe"}}]}"#.into(), Ok(0.0)),
            (ChatGuard, r#"{"choices":[{"message":{"content":"I cannot say"}}]}"#.into(), Err(Misshapen)),
            (ChatGuard, r#"{"choices":[]}"#.into(), Err(Misshapen)),
            (Predict, r#"[[{"score":0.9,"label":"SAFE"},{"score":0.1,"label":"BAD"}],[{"score":0.3,"label":"BAD"}]]"#.into(), Ok(0.3)),
            (Predict, r#"[{"score":0.9}]"#.into(), Err(Misshapen)),
            (Webhook, r#"{"action":"reject","reason":"r"}"#.into(), Ok(1.0)),
            (Webhook, r#"{"action":"pass"}"#.into(), Ok(0.0)),
            (Webhook, r#"{"action":"mask","texts":[]}"#.into(), Err(Misshapen)),
            (Pointer, r#"{"scores":[0.1,0.6]}"#.into(), Ok(0.6)),
            (Pointer, r#"{"scores":0.2}"#.into(), Ok(0.2)),
            (Pointer, r#"{"scores":[0.1]}"#.into(), Err(Misshapen)),
            (Pointer, r#"{"other":0.2}"#.into(), Err(Misshapen)),
        ] {
            assert_eq!(dialect(protocol).score(answer.as_bytes(), 2), score, "{protocol:?}: {answer}");
        }
    }

    #[test]
    fn a_label_that_is_named_is_the_one_that_counts() {
        let labelled = |protocol| Dialect { label: "BAD".into(), ..dialect(protocol) };
        let rows = r#"[[{"score":0.2,"label":"BAD"},{"score":0.8,"label":"GOOD"}]]"#;
        assert_eq!(labelled(Protocol::Predict).score(rows.as_bytes(), 1), Ok(0.2));
        let rows = r#"{"results":[{"flagged":true,"category_scores":{"BAD":0.4,"other":0.9}}]}"#;
        assert_eq!(labelled(Protocol::Moderations).score(rows.as_bytes(), 1), Ok(0.4));
    }

    #[test]
    fn questions_are_as_the_protocols_have_them() {
        let texts = [(Role::User, "a \"b\"".to_owned()), (Role::ToolResult, "c".to_owned())];
        let asked = |protocol| -> Value { serde_json::from_slice(&dialect(protocol).question(&texts)).unwrap() };
        assert_eq!(
            asked(Protocol::OpenInference),
            json!({"inputs": [{"name": "text", "shape": [2], "datatype": "BYTES", "data": ["a \"b\"", "c"]}]})
        );
        assert_eq!(asked(Protocol::Predict)["inputs"], json!([["a \"b\""], ["c"]]));
        assert_eq!(asked(Protocol::Classify), json!({"model": "guard", "input": ["a \"b\"", "c"]}));
        assert_eq!(asked(Protocol::ChatGuard)["messages"][0]["content"], "a \"b\"\n\nc");
        assert_eq!(asked(Protocol::Webhook)["texts"][1], json!({"role": "tool_result", "text": "c"}));
        let versioned = Dialect { version: "3".into(), ..dialect(Protocol::OpenInference) };
        assert_eq!(versioned.path(), "/v2/models/guard/versions/3/infer");
    }
}
