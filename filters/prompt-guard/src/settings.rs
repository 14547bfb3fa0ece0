//! The section `prompt_guard` of a profile.

use std::sync::Arc;

use portcullis_core::config::{MODES, Reader, Word, choose};
use portcullis_core::stage::{Kind, Settings, Stage};
use portcullis_core::verdict::{Mode, RuleId, Verdict};

use crate::inspect::Choice;
use crate::rule::MAX_PARANOIA;
use crate::ruleset::Ruleset;
use crate::score::Thresholds;
use crate::stage::Guarding;

/// The stage that inspects prompts.
pub struct PromptGuard;

/// What a module lists.
pub static PROMPT_GUARD: PromptGuard = PromptGuard;

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

    fn read(&self, r: &mut dyn Reader) -> Box<dyn Settings> {
        let standard = Thresholds::default();
        let mode = choose(r, "mode", MODES, "Whether the stage refuses, only records, or does not run.");
        let mut threshold = |key, standard: f32, doc| {
            #[allow(clippy::cast_possible_truncation, reason = "from 0 to 1")]
            let value = r.number(key, f64::from((standard * 100.0).round()) / 100.0, 0.01, 1.0, doc) as f32;
            value
        };
        let flag = threshold("flag", standard.flag, "Requests that score this much are recorded.");
        let block = threshold("block", standard.block, "Requests that score this much are refused.");
        if flag > block {
            r.problem("flag", "is greater than block".into(), "make flag at most block".into());
        }
        let max_text_bytes =
            r.integer("max_text_bytes", 1_048_576, 1024, 16_777_216, "Bytes of text of a request that are inspected.");
        let over_limit =
            choose(r, "over_limit", OVER_LIMIT, "What is done with a request that has more text than that.");
        let rules = Ruleset::base();
        let mut choice = Choice::default();
        r.section("rules", "Rules by id.", &mut |r| {
            let rules = rules.as_deref();
            let level = r.integer(
                "paranoia",
                1,
                1,
                u64::from(MAX_PARANOIA),
                "Level of paranoia: 1 runs the rules that are safe for everyone; each level adds rules that find more and \
                 are wrong more often. Go up in shadow mode first.",
            );
            choice.paranoia = u8::try_from(level).unwrap_or(MAX_PARANOIA);
            choice.disabled = ids(r, "disabled", rules, "Rules that do not run.");
            choice.shadow = ids(r, "shadow", rules, "Rules that are recorded and add nothing to the score.");
            if choice.shadow.iter().any(|rule| choice.disabled.contains(rule)) {
                r.problem("shadow", "names a rule that does not run".into(), "leave it out of one of the lists".into());
            }
        });
        if rules.is_none() {
            r.problem("", "the rules cannot be compiled".into(), "report it: this is a defect of the filter".into());
        }
        Box::new(Guard(Arc::new(Inner {
            mode: mode.unwrap_or_default(),
            thresholds: Thresholds { flag, block },
            max_text_bytes: usize::try_from(max_text_bytes).unwrap_or(usize::MAX),
            over_limit: over_limit.unwrap_or(Verdict::Block),
            choice,
            rules,
        })))
    }
}

/// Reads a list of rule ids; unknown ones are problems.
fn ids(r: &mut dyn Reader, key: &'static str, rules: Option<&Ruleset>, doc: &'static str) -> Vec<usize> {
    let find = |id: &str| id.parse::<RuleId>().ok().and_then(|id| rules?.find(id));
    let ids = r.texts(key, 1024, "the id of a rule that exists, such as PG-1001,", &|id| find(id).is_some(), doc);
    ids.iter().filter_map(|id| find(id)).collect()
}

/// Settings of a profile, shared with the exchanges that it has under way.
struct Guard(Arc<Inner>);

pub(crate) struct Inner {
    pub mode: Mode,
    pub thresholds: Thresholds,
    pub max_text_bytes: usize,
    pub over_limit: Verdict,
    pub choice: Choice,
    pub rules: Option<Arc<Ruleset>>,
}

impl Settings for Guard {
    fn mode(&self) -> Mode {
        self.0.mode
    }

    fn open(&self) -> Box<dyn Stage> {
        Box::new(Guarding(Arc::clone(&self.0)))
    }
}
