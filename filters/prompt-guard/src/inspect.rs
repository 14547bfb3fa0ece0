//! One request inspected with a profile's choice of rules: text in, findings and a score out.

use portcullis_core::text::{Plain, normalise};
use portcullis_core::verdict::Severity;
use portcullis_core::wire::Role;

use crate::ruleset::Ruleset;
use crate::scan::{Hit, Scan};
use crate::score::score;

/// Which rules count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Rules of a higher level of paranoia do not run.
    pub paranoia: u8,
    /// Rules that do not run: places in the rule set.
    pub disabled: Vec<usize>,
    /// Rules that are recorded as a [`Severity::Notice`] and add nothing to the score.
    pub shadow: Vec<usize>,
}

/// The rules of the first level of paranoia, all of them.
impl Default for Choice {
    fn default() -> Self {
        Self { paranoia: 1, disabled: Vec::new(), shadow: Vec::new() }
    }
}

/// One request under inspection.
pub struct Inspection<'r> {
    rules: &'r Ruleset,
    scan: Scan<'r>,
    choice: &'r Choice,
    /// By rule: the greatest severity it fired with.
    fired: Vec<Option<Severity>>,
    plain: Plain,
}

impl<'r> Inspection<'r> {
    /// An inspection that has seen nothing.
    pub fn new(rules: &'r Ruleset, choice: &'r Choice) -> Self {
        Self { rules, scan: Scan::new(rules), choice, fired: vec![None; rules.len()], plain: Plain::default() }
    }

    /// Inspects one text. `found` is told of every rule that fires in it, as by [`Scan::text`].
    pub fn text(&mut self, text: &str, role: Role, found: &mut dyn FnMut(Hit)) {
        self.text_where(text, role, &|_| true, found);
    }

    /// [`Inspection::text`], where hits that are not `wanted` are left out.
    pub(crate) fn text_where(
        &mut self,
        text: &str,
        role: Role,
        wanted: &dyn Fn(&Hit) -> bool,
        found: &mut dyn FnMut(Hit),
    ) {
        let Self { rules, scan, choice, fired, plain } = self;
        let runs = |rule: usize| {
            rules.rules.get(rule).is_some_and(|rule| rule.paranoia <= choice.paranoia)
                && !choice.disabled.contains(&rule)
        };
        normalise(text, plain);
        scan.text(text, plain, role, &runs, &mut |mut hit| {
            if !wanted(&hit) {
                return;
            }
            if choice.shadow.contains(&hit.rule) {
                hit.severity = Severity::Notice;
            } else if let Some(fired) = fired.get_mut(hit.rule) {
                *fired = (*fired).max(Some(hit.severity));
            }
            found(hit);
        });
    }

    /// What all texts so far amount to.
    pub fn score(&self) -> f32 {
        score(self.fired.iter().copied().flatten())
    }
}
