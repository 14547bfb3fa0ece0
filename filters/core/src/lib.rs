//! Nouns and pure functions: wire formats, verdicts, configuration, audit.
//!
//! Nothing here knows a host: no call, no clock, no randomness. Bytes go in, values come out; every function is total
//! and its cost is linear in its input, with the caps of [`wire::Limits`].
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

pub mod answer;
pub mod audit;
pub mod call;
mod channels;
pub mod coding;
pub mod config;
pub mod exchange;
pub mod frames;
pub mod head;
pub mod json;
mod percent;
pub mod refusal;
pub mod response;
pub mod stage;
pub mod store;
pub mod subject;
pub mod telemetry;
pub mod text;
pub mod verdict;
pub mod wire;
