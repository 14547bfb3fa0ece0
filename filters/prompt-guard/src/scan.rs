//! The texts of one request against the rules, in one pass each.
//!
//! The automaton reads the plain form byte by byte and names every term that ends there. For each group of each set
//! the scan keeps the ends of the last [`HISTORY`] words at which the groups up to it were found in order, as bits; a
//! term of the next group looks there, and nowhere else. So state is bounded by the rules, and the cost of a byte by
//! the terms that end at it, whatever the text.

use aho_corasick::Anchored;
use aho_corasick::automaton::Automaton as _;
use portcullis_core::text::Plain;
use portcullis_core::verdict::Severity;
use portcullis_core::wire::Role;

use crate::context;
use crate::rule::{MAX_WITHIN, MAX_WORDS};
use crate::ruleset::{RuleOf, Ruleset, SetOf, Term, Use, bit};

/// How many words back a match may reach.
const HISTORY: u32 = 64;
const _: () = assert!(MAX_WITHIN as u32 + 2 * (MAX_WORDS as u32) < HISTORY);

/// A rule that fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its place in the rule set.
    pub rule: usize,
    /// [`crate::Rule::severity`], or [`crate::Rule::quoted`] where the text only quotes it.
    pub severity: Severity,
    /// Where, in the text: byte offsets.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// The scan of the texts of one request. Evidence does not run on from one text into the next.
pub struct Scan<'r> {
    rules: &'r Ruleset,
    groups: Vec<Ends>,
    unless: Vec<Ends>,
    /// By rule: the severity it fired with in the current text.
    fired: Vec<Option<Severity>>,
    /// Rules that fired in the current text, as often as they did.
    shown: Vec<usize>,
    /// The number of the first word of the next text.
    next: u32,
    /// No set that was begun can go on with a term that begins after this word.
    open_until: u32,
}

impl<'r> Scan<'r> {
    /// A scan that has seen nothing.
    pub fn new(rules: &'r Ruleset) -> Self {
        Self {
            rules,
            groups: vec![Ends::default(); rules.groups],
            unless: vec![Ends::default(); rules.unless],
            fired: vec![None; rules.rules.len()],
            shown: Vec::new(),
            next: HISTORY,
            open_until: 0,
        }
    }

    /// Reads one text, whose plain form is `plain`. `hit` is called when a rule fires for the first time in it, and
    /// again if the rule then fires with a greater severity. `counts` says which rules can fire.
    pub fn text(
        &mut self,
        text: &str,
        plain: &Plain,
        role: Role,
        counts: &dyn Fn(usize) -> bool,
        hit: &mut dyn FnMut(Hit),
    ) {
        self.text_where(text, plain, role, counts, &|_| true, hit);
    }

    /// [`Scan::text`], where what is not `wanted` is no hit: the rule may still fire later.
    pub(crate) fn text_where(
        &mut self,
        text: &str,
        plain: &Plain,
        role: Role,
        counts: &dyn Fn(usize) -> bool,
        wanted: &dyn Fn(&Hit) -> bool,
        hit: &mut dyn FnMut(Hit),
    ) {
        let Self { rules, groups, unless, fired, shown, next, open_until } = self;
        for rule in shown.drain(..) {
            fired.get_mut(rule).into_iter().for_each(|fired| *fired = None);
        }
        let mut reading =
            Reading { rules, groups, unless, fired, shown, open_until, text, plain, role, counts, wanted, hit };
        let automaton = &rules.automaton;
        let Ok(mut state) = automaton.start_state(Anchored::No) else { return };
        let mut word = *next;
        for (at, &byte) in plain.bytes().iter().enumerate() {
            state = automaton.next_state(Anchored::No, state, byte);
            if automaton.is_special(state) && automaton.is_match(state) {
                for i in 0..automaton.match_len(state) {
                    if let Some(term) = rules.terms.get(automaton.match_pattern(state, i).as_usize()) {
                        reading.term(term, word, at);
                    }
                }
            }
            word = word.saturating_add(u32::from(byte == b' '));
        }
        *next = word.saturating_add(HISTORY);
    }
}

/// One text being read.
struct Reading<'s, 't> {
    rules: &'s Ruleset,
    groups: &'s mut [Ends],
    unless: &'s mut [Ends],
    fired: &'s mut [Option<Severity>],
    shown: &'s mut Vec<usize>,
    open_until: &'s mut u32,
    text: &'t str,
    plain: &'t Plain,
    role: Role,
    counts: &'t dyn Fn(usize) -> bool,
    wanted: &'t dyn Fn(&Hit) -> bool,
    hit: &'t mut dyn FnMut(Hit),
}

/// Where a term stands: numbers of its words, byte offsets of the plain form without the blanks around it.
#[derive(Clone, Copy)]
struct Place {
    first_word: u32,
    last_word: u32,
    start: usize,
    end: usize,
}

impl Reading<'_, '_> {
    /// `term` ends with the byte at `at`; `word` blanks were read before that byte.
    fn term(&mut self, term: &Term, word: u32, at: usize) {
        // The blank before the first word was read when the word began, so `word` numbers the word that `at` is in or
        // that the blank at `at` ends.
        let end = if term.stem { at.saturating_add(1) } else { at };
        let start = at.saturating_add(2).saturating_sub(term.bytes);
        let first_word = word.saturating_add(1).saturating_sub(term.words);
        let place = Place { first_word, last_word: word, start, end };
        let rules = self.rules;
        // Most words of most texts continue nothing: that is what keeps the cost off the number of rules.
        if first_word <= *self.open_until {
            for used in rules.uses.get(term.continues.clone()).unwrap_or_default() {
                self.used(*used, place);
            }
        }
        for used in rules.uses.get(term.begins.clone()).unwrap_or_default() {
            self.used(*used, place);
        }
    }

    fn used(&mut self, used: Use, place: Place) {
        match used {
            Use::Unless(list) => {
                if let Some(ends) = self.unless.get_mut(usize::from(list)) {
                    ends.push(place.last_word, place.start);
                }
            }
            Use::First { set, group } => {
                if self.may_begin(set, place) {
                    self.reach(set, group, place.start, place);
                }
            }
            Use::Next { set, before, group, within } => {
                let before = self.groups.get(before as usize);
                if let Some(start) = before.and_then(|ends| ends.before(place.first_word, u32::from(within))) {
                    self.reach(set, group, start, place);
                }
            }
        }
    }

    /// The groups of `set` up to `group` were found in order, from `start` to `place`.
    fn reach(&mut self, set: u16, group: u32, start: usize, place: Place) {
        let rules = self.rules;
        let Some(set) = rules.sets.get(usize::from(set)) else { return };
        if group == set.last {
            self.fire(set, start, place.end);
        } else if let Some(ends) = self.groups.get_mut(group as usize) {
            ends.push(place.last_word, start);
            let until = place.last_word.saturating_add(1).saturating_add(u32::from(set.within));
            *self.open_until = until.max(*self.open_until);
        }
    }

    fn may_begin(&self, set: u16, place: Place) -> bool {
        let Some(set) = self.rules.sets.get(usize::from(set)) else { return false };
        let unless = set.unless.and_then(|list| self.unless.get(usize::from(list)));
        let unless = unless.and_then(|ends| ends.before(place.first_word, 0));
        if unless.is_some_and(|start| {
            let (from, to) = self.plain.origin(start, place.start);
            context::is_one_clause(self.text, from, to)
        }) {
            return false;
        }
        !set.opening || context::opens(self.text, self.plain.origin(place.start, place.end).0)
    }

    fn fire(&mut self, set: &SetOf, start: usize, end: usize) {
        let number = usize::from(set.rule);
        let (Some(rule), Some(fired)) = (self.rules.rules.get(number), self.fired.get(number).copied()) else {
            return;
        };
        if fired >= Some(rule.severity) || rule.roles & bit(self.role) == 0 || !(self.counts)(number) {
            return;
        }
        if self.is_taken_back(set, end) {
            return;
        }
        let (start, end) = self.plain.origin(start, end);
        if !set.exact.is_empty() && !context::stands(self.text, start, end, &set.exact) {
            return;
        }
        let severity = self.severity(rule, start, end);
        let hit = Hit { rule: number, severity, start, end };
        if fired < Some(severity) && (self.wanted)(&hit) {
            if let Some(fired) = self.fired.get_mut(number) {
                *fired = Some(severity);
                self.shown.push(number);
            }
            (self.hit)(hit);
        }
    }

    /// Whether one of [`crate::Set::unless_after`] follows what ends at `end`, an offset of the plain form.
    fn is_taken_back(&self, set: &SetOf, end: usize) -> bool {
        if set.unless_after.is_empty() {
            return false;
        }
        let rest = self.plain.bytes().get(end..).unwrap_or_default();
        // Behind the begin of a word stands the rest of it.
        let Some(blank) = rest.iter().position(|byte| *byte == b' ') else { return false };
        let rest = rest.get(blank..).unwrap_or_default();
        let blank = end.saturating_add(blank);
        set.unless_after.iter().any(|term| rest.starts_with(term.as_bytes())) && {
            let (from, to) = self.plain.origin(blank, blank.saturating_add(1));
            context::is_one_clause(self.text, from, to)
        }
    }

    fn severity(&self, rule: &RuleOf, start: usize, end: usize) -> Severity {
        // What a tool or a document says comes quoted more often than not: there a quotation excuses nothing.
        let speaks = !matches!(self.role, Role::ToolResult | Role::ToolArgument | Role::Document);
        if rule.quoted < rule.severity && speaks && context::is_quoted(self.text, start, end) {
            rule.quoted
        } else {
            rule.severity
        }
    }
}

/// At which of the last [`HISTORY`] words something ended.
#[derive(Clone, Copy, Default)]
struct Ends {
    /// The last of them.
    last: u32,
    /// Bit `n`: it ended at the word `last - n`.
    bits: u64,
    /// Where it began: the latest, and the latest that ended at an earlier word.
    starts: [(u32, usize); 2],
}

impl Ends {
    fn push(&mut self, word: u32, start: usize) {
        let passed = word.saturating_sub(self.last);
        self.bits = self.bits.checked_shl(passed).unwrap_or_default() | 1;
        let [latest, _] = self.starts;
        self.starts = if passed == 0 { [(word, start), self.starts[1]] } else { [(word, start), latest] };
        self.last = word;
    }

    /// Whether it ended before `word` with at most `within` words between; if so, where it began.
    fn before(&self, word: u32, within: u32) -> Option<usize> {
        let from = word.saturating_sub(1).saturating_sub(within);
        // Bit `n` stands for `last - n`: wanted are those from `from` to `word - 1`.
        let newest = self.last.saturating_add(1).saturating_sub(word);
        let oldest = self.last.checked_sub(from)?;
        let mask =
            u64::MAX.checked_shl(newest)? & u64::MAX.checked_shr(63_u32.saturating_sub(oldest)).unwrap_or(u64::MAX);
        if self.bits & mask == 0 {
            return None;
        }
        let [latest, earlier] = self.starts;
        Some(if latest.0 < word { latest.1 } else { earlier.1 })
    }
}
