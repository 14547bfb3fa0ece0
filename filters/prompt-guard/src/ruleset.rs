//! Rules compiled for the scan: one automaton over the terms of all of them.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use aho_corasick::MatchKind;
use portcullis_core::text::decode::Vocabulary;
use portcullis_core::verdict::{RuleId, Severity};
use portcullis_core::wire::Role;

use crate::rule::{BASE, MAX_WITHIN, MAX_WORDS, Rule};

/// The automaton: see the crate's README for the measurement that chose it.
pub(crate) type Automaton = aho_corasick::nfa::contiguous::NFA;

/// Rules compiled for the scan. Shared by every profile; which rules count is a profile's [`crate::Choice`].
pub struct Ruleset {
    pub(crate) automaton: Automaton,
    /// The words of the terms, for what disguises them.
    pub(crate) vocabulary: Vocabulary,
    pub(crate) terms: Vec<Term>,
    pub(crate) uses: Vec<Use>,
    pub(crate) sets: Vec<SetOf>,
    pub(crate) rules: Vec<RuleOf>,
    /// Groups of all sets.
    pub(crate) groups: usize,
    /// Lists of [`crate::Set::unless`], each once.
    pub(crate) unless: usize,
}

/// A term, by the place of its pattern in the automaton.
pub(crate) struct Term {
    pub words: u32,
    pub bytes: usize,
    /// Whether it is the begin of a word: its last byte is a letter and not a blank.
    pub stem: bool,
    /// Its uses as [`Use::Unless`] and [`Use::First`], in [`Ruleset::uses`].
    pub begins: core::ops::Range<usize>,
    /// Its uses as [`Use::Next`], in [`Ruleset::uses`].
    pub continues: core::ops::Range<usize>,
}

/// What a term means to a set. In the order in which a term's uses are sorted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Use {
    /// It is of the list of [`crate::Set::unless`] at this place in [`Ruleset::unless`].
    Unless(u16),
    /// It is of the set's first group.
    First { set: u16, group: u32 },
    /// It is of a later group: the places of the group before and of its own, among those of all sets.
    Next { set: u16, before: u32, group: u32, within: u8 },
}

pub(crate) struct SetOf {
    pub rule: u16,
    /// The place of its last group among those of all sets.
    pub last: u32,
    pub within: u8,
    pub opening: bool,
    /// The place of its list of [`crate::Set::unless`].
    pub unless: Option<u16>,
    /// [`crate::Set::unless_after`].
    pub unless_after: Vec<String>,
    pub exact: Vec<(String, String)>,
}

pub(crate) struct RuleOf {
    pub id: RuleId,
    pub severity: Severity,
    pub quoted: Severity,
    pub paranoia: u8,
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
        let mut unless: BTreeMap<&[&str], u16> = BTreeMap::new();
        let mut sets = Vec::new();
        let mut groups = 0_u32;
        for (number, rule) in rules.iter().enumerate() {
            if seen.insert(rule.id, ()).is_some() {
                return Err(Unfit::Twice(rule.id));
            }
            let number = u16::try_from(number).map_err(|_| Unfit::TooLarge)?;
            for set in rule.sets {
                if !(1..=4).contains(&set.groups.len()) || set.within > MAX_WITHIN {
                    return Err(Unfit::Set(rule.id));
                }
                if !set
                    .groups
                    .iter()
                    .copied()
                    .flatten()
                    .chain(set.unless)
                    .chain(set.unless_after)
                    .all(|term| is_term(term))
                {
                    return Err(Unfit::Term(rule.id));
                }
                let place = u16::try_from(sets.len()).map_err(|_| Unfit::TooLarge)?;
                let mut before = None;
                for terms in set.groups {
                    let group = groups;
                    groups = groups.checked_add(1).ok_or(Unfit::TooLarge)?;
                    let used = match before.replace(group) {
                        None => Use::First { set: place, group },
                        Some(before) => Use::Next { set: place, before, group, within: set.within },
                    };
                    terms.iter().for_each(|term| uses.entry(term).or_default().push(used));
                }
                let list = match unless.get(set.unless).copied() {
                    _ if set.unless.is_empty() => None,
                    Some(list) => Some(list),
                    None => {
                        let list = u16::try_from(unless.len()).map_err(|_| Unfit::TooLarge)?;
                        unless.insert(set.unless, list);
                        set.unless.iter().for_each(|term| uses.entry(term).or_default().push(Use::Unless(list)));
                        Some(list)
                    }
                };
                sets.push(SetOf {
                    rule: number,
                    last: before.unwrap_or_default(),
                    within: set.within,
                    opening: set.opening,
                    unless: list,
                    unless_after: set.unless_after.iter().map(ToString::to_string).collect(),
                    exact: set.exact.iter().map(|(before, after)| (before.to_string(), after.to_string())).collect(),
                });
            }
        }
        let vocabulary = Vocabulary::of(uses.keys().copied());
        let automaton =
            Automaton::builder().match_kind(MatchKind::Standard).build(uses.keys()).map_err(|_| Unfit::TooLarge)?;
        let mut flat = Vec::new();
        let terms = uses.into_iter().map(|(term, mut uses)| {
            uses.sort_unstable();
            uses.dedup();
            let from = flat.len();
            let begins = uses.iter().filter(|used| !matches!(used, Use::Next { .. })).count();
            let split = from.saturating_add(begins);
            flat.append(&mut uses);
            let words = term.split_ascii_whitespace().count();
            Term {
                words: u32::try_from(words).unwrap_or(u32::MAX),
                bytes: term.len(),
                stem: !term.ends_with(' '),
                begins: from..split,
                continues: split..flat.len(),
            }
        });
        let terms = terms.collect();
        let rules = rules.iter().map(|rule| RuleOf {
            id: rule.id,
            severity: rule.severity,
            quoted: rule.quoted,
            paranoia: rule.paranoia,
            roles: if rule.roles.is_empty() { u16::MAX } else { rule.roles.iter().fold(0, |all, r| all | bit(*r)) },
        });
        let groups = usize::try_from(groups).map_err(|_| Unfit::TooLarge)?;
        Ok(Self {
            automaton,
            vocabulary,
            terms,
            uses: flat,
            sets,
            rules: rules.collect(),
            groups,
            unless: unless.len(),
        })
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
        self.automaton
            .memory_usage()
            .saturating_add(self.vocabulary.memory())
            .saturating_add(uses)
            .saturating_add(terms)
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
