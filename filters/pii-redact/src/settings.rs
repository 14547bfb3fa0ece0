//! The stage's section of a profile, read and compiled.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use portcullis_core::answer::Kind as Channel;
use portcullis_core::config::{MODES, Reader, Word, choose};
use portcullis_core::exchange::ReadAnswers;
use portcullis_core::stage::{Settings, Stage};
use portcullis_core::verdict::Mode;

use crate::custom::Custom;
use crate::pattern::Pattern;
use crate::select::{SELECT, Select};
use crate::stage::Redacting;
use crate::{Allowed, Detector, Kind, Operator, Policy};

/// A section, compiled; shared by the exchanges that it has under way.
pub(crate) struct Redaction {
    pub(crate) mode: Mode,
    pub(crate) detector: Arc<Detector>,
    /// What the operator looks for besides.
    pub(crate) custom: Custom,
    pub(crate) request: Option<Policy>,
    /// Whether numbers that were put into a request are turned back in its answer.
    pub(crate) restore: bool,
    pub(crate) response: Option<Policy>,
    /// Texts of answers that stay as they are.
    pub(crate) leave: Vec<Channel>,
    /// Whether the audit record gets hashes of what was found.
    pub(crate) audit_values: bool,
}

/// What a section says of one direction.
struct Direction {
    redact: bool,
    operator: Operator,
    operators: Vec<(Vec<Select>, Operator)>,
}

#[derive(Clone, Copy)]
enum Choice {
    Keep,
    Replace,
    Number,
    Mask,
    Pseudonym,
    Remove,
    Block,
}

const REPLACE: Word<Choice> = Word { word: "replace", value: Choice::Replace, doc: "[EMAIL] stands in its place." };
const NUMBER: Word<Choice> = Word {
    word: "number",
    value: Choice::Number,
    doc: "[EMAIL_1]: the same number for the same value in an exchange.",
};
const MASK: Word<Choice> = Word {
    word: "mask",
    value: Choice::Mask,
    doc: "Letters and digits become *, all but the last keep_last; at most a third is shown.",
};
const PSEUDONYM: Word<Choice> = Word {
    word: "pseudonym",
    value: Choice::Pseudonym,
    doc: "[EMAIL_5f3c09d2a1b4]: a hash under the key of audit.hmac_key_env, the same in every exchange.",
};
const REMOVE: Word<Choice> = Word { word: "remove", value: Choice::Remove, doc: "Nothing stands in its place." };
const BLOCK: Word<Choice> =
    Word { word: "block", value: Choice::Block, doc: "The request is refused; the answer ends before it." };
const KEEP: Word<Choice> = Word { word: "keep", value: Choice::Keep, doc: "It stays, and is recorded and counted." };

const IN_RESPONSE: &[Word<Choice>] = &[REPLACE, NUMBER, MASK, PSEUDONYM, REMOVE, BLOCK, KEEP];
const IN_REQUEST: &[Word<Choice>] = &[NUMBER, REPLACE, MASK, PSEUDONYM, REMOVE, BLOCK, KEEP];
const OF_PATTERN: &[Word<Choice>] = &[REPLACE, REMOVE, BLOCK, KEEP];

const fn operator(choice: Choice, last: u8) -> Operator {
    match choice {
        Choice::Keep => Operator::Keep,
        Choice::Replace => Operator::Replace,
        Choice::Number => Operator::Number,
        Choice::Mask => Operator::Mask { last },
        Choice::Pseudonym => Operator::Pseudonym,
        Choice::Remove => Operator::Remove,
        Choice::Block => Operator::Block,
    }
}

const CHANNELS: &[(&str, Channel)] = &[
    ("content", Channel::Content),
    ("reasoning", Channel::Reasoning),
    ("refusal", Channel::Refusal),
    ("transcript", Channel::Transcript),
    ("tool_argument", Channel::ToolArgument),
    ("tool_result", Channel::ToolResult),
    ("error", Channel::Error),
    ("unrecognised", Channel::Unrecognised),
];

const CHANNELS_DOC: &str =
    "one of content, reasoning, refusal, transcript, tool_argument, tool_result, error, unrecognised,";

fn channel(word: &str) -> Option<Channel> {
    CHANNELS.iter().find(|(name, _)| *name == word).map(|(_, channel)| *channel)
}

/// The dictionaries of a VM: they are the same for every profile.
fn detector() -> Option<Arc<Detector>> {
    static SHARED: OnceLock<Option<Arc<Detector>>> = OnceLock::new();
    SHARED.get_or_init(|| Detector::new().map(Arc::new)).clone()
}

/// Reads a section. `None`, with a problem, when the dictionaries cannot be built.
pub(crate) fn read(r: &mut dyn Reader) -> Option<Redaction> {
    let mode = choose(r, "mode", MODES, "Whether texts are edited, findings only recorded, or the stage does not run.");
    let detect = selection(r, "detect", "What is looked for; everything that is known when it is not given.");
    let ignore = selection(r, "ignore", "What of it is left alone, and not even counted.");
    let looked_for = |kind: Kind| {
        (detect.is_empty() || detect.iter().any(|select| select.has(kind)))
            && !ignore.iter().any(|select| select.has(kind))
    };
    if !Kind::ALL.iter().any(|kind| looked_for(*kind)) {
        let remedy = "leave something to look for, or set mode to off".to_string();
        r.problem("ignore", "leaves nothing to look for".into(), remedy);
    }
    let allow = r.texts(
        "allow",
        256,
        "a value, or @ and a domain,",
        &|entry| entry.strip_prefix('@').map_or(entry.len() >= 3, |domain| domain.contains('.')),
        "Values that are let be, and domains (@example.com) whose e-mail addresses are.",
    );
    let mut custom = Custom::default();
    patterns(r, &mut custom);
    let mut request = Direction { redact: false, operator: Operator::Number, operators: Vec::new() };
    let mut restore = true;
    r.section("request", "What is edited before a prompt leaves.", &mut |r| {
        request = direction(r, false, IN_REQUEST, "Whether texts of requests are edited. Bodies are then sent chunked.");
        restore = r.boolean(
            "restore",
            true,
            "Whether the answer gets the values back for the numbers that were put into its request. Numbers then carry \
             a word of the exchange, [EMAIL_1_7KQ2M9], so that no other text can stand for a value.",
        );
    });
    let mut response = Direction { redact: true, operator: Operator::Replace, operators: Vec::new() };
    let mut leave = Vec::new();
    r.section("response", "What is edited in answers, while they stream.", &mut |r| {
        response = direction(r, true, IN_RESPONSE, "Whether texts of answers are edited.");
        let words = r.texts("leave", 8, CHANNELS_DOC, &|word| channel(word).is_some(), "Texts that stay as they are.");
        leave = words.iter().filter_map(|word| channel(word)).collect();
    });
    let audit_values = r.boolean(
        "audit_values",
        false,
        "Whether the audit record has an HMAC of each value that was found, under the key of audit.hmac_key_env, so that \
         the same value can be told again.",
    );
    if !request.redact && !response.redact && mode != Some(Mode::Off) {
        r.problem(
            "response",
            "leaves the stage nothing to do".into(),
            "redact one direction, or set mode to off".into(),
        );
    }
    let detector = detector();
    if detector.is_none() {
        r.problem("", "the dictionaries cannot be built".into(), "report it: this is a defect of the filter".into());
    }
    let allowed = Allowed::new(allow.iter().map(String::as_str));
    let policy = |direction: Direction| {
        direction.redact.then(|| {
            let mut policy = Policy::all(direction.operator).allowing(allowed.clone());
            for kind in Kind::ALL.iter().copied() {
                let of = direction.operators.iter().find(|(kinds, _)| kinds.iter().any(|select| select.has(kind)));
                match of {
                    _ if !looked_for(kind) => policy = policy.with(kind, Operator::Ignore),
                    Some((_, operator)) => policy = policy.with(kind, *operator),
                    None => {}
                }
            }
            policy
        })
    };
    let (request, response) = (policy(request), policy(response));
    let restore = restore && request.as_ref().is_some_and(Policy::numbers);
    Some(Redaction {
        mode: mode.unwrap_or_default(),
        detector: detector?,
        custom,
        request,
        restore,
        response,
        leave,
        audit_values,
    })
}

fn selection(r: &mut dyn Reader, key: &'static str, doc: &'static str) -> Vec<Select> {
    let words = r.texts(key, 256, SELECT, &|word| Select::named(word).is_some(), doc);
    words.iter().filter_map(|word| Select::named(word)).collect()
}

fn direction(r: &mut dyn Reader, redact: bool, words: &'static [Word<Choice>], doc: &'static str) -> Direction {
    let redact = r.boolean("redact", redact, doc);
    let general = one_operator(r, words, "What is done with a finding.");
    let mut operators = Vec::new();
    r.list("operators", 64, "What is done with some kinds. The first entry that names a kind counts.", &mut |r| {
        let kinds = selection(r, "entities", "The kinds. Required.");
        r.required("entities", "name the kinds that the operator is for");
        operators.push((kinds, one_operator(r, words, "What is done with them.")));
    });
    Direction { redact, operator: general, operators }
}

fn one_operator(r: &mut dyn Reader, words: &'static [Word<Choice>], doc: &'static str) -> Operator {
    let choice = choose(r, "operator", words, doc).unwrap_or(Choice::Replace);
    let last = r.integer("keep_last", 4, 0, 16, "Characters that a mask shows; no other operator looks at it.");
    operator(choice, u8::try_from(last).unwrap_or(4))
}

/// Reads what an operator looks for besides the kinds that are known.
fn patterns(r: &mut dyn Reader, custom: &mut Custom) {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    };
    r.list("patterns", 64, "Patterns of your own, looked for in both directions.", &mut |r| {
        let name =
            r.text("name", 32, "capital letters, digits and _,", &is_name, "What stands in its place. Required.");
        let pattern = r.text(
            "pattern",
            256,
            "a pattern",
            &|pattern| Pattern::new(pattern).is_ok(),
            "Characters stand for themselves, \\d for a digit, \\w for a letter or digit, [A-F] for one of a set; {n}, \
             {n,m} and ? say how often. At least 3 characters, at most 128. Required.",
        );
        let operator =
            operator(choose(r, "operator", OF_PATTERN, "What is done with it.").unwrap_or(Choice::Replace), 0);
        r.required("name", "say what stands in its place");
        r.required("pattern", "say what is looked for");
        if let (Some(name), Some(pattern)) = (name, pattern.and_then(|pattern| Pattern::new(&pattern).ok())) {
            custom.add(&name, pattern, operator);
        }
    });
    let words = r.texts(
        "deny",
        256,
        "a text of at least 3 and at most 128 bytes",
        &|word| Pattern::word(word).is_ok(),
        "Words of your own that [DENIED] stands in for, in either case, in both directions.",
    );
    for word in words.iter().filter_map(|word| Pattern::word(word).ok()) {
        custom.add("DENIED", word, Operator::Replace);
    }
}

/// What a profile holds.
pub(crate) struct Shared(pub(crate) Arc<Redaction>);

impl Settings for Shared {
    fn mode(&self) -> Mode {
        self.0.mode
    }

    fn reads_answers(&self) -> Option<ReadAnswers> {
        (self.0.response.is_some() || self.0.restore).then_some(ReadAnswers::TEXTS)
    }

    fn edits_requests(&self) -> bool {
        self.0.request.is_some()
    }

    fn wants_nonce(&self) -> bool {
        self.0.restore
    }

    fn wants_key(&self) -> bool {
        self.0.audit_values || [&self.0.request, &self.0.response].into_iter().flatten().any(Policy::wants_key)
    }

    fn open(&self) -> Box<dyn Stage> {
        Box::new(Redacting::new(Arc::clone(&self.0)))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

/// What stands in for a section that was refused.
pub(crate) struct Off;

impl Settings for Off {
    fn mode(&self) -> Mode {
        Mode::Off
    }

    fn open(&self) -> Box<dyn Stage> {
        Box::new(Idle)
    }
}

struct Idle;

impl Stage for Idle {}
