//! The section `scoring` of `prompt_guard`.

use portcullis_core::config::{Reader, Word, choose};
use portcullis_core::verdict::Verdict;

use super::breaker::Breaker;
use super::cache::Cache;
use super::protocol::{Dialect, Protocol};
use crate::score::Thresholds;

/// Scorers of a profile.
pub(crate) struct Scorers {
    pub when: When,
    /// The least local score of which this stage is unsure.
    pub from: f32,
    /// Whether their verdicts are only compared.
    pub shadow: bool,
    pub combine: Combine,
    pub failure: Failure,
    /// Microseconds for all calls of a request.
    pub deadline: u64,
    pub max_calls: u32,
    pub max_bytes: usize,
    pub window: usize,
    pub overlap: usize,
    pub cache: Cache,
    pub breaker: Breaker,
    pub scorers: Vec<Scorer>,
}

/// A service that scores.
pub(crate) struct Scorer {
    pub cluster: String,
    pub authority: String,
    pub headers: Vec<(String, String)>,
    pub dialect: Dialect,
    pub thresholds: Thresholds,
    /// Milliseconds for one call.
    pub timeout: u32,
    pub retries: u32,
    pub max_answer: usize,
    /// What tells it from others in the store: who is asked, and how.
    pub policy: String,
}

impl Scorer {
    /// What becomes of a request with this score of it.
    pub fn verdict(&self, score: f32) -> Verdict {
        self.thresholds.verdict(score)
    }
}

/// What is scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Uncertain,
    Always,
}

/// What several scorers amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Combine {
    First,
    Worst,
}

/// What becomes of a request that no scorer scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Profile,
    Local,
    Open,
}

const WHEN: &[Word<When>] = &[
    Word { word: "uncertain", value: When::Uncertain, doc: "Requests that score from `from` to below `block`." },
    Word { word: "always", value: When::Always, doc: "Every request that the stage would not refuse by itself." },
];

const COMBINE: &[Word<Combine>] = &[
    Word { word: "worst", value: Combine::Worst, doc: "All are waited for, and the greatest verdict counts." },
    Word { word: "first", value: Combine::First, doc: "The first that answers decides." },
];

const FAILURES: &[Word<Failure>] = &[
    Word { word: "profile", value: Failure::Profile, doc: "What the profile says in on_failure.request." },
    Word { word: "local", value: Failure::Local, doc: "The verdict of the gateway's own inspection." },
    Word { word: "open", value: Failure::Open, doc: "Let through." },
];

const PROTOCOLS: &[Word<Protocol>] = &[
    Word {
        word: "open_inference",
        value: Protocol::OpenInference,
        doc: "Open Inference Protocol v2: Triton, KServe, MLServer.",
    },
    Word { word: "classify", value: Protocol::Classify, doc: "/classify of vLLM." },
    Word { word: "moderations", value: Protocol::Moderations, doc: "/v1/moderations of OpenAI." },
    Word {
        word: "chat_guard",
        value: Protocol::ChatGuard,
        doc: "A chat model that answers safe or unsafe, as Llama Guard.",
    },
    Word { word: "predict", value: Protocol::Predict, doc: "/predict of text-embeddings-inference." },
    Word { word: "webhook", value: Protocol::Webhook, doc: "Yours: models/serving/webhook.openapi.yaml." },
    Word {
        word: "pointer",
        value: Protocol::Pointer,
        doc: "{\"inputs\": [...]} in, any JSON out: `pointer` names the score.",
    },
];

/// Reads the section; `None` where it names no scorer.
pub(crate) fn read(r: &mut dyn Reader) -> Option<Scorers> {
    let mut read = None;
    let doc = "Services that score what the stage is unsure of. The request waits for them.";
    let there = r.section("scoring", doc, &mut |r| read = Some(section(r)));
    let read = read.filter(|_| there);
    if r.has("scoring") && read.as_ref().is_some_and(|scorers| scorers.scorers.is_empty()) {
        r.problem("scoring", "names no scorer".into(), "name at least one service in scorers, with its cluster".into());
    }
    read.filter(|scorers| !scorers.scorers.is_empty())
}

fn section(r: &mut dyn Reader) -> Scorers {
    let when = choose(r, "when", WHEN, "Which requests are scored.").unwrap_or(When::Uncertain);
    #[allow(clippy::cast_possible_truncation, reason = "from 0 to 1")]
    let from = r.number("from", 0.3, 0.0, 1.0, "The least score of its own of which the stage is unsure.") as f32;
    if when == When::Always {
        r.misplaced("from", "has no effect where every request is scored", "leave it out".into());
    }
    let combine = choose(r, "combine", COMBINE, "What several scorers amount to.").unwrap_or(Combine::Worst);
    let failure = choose(r, "on_failure", FAILURES, "What becomes of a request that no scorer scored.");
    let shadow =
        r.boolean("shadow", false, "Whether scores are only compared with the stage's own verdict, and counted.");
    let deadline = r.integer("deadline_ms", 500, 1, 60_000, "Milliseconds for all calls of a request.");
    let max_calls = r.integer("max_calls", 4, 1, 16, "Calls that are made for a request at most.");
    let max_bytes =
        r.integer("max_bytes", 8192, 256, 1_048_576, "Bytes of text that are sent at most, newest texts first.");
    let window = r.integer("window_bytes", 1024, 128, 1_048_576, "Longer texts are sent in windows of so many bytes.");
    let overlap = r.integer("overlap_bytes", 128, 0, 65_536, "Bytes that a window has in common with the one before.");
    if overlap.saturating_mul(2) > window {
        r.problem("overlap_bytes", "is more than half of a window".into(), "make it smaller".into());
    }
    let mut cache = Cache { entries: 0, ttl: 0 };
    r.section("cache", "Scores that are remembered, by a keyed hash of what was asked.", &mut |r| {
        cache.entries = r.integer("entries", 16_384, 0, 1_048_576, "Scores that are kept; 0 for none. 28 bytes each.");
        let seconds = r.integer("ttl_s", 300, 1, 86_400, "Seconds for which a score holds.");
        cache.ttl = seconds.saturating_mul(1_000_000);
    });
    let mut breaker = Breaker { failures: 1, open: 0 };
    r.section("breaker", "When a scorer is left alone.", &mut |r| {
        let failures = r.integer("failures", 5, 1, 1000, "Failures in a row, of all workers.");
        breaker.failures = u32::try_from(failures).unwrap_or(u32::MAX);
        let open = r.integer("open_ms", 5000, 10, 600_000, "Milliseconds until one request tries it again.");
        breaker.open = open.saturating_mul(1000);
    });
    let mut scorers = Vec::new();
    r.list("scorers", 4, "The services, at least one.", &mut |r| scorers.push(scorer(r)));
    r.required("scorers", "name at least one service, with its cluster");
    let small = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    Scorers {
        when,
        from,
        shadow,
        combine,
        failure: failure.unwrap_or(Failure::Profile),
        deadline: deadline.saturating_mul(1000),
        max_calls: u32::try_from(max_calls).unwrap_or(u32::MAX),
        max_bytes: small(max_bytes),
        window: small(window),
        overlap: small(overlap),
        cache,
        breaker,
        scorers,
    }
}

fn scorer(r: &mut dyn Reader) -> Scorer {
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    let mut text = |key, doc| r.text(key, 256, "visible ASCII characters without blanks", &plain, doc);
    let cluster = text("cluster", "The name of Envoy's cluster that leads to it. Required.").unwrap_or_default();
    let authority = text("authority", "What it is called in `host`; the cluster's name where absent.");
    let path = text("path", "The path; the protocol's own where absent.");
    let model = text("model", "The model's name.");
    let version = text("version", "The model's version, for open_inference.");
    let input = text("input", "The name of the input tensor, for open_inference.");
    let label = text("label", "The label that counts, for predict and moderations.");
    let pointer = text("pointer", "Where the score, or the list of them, stands (RFC 6901), for pointer.");
    r.required("cluster", "name the cluster that leads to the service");
    let protocol = choose(r, "protocol", PROTOCOLS, "How it is spoken to.").unwrap_or(Protocol::OpenInference);
    for (key, used) in [
        ("version", protocol == Protocol::OpenInference),
        ("input", protocol == Protocol::OpenInference),
        ("label", matches!(protocol, Protocol::Predict | Protocol::Moderations)),
        ("pointer", protocol == Protocol::Pointer),
    ] {
        if !used {
            r.misplaced(key, "has no meaning in this protocol", "leave it out".into());
        }
    }
    if protocol == Protocol::Pointer {
        r.required("pointer", "say where the score stands, as /score");
    }
    let mut headers = Vec::new();
    r.list("headers", 8, "Header fields that it wants.", &mut |r| {
        let name = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let value = |value: &str| value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        let name = r.text("name", 64, "lower-case letters, digits and -", &name, "The name. Required.");
        let value = r.text("value", 1024, "visible ASCII characters", &value, "The value. Required.");
        r.required("name", "name the field");
        r.required("value", "give the value");
        headers.extend(name.zip(value));
    });
    #[allow(clippy::cast_possible_truncation, reason = "from 0 to 1")]
    let mut threshold = |key, standard, doc| r.number(key, standard, 0.01, 1.0, doc) as f32;
    let flag = threshold("flag", 0.5, "Requests that it scores this much are recorded.");
    let block = threshold("block", 0.8, "Requests that it scores this much are refused.");
    if flag > block {
        r.problem("flag", "is greater than block".into(), "make flag at most block".into());
    }
    let timeout = r.integer("timeout_ms", 250, 1, 60_000, "Milliseconds for one call.");
    let retries = r.integer("retries", 0, 0, 1, "How often a call that failed is made again, within the deadline.");
    let max_answer = r.integer("max_answer_bytes", 65_536, 64, 1_048_576, "Bytes of its answer that are read at most.");
    let dialect = Dialect {
        protocol,
        path: path.unwrap_or_default(),
        model: model.unwrap_or_else(|| "guard".into()),
        version: version.unwrap_or_default(),
        input: input.unwrap_or_else(|| "text".into()),
        label: label.unwrap_or_default(),
        pointer: pointer.unwrap_or_default(),
    };
    let policy = format!("{cluster}\0{}\0{dialect:?}", dialect.path());
    Scorer {
        authority: authority.unwrap_or_else(|| cluster.clone()),
        cluster,
        headers,
        dialect,
        thresholds: Thresholds { flag, block },
        timeout: u32::try_from(timeout).unwrap_or(u32::MAX),
        retries: u32::try_from(retries).unwrap_or(0),
        max_answer: usize::try_from(max_answer).unwrap_or(usize::MAX),
        policy,
    }
}
