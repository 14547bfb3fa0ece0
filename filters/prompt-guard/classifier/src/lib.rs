//! Runs a small model: the ids of one window come in, a logit goes out.
//!
//! A [`Plan`] is what `portcullis-onnx` makes of an ONNX file while building: steps over memory of known size, and the
//! weights as the file has them. [`Classifier`] is a plan made ready, shared by everyone; [`Scratch`] is the memory of
//! who runs it. Nothing is allocated for a window, every step is bounded by the plan, and no plan makes it panic.
//!
//! Every sum is taken in one order that the code fixes, without fused multiplications, so that the same window gets the
//! same bits natively and in WebAssembly.
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

mod exp;
mod kernel;
mod plan;
mod run;

pub use exp::{exp, ln, sigmoid};
pub use plan::{Along, Binary, Constant, Dim, Matrix, Plan, Reach, Reduction, Step, Table, Unary, View, Width, stride};
pub use run::{Classifier, Scratch};
