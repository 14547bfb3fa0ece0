//! Content codings of HTTP (RFC 9110 §8.4.1), undone as bytes arrive and within a cap.
//!
//! ```
//! use portcullis_core::coding::Decoder;
//!
//! let wire = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xcb, 0xc8, 4, 0, 0xac, 0x2a, 0x93, 0xd8, 2, 0, 0, 0];
//! let mut decoder = Decoder::open([&b"gzip"[..]], 1 << 20).unwrap();
//! let mut out = Vec::new();
//! for byte in wire {
//!     decoder.push(&[byte], &mut out).unwrap();
//! }
//! decoder.finish().unwrap();
//! assert_eq!(out, b"hi");
//! ```
//!
//! What is decoded is what every decoder reads, or it is an error: a stream ends where its own marks say, its checks
//! hold, and nothing stands behind it. What follows in a further gzip member or zstd frame is read on (RFC 1952 §2.2, RFC
//! 8878 §3.1). Decoders that stop at the first read a beginning of it; of a JSON object that is no JSON.

mod body;
mod brotli;
mod gzip;
mod inflate;
mod zstd;

#[cfg(test)]
mod tests;

use crate::wire::Unreadable;

pub use body::{check, decode};

/// The most codings that one body may have on top of each other.
pub const MAX_LAYERS: usize = 2;

/// Undoes the codings of one body.
///
/// Memory: what [`Self::push`] appends, and by layer at most 48 KiB (gzip, deflate), 17 MiB (br) or 9 MiB (zstd), which
/// grow with what was decoded and not with what a head claims. Time is linear in the bytes that come in and go out, and
/// what is made beside them, tables above all, has a cap that grows with the text: see `Work`.
pub struct Decoder {
    /// The one that was applied last comes first. Empty for `identity`.
    layers: Vec<Box<dyn Layer>>,
    /// What stands between two layers; empty between calls.
    between: Vec<u8>,
    cap: usize,
    begun: bool,
    failed: Option<Unreadable>,
}

impl Decoder {
    /// A decoder for a body with these `content-encoding` fields, in their order: `gzip`, `deflate`, `br`, `zstd`,
    /// `x-gzip` and `identity` in any case, in lists or one by one. None at all is `identity`.
    ///
    /// `cap` is the most bytes that the buffer of [`Self::push`] may hold, and a layer's output of one push.
    ///
    /// # Errors
    /// [`Unreadable::Compressed`] for any other coding and for more than [`MAX_LAYERS`].
    pub fn open<'a>(fields: impl IntoIterator<Item = &'a [u8]>, cap: usize) -> Result<Self, Unreadable> {
        let mut layers: Vec<Box<dyn Layer>> = Vec::new();
        let names = fields.into_iter().flat_map(|field| field.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii);
        for name in names.filter(|name| !name.is_empty()) {
            let layer: Box<dyn Layer> = match name.to_ascii_lowercase().as_slice() {
                b"identity" => continue,
                b"gzip" | b"x-gzip" => Box::new(gzip::Gzip::new()),
                b"deflate" => Box::new(inflate::Deflate::new()),
                b"br" => Box::new(brotli::Brotli::new()),
                b"zstd" => Box::new(zstd::Zstd::new()),
                _ => return Err(Unreadable::Compressed),
            };
            if layers.len() == MAX_LAYERS {
                return Err(Unreadable::Compressed);
            }
            layers.insert(0, layer);
        }
        Ok(Self { layers, between: Vec::new(), cap, begun: false, failed: None })
    }

    /// Whether there is nothing to undo: bytes come out as they go in.
    pub fn is_identity(&self) -> bool {
        self.layers.is_empty()
    }

    /// Takes the next bytes of the body, in any cut, and appends to `out` what they decode to. gzip, deflate and br hold
    /// nothing back that can be decoded; zstd gives a frame's last window, at most 8 MiB, only when the frame ends.
    ///
    /// What stands in `out` counts against the cap. Who takes it out between two pushes can read a body of any length;
    /// who does not has a cap on the whole.
    ///
    /// # Errors
    /// [`Unreadable::Size`] when `out` would grow beyond the cap, however small the input; [`Unreadable::Coding`] for what
    /// is not in the coding, fails its check, or stands behind the end; [`Unreadable::Compressed`] for a window above 8 MiB
    /// or a dictionary (zstd); [`Unreadable::Complexity`] for a stream in more pieces than its text is worth. `out` then holds a beginning that must not be taken for the body. Every later call gives
    /// the same error.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
        if let Some(why) = self.failed {
            return Err(why);
        }
        self.begun |= !bytes.is_empty();
        let result = self.through(bytes, out);
        self.failed = result.err();
        result
    }

    /// Says that the body is at its end. A body without a byte is none, and well.
    ///
    /// # Errors
    /// [`Unreadable::Coding`] when it is cut short, or what [`Self::push`] said.
    pub fn finish(&self) -> Result<(), Unreadable> {
        match self.failed {
            Some(why) => Err(why),
            None if !self.begun || self.layers.iter().all(|layer| layer.ended()) => Ok(()),
            None => Err(Unreadable::Coding),
        }
    }

    fn through(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let cap = self.cap;
        match self.layers.as_mut_slice() {
            [] => {
                if bytes.len() > cap.saturating_sub(out.len()) {
                    return Err(Unreadable::Size);
                }
                out.extend_from_slice(bytes);
                Ok(())
            }
            [only] => only.push(bytes, &mut Sink { out, cap }),
            [outer, inner, ..] => {
                let between = &mut self.between;
                // Piece by piece, so that a bomb in a bomb is stopped by what it has become, not by what it is.
                for piece in bytes.chunks(PIECE) {
                    outer.push(piece, &mut Sink { out: between, cap })?;
                    inner.push(between, &mut Sink { out, cap })?;
                    between.clear();
                }
                Ok(())
            }
        }
    }
}

/// Bytes that go through two layers at once.
const PIECE: usize = 16_384;

/// One coding of a body.
trait Layer {
    /// Decodes `bytes`; all of them are taken, or it fails.
    fn push(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), Unreadable>;
    /// Whether the body may end here.
    fn ended(&self) -> bool;
}

/// Where a layer writes.
struct Sink<'a> {
    out: &'a mut Vec<u8>,
    cap: usize,
}

/// Bytes that are made room for at once.
const STEP: usize = 16_384;

impl Sink<'_> {
    /// Appends `bytes`.
    ///
    /// # Errors
    /// [`Unreadable::Size`] when that is more than the cap leaves.
    fn extend(&mut self, bytes: &[u8]) -> Result<(), Unreadable> {
        let fits = bytes.split_at_checked(self.cap.saturating_sub(self.out.len())).map_or(bytes, |(fits, _)| fits);
        self.out.extend_from_slice(fits);
        if fits.len() < bytes.len() { Err(Unreadable::Size) } else { Ok(()) }
    }

    /// Lets `write` fill a slice of one byte at least and say with its first value how much of it it filled.
    ///
    /// # Errors
    /// [`Unreadable::Size`] when that is more than the cap leaves.
    fn fill<T>(&mut self, write: impl FnOnce(&mut [u8]) -> (usize, T)) -> Result<T, Unreadable> {
        let held = self.out.len();
        // One byte more than is left: only what writes it is too much, not what ends right there.
        let room = self.cap.saturating_sub(held).saturating_add(1).min(STEP);
        self.out.resize(held.saturating_add(room), 0);
        let (written, value) = write(self.out.get_mut(held..).unwrap_or_default());
        let end = held.saturating_add(written.min(room));
        self.out.truncate(end.min(self.cap.max(held)));
        if end > self.out.len() { Err(Unreadable::Size) } else { Ok(value) }
    }
}

/// What a stream asks for beside its bytes: a block of DEFLATE takes 10 bits and has tables made that take microseconds.
#[derive(Default)]
struct Work {
    pieces: u64,
    given: u64,
}

impl Work {
    /// Pieces that any stream may be in.
    const FREE: u64 = 8192;
    /// Bytes of text that a further piece must give on average. A flush behind each event of a stream makes two pieces.
    const WORTH: u64 = 32;

    /// Counts a piece (a block, a frame, a member) of a stream that has given so many bytes more.
    ///
    /// # Errors
    /// [`Unreadable::Complexity`] when there are too many for what they gave.
    fn piece(&mut self, given: usize) -> Result<(), Unreadable> {
        self.pieces = self.pieces.saturating_add(1);
        self.given = self.given.saturating_add(u64::try_from(given).unwrap_or(u64::MAX));
        let worth = self.given.checked_div(Self::WORTH).unwrap_or_default();
        if self.pieces > worth.saturating_add(Self::FREE) { Err(Unreadable::Complexity) } else { Ok(()) }
    }
}
