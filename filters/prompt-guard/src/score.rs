//! From what was found to one figure: the only place that weighs.

use portcullis_core::verdict::{Severity, Verdict};

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
}

#[cfg(test)]
mod tests {
    use super::*;
    use Severity::{Critical, Error, Notice, Warning};

    #[test]
    fn nothing_found_is_nothing_and_nothing_is_ever_certain() {
        assert_eq!(score([].into_iter()), 0.0);
        assert!(score([Critical; 5].into_iter()) < 1.0);
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
