//! Server-sent events (HTML Living Standard, section 9.2).

use super::buffer::Buffer;
use super::unit::Unit;

/// Events end with an empty line; lines end with CR LF, LF or CR.
#[derive(Debug, Default)]
pub(super) struct Sse {
    /// Whether a byte order mark can no longer come.
    begun: bool,
    /// The start of the line that is being looked at.
    line: usize,
}

impl Sse {
    pub(super) fn next(&mut self, buffer: &mut Buffer, ends: bool) -> Option<Unit> {
        if !self.begun {
            let mark = b"\xEF\xBB\xBF";
            let rest = buffer.rest();
            if rest.starts_with(mark) {
                self.begun = true;
                return Some(Unit::bare(buffer.take(mark.len())));
            }
            if mark.starts_with(rest) && !ends {
                return None;
            }
            self.begun = true;
        }
        // Empty lines between events; the LF of a CR LF that was cut apart among them.
        let empty = buffer.rest().iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        if empty > 0 {
            return Some(Unit::bare(buffer.take(empty)));
        }
        let end = self.end(buffer).or_else(|| (ends && !buffer.rest().is_empty()).then_some(buffer.rest().len()))?;
        let raw = buffer.take(end);
        self.line = 0;
        let pieces = data(&raw);
        Some(Unit::new(raw, pieces))
    }

    /// The end of the event, when it is here.
    fn end(&mut self, buffer: &mut Buffer) -> Option<usize> {
        let bytes = buffer.rest();
        let mut at = buffer.seen();
        while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'\n', b'\r', rest)) {
            let stop = at.saturating_add(found);
            let mut next = stop.saturating_add(1);
            if bytes.get(stop) == Some(&b'\r') && bytes.get(next) == Some(&b'\n') {
                next = next.saturating_add(1);
            }
            // A CR at the end of what is here is the end of its line; an LF that follows is let through after it.
            if stop == self.line {
                return Some(next);
            }
            if next == bytes.len() && bytes.get(stop) == Some(&b'\r') {
                // The next line begins after an LF that may follow.
                buffer.see(stop);
                return None;
            }
            self.line = next;
            at = next;
        }
        let seen = bytes.len();
        buffer.see(seen);
        None
    }
}

/// The values of the data fields.
fn data(raw: &[u8]) -> Vec<core::ops::Range<usize>> {
    let mut pieces = Vec::new();
    let mut at = 0_usize;
    while at < raw.len() {
        let rest = raw.get(at..).unwrap_or_default();
        let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let line = rest.get(..length).unwrap_or_default();
        let end = at.saturating_add(length);
        if let Some(value) = line.strip_prefix(b"data").filter(|value| matches!(value, [] | [b':', ..])) {
            let value = value.strip_prefix(b":").unwrap_or(value);
            let value = value.strip_prefix(b" ").unwrap_or(value);
            pieces.push(end.saturating_sub(value.len())..end);
        }
        at = end.saturating_add(1);
    }
    pieces
}
