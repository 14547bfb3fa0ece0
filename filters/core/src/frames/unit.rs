//! One unit of a body: its bytes, and where in them the payload lies.

use std::borrow::Cow;
use std::ops::Range;

use super::eventstream;

/// A part of a payload and what stands there instead.
#[derive(Clone, PartialEq, Eq)]
pub struct Edit {
    /// Bytes of the payload.
    pub span: Range<usize>,
    /// What replaces them.
    pub with: Vec<u8>,
}

/// One unit.
#[derive(Clone, Default)]
pub struct Unit {
    raw: Vec<u8>,
    /// The pieces of the payload in `raw`, in order. More than one only for events with several lines of data: a line
    /// feed stands between them in the payload.
    pieces: Vec<Range<usize>>,
    envelope: Envelope,
}

#[derive(Clone, Default)]
pub(super) enum Envelope {
    /// The payload lies in the bytes as it is.
    #[default]
    Open,
    /// A message of an event stream: lengths and checksums follow the payload.
    Message,
    /// A message whose payload holds another one in base64, here decoded.
    Wrapped(Vec<u8>),
}

impl Unit {
    /// A unit that has no payload.
    pub fn bare(raw: Vec<u8>) -> Self {
        Self { raw, pieces: Vec::new(), envelope: Envelope::Open }
    }

    pub(super) fn new(raw: Vec<u8>, pieces: Vec<Range<usize>>) -> Self {
        Self { raw, pieces, envelope: Envelope::Open }
    }

    pub(super) fn message(raw: Vec<u8>, piece: Range<usize>) -> Self {
        Self { raw, pieces: vec![piece], envelope: Envelope::Message }
    }

    /// `piece` is the base64 of `decoded`.
    pub(super) fn wrapped(raw: Vec<u8>, piece: Range<usize>, decoded: Vec<u8>) -> Self {
        Self { raw, pieces: vec![piece], envelope: Envelope::Wrapped(decoded) }
    }

    /// Puts the bytes of another unit behind its own. Neither is edited after that.
    pub fn append(&mut self, other: Self) {
        self.raw.extend(other.raw);
        self.pieces.clear();
        self.envelope = Envelope::Open;
    }

    /// Its bytes.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Its bytes, taken out.
    pub fn into_raw(self) -> Vec<u8> {
        self.raw
    }

    /// Its payload, when it has one.
    pub fn payload(&self) -> Option<Cow<'_, [u8]>> {
        if let Envelope::Wrapped(decoded) = &self.envelope {
            return Some(Cow::Borrowed(decoded));
        }
        match self.pieces.as_slice() {
            [] => None,
            [only] => Some(Cow::Borrowed(self.raw.get(only.clone()).unwrap_or_default())),
            pieces => {
                let pieces: Vec<&[u8]> = pieces.iter().filter_map(|piece| self.raw.get(piece.clone())).collect();
                Some(Cow::Owned(pieces.join(&b'\n')))
            }
        }
    }

    /// Its bytes with edits, which are in order, do not overlap, and each lie in one line of the payload.
    pub fn edited(&self, edits: &[Edit]) -> Vec<u8> {
        match &self.envelope {
            Envelope::Open => {
                let edits: Vec<_> = edits.iter().filter_map(|edit| self.place(edit)).collect();
                splice(&self.raw, &edits)
            }
            Envelope::Message => {
                let edits: Vec<_> = edits.iter().filter_map(|edit| self.place(edit)).collect();
                eventstream::sealed(splice(&self.raw, &edits))
            }
            Envelope::Wrapped(decoded) => {
                use base64::Engine as _;
                let inner = splice(decoded, edits);
                let with = base64::engine::general_purpose::STANDARD.encode(inner).into_bytes();
                let span = self.pieces.first().cloned().unwrap_or_default();
                eventstream::sealed(splice(&self.raw, &[Edit { span, with }]))
            }
        }
    }

    /// Its bytes with another payload, of any number of lines.
    pub fn replaced(&self, payload: &[u8]) -> Vec<u8> {
        let (Some(first), Some(last)) = (self.pieces.first(), self.pieces.last()) else { return self.raw.clone() };
        if !matches!(self.envelope, Envelope::Open) {
            let length = self.payload().map_or(0, |payload| payload.len());
            return self.edited(&[Edit { span: 0..length, with: payload.to_vec() }]);
        }
        let mut with = Vec::with_capacity(payload.len());
        if self.pieces.len() < 2 {
            with.extend_from_slice(payload);
        } else {
            for (number, line) in payload.split(|&byte| byte == b'\n').enumerate() {
                if number > 0 {
                    with.extend_from_slice(b"\ndata: ");
                }
                with.extend_from_slice(line);
            }
        }
        splice(&self.raw, &[Edit { span: first.start..last.end, with }])
    }

    /// An edit of the payload as one of the bytes.
    fn place(&self, edit: &Edit) -> Option<Edit> {
        let mut before = 0_usize;
        for piece in &self.pieces {
            let end = before.saturating_add(piece.len());
            if edit.span.start <= end {
                let shift = |at: usize| piece.start.saturating_add(at.saturating_sub(before)).min(piece.end);
                return Some(Edit { span: shift(edit.span.start)..shift(edit.span.end), with: edit.with.clone() });
            }
            before = end.saturating_add(1);
        }
        None
    }
}

// Content stays out of every log.
impl core::fmt::Debug for Unit {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Unit").field("bytes", &self.raw.len()).field("pieces", &self.pieces.len()).finish()
    }
}

impl core::fmt::Debug for Edit {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Edit").field("span", &self.span).field("bytes", &self.with.len()).finish()
    }
}

fn splice(bytes: &[u8], edits: &[Edit]) -> Vec<u8> {
    let added = edits.iter().fold(0_usize, |sum, edit| sum.saturating_add(edit.with.len()));
    let mut out = Vec::with_capacity(bytes.len().saturating_add(added));
    let mut at = 0;
    for edit in edits {
        out.extend_from_slice(bytes.get(at..edit.span.start).unwrap_or_default());
        out.extend_from_slice(&edit.with);
        at = edit.span.end.max(at);
    }
    out.extend_from_slice(bytes.get(at..).unwrap_or_default());
    out
}
