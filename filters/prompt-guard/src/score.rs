//! From what was found to one figure: the only place that weighs.

use portcullis_core::verdict::{Severity, Verdict};
use portcullis_core::wire::Role;

/// What one finding says by itself about the request: the probability, as we judge it, that it is an attack.
pub const fn weight(severity: Severity) -> f32 {
    match severity {
        Severity::Critical => 0.9,
        Severity::Error => 0.7,
        Severity::Warning => 0.4,
        Severity::Notice => 0.15,
    }
}

/// The score of a request in which rules of these severities fired, each rule once: `1 - Π (1 - weight)`.
///
/// A noisy-or: rules are taken as independent evidence, so that many weak ones add up and none takes away. From 0, when
/// none fired, to below 1.
pub fn score(fired: impl Iterator<Item = Severity>) -> f32 {
    1.0 - fired.fold(1.0, |rest, severity| rest * (1.0 - weight(severity)))
}

/// The greatest severity of each rule, whoever spoke. `evidence` comes by rule.
pub fn greatest(evidence: impl Iterator<Item = (usize, Role, Severity)>) -> impl Iterator<Item = Severity> {
    let mut evidence = evidence.peekable();
    core::iter::from_fn(move || {
        let (rule, _, mut severity) = evidence.next()?;
        while let Some((_, _, other)) = evidence.next_if(|next| next.0 == rule) {
            severity = severity.max(other);
        }
        Some(severity)
    })
}

/// The score of rules and classifier together: `1 - (1 - rules) (1 - classifier)`, a noisy-or like that of the rules.
///
/// `classifier` is a probability that is 0.5 for one in a hundred harmless texts and 0.8 for one in a thousand, so the
/// default thresholds are its two operating points.
pub fn together(rules: f32, classifier: f32) -> f32 {
    1.0 - (1.0 - rules) * (1.0 - classifier)
}

/// Where a request lies between the two operating points of its thresholds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Band {
    /// Below both: harmless, as far as can be told here.
    #[default]
    Below,
    /// Between them: what a larger model is worth asking about.
    Uncertain,
    /// Above both.
    Above,
}

impl Band {
    /// The band in which the thresholds give this verdict.
    pub const fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Allow => Self::Below,
            Verdict::Flag => Self::Uncertain,
            Verdict::Redact | Verdict::Throttle | Verdict::Block => Self::Above,
        }
    }
}

/// Scores from which on something is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Recorded.
    pub flag: f32,
    /// Refused.
    pub block: f32,
}

/// One `error` flags; one `critical`, or an `error` with any other of at least `warning`, blocks.
impl Default for Thresholds {
    fn default() -> Self {
        Self { flag: 0.5, block: 0.8 }
    }
}

impl Thresholds {
    /// What becomes of a request with this score.
    pub fn verdict(&self, score: f32) -> Verdict {
        match score {
            s if s >= self.block => Verdict::Block,
            s if s >= self.flag => Verdict::Flag,
            _ => Verdict::Allow,
        }
    }

    /// Where a request with this score lies.
    pub fn band(&self, score: f32) -> Band {
        Band::of(self.verdict(score))
    }
}

/// Thresholds by role.
///
/// A finding counts against the threshold of its role and against every greater one: what was found where little is
/// borne adds to what was found elsewhere, and what is borne in one role weighs nothing where less is. When all are
/// alike, the score of the whole request meets the one threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ByRole(pub [Thresholds; Role::ALL.len()]);

impl ByRole {
    /// The lowest thresholds of all roles.
    pub fn lowest(&self) -> Thresholds {
        let least = |of: fn(&Thresholds) -> f32| self.0.iter().map(of).fold(f32::INFINITY, f32::min);
        Thresholds { flag: least(|thresholds| thresholds.flag), block: least(|thresholds| thresholds.block) }
    }

    /// What becomes of a request with this evidence, which comes by rule: `(rule, role, severity)`, and these
    /// probabilities of the classifier, by role, 0 where it has nothing to say.
    pub fn verdict(
        &self,
        evidence: impl Iterator<Item = (usize, Role, Severity)> + Clone,
        classified: &[f32; Role::ALL.len()],
    ) -> Verdict {
        let meets = |of: fn(&Thresholds) -> f32| {
            let threshold = |role: Role| self.0.get(role.index()).map_or(0.0, of);
            let classified = || Role::ALL.into_iter().zip(classified.iter().copied()).filter(|(_, p)| *p > 0.0);
            let mut tried: Vec<f32> = Vec::new();
            let spoken = evidence.clone().map(|(_, role, _)| role).chain(classified().map(|(role, _)| role));
            spoken.into_iter().any(|role| {
                let wanted = threshold(role);
                if tried.contains(&wanted) {
                    return false;
                }
                tried.push(wanted);
                let rules = score(greatest(evidence.clone().filter(|(_, role, _)| threshold(*role) <= wanted)));
                let heard = classified().filter(|(role, _)| threshold(*role) <= wanted);
                together(rules, heard.fold(0.0, |greatest, (_, p)| p.max(greatest))) >= wanted
            })
        };
        if meets(|thresholds| thresholds.block) {
            Verdict::Block
        } else if meets(|thresholds| thresholds.flag) {
            Verdict::Flag
        } else {
            Verdict::Allow
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Severity::{Critical, Error, Notice, Warning};

    const NOTHING: [f32; Role::ALL.len()] = [0.0; Role::ALL.len()];

    #[test]
    fn the_classifier_counts_like_one_more_rule_of_its_role() {
        let classified = |different: &[(Role, f32)]| {
            let mut all = NOTHING;
            different.iter().for_each(|(role, p)| all[role.index()] = *p);
            all
        };
        let lenient = by_role(&[(Role::System, 0.9, 0.95)]);
        for (thresholds, evidence, p, verdict) in [
            (ByRole::default(), &[][..], &[(Role::User, 0.49)][..], Verdict::Allow),
            (ByRole::default(), &[], &[(Role::User, 0.5)], Verdict::Flag),
            (ByRole::default(), &[], &[(Role::User, 0.8)], Verdict::Block),
            (ByRole::default(), &[(0, Role::User, Error)], &[(Role::User, 0.4)], Verdict::Block),
            // The greatest of the roles counts, not all of them.
            (ByRole::default(), &[], &[(Role::User, 0.4), (Role::Document, 0.4)], Verdict::Allow),
            // What is borne in the system prompt does not push the user over.
            (lenient, &[(0, Role::User, Warning)], &[(Role::System, 0.8)], Verdict::Allow),
            (lenient, &[(0, Role::User, Error)], &[(Role::System, 0.9)], Verdict::Block),
        ] {
            let evidence = evidence.iter().copied();
            assert_eq!(thresholds.verdict(evidence, &classified(p)), verdict, "{p:?}");
        }
        assert_eq!((together(0.0, 0.7), together(0.5, 0.5)), (0.7, 0.75));
    }

    #[test]
    fn between_the_thresholds_is_what_is_asked_about() {
        let bands = [0.0, 0.49, 0.5, 0.79, 0.8, 1.0].map(|score| Thresholds::default().band(score));
        use Band::{Above, Below, Uncertain};
        assert_eq!(bands, [Below, Below, Uncertain, Uncertain, Above, Above]);
    }

    #[test]
    fn nothing_found_is_nothing_and_nothing_is_ever_certain() {
        assert_eq!(score([].into_iter()), 0.0);
        assert!(score([Critical; 5].into_iter()) < 1.0);
    }

    fn by_role(different: &[(Role, f32, f32)]) -> ByRole {
        let mut thresholds = ByRole::default();
        for (role, flag, block) in different {
            thresholds.0[role.index()] = Thresholds { flag: *flag, block: *block };
        }
        thresholds
    }

    #[test]
    fn findings_count_against_the_threshold_of_their_role_and_every_greater_one() {
        use Role::{System, ToolResult, User};
        let lenient = by_role(&[(System, 0.9, 0.95)]);
        let strict = by_role(&[(ToolResult, 0.2, 0.5)]);
        for (thresholds, evidence, verdict) in [
            (lenient, &[(0, System, Error)][..], Verdict::Allow),
            (lenient, &[(0, User, Error)], Verdict::Flag),
            // What the system says does not push the user over, and what the user says counts for the system, too.
            (lenient, &[(0, System, Error), (1, User, Error)], Verdict::Flag),
            (lenient, &[(0, System, Critical), (1, User, Warning), (2, User, Notice)], Verdict::Flag),
            (lenient, &[(0, System, Critical), (1, User, Error)], Verdict::Block),
            (strict, &[(0, ToolResult, Warning)], Verdict::Flag),
            (strict, &[(0, ToolResult, Error)], Verdict::Block),
            (strict, &[(0, User, Error)], Verdict::Flag),
            (strict, &[(0, ToolResult, Warning), (1, User, Error)], Verdict::Block),
            (strict, &[(0, ToolResult, Warning), (0, User, Error)], Verdict::Flag),
            (strict, &[], Verdict::Allow),
        ] {
            assert_eq!(thresholds.verdict(evidence.iter().copied(), &NOTHING), verdict, "{evidence:?}");
        }
    }

    #[test]
    fn alike_thresholds_see_the_score_of_the_whole_request() {
        let evidence = [(0, Role::User, Warning), (0, Role::System, Error), (1, Role::Document, Warning)];
        let whole = score(greatest(evidence.into_iter()));
        assert_eq!(whole, score([Error, Warning].into_iter()));
        assert_eq!(ByRole::default().verdict(evidence.into_iter(), &NOTHING), Thresholds::default().verdict(whole));
    }

    #[test]
    fn at_the_default_thresholds() {
        for (fired, verdict) in [
            (&[Notice, Notice, Notice][..], Verdict::Allow),
            (&[Warning], Verdict::Allow),
            (&[Warning, Warning], Verdict::Flag),
            (&[Error], Verdict::Flag),
            (&[Error, Notice], Verdict::Flag),
            (&[Error, Warning], Verdict::Block),
            (&[Warning, Warning, Warning, Warning], Verdict::Block),
            (&[Critical], Verdict::Block),
        ] {
            assert_eq!(Thresholds::default().verdict(score(fired.iter().copied())), verdict, "{fired:?}");
        }
    }
}
