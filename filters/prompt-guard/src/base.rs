//! The rules that ship: as they are written, and compiled. Both are made by the build.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use portcullis_core::text::decode::{Index, Offsets, Vocabulary};
use portcullis_core::verdict::{RuleId, Severity};
use portcullis_core::wire::Role;

use crate::rule::{Rule, Set};
use crate::ruleset::{RuleOf, Ruleset, SetOf, Use};
use crate::terms::Terms;

/// The rules that ship, by id.
pub static BASE: &[Rule<'static>] = include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// The same, compiled: what the module reads in place.
const COMPILED: Ruleset = include!(concat!(env!("OUT_DIR"), "/compiled.rs"));

impl Ruleset {
    /// The rules that ship. Costs nothing: their tables are part of the program.
    pub fn base() -> Arc<Self> {
        static SHARED: OnceLock<Arc<Ruleset>> = OnceLock::new();
        Arc::clone(SHARED.get_or_init(|| Arc::new(COMPILED)))
    }
}

#[allow(clippy::panic, reason = "evaluated by the compiler")]
const fn pg(number: u16) -> RuleId {
    match RuleId::new(*b"PG", number) {
        Some(id) => id,
        None => panic!("not a rule id"),
    }
}
