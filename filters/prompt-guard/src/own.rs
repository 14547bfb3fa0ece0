//! An operator's own rules: read from the configuration, in the form of those that ship, and compiled together with
//! them.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_core::config::{Reader, choose};
use portcullis_core::verdict::{RuleId, Severity};
use portcullis_core::wire::Role;

use crate::exceptions::{SEVERITIES, roles};
use crate::rule::{MAX_PARANOIA, MAX_WITHIN, Rule, Set};
use crate::ruleset::{Ruleset, bit};
use crate::term;

/// Rules.
const MAX_RULES: usize = 2_000;
/// Bytes of the terms of all rules, each once a rule.
const MAX_BYTES: usize = 262_144;
/// Bytes of all rules, compiled.
const MAX_MEMORY: usize = 12_582_912;
/// Looks at sets that a term may call for, for each byte of its last word: what a byte of text can cost.
const MAX_LOOKS: usize = 32;
/// Phrases of a rule, and terms of a group.
const MAX_TERMS: usize = 256;

/// What is said of a rule, for who wants to see it.
#[derive(Debug)]
pub(crate) struct About {
    pub title: String,
    pub languages: Vec<String>,
    pub references: Vec<String>,
}

/// A rule, checked.
struct Own {
    id: RuleId,
    about: About,
    severity: Severity,
    quoted: Severity,
    paranoia: u8,
    roles: Vec<Role>,
    sets: Vec<OwnSet>,
}

/// A set of a rule, in plain form.
struct OwnSet {
    groups: Vec<Vec<String>>,
    within: u8,
    opening: bool,
    unless: Vec<String>,
    unless_after: Vec<String>,
    exact: Vec<(String, String)>,
}

/// Words around a match that mean that it is none.
#[derive(Clone)]
struct Excuses {
    before: Vec<String>,
    after: Vec<String>,
}

/// Reads `rules`, and compiles them together with those that ship, which come first. `None` when there are none, or when
/// something is wrong with them, which is then a problem.
pub(crate) fn read(r: &mut dyn Reader) -> Option<(Ruleset, Vec<About>)> {
    let mut rules: Vec<Own> = Vec::new();
    let doc = "Your own rules, in the form of those that ship. They run in every profile; each may except them by id.";
    r.list("rules", MAX_RULES, doc, &mut |r| {
        let Some(rule) = read_one(r) else { return };
        if rules.iter().any(|other| other.id == rule.id) {
            r.problem("id", "stands at a rule before".into(), "give each rule an id of its own".into());
        } else {
            rules.push(rule);
        }
    });
    if rules.is_empty() {
        return None;
    }
    let mut refuse = |problem: String, remedy: &str| r.problem("rules", problem, remedy.into());
    let bytes = rules.iter().flat_map(terms).fold(0_usize, |sum, term| sum.saturating_add(term.len()));
    if bytes > MAX_BYTES {
        refuse(
            format!("have {bytes} bytes of words"),
            "at most 262144: merge rules, or use `begin*` for forms of a word",
        );
        return None;
    }
    if let Some((place, looks)) = crowded(&rules) {
        let id = rules.get(place).map(|rule| rule.id.to_string()).unwrap_or_default();
        let problem = format!("look {looks} times for one term, which {id} looks for, too");
        refuse(
            problem,
            "at most 32 times for each letter of its last word: merge sets, or have them look for rarer words",
        );
        return None;
    }
    match compile(&rules) {
        Some(compiled) if compiled.memory() > MAX_MEMORY => {
            let problem = format!("take {} bytes when compiled with those that ship", compiled.memory());
            refuse(problem, "at most 12582912: merge rules");
            None
        }
        Some(compiled) => Some((compiled, rules.into_iter().map(|rule| rule.about).collect())),
        None => {
            refuse("cannot be compiled".into(), "have fewer of them");
            None
        }
    }
}

fn read_one(r: &mut dyn Reader) -> Option<Own> {
    let is_own = |id: &str| id.parse::<RuleId>().is_ok() && (id.starts_with("OP-") || id.starts_with('X'));
    let doc = "Its stable name, as it stands in records and refusals. Required.";
    let id = r.text("id", 7, "OP- or X, a capital and -, and four digits (OP-0001, XA-0001)", &is_own, doc);
    r.required("id", "give it an id: OP-0001");
    let said = |s: &str| !s.trim().is_empty();
    let title =
        r.text("title", 200, "a sentence", &said, "What the text does, as a sentence without a subject. Required.");
    r.required("title", "say what the text does");
    let severity = choose(r, "severity", SEVERITIES, "What it weighs. Required.").unwrap_or(Severity::Notice);
    r.required("severity", "notice, warning, error or critical");
    let doc = "What it weighs where a person or a model only quotes it; as `severity` when absent.";
    let quoted = choose(r, "quoted", SEVERITIES, doc).filter(|_| r.has("quoted")).unwrap_or(severity);
    if quoted > severity {
        r.problem("quoted", "is greater than severity".into(), "make it at most severity".into());
    }
    let doc = "The level of paranoia from which on it runs.";
    let paranoia = r.integer("paranoia", 1, 1, u64::from(MAX_PARANOIA), doc);
    let mask = roles(r, "Who must speak; everyone when absent.");
    let language = |s: &str| (2..=3).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_lowercase());
    let languages =
        r.texts("languages", 32, "an ISO 639-1 code", &language, "Languages it reads; for those who look it up.");
    let references = r.texts("references", 16, "a name", &said, "What it belongs to; for those who look it up.");
    let excuses = Excuses {
        before: terms_of(r, "unless", "Words right before a match, in the same clause, that mean that it is none."),
        after: few_terms_of(
            r,
            "unless_after",
            "Words right behind a match, in the same clause, that mean that it is none.",
        ),
    };
    let mut sets = Vec::new();
    let phrases = terms_of(r, "phrases", "Words in a row.");
    if !phrases.is_empty() {
        let Excuses { before: unless, after: unless_after } = excuses.clone();
        sets.push(OwnSet { groups: vec![phrases], within: 0, opening: false, unless, unless_after, exact: Vec::new() });
    }
    sets.extend(literals_of(r));
    let doc = "One of each group, in their order, not far from each other.";
    r.list("near", 16, doc, &mut |r| sets.extend(near_of(r, &excuses)));
    if sets.is_empty() && !["phrases", "literals", "near"].iter().any(|key| r.has(key)) {
        r.problem("", "looks for nothing".into(), "give phrases, literals or near".into());
    }
    let named = |role: &Role| mask & bit(*role) != 0;
    Some(Own {
        id: id?.parse().ok()?,
        about: About { title: title?, languages, references },
        severity,
        quoted,
        paranoia: u8::try_from(paranoia).unwrap_or(MAX_PARANOIA),
        roles: if mask == u16::MAX { Vec::new() } else { Role::ALL.into_iter().filter(named).collect() },
        sets,
    })
}

const TERM: &str = "words: 1 to 15, of at most 160 bytes, or the begin of one and a `*` (lists as @name are for the rules that \
                    ship),";

fn is_term(term: &str) -> bool {
    !term.starts_with('@') && term::forms(term).is_ok()
}

fn plain<'t>(terms: impl IntoIterator<Item = &'t String>) -> Vec<String> {
    let terms: BTreeSet<_> = terms.into_iter().filter_map(|term| term::forms(term).ok()).flatten().collect();
    terms.into_iter().collect()
}

/// Reads a list of terms into plain form.
fn terms_of(r: &mut dyn Reader, key: &'static str, doc: &'static str) -> Vec<String> {
    plain(&r.texts(key, MAX_TERMS, TERM, &is_term, doc))
}

/// As [`terms_of`], where each term costs something at every match.
fn few_terms_of(r: &mut dyn Reader, key: &'static str, doc: &'static str) -> Vec<String> {
    plain(&r.texts(key, 32, TERM, &is_term, doc))
}

/// Reads `literals`, a set for those that share their words.
fn literals_of(r: &mut dyn Reader) -> impl Iterator<Item = OwnSet> {
    let is_literal = |s: &str| term::literal(s).is_ok();
    let pattern = "words with punctuation around them (`[INST]`), at most 8 marks on a side,";
    let literals =
        r.texts("literals", MAX_TERMS, pattern, &is_literal, "Words that count only with their punctuation.");
    let mut by_term: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for (term, before, after) in literals.iter().filter_map(|literal| term::literal(literal).ok()) {
        by_term.entry(term).or_default().push((before, after));
    }
    by_term.into_iter().map(|(term, exact)| OwnSet {
        groups: vec![vec![term]],
        within: 0,
        opening: false,
        unless: Vec::new(),
        unless_after: Vec::new(),
        exact,
    })
}

fn near_of(r: &mut dyn Reader, excuses: &Excuses) -> Option<OwnSet> {
    let doc = "2 to 4 groups of terms. Required.";
    let groups = r.text_lists("groups", (4, MAX_TERMS), TERM, &is_term, doc);
    r.required("groups", "give 2 to 4 lists of words");
    if groups.len() == 1 {
        r.problem("groups", "has one group".into(), "give 2 to 4, or make them phrases".into());
    }
    let doc = "Words that may stand between one and the next; letters, in scripts without blanks. Required.";
    let within = r.integer("within", 4, 0, u64::from(MAX_WITHIN), doc);
    r.required("within", "say how many words may stand between: 0 to 32");
    let opening = r.boolean("opening", false, "Whether the first must begin a sentence, a line or a clause.");
    let other = Excuses {
        before: terms_of(r, "unless", "In place of the rule's."),
        after: few_terms_of(r, "unless_after", "In place of the rule's."),
    };
    let unless = if r.has("unless") { other.before } else { excuses.before.clone() };
    let unless_after = if r.has("unless_after") { other.after } else { excuses.after.clone() };
    let groups: Vec<_> = groups.iter().map(plain).collect();
    let whole = groups.len() >= 2 && groups.iter().all(|group| !group.is_empty());
    let within = u8::try_from(within).unwrap_or(MAX_WITHIN);
    whole.then_some(OwnSet { groups, within, opening, unless, unless_after, exact: Vec::new() })
}

fn terms(rule: &Own) -> impl Iterator<Item = &String> {
    rule.sets.iter().flat_map(|set| set.groups.iter().flatten().chain(&set.unless).chain(&set.unless_after))
}

/// The work that a term calls for where it ends, in looks at a set, by term. A set whose list of excuses is that of
/// another shares it.
fn work(rules: &[Own]) -> BTreeMap<&str, usize> {
    let mut work: BTreeMap<&str, usize> = BTreeMap::new();
    let mut add = |term, looks: usize| {
        let sum = work.entry(term).or_default();
        *sum = looks.saturating_add(*sum);
    };
    let mut lists = BTreeSet::new();
    for set in rules.iter().flat_map(|rule| &rule.sets) {
        // What has to be read of the text around a match, until the rule has fired.
        let around = if set.opening || !set.exact.is_empty() { 4 } else { 0 };
        let behind = set.unless_after.len();
        for (place, group) in set.groups.iter().enumerate() {
            // To begin a set is dearer than to find out that it was not begun.
            let looks = if place == 0 { 4_usize.saturating_add(around) } else { 1 };
            let last = place.saturating_add(1) == set.groups.len();
            group.iter().for_each(|term| add(term, looks.saturating_add(if last { behind } else { 0 })));
        }
        if lists.insert(&set.unless) {
            set.unless.iter().for_each(|term| add(term, 1));
        }
    }
    work
}

/// A rule with a term that calls for more than [`MAX_LOOKS`] looks at sets for each byte of its last word: how many.
///
/// Where a term ends, those end that are its last words, too, and those that are begins of its last word have ended
/// within it. The next term ends a word later. So this bounds the cost of a byte, whatever the text.
fn crowded(rules: &[Own]) -> Option<(usize, usize)> {
    let work = work(rules);
    let any_stems = work.keys().any(|term| !term.ends_with(' '));
    let called_for = |term: &str| {
        let word = term.trim_end().rfind(' ').unwrap_or_default();
        let ends = (word.saturating_add(2)..term.len()).filter(|_| any_stems).chain([term.len()]);
        let ends = ends.filter_map(|end| term.get(..end));
        let looks = ends.fold(0_usize, |sum, ended| {
            let begins = ended.bytes().enumerate().filter(|(_, byte)| *byte == b' ').map(|(at, _)| at);
            let found = begins.filter_map(|at| work.get(ended.get(at..)?));
            found.fold(sum, |sum, looks| sum.saturating_add(*looks))
        });
        (looks, term.len().saturating_sub(word).saturating_mul(MAX_LOOKS))
    };
    let terms = rules.iter().enumerate().flat_map(|(place, rule)| terms(rule).map(move |term| (place, term)));
    terms
        .map(|(place, term)| (place, called_for(term)))
        .find(|(_, (looks, most))| looks > most)
        .map(|(place, (looks, _))| (place, looks))
}

/// The lists of a set as the compiler of rules wants them.
struct Lists<'o> {
    groups: Vec<Vec<&'o str>>,
    unless: Vec<&'o str>,
    unless_after: Vec<&'o str>,
    exact: Vec<(&'o str, &'o str)>,
}

impl<'o> Lists<'o> {
    fn of(set: &'o OwnSet) -> Self {
        Self {
            groups: set.groups.iter().map(|group| borrowed(group)).collect(),
            unless: borrowed(&set.unless),
            unless_after: borrowed(&set.unless_after),
            exact: set.exact.iter().map(|(before, after)| (before.as_str(), after.as_str())).collect(),
        }
    }
}

fn borrowed(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

/// Compiles the rules behind those that ship.
fn compile(own: &[Own]) -> Option<Ruleset> {
    let all_sets = || own.iter().flat_map(|rule| &rule.sets);
    let lists: Vec<Lists<'_>> = all_sets().map(Lists::of).collect();
    let groups: Vec<Vec<&[&str]>> =
        lists.iter().map(|lists| lists.groups.iter().map(Vec::as_slice).collect()).collect();
    let mut sets = Vec::new();
    for ((set, lists), groups) in all_sets().zip(&lists).zip(&groups) {
        sets.push(Set {
            groups,
            within: set.within,
            opening: set.opening,
            unless: &lists.unless,
            unless_after: &lists.unless_after,
            exact: &lists.exact,
        });
    }
    let mut rest = sets.as_slice();
    let mut all: Vec<Rule<'_>> = Vec::with_capacity(own.len());
    for rule in own {
        let (sets, others) = rest.split_at_checked(rule.sets.len())?;
        rest = others;
        all.push(Rule {
            id: rule.id,
            title: &rule.about.title,
            severity: rule.severity,
            quoted: rule.quoted,
            paranoia: rule.paranoia,
            roles: &rule.roles,
            languages: &[],
            references: &[],
            sets,
        });
    }
    Ruleset::base().with(&all).ok()
}
