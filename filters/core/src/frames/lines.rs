//! One document a line.

use super::buffer::Buffer;
use super::unit::Unit;

/// Lines end with LF.
#[derive(Debug, Default)]
pub(super) struct Lines;

impl Lines {
    pub(super) fn next(&self, buffer: &mut Buffer, ends: bool) -> Option<Unit> {
        let bytes = buffer.rest();
        let found = bytes.get(buffer.seen()..).and_then(|rest| memchr::memchr(b'\n', rest));
        let end = match found {
            Some(at) => buffer.seen().saturating_add(at).saturating_add(1),
            None if ends && !bytes.is_empty() => bytes.len(),
            None => {
                buffer.see(bytes.len());
                return None;
            }
        };
        Some(document(buffer.take(end)))
    }
}

/// A unit of a document with space around it, a byte order mark or the record separator of RFC 7464.
pub(super) fn document(raw: Vec<u8>) -> Unit {
    let inert = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x1E;
    let mark = if raw.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let after = raw.get(mark..).unwrap_or_default();
    let Some(start) = after.iter().position(|byte| !inert(byte)) else { return Unit::bare(raw) };
    let start = start.saturating_add(mark);
    let end = raw.iter().rposition(|byte| !inert(byte)).map_or(raw.len(), |last| last.saturating_add(1));
    let document = start..end;
    Unit::new(raw, vec![document])
}
