//! `application/vnd.amazon.eventstream`: the binary event stream encoding of AWS (Amazon Lex V2 developer guide,
//! "Event stream encoding").
//!
//! ```text
//! total length, u32 BE │ length of headers, u32 BE │ CRC-32 of those 8 │ headers │ payload │ CRC-32 of all before
//! ```

use base64::Engine as _;

use super::buffer::Buffer;
use super::unit::Unit;
use crate::json::{self, Kind};
use crate::wire::{Limits, Unreadable};

const PRELUDE: usize = 12;
const TRAILER: usize = 4;

pub(super) fn next(buffer: &mut Buffer, ends: bool, longest: usize) -> Result<Option<Unit>, Unreadable> {
    let bytes = buffer.rest();
    let cut = if ends && !bytes.is_empty() { Err(Unreadable::Malformed) } else { Ok(None) };
    let Some(prelude) = bytes.get(..PRELUDE) else { return cut };
    let (total, headers) = (word(prelude, 0), word(prelude, 4));
    let start = PRELUDE.saturating_add(headers as usize);
    let end = (total as usize).saturating_sub(TRAILER);
    if crc32fast::hash(prelude.get(..8).unwrap_or_default()) != word(prelude, 8) || start > end {
        return Err(Unreadable::Malformed);
    }
    if total as usize > longest {
        return Err(Unreadable::Size);
    }
    let Some(message) = bytes.get(..total as usize) else { return cut };
    if crc32fast::hash(message.get(..end).unwrap_or_default()) != word(message, end) {
        return Err(Unreadable::Malformed);
    }
    let raw = buffer.take(total as usize);
    if start == end {
        return Ok(Some(Unit::bare(raw)));
    }
    Ok(Some(match wrapped(raw.get(start..end).unwrap_or_default()) {
        Some((place, decoded)) => {
            let shift = |at: usize| at.saturating_add(start);
            Unit::wrapped(raw, shift(place.start)..shift(place.end), decoded)
        }
        None => Unit::message(raw, start..end),
    }))
}

/// The message inside a payload of InvokeModelWithResponseStream: `{"bytes": base64, "p": padding}`.
fn wrapped(payload: &[u8]) -> Option<(core::ops::Range<usize>, Vec<u8>)> {
    const SHORT: usize = 8;
    // Cheap to tell from ConverseStream, whose payloads are read again by the reader of their dialect.
    memchr::memmem::find(payload, b"\"bytes\"")?;
    let limits = Limits { body_bytes: payload.len(), depth: 2, values: SHORT };
    let document = json::parse(payload, &limits).ok()?;
    let only =
        document.root().entries().all(|(key, value)| key.is("p") || (key.is("bytes") && value.kind() == Kind::String));
    let bytes = document.root().get("bytes").filter(|_| only)?.string()?;
    let decoded = base64::engine::general_purpose::STANDARD.decode(bytes.text().as_bytes()).ok()?;
    Some((bytes.span().start as usize..bytes.span().end as usize, decoded))
}

/// Writes lengths and checksums anew for a message whose payload has changed.
pub(super) fn sealed(mut message: Vec<u8>) -> Vec<u8> {
    let total = u32::try_from(message.len()).unwrap_or(u32::MAX);
    put(&mut message, 0, total);
    let prelude = crc32fast::hash(message.get(..8).unwrap_or_default());
    put(&mut message, 8, prelude);
    let end = message.len().saturating_sub(TRAILER);
    let whole = crc32fast::hash(message.get(..end).unwrap_or_default());
    put(&mut message, end, whole);
    message
}

/// A message with these headers (names and string values) and this payload.
pub(super) fn message(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    /// The type of a header value that is a string.
    const STRING: u8 = 7;
    let mut fields = Vec::new();
    for (name, value) in headers {
        fields.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        fields.extend_from_slice(name.as_bytes());
        fields.push(STRING);
        fields.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        fields.extend_from_slice(value.as_bytes());
    }
    let mut raw = vec![0; 4];
    raw.extend_from_slice(&u32::try_from(fields.len()).unwrap_or(u32::MAX).to_be_bytes());
    raw.extend_from_slice(&[0; 4]);
    raw.extend_from_slice(&fields);
    raw.extend_from_slice(payload);
    raw.extend_from_slice(&[0; TRAILER]);
    sealed(raw)
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()).copied();
    word.map_or(0, u32::from_be_bytes)
}

fn put(bytes: &mut [u8], at: usize, value: u32) {
    if let Some(place) = bytes.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<4>()) {
        *place = value.to_be_bytes();
    }
}
