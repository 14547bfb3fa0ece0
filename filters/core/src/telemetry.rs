//! Every metric there is. Names carry their labels as `label.value` pairs, because proxy-wasm has none; the
//! `stats_tags` in `envoy/` take them out again. Labels are closed sets: no name is made of what a request or an
//! operator wrote.

use crate::call::CallEnd;
use crate::text::decode::Disguise;
use crate::verdict::{Judge, Verdict};
use crate::wire::{SkipReason, Unreadable};

/// A callback of the host, for the count of panics that were caught in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Callback {
    /// The configuration.
    Configure,
    /// A new stream.
    Create,
    /// The head of the request.
    RequestHeaders,
    /// A part of the request's body.
    RequestBody,
    /// The request's trailers.
    RequestTrailers,
    /// The head of the answer.
    ResponseHeaders,
    /// A part of the answer's body.
    ResponseBody,
    /// The answer's trailers.
    ResponseTrailers,
    /// The answer to a call.
    CallAnswer,
    /// The end of the stream.
    Log,
}

impl Callback {
    /// Every callback.
    pub const ALL: [Self; 10] = [
        Self::Configure,
        Self::Create,
        Self::RequestHeaders,
        Self::RequestBody,
        Self::RequestTrailers,
        Self::ResponseHeaders,
        Self::ResponseBody,
        Self::ResponseTrailers,
        Self::CallAnswer,
        Self::Log,
    ];

    /// The word for it in metrics and log lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Configure => "configure",
            Self::Create => "create",
            Self::RequestHeaders => "request_headers",
            Self::RequestBody => "request_body",
            Self::RequestTrailers => "request_trailers",
            Self::ResponseHeaders => "response_headers",
            Self::ResponseBody => "response_body",
            Self::ResponseTrailers => "response_trailers",
            Self::CallAnswer => "call_answer",
            Self::Log => "log",
        }
    }
}

/// Why a part of the filter could not do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A panic, caught.
    Panic,
    /// The host refused a call that the work needs.
    Host,
    /// What is shared by the workers could not be read or written.
    Store,
    /// A service beside the gateway did not answer, or not as it should.
    Call,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 4] = [Self::Panic, Self::Host, Self::Store, Self::Call];

    /// The word for it in metrics and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::Host => "host",
            Self::Store => "store",
            Self::Call => "call",
        }
    }
}

/// What happened while a request was scored elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scoring {
    /// A scorer was asked.
    Asked,
    /// The score was known.
    Cached,
    /// A scorer did not answer, or not with a score.
    Failed,
    /// A scorer was not asked, because it failed before.
    Broken,
    /// It was left alone from here on.
    Opened,
    /// A scorer was not asked, because time or calls were used up.
    OverBudget,
    /// Both found something, or neither.
    Agreed,
    /// The gateway's own inspection found something, and the scorers nothing.
    LocalOnly,
    /// The scorers found something, and the gateway's own inspection nothing.
    ScorerOnly,
}

impl Scoring {
    /// All of it.
    pub const ALL: [Self; 9] = [
        Self::Asked,
        Self::Cached,
        Self::Failed,
        Self::Broken,
        Self::Opened,
        Self::OverBudget,
        Self::Agreed,
        Self::LocalOnly,
        Self::ScorerOnly,
    ];

    /// The word for it in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Cached => "cached",
            Self::Failed => "failed",
            Self::Broken => "broken",
            Self::Opened => "opened",
            Self::OverBudget => "over_budget",
            Self::Agreed => "agreed",
            Self::LocalOnly => "local_only",
            Self::ScorerOnly => "scorer_only",
        }
    }
}

/// The way of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To the model.
    Request,
    /// Back to the client.
    Response,
}

impl Direction {
    /// The word for it in metrics and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

/// A counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counter {
    /// Requests that were decided, by verdict, by what gave it, and by whether it took effect.
    Requests {
        /// The verdict.
        verdict: Verdict,
        /// What gave it.
        judge: Judge,
        /// Whether it took effect: false in shadow mode.
        enforced: bool,
    },
    /// Requests that nobody is granted, by the part of them that is not.
    Denied(&'static str),
    /// Header fields that said who asks, and that were removed.
    StrippedHeaders,
    /// What became of a request, or of a key, under a limit.
    Limits {
        /// What is limited.
        unit: &'static str,
        /// What happened, in one word.
        outcome: &'static str,
    },
    /// Calls to services beside the gateway, by how they ended.
    Calls(CallEnd),
    /// What became of requests of which the prompt guard was unsure, and of the scorers that it asked.
    Scoring(Scoring),
    /// Microseconds that calls took, all together.
    CallMicros,
    /// Bodies that could not be read.
    Unreadable(Unreadable),
    /// Answers that were read, by the verdict on the exchange at their end.
    Answers {
        /// The verdict.
        verdict: Verdict,
        /// What gave it.
        judge: Judge,
        /// Whether it took effect: false in shadow mode.
        enforced: bool,
    },
    /// Answers that were read and broke off, by upstream or client, before their end.
    BrokenAnswers {
        /// Whether a part of it was held, and is dropped.
        held: bool,
    },
    /// What was found by kind; kinds and actions are closed sets of their stages.
    Entities {
        /// The kind, in capitals.
        entity: &'static str,
        /// What was done with it.
        action: &'static str,
        /// Where it stood.
        direction: Direction,
    },
    /// Answers that a stage asked for and that could not be read.
    UnreadableAnswers(Unreadable),
    /// Bytes of text that were inspected.
    InspectedBytes,
    /// Bytes that were not, by reason.
    SkippedBytes(SkipReason),
    /// Requests in which something was found under a disguise; one count for each disguise.
    Disguised(Disguise),
    /// Work that could not be done.
    Failures(Cause),
    /// Panics that were caught, by callback.
    Panics(Callback),
    /// Inbound headers that only this filter may set, removed.
    ForgedHeaders,
}

impl Counter {
    /// The name under which the host keeps it; Envoy shows it behind `wasmcustom.`.
    pub fn name(self) -> String {
        let judged = |what, verdict: Verdict, judge: Judge, enforced| {
            let mode = if enforced { "enforce" } else { "shadow" };
            format!("portcullis.{what}.verdict.{}.stage.{}.mode.{mode}", verdict.name(), judge.name())
        };
        match self {
            Self::Requests { verdict, judge, enforced } => judged("requests", verdict, judge, enforced),
            Self::Answers { verdict, judge, enforced } => judged("answers", verdict, judge, enforced),
            Self::Denied(reason) => format!("portcullis.denied.reason.{reason}"),
            Self::StrippedHeaders => "portcullis.stripped_headers".into(),
            Self::Limits { unit, outcome } => format!("portcullis.limits.unit.{unit}.outcome.{outcome}"),
            Self::Calls(end) => format!("portcullis.calls.outcome.{}", end.name()),
            Self::Scoring(outcome) => format!("portcullis.scoring.outcome.{}", outcome.name()),
            Self::CallMicros => "portcullis.call_micros".into(),
            Self::Unreadable(why) => format!("portcullis.unreadable.reason.{}", why.name()),
            Self::Entities { entity, action, direction } => {
                let (entity, direction) = (entity.to_ascii_lowercase(), direction.name());
                format!("portcullis.entities.entity.{entity}.direction.{direction}.action.{action}")
            }
            Self::BrokenAnswers { held } => {
                format!("portcullis.broken_answers.held.{}", if held { "yes" } else { "no" })
            }
            Self::UnreadableAnswers(why) => format!("portcullis.unreadable_answers.reason.{}", why.name()),
            Self::InspectedBytes => "portcullis.inspected_bytes".into(),
            Self::SkippedBytes(why) => format!("portcullis.skipped_bytes.reason.{}", why.name()),
            Self::Disguised(disguise) => format!("portcullis.disguised.disguise.{}", disguise.name()),
            Self::Failures(cause) => format!("portcullis.failures.cause.{}", cause.name()),
            Self::Panics(callback) => format!("portcullis.panics.callback.{}", callback.name()),
            Self::ForgedHeaders => "portcullis.forged_headers".into(),
        }
    }

    /// Every counter there can be; of the kinds of entities, one.
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self::InspectedBytes, Self::ForgedHeaders, Self::CallMicros];
        all.extend(CallEnd::ALL.map(Self::Calls));
        all.extend([Self::Denied("model"), Self::StrippedHeaders]);
        all.extend(Scoring::ALL.map(Self::Scoring));
        all.push(Self::Limits { unit: "requests", outcome: "throttled" });
        all.extend([true, false].map(|held| Self::BrokenAnswers { held }));
        for direction in [Direction::Request, Direction::Response] {
            all.push(Self::Entities { entity: "IP_ADDRESS", action: "replace", direction });
        }
        for verdict in Verdict::ALL {
            for judge in Judge::ALL {
                all.extend([true, false].map(|enforced| Self::Requests { verdict, judge, enforced }));
                all.extend([true, false].map(|enforced| Self::Answers { verdict, judge, enforced }));
            }
        }
        all.extend(Unreadable::ALL.map(Self::Unreadable));
        all.extend(Unreadable::ALL.map(Self::UnreadableAnswers));
        all.extend(SkipReason::ALL.map(Self::SkippedBytes));
        all.extend(Disguise::ALL.map(Self::Disguised));
        all.extend(Cause::ALL.map(Self::Failures));
        all.extend(Callback::ALL.map(Self::Panics));
        all
    }
}

/// The prefix of every header that only this filter may set.
pub const HEADER_PREFIX: &str = "x-portcullis-";

/// The header that tells a client what was decided.
pub const VERDICT_HEADER: &str = "x-portcullis-verdict";

/// The property that holds the audit record; access logs read it as the filter state `wasm.portcullis.audit`.
pub const AUDIT_PROPERTY: &str = "portcullis.audit";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_counters_share_a_name() {
        let mut names: Vec<_> = Counter::all().into_iter().map(Counter::name).collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn names_are_ones_that_stats_tags_can_take_apart() {
        for name in Counter::all().into_iter().map(Counter::name) {
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.'),
                "{name}"
            );
            assert_eq!(name.split('.').count() % 2, 0, "{name}: portcullis.<what> and then pairs");
        }
    }
}
