//! Rules compiled for the scan: one automaton over the terms of all of them.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use aho_corasick::MatchKind;
use portcullis_core::verdict::{RuleId, Severity};
use portcullis_core::wire::Role;

use crate::rule::{BASE, MAX_WITHIN, MAX_WORDS, Rule};

/// The automaton: see the crate's README for the measurement that chose it.
pub(crate) type Automaton = aho_corasick::nfa::contiguous::NFA;

/// Rules compiled for the scan. Shared by every profile; which rules count is a profile's [`crate::Choice`].
pub struct Ruleset {
    pub(crate) automaton: Automaton,
    pub(crate) terms: Vec<Term>,
    pub(crate) uses: Vec<Use>,
    pub(crate) sets: Vec<SetOf>,
    pub(crate) rules: Vec<RuleOf>,
    /// Groups of all sets.
    pub(crate) groups: usize,
}

/// A term, by the place of its pattern in the automaton.
pub(crate) struct Term {
    pub words: u32,
    pub bytes: usize,
    /// Whether it is the begin of a word: its last byte is a letter and not a blank.
    pub stem: bool,
    /// Its uses, in [`Ruleset::uses`].
    pub uses: core::ops::Range<usize>,
}

/// What a term means to a set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    pub set: u16,
    /// The group; `None` for [`crate::Set::unless`].
    pub group: Option<u8>,
}

pub(crate) struct SetOf {
    pub rule: u16,
    /// The place of its first group among those of all sets.
    pub first_group: usize,
    pub last: u8,
    pub within: u32,
    pub opening: bool,
    pub has_unless: bool,
    pub exact: Vec<(String, String)>,
}

pub(crate) struct RuleOf {
    pub id: RuleId,
    pub severity: Severity,
    pub quoted: Severity,
    /// One bit a role.
    pub roles: u16,
}

/// Why rules cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// More rules, sets or terms than can be counted, or an automaton that is too large.
    TooLarge,
    /// The id stands twice.
    Twice(RuleId),
    /// A set of the rule has no groups, too many, or a limit that is too large.
    Set(RuleId),
    /// A term of the rule is not in plain form or has too many words.
    Term(RuleId),
}

impl Ruleset {
    /// The rules that ship, compiled at the first call.
    ///
    /// `None` when they cannot be, which a test rules out.
    pub fn base() -> Option<Arc<Self>> {
        static COMPILED: LazyLock<Option<Arc<Ruleset>>> = LazyLock::new(|| Ruleset::compile(BASE).ok().map(Arc::new));
        COMPILED.clone()
    }

    /// Compiles `rules`.
    ///
    /// # Errors
    /// The first thing that makes them unfit.
    pub fn compile(rules: &[Rule<'_>]) -> Result<Self, Unfit> {
        let mut seen = BTreeMap::new();
        let mut uses: BTreeMap<&str, Vec<Use>> = BTreeMap::new();
        let mut sets = Vec::new();
        let mut groups = 0_usize;
        for (number, rule) in rules.iter().enumerate() {
            if seen.insert(rule.id, ()).is_some() {
                return Err(Unfit::Twice(rule.id));
            }
            let number = u16::try_from(number).map_err(|_| Unfit::TooLarge)?;
            for set in rule.sets {
                if !(1..=4).contains(&set.groups.len()) || set.within > MAX_WITHIN {
                    return Err(Unfit::Set(rule.id));
                }
                let place = u16::try_from(sets.len()).map_err(|_| Unfit::TooLarge)?;
                let grouped = (0_u8..).zip(set.groups).flat_map(|(g, terms)| terms.iter().map(move |t| (Some(g), *t)));
                for (group, term) in grouped.chain(set.unless.iter().map(|term| (None, *term))) {
                    if !is_term(term) {
                        return Err(Unfit::Term(rule.id));
                    }
                    uses.entry(term).or_default().push(Use { set: place, group });
                }
                sets.push(SetOf {
                    rule: number,
                    first_group: groups,
                    last: u8::try_from(set.groups.len().saturating_sub(1)).unwrap_or(u8::MAX),
                    within: u32::from(set.within),
                    opening: set.opening,
                    has_unless: !set.unless.is_empty(),
                    exact: set.exact.iter().map(|(before, after)| (before.to_string(), after.to_string())).collect(),
                });
                groups = groups.saturating_add(set.groups.len());
            }
        }
        let automaton =
            Automaton::builder().match_kind(MatchKind::Standard).build(uses.keys()).map_err(|_| Unfit::TooLarge)?;
        let mut flat = Vec::new();
        let terms = uses.into_iter().map(|(term, mut uses)| {
            uses.sort_unstable();
            uses.dedup();
            let from = flat.len();
            flat.append(&mut uses);
            let words = term.split_ascii_whitespace().count();
            Term {
                words: u32::try_from(words).unwrap_or(u32::MAX),
                bytes: term.len(),
                stem: !term.ends_with(' '),
                uses: from..flat.len(),
            }
        });
        let terms = terms.collect();
        let rules = rules.iter().map(|rule| RuleOf {
            id: rule.id,
            severity: rule.severity,
            quoted: rule.quoted,
            roles: if rule.roles.is_empty() { u16::MAX } else { rule.roles.iter().fold(0, |all, r| all | bit(*r)) },
        });
        Ok(Self { automaton, terms, uses: flat, sets, rules: rules.collect(), groups })
    }

    /// The place of a rule, if there is one of this name.
    pub fn find(&self, id: RuleId) -> Option<usize> {
        self.rules.iter().position(|rule| rule.id == id)
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Bytes on the heap.
    pub fn memory(&self) -> usize {
        use aho_corasick::automaton::Automaton as _;
        let uses = self.uses.len().saturating_mul(size_of::<Use>());
        let terms = self.terms.len().saturating_mul(size_of::<Term>());
        self.automaton.memory_usage().saturating_add(uses).saturating_add(terms)
    }

    /// Terms of all rules, each once.
    pub fn terms(&self) -> usize {
        self.terms.len()
    }
}

pub(crate) fn bit(role: Role) -> u16 {
    1_u16.checked_shl(role as u32).unwrap_or_default()
}

fn is_term(term: &str) -> bool {
    let words = term.split_ascii_whitespace().count();
    term.starts_with(' ') && !term.contains("  ") && (1..=usize::from(MAX_WORDS)).contains(&words)
}
