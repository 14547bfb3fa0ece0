//! How the body of an answer is cut into units, and how a unit is written back.
//!
//! A framing takes bytes, cut anywhere, and gives [`Unit`]s as soon as they are whole: a server-sent event, a line, an
//! element of an array, a message of an event stream. All units one after the other are the body, byte for byte.

mod buffer;
mod eventstream;
mod lines;
mod media_type;
mod sse;
#[cfg(test)]
mod tests;
mod unit;
mod values;

pub use media_type::Medium;
pub use unit::{Edit, Unit};

use crate::wire::Unreadable;
use buffer::Buffer;

/// What cuts a body into units.
#[derive(Debug)]
pub struct Frames {
    framing: Framing,
    buffer: Buffer,
    /// Longest unit, in bytes.
    longest: usize,
}

#[derive(Debug)]
enum Framing {
    /// Not known before the first bytes that are no space.
    Sniffed(Guess),
    Sse(sse::Sse),
    Lines(lines::Lines),
    Values(values::Values),
    EventStream,
}

/// What the media type makes likely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guess {
    Sse,
    Json,
}

impl Frames {
    /// The framing of a body of this kind; `None` when it has no units ([`Medium::Text`], [`Medium::Opaque`]).
    ///
    /// Servers answer a request for a stream with a JSON error under either type, so what begins like JSON is read as
    /// JSON, what begins like an event as events, and what begins like neither line by line.
    pub fn new(medium: Medium, longest: usize) -> Option<Self> {
        let framing = match medium {
            Medium::EventStream => Framing::Sniffed(Guess::Sse),
            Medium::Json => Framing::Sniffed(Guess::Json),
            Medium::Lines => Framing::Lines(lines::Lines),
            Medium::AmazonEventStream => Framing::EventStream,
            Medium::Text | Medium::Opaque => return None,
        };
        Some(Self { framing, buffer: Buffer::default(), longest })
    }

    /// Takes the next bytes. Ask [`Self::next`] until it has no more.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.feed(bytes);
    }

    /// The next unit that is whole; `ends` when no byte follows: then what is left is the last unit.
    ///
    /// # Errors
    /// [`Unreadable::Size`] for a unit over the limit, [`Unreadable::Malformed`] where the framing itself is broken.
    /// [`Self::rest`] has the bytes then.
    pub fn next(&mut self, ends: bool) -> Result<Option<Unit>, Unreadable> {
        if let Framing::Sniffed(guess) = self.framing {
            // Space tells nothing, and may have no end: it goes at once.
            let space = space(self.buffer.rest());
            if space > 0 {
                return Ok(Some(Unit::bare(self.buffer.take(space))));
            }
            match sniff(guess, self.buffer.rest(), ends) {
                Some(framing) => self.framing = framing,
                None => return Ok(None),
            }
        }
        let unit = match &mut self.framing {
            Framing::Sniffed(_) => None,
            Framing::Sse(sse) => sse.next(&mut self.buffer, ends),
            Framing::Lines(lines) => lines.next(&mut self.buffer, ends),
            Framing::Values(values) => values.next(&mut self.buffer, ends),
            Framing::EventStream => eventstream::next(&mut self.buffer, ends, self.longest)?,
        };
        let length = unit.as_ref().map_or(self.buffer.rest().len(), |unit| unit.raw().len());
        if length > self.longest {
            if let Some(unit) = unit {
                self.buffer.put_back(unit.raw());
            }
            return Err(Unreadable::Size);
        }
        Ok(unit)
    }

    /// Takes back a unit that cannot be read: its bytes are the first of [`Self::rest`].
    pub fn put_back(&mut self, unit: &Unit) {
        self.buffer.put_back(unit.raw());
    }

    /// Takes out the bytes that are in no unit yet.
    pub fn rest(&mut self) -> Vec<u8> {
        self.buffer.take_all()
    }

    /// Bytes that wait for the end of their unit.
    pub fn waiting(&self) -> usize {
        self.buffer.rest().len()
    }

    /// Whether units are server-sent events.
    pub fn is_sse(&self) -> bool {
        matches!(self.framing, Framing::Sse(_) | Framing::Sniffed(Guess::Sse))
    }

    /// Whether units are messages of an Amazon event stream.
    pub fn is_amazon(&self) -> bool {
        matches!(self.framing, Framing::EventStream)
    }

    /// Whether units are lines.
    pub fn is_lines(&self) -> bool {
        matches!(self.framing, Framing::Lines(_))
    }

    /// Whether units are the elements of one array.
    pub fn is_array(&self) -> bool {
        matches!(&self.framing, Framing::Values(values) if values.in_array())
    }
}

/// A byte order mark.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Bytes of space, and of byte order marks, that something begins with.
fn space(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    loop {
        let after = rest.strip_prefix(MARK).unwrap_or(rest).trim_ascii_start();
        if after.len() == rest.len() {
            return bytes.len().saturating_sub(rest.len());
        }
        rest = after;
    }
}

/// Decides on the first bytes that are no space; `None` when they do not tell yet.
fn sniff(guess: Guess, bytes: &[u8], ends: bool) -> Option<Framing> {
    if MARK.starts_with(bytes) && !ends {
        return None;
    }
    let sse = || Some(Framing::Sse(sse::Sse::default()));
    let values = || Some(Framing::Values(values::Values::default()));
    match (bytes, guess) {
        ([b'{' | b'[' | b'"', ..], _) | ([], Guess::Json) => values(),
        (_, Guess::Sse) => sse(),
        (begin, Guess::Json) => {
            const FIELDS: [&[u8]; 5] = [b"data:", b"event:", b"id:", b"retry:", b":"];
            if FIELDS.iter().any(|field| begin.starts_with(field)) {
                sse()
            } else if !ends && FIELDS.iter().any(|field| field.starts_with(begin)) {
                None
            } else {
                // No document begins so but a number: words and numbers in a row are text.
                Some(Framing::Lines(lines::Lines))
            }
        }
    }
}

/// A message of an Amazon event stream that carries JSON.
pub(crate) fn event(name: &str, payload: &[u8]) -> Vec<u8> {
    let headers = [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")];
    eventstream::message(&headers, payload)
}
