//! Limits on requests and tokens, for each key that an operator names.
//!
//! [`Rate`] is the arithmetic, [`Table`] keeps a bounded number of cells in the store that all workers share, and the
//! stage takes from them: requests by the head alone where that is enough.
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used))]

mod calendar;
mod fields;
mod key;
mod rate;
pub mod service;
mod settings;
mod shape;
mod spent;
mod stage;
mod table;
mod tokens;

pub use rate::{Cell, Rate, Room, Window};
pub use stage::{RATE_LIMIT, RateLimit};
pub use table::{Failed, Table};
