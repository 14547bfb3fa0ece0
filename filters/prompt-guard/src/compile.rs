//! From rules to tables. The build does this for the rules that ship, a configuration for an operator's own.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use portcullis_core::text::decode::{Offsets, Vocabulary};
use portcullis_core::verdict::RuleId;

use crate::frequency;
use crate::rule::{MAX_WITHIN, MAX_WORDS, Rule, Set};
use crate::ruleset::{RuleOf, Ruleset, SetOf, Use, bit};
use crate::terms::{HEAD_WORDS, NO_TERM, PAIR_WORDS, Terms, head_bit, pair_bit, stem_label};

/// Why rules cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// More rules, sets or words than can be counted.
    TooLarge,
    /// The id stands twice.
    Twice(RuleId),
    /// A set of the rule has no groups, too many, or a limit that is too large.
    Set(RuleId),
    /// A term of the rule is not in plain form or has too many words.
    Term(RuleId),
}

/// Rules that are being put together.
#[derive(Default)]
struct Draft {
    /// By term.
    uses: BTreeMap<String, Vec<Use>>,
    sets: Vec<SetOf>,
    rules: Vec<RuleOf>,
    groups: u32,
    /// Lists of [`Set::unless`] that were counted before.
    lists: usize,
}

impl Ruleset {
    /// Compiles `rules`.
    ///
    /// # Errors
    /// The first thing that makes them unfit.
    pub fn compile(rules: &[Rule<'_>]) -> Result<Self, Unfit> {
        let mut draft = Draft::default();
        draft.add(rules)?;
        draft.finish().ok_or(Unfit::TooLarge)
    }

    /// These rules, and `rules` behind them.
    ///
    /// # Errors
    /// The first thing that makes them unfit.
    pub fn with(&self, rules: &[Rule<'_>]) -> Result<Self, Unfit> {
        let mut draft = Draft::of(self).ok_or(Unfit::TooLarge)?;
        draft.add(rules)?;
        draft.finish().ok_or(Unfit::TooLarge)
    }
}

impl Draft {
    /// What was compiled, to be added to.
    fn of(rules: &Ruleset) -> Option<Self> {
        let words = unfolded(&rules.words);
        let mut draft = Self {
            sets: rules.sets.to_vec(),
            rules: rules.rules.to_vec(),
            groups: u32::try_from(rules.groups).ok()?,
            lists: rules.unless,
            ..Self::default()
        };
        for term in 0..u32::try_from(rules.terms.len()).ok()? {
            let labels = rules.terms.labels.get(rules.terms.starts.range(term as usize))?;
            let mut text = String::new();
            for label in labels {
                text.push(' ');
                match words.get(usize::from(*label)) {
                    Some(word) => text.push_str(word),
                    None => {
                        let place =
                            (0..rules.terms.stem_ends.len()).find(|place| stem_label(*place) == Some(*label))?;
                        text.push_str(core::str::from_utf8(rules.terms.stem(place)?).ok()?);
                    }
                }
            }
            if labels.last().is_none_or(|label| usize::from(*label) < words.len()) {
                text.push(' ');
            }
            draft.uses.insert(text, rules.uses(term).to_vec());
        }
        Some(draft)
    }

    fn add(&mut self, rules: &[Rule<'_>]) -> Result<(), Unfit> {
        let mut seen: BTreeSet<RuleId> = self.rules.iter().map(|rule| rule.id).collect();
        let mut lists: BTreeMap<&[&str], u16> = BTreeMap::new();
        for rule in rules {
            if !seen.insert(rule.id) {
                return Err(Unfit::Twice(rule.id));
            }
            let number = u16::try_from(self.rules.len()).map_err(|_| Unfit::TooLarge)?;
            for set in rule.sets {
                if !(1..=4).contains(&set.groups.len()) || set.within > MAX_WITHIN {
                    return Err(Unfit::Set(rule.id));
                }
                let mut terms = set.groups.iter().copied().flatten().chain(set.unless).chain(set.unless_after);
                if !terms.all(|term| is_term(term)) {
                    return Err(Unfit::Term(rule.id));
                }
                let unless = match lists.get(set.unless).copied() {
                    _ if set.unless.is_empty() => None,
                    Some(list) => Some(list),
                    None => {
                        let list = self.lists.saturating_add(lists.len());
                        let list = u16::try_from(list).map_err(|_| Unfit::TooLarge)?;
                        lists.insert(set.unless, list);
                        set.unless.iter().for_each(|term| self.used(term, Use::of_list(list)));
                        Some(list)
                    }
                };
                self.set(number, set, unless).ok_or(Unfit::TooLarge)?;
            }
            self.rules.push(RuleOf {
                id: rule.id,
                severity: rule.severity,
                quoted: rule.quoted,
                paranoia: rule.paranoia,
                roles: if rule.roles.is_empty() { u16::MAX } else { rule.roles.iter().fold(0, |all, r| all | bit(*r)) },
            });
        }
        self.lists = self.lists.saturating_add(lists.len());
        Ok(())
    }

    fn used(&mut self, term: &str, used: Use) {
        self.uses.entry(term.to_string()).or_default().push(used);
    }

    fn set(&mut self, rule: u16, set: &Set<'_>, unless: Option<u16>) -> Option<()> {
        let place = u16::try_from(self.sets.len()).ok()?;
        let first = self.groups;
        let groups = u8::try_from(set.groups.len()).ok()?;
        self.groups = self.groups.checked_add(u32::from(groups))?;
        let often = set.groups.iter().map(|terms| frequency::of_any(terms));
        let (rarest, _) = (0_u8..).zip(often).min_by_key(|(_, often)| *often)?;
        for (group, terms) in (0_u8..).zip(set.groups) {
            terms.iter().for_each(|term| self.used(term, Use::of_set(place, group, group == rarest)));
        }
        // From the first word of a list before the set to the last word of its last group.
        let longest =
            |terms: &[&str]| terms.iter().map(|term| term.split_ascii_whitespace().count()).max().unwrap_or(0);
        let words = set.groups.iter().fold(longest(set.unless), |sum, terms| sum.saturating_add(longest(terms)));
        let between = usize::from(set.within).saturating_mul(set.groups.len().saturating_sub(1));
        self.sets.push(SetOf {
            rule,
            first,
            groups,
            within: set.within,
            opening: set.opening,
            reach: u16::try_from(words.saturating_add(between)).ok()?,
            unless,
            unless_after: Cow::Owned(set.unless_after.join("\n")),
            exact: Cow::Owned(
                set.exact.iter().map(|(before, after)| format!("{before}\t{after}")).collect::<Vec<_>>().join("\n"),
            ),
        });
        Some(())
    }

    fn finish(self) -> Option<Ruleset> {
        let vocabulary = Vocabulary::of(self.uses.keys().map(String::as_str))?;
        let mut words = BTreeMap::new();
        let mut stems = BTreeSet::new();
        for term in self.uses.keys() {
            let (whole, stem) = parts(term);
            words.extend(whole.map(|word| (vocabulary.number_of(word.as_bytes()), word)));
            stems.extend(stem);
        }
        let words: Vec<&str> = words.into_values().collect();
        let stems: Vec<&str> = stems.into_iter().collect();
        // The numbers of words and the labels of stems may not meet.
        if words.len().saturating_add(stems.len()) >= usize::from(u16::MAX) {
            return None;
        }
        let labels = |term: &str| -> Option<Vec<u16>> {
            let (whole, stem) = parts(term);
            let whole = whole.map(|word| vocabulary.number_of(word.as_bytes()));
            whole.chain(stem.map(|stem| stem_label(stems.binary_search(&stem).ok()?))).collect()
        };
        let rows = self.uses.iter().map(|(term, uses)| Some((labels(term)?, (term.as_str(), uses))));
        let rows: BTreeMap<Vec<u16>, (&str, &Vec<Use>)> = rows.collect::<Option<_>>()?;
        let (mut uses, mut uses_at) = (Vec::new(), vec![0]);
        for (_, of_term) in rows.values() {
            let mut all = (*of_term).clone();
            all.sort_unstable_by_key(|used| (!used.is_rare(), *used));
            all.dedup();
            uses.append(&mut all);
            uses_at.push(u32::try_from(uses.len()).ok()?);
        }
        let terms = terms(&rows, &words, &stems)?;
        Some(Ruleset {
            words: Cow::Owned(folded(&words)),
            vocabulary,
            terms,
            uses_at: Offsets::of(&uses_at)?,
            uses: Cow::Owned(uses),
            sets: Cow::Owned(self.sets),
            rules: Cow::Owned(self.rules),
            groups: usize::try_from(self.groups).ok()?,
            unless: self.lists,
        })
    }
}

/// The tables of terms, which are given by their labels.
fn terms(rows: &BTreeMap<Vec<u16>, (&str, &Vec<Use>)>, words: &[&str], stems: &[&str]) -> Option<Terms> {
    let (mut labels, mut starts, mut roots) = (Vec::new(), vec![0], Vec::new());
    for (place, row) in (0_u32..).zip(rows.keys()) {
        let first = usize::from(*row.first()?);
        while first < words.len() && roots.len() <= first {
            roots.push(place);
        }
        if first >= words.len() {
            roots.resize(words.len().saturating_add(1).max(roots.len()), place);
        }
        labels.extend(row);
        starts.push(u32::try_from(labels.len()).ok()?);
    }
    roots.resize(words.len().saturating_add(1).max(roots.len()), u32::try_from(rows.len()).ok()?);
    let mut pairs = vec![0; PAIR_WORDS];
    for row in rows.keys() {
        for (first, next) in row.iter().zip(row.iter().skip(1)) {
            let (word, bit) = pair_bit(*first, *next);
            pairs.get_mut(word).into_iter().for_each(|bits: &mut u64| *bits |= bit);
        }
    }
    let shortest = stems.iter().map(|stem| stem.len()).min().unwrap_or(3).min(3);
    let stem_mask = u32::MAX.wrapping_shr(32_u32.saturating_sub(u32::try_from(shortest).ok()?.saturating_mul(8)));
    let mut heads = vec![0; HEAD_WORDS];
    let mut stem_ends = Vec::new();
    let mut end = 0_usize;
    for (place, stem) in stems.iter().enumerate() {
        let head = stem.bytes().take(3).rev().fold(0_u32, |head, byte| head.wrapping_shl(8) | u32::from(byte));
        let (word, bit) = head_bit(head & stem_mask);
        heads.get_mut(word).into_iter().for_each(|bits: &mut u64| *bits |= bit);
        end = end.saturating_add(stem.len());
        let alone = rows.keys().position(|row| row.as_slice() == [stem_label(place).unwrap_or_default()]);
        let alone = alone.map_or(Some(NO_TERM), |term| u32::try_from(term).ok())?;
        stem_ends.push((u16::try_from(end).ok()?, alone));
    }
    Some(Terms {
        labels: Cow::Owned(labels),
        starts: Offsets::of(&starts)?,
        roots: Offsets::of(&roots)?,
        stems: Cow::Owned(stems.concat()),
        stem_ends: Cow::Owned(stem_ends),
        stem_heads: Cow::Owned(heads),
        stem_mask,
        pairs: Cow::Owned(pairs),
    })
}

/// Words in order, a line each: a capital that says how many bytes a word shares with the one before, `A` for none, and the
/// rest of it.
fn folded(words: &[&str]) -> String {
    let mut text = String::new();
    let mut before = "";
    for word in words {
        let ends = word.char_indices().map(|(at, letter)| at.saturating_add(letter.len_utf8()));
        let shared = ends.take_while(|end| *end < 26 && before.get(..*end) == word.get(..*end)).last().unwrap_or(0);
        text.push(char::from(b'A'.saturating_add(u8::try_from(shared).unwrap_or_default())));
        text.push_str(word.get(shared..).unwrap_or_default());
        text.push('\n');
        before = word;
    }
    text
}

/// The words that [`folded`] wrote down.
fn unfolded(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for line in text.lines() {
        let (shared, rest) = line.split_at_checked(1).unwrap_or_default();
        let shared = shared.bytes().next().unwrap_or_default().saturating_sub(b'A');
        let before = words.last().and_then(|word| word.get(..usize::from(shared))).unwrap_or_default();
        words.push([before, rest].concat());
    }
    words
}

/// The whole words of a term, and the begin of a word at its end.
fn parts(term: &str) -> (impl Iterator<Item = &str>, Option<&str>) {
    let stem = if term.ends_with(' ') { None } else { term.rsplit(' ').next() };
    let whole = term.get(..term.len().saturating_sub(stem.map_or(0, str::len))).unwrap_or_default();
    (whole.split_ascii_whitespace(), stem)
}

fn is_term(term: &str) -> bool {
    let words = term.split_ascii_whitespace().count();
    term.starts_with(' ') && !term.contains("  ") && (1..=usize::from(MAX_WORDS)).contains(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_and_unfolded() {
        let words =
            ["a", "ab", "abcdefghijklmnopqrstuvwxyzabc", "abcdefghijklmnopqrstuvwxyzabd", "зaб", "зaбyдь", "зв", "無"];
        assert_eq!(unfolded(&folded(&words)), words);
        assert_eq!(folded(&["ignore", "ignored", "зв"]), "Aignore\nGd\nAзв\n");
    }

    #[test]
    fn rules_that_are_added_to_none_or_to_those_that_ship_change_nothing_of_the_others() {
        let base = Ruleset::base();
        let again = base.with(&[]).unwrap();
        assert_eq!(again.terms.labels, base.terms.labels);
        assert_eq!(again.uses, base.uses);
        assert_eq!(again.words, base.words);
        assert_eq!(again.vocabulary.marks, base.vocabulary.marks);
        assert_eq!(again.vocabulary.numbers, base.vocabulary.numbers);
    }
}
