//! Memory that several values use, one after the other.

use std::collections::HashMap;

use portcullis_classifier::{Plan, Step, View};

use crate::fuse::{reads, written};

/// Leaves out steps that nothing hangs on, and lets values that are never needed at once share a slot.
pub(crate) fn reuse(mut plan: Plan) -> Plan {
    let mut needed = vec![plan.logit.slot];
    let mut steps: Vec<Step> = Vec::new();
    for mut step in plan.steps.iter().rev().copied() {
        if needed.contains(&written(&mut step).slot) {
            needed.extend(reads(&step).iter().map(|view| view.slot));
            steps.push(step);
        }
    }
    steps.reverse();
    plan.constants.to_mut().retain(|constant| needed.contains(&constant.view.slot));

    let mut slots: Vec<usize> = Vec::new();
    let mut place: HashMap<usize, usize> = HashMap::new();
    // Inputs and constants keep their own.
    let kept = [plan.tokens.slot, plan.grams.slot].into_iter().chain(plan.constants.iter().map(|one| one.view.slot));
    for slot in kept {
        place.insert(slot, slots.len());
        slots.push(plan.slots[slot]);
    }
    let first = slots.len();
    let last: HashMap<usize, usize> = steps
        .iter()
        .enumerate()
        .flat_map(|(at, step)| reads(step).into_iter().map(move |view| (view.slot, at)))
        .collect();
    let mut free: Vec<usize> = Vec::new();
    for (at, step) in steps.iter_mut().enumerate() {
        let out = written(step).slot;
        let slot = free.pop().unwrap_or_else(|| {
            slots.push(0);
            slots.len() - 1
        });
        slots[slot] = slots[slot].max(plan.slots[out]);
        place.insert(out, slot);
        let mut done: Vec<usize> = reads(step).iter().map(|view| view.slot).collect();
        done.dedup();
        for read in done {
            if last.get(&read) == Some(&at)
                && read != plan.logit.slot
                && place[&read] >= first
                && !free.contains(&place[&read])
            {
                free.push(place[&read]);
            }
        }
    }
    let moved = |view: &mut View| view.slot = place[&view.slot];
    for step in &mut steps {
        moved(written(step));
        match step {
            Step::Gather { ids, .. } => moved(ids),
            Step::Each { a, .. }
            | Step::Transpose { a, .. }
            | Step::Deep { a, .. }
            | Step::Wide { a, .. }
            | Step::Product { a, .. }
            | Step::Reduce { a, .. } => moved(a),
            Step::Pair { a, b, .. } | Step::Concat { a, b, .. } => {
                moved(a);
                moved(b);
            }
            Step::Choose { c, a, b, .. } => {
                moved(c);
                moved(a);
                moved(b);
            }
        }
    }
    plan.constants.to_mut().iter_mut().for_each(|constant| moved(&mut constant.view));
    moved(&mut plan.tokens);
    moved(&mut plan.grams);
    moved(&mut plan.logit);
    plan.steps = steps.into();
    plan.slots = slots.into();
    plan
}
