//! Reads an ONNX model while building, and makes a plan of it.
//!
//! [`compile`] takes the bytes of an ONNX file and gives a [`Plan`] that `portcullis-classifier` runs, or says which
//! node cannot be had and what can. It runs on the machine that builds; nothing of it is in a module.
//!
//! The model works on `W` windows, each by itself, so the plan is for one: axes of `W` and of 1 fall away, and what is
//! left has at most two axes. Ids are numbers below 2^24, which floats hold exactly.
#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "runs while building, not in a module"
)]

mod constant;
mod fuse;
mod lower;
mod operators;
mod proto;
mod shape;
mod slots;

use std::fmt::Write;

use portcullis_classifier::Plan;

pub use operators::SUPPORTED;

/// Opsets that were read with understanding.
const OPSETS: std::ops::RangeInclusive<u64> = 13..=21;

/// The plan of an ONNX file.
///
/// # Errors
/// What is wrong with it, and what would be right, in one sentence without a line feed.
pub fn compile(onnx: &[u8]) -> Result<Plan, String> {
    let model = proto::Model::read(onnx).map_err(|why| format!("it cannot be read: {why}"))?;
    if model.nodes.is_empty() {
        return Err("it cannot be read: it holds no graph; is it an ONNX file?".into());
    }
    if !OPSETS.contains(&model.opset) {
        let (first, last) = (OPSETS.start(), OPSETS.end());
        return Err(format!("opset {} is not supported; supported are {first} to {last}", model.opset));
    }
    lower::lower(&model).map(slots::reuse)
}

/// A plan as an expression of Rust, for a place where `portcullis_classifier::*` and `std::borrow::Cow` are at hand;
/// `data` is an expression for the bytes.
pub fn source(plan: &Plan, data: &str) -> String {
    let mut out = String::from("{ use Binary::*; use Dim::*; use Reach::*; use Step::*; use Unary::*; use Width::*;\n");
    let list = |of: &dyn std::fmt::Debug| format!("Cow::Borrowed(&{of:?})");
    // Words that several enumerations have are given their whole names.
    let whole = |text: String| {
        let text = text.replace("along: Rows", "along: Along::Rows").replace("along: Columns", "along: Along::Columns");
        let operations = ["Sum", "Mean", "Max", "Min"];
        operations.iter().fold(text, |text, op| {
            text.replace(&format!("Reduce {{ op: {op},"), &format!("Reduce {{ op: Reduction::{op},"))
        })
    };
    let _ = write!(
        out,
        "Plan {{ steps: {}, slots: {}, constants: {}, tables: {}, tokens: {:?}, grams: {:?}, logit: {:?}, data: Cow::Borrowed({data}) }} }}",
        whole(list(&plan.steps)),
        list(&plan.slots),
        list(&plan.constants),
        list(&plan.tables),
        plan.tokens,
        plan.grams,
        plan.logit,
    );
    out
}
