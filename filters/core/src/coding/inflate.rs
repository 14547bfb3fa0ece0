//! DEFLATE (RFC 1951), and the coding `deflate`: the same in a zlib wrapper (RFC 1950), or bare, as many send it.

use miniz_oxide::DataFormat;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_COMPUTE_ADLER32, TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_IGNORE_ADLER32, TINFL_FLAG_PARSE_ZLIB_HEADER,
    TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use super::{Layer, Sink, Work};
use crate::wire::Unreadable;

/// The window of the format.
const WINDOW: usize = 1 << 15;

/// One DEFLATE stream after the other.
pub(super) struct Inflate {
    state: Box<DecompressorOxide>,
    /// What was decoded last, around and around.
    window: Vec<u8>,
    at: usize,
    flags: u32,
    /// What came since the last block began.
    given: usize,
    work: Work,
    ended: bool,
}

impl Inflate {
    pub(super) fn new(format: DataFormat) -> Self {
        let zlib = match format {
            DataFormat::Zlib => TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_COMPUTE_ADLER32,
            _ => TINFL_FLAG_IGNORE_ADLER32,
        };
        let flags = zlib | TINFL_FLAG_HAS_MORE_INPUT | TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY;
        let (state, window) = (Box::default(), vec![0; WINDOW]);
        Self { state, window, at: 0, flags, given: 0, work: Work::default(), ended: false }
    }

    /// Makes it ready for another stream.
    pub(super) fn reset(&mut self) {
        self.state.init();
        self.at = 0;
        self.ended = false;
    }

    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Takes of `bytes` what belongs to the stream; what is left stands behind its end.
    pub(super) fn push<'a>(&mut self, mut bytes: &'a [u8], sink: &mut Sink<'_>) -> Result<&'a [u8], Unreadable> {
        while !self.ended {
            let (status, taken, written) = decompress(&mut self.state, bytes, &mut self.window, self.at, self.flags);
            bytes = bytes.get(taken..).unwrap_or_default();
            let end = self.at.saturating_add(written);
            sink.extend(self.window.get(self.at..end).unwrap_or_default())?;
            self.at = if end < WINDOW { end } else { 0 };
            self.given = self.given.saturating_add(written);
            match status {
                TINFLStatus::NeedsMoreInput => break,
                TINFLStatus::HasMoreOutput => {}
                TINFLStatus::BlockBoundary | TINFLStatus::Done => {
                    self.work.piece(core::mem::take(&mut self.given))?;
                    self.ended = status == TINFLStatus::Done;
                }
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
