//! The one way through an answer.

use std::collections::BTreeSet;

use super::concluded::conclusion;
use super::editor::{Editor, Flow};
use super::feed::{Feed, number};
use super::lines::Lines;
use super::plain::Plain;
use super::queue::{Queue, Reasoning, Slot, Waiting};
use super::source::Source;
use super::{Head, Limits, Usage};
use crate::channels::{self, End, Form, Key, Place, Sheet};
use crate::coding::Decoder;
use crate::frames::{Edit, Frames, Medium, Unit};
use crate::json;
use crate::wire::{self, Dialect, Unreadable};

/// Coded bytes that are decoded at a time, and the most that they may decode to: what deflate reaches at its best.
const CODED_IN: usize = 1024;
const CODED_OUT: usize = 1_048_576 + 65_536;

/// How an answer goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More may follow.
    Open,
    /// An editor has ended it. A well-formed end was written; whatever follows is dropped.
    Ended,
}

enum Body {
    Units(Frames),
    Text(Plain),
    /// What holds no text.
    Opaque,
}

/// An answer on its way from upstream to client.
pub struct Answer {
    body: Body,
    coding: Decoder,
    limits: Limits,
    lines: Lines,
    queue: Queue,
    reasoning: Reasoning,
    usage: Usage,
    dialect: Dialect,
    /// The index of the text that the editor had last.
    last: u32,
    phase: Phase,
    drops_usage: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// Every byte goes through as it is.
    Passing,
    /// Every byte is dropped.
    Ended,
}

impl Answer {
    /// An answer whose head has arrived.
    ///
    /// # Errors
    /// [`Unreadable::Compressed`] for a content coding that is not known, [`Unreadable::Format`] for a content type that is
    /// not known, [`Unreadable::Charset`] for a charset in which ASCII is not what it is in UTF-8.
    pub fn open(head: &Head<'_>, limits: Limits) -> Result<Self, Unreadable> {
        let coding = Decoder::open(head.content_encoding, CODED_OUT)?;
        let medium = match head.content_type {
            Some(content_type) => Medium::of(content_type).ok_or(Unreadable::Format)?,
            None => Medium::Json,
        };
        if medium != Medium::Opaque {
            wire::check_charset(head.content_type, b"")?;
        }
        let body = match (Frames::new(medium, limits.unit_bytes), medium) {
            (Some(frames), _) => Body::Units(frames),
            (None, Medium::Opaque) => Body::Opaque,
            (None, _) => Body::Text(Plain::default()),
        };
        Ok(Self {
            body,
            coding,
            limits,
            lines: Lines::default(),
            queue: Queue::default(),
            reasoning: Reasoning::default(),
            usage: Usage::default(),
            dialect: Dialect::Unknown,
            last: 0,
            phase: Phase::Open,
            drops_usage: false,
        })
    }

    /// Takes the next bytes, and appends to `out` what may go to the client.
    ///
    /// # Errors
    /// What cannot be read. Nothing of it was written; [`Self::pass`] writes it, if the policy is to let it through.
    pub fn push(&mut self, bytes: &[u8], editor: &mut dyn Editor, out: &mut Vec<u8>) -> Result<Progress, Unreadable> {
        if self.coding.is_identity() {
            return self.plain(bytes, editor, out);
        }
        let mut progress = Ok(Progress::Open);
        for piece in bytes.chunks(CODED_IN) {
            let mut decoded = Vec::new();
            self.coding.push(piece, &mut decoded)?;
            match (&progress, &mut self.body) {
                (Ok(_), _) => progress = self.plain(&decoded, editor, out),
                // What follows a unit that cannot be read is kept behind it.
                (Err(_), Body::Units(frames)) => frames.feed(&decoded),
                (Err(_), _) => {}
            }
        }
        progress
    }

    fn plain(&mut self, bytes: &[u8], editor: &mut dyn Editor, out: &mut Vec<u8>) -> Result<Progress, Unreadable> {
        match (self.phase, &mut self.body) {
            (Phase::Ended, _) => return Ok(Progress::Ended),
            (Phase::Passing, _) | (_, Body::Opaque) => out.extend_from_slice(bytes),
            (_, Body::Text(text)) => {
                if text.is_wide(bytes) {
                    return Err(Unreadable::Encoding);
                }
                if text.push(bytes, editor, out) == Flow::Blocked {
                    self.phase = Phase::Ended;
                    return Ok(Progress::Ended);
                }
            }
            (_, Body::Units(frames)) => {
                frames.feed(bytes);
                return self.units(false, editor, out);
            }
        }
        Ok(Progress::Open)
    }

    /// The body is at its end: writes all that was held.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn finish(&mut self, editor: &mut dyn Editor, out: &mut Vec<u8>) -> Result<Progress, Unreadable> {
        if self.phase == Phase::Open {
            self.coding.finish()?;
        }
        match (self.phase, &mut self.body) {
            (Phase::Ended, _) => return Ok(Progress::Ended),
            (Phase::Passing, _) | (_, Body::Opaque) => {}
            (_, Body::Text(text)) => {
                text.finish(editor, out);
            }
            (_, Body::Units(_)) => {
                if self.units(true, editor, out)? == Progress::Ended {
                    return Ok(Progress::Ended);
                }
                if self.end(End::All, editor) == Flow::Blocked {
                    return Ok(self.block(editor, out));
                }
                self.flush(out);
            }
        }
        self.phase = Phase::Ended;
        Ok(Progress::Open)
    }

    /// Lets all through from here on as it is, after a body could not be read on. Texts that are open end here.
    pub fn pass(&mut self, editor: &mut dyn Editor, out: &mut Vec<u8>) -> Progress {
        if self.phase == Phase::Ended {
            return Progress::Ended;
        }
        if self.end(End::All, editor) == Flow::Blocked {
            return self.block(editor, out);
        }
        self.flush(out);
        match &mut self.body {
            Body::Units(frames) => out.append(&mut frames.rest()),
            Body::Text(text) => out.append(&mut text.unread()),
            Body::Opaque => {}
        }
        self.phase = Phase::Passing;
        Progress::Open
    }

    /// The stream has broken off: drops what is held. Gives how many bytes of units that was.
    pub fn abort(&mut self) -> usize {
        self.phase = Phase::Ended;
        let held = self.held_bytes();
        self.lines = Lines::default();
        self.queue = Queue::default();
        self.body = Body::Opaque;
        held
    }

    /// Keeps from the client the event of a stream that says nothing but its cost: the chunk without choices of the
    /// OpenAI API, which comes only where it was asked for.
    pub fn drop_usage(&mut self) {
        self.drops_usage = true;
    }

    /// What the answer has said by now of its cost.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Bytes of the body that have arrived and not gone out.
    pub fn held_bytes(&self) -> usize {
        let waiting = match &self.body {
            Body::Units(frames) => frames.waiting(),
            Body::Text(text) => text.waiting(),
            Body::Opaque => 0,
        };
        waiting.saturating_add(self.queue.bytes())
    }

    fn units(&mut self, ends: bool, editor: &mut dyn Editor, out: &mut Vec<u8>) -> Result<Progress, Unreadable> {
        loop {
            let Body::Units(frames) = &mut self.body else { return Ok(Progress::Open) };
            let Some(unit) = frames.next(ends)? else { return Ok(Progress::Open) };
            let streams = frames.is_sse() || frames.is_lines() || frames.is_amazon() || frames.is_array();
            match self.unit(unit, streams, editor) {
                Ok(Flow::Open { .. }) => self.flush(out),
                Ok(Flow::Blocked) => return Ok(self.block(editor, out)),
                Err((unit, why)) => {
                    // It stays in its place before what follows.
                    if let Body::Units(frames) = &mut self.body {
                        frames.put_back(&unit);
                    }
                    return Err(why);
                }
            }
        }
    }

    fn unit(&mut self, unit: Unit, streams: bool, editor: &mut dyn Editor) -> Result<Flow, (Unit, Unreadable)> {
        let payload = unit.payload().unwrap_or_default();
        let payload = payload.as_ref();
        if payload.trim_ascii().is_empty() {
            self.queue.push_bare(unit);
            return Ok(Flow::Open { held: 0 });
        }
        if payload == b"[DONE]" {
            let flow = self.end(End::All, editor);
            self.queue.push_bare(unit);
            return Ok(flow);
        }
        let limits =
            wire::Limits { body_bytes: self.limits.unit_bytes, depth: self.limits.depth, values: self.limits.values };
        let sheet = match json::parse_wide(payload, &limits) {
            Ok(document) => {
                let root = document.root();
                let sheet = channels::read(root, streams);
                let bare = root.get("choices").is_some_and(|choices| choices.items().next().is_none());
                if self.drops_usage && streams && bare && sheet.usage != Usage::default() {
                    self.usage.update(sheet.usage);
                    return Ok(Flow::Open { held: 0 });
                }
                sheet
            }
            Err(Unreadable::Malformed) => return Ok(self.text(unit, editor)),
            Err(why) => return Err((unit, why)),
        };
        let keys = sheet.places.iter().filter(|place| !place.whole).map(|place| &place.key);
        if self.lines.with(keys) > self.limits.channels {
            return Err((unit, Unreadable::Complexity));
        }
        self.usage.update(sheet.usage);
        if sheet.dialect != Dialect::Unknown {
            self.dialect = sheet.dialect;
        }
        Ok(self.sheet(unit, sheet, editor))
    }

    /// A payload that is no JSON: a text of its own.
    fn text(&mut self, unit: Unit, editor: &mut dyn Editor) -> Flow {
        let payload = unit.payload().unwrap_or_default().into_owned();
        // A parse that calls it malformed has read it as UTF-8.
        let text = String::from_utf8(payload).unwrap_or_default();
        let span = 0..text.len();
        let channel = self.lines.channel(super::Kind::Unrecognised, 0);
        let slots = vec![Slot::new(channel.id, 0, span, Source::verbatim(&text))];
        let waiting = Waiting { slots, whole: true, bare_text: true, ..Waiting::bare(unit) };
        let number = self.queue.push(waiting);
        let mut feed = Feed::json();
        let mut back = String::new();
        let mut flow = feed.push(&channel, &text, editor, &mut back);
        if flow != Flow::Blocked {
            flow = feed.end(&channel, editor, &mut back);
        }
        self.queue.fill((number, 0), &back);
        flow
    }

    fn sheet(&mut self, unit: Unit, sheet: Sheet, editor: &mut dyn Editor) -> Flow {
        let Sheet { places, companions, ends, numbered, .. } = sheet;
        let here: BTreeSet<Key> = places.iter().filter(|place| !place.whole).map(|place| place.key).collect();
        // What ends and has nothing to say here ends before the unit.
        for end in &ends {
            if self.end_but(*end, &here, editor) == Flow::Blocked {
                return Flow::Blocked;
            }
        }
        let payload = unit.payload().unwrap_or_default().into_owned();
        let raw = |place: &Place| core::str::from_utf8(place.span.of(&payload)).unwrap_or_default();
        let mut slots = Vec::new();
        for place in places.iter().filter(|place| !place.whole) {
            let channel = self.lines.open(place.key, place.form);
            slots.push(Slot::new(channel.id, place.key.group, place.span.range(), Source::json(raw(place))));
        }
        let whole = numbered || places.iter().any(|place| place.form == Form::Json);
        let number = self.queue.push(Waiting { slots, companions, numbered, whole, ..Waiting::bare(unit) });
        let (mut blocked, mut slot) = (false, 0_usize);
        for place in &places {
            if place.whole {
                let label =
                    place.label.map(|span| Source::json(core::str::from_utf8(span.of(&payload)).unwrap_or_default()));
                let label = label.as_ref().map(Source::text);
                if let Some(with) = self.whole(place, label, raw(place), &mut blocked, editor) {
                    let edit = Edit { span: place.span.range(), with: with.into_bytes() };
                    self.queue.edit(number, place.key.group, edit);
                }
                continue;
            }
            if !blocked {
                let text = Source::json(raw(place));
                blocked = self.piece((number, slot), place.key, text.text(), editor) == Flow::Blocked;
            }
            slot = slot.saturating_add(1);
        }
        if blocked {
            return Flow::Blocked;
        }
        for end in ends {
            if self.end(end, editor) == Flow::Blocked {
                return Flow::Blocked;
            }
        }
        Flow::Open { held: 0 }
    }

    /// What stands in the place of a text of its own, when that is not what stood there. Nothing of one that comes after
    /// an answer was ended may stand.
    fn whole(
        &mut self,
        place: &Place,
        label: Option<&str>,
        raw: &str,
        blocked: &mut bool,
        editor: &mut dyn Editor,
    ) -> Option<String> {
        let channel = self.lines.channel(place.key.kind, place.key.group);
        if raw.is_empty() {
            return None;
        }
        if *blocked {
            return Some(if place.form == Form::Number { "0" } else { "" }.to_owned());
        }
        self.last = channel.index;
        if let Some(label) = label {
            editor.label(&channel, label);
        }
        let mut back = String::new();
        let source = if place.form == Form::Number { Source::verbatim(raw) } else { Source::json(raw) };
        if place.form == Form::Number {
            *blocked = number(&channel, raw, editor, &mut back) == Flow::Blocked;
            if *blocked {
                back = "0".to_owned();
            }
        } else {
            let mut feed = if place.form == Form::Json { Feed::json() } else { Feed::Text };
            *blocked = feed.push(&channel, source.text(), editor, &mut back) == Flow::Blocked
                || feed.end(&channel, editor, &mut back) == Flow::Blocked;
        }
        let with = source.replaced(&back)?;
        if place.key.kind == super::Kind::Reasoning {
            self.reasoning.insert(place.key.group);
        }
        Some(with)
    }

    fn piece(&mut self, spot: (u64, usize), key: Key, text: &str, editor: &mut dyn Editor) -> Flow {
        let Self { lines, queue, last, .. } = self;
        let Some(line) = lines.get(key) else { return Flow::Open { held: 0 } };
        *last = line.channel.index;
        queue.enter(&mut line.track, spot);
        if text.is_empty() {
            return Flow::Open { held: 0 };
        }
        let mut back = String::new();
        let flow = line.feed.push(&line.channel, text, editor, &mut back);
        let given = line.held.saturating_add(text.len());
        line.held = match flow {
            Flow::Open { held } => held.min(given),
            Flow::Blocked => 0,
        };
        queue.settle(&mut line.track, given.saturating_sub(line.held), &back);
        flow
    }

    fn end(&mut self, end: End, editor: &mut dyn Editor) -> Flow {
        self.end_but(end, &BTreeSet::new(), editor)
    }

    /// Ends lines, but for those that are named.
    fn end_but(&mut self, end: End, but: &BTreeSet<Key>, editor: &mut dyn Editor) -> Flow {
        for mut line in self.lines.take(end, but) {
            self.last = line.channel.index;
            let mut back = String::new();
            let flow = line.feed.end(&line.channel, editor, &mut back);
            self.queue.settle(&mut line.track, line.held, &back);
            self.queue.close(&mut line.track, line.channel.id);
            if line.track.changed && line.channel.kind == super::Kind::Reasoning {
                self.reasoning.insert(line.group);
            }
            if flow == Flow::Blocked {
                return Flow::Blocked;
            }
        }
        Flow::Open { held: 0 }
    }

    /// Writes the units that may leave.
    fn flush(&mut self, out: &mut Vec<u8>) {
        let Self { queue, lines, reasoning, limits, .. } = self;
        while queue.leave(reasoning, queue.bytes() > limits.held_bytes, lines, out) {}
    }

    /// Ends the answer in its own dialect.
    fn block(&mut self, editor: &dyn Editor, out: &mut Vec<u8>) -> Progress {
        self.queue.forget();
        self.flush(out);
        if let Body::Units(frames) = &self.body {
            conclusion(self.dialect, editor.why(), frames, self.last, out);
        }
        self.abort();
        Progress::Ended
    }
}

// Content stays out of every log.
impl core::fmt::Debug for Answer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Answer").field("dialect", &self.dialect).field("held", &self.held_bytes()).finish()
    }
}
