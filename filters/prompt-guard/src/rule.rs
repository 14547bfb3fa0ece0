//! What a rule says. The rules themselves are data: `rules/*.toml`, compiled into [`crate::BASE`] by the build.

use portcullis_core::verdict::{RuleId, Severity};
use portcullis_core::wire::Role;

/// A rule: it fires when one of its sets is found.
#[derive(Clone, Copy, Debug)]
pub struct Rule<'a> {
    /// Its stable name.
    pub id: RuleId,
    /// What the text does, as a sentence without a subject.
    pub title: &'a str,
    /// What it weighs.
    pub severity: Severity,
    /// What it weighs where a person or a model only quotes it.
    pub quoted: Severity,
    /// The level of paranoia from which on it runs: 1, always, to [`MAX_PARANOIA`].
    pub paranoia: u8,
    /// Who must speak; everyone when empty.
    pub roles: &'a [Role],
    /// ISO 639-1 codes of the languages it reads; `und` for what is no language.
    pub languages: &'a [&'a str],
    /// What it belongs to: OWASP Top 10 for LLM applications, MITRE ATLAS.
    pub references: &'a [&'a str],
    /// Any of them is enough.
    pub sets: &'a [Set<'a>],
}

/// One term of each group, in their order.
///
/// A term is in the plain form of [`portcullis_core::text`]: whole words between blanks, `" previous "`, or without
/// the last blank the begin of a word, `" instruct"`. It has at most [`MAX_WORDS`] words.
#[derive(Clone, Copy, Debug)]
pub struct Set<'a> {
    /// 1 to 4 groups of alternatives.
    pub groups: &'a [&'a [&'a str]],
    /// How many words may stand between one group's term and the next one's; at most [`MAX_WITHIN`].
    pub within: u8,
    /// Whether the first term must begin a sentence, a line or a clause.
    pub opening: bool,
    /// Terms that, right before the first term in the same clause, mean that there is no match.
    pub unless: &'a [&'a str],
    /// Terms that, right behind the last term in the same clause, mean that there is no match.
    pub unless_after: &'a [&'a str],
    /// When not empty, the match must stand between one of these pairs of punctuation; blanks do not count.
    pub exact: &'a [(&'a str, &'a str)],
}

/// The highest level of paranoia, as in the OWASP Core Rule Set: there, rules run that need tuning by exceptions.
pub const MAX_PARANOIA: u8 = 4;
/// Words in a term. In scripts without blanks a letter is a word.
pub const MAX_WORDS: u8 = 15;
/// Words between two terms.
pub const MAX_WITHIN: u8 = 32;
