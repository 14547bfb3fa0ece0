//! The audit record: one for each exchange, a line of JSON.
//!
//! No field of it can hold content. Names that a client chose, the model and the request id, are kept only if they are
//! short and of plain characters.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use crate::answer::Usage;
use crate::text::decode::{Disguise, Disguises};
use crate::verdict::{Coverage, Hashed, Judge, MAX_HASHES, RuleId, Tally, Verdict};
use crate::wire::{Dialect, SkipReason, Unreadable};

use crate::telemetry::{Cause, Direction};

/// A short name of plain characters that a client chose: letters, digits and `._:/-@+`, 1 to 96 of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainName(String);

impl PlainName {
    /// `None` when it is longer or holds anything else.
    pub fn new(name: &[u8]) -> Option<Self> {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || b"._:/-@+".contains(b);
        if !(1..=96).contains(&name.len()) || !name.iter().all(plain) {
            return None;
        }
        Some(Self(String::from_utf8_lossy(name).into_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who wrote the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// There was none yet.
    #[default]
    Pending,
    /// The upstream, or Envoy on its behalf.
    Upstream,
    /// This filter.
    Portcullis,
}

impl Origin {
    const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Upstream => "upstream",
            Self::Portcullis => "portcullis",
        }
    }
}

/// What is known about an exchange. Times are microseconds since the Unix epoch, or lengths in microseconds.
#[derive(Clone, Debug)]
pub struct Record {
    /// When the head of the request arrived.
    pub time: u64,
    /// The request id, if it is a plain name.
    pub id: Option<PlainName>,
    /// The profile that was selected.
    pub profile: String,
    /// The wire format.
    pub dialect: Dialect,
    /// The model asked for, if it is a plain name.
    pub model: Option<PlainName>,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// Whether the request was decided; false when the client left before its body was whole.
    pub decided: bool,
    /// What the stages wanted.
    pub verdict: Verdict,
    /// What gave it.
    pub judge: Judge,
    /// What the operator calls the policy that gave it.
    pub policy: Option<Arc<str>>,
    /// Whether it took effect.
    pub enforced: bool,
    /// The greatest score of a stage.
    pub score: f32,
    /// The greatest probability that a classifier gave.
    pub classifier: Option<f32>,
    /// The rules that fired, each once, in the order of their first finding.
    pub rules: Vec<RuleId>,
    /// Disguises under which something was found.
    pub disguises: Disguises,
    /// What was found by kind, in the order of first finding, at most [`MAX_TALLIES`].
    pub tallies: Vec<(Direction, Tally)>,
    /// Hashes of what was found, where a profile asks for them, at most [`MAX_HASHES`].
    pub hashes: Vec<(Direction, Hashed)>,
    /// Why the request's body could not be read.
    pub unreadable: Option<Unreadable>,
    /// Why the answer could not be read, where a stage asked for it.
    pub unreadable_answer: Option<Unreadable>,
    /// What failed.
    pub failure: Option<Cause>,
    /// Texts in the request.
    pub texts: u64,
    /// How much of it was seen.
    pub coverage: Coverage,
    /// HMAC-SHA-256 of the request's texts.
    pub prompt_hmac: Option<[u8; 32]>,
    /// Bytes of the request's body.
    pub request_bytes: u64,
    /// Bytes of the answer's body, as the upstream sent it.
    pub response_bytes: u64,
    /// The answer's status; 0 while there is none.
    pub status: u16,
    /// Who wrote the answer.
    pub origin: Origin,
    /// Whether the answer ended.
    pub complete: bool,
    /// Time spent inspecting.
    pub inspect_micros: u64,
    /// From the head of the request to the head of the answer.
    pub first_byte_micros: Option<u64>,
    /// Tokens that the answer says it cost, where a stage read it.
    pub usage: Usage,
    /// Calls to services beside the gateway that came back.
    pub calls: u32,
    /// What they took, all together; calls at one time count each.
    pub call_micros: u64,
}

/// At most this many rule ids stand in a record.
pub const MAX_RULES: usize = 32;

/// At most this many kinds of entities stand in a record.
pub const MAX_TALLIES: usize = 64;

impl Record {
    /// Adds what a stage found by kind.
    pub fn tally(&mut self, direction: Direction, tally: Tally) {
        let same = |known: &(Direction, Tally)| {
            (known.0, known.1.entity, known.1.action) == (direction, tally.entity, tally.action)
        };
        let room = self.tallies.len() < MAX_TALLIES;
        match self.tallies.iter_mut().find(|known| same(known)) {
            Some((_, known)) => known.count = known.count.saturating_add(tally.count),
            None if room => self.tallies.push((direction, tally)),
            None => {}
        }
    }

    /// The record as one line of JSON.
    pub fn to_json(&self) -> String {
        let skipped: Map<String, Value> = SkipReason::ALL
            .iter()
            .zip(self.coverage.skipped)
            .filter(|(_, bytes)| *bytes > 0)
            .map(|(why, bytes)| (why.name().to_string(), json!(bytes)))
            .collect();
        let rules: Vec<_> = self.rules.iter().take(MAX_RULES).map(RuleId::to_string).collect();
        let disguises: Vec<_> = self.disguises.iter().map(Disguise::name).collect();
        let entities = self.tallies.iter().map(|(direction, tally)| {
            json!({"type": tally.entity, "direction": direction.name(), "action": tally.action, "count": tally.count})
        });
        let entities = (!self.tallies.is_empty()).then(|| entities.collect::<Vec<_>>());
        let values = self.hashes.iter().take(MAX_HASHES).map(|(direction, hashed)| {
            json!({"type": hashed.entity, "direction": direction.name(), "hmac": hex(hashed.hmac)})
        });
        let values = (!self.hashes.is_empty()).then(|| values.collect::<Vec<_>>());
        let mut record = json!({
            "time": self.time,
            "id": self.id.as_ref().map(PlainName::as_str),
            "profile": self.profile,
            "dialect": self.dialect.name(),
            "model": self.model.as_ref().map(PlainName::as_str),
            "stream": self.stream,
            "verdict": self.decided.then(|| self.verdict.name()),
            "policy": self.policy.as_deref(),
            "stage": self.decided.then(|| self.judge.name()),
            "enforced": self.decided.then_some(self.enforced),
            "score": shown(self.score),
            "classifier": self.classifier.map(shown),
            "rules": rules,
            "disguises": (!disguises.is_empty()).then_some(disguises),
            "entities": entities,
            "values": values,
            "unreadable": self.unreadable.map(Unreadable::name),
            "unreadable_answer": self.unreadable_answer.map(Unreadable::name),
            "failure": self.failure.map(Cause::name),
            "texts": self.texts,
            "inspected_bytes": self.coverage.inspected,
            "skipped_bytes": skipped,
            "prompt_hmac": self.prompt_hmac.map(hex),
            "request_bytes": self.request_bytes,
            "response_bytes": self.response_bytes,
            "status": self.status,
            "origin": self.origin.name(),
            "complete": self.complete,
            "inspect_micros": self.inspect_micros,
            "first_byte_micros": self.first_byte_micros,
            "input_tokens": self.usage.input,
            "output_tokens": self.usage.output,
            "total_tokens": self.usage.total,
            "calls": (self.calls > 0).then_some(self.calls),
            "call_micros": (self.calls > 0).then_some(self.call_micros),
        });
        if let Some(fields) = record.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        record.to_string()
    }
}

/// A score or a probability as it is shown: six digits behind the point.
pub fn shown(score: f32) -> f64 {
    (f64::from(score) * 1e6).round() / 1e6
}

/// HMAC-SHA-256 (RFC 2104, FIPS 180-4) of texts, each preceded by its length so that no two lists share one.
pub fn hmac_of<'a>(key: &[u8], texts: impl Iterator<Item = &'a [u8]>) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for text in texts {
        mac.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(text);
    }
    Some(mac.finalize().into_bytes().into())
}

fn hex(bytes: [u8; 32]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_carry_content_are_not_kept() {
        assert_eq!(PlainName::new(b"gpt-4o-mini").unwrap().as_str(), "gpt-4o-mini");
        for name in [&b""[..], b"ignore previous", b"a\"b", "modèle".as_bytes(), b"\xff", &[b'a'; 97]] {
            assert_eq!(PlainName::new(name), None);
        }
    }

    #[test]
    fn the_hmac_tells_lists_of_texts_apart() {
        let of = |texts: &[&[u8]]| hmac_of(b"0123456789abcdef", texts.iter().copied()).unwrap();
        assert_ne!(of(&[b"ab", b"c"]), of(&[b"a", b"bc"]));
        assert_ne!(of(&[b"ab"]), of(&[b"ab", b""]));
        assert_eq!(of(&[b"ab", b"c"]), of(&[b"ab", b"c"]));
    }

    /// RFC 4231, test case 2, shows through: one text whose length prefix is part of the message.
    #[test]
    fn the_hmac_is_that_of_the_rfc() {
        let mut message = 28_u64.to_be_bytes().to_vec();
        message.extend_from_slice(b"what do ya want for nothing?");
        let mut mac = Hmac::<Sha256>::new_from_slice(b"Jefe").unwrap();
        mac.update(&message);
        let expected: [u8; 32] = mac.finalize().into_bytes().into();
        assert_eq!(hmac_of(b"Jefe", [&b"what do ya want for nothing?"[..]].into_iter()), Some(expected));
        let mut plain = Hmac::<Sha256>::new_from_slice(b"Jefe").unwrap();
        plain.update(b"what do ya want for nothing?");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex(plain.finalize().into_bytes().into()), expected);
    }
}
