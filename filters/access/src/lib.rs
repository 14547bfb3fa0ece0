//! Who may call which model, endpoint and tool, and how long an answer may be.
//!
//! A request is granted by one rule or not at all: what no rule grants is refused. [`wanted`] reads from a request all
//! that it asks for, in one spelling; what cannot be read is asked for by a name that no rule grants.
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used))]

mod settings;
mod stage;
pub mod wanted;

pub use stage::{ACCESS, Access};
