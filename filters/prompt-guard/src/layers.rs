//! A text and what it says under its disguises: each layer is inspected like a text, and disguises of disguises, too.
//!
//! What was found counts in a layer only where something was undone: the rest stood in the text as it is, and was
//! weighed there.

use portcullis_core::text::decode::{
    Disguise, Disguises, Layer, Signs, Words, blocks, codes, escapes, invisible, leet, markup, morse, spelling, turns,
};
use portcullis_core::verdict::Severity;
use portcullis_core::wire::Role;

use crate::inspect::Inspection;
use crate::scan::Hit;

/// A disguise in a disguise in a disguise is as far as it goes.
const DEPTH: usize = 3;
/// Bytes of layers for each byte of text, and what every request may have besides. They bound the cost of a text that is
/// all disguise to a multiple of that of any other.
const TIMES: usize = 2;
const BESIDES: usize = 65_536;

/// What the layers of a request came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layering {
    /// Bytes that layers may still have.
    left: usize,
    /// Bytes that stand for something and were not read: too deep, or too much.
    pub undecoded: usize,
    /// Disguises under which something was found.
    pub disguises: Disguises,
}

impl Default for Layering {
    fn default() -> Self {
        Self { left: BESIDES, undecoded: 0, disguises: Disguises::default() }
    }
}

/// Where something was found: places in the text that all layers come from, and whether it is wanted there.
type Back<'a> = &'a dyn Fn(usize, usize) -> (usize, usize, Disguises);

/// What a text was asked for, through all of its layers.
struct Asked<'a> {
    role: Role,
    wanted: &'a dyn Fn(usize, usize) -> bool,
    found: &'a mut dyn FnMut(Hit),
    /// Rules that were found in the text or in a layer, and how bad.
    fired: Vec<(usize, Severity)>,
}

impl Inspection<'_> {
    /// Inspects one text as it stands, and all that it says under disguises. `found` is told of every rule that fires,
    /// once, and again with a greater severity, with its place in the text.
    pub fn layers(&mut self, text: &str, role: Role, found: &mut dyn FnMut(Hit)) {
        self.layers_where(text, role, &|_, _| true, found);
    }

    /// [`Inspection::layers`], where places that are not `wanted` are left out.
    pub(crate) fn layers_where(
        &mut self,
        text: &str,
        role: Role,
        wanted: &dyn Fn(usize, usize) -> bool,
        found: &mut dyn FnMut(Hit),
    ) {
        self.layering.left = self.layering.left.saturating_add(text.len().saturating_mul(TIMES));
        let mut asked = Asked { role, wanted, found, fired: Vec::new() };
        let Asked { fired, found, .. } = &mut asked;
        self.text_where(text, role, &|hit| wanted(hit.start, hit.end), &mut |hit| {
            fired.push((hit.rule, hit.severity));
            found(hit);
        });
        self.deeper(text, 0, Disguises::default(), &|start, end| (start, end, Disguises::default()), &mut asked);
    }

    /// Inspects the layers of `text`, which was inspected last.
    fn deeper(&mut self, text: &str, depth: usize, under: Disguises, back: Back<'_>, asked: &mut Asked<'_>) {
        let signs = Signs::of(text);
        if depth >= DEPTH {
            let left = [blocks(text, &signs, 0), signs.escapes().then(|| escapes(text, 0)).flatten()];
            let left = left.iter().flatten().fold(0_usize, |sum, layer| sum.saturating_add(layer.left_out()));
            self.layering.undecoded = self.layering.undecoded.saturating_add(left);
            return;
        }
        for layer in self.layers_of(text, &signs, under) {
            let kinds = layer.undone(0, layer.text().len());
            let origin = |start: usize, end: usize| {
                let undone = layer.undone(start, end);
                let (start, end) = layer.origin(start, end);
                let (start, end, before) = back(start, end);
                (start, end, undone.and(before))
            };
            let wanted = |hit: &Hit| {
                let (start, end, _) = origin(hit.start, hit.end);
                !layer.undone(hit.start, hit.end).is_empty() && (asked.wanted)(start, end)
            };
            let mut hits = Vec::new();
            self.text_where(layer.text(), asked.role, &wanted, &mut |hit| hits.push(hit));
            // The plain form of this layer is what its own layers are made of.
            for hit in hits {
                let (start, end, disguises) = origin(hit.start, hit.end);
                self.layering.disguises = self.layering.disguises.and(disguises);
                if !asked.fired.iter().any(|(rule, severity)| *rule == hit.rule && *severity >= hit.severity) {
                    asked.fired.push((hit.rule, hit.severity));
                    (asked.found)(Hit { start, end, ..hit });
                }
            }
            self.deeper(layer.text(), depth.saturating_add(1), under.and(kinds), &origin, asked);
        }
    }

    /// The layers of `text`, whose plain form is at hand.
    fn layers_of(&mut self, text: &str, signs: &Signs, under: Disguises) -> Vec<Layer> {
        let Self { rules, plain, layering, .. } = self;
        let words = Words::of(plain, &rules.vocabulary);
        let mut layers: Vec<Layer> = Vec::new();
        let mut left = layering.left;
        let mut push = |layer: Option<Layer>| {
            if let Some(layer) = layer {
                layering.undecoded = layering.undecoded.saturating_add(layer.left_out());
                layering.left = layering.left.saturating_sub(layer.text().len());
                layers.extend(Some(layer).filter(|layer| !layer.text().is_empty()));
            }
            layering.left
        };
        if signs.invisible() {
            left = push(invisible(text, left));
        }
        if signs.escapes() {
            left = push(escapes(text, left));
        }
        if !signs.runs.is_empty() {
            left = push(blocks(text, signs, left));
        }
        if signs.markup() {
            left = push(markup(text, left));
        }
        if signs.morse() {
            left = push(morse(text, left));
        }
        left = push(codes(text, plain, &words, left));
        left = push(leet(text, plain, &rules.vocabulary, &words, signs, left));
        left = push(spelling(text, plain, &rules.vocabulary, &words, left));
        // What was turned twice was turned once, and what is turned and not turned again is found.
        let turned = Disguises::from(Disguise::Rotated).and(Disguise::Reversed.into());
        if !under.share(turned) {
            for layer in turns(text, plain, &words, left) {
                push(Some(layer));
            }
        }
        layers
    }
}
