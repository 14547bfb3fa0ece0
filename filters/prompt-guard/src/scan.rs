//! The texts of one request against the rules, in one pass each.
//!
//! Word by word, every term that ends there is found ([`crate::terms`]). For each group of each set the scan keeps the
//! ends of the last [`HISTORY`] words at which the groups up to it were found in order, as bits; a term of the next group
//! looks there, and nowhere else. So state is bounded by the rules, and the cost of a word by the terms that end at it,
//! whatever the text.
//!
//! Most texts hold many terms and nothing that a set is made of. Terms are only noted until one is found of the rarest
//! group of a set; then what stands near it, before and behind, is looked at for that set.

use portcullis_core::text::Plain;
use portcullis_core::text::decode::Token;
use portcullis_core::verdict::Severity;
use portcullis_core::wire::Role;

use crate::context;
use crate::rule::{MAX_WITHIN, MAX_WORDS};
use crate::ruleset::{Meaning, RuleOf, Ruleset, SetOf, Use, bit};
use crate::terms::Open;

/// How many words back a match may reach.
const HISTORY: u32 = 64;
const _: () = assert!(MAX_WITHIN as u32 + 2 * (MAX_WORDS as u32) < HISTORY);
/// Terms that are noted before those that are too far back are forgotten.
const NOTED: usize = 4096;
/// Words back in which a set that is not begun may still have had its first term: four groups, and what is between them.
const FAR: u32 = 5 * MAX_WORDS as u32 + 3 * MAX_WITHIN as u32;
/// Words whose begins are remembered: at least those of a term.
const WORDS: usize = 16;
const _: () = assert!(MAX_WORDS as usize <= WORDS);

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
    /// By set: the last word of which it looks at terms.
    awake: Vec<u32>,
    /// The last word of which any set does.
    awake_until: u32,
    /// By rule: the severity it fired with in the current text.
    fired: Vec<Option<Severity>>,
    /// Rules that fired in the current text, as often as they did.
    shown: Vec<usize>,
    /// The number of the first word of the next text.
    next: u32,
    /// Terms that were found: the last ones, at least as far back as sets reach.
    noted: Vec<Found>,
}

/// A term that was found.
#[derive(Clone, Copy)]
struct Found {
    term: u32,
    /// The number of its last word.
    word: u32,
    /// Where its first word begins in the plain form.
    start: u32,
    /// Where its last word ends, or what it has of it.
    end: u32,
}

/// What a text is read for.
pub(crate) struct Asked<'t> {
    pub text: &'t str,
    pub plain: &'t Plain,
    pub role: Role,
    /// Which rules can fire.
    pub counts: &'t dyn Fn(usize) -> bool,
    /// What is no hit: the rule may still fire later.
    pub wanted: &'t dyn Fn(&Hit) -> bool,
    pub hit: &'t mut dyn FnMut(Hit),
}

impl<'r> Scan<'r> {
    /// A scan that has seen nothing.
    pub fn new(rules: &'r Ruleset) -> Self {
        Self {
            rules,
            groups: vec![Ends::default(); rules.groups],
            awake: vec![0; rules.sets.len()],
            awake_until: 0,
            fired: vec![None; rules.rules.len()],
            shown: Vec::new(),
            next: HISTORY,
            noted: Vec::new(),
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
        let rules = self.rules;
        let mut reading = self.read(Asked { text, plain, role, counts, wanted: &|_| true, hit });
        rules.vocabulary.tokens(plain.bytes(), |token| reading.word(token));
    }

    /// Begins to read one text, whose words are to be given in order.
    pub(crate) fn read<'s, 't>(&'s mut self, asked: Asked<'t>) -> Reading<'s, 'r, 't> {
        for rule in self.shown.drain(..) {
            self.fired.get_mut(rule).into_iter().for_each(|fired| *fired = None);
        }
        self.noted.clear();
        // The numbers of words go on from text to text, farther apart than anything reaches.
        self.next = self.next.saturating_add(HISTORY);
        let word = self.next;
        Reading { open: Open::default(), weighing: Weighing { scan: self, word, starts: [0; WORDS], asked } }
    }
}

/// One text being read.
pub(crate) struct Reading<'s, 'r, 't> {
    open: Open,
    weighing: Weighing<'s, 'r, 't>,
}

impl Reading<'_, '_, '_> {
    /// Reads the next word.
    pub fn word(&mut self, token: Token) {
        let Self { open, weighing } = self;
        weighing.word = weighing.word.saturating_add(1);
        if let Some(start) = weighing.starts.get_mut(weighing.word as usize & (WORDS - 1)) {
            *start = u32::try_from(token.start).unwrap_or(u32::MAX);
        }
        let terms = &weighing.scan.rules.terms;
        terms.word(open, token, weighing.asked.plain.bytes(), |term, end| weighing.found(term, end));
    }
}

/// The terms of one text being looked at.
struct Weighing<'s, 'r, 't> {
    scan: &'s mut Scan<'r>,
    /// The number of the last word.
    word: u32,
    /// Where the last words begin in the plain form.
    starts: [u32; WORDS],
    asked: Asked<'t>,
}

impl Drop for Weighing<'_, '_, '_> {
    fn drop(&mut self) {
        self.scan.next = self.word;
    }
}

impl Weighing<'_, '_, '_> {
    /// `term` ends at `end`, in the last word or behind it.
    fn found(&mut self, term: u32, end: usize) {
        let rules = self.scan.rules;
        let words = rules.terms.words(term);
        let first = self.word.saturating_add(1).saturating_sub(words) as usize;
        let start = self.starts.get(first & (WORDS - 1)).copied().unwrap_or_default();
        if self.scan.noted.len() >= NOTED {
            let from = self.word.saturating_sub(FAR);
            self.scan.noted.retain(|noted| noted.word >= from);
        }
        let end = u32::try_from(end).unwrap_or(u32::MAX);
        self.scan.noted.push(Found { term, word: self.word, start, end });
        let uses = rules.uses(term);
        uses.iter().take_while(|used| used.is_rare()).for_each(|used| self.wake(*used));
        if self.word <= self.scan.awake_until {
            let last = self.scan.noted.len().saturating_sub(1);
            for used in uses {
                if let Meaning::Group(set, group) = used.meaning()
                    && self.scan.awake.get(set).is_some_and(|until| *until >= self.word)
                {
                    self.used(set, group, last);
                }
            }
        }
    }

    /// A term was found that a set cannot do without: it looks at those before, and at those that follow.
    fn wake(&mut self, used: Use) {
        let rules = self.scan.rules;
        let Meaning::Group(place, group) = used.meaning() else { return };
        let (Some(set), Some(awake)) = (rules.sets.get(place), self.scan.awake.get_mut(place)) else { return };
        let until = self.word.saturating_add(u32::from(set.reach));
        let looked = core::mem::replace(awake, until);
        self.scan.awake_until = until.max(self.scan.awake_until);
        // Nothing that the set is made of stands before its first group.
        if group == 0 || looked >= self.word {
            return;
        }
        // The last one noted is looked at after this, like those that follow.
        let last = self.scan.noted.len().saturating_sub(1);
        let from = self.word.saturating_sub(u32::from(set.reach)).max(looked.saturating_add(1));
        let noted = self.scan.noted.get(..last).unwrap_or_default();
        let near = noted.iter().rev().take_while(|noted| noted.word >= from).count();
        for earlier in last.saturating_sub(near)..last {
            let Some(noted) = self.scan.noted.get(earlier) else { break };
            for used in rules.uses(noted.term) {
                if let Meaning::Group(of, group) = used.meaning()
                    && of == place
                {
                    self.used(place, group, earlier);
                }
            }
        }
    }

    /// The term that is noted at `noted` is of this group of a set.
    fn used(&mut self, set: usize, group: u32, noted: usize) {
        let rules = self.scan.rules;
        let (Some(set), Some(found)) = (rules.sets.get(set), self.scan.noted.get(noted).copied()) else { return };
        let first_word = found.word.saturating_add(1).saturating_sub(rules.terms.words(found.term));
        let start = match group.checked_sub(1) {
            None => self.may_begin(set, found, first_word, noted).then_some(found.start),
            Some(before) => {
                let before = self.scan.groups.get(set.first.saturating_add(before) as usize);
                before.and_then(|ends| ends.before(first_word, u32::from(set.within)))
            }
        };
        let Some(start) = start else { return };
        if group.saturating_add(1) == u32::from(set.groups) {
            self.fire(set, start as usize, found.end as usize);
        } else if let Some(ends) = self.scan.groups.get_mut(set.first.saturating_add(group) as usize) {
            ends.push(found.word, start);
        }
    }

    /// Whether a set may begin with the term that is noted at `noted` and has `first_word`.
    fn may_begin(&self, set: &SetOf, found: Found, first_word: u32, noted: usize) -> bool {
        let start = found.start as usize;
        if let Some(list) = set.unless {
            let rules = self.scan.rules;
            let listed = |noted: &&Found| {
                let list = usize::from(list);
                rules.uses(noted.term).iter().any(|used| used.meaning() == Meaning::Unless(list))
            };
            // Terms are noted in the order of their last words.
            let before = self.scan.noted.get(..noted).unwrap_or_default().iter().rev();
            let mut before = before.take_while(|noted| noted.word.saturating_add(1) >= first_word);
            let unless = before.find(|noted| noted.word.saturating_add(1) == first_word && listed(noted));
            if unless.is_some_and(|unless| {
                let (from, to) = self.asked.plain.origin(unless.start as usize, start);
                context::is_one_clause(self.asked.text, from, to)
            }) {
                return false;
            }
        }
        !set.opening || context::opens(self.asked.text, self.asked.plain.origin(start, found.end as usize).0)
    }

    fn fire(&mut self, set: &SetOf, start: usize, end: usize) {
        let number = usize::from(set.rule);
        let (Some(rule), Some(fired)) = (self.scan.rules.rules.get(number), self.scan.fired.get(number).copied())
        else {
            return;
        };
        if fired >= Some(rule.severity) || rule.roles & bit(self.asked.role) == 0 || !(self.asked.counts)(number) {
            return;
        }
        if self.is_taken_back(set, end) {
            return;
        }
        let (start, end) = self.asked.plain.origin(start, end);
        if !set.exact.is_empty() && !context::stands(self.asked.text, start, end, &set.exact) {
            return;
        }
        let severity = self.severity(rule, start, end);
        let hit = Hit { rule: number, severity, start, end };
        if fired < Some(severity) && (self.asked.wanted)(&hit) {
            if let Some(fired) = self.scan.fired.get_mut(number) {
                *fired = Some(severity);
                self.scan.shown.push(number);
            }
            (self.asked.hit)(hit);
        }
    }

    /// Whether one of [`crate::Set::unless_after`] follows what ends at `end`, an offset of the plain form.
    fn is_taken_back(&self, set: &SetOf, end: usize) -> bool {
        if set.unless_after.is_empty() {
            return false;
        }
        let rest = self.asked.plain.bytes().get(end..).unwrap_or_default();
        // Behind the begin of a word stands the rest of it.
        let Some(blank) = rest.iter().position(|byte| *byte == b' ') else { return false };
        let rest = rest.get(blank..).unwrap_or_default();
        let blank = end.saturating_add(blank);
        set.unless_after.lines().any(|term| rest.starts_with(term.as_bytes())) && {
            let (from, to) = self.asked.plain.origin(blank, blank.saturating_add(1));
            context::is_one_clause(self.asked.text, from, to)
        }
    }

    fn severity(&self, rule: &RuleOf, start: usize, end: usize) -> Severity {
        // What a tool or a document says comes quoted more often than not: there a quotation excuses nothing.
        let speaks = !matches!(self.asked.role, Role::ToolResult | Role::ToolArgument | Role::Document);
        if rule.quoted < rule.severity && speaks && context::is_quoted(self.asked.text, start, end) {
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
    starts: [(u32, u32); 2],
}

impl Ends {
    fn push(&mut self, word: u32, start: u32) {
        let passed = word.saturating_sub(self.last);
        self.bits = self.bits.checked_shl(passed).unwrap_or_default() | 1;
        let [latest, _] = self.starts;
        self.starts = if passed == 0 { [(word, start), self.starts[1]] } else { [(word, start), latest] };
        self.last = word;
    }

    /// Whether it ended before `word` with at most `within` words between; if so, where it began.
    fn before(&self, word: u32, within: u32) -> Option<u32> {
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
