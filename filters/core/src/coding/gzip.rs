//! The coding `gzip` (RFC 1952): one member or several, each with its checks.

use crc32fast::Hasher;
use miniz_oxide::DataFormat;

use super::inflate::Inflate;
use super::{Layer, Sink};
use crate::wire::Unreadable;

/// Longest header of a member: it may carry a name, a comment and more, which nobody sends with a body.
const MAX_HEADER: usize = 1024;

/// CRC-32 and length of what was decoded.
const TRAILER: usize = 8;

pub(super) struct Gzip {
    place: Place,
    /// The part of a header or trailer that is there.
    held: Vec<u8>,
    stream: Inflate,
    /// Of what the member has decoded to.
    sum: Hasher,
    /// As [`Self::sum`], in bytes, modulo 2^32.
    length: u32,
    /// Whether a member has ended.
    ended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Header,
    Stream,
    Trailer,
}

impl Gzip {
    pub(super) fn new() -> Self {
        let (stream, sum) = (Inflate::new(DataFormat::Raw), Hasher::new());
        Self { place: Place::Header, held: Vec::new(), stream, sum, length: 0, ended: false }
    }

    /// Moves bytes to what is held until that has `count`; gives what is left.
    fn hold<'a>(&mut self, bytes: &'a [u8], count: usize) -> &'a [u8] {
        let (taken, rest) = bytes.split_at(bytes.len().min(count.saturating_sub(self.held.len())));
        self.held.extend_from_slice(taken);
        rest
    }

    fn header<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Unreadable> {
        let before = self.held.len();
        self.hold(bytes, MAX_HEADER);
        match header_length(&self.held)? {
            Some(length) => {
                self.held.clear();
                self.stream.reset();
                self.sum.reset();
                self.length = 0;
                self.place = Place::Stream;
                Ok(bytes.get(length.saturating_sub(before)..).unwrap_or_default())
            }
            None if self.held.len() >= MAX_HEADER => Err(Unreadable::Coding),
            None => Ok(&[]),
        }
    }

    fn stream<'a>(&mut self, bytes: &'a [u8], sink: &mut Sink<'_>) -> Result<&'a [u8], Unreadable> {
        let before = sink.out.len();
        let rest = self.stream.push(bytes, sink)?;
        let decoded = sink.out.get(before..).unwrap_or_default();
        self.sum.update(decoded);
        #[allow(clippy::cast_possible_truncation, reason = "it is counted modulo 2^32")]
        let length = decoded.len() as u32;
        self.length = self.length.wrapping_add(length);
        if self.stream.ended() {
            self.place = Place::Trailer;
        }
        Ok(rest)
    }

    fn trailer<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Unreadable> {
        let rest = self.hold(bytes, TRAILER);
        if let &[a, b, c, d, e, f, g, h] = self.held.as_slice() {
            let (sum, length) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
            if sum != self.sum.clone().finalize() || length != self.length {
                return Err(Unreadable::Coding);
            }
            self.held.clear();
            self.place = Place::Header;
            self.ended = true;
        }
        Ok(rest)
    }
}

impl Layer for Gzip {
    fn push(&mut self, mut bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), Unreadable> {
        while !bytes.is_empty() {
            bytes = match self.place {
                Place::Header => self.header(bytes)?,
                Place::Stream => self.stream(bytes, sink)?,
                Place::Trailer => self.trailer(bytes)?,
            };
        }
        Ok(())
    }

    fn ended(&self) -> bool {
        self.ended && self.place == Place::Header && self.held.is_empty()
    }
}

/// The length of the header that `bytes` begin with; `None` when it is not whole.
///
/// # Errors
/// [`Unreadable::Coding`] for another magic, method or flag, and for a header that fails its own check.
fn header_length(bytes: &[u8]) -> Result<Option<usize>, Unreadable> {
    const FIXED: [u8; 3] = [0x1f, 0x8b, 8];
    const CHECK: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    const RESERVED: u8 = 0xe0;
    if bytes.iter().zip(FIXED).any(|(byte, fixed)| *byte != fixed) {
        return Err(Unreadable::Coding);
    }
    let Some(&flags) = bytes.get(3) else { return Ok(None) };
    if flags & RESERVED != 0 {
        return Err(Unreadable::Coding);
    }
    let mut at = 10_usize;
    if flags & EXTRA != 0 {
        let Some(length) = bytes.get(at..).and_then(<[u8]>::first_chunk::<2>) else { return Ok(None) };
        at = at.saturating_add(2).saturating_add(usize::from(u16::from_le_bytes(*length)));
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let Some(end) = bytes.get(at..).and_then(|rest| memchr::memchr(0, rest)) else { return Ok(None) };
            at = at.saturating_add(end).saturating_add(1);
        }
    }
    if flags & CHECK != 0 {
        let Some((checked, rest)) = bytes.split_at_checked(at) else { return Ok(None) };
        let Some(sum) = rest.first_chunk::<2>() else { return Ok(None) };
        let whole = crc32fast::hash(checked).to_le_bytes();
        if !whole.starts_with(sum) {
            return Err(Unreadable::Coding);
        }
        at = at.saturating_add(2);
    }
    Ok((bytes.len() >= at).then_some(at))
}
