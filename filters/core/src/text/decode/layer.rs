//! A text that is made of another one by undoing a disguise, and the way back.

use super::Disguises;

/// Bytes of the text around what was undone that are kept: as much as a rule looks at.
const CONTEXT: usize = 256;

/// Quotation marks. What stands right behind one reads as a mention, which a disguise is not.
const QUOTES: &[char] = &['"', '\'', '`', '‘', '‚', '“', '„', '”', '«', '»', '「', '『'];

/// A text made of another one.
///
/// It has what was undone in its place, and what stands around that: places where nothing was undone for long are
/// left out, and a line break stands for them.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    text: String,
    pieces: Vec<Piece>,
    /// Bytes of the origin that were beyond the limit on what is made.
    left_out: usize,
}

/// A stretch of a layer: from `derived` to where the next one begins.
#[derive(Clone, Copy, Debug)]
struct Piece {
    derived: u32,
    /// Where it comes from.
    from: u32,
    to: u32,
    way: Way,
    /// What was undone; nothing where the text was copied.
    undone: Disguises,
}

/// How a stretch and its origin run along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// So many bytes of the origin for each byte.
    Steps(u8),
    /// Backwards, byte for byte.
    Mirrored,
    /// All of it comes from all of its origin.
    Block,
}

impl Layer {
    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Bytes of the origin that stand for something and were not undone, because the layer was long enough. A layer may
    /// hold nothing else.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// What was undone between `start` and `end` or right beside them; empty when these bytes stood in the origin as they
    /// are, and so did what parts them from the rest.
    pub fn undone(&self, start: usize, end: usize) -> Disguises {
        let (start, end) = (narrow(start.saturating_sub(1)), narrow(end.saturating_add(1)));
        let first = self.pieces.partition_point(|piece| piece.derived <= start).saturating_sub(1);
        let pieces = self.pieces.get(first..).unwrap_or_default();
        let here = pieces.iter().take_while(|piece| piece.derived < end);
        here.fold(Disguises::default(), |all, piece| all.and(piece.undone))
    }

    /// The place in the origin of the bytes from `start` to `end`: `start <= end`, at bounds of characters when these
    /// are.
    pub fn origin(&self, start: usize, end: usize) -> (usize, usize) {
        let (start, end) = (narrow(start), narrow(end).max(narrow(start)));
        let (Some(first), Some(last)) = (self.piece(start), self.piece(end.saturating_sub(1).max(start))) else {
            return (0, 0);
        };
        if first.way == Way::Mirrored && first.derived == last.derived {
            let back = |at: u32| first.to.saturating_sub(at.saturating_sub(first.derived)).max(first.from);
            return (back(end) as usize, back(start) as usize);
        }
        let from = match first.way {
            Way::Steps(step) => first.step(start, step),
            Way::Mirrored | Way::Block => first.from,
        };
        let to = match last.way {
            Way::Steps(step) => last.step(end, step),
            Way::Mirrored | Way::Block => last.to,
        };
        (from as usize, to.max(from) as usize)
    }

    fn piece(&self, at: u32) -> Option<&Piece> {
        let next = self.pieces.partition_point(|piece| piece.derived <= at);
        self.pieces.get(next.checked_sub(1)?)
    }
}

impl Piece {
    fn step(&self, at: u32, step: u8) -> u32 {
        let ahead = at.saturating_sub(self.derived).saturating_mul(u32::from(step));
        self.from.saturating_add(ahead).min(self.to)
    }
}

/// A layer that is being written, from the begin of its origin to the end.
pub(super) struct Rewrite<'t> {
    origin: &'t str,
    layer: Layer,
    /// Bytes of the origin that are written, or left out.
    done: usize,
    /// Bytes that the layer may have.
    limit: usize,
    any: bool,
}

impl<'t> Rewrite<'t> {
    /// A layer of `origin` that has at most `limit` bytes, but for its last stretch.
    pub fn of(origin: &'t str, limit: usize) -> Self {
        Self { origin, layer: Layer::default(), done: 0, limit, any: false }
    }

    /// Where the next stretch can begin at the earliest.
    pub fn done(&self) -> usize {
        self.done
    }

    /// What stands from `from` to `to` reads as `text`. Stretches come in order and do not overlap: what begins before
    /// the end of the last one is passed over.
    pub fn put(&mut self, from: usize, to: usize, text: &str, undone: Disguises, way: Way) {
        if from < self.done || to < from {
            return;
        }
        if self.layer.text.len() >= self.limit {
            self.layer.left_out = self.layer.left_out.saturating_add(to.saturating_sub(from));
            return;
        }
        self.context(from);
        if way == Way::Block && self.layer.text.ends_with(QUOTES) {
            self.layer.text.push('\n');
        }
        let piece = Piece { derived: narrow(self.layer.text.len()), from: narrow(from), to: narrow(to), way, undone };
        let goes_on = matches!(way, Way::Steps(_))
            && self.layer.pieces.last().is_some_and(|last| {
                (last.way, last.undone, last.to) == (piece.way, piece.undone, piece.from)
                    && last.step(
                        piece.derived,
                        match way {
                            Way::Steps(step) => step,
                            _ => 1,
                        },
                    ) == piece.from
            });
        match self.layer.pieces.last_mut() {
            Some(last) if goes_on => last.to = piece.to,
            _ => self.layer.pieces.push(piece),
        }
        self.layer.text.push_str(text);
        self.done = to;
        self.any = true;
    }

    /// [`Rewrite::put`] for a text of its own: what stands before it in the layer is not said of it, and neither what follows.
    pub fn apart(&mut self, from: usize, to: usize, text: &str, undone: Disguises) {
        self.put(from, to, &["\n\n", text, "\n\n"].concat(), undone, Way::Block);
    }

    /// [`Rewrite::put`] for what stands for a character or a few, byte for byte in equal steps if they are equal.
    pub fn unit(&mut self, from: usize, to: usize, text: &str, undone: Disguises) {
        let step = to.saturating_sub(from).checked_div(text.len()).and_then(|step| u8::try_from(step).ok());
        let even = to.saturating_sub(from).checked_rem(text.len()) == Some(0);
        let way = step.filter(|_| even).map_or(Way::Block, Way::Steps);
        self.put(from, to, text, undone, way);
    }

    /// The layer; `None` when nothing was to be put into it.
    pub fn finish(mut self) -> Option<Layer> {
        if !self.any {
            return (self.layer.left_out > 0).then_some(self.layer);
        }
        let end = self.origin.len().min(self.done.saturating_add(CONTEXT));
        self.copy(self.done, self.floor(end));
        Some(self.layer)
    }

    /// Copies what stands before `from`, or its two ends.
    fn context(&mut self, from: usize) {
        let gap = from.saturating_sub(self.done);
        let ahead = if self.any { CONTEXT } else { 0 };
        if gap <= ahead.saturating_add(CONTEXT) {
            self.copy(self.done, from);
            return;
        }
        if self.any {
            self.copy(self.done, self.floor(self.done.saturating_add(CONTEXT)));
        }
        self.layer.text.push('\n');
        self.copy(self.floor(from.saturating_sub(CONTEXT)), from);
    }

    fn copy(&mut self, from: usize, to: usize) {
        let Some(text) = self.origin.get(from..to).filter(|text| !text.is_empty()) else { return };
        self.layer.pieces.push(Piece {
            derived: narrow(self.layer.text.len()),
            from: narrow(from),
            to: narrow(to),
            way: Way::Steps(1),
            undone: Disguises::default(),
        });
        self.layer.text.push_str(text);
        self.done = to;
    }

    /// The last bound of a character at or before `at`.
    fn floor(&self, at: usize) -> usize {
        let mut at = at.min(self.origin.len());
        while !self.origin.is_char_boundary(at) {
            at = at.saturating_sub(1);
        }
        at
    }
}

/// Texts are capped far below 4 GiB.
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
