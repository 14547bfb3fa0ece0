//! DEFLATE (RFC 1951), and the coding `deflate`: the same in a zlib wrapper (RFC 1950), or bare, as many send it.

use miniz_oxide::inflate::stream::{InflateState, MinReset, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

use super::{Layer, Sink};
use crate::wire::Unreadable;

/// One DEFLATE stream.
pub(super) struct Inflate {
    state: Box<InflateState>,
    ended: bool,
}

impl Inflate {
    pub(super) fn new(format: DataFormat) -> Self {
        Self { state: InflateState::new_boxed(format), ended: false }
    }

    /// Makes it ready for another stream.
    pub(super) fn reset(&mut self) {
        self.state.reset_as(MinReset);
        self.ended = false;
    }

    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Takes of `bytes` what belongs to the stream; what is left stands behind its end.
    pub(super) fn push<'a>(&mut self, mut bytes: &'a [u8], sink: &mut Sink<'_>) -> Result<&'a [u8], Unreadable> {
        while !self.ended {
            let (taken, written, room, status) = sink.fill(|out| {
                let room = out.len();
                let result = inflate(&mut self.state, bytes, out, MZFlush::None);
                (result.bytes_written, (result.bytes_consumed, result.bytes_written, room, result.status))
            })?;
            bytes = bytes.get(taken..).unwrap_or_default();
            match status {
                Ok(MZStatus::StreamEnd) => self.ended = true,
                // What is decoded and not yet given fits no more than what was asked for.
                Ok(_) if bytes.is_empty() && written < room => break,
                Ok(_) if taken > 0 || written > 0 => {}
                Err(MZError::Buf) if bytes.is_empty() => break,
                _ => return Err(Unreadable::Coding),
            }
        }
        Ok(bytes)
    }
}

/// The coding `deflate`.
pub(super) enum Deflate {
    /// Too few bytes to tell which of the two it is.
    Undecided(Vec<u8>),
    /// It was told.
    Decided(Inflate),
}

/// Bytes that tell a wrapped stream from a bare one.
const MARK: usize = 5;

impl Deflate {
    pub(super) fn new() -> Self {
        Self::Undecided(Vec::with_capacity(MARK))
    }
}

impl Layer for Deflate {
    fn push(&mut self, mut bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), Unreadable> {
        if let Self::Undecided(mark) = self {
            let (first, rest) = bytes.split_at(bytes.len().min(MARK.saturating_sub(mark.len())));
            mark.extend_from_slice(first);
            bytes = rest;
            let Some(format) = format(mark)? else { return Ok(()) };
            let mut stream = Inflate::new(format);
            if !stream.push(mark, sink)?.is_empty() {
                return Err(Unreadable::Coding);
            }
            *self = Self::Decided(stream);
        }
        let Self::Decided(stream) = self else { return Ok(()) };
        if stream.push(bytes, sink)?.is_empty() { Ok(()) } else { Err(Unreadable::Coding) }
    }

    fn ended(&self) -> bool {
        matches!(self, Self::Decided(stream) if stream.ended())
    }
}

/// Which of the two begins so; `None` while that is open.
///
/// # Errors
/// [`Unreadable::Coding`] for what could be both: servers try one first, and not all the same one. Bare, a zlib header is
/// the begin of a stored block, whose length stands there twice.
fn format(mark: &[u8]) -> Result<Option<DataFormat>, Unreadable> {
    let &[method, flags, ref rest @ ..] = mark else { return Ok(None) };
    let header = u16::from_be_bytes([method, flags]);
    let zlib = method & 0x0f == 8 && method >> 4 <= 7 && header % 31 == 0;
    if !zlib {
        return Ok(Some(DataFormat::Raw));
    }
    let &[length, check, last] = rest else { return Ok(None) };
    let stored = u16::from_le_bytes([flags, length]) == !u16::from_le_bytes([check, last]);
    if stored { Err(Unreadable::Coding) } else { Ok(Some(DataFormat::Zlib)) }
}
