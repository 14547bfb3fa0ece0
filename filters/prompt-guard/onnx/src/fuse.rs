//! Steps that are taken with the one before.

use portcullis_classifier::{Step, Unary, View};

/// What a step reads.
pub(crate) fn reads(step: &Step) -> Vec<View> {
    match *step {
        Step::Gather { ids, .. } => vec![ids],
        Step::Each { a, .. }
        | Step::Transpose { a, .. }
        | Step::Deep { a, .. }
        | Step::Wide { a, .. }
        | Step::Product { a, .. }
        | Step::Reduce { a, .. } => vec![a],
        Step::Pair { a, b, .. } | Step::Concat { a, b, .. } => vec![a, b],
        Step::Choose { c, a, b, .. } => vec![c, a, b],
    }
}

/// What a step writes.
pub(crate) fn written(step: &mut Step) -> &mut View {
    match step {
        Step::Gather { out, .. }
        | Step::Each { out, .. }
        | Step::Pair { out, .. }
        | Step::Choose { out, .. }
        | Step::Transpose { out, .. }
        | Step::Deep { out, .. }
        | Step::Wide { out, .. }
        | Step::Product { out, .. }
        | Step::Reduce { out, .. }
        | Step::Concat { out, .. } => out,
    }
}

/// Lets the step whose result only a Relu reads do the Relu itself.
pub(crate) fn relu(steps: Vec<Step>, logit: usize) -> Vec<Step> {
    let readers = |slot: usize| steps.iter().flat_map(reads).filter(|view| view.slot == slot).count();
    let mut fused: Vec<Step> = Vec::new();
    for step in &steps {
        if let Step::Each { op: Unary::Relu, a, out } = step
            && a.slot != logit
            && readers(a.slot) == 1
            && let Some(
                Step::Wide { out: to, matrix, .. }
                | Step::Product { out: to, matrix, .. }
                | Step::Deep { out: to, matrix, .. },
            ) = fused.last_mut()
            && to.slot == a.slot
        {
            (matrix.relu, *to) = (true, *out);
        } else {
            fused.push(*step);
        }
    }
    fused
}
