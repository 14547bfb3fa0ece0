//! What is decided about a text or a request: by the code that decides in the module.

use std::sync::Arc;

use portcullis_core::audit::shown;
use portcullis_core::config::Config;
use portcullis_core::exchange::Exchange;
use portcullis_core::head::Head;
use portcullis_core::stage::Request;
use portcullis_core::store::{Memory, World};
use portcullis_core::verdict::{Judge, Mode, RuleId, Verdict};
use portcullis_core::wire::{Calls, Dialect, Prompt, Role, Source, Span, Text};

/// What was decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The profile that was selected.
    pub profile: String,
    /// The place of the route that selected it; `None` for the default profile.
    pub route: Option<usize>,
    /// The greatest score of a stage.
    pub score: f32,
    /// The greatest probability that a classifier gave.
    pub classifier: Option<f32>,
    /// What becomes of it.
    pub verdict: Verdict,
    /// What gave the verdict.
    pub judge: Judge,
    /// Whether the verdict takes effect.
    pub enforced: bool,
    /// The rules that fired, each once.
    pub rules: Vec<RuleId>,
    /// Bytes of text that were inspected.
    pub inspected: u64,
    /// Bytes of text that were not.
    pub skipped: u64,
    /// Why the body could not be read, if it could not.
    pub unreadable: Option<&'static str>,
}

impl Decision {
    /// The score as it is shown: six digits.
    pub fn shown_score(&self) -> f64 {
        shown(self.score)
    }
}

/// What a user says to the default profile, with no wire format around it: whatever the modes of the stages.
///
/// # Errors
/// It is too long to be counted.
pub fn of_text(config: &Config, text: &str) -> Result<Decision, String> {
    let length = u32::try_from(text.len()).map_err(|_| "text: is over 4 GiB")?;
    let head = Head::new(Vec::new());
    let span = Span { start: 0, end: length };
    let prompt = Prompt {
        dialect: Dialect::Unknown,
        model: None,
        stream: false,
        texts: vec![Text { role: Role::User, source: Source::Defined, span, escaped: false }],
        skipped: Vec::new(),
        calls: Calls::default(),
    };
    let profile = config.select(&head);
    let nothing = Memory::default();
    let world = World { now: 0, store: &nothing, properties: &nothing, profile: &profile.name };
    let request = Request { head: &head, body: text.as_bytes(), prompt: &prompt, world };
    let mut decision = Decision {
        profile: profile.name.clone(),
        route: None,
        score: 0.0,
        classifier: None,
        verdict: Verdict::Allow,
        judge: Judge::None,
        enforced: true,
        rules: Vec::new(),
        inspected: 0,
        skipped: 0,
        unreadable: None,
    };
    let running = profile.stages.iter().filter(|stage| stage.mode() != Mode::Off);
    for opinion in running.map(|stage| stage.open().request(request)) {
        decision.score = decision.score.max(opinion.score);
        decision.classifier = decision.classifier.into_iter().chain(opinion.classifier).reduce(f32::max);
        if opinion.verdict > decision.verdict {
            (decision.verdict, decision.judge) = (opinion.verdict, opinion.judge);
        }
        decision.inspected = decision.inspected.max(opinion.inspected);
        decision.skipped =
            decision.skipped.max(opinion.left_out.saturating_add(opinion.allowed).saturating_add(opinion.unclassified));
        for finding in opinion.findings {
            if !decision.rules.contains(&finding.rule) {
                decision.rules.push(finding.rule);
            }
        }
    }
    Ok(decision)
}

/// A request goes the way it would go in the module.
pub fn of_request(config: &Arc<Config>, head: Head, body: Option<&[u8]>) -> Decision {
    let route = config.route(&head);
    let mut exchange = Exchange::open(config, head, 0);
    exchange.request_head(body.is_none_or(<[u8]>::is_empty));
    exchange.go_without_calls();
    exchange.request_body(body.unwrap_or_default(), &|| 0);
    exchange.go_without_calls();
    let record = exchange.record();
    Decision {
        profile: record.profile.clone(),
        route,
        score: record.score,
        classifier: record.classifier,
        verdict: record.verdict,
        judge: record.judge,
        enforced: record.enforced,
        rules: record.rules.clone(),
        inspected: record.coverage.inspected,
        skipped: record.coverage.skipped_bytes(),
        unreadable: record.unreadable.map(|why| why.name()),
    }
}
