//! The classifier that this build carries, made ready once a process or VM.
//!
//! The weights stand in the data of the module and are used in place; what is multiplied with is laid out once.

use std::borrow::Cow;
use std::sync::OnceLock;

use portcullis_classifier::{
    Along, Binary, Classifier, Constant, Dim, Matrix, Plan, Reach, Reduction, Scratch, Step, Table, Unary, View, Width,
    ln, sigmoid,
};

/// A classifier, and what its logits mean.
#[derive(Debug)]
pub struct Model {
    classifier: Classifier,
    length: f32,
    scale: f32,
    offset: f32,
    sha256: &'static str,
}

struct Source {
    plan: Plan,
    length: f32,
    scale: f32,
    offset: f32,
    sha256: &'static str,
}

#[allow(clippy::excessive_precision, unused_imports, reason = "it is written by the build")]
fn source() -> Option<Source> {
    include!(concat!(env!("OUT_DIR"), "/model.rs"))
}

impl Model {
    /// The model of this build; `None` when it was built without one.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Model>> = OnceLock::new();
        let made = SHARED.get_or_init(|| {
            let Source { plan, length, scale, offset, sha256 } = source()?;
            Some(Self { classifier: Classifier::new(plan), length, scale, offset, sha256 })
        });
        made.as_ref()
    }

    /// Memory to run it with.
    pub fn scratch(&self) -> Scratch {
        self.classifier.scratch()
    }

    /// The logit of a window; `None` when it has no token, or more ids than the model has room for.
    pub fn logit(&self, scratch: &mut Scratch, tokens: &[u16], grams: &[u32]) -> Option<f32> {
        self.classifier.logit(scratch, tokens, grams)
    }

    /// The probability, from 0 to 1, that a text is an attack whose highest window, of so many, has this logit:
    /// `sigmoid(scale * (logit - length * ln(windows)) + offset)`. Of many windows one is high by chance.
    ///
    /// It is 0.5 where one in a hundred harmless texts reaches it, and 0.8 where one in a thousand does.
    pub fn probability(&self, logit: f32, windows: usize) -> f32 {
        sigmoid(self.scale * (logit - self.length * ln(windows)) + self.offset)
    }

    /// The SHA-256 of the ONNX file, in hexadecimal digits.
    pub fn sha256(&self) -> &'static str {
        self.sha256
    }
}
