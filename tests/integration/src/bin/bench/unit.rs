//! What a byte costs: in the module, from requests of several sizes; natively, beside a plain automaton over the same
//! words and a copy of the same bytes.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::Instant;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use anyhow::{Context as _, Result, ensure};
use portcullis_core::text::{Plain, normalise};
use portcullis_core::wire::Role;
use portcullis_prompt_guard::{BASE, Choice, Inspection, Ruleset};

use crate::report::Row;

const ROUNDS: usize = 15;
/// Bytes of text that are read natively.
pub const BYTES: usize = 1 << 18;

/// Nanoseconds for a byte of text that no rule knows.
#[derive(Clone, Copy, Debug)]
pub struct Unit {
    /// In the module: what a byte more of a body adds to a request, everything else included.
    pub module: f64,
    /// The inspection by all rules, natively, the text being at hand.
    pub rules: f64,
    /// With what disguises undo, natively.
    pub layers: f64,
    /// A pass of an automaton that finds the terms of all rules in the plain form of the same text, natively.
    pub automaton: f64,
    /// A copy of the text, natively.
    pub copy: f64,
}

impl Unit {
    /// From the largest rows, and by measuring the rest: each the least of some rounds, in turn.
    pub fn measure(rows: &[Row], text: &str) -> Result<Self> {
        let [.., small, _, large] = rows else { anyhow::bail!("too few sizes") };
        let bytes = large.bytes.checked_sub(small.bytes).context("sizes that grow")?;
        let module = (large.added_p10() - small.added_p10()) * 1e3 / bytes as f64;

        let terms: BTreeSet<&str> = BASE
            .iter()
            .flat_map(|rule| rule.sets)
            .flat_map(|set| set.groups.iter().copied().flatten().chain(set.unless))
            .copied()
            .collect();
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .build(&terms)?;
        let mut plain = Plain::default();
        normalise(text, &mut plain);
        let (rules, choice) = (Ruleset::base(), Choice::default());
        let mut copy = vec![0; text.len()];
        let mut least = [f64::INFINITY; 4];
        for _ in 0..ROUNDS {
            let mut findings = 0;
            let times = [
                seconds(|| {
                    let mut inspection = Inspection::new(&rules, &choice);
                    inspection.text(black_box(text), Role::User, &mut |_| findings += 1);
                }),
                seconds(|| {
                    let mut inspection = Inspection::new(&rules, &choice);
                    inspection.layers(black_box(text), Role::User, &mut |_| {});
                }),
                seconds(|| {
                    black_box(automaton.find_overlapping_iter(black_box(plain.bytes())).count());
                }),
                seconds(|| black_box(&mut copy).copy_from_slice(black_box(text.as_bytes()))),
            ];
            ensure!(findings == 0, "the text is known to {findings} rules");
            for (least, time) in least.iter_mut().zip(times) {
                *least = time.min(*least);
            }
        }
        let [rules, layers, automaton, copy] = least.map(|seconds| seconds * 1e9 / text.len() as f64);
        Ok(Self { module, rules, layers, automaton, copy })
    }

    /// A table for people.
    pub fn markdown(&self) -> String {
        let Self { module, rules, layers, automaton, copy } = *self;
        let row =
            |name: &str, cost: f64| format!("| {name} | {cost:.2} | {:.2} | {:.0} |\n", cost / automaton, cost / copy);
        let mut page = String::from(
            "\nNanoseconds for a byte of text that no rule knows, in one run. In the module it is what a byte more adds to \
             the tenth percentile of requests between 64 KiB and 1 MiB: reading JSON, undoing escapes, copies into the VM and all else \
             included. The others are native, the least of 15 rounds in turn.\n\n\
             | | ns a byte | to the automaton | to the copy |\n|---|---:|---:|---:|\n",
        );
        page.push_str(&row("the module, all rules, all decoders", module));
        page.push_str(&row("native: all rules, all decoders", layers));
        page.push_str(&row("native: all rules", rules));
        page.push_str(&row("native: an automaton of aho-corasick over the same terms", automaton));
        page.push_str(&row("native: a copy", copy));
        page
    }
}

fn seconds(run: impl FnOnce()) -> f64 {
    let since = Instant::now();
    run();
    since.elapsed().as_secs_f64()
}
