//! The stage's section of a profile, read and compiled.

use std::sync::{Arc, OnceLock};

use portcullis_core::config::{MODES, Reader, Word, choose, is_name};
use portcullis_core::exchange::ReadAnswers;
use portcullis_core::stage::{Settings, Stage};
use portcullis_core::subject::{Part, Source, part};
use portcullis_core::verdict::Mode;
use portcullis_core::wire::model_pattern;

use crate::key::Secret;
use crate::rate::{Cell, Rate, Room, Window};
use crate::stage::Limiting;
use crate::table::Table;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Requests,
    Input,
    Output,
    Total,
    Cost,
    LongAnswers,
}

const UNITS: &[Word<Unit>] = &[
    Word { word: "requests", value: Unit::Requests, doc: "Requests." },
    Word { word: "input_tokens", value: Unit::Input, doc: "Tokens of prompts." },
    Word { word: "output_tokens", value: Unit::Output, doc: "Tokens of answers." },
    Word { word: "total_tokens", value: Unit::Total, doc: "Tokens of both." },
    Word { word: "cost", value: Unit::Cost, doc: "Tokens of both by the weights of their model." },
    Word { word: "long_answers", value: Unit::LongAnswers, doc: "Answers of tokens.long_answer tokens and more." },
];

impl Unit {
    /// Whether it is taken by an estimate before the answer is there.
    pub(crate) const fn is_reserved(self) -> bool {
        !matches!(self, Self::Requests | Self::LongAnswers)
    }

    /// The word for it in the configuration, in metrics and in fields.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Input => "input_tokens",
            Self::Output => "output_tokens",
            Self::Total => "total_tokens",
            Self::Cost => "cost",
            Self::LongAnswers => "long_answers",
        }
    }
}

/// What happens to a request that lacks a part of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    Share,
    Refuse,
    Skip,
}

/// A limit.
pub(crate) struct Limit {
    pub(crate) name: Arc<str>,
    pub(crate) unit: Unit,
    pub(crate) rate: Rate,
    /// Unit and window: limits of one name that count otherwise do not share cells.
    pub(crate) counts: String,
    pub(crate) by: Vec<Part>,
    pub(crate) missing: Missing,
    pub(crate) shadow: bool,
    /// Whether the rate limit service counts.
    pub(crate) global: bool,
}

impl Limit {
    /// As [`Rate::take`], and until when that matters.
    pub(crate) fn take(&self, cell: Cell, cost: u64, now: u64) -> (Cell, (Room, u64)) {
        let (cell, room) = self.rate.take(cell, cost, now);
        (cell, (room, cell.until))
    }

    /// Whether the body must be read for it.
    pub(crate) fn reads_body(&self) -> bool {
        self.unit.is_reserved() || self.by.iter().any(|part| part.source.is_in_body())
    }
}

/// A section, compiled; shared by the exchanges that it has under way.
pub(crate) struct Limits {
    pub(crate) mode: Mode,
    pub(crate) limits: Vec<Limit>,
    pub(crate) exempt: Vec<Part>,
    pub(crate) tells: bool,
    pub(crate) tokens: Tokens,
    pub(crate) service: Option<Service>,
    pub(crate) table: Table,
    /// Found or made with the first request; the same in every worker.
    pub(crate) secret: OnceLock<Secret>,
}

/// The rate limit service.
pub(crate) struct Service {
    pub(crate) cluster: String,
    pub(crate) domain: String,
    pub(crate) timeout: u32,
    /// Whether the limits' own numbers count, each Envoy for itself, while it does not answer.
    pub(crate) falls_back: bool,
}

/// How tokens are counted.
pub(crate) struct Tokens {
    /// Tokens of an answer that are taken before it is there, when the request does not bound it.
    pub(crate) reserve_output: u64,
    /// Whether streams are asked for their cost.
    pub(crate) ask_usage: bool,
    /// Whether a stream ends that goes beyond what is left.
    pub(crate) end_streams: bool,
    /// Tokens of an answer that is long.
    pub(crate) long_answer: u64,
    /// Weights by model, in thousandths: of a token of a prompt, of one of an answer.
    pub(crate) weights: Vec<(String, u64, u64)>,
}

impl Limits {
    /// Whether answers must be read for it.
    pub(crate) fn counts_tokens(&self) -> bool {
        self.limits.iter().any(|limit| limit.unit != Unit::Requests)
    }

    /// Whether anything is told by the model.
    pub(crate) fn wants_model(&self) -> bool {
        let parts = self.limits.iter().flat_map(|limit| &limit.by).chain(&self.exempt);
        !self.tokens.weights.is_empty() || parts.into_iter().any(|part| part.source == Source::Model)
    }

    /// Whether a key has the shape of a prompt in it.
    pub(crate) fn wants_shape(&self) -> bool {
        self.limits.iter().flat_map(|limit| &limit.by).any(|part| part.source == Source::Shape)
    }
}

const PERIODS: &[Word<Window>] = &[
    Word { word: "second", value: rolling(1), doc: "Any second." },
    Word { word: "minute", value: rolling(60), doc: "Any minute." },
    Word { word: "hour", value: rolling(3600), doc: "Any hour." },
    Word { word: "day", value: rolling(86_400), doc: "Any 24 hours." },
    Word { word: "week", value: rolling(7 * 86_400), doc: "Any seven days." },
    Word { word: "month", value: rolling(30 * 86_400), doc: "Any 30 days." },
    Word {
        word: "calendar_day",
        value: Window::Day,
        doc: "From midnight to midnight, UTC; all of it may come at once.",
    },
    Word {
        word: "calendar_month",
        value: Window::Month,
        doc: "From the first of a month to the next, UTC; all of it may come at once.",
    },
];

const fn rolling(seconds: u64) -> Window {
    Window::Rolling(seconds.saturating_mul(1_000_000))
}

const MISSING: &[Word<Missing>] = &[
    Word {
        word: "share",
        value: Missing::Share,
        doc: "All that lack it count as one; where `values` are named, it is none of them.",
    },
    Word { word: "refuse", value: Missing::Refuse, doc: "Refused with 403." },
    Word { word: "skip", value: Missing::Skip, doc: "The limit does not apply." },
];

const BIGGEST: u64 = 1_000_000_000_000_000;

/// Reads a section.
pub(crate) fn read(r: &mut dyn Reader) -> Limits {
    let mode = choose(r, "mode", MODES, "Whether limits take effect.").unwrap_or_default();
    let slots = r.integer(
        "slots",
        65_536,
        1024,
        4_194_304,
        "Keys that are kept at the same time, in the memory that the workers of an Envoy share, about 60 bytes each. Give \
         four times as many as there are keys that owe something at once: beyond that, the key that owes the least is \
         forgotten. Profiles with the same number share them.",
    );
    let tells = r.boolean(
        "tell_clients",
        true,
        "Whether answers carry RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10).",
    );
    let tokens = tokens(r);
    let service = service(r);
    let mut exempt = Vec::new();
    r.list("exempt", 64, "Requests that no limit applies to: those for which one of these holds.", &mut |r| {
        exempt.extend(part(r));
        r.required("values", "say which values are exempt");
    });
    let mut limits: Vec<Limit> = Vec::new();
    r.list("limits", 32, "The limits. A request must pass each.", &mut |r| {
        let limit = limit(r, service.is_some());
        let taken = limit.as_ref().is_some_and(|limit| limits.iter().any(|known| known.name == limit.name));
        if taken {
            r.problem("name", "is the name of another limit, too".into(), "give each a name of its own".into());
        }
        limits.extend(limit);
    });
    Limits { mode, limits, exempt, tells, tokens, service, table: Table::new(slots), secret: OnceLock::new() }
}

fn limit(r: &mut dyn Reader, served: bool) -> Option<Limit> {
    let name = r.text(
        "name",
        64,
        "a name of letters, digits, `-`, `_` and `.`,",
        &is_name,
        "What it is called in records and in the fields that clients see. Limits of one name, unit and window \
         in several profiles count together. Required.",
    );
    r.required("name", "name the limit");
    let unit = choose(r, "unit", UNITS, "What is counted.").unwrap_or(Unit::Requests);
    let limit = r.integer("limit", 1, 1, BIGGEST, "How many may go by in a window. Required.");
    r.required("limit", "say how many");
    let window = choose(r, "per", PERIODS, "The window.").unwrap_or(rolling(1));
    r.required("per", "say in which time");
    let burst = r.integer(
        "burst",
        limit,
        1,
        BIGGEST,
        "How many may come at once, `limit` when it is not given: what was not used is saved up to so many. In any window \
         at most limit + burst go by, and what a single request costs beyond the burst.",
    );
    if !matches!(window, Window::Rolling(_)) && r.has("burst") {
        r.problem("burst", "has no effect in a calendar window".into(), "leave it out".into());
    }
    let mut by = Vec::new();
    let doc = "What it is counted by: each mix of values counts alone. All requests together when there is none.";
    r.list("by", 8, doc, &mut |r| by.extend(part(r)));
    let doc = "What happens to a request without a part of `by`, absent or empty. What can be read in two ways, such as a header \
               field that stands twice, is never skipped.";
    let missing = choose(r, "missing", MISSING, doc).unwrap_or(Missing::Share);
    if by.is_empty() && r.has("missing") {
        r.problem("missing", "has no effect without `by`".into(), "leave it out".into());
    }
    let doc = "Whether what is beyond it is let through, and recorded and counted only.";
    let shadow = r.boolean("shadow", false, doc);
    let global = r.boolean(
        "global",
        false,
        "Whether the rate limit service counts, for all Envoys together. Its own configuration then says how many may go by; \
         the numbers here are told to clients when it tells none, and count while it does not answer and service.fall_back \
         says so.",
    );
    if global && !served {
        r.problem("global", "has no service".into(), "name its cluster in service.cluster".into());
    }
    if global && unit == Unit::LongAnswers {
        r.problem(
            "global",
            "cannot count what is known at the end only".into(),
            "leave it out, or count another unit".into(),
        );
    }
    let name = Arc::from(name?);
    let counts = match window {
        Window::Rolling(period) => format!("{}/{period}", unit.name()),
        Window::Day => format!("{}/calendar_day", unit.name()),
        Window::Month => format!("{}/calendar_month", unit.name()),
    };
    Some(Limit { name, unit, rate: Rate { limit, burst, window }, counts, by, missing, shadow, global })
}

fn service(r: &mut dyn Reader) -> Option<Service> {
    let mut service = None;
    let doc = "The rate limit service (envoy.service.ratelimit.v3: envoyproxy/ratelimit, Limitador) for limits that are global.";
    r.section("service", doc, &mut |r| {
        let some = |s: &str| !s.is_empty();
        let cluster = r.text("cluster", 256, "the name of a cluster", &some, "Its cluster in Envoy, which speaks HTTP/2.");
        let domain = r.text("domain", 128, "a name", &some, "The domain of its configuration; `portcullis` when it is not given.");
        let timeout = r.integer("timeout_ms", 100, 1, 10_000, "Milliseconds until it is given up.");
        let falls_back = r.boolean(
            "fall_back",
            false,
            "Whether each Envoy counts for itself, by the limits' own numbers, while it does not answer. Else on_failure of the \
             profile decides.",
        );
        service = cluster.map(|cluster| Service {
            cluster,
            domain: domain.unwrap_or_else(|| "portcullis".to_owned()),
            timeout: u32::try_from(timeout).unwrap_or(u32::MAX),
            falls_back,
        });
    });
    service
}

fn tokens(r: &mut dyn Reader) -> Tokens {
    let mut tokens =
        Tokens { reserve_output: 0, ask_usage: true, end_streams: false, long_answer: 0, weights: Vec::new() };
    r.section("tokens", "How tokens are counted, for limits on them.", &mut |r| {
        tokens.reserve_output = r.integer(
            "reserve_output",
            1024,
            0,
            1_000_000,
            "Tokens of an answer that are taken before it is there, when the request does not bound it. What it really \
             costs is settled at its end.",
        );
        tokens.ask_usage = r.boolean(
            "ask_usage",
            true,
            "Whether streams of the OpenAI API are asked for their cost (stream_options.include_usage), which is kept from \
             clients that did not ask. Bodies of requests then go out without a length. Without it such streams are \
             settled by an estimate.",
        );
        tokens.end_streams = r.boolean(
            "end_streams",
            false,
            "Whether a stream ends, as one that has reached its length, once it goes beyond what is left.",
        );
        tokens.long_answer =
            r.integer("long_answer", 2000, 1, 1_000_000, "Tokens from which an answer counts for `long_answers`.");
        let doc = "What a token costs, by model; the first that matches counts. Others cost 1.";
        r.list("weights", 128, doc, &mut |r| {
            let any = |s: &str| !s.is_empty();
            let doc = "The model, `*` standing for any characters. Required.";
            let model = r.text("model", 256, "a model", &any, doc);
            r.required("model", "name the model");
            let mut weight = |key, doc| {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1,000,000")]
                let thousandths = (r.number(key, 1.0, 0.0, 1000.0, doc) * 1000.0).round() as u64;
                thousandths
            };
            let input = weight("input", "Of a token of the prompt.");
            let output = weight("output", "Of a token of the answer.");
            tokens.weights.extend(model.map(|model| (model_pattern(&model), input, output)));
        });
    });
    tokens
}

/// What a profile holds.
pub(crate) struct Shared(pub(crate) Arc<Limits>);

impl Settings for Shared {
    fn mode(&self) -> Mode {
        if self.0.limits.is_empty() { Mode::Off } else { self.0.mode }
    }

    fn reads_requests(&self) -> bool {
        self.0.limits.iter().any(Limit::reads_body) || self.0.exempt.iter().any(|part| part.source.is_in_body())
    }

    fn reads_answers(&self) -> Option<ReadAnswers> {
        self.0.counts_tokens().then_some(ReadAnswers::TEXTS)
    }

    fn edits_answers(&self) -> bool {
        self.0.tokens.end_streams
    }

    fn edits_requests(&self) -> bool {
        self.0.tokens.ask_usage && self.0.limits.iter().any(|limit| limit.unit.is_reserved())
    }

    fn wants_nonce(&self) -> bool {
        self.0.secret.get().is_none()
    }

    fn open(&self) -> Box<dyn Stage> {
        Box::new(Limiting::new(Arc::clone(&self.0)))
    }
}
