//! Recorded traffic under a configuration: what would become of each row, and what another configuration would change.

mod audit;
mod report;
mod tally;

use std::sync::Arc;

use portcullis_core::config::Config;
use portcullis_core::verdict::Verdict;
use serde_json::Value;

pub use report::{change, change_line, summary, table};
pub use tally::{Kind, Tally};

use crate::decision::{self, Decision};
use crate::row::Row;

/// What became of a row.
pub enum Replayed {
    /// It was decided.
    Decided {
        /// What the row was.
        kind: Kind,
        /// What it is compared with: the decision of the other configuration, or that of an audit record.
        before: Option<Box<Decision>>,
        /// What is decided now.
        now: Box<Decision>,
    },
    /// An audit record that cannot be weighed: why not.
    Kept(audit::Kept),
}

pub use audit::Kept;

/// Replays a line: its id, and what became of it.
///
/// # Errors
/// What is wrong with the line.
pub fn replay(config: &Arc<Config>, against: Option<&Arc<Config>>, line: &[u8]) -> (Value, Result<Replayed, String>) {
    let (id, row) = Row::read(line);
    let replayed = row.and_then(|row| match row {
        Row::Text(text) => {
            let decide = |config: &Arc<Config>| decision::of_text(config, &text).map(Box::new);
            Ok(Replayed::Decided { kind: Kind::Text, before: against.map(decide).transpose()?, now: decide(config)? })
        }
        Row::Request { head, body } => {
            let decide = |config: &Arc<Config>| Box::new(decision::of_request(config, head.clone(), body.as_deref()));
            Ok(Replayed::Decided { kind: Kind::Request, before: against.map(decide), now: decide(config) })
        }
        Row::Audit(record) => audit::replay(config, against, &record),
    });
    (id, replayed)
}

/// Whether two decisions differ in what anyone can see of them.
pub fn differ(before: &Decision, now: &Decision) -> bool {
    let seen = |decision: &Decision| {
        let mut rules = decision.rules.clone();
        rules.sort_unstable();
        (outcome(decision), decision.judge, decision.profile.clone(), decision.unreadable, rules)
    };
    seen(before) != seen(now) || before.shown_score().to_bits() != now.shown_score().to_bits()
}

/// The verdict, and whether it takes effect, in words.
pub fn outcome(decision: &Decision) -> String {
    outcome_of(decision.verdict, decision.enforced)
}

fn outcome_of(verdict: Verdict, enforced: bool) -> String {
    let shadow = if enforced || verdict == Verdict::Allow { "" } else { " (shadow)" };
    format!("{}{shadow}", verdict.name())
}
