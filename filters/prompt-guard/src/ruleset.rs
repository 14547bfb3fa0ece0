//! Rules compiled for the scan: tables that are read in place. Those of the rules that ship are made by the build.

use std::borrow::Cow;

use portcullis_core::text::decode::{Offsets, Vocabulary};
use portcullis_core::verdict::{RuleId, Severity};
use portcullis_core::wire::Role;

use crate::terms::Terms;

/// Rules compiled for the scan. Shared by every profile; which rules count is a profile's [`crate::Choice`].
pub struct Ruleset {
    /// The words of the terms, and what disguises them.
    pub(crate) vocabulary: Vocabulary,
    /// The words of the vocabulary in the order of their numbers, folded: what more rules are added to.
    pub(crate) words: Cow<'static, str>,
    pub(crate) terms: Terms,
    /// By term: where its uses begin in `uses`; and where the last ones end.
    pub(crate) uses_at: Offsets,
    /// Uses of a term: the rare ones first.
    pub(crate) uses: Cow<'static, [Use]>,
    pub(crate) sets: Cow<'static, [SetOf]>,
    pub(crate) rules: Cow<'static, [RuleOf]>,
    /// Groups of all sets.
    pub(crate) groups: usize,
    /// Lists of [`crate::Set::unless`], each once.
    pub(crate) unless: usize,
}

/// A use of a term that a set cannot do without, of the group whose terms texts hold least often.
const RARE: u32 = 1 << 31;

/// What a term means: a place in [`Ruleset::sets`] and a group of the set, or a list of [`crate::Set::unless`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use(pub u32);

/// A [`Use`], taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// It is of the list of [`crate::Set::unless`] at this place in [`Ruleset::unless`].
    Unless(usize),
    /// It is of this group of the set: the first is 0.
    Group(usize, u32),
}

impl Use {
    /// The term is of the `group`th group of the set.
    pub(crate) const fn of_set(set: u16, group: u8, rare: bool) -> Self {
        Self((set as u32) << 3 | group as u32 & 3 | if rare { RARE } else { 0 })
    }

    /// The term is of a list of [`crate::Set::unless`].
    pub(crate) const fn of_list(list: u16) -> Self {
        Self((list as u32) << 3 | 7)
    }

    pub(crate) fn meaning(self) -> Meaning {
        let place = (self.0 & !RARE).wrapping_shr(3) as usize;
        match self.0 & 7 {
            7 => Meaning::Unless(place),
            group => Meaning::Group(place, group),
        }
    }

    /// Whether texts seldom hold the term, or others of its group, and the set cannot do without.
    pub(crate) fn is_rare(self) -> bool {
        self.0 & RARE != 0
    }
}

/// A set of a rule.
#[derive(Clone, Debug)]
pub(crate) struct SetOf {
    pub rule: u16,
    /// The place of its first group among those of all sets.
    pub first: u32,
    pub groups: u8,
    pub within: u8,
    pub opening: bool,
    /// Words before and behind a term of the set within which all else that it is made of stands.
    pub reach: u16,
    /// The place of its list of [`crate::Set::unless`].
    pub unless: Option<u16>,
    /// [`crate::Set::unless_after`], a line each.
    pub unless_after: Cow<'static, str>,
    /// [`crate::Set::exact`], a line each with a tabulator between the two.
    pub exact: Cow<'static, str>,
}

/// A rule without its sets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuleOf {
    pub id: RuleId,
    pub severity: Severity,
    pub quoted: Severity,
    pub paranoia: u8,
    /// One bit a role.
    pub roles: u16,
}

impl Ruleset {
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

    /// Bytes of all tables.
    pub fn memory(&self) -> usize {
        let uses = self.uses.len().saturating_mul(4).saturating_add(self.uses_at.bytes());
        let sets = self.sets.len().saturating_mul(size_of::<SetOf>());
        let rules = self.rules.len().saturating_mul(size_of::<RuleOf>());
        [self.vocabulary.memory(), self.terms.memory(), self.words.len(), uses, sets, rules]
            .into_iter()
            .fold(0, usize::saturating_add)
    }

    /// Terms of all rules, each once.
    pub fn terms(&self) -> usize {
        self.terms.len()
    }

    /// What a term means, the rare ones first.
    pub(crate) fn uses(&self, term: u32) -> &[Use] {
        self.uses.get(self.uses_at.range(term as usize)).unwrap_or_default()
    }
}

pub(crate) fn bit(role: Role) -> u16 {
    1_u16.checked_shl(role as u32).unwrap_or_default()
}
