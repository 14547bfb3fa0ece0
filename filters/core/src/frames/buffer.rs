//! Bytes that have arrived and are in no unit yet.

/// A queue of bytes with a mark of how far it was looked through.
#[derive(Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    /// Bytes after `start` that need not be looked at again.
    seen: usize,
}

impl Buffer {
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// All that is here.
    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// How much of [`Self::rest`] was looked at before.
    pub(super) fn seen(&self) -> usize {
        self.seen
    }

    /// Says that the first `bytes` need not be looked at again.
    pub(super) fn see(&mut self, bytes: usize) {
        self.seen = bytes;
    }

    /// Takes the first `length` bytes out.
    pub(super) fn take(&mut self, length: usize) -> Vec<u8> {
        let taken = self.rest().get(..length).unwrap_or(self.rest()).to_vec();
        self.start = self.start.saturating_add(taken.len());
        self.seen = 0;
        taken
    }

    pub(super) fn take_all(&mut self) -> Vec<u8> {
        self.take(usize::MAX)
    }

    /// Puts bytes back that were taken last.
    pub(super) fn put_back(&mut self, bytes: &[u8]) {
        let mut all = bytes.to_vec();
        all.extend_from_slice(self.rest());
        *self = Self { bytes: all, start: 0, seen: 0 };
    }
}

// Content stays out of every log.
impl core::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Buffer").field("bytes", &self.rest().len()).finish()
    }
}
