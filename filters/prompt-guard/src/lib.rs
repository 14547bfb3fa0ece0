//! The stage that inspects prompts: texts come in, an opinion goes out.
//!
//! [`Ruleset`] holds rules compiled for [`Scan`]; [`score`] weighs what fired; [`PROMPT_GUARD`] is the stage. It sees
//! text, never pictures or sound, and it knows no language but those of its rules.
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

mod allowed;
mod base;
mod choice;
mod classify;
mod compile;
mod context;
mod decoded;
mod exceptions;
mod frequency;
mod inspect;
mod joined;
mod layers;
mod listing;
mod own;
mod rule;
mod ruleset;
mod scan;
pub mod score;
mod scoring;
mod settings;
mod stage;
mod term;
mod terms;

pub use base::BASE;
pub use choice::{Choice, Effect};
pub use compile::Unfit;
pub use inspect::Inspection;
pub use listing::{Excepted, Listed, rules_of, weigh_recorded};
pub use rule::{MAX_PARANOIA, MAX_WITHIN, MAX_WORDS, Rule, Set};
pub use ruleset::Ruleset;
pub use scan::{Hit, Scan};
pub use score::Band;
pub use settings::{PROMPT_GUARD, PromptGuard};
