//! Words and patterns of an operator, found and replaced in a text that arrives in chunks.

use crate::pattern::Pattern;
use crate::policy::Operator;
use crate::view::is_word;

/// What an operator looks for besides the kinds that are known.
#[derive(Debug, Default)]
pub(crate) struct Custom {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    /// What stands in its place, in brackets.
    name: String,
    pattern: Pattern,
    operator: Operator,
}

impl Custom {
    /// Adds a pattern. Earlier ones win where several match the same.
    pub(crate) fn add(&mut self, name: &str, pattern: Pattern, operator: Operator) {
        self.entries.push(Entry { name: name.to_owned(), pattern, operator });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Everything in a whole text.
    pub(crate) fn find(&self, text: &str) -> Vec<Hit> {
        let (mut found, mut out) = (Vec::new(), String::new());
        let mut search = Search::default();
        let mut note = |hit, _: &str| found.push(hit);
        if !self.is_empty() && search.push(self, text, &mut note, &mut out) {
            search.finish(self, &mut note, &mut out);
        }
        found
    }

    /// What stands in place of a hit.
    pub(crate) fn marker(&self, hit: Hit) -> String {
        match (hit.operator, self.entries.get(hit.entry)) {
            (Operator::Remove | Operator::Block, _) | (_, None) => String::new(),
            (_, Some(entry)) => format!("[{}]", entry.name),
        }
    }
}

/// A match under way.
struct Thread {
    entry: usize,
    /// Where it begins, in the held text.
    start: usize,
    places: u128,
    /// Where the longest match so far ends.
    end: Option<usize>,
}

/// One text under way. Matches begin and end at the edge of a word; of several the one that begins first counts, and of
/// those the longest. The result does not depend on how the text is cut.
#[derive(Default)]
pub(crate) struct Search {
    held: String,
    /// The position of the held text in the text.
    base: usize,
    /// Bytes of the held text that were looked at.
    seen: usize,
    threads: Vec<Thread>,
    /// The last byte that was looked at.
    before: u8,
    blocked: bool,
}

/// One thing that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// What was done with it.
    pub(crate) operator: Operator,
    /// Which entry found it.
    entry: usize,
    /// Where it stands in the text.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Is told of each hit, in order, with its value.
pub(crate) type Found<'a> = &'a mut dyn FnMut(Hit, &str);

impl Search {
    /// Takes the next chunk and appends what is settled; false when an operator has blocked the text.
    pub(crate) fn push(&mut self, custom: &Custom, chunk: &str, found: Found<'_>, out: &mut String) -> bool {
        self.advance(custom, chunk, false, found, out)
    }

    /// Ends the text and appends what is left of it.
    pub(crate) fn finish(&mut self, custom: &Custom, found: Found<'_>, out: &mut String) -> bool {
        let open = self.advance(custom, "", true, found, out);
        *self = Self::default();
        open
    }

    /// Bytes that have arrived and are not settled.
    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    fn advance(&mut self, custom: &Custom, chunk: &str, ends: bool, found: Found<'_>, out: &mut String) -> bool {
        if self.blocked {
            return false;
        }
        self.held.push_str(chunk);
        let mut copied = 0;
        while let Some(&byte) = self.held.as_bytes().get(self.seen) {
            self.byte(custom, byte);
            self.settle(custom, false, &mut copied, found, out);
        }
        if ends {
            self.byte(custom, b' ');
            self.settle(custom, true, &mut copied, found, out);
        }
        if self.blocked {
            self.held.clear();
            return false;
        }
        let to = if ends { self.held.len() } else { self.threads.first().map_or(self.held.len(), |t| t.start) };
        out.push_str(self.held.get(copied..to).unwrap_or_default());
        self.held.drain(..to);
        self.base = self.base.saturating_add(to);
        self.seen = self.seen.saturating_sub(to);
        for thread in &mut self.threads {
            thread.start = thread.start.saturating_sub(to);
            thread.end = thread.end.map(|end| end.saturating_sub(to));
        }
        true
    }

    /// Looks at one more byte.
    fn byte(&mut self, custom: &Custom, byte: u8) {
        let at = self.seen;
        let edge = !(is_word(self.before) && is_word(byte));
        for thread in &mut self.threads {
            let Some(entry) = custom.entries.get(thread.entry) else { continue };
            if edge && entry.pattern.accepts(thread.places) {
                thread.end = Some(at);
            }
            thread.places = entry.pattern.step(thread.places, byte);
        }
        if edge && at < self.held.len() {
            for (entry, _) in custom.entries.iter().enumerate().filter(|(_, entry)| entry.pattern.begins(byte)) {
                let places = custom.entries.get(entry).map_or(0, |entry| entry.pattern.start(byte));
                self.threads.push(Thread { entry, start: at, places, end: None });
            }
        }
        self.before = byte;
        self.seen = at.saturating_add(1);
    }

    /// Takes the matches that nothing can change any more.
    fn settle(&mut self, custom: &Custom, ends: bool, copied: &mut usize, found: Found<'_>, out: &mut String) {
        while let Some(first) = self.threads.first() {
            let start = first.start;
            let mut rivals = self.threads.iter().take_while(|thread| thread.start == start);
            if !ends && rivals.any(|thread| thread.places != 0) {
                return;
            }
            let rivals = self.threads.iter().take_while(|thread| thread.start == start);
            let ended = rivals.filter_map(|thread| Some((thread.end?, thread.entry)));
            let best = ended.max_by_key(|&(end, entry)| (end, core::cmp::Reverse(entry)));
            let Some((end, entry)) = best else {
                self.threads.retain(|thread| thread.start != start);
                continue;
            };
            self.threads.retain(|thread| thread.start >= end);
            let Some(operator) = custom.entries.get(entry).map(|entry| entry.operator) else { continue };
            let at = |offset: usize| self.base.saturating_add(offset);
            let hit = Hit { operator, entry, start: at(start), end: at(end) };
            found(hit, self.held.get(start..end).unwrap_or_default());
            if !operator.edits() {
                continue;
            }
            out.push_str(self.held.get(*copied..start).unwrap_or_default());
            *copied = end;
            if operator == Operator::Block {
                self.blocked = true;
                return;
            }
            out.push_str(&custom.marker(hit));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Custom, Search};
    use crate::pattern::Pattern;
    use crate::policy::Operator;

    fn custom() -> Custom {
        let mut custom = Custom::default();
        custom.add("EMPLOYEE", Pattern::new("EMP-\\d{4,6}").unwrap(), Operator::Replace);
        custom.add("PROJECT", Pattern::word("Blue Heron").unwrap(), Operator::Replace);
        custom.add("BIRD", Pattern::word("blue heron nest").unwrap(), Operator::Remove);
        custom.add("SEEN", Pattern::word("heron").unwrap(), Operator::Keep);
        custom.add("STOP", Pattern::word("stop here").unwrap(), Operator::Block);
        custom
    }

    fn redacted(chunks: &[&str]) -> (String, usize) {
        let custom = custom();
        let (mut search, mut count, mut out) = (Search::default(), 0, String::new());
        let mut note = |_, value: &str| count += usize::from(!value.is_empty());
        for chunk in chunks {
            search.push(&custom, chunk, &mut note, &mut out);
        }
        search.finish(&custom, &mut note, &mut out);
        (out, count)
    }

    #[test]
    fn what_is_found_does_not_depend_on_cuts() {
        for (text, expected, count) in [
            (
                "EMP-1234, EMP-123456. EMP-1234567 EMP-123 XEMP-1234",
                "[EMPLOYEE], [EMPLOYEE]. EMP-1234567 EMP-123 XEMP-1234",
                2,
            ),
            ("BLUE HERON and blue heron nest.", "[PROJECT] and .", 2),
            ("blue blue heron", "blue [PROJECT]", 1),
            ("blue herons", "blue herons", 0),
            ("a heron", "a heron", 1),
            ("go, stop here. EMP-1234", "go, ", 1),
            ("Zoë EMP-1234 é", "Zoë [EMPLOYEE] é", 1),
            ("EMP-1234", "[EMPLOYEE]", 1),
        ] {
            for cut in (0..=text.len()).filter(|cut| text.is_char_boundary(*cut)) {
                assert_eq!(
                    redacted(&[&text[..cut], &text[cut..]]),
                    (expected.to_owned(), count),
                    "{text} cut at {cut}"
                );
            }
            let single: Vec<String> = text.chars().map(String::from).collect();
            assert_eq!(redacted(&single.iter().map(String::as_str).collect::<Vec<_>>()).0, expected);
        }
    }

    #[test]
    fn only_what_may_still_match_is_held() {
        let custom = custom();
        let (mut search, mut out) = (Search::default(), String::new());
        search.push(&custom, "the blue ", &mut |_, _| {}, &mut out);
        assert_eq!((out.as_str(), search.held()), ("the ", 5));
        search.push(&custom, "sky EMP-12", &mut |_, _| {}, &mut out);
        assert_eq!((out.as_str(), search.held()), ("the blue sky ", 6));
    }
}
