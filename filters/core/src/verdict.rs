//! What was decided about a request, and why. Nothing here can hold content.

use core::fmt;
use core::str::FromStr;
use std::sync::Arc;

use crate::call::Call;
use crate::telemetry::{Cause, Counter};
use crate::text::decode::Disguises;
use crate::wire::{Role, SkipReason, Skipped, Span};

/// What becomes of a request. A verdict is not an error.
///
/// Ordered by how much it takes away: when several stages speak, the greatest counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Nothing found.
    #[default]
    Allow,
    /// Found, recorded, let through.
    Flag,
    /// Let through with parts replaced.
    Redact,
    /// Refused for now: 429.
    Throttle,
    /// Refused.
    Block,
}

impl Verdict {
    /// Every verdict, in ascending order.
    pub const ALL: [Self; 5] = [Self::Allow, Self::Flag, Self::Redact, Self::Throttle, Self::Block];

    /// The word for it in headers, metrics and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Flag => "flag",
            Self::Redact => "redact",
            Self::Throttle => "throttle",
            Self::Block => "block",
        }
    }

    /// Whether the request is answered here and does not reach the upstream.
    pub const fn refuses(self) -> bool {
        matches!(self, Self::Throttle | Self::Block)
    }
}

/// What gave a verdict: the word after `stage=` in `x-portcullis-verdict`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Judge {
    /// Nothing spoke.
    None,
    /// The reader of the wire format: the body could not be read.
    Read,
    /// The rule base of the prompt guard.
    Rules,
    /// The classifier of the prompt guard: the rules alone would not have given the verdict.
    Classifier,
    /// A service that scores what the prompt guard is unsure of.
    Scoring,
    /// The search for personal data and secrets.
    Pii,
    /// Who may ask for what.
    Access,
    /// A limit on how much.
    Limit,
    /// The failure policy: a part of the filter could not do its work.
    Failure,
}

impl Judge {
    /// Every judge.
    pub const ALL: [Self; 9] = [
        Self::None,
        Self::Read,
        Self::Rules,
        Self::Classifier,
        Self::Scoring,
        Self::Pii,
        Self::Access,
        Self::Limit,
        Self::Failure,
    ];

    /// The word for it in headers, metrics and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Rules => "rules",
            Self::Classifier => "classifier",
            Self::Scoring => "scoring",
            Self::Pii => "pii",
            Self::Access => "access",
            Self::Limit => "limit",
            Self::Failure => "failure",
        }
    }

    /// Whether a refusal of it spares the stages that follow their work: it does not depend on what they find.
    pub const fn is_gate(self) -> bool {
        matches!(self, Self::Access | Self::Limit)
    }
}

/// Whether a stage's verdicts take effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Verdicts take effect.
    #[default]
    Enforce,
    /// Verdicts are recorded and counted only.
    Shadow,
    /// The stage does not run.
    Off,
}

/// What happens to a request when a part of the filter cannot do its work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Failure {
    /// Refused with 503.
    #[default]
    Closed,
    /// Let through, counted and recorded.
    Open,
}

/// How bad a finding is, in the words of the OWASP Core Rule Set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth a note.
    Notice,
    /// Suspicious only together with others.
    Warning,
    /// Suspicious by itself.
    Error,
    /// An attack by itself.
    Critical,
}

impl Severity {
    /// Every severity, in ascending order.
    pub const ALL: [Self; 4] = [Self::Notice, Self::Warning, Self::Error, Self::Critical];

    /// The word for it in rules and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// A rule's stable name: two capital letters and four digits, such as `PG-1003`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId {
    family: [u8; 2],
    number: u16,
}

impl RuleId {
    /// A rule's id from its family and its number. Letters that are not `A..=Z` and numbers above 9999 give `None`.
    pub const fn new(family: [u8; 2], number: u16) -> Option<Self> {
        let [a, b] = family;
        if a.is_ascii_uppercase() && b.is_ascii_uppercase() && number <= 9999 {
            Some(Self { family, number })
        } else {
            None
        }
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = self.family;
        write!(f, "{}{}-{:04}", char::from(a), char::from(b), self.number)
    }
}

impl fmt::Debug for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a rule id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotARuleId;

impl FromStr for RuleId {
    type Err = NotARuleId;

    fn from_str(s: &str) -> Result<Self, NotARuleId> {
        let (family, number) = s.split_once('-').ok_or(NotARuleId)?;
        let family: [u8; 2] = family.as_bytes().try_into().map_err(|_| NotARuleId)?;
        if number.len() != 4 || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotARuleId);
        }
        Self::new(family, number.parse().map_err(|_| NotARuleId)?).ok_or(NotARuleId)
    }
}

/// Something that a stage found. It says where, never what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule that fired.
    pub rule: RuleId,
    /// How bad it is.
    pub severity: Severity,
    /// Who speaks the text it was found in.
    pub role: Role,
    /// Where, in the original body.
    pub span: Span,
}

/// How much of a request was seen: bytes of text in the original body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Bytes of text that were inspected.
    pub inspected: u64,
    /// Bytes that were not, by reason, in the order of [`SkipReason::ALL`].
    pub skipped: [u64; SkipReason::ALL.len()],
}

impl Coverage {
    /// Counts a part that was not inspected.
    pub fn skip(&mut self, part: &Skipped) {
        if let Some(sum) = self.skipped.get_mut(part.reason.index()) {
            *sum = sum.saturating_add(u64::from(part.span.len()));
        }
    }

    /// All bytes that were not inspected.
    pub fn skipped_bytes(&self) -> u64 {
        self.skipped.iter().fold(0, |sum, n| sum.saturating_add(*n))
    }
}

/// A part of a request that a stage wants changed.
#[derive(Clone, PartialEq, Eq)]
pub struct Edit {
    /// Where, in the body: inside of one text of the prompt.
    pub span: Span,
    /// What stands there then, before JSON escapes.
    pub text: String,
    /// Whether it is JSON that stands between values, and is written as it is.
    pub raw: bool,
}

// What it puts in place may tell what was there.
impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edit").field("span", &self.span).finish_non_exhaustive()
    }
}

/// How often something of one kind was found, and what was done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The kind: one of a closed set of the stage, in capitals, digits and `_`.
    pub entity: &'static str,
    /// What was done, in one word of a closed set.
    pub action: &'static str,
    /// How often.
    pub count: u64,
}

/// A value that was found, under the operator's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashed {
    /// Its kind: as in [`Tally`].
    pub entity: &'static str,
    /// HMAC-SHA-256 over the kind, a zero byte and the value.
    pub hmac: [u8; 32],
}

/// At most this many hashes of values stand in a record.
pub const MAX_HASHES: usize = 64;

/// What one stage thinks of a request, or of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Opinion {
    /// What the stage wants; whether it takes effect is for [`crate::exchange::Exchange`] to say.
    pub verdict: Verdict,
    /// What gave the verdict.
    pub judge: Judge,
    /// From 0, nothing, to 1, certain.
    pub score: f32,
    /// The probability that a classifier gives, from 0 to 1: that of the text it holds most for an attack.
    pub classifier: Option<f32>,
    /// Everything found, in the order of the body.
    pub findings: Vec<Finding>,
    /// Bytes of text that the stage looked at.
    pub inspected: u64,
    /// Bytes of text that it had to leave out, over its own limit.
    pub left_out: u64,
    /// Bytes of text that stand for another text, which it did not read: beyond its bounds on decoding.
    pub undecoded: u64,
    /// Bytes of text that the rules saw and the classifier did not: beyond its bound.
    pub unclassified: u64,
    /// Disguises under which it found something.
    pub disguises: Disguises,
    /// Bytes of text that it did not look at because the operator allows them.
    pub allowed: u64,
    /// What is to change, in the order of the body; requests only.
    pub edits: Vec<Edit>,
    /// What was found by kind, where findings are no rules.
    pub tallies: Vec<Tally>,
    /// Hashes of what was found, for the audit record.
    pub hashes: Vec<Hashed>,
    /// Header fields for the answer, whoever writes it; requests only, and only of stages that act.
    pub fields: Vec<(&'static str, String)>,
    /// Names of fields of the request that must not go on, and that no later stage sees; of stages that act.
    pub strips: Vec<Vec<u8>>,
    /// What the operator calls the policy that gave the verdict.
    pub policy: Option<Arc<str>>,
    /// What to count, each once.
    pub counts: Vec<Counter>,
    /// It could not do its work: the failure policy of the profile decides.
    pub failed: bool,
    /// Why, where it could not.
    pub cause: Cause,
    /// Calls whose answers it wants before it says more. Until then the request is held; what else the opinion holds is
    /// weighed at once.
    pub calls: Vec<Call>,
    /// Its calls that are still out are not waited for.
    pub settled: bool,
}

impl Default for Opinion {
    fn default() -> Self {
        Self {
            verdict: Verdict::Allow,
            judge: Judge::None,
            score: 0.0,
            classifier: None,
            findings: Vec::new(),
            inspected: 0,
            left_out: 0,
            undecoded: 0,
            unclassified: 0,
            disguises: Disguises::default(),
            allowed: 0,
            edits: Vec::new(),
            tallies: Vec::new(),
            hashes: Vec::new(),
            fields: Vec::new(),
            strips: Vec::new(),
            policy: None,
            counts: Vec::new(),
            failed: false,
            cause: Cause::Store,
            calls: Vec::new(),
            settled: false,
        }
    }
}

impl Opinion {
    /// The worst finding, the first of equals: the rule that a refusal names.
    pub fn worst(&self) -> Option<&Finding> {
        self.findings.iter().rev().max_by_key(|f| f.severity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_id_reads_back_what_it_prints() {
        let id: RuleId = "PG-0042".parse().unwrap();
        assert_eq!(id.to_string(), "PG-0042");
        assert_eq!(Some(id), RuleId::new(*b"PG", 42));
    }

    #[test]
    fn what_is_not_two_capitals_and_four_digits_is_no_rule_id() {
        for s in ["", "PG", "PG-1", "PG-10033", "pg-1003", "PG1003", "P-1003", "PG-+100", "PG-１００"] {
            assert_eq!(s.parse::<RuleId>(), Err(NotARuleId), "{s}");
        }
    }

    #[test]
    fn the_worst_finding_is_the_first_of_the_most_severe() {
        let at = |n, severity| Finding {
            rule: RuleId::new(*b"PG", n).unwrap(),
            severity,
            role: Role::User,
            span: Span { start: 0, end: 1 },
        };
        let opinion = Opinion {
            findings: vec![at(1, Severity::Notice), at(2, Severity::Error), at(3, Severity::Error)],
            ..Opinion::default()
        };
        assert_eq!(opinion.worst().unwrap().rule.to_string(), "PG-0002");
    }

    #[test]
    fn block_outweighs_every_other_verdict() {
        assert_eq!(Verdict::ALL.into_iter().max(), Some(Verdict::Block));
        assert!(Verdict::ALL.is_sorted());
    }
}
