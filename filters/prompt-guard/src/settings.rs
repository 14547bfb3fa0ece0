//! The section `prompt_guard` of a profile.

use std::any::Any;
use std::sync::Arc;

use portcullis_core::config::{MODES, Reader, Word, choose};
use portcullis_core::stage::{Kind, Settings, Stage};
use portcullis_core::verdict::{Mode, Severity, Verdict};
use portcullis_core::wire::Role;
use portcullis_model::Model;

use crate::allowed::Allowed;
use crate::choice::{Choice, Effect};
use crate::exceptions::{self, Exceptions, SEVERITIES, roles, rules_named};
use crate::own::{self, About};
use crate::rule::MAX_PARANOIA;
use crate::ruleset::{Ruleset, bit};
use crate::score::{ByRole, Thresholds};
use crate::scoring::{self, Scorers};
use crate::stage::Guarding;

/// The stage that inspects prompts.
#[derive(Default)]
pub struct PromptGuard {
    /// The rules that ship and the operator's own; none when there are only those that ship.
    own: Option<(Arc<Ruleset>, Arc<[About]>)>,
}

/// What a module lists.
pub static PROMPT_GUARD: PromptGuard = PromptGuard { own: None };

const OVER_LIMIT: &[Word<Verdict>] = &[
    Word { word: "block", value: Verdict::Block, doc: "Refused." },
    Word { word: "flag", value: Verdict::Flag, doc: "Let through in part unseen, recorded and counted." },
    Word { word: "allow", value: Verdict::Allow, doc: "Let through in part unseen; still counted." },
];

impl Kind for PromptGuard {
    fn key(&self) -> &'static str {
        "prompt_guard"
    }

    fn doc(&self) -> &'static str {
        "Inspects every text of a request for prompt injection and jailbreaks."
    }

    fn shared(&self, document: &mut dyn Reader) -> Option<Box<dyn Kind>> {
        let mut own = None;
        document.section(self.key(), "What all profiles share of the prompt guard.", &mut |r| own = own::read(r));
        let (rules, about) = own?;
        Some(Box::new(Self { own: Some((Arc::new(rules), about.into())) }))
    }

    fn read(&self, r: &mut dyn Reader) -> Box<dyn Settings> {
        let mode = choose(r, "mode", MODES, "Whether the stage refuses, only records, or does not run.");
        let thresholds = thresholds(r);
        let max_text_bytes =
            r.integer("max_text_bytes", 1_048_576, 1024, 16_777_216, "Bytes of text of a request that are inspected.");
        let over_limit =
            choose(r, "over_limit", OVER_LIMIT, "What is done with a request that has more text than that.");
        let (rules, own) = match &self.own {
            Some((rules, about)) => (Some(Arc::clone(rules)), Arc::clone(about)),
            None => (Some(Ruleset::base()), Arc::default()),
        };
        let mut choice = Choice::default();
        r.section("rules", "Which rules run, for every request.", &mut |r| {
            choice = read_choice(r, rules.as_deref());
        });
        let mut classifier = Classifier::default();
        let doc = "The classifier, which adds to the score what it makes of each text.";
        let named = r.section("classifier", doc, &mut |r| classifier = read_classifier(r));
        if named && classifier.mode != Say::Off && Model::shared().is_none() {
            let remedy = "set mode to off, or attach a module that was built with a model".to_string();
            r.problem("classifier", "this module was built without a model".into(), remedy);
        }
        let exceptions = exceptions::read(r, rules.as_deref(), choice);
        let allowed = Allowed::read(r);
        let scorers = scoring::read(r).map(Arc::new);
        if rules.is_none() {
            r.problem("", "the rules cannot be compiled".into(), "report it: this is a defect of the filter".into());
        }
        Box::new(Guard(Arc::new(Inner {
            mode: mode.unwrap_or_default(),
            thresholds,
            max_text_bytes: usize::try_from(max_text_bytes).unwrap_or(usize::MAX),
            over_limit: over_limit.unwrap_or(Verdict::Block),
            classifier,
            exceptions,
            allowed,
            rules,
            own,
            scorers,
        })))
    }
}

/// Reads `flag` and `block`, and `roles`, which has them for one role each.
fn thresholds(r: &mut dyn Reader) -> ByRole {
    let all = one(
        r,
        Thresholds::default(),
        "Requests that score this much are recorded.",
        "Requests that score this much are refused.",
    );
    let mut by_role = ByRole([all; Role::ALL.len()]);
    let doc = "Other thresholds for what is found in texts of one role. A finding counts against the threshold of its role \
               and against every greater one.";
    r.section("roles", doc, &mut |r| {
        for (role, thresholds) in Role::ALL.into_iter().zip(&mut by_role.0) {
            r.section(role.name(), "The profile's own where one is absent.", &mut |r| {
                *thresholds = one(r, all, "In place of the profile's `flag`.", "In place of the profile's `block`.");
            });
        }
    });
    by_role
}

fn one(r: &mut dyn Reader, standard: Thresholds, flags: &'static str, blocks: &'static str) -> Thresholds {
    let mut threshold = |key, standard: f32, doc| {
        let shown = f64::from((standard * 1000.0).round()) / 1000.0;
        #[allow(clippy::cast_possible_truncation, reason = "from 0 to 1")]
        let value = r.number(key, shown, 0.01, 1.0, doc) as f32;
        if r.has(key) { value } else { standard }
    };
    let thresholds =
        Thresholds { flag: threshold("flag", standard.flag, flags), block: threshold("block", standard.block, blocks) };
    if thresholds.flag > thresholds.block && ["flag", "block"].iter().any(|key| r.has(key)) {
        r.problem("flag", "is greater than block".into(), "make flag at most block".into());
    }
    thresholds
}

/// Reads `rules`.
fn read_choice(r: &mut dyn Reader, rules: Option<&Ruleset>) -> Choice {
    let level = r.integer(
        "paranoia",
        1,
        1,
        u64::from(MAX_PARANOIA),
        "Level of paranoia: 1 runs the rules that are safe for everyone; each level adds rules that find more and are wrong \
         more often. Go up in shadow mode first.",
    );
    let mut choice = Choice { paranoia: u8::try_from(level).unwrap_or(MAX_PARANOIA), ..Choice::default() };
    let disabled = rules_named(r, "disabled", rules, "Rules that do not run.");
    let shadow = rules_named(r, "shadow", rules, "Rules that are recorded and add nothing to the score.");
    if shadow.iter().any(|rule| disabled.contains(rule)) {
        r.problem("shadow", "names a rule that does not run".into(), "leave it out of one of the lists".into());
    }
    let mut set = |rules: &[usize], effect| {
        let everywhere: Vec<_> = rules.iter().map(|rule| (*rule, u16::MAX)).collect();
        choice.set(&everywhere, effect);
    };
    set(&shadow, Effect::Shadow);
    set(&disabled, Effect::Off);
    r.list("severity", 128, "Rules that weigh something else than they say.", &mut |r| {
        let named = rules_named(r, "rules", rules, "The rules. Required.");
        r.required("rules", "name the rules: PG-1001, PG-1200-1299, or PG for all that ship");
        let severity = choose(r, "severity", SEVERITIES, "What they weigh. Required.").unwrap_or(Severity::Notice);
        r.required("severity", "say what the rules weigh");
        for rule in named {
            if choice.severity.insert(rule, severity).is_some() {
                r.problem("rules", "names a rule that stands in an entry before".into(), "name it once".into());
                break;
            }
        }
    });
    choice
}

/// What the classifier may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Say {
    /// It does not run.
    Off,
    /// It is recorded.
    Shadow,
    /// It adds to the score, and may flag by that, not refuse: who sees a refusal wants a rule to look up.
    Flag,
    /// It adds to the score, whatever comes of that.
    Enforce,
}

/// How texts are classified.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Classifier {
    pub mode: Say,
    /// Roles whose texts are read, one bit each.
    pub roles: u16,
    /// Tokens of a request that are read.
    pub tokens: usize,
    pub over_limit: Verdict,
}

/// As an absent section reads.
impl Default for Classifier {
    fn default() -> Self {
        let roles = Role::ALL.into_iter().filter(|role| READ.contains(role)).fold(0, |all, role| all | bit(role));
        Self { mode: Say::Flag, roles, tokens: TOKENS, over_limit: Verdict::Allow }
    }
}

/// Roles that are classified unless the profile says otherwise: who writes definitions of tools and system prompts gives
/// orders to the model by right.
const READ: &[Role] =
    &[Role::User, Role::Assistant, Role::ToolResult, Role::ToolArgument, Role::Document, Role::EmbeddingInput];

/// Tokens of a request that are read unless the profile says otherwise: some 60 KB of English.
const TOKENS: usize = 16_384;

const CLASSIFIER_MODES: &[Word<Say>] = &[
    Word {
        word: "flag",
        value: Say::Flag,
        doc: "Its probability adds to the score. It may flag what the rules let pass, and refuses nothing that they do not.",
    },
    Word { word: "enforce", value: Say::Enforce, doc: "Its probability adds to the score, and may refuse." },
    Word { word: "shadow", value: Say::Shadow, doc: "Its probability is recorded and adds nothing to the score." },
    Word { word: "off", value: Say::Off, doc: "It does not run." },
];

const OVER_TOKENS: &[Word<Verdict>] = &[
    Word { word: "allow", value: Verdict::Allow, doc: "Let through, and counted; the rules saw all of it." },
    Word { word: "flag", value: Verdict::Flag, doc: "Let through, counted, and flagged." },
    Word { word: "block", value: Verdict::Block, doc: "Refused." },
];

/// Reads `classifier`.
fn read_classifier(r: &mut dyn Reader) -> Classifier {
    let standard = Classifier::default();
    let doc = "What the classifier may do.";
    let mode = choose(r, "mode", CLASSIFIER_MODES, doc).unwrap_or(standard.mode);
    let roles = roles(r, "Whose texts it reads; all but system and tool_definition when absent.");
    let roles = if r.has("roles") { roles } else { standard.roles };
    let tokens = r.integer(
        "max_tokens",
        u64::try_from(standard.tokens).unwrap_or(u64::MAX),
        128,
        1_048_576,
        "Tokens of a request that it reads, and so how long it may take: about a millisecond for each thousand. Of a longer \
         text it reads the first and the last part.",
    );
    let over_limit = choose(r, "over_limit", OVER_TOKENS, "What is done with a request that has more text than that.");
    if mode == Say::Off {
        for key in ["roles", "max_tokens", "over_limit"] {
            r.misplaced(key, "has no effect with this mode", "leave it out, or choose another mode".into());
        }
    }
    let tokens = usize::try_from(tokens).unwrap_or(usize::MAX);
    Classifier { mode, roles, tokens, over_limit: over_limit.unwrap_or(standard.over_limit) }
}

/// Settings of a profile, shared with the exchanges that it has under way.
pub(crate) struct Guard(pub Arc<Inner>);

pub(crate) struct Inner {
    pub mode: Mode,
    pub thresholds: ByRole,
    pub max_text_bytes: usize,
    pub over_limit: Verdict,
    pub classifier: Classifier,
    pub exceptions: Exceptions,
    pub allowed: Allowed,
    pub rules: Option<Arc<Ruleset>>,
    /// What is said of the operator's own rules, which come behind those that ship.
    pub own: Arc<[About]>,
    /// Who scores what the stage is unsure of.
    pub scorers: Option<Arc<Scorers>>,
}

impl Settings for Guard {
    fn mode(&self) -> Mode {
        self.0.mode
    }

    fn wants_nonce(&self) -> bool {
        self.0.scorers.is_some()
    }

    fn open(&self) -> Box<dyn Stage> {
        Box::new(Guarding { inner: Arc::clone(&self.0), nonce: [0; 8], asking: None })
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}
