//! Units that wait for their texts to be settled, in the order in which they arrived.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

use super::lines::Lines;
use super::source::{Source, common};
use crate::channels::{Blank, Companion, When};
use crate::frames::{Edit, Unit};

/// Fixed cost that a waiting unit is counted with, besides its bytes.
const UNIT: usize = 256;

/// Most units of other texts that wait behind one of a text that does not go on.
const BEHIND: usize = 8;

/// A text in a unit.
#[derive(Clone)]
pub(super) struct Slot {
    /// The id of its line.
    pub(super) line: u32,
    pub(super) group: u32,
    /// Bytes of the payload.
    pub(super) span: Range<usize>,
    pub(super) source: Source,
    /// Bytes of the text that are settled.
    done: usize,
    /// What stands for them, in wire form.
    out: String,
    /// Whether it differs from what stands at the place.
    changed: bool,
}

impl Slot {
    pub(super) fn new(line: u32, group: u32, span: Range<usize>, source: Source) -> Self {
        Self { line, group, span, source, done: 0, out: String::new(), changed: false }
    }

    /// A slot for what is left of another text, before its own; nothing of it is settled.
    fn prepend(&mut self, source: &Source) {
        let mut joined = source.clone();
        joined.append(&self.source);
        self.source = joined;
        self.changed = true;
    }

    fn open(&self) -> usize {
        self.source.text().len().saturating_sub(self.done)
    }

    /// Takes the next `length` bytes over as they are.
    fn keep(&mut self, length: usize) {
        let end = self.done.saturating_add(length);
        self.out.push_str(self.source.wire(self.done, end));
        self.done = end;
    }

    fn drop(&mut self, length: usize) {
        self.done = self.done.saturating_add(length);
        self.changed = true;
    }

    fn insert(&mut self, text: &str) {
        let Self { source, out, .. } = self;
        source.encode(text, out);
        self.changed = true;
    }

    /// Whether more than space is settled.
    fn speaks(&self) -> bool {
        self.out.bytes().any(|byte| !byte.is_ascii_whitespace())
    }
}

/// A unit with its texts.
#[derive(Clone)]
pub(super) struct Waiting {
    pub(super) unit: Unit,
    pub(super) slots: Vec<Slot>,
    pub(super) companions: Vec<Companion>,
    /// What stands in the place of texts that are settled.
    pub(super) edits: Vec<Edit>,
    /// The groups of those.
    pub(super) edited: BTreeSet<u32>,
    /// Whether it has a number in a sequence.
    pub(super) numbered: bool,
    /// Whether it must leave whole: it is numbered, or JSON in it would be cut.
    pub(super) whole: bool,
    /// Whether nothing in it can change.
    pub(super) closed: bool,
    /// Whether its payload is one text and no JSON.
    pub(super) bare_text: bool,
}

impl Waiting {
    pub(super) fn bare(unit: Unit) -> Self {
        Self {
            unit,
            slots: Vec::new(),
            companions: Vec::new(),
            edits: Vec::new(),
            edited: BTreeSet::new(),
            numbered: false,
            whole: false,
            closed: false,
            bare_text: false,
        }
    }

    /// What keeping it costs. Space and comments count by their bytes alone: how they are cut must not show.
    fn size(&self) -> usize {
        let edits = self.edits.iter().fold(0_usize, |sum, edit| sum.saturating_add(edit.with.len()));
        let fixed = if self.slots.is_empty() { 0 } else { UNIT };
        self.unit.raw().len().saturating_add(edits).saturating_add(fixed)
    }

    fn settled(&self) -> bool {
        self.slots.iter().all(|slot| slot.open() == 0)
    }

    /// Its bytes, with what is settled.
    fn write(&self, reasoning: &Reasoning, out: &mut Vec<u8>) {
        let changed = |slot: &&Slot| slot.changed || slot.open() > 0;
        if self.bare_text {
            match self.slots.first().filter(changed) {
                Some(slot) => out.extend(self.unit.replaced(slot.out.as_bytes())),
                None => out.extend_from_slice(self.unit.raw()),
            }
            return;
        }
        let (mut edits, mut groups) = (self.edits.clone(), self.edited.clone());
        for slot in self.slots.iter().filter(changed) {
            groups.insert(slot.group);
            edits.push(Edit { span: slot.span.clone(), with: slot.out.clone().into_bytes() });
        }
        edits.extend(self.companions.iter().filter_map(|companion| {
            let blank = match companion.when {
                When::ChangedHere => groups.contains(&companion.group),
                When::ReasoningChanged => reasoning.contains(companion.group),
            };
            blank.then(|| blanked(companion))
        }));
        self.edit(edits, out);
    }

    /// A copy that says `text` in the place of one slot, and nothing else.
    fn copy(&self, line: u32, text: &str) -> Unit {
        let mut edits = self.edits.clone();
        edits.extend(self.companions.iter().map(blanked));
        let mut text = Some(text);
        for slot in &self.slots {
            let with = text.take_if(|_| slot.line == line).unwrap_or_default().as_bytes().to_vec();
            edits.push(Edit { span: slot.span.clone(), with });
        }
        let mut raw = Vec::new();
        self.edit(edits, &mut raw);
        Unit::bare(raw)
    }

    fn edit(&self, mut edits: Vec<Edit>, out: &mut Vec<u8>) {
        if edits.is_empty() {
            out.extend_from_slice(self.unit.raw());
            return;
        }
        edits.sort_by_key(|edit| edit.span.start);
        out.extend(self.unit.edited(&edits));
    }
}

/// Groups whose reasoning has changed, at any time.
#[derive(Default)]
pub(super) struct Reasoning {
    groups: BTreeSet<u32>,
    /// Whether more have than are kept.
    all: bool,
}

impl Reasoning {
    const MOST: usize = 1024;

    pub(super) fn insert(&mut self, group: u32) {
        if self.groups.len() < Self::MOST {
            self.groups.insert(group);
        } else {
            self.all = true;
        }
    }

    fn contains(&self, group: u32) -> bool {
        self.all || self.groups.contains(&group)
    }
}

fn blanked(companion: &Companion) -> Edit {
    let with: &[u8] = match companion.blank {
        Blank::Null => b"null",
        Blank::EmptyArray => b"[]",
        Blank::EmptyString => b"",
    };
    Edit { span: companion.span.start as usize..companion.span.end as usize, with: with.to_vec() }
}

/// Where a text of a line waits: the number of the unit, and of the slot in it.
type Spot = (u64, usize);

/// The slots of one line that are not settled, and what has lost its unit.
#[derive(Default)]
pub(super) struct Track {
    spots: VecDeque<Spot>,
    /// What is left of a text whose unit has gone, with that unit. There are no spots then.
    ghost: Option<Box<(Slot, Waiting)>>,
    /// What an editor wrote when nothing was left to write it for.
    extra: String,
    /// Whether any text of the line came back other than it was.
    pub(super) changed: bool,
}

/// The queue.
#[derive(Default)]
pub(super) struct Queue {
    units: VecDeque<Waiting>,
    /// The number of the first.
    first: u64,
    bytes: usize,
}

impl Queue {
    /// Bytes that wait, with what keeping them costs.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Puts a unit without texts at the end.
    pub(super) fn push_bare(&mut self, unit: Unit) {
        match self.units.back_mut() {
            // Many small ones would cost more than their bytes.
            Some(last) if last.closed => {
                self.bytes = self.bytes.saturating_add(unit.raw().len());
                last.unit.append(unit);
            }
            _ => {
                self.push(Waiting { closed: true, ..Waiting::bare(unit) });
            }
        }
    }

    /// Puts a unit at the end and gives its number.
    pub(super) fn push(&mut self, waiting: Waiting) -> u64 {
        self.bytes = self.bytes.saturating_add(waiting.size());
        self.units.push_back(waiting);
        self.first.saturating_add(self.units.len() as u64).saturating_sub(1)
    }

    fn slot(&mut self, (unit, slot): Spot) -> Option<&mut Slot> {
        let index = usize::try_from(unit.checked_sub(self.first)?).ok()?;
        self.units.get_mut(index)?.slots.get_mut(slot)
    }

    /// Puts an edit of a text that is settled into a unit.
    pub(super) fn edit(&mut self, unit: u64, group: u32, edit: Edit) {
        let index = unit.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        if let Some(waiting) = index.and_then(|index| self.units.get_mut(index)) {
            self.bytes = self.bytes.saturating_add(edit.with.len());
            waiting.edits.push(edit);
            waiting.edited.insert(group);
        }
    }

    /// Says that a slot's text is on its way to the editor. Gives the text to come: what had lost its unit goes first.
    pub(super) fn enter(&mut self, track: &mut Track, spot: Spot) {
        let Some(slot) = self.slot(spot) else { return };
        if let Some(ghost) = track.ghost.take() {
            let (lost, _) = *ghost;
            slot.prepend(&lost.source.after(lost.done));
        }
        if slot.open() > 0 {
            track.spots.push_back(spot);
        }
    }

    /// Writes what came back for the next `length` bytes of a line to where they wait.
    pub(super) fn settle(&mut self, track: &mut Track, length: usize, back: &str) {
        if length == 0 && back.is_empty() {
            return;
        }
        let given = self.given(track, length);
        let (front, rear) = common(&given, back);
        let middle = back.get(front..back.len().saturating_sub(rear)).unwrap_or_default();
        let replaced = given.len().saturating_sub(front).saturating_sub(rear);
        self.walk(track, front, Slot::keep);
        if !middle.is_empty() || replaced > 0 {
            track.changed = true;
        }
        if !middle.is_empty() {
            match self.front(track) {
                Some(slot) => slot.insert(middle),
                None => track.extra.push_str(middle),
            }
        }
        self.walk(track, replaced, Slot::drop);
        self.walk(track, rear, Slot::keep);
    }

    /// The next bytes of a line that are not settled.
    fn given(&mut self, track: &Track, length: usize) -> String {
        let mut given = String::with_capacity(length);
        let ghost = track.ghost.as_ref().map(|ghost| ghost.0.source.from(ghost.0.done).to_owned());
        given.extend(ghost);
        for spot in &track.spots {
            if given.len() >= length {
                break;
            }
            if let Some(slot) = self.slot(*spot) {
                given.push_str(slot.source.from(slot.done));
            }
        }
        let mut end = length.min(given.len());
        while !given.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        given.truncate(end);
        given
    }

    fn front<'q>(&'q mut self, track: &'q mut Track) -> Option<&'q mut Slot> {
        match track.ghost.as_mut() {
            Some(ghost) => Some(&mut ghost.0),
            None => self.slot(*track.spots.front()?),
        }
    }

    fn walk(&mut self, track: &mut Track, mut length: usize, step: impl Fn(&mut Slot, usize)) {
        while length > 0 {
            let Some(slot) = self.front(track) else { return };
            let part = slot.open().min(length);
            step(slot, part);
            let through = slot.open() == 0;
            length = length.saturating_sub(part);
            if track.ghost.is_some() {
                if part == 0 {
                    return;
                }
            } else if through {
                track.spots.pop_front();
            }
        }
    }

    /// Writes a number or a text that begins and ends in one slot.
    pub(super) fn fill(&mut self, spot: Spot, back: &str) {
        let mut track = Track { spots: VecDeque::from([spot]), ..Track::default() };
        let length = self.slot(spot).map_or(0, |slot| slot.open());
        self.settle(&mut track, length, back);
        if !track.extra.is_empty()
            && let Some(slot) = self.slot(spot)
        {
            slot.insert(&track.extra);
        }
    }

    /// The line has ended: what has no unit any more gets a copy of the one it had.
    pub(super) fn close(&mut self, track: &mut Track, line: u32) {
        let extra = core::mem::take(&mut track.extra);
        let Some(ghost) = track.ghost.take() else {
            // Written after all that was given: to the last unit that carries the line, if it still waits.
            let last =
                self.units.iter_mut().rev().flat_map(|unit| unit.slots.iter_mut()).find(|slot| slot.line == line);
            if let Some(slot) = last.filter(|_| !extra.is_empty()) {
                slot.insert(&extra);
            }
            return;
        };
        let (mut slot, template) = *ghost;
        if !extra.is_empty() {
            slot.insert(&extra);
        }
        if !slot.out.is_empty() {
            self.push_bare(template.copy(line, &slot.out));
        }
    }

    /// Takes the first unit out when all its texts are settled, or when enough of its one text is.
    ///
    /// With `force`, it leaves as it is.
    pub(super) fn leave(&mut self, reasoning: &Reasoning, force: bool, lines: &mut Lines, out: &mut Vec<u8>) -> bool {
        let Some(front) = self.units.front() else { return false };
        if !front.settled() {
            let single = front.slots.iter().filter(|slot| slot.open() > 0).count() == 1;
            let in_part = single
                && !front.whole
                && front.companions.is_empty()
                && front.slots.iter().all(|slot| slot.open() == 0 || slot.speaks());
            if !force && !in_part && !self.stalls() {
                return false;
            }
        }
        let Some(waiting) = self.units.pop_front() else { return false };
        self.first = self.first.saturating_add(1);
        self.bytes = self.bytes.saturating_sub(waiting.size());
        waiting.write(reasoning, out);
        // What is not settled has lost its unit. Several slots may be of one line.
        let mut lost: BTreeMap<u32, Slot> = BTreeMap::new();
        for slot in waiting.slots.iter().filter(|slot| slot.open() > 0) {
            let rest = slot.source.after(slot.done);
            let Some(track) = lines.track(slot.line) else { continue };
            track.spots.pop_front();
            let new = || Slot::new(slot.line, slot.group, slot.span.clone(), Source::default());
            lost.entry(slot.line).or_insert_with(new).source.append(&rest);
        }
        for (line, slot) in lost {
            let Some(track) = lines.track(line) else { continue };
            match track.spots.front().copied().and_then(|spot| self.slot(spot)) {
                Some(next) => next.prepend(&slot.source),
                None => {
                    let mut template = waiting.clone();
                    template.slots.iter_mut().for_each(|slot| slot.source = Source::default());
                    track.ghost = Some(Box::new((slot, template)));
                }
            }
        }
        true
    }

    /// Whether units that carry other texts wait behind the first: reasoning ends when the answer begins, and nothing says
    /// so. A unit with a number waits on: its copy would come out of turn, and its text has an end of its own.
    fn stalls(&self) -> bool {
        let Some(front) = self.units.front().filter(|front| !front.numbered && !front.whole) else { return false };
        let open = |line: u32| front.slots.iter().any(|slot| slot.line == line && slot.open() > 0);
        let other = |unit: &&Waiting| !unit.closed && !unit.slots.iter().any(|slot| open(slot.line));
        self.units.iter().skip(1).filter(other).take(BEHIND).count() == BEHIND
    }

    /// Gives up on what is not settled: it is not written.
    pub(super) fn forget(&mut self) {
        for slot in self.units.iter_mut().flat_map(|unit| unit.slots.iter_mut()).filter(|slot| slot.open() > 0) {
            let open = slot.open();
            slot.drop(open);
        }
    }
}
