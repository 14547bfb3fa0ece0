//! The coding `zstd` (RFC 8878, RFC 9659): one frame or several, without dictionaries.

use std::io::Read as _;

use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::{Layer, Sink, Work};
use crate::wire::Unreadable;

/// Largest window (RFC 9659 §3: a content coding does not exceed 8 MB).
const MAX_WINDOW: u64 = 8 << 20;

/// Magic number of a frame, little-endian (RFC 8878 §3.1.1).
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

pub(super) struct Zstd {
    decoder: FrameDecoder,
    place: Place,
    /// The part of a header or block that is there.
    held: Vec<u8>,
    /// What the frame says of itself.
    frame: Frame,
    work: Work,
    /// Whether a frame has ended.
    ended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Header,
    Block,
}

#[derive(Clone, Copy, Default)]
struct Frame {
    checked: bool,
    size: Option<u64>,
    given: u64,
}

impl Zstd {
    pub(super) fn new() -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW);
        Self {
            decoder,
            place: Place::Header,
            held: Vec::new(),
            frame: Frame::default(),
            work: Work::default(),
            ended: false,
        }
    }

    /// A whole header.
    fn header(&mut self, header: &[u8]) -> Result<(), Unreadable> {
        use FrameDecoderError::{DictNotProvided, FrameHeaderError, WindowSizeTooBig};
        self.decoder.reset(header).map_err(|error| match error {
            WindowSizeTooBig { .. } | FrameHeaderError(_) | DictNotProvided { .. } => Unreadable::Compressed,
            _ => Unreadable::Coding,
        })?;
        let descriptor = header.get(MAGIC.len()).copied().unwrap_or_default();
        let size = (content_size_length(descriptor) > 0).then(|| self.decoder.content_size());
        self.frame = Frame { checked: descriptor & CHECKSUM != 0, size, given: 0 };
        self.place = Place::Block;
        Ok(())
    }

    /// A whole block, with the frame's checksum if it is the last.
    fn block(&mut self, block: &[u8], sink: &mut Sink<'_>) -> Result<(), Unreadable> {
        let ends = self.decoder.decode_blocks(block, BlockDecodingStrategy::UptoBlocks(1));
        let ends = ends.map_err(|_| Unreadable::Coding)?;
        let before = self.frame.given;
        while self.decoder.can_collect() > 0 {
            let read = sink.fill(|out| {
                let read = self.decoder.read(out).unwrap_or(0);
                (read, read)
            })?;
            self.frame.given = self.frame.given.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
            if read == 0 {
                return Err(Unreadable::Coding);
            }
        }
        self.work.piece(usize::try_from(self.frame.given.saturating_sub(before)).unwrap_or(usize::MAX))?;
        if ends {
            let (said, found) = (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum());
            if said.is_some() && said != found || self.frame.size.is_some_and(|size| size != self.frame.given) {
                return Err(Unreadable::Coding);
            }
            self.place = Place::Header;
            self.ended = true;
        }
        Ok(())
    }

    fn take(&mut self, whole: &[u8], sink: &mut Sink<'_>) -> Result<(), Unreadable> {
        match self.place {
            Place::Header => self.header(whole),
            Place::Block => self.block(whole, sink),
        }
    }

    /// The length of the header or block that `bytes` begin with; `None` when they are too few to tell.
    fn length(&self, bytes: &[u8]) -> Result<Option<usize>, Unreadable> {
        match self.place {
            Place::Header => header_length(bytes),
            Place::Block => block_length(bytes, self.frame.checked),
        }
    }
}

impl Layer for Zstd {
    fn push(&mut self, mut bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), Unreadable> {
        while !bytes.is_empty() {
            if self.held.is_empty() {
                // Straight from the input where the whole of it is there.
                let length = self.length(bytes)?;
                let Some((whole, rest)) = length.and_then(|length| bytes.split_at_checked(length)) else {
                    self.held.extend_from_slice(bytes);
                    return Ok(());
                };
                self.take(whole, sink)?;
                bytes = rest;
                continue;
            }
            let held = self.held.len();
            // A byte more tells the length, or the next one does.
            let length = self.length(&self.held)?.unwrap_or(held.saturating_add(1));
            let (more, rest) = bytes.split_at(bytes.len().min(length.saturating_sub(held)));
            self.held.extend_from_slice(more);
            bytes = rest;
            if self.length(&self.held)?.is_some_and(|length| length == self.held.len()) {
                let held = core::mem::take(&mut self.held);
                self.take(&held, sink)?;
            }
        }
        Ok(())
    }

    fn ended(&self) -> bool {
        self.ended && self.place == Place::Header && self.held.is_empty()
    }
}

/// Bit of a frame's descriptor: a checksum stands behind the last block.
const CHECKSUM: u8 = 4;

/// Bit of a frame's descriptor: no window is given, the content is its own.
const SINGLE_SEGMENT: u8 = 0x20;

/// The length of the frame header that `bytes` begin with (RFC 8878 §3.1.1.1); `None` when they are too few to tell.
///
/// # Errors
/// [`Unreadable::Coding`] for another magic number. Skippable frames are among them: no compressor writes one.
fn header_length(bytes: &[u8]) -> Result<Option<usize>, Unreadable> {
    if bytes.iter().zip(MAGIC).any(|(byte, magic)| *byte != magic) {
        return Err(Unreadable::Coding);
    }
    let Some(&descriptor) = bytes.get(MAGIC.len()) else { return Ok(None) };
    let window = usize::from(descriptor & SINGLE_SEGMENT == 0);
    let dictionary = match descriptor & 3 {
        3 => 4,
        length => usize::from(length),
    };
    let size = content_size_length(descriptor);
    Ok(Some(MAGIC.len().saturating_add(1).saturating_add(window).saturating_add(dictionary).saturating_add(size)))
}

/// Bytes in which a frame says how long its content is; 0 when it does not.
const fn content_size_length(descriptor: u8) -> usize {
    match descriptor >> 6 {
        0 if descriptor & SINGLE_SEGMENT != 0 => 1,
        0 => 0,
        1 => 2,
        2 => 4,
        _ => 8,
    }
}

/// The length of the block that `bytes` begin with (RFC 8878 §3.1.1.2), with the checksum behind a last one that is
/// `checked`; `None` when they are too few to tell. A size above the format's 128 KiB is refused before it is waited for.
fn block_length(bytes: &[u8], checked: bool) -> Result<Option<usize>, Unreadable> {
    const HEADER: usize = 3;
    const MAX_BLOCK: usize = 128 << 10;
    let Some(&[first, second, third]) = bytes.first_chunk::<HEADER>() else { return Ok(None) };
    let header = u32::from_le_bytes([first, second, third, 0]);
    let size = usize::try_from(header >> 3).unwrap_or(usize::MAX);
    let content = match (header >> 1) & 3 {
        1 => 1,
        _ if size > MAX_BLOCK => return Err(Unreadable::Coding),
        _ => size,
    };
    let checksum = if checked && header & 1 == 1 { 4 } else { 0 };
    Ok(Some(HEADER.saturating_add(content).saturating_add(checksum)))
}
