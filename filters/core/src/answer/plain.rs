//! A body that is text and nothing else.

use super::editor::{Channel, Editor, Flow, Kind};

const TEXT: Channel = Channel { id: 0, kind: Kind::Content, index: 0 };

/// Gives a text to the editor as it arrives; bytes that are not UTF-8 end one text and begin another, and stay.
#[derive(Default)]
pub(super) struct Plain {
    /// The begin of a character.
    rest: Vec<u8>,
    open: bool,
    held: usize,
    begun: bool,
}

impl Plain {
    /// Whether the text begins, with these bytes, like one of UTF-16 or UTF-32: readers look at the mark before anything
    /// else that they were told (WHATWG Encoding, section 6.1). No text of UTF-8 begins so. The bytes are kept then.
    pub(super) fn is_wide(&mut self, bytes: &[u8]) -> bool {
        let begins = !self.begun && matches!(bytes, [0xFE | 0xFF | 0x00, ..]);
        self.begun |= !bytes.is_empty();
        if begins {
            self.rest.extend_from_slice(bytes);
        }
        begins
    }

    /// Takes out the bytes that were not read.
    pub(super) fn unread(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.rest)
    }

    pub(super) fn push(&mut self, bytes: &[u8], editor: &mut dyn Editor, out: &mut Vec<u8>) -> Flow {
        let mut given = core::mem::take(&mut self.rest);
        given.extend_from_slice(bytes);
        let mut rest = given.as_slice();
        while !rest.is_empty() {
            let Some(chunk) = rest.utf8_chunks().next() else { break };
            if self.text(chunk.valid(), editor, out) == Flow::Blocked {
                return Flow::Blocked;
            }
            let after = rest.get(chunk.valid().len()..).unwrap_or_default();
            let broken = chunk.invalid();
            rest = after.get(broken.len()..).unwrap_or_default();
            if broken.is_empty() {
                continue;
            }
            if rest.is_empty() && unfinished(broken) {
                self.rest = broken.to_vec();
                break;
            }
            if self.end(editor, out) == Flow::Blocked {
                return Flow::Blocked;
            }
            out.extend_from_slice(broken);
        }
        Flow::Open { held: 0 }
    }

    pub(super) fn finish(&mut self, editor: &mut dyn Editor, out: &mut Vec<u8>) -> Flow {
        let flow = self.end(editor, out);
        if flow != Flow::Blocked {
            out.append(&mut self.rest);
        }
        flow
    }

    /// Bytes that have arrived and not gone out.
    pub(super) fn waiting(&self) -> usize {
        self.rest.len().saturating_add(self.held)
    }

    fn text(&mut self, text: &str, editor: &mut dyn Editor, out: &mut Vec<u8>) -> Flow {
        if text.is_empty() {
            return Flow::Open { held: 0 };
        }
        self.open = true;
        let mut back = String::new();
        let flow = editor.text(&TEXT, text, &mut back);
        out.extend_from_slice(back.as_bytes());
        self.held = match flow {
            Flow::Open { held } => held,
            Flow::Blocked => 0,
        };
        flow
    }

    fn end(&mut self, editor: &mut dyn Editor, out: &mut Vec<u8>) -> Flow {
        if !self.open {
            return Flow::Open { held: 0 };
        }
        self.open = false;
        self.held = 0;
        let mut back = String::new();
        let flow = editor.end(&TEXT, &mut back);
        out.extend_from_slice(back.as_bytes());
        flow
    }
}

/// Whether bytes that are not UTF-8 may be the begin of a character.
fn unfinished(bytes: &[u8]) -> bool {
    core::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}
