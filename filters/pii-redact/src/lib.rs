//! Finds personal data and secrets in text, whole or as it streams, and replaces them.
//!
//! [`Detector`] finds; [`Policy`] says what is done with each kind; [`Redactor`] does it, chunk by chunk. The result does
//! not depend on how a text is cut, and only what can still become a part of a finding is held back. One pass, linear in
//! the text, with bounded memory; nothing is looked for behind a value, so nothing waits for what may follow.
//!
//! What is not found: names of people and places, and numbers that neither their form nor a label gives away.
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::string_slice))]

mod allow;
mod check;
mod custom;
mod detect;
mod kind;
mod label;
mod pattern;
mod policy;
mod prompt;
mod redactor;
mod restore;
mod scan;
mod section;
mod select;
mod settings;
mod shape;
mod stage;
mod topics;
mod view;

pub use allow::Allowed;
pub use kind::{Family, Kind};
pub use policy::{Ledger, Operator, Policy};
pub use redactor::{Flow, Redacted, Redactor};
pub use section::{Edited, Reported, Section};
pub use stage::{PII_REDACT, PiiRedact};

use detect::token::Openings;
use label::Labels;
use scan::{Event, Scanner};
use shape::Shapes;
use view::View;

/// The dictionaries of all detectors. Built once, shared by every text.
#[derive(Debug)]
pub struct Detector {
    pub(crate) labels: Labels,
    pub(crate) shapes: Shapes,
    pub(crate) openings: Openings,
}

/// A place in a text that holds something to protect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// Its first byte.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
}

impl Detector {
    /// Builds the dictionaries. `None` when the automaton of the labels cannot be built, which its size decides and
    /// nothing else: it is the same for every call.
    pub fn new() -> Option<Self> {
        Some(Self { labels: Labels::new()?, shapes: Shapes::new(detect::SHAPES), openings: Openings::new() })
    }

    /// Every finding in a whole text, in order, none overlapping another.
    pub fn find(&self, text: &str) -> Vec<Finding> {
        let view = View::whole(text.as_bytes());
        let mut scanner = Scanner::default();
        let mut findings = Vec::new();
        let mut opened = None;
        // A whole text never asks for more.
        while let Ok(Some(event)) = scanner.next(self, view) {
            match event {
                Event::Found(kind, start, end) => findings.push(Finding { kind, start, end }),
                Event::Opened(kind, start) => opened = Some((kind, start)),
                Event::Closed(end) => {
                    findings.extend(opened.take().map(|(kind, start)| Finding { kind, start, end }));
                }
            }
        }
        findings
    }

    /// A whole text, redacted, with its findings.
    pub fn redact(&self, policy: &Policy, ledger: &mut Ledger, text: &str) -> Redacted {
        let mut out = Redacted::default();
        let mut redactor = Redactor::new(self, policy);
        redactor.push(text, ledger, &mut out);
        redactor.finish(ledger, &mut out);
        out
    }
}
