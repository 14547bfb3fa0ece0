//! The seam to Envoy: the only crate that names `proxy_wasm`.
//!
//! A module is a list of stages: `portcullis_host::module!(PROMPT_GUARD);`. From there the data flows one way:
//! [`module`] receives the host's callbacks, [`guard`] catches what panics, [`stream`] turns callbacks into the order
//! of an exchange, and [`envoy`] is the seam through which it acts: [`calls`] in a module, [`fake`] in tests.
//!
//! No call to the host can trap. The wrappers of `proxy_wasm::hostcalls` panic on a status that they do not expect and
//! on header bytes that are not UTF-8; [`calls`] declares the imports itself and gives errors.
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

pub mod calls;
mod dispatch;
pub mod envoy;
#[cfg(test)]
pub mod fake;
pub mod guard;
mod imports;
pub mod module;
pub mod stream;

pub use module::start;
