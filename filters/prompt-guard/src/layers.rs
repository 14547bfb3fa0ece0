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
/// Escapes in escapes, which texts in JSON in JSON are full of, cost no depth so many times.
const ESCAPES: usize = 5;
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

/// How far down a layer is.
#[derive(Clone, Copy, Default)]
struct Depth {
    levels: usize,
    escapes: usize,
}

impl Depth {
    /// One layer below, in which `undone` was undone.
    fn below(self, undone: Disguises) -> Self {
        if undone == Disguise::Escape.into() && self.escapes < ESCAPES {
            Self { escapes: self.escapes.saturating_add(1), ..self }
        } else {
            Self { levels: self.levels.saturating_add(1), ..self }
        }
    }
}

/// Bytes of the last layer that stand for something: encodings, when nothing but encodings led to them. What is guessed
/// of spellings and ciphers gives all kinds of letters.
fn left_at_the_end(text: &str, signs: &Signs, under: Disguises) -> usize {
    let guessed =
        [Disguise::Leet, Disguise::Split, Disguise::Unspaced, Disguise::Rotated, Disguise::Reversed, Disguise::Markup];
    if guessed.into_iter().any(|disguise| under.share(disguise.into())) {
        return 0;
    }
    let encoded = blocks(text, signs, 0).map_or(0, |layer| layer.left_out());
    let written = [Disguise::Percent, Disguise::Entity, Disguise::QuotedPrintable];
    let written = written.into_iter().fold(Disguises::default(), |all, disguise| all.and(disguise.into()));
    let escaped = signs.escapes().then(|| escapes(text, text.len())).flatten();
    let escaped = escaped.filter(|layer| layer.undone(0, layer.text().len()).share(written)).map_or(0, |_| text.len());
    encoded.saturating_add(escaped)
}

/// What a text was asked for, through all of its layers.
struct Asked<'a> {
    role: Role,
    wanted: &'a dyn Fn(usize, usize, Disguises) -> bool,
    found: &'a mut dyn FnMut(Hit),
    /// Rules that were found in the text or in a layer, and how bad.
    fired: Vec<(usize, Severity)>,
}

impl Inspection<'_> {
    /// Inspects one text as it stands, and all that it says under disguises. `found` is told of every rule that fires,
    /// once, and again with a greater severity, with its place in the text.
    pub fn layers(&mut self, text: &str, role: Role, found: &mut dyn FnMut(Hit)) {
        self.layers_where(text, role, &|_, _, _| true, found);
    }

    /// [`Inspection::layers`], where places that are not `wanted` are left out.
    pub(crate) fn layers_where(
        &mut self,
        text: &str,
        role: Role,
        wanted: &dyn Fn(usize, usize, Disguises) -> bool,
        found: &mut dyn FnMut(Hit),
    ) {
        self.layering.left = self.layering.left.saturating_add(text.len().saturating_mul(TIMES));
        let mut asked = Asked { role, wanted, found, fired: Vec::new() };
        let Asked { fired, found, .. } = &mut asked;
        let wanted = |hit: &Hit| wanted(hit.start, hit.end, Disguises::default());
        let words = self.words_where(text, role, &wanted, &mut |hit| {
            fired.push((hit.rule, hit.severity));
            found(hit);
        });
        self.classify(role, true);
        self.deeper(
            text,
            &words,
            Depth::default(),
            Disguises::default(),
            &|start, end| (start, end, Disguises::default()),
            &mut asked,
        );
    }

    /// Inspects the layers of `text`, which was inspected last and has these `words`.
    fn deeper(
        &mut self,
        text: &str,
        words: &Words,
        depth: Depth,
        under: Disguises,
        back: Back<'_>,
        asked: &mut Asked<'_>,
    ) {
        let signs = Signs::of(text);
        if depth.levels >= DEPTH {
            self.layering.undecoded = self.layering.undecoded.saturating_add(left_at_the_end(text, &signs, under));
            return;
        }
        for layer in self.layers_of(text, words, &signs, under) {
            let kinds = layer.undone(0, layer.text().len());
            let origin = |start: usize, end: usize| {
                let undone = layer.undone(start, end);
                let (start, end) = layer.origin(start, end);
                let (start, end, before) = back(start, end);
                (start, end, undone.and(before))
            };
            let wanted = |hit: &Hit| {
                let (start, end, disguises) = origin(hit.start, hit.end);
                !layer.undone(hit.start, hit.end).is_empty() && (asked.wanted)(start, end, disguises)
            };
            let mut hits = Vec::new();
            let words = self.words_where(layer.text(), asked.role, &wanted, &mut |hit| hits.push(hit));
            self.classify(asked.role, false);
            // The plain form of this layer is what its own layers are made of.
            for hit in hits {
                let (start, end, disguises) = origin(hit.start, hit.end);
                self.layering.disguises = self.layering.disguises.and(disguises);
                if !asked.fired.iter().any(|(rule, severity)| *rule == hit.rule && *severity >= hit.severity) {
                    asked.fired.push((hit.rule, hit.severity));
                    (asked.found)(Hit { start, end, ..hit });
                }
            }
            self.deeper(layer.text(), &words, depth.below(kinds), under.and(kinds), &origin, asked);
        }
    }

    /// The layers of `text`, whose plain form is at hand.
    fn layers_of(&mut self, text: &str, words: &Words, signs: &Signs, under: Disguises) -> Vec<Layer> {
        let Self { rules, plain, layering, .. } = self;
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
        left = push(codes(text, plain, words, left));
        left = push(leet(text, plain, &rules.vocabulary, words, signs, left));
        left = push(spelling(text, plain, &rules.vocabulary, words, left));
        // What was turned twice was turned once, and what is turned and not turned again is found.
        let turned = Disguises::from(Disguise::Rotated).and(Disguise::Reversed.into());
        if !under.share(turned) {
            for layer in turns(text, plain, words, left) {
                push(Some(layer));
            }
        }
        layers
    }
}
