//! JSON values one after the other: a document, several, or the elements of one array, as Gemini streams them.

use super::buffer::Buffer;
use super::unit::Unit;

/// Finds where values end, without reading them.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// Whether the first byte that is no space was seen.
    begun: bool,
    array: bool,
    /// Whether a value has begun.
    inside: bool,
    depth: usize,
    string: bool,
    escape: bool,
}

impl Values {
    pub(super) fn in_array(&self) -> bool {
        self.array
    }

    pub(super) fn next(&mut self, buffer: &mut Buffer, ends: bool) -> Option<Unit> {
        let bytes = buffer.rest();
        if bytes.is_empty() {
            return None;
        }
        if !self.inside {
            let between = self.between(bytes);
            if between > 0 {
                return Some(Unit::bare(buffer.take(between)));
            }
            self.inside = true;
        }
        let mut at = buffer.seen();
        while let Some(&byte) = bytes.get(at) {
            if self.string {
                at = at.saturating_add(1);
                if self.escape {
                    self.escape = false;
                } else if byte == b'\\' {
                    self.escape = true;
                } else if byte == b'"' {
                    self.string = false;
                    if self.depth == 0 {
                        return Some(self.value(buffer, at));
                    }
                } else if let Some(found) = bytes.get(at..).map(|rest| memchr::memchr2(b'"', b'\\', rest)) {
                    at = found.map_or(bytes.len(), |found| at.saturating_add(found));
                }
                continue;
            }
            match byte {
                b'"' => self.string = true,
                b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                b'}' | b']' => {
                    // One that closes nothing ends a scalar before it.
                    if self.depth == 0 {
                        return Some(self.value(buffer, at));
                    }
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(self.value(buffer, at.saturating_add(1)));
                    }
                }
                b' ' | b'\t' | b'\r' | b'\n' | b',' if self.depth == 0 => return Some(self.value(buffer, at)),
                _ => {}
            }
            at = at.saturating_add(1);
        }
        if ends {
            return Some(self.value(buffer, at));
        }
        buffer.see(at);
        None
    }

    fn value(&mut self, buffer: &mut Buffer, length: usize) -> Unit {
        *self = Self { begun: true, array: self.array, ..Self::default() };
        let raw = buffer.take(length);
        let whole = 0..raw.len();
        Unit::new(raw, vec![whole])
    }

    /// Bytes before the next value: space, commas, the brackets of the outermost array, closers of nothing.
    fn between(&mut self, bytes: &[u8]) -> usize {
        let mark = if !self.begun && bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let mut length = mark;
        for byte in bytes.get(mark..).unwrap_or_default() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => {}
                b'[' if !self.begun => self.array = true,
                b',' | b']' | b'}' if self.begun => {}
                _ => break,
            }
            if !byte.is_ascii_whitespace() {
                self.begun = true;
            }
            length = length.saturating_add(1);
        }
        length
    }
}
