//! One request inspected with a profile's choice of rules: text in, findings and a score out.

use std::collections::BTreeMap;

use portcullis_core::text::decode::{Vocabulary, Words};
use portcullis_core::text::{Plain, normalise};
use portcullis_core::verdict::Severity;
use portcullis_core::wire::Role;

use crate::choice::{Choice, Effect};
use crate::classify::Classifying;
use crate::layers::Layering;
use crate::ruleset::Ruleset;
use crate::scan::{Asked, Hit, Reading, Scan};
use crate::score::{self, score};

/// One request under inspection.
pub struct Inspection<'r> {
    pub(crate) rules: &'r Ruleset,
    scan: Scan<'r>,
    choice: &'r Choice,
    /// By rule and role: the greatest severity it fired with.
    fired: BTreeMap<(usize, Role), Severity>,
    pub(crate) plain: Plain,
    pub(crate) layering: Layering,
    /// Reads each text and each layer after the rules, if there is one.
    pub(crate) classifying: Option<Classifying>,
}

impl<'r> Inspection<'r> {
    /// An inspection that has seen nothing.
    pub fn new(rules: &'r Ruleset, choice: &'r Choice) -> Self {
        Self {
            rules,
            scan: Scan::new(rules),
            choice,
            fired: BTreeMap::new(),
            plain: Plain::default(),
            layering: Layering::default(),
            classifying: None,
        }
    }

    /// Inspects one text. `found` is told of every rule that fires in it, as by [`Scan::text`].
    pub fn text(&mut self, text: &str, role: Role, found: &mut dyn FnMut(Hit)) {
        self.read(text, role, &|_| true, found, |plain, vocabulary, reading| {
            vocabulary.tokens(plain.bytes(), |token| reading.word(token));
        });
    }

    /// [`Inspection::text`], where hits that are not `wanted` are left out; and what its words look like.
    pub(crate) fn words_where(
        &mut self,
        text: &str,
        role: Role,
        wanted: &dyn Fn(&Hit) -> bool,
        found: &mut dyn FnMut(Hit),
    ) -> Words {
        self.read(text, role, wanted, found, |plain, vocabulary, reading| {
            Words::of(plain, vocabulary, |token| reading.word(token))
        })
    }

    /// Reads a text, whose words `words` brings one by one.
    fn read<T>(
        &mut self,
        text: &str,
        role: Role,
        wanted: &dyn Fn(&Hit) -> bool,
        found: &mut dyn FnMut(Hit),
        words: impl FnOnce(&Plain, &Vocabulary, &mut Reading<'_, '_, '_>) -> T,
    ) -> T {
        let Self { rules, scan, choice, fired, plain, .. } = self;
        let of = |place: usize| rules.rules.get(place);
        let runs = |place: usize| of(place).is_some_and(|rule| choice.effect(place, rule, role) != Effect::Off);
        normalise(text, plain);
        let mut hit = |mut hit: Hit| {
            let Some(rule) = of(hit.rule) else { return };
            hit.severity = match choice.weighed(hit.rule, rule, role, hit.severity) {
                Some(severity) => {
                    let fired = fired.entry((hit.rule, role)).or_insert(severity);
                    *fired = severity.max(*fired);
                    severity
                }
                None => Severity::Notice,
            };
            found(hit);
        };
        let mut reading = scan.read(Asked { text, plain, role, counts: &runs, wanted, hit: &mut hit });
        words(plain, &rules.vocabulary, &mut reading)
    }

    /// Shows the text that was inspected last to the classifier: one that was `given`, or what one says under a disguise.
    pub(crate) fn classify(&mut self, role: Role, given: bool) {
        if let Some(classifying) = &mut self.classifying {
            classifying.read(self.plain.bytes(), role, given);
        }
    }

    /// What the rules make of all texts so far.
    pub fn score(&self) -> f32 {
        score(score::greatest(self.evidence()))
    }

    /// Every rule that fired, and counts, in every role: the greatest severity.
    pub fn evidence(&self) -> impl Iterator<Item = (usize, Role, Severity)> + Clone {
        self.fired.iter().map(|((rule, role), severity)| (*rule, *role, *severity))
    }
}
