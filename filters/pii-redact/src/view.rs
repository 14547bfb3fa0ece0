//! The part of a text that is at hand, read through an accessor that tells "no such byte" from "not here yet".

/// The answer depends on bytes that have not arrived.
///
/// Every detector passes it on. So a detector that answers has read only bytes it was given, and would answer the same
/// with more of them: the findings cannot depend on how a text is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct More;

/// The sum of a position and a length.
pub(crate) const fn up(position: usize, by: usize) -> usize {
    position.saturating_add(by)
}

/// A position before another one.
pub(crate) const fn down(position: usize, by: usize) -> usize {
    position.saturating_sub(by)
}

/// A stretch of a text; positions count bytes from the start of the text, not of the stretch.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    bytes: &'a [u8],
    base: usize,
    closed: bool,
}

impl<'a> View<'a> {
    /// The whole of a text.
    pub(crate) const fn whole(bytes: &'a [u8]) -> Self {
        Self { bytes, base: 0, closed: true }
    }

    /// The stretch that begins at position `base`; `closed` when the text ends with it.
    pub(crate) const fn part(bytes: &'a [u8], base: usize, closed: bool) -> Self {
        Self { bytes, base, closed }
    }

    /// The byte at a position, `None` past the end of the text.
    #[inline]
    pub(crate) fn at(&self, position: usize) -> Result<Option<u8>, More> {
        match self.bytes.get(down(position, self.base)) {
            Some(&byte) => Ok(Some(byte)),
            None if self.closed => Ok(None),
            None => Err(More),
        }
    }

    /// The byte before a position, `None` at the start of the text.
    #[inline]
    pub(crate) fn before(&self, position: usize) -> Option<u8> {
        let index = position.checked_sub(self.base)?.checked_sub(1)?;
        self.bytes.get(index).copied()
    }

    /// What is at hand between two positions, less when they lie outside.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a [u8] {
        let (start, end) = (down(start, self.base), down(end, self.base).min(self.bytes.len()));
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// All that is at hand from a position on.
    #[inline]
    pub(crate) fn tail(&self, position: usize) -> &'a [u8] {
        self.bytes.get(down(position, self.base)..).unwrap_or_default()
    }

    /// One past the last byte at hand.
    pub(crate) const fn end(&self) -> usize {
        up(self.base, self.bytes.len())
    }

    /// Whether the text ends with this stretch.
    pub(crate) const fn closed(&self) -> bool {
        self.closed
    }

    /// Whether `word` stands at a position. Asks for more only while all that is at hand agrees.
    pub(crate) fn stands(&self, position: usize, word: &[u8]) -> Result<bool, More> {
        for (offset, &byte) in word.iter().enumerate() {
            if self.at(up(position, offset))? != Some(byte) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// As [`View::stands`], for a `word` in ASCII lower case, whatever the case of the text.
    pub(crate) fn stands_caseless(&self, position: usize, word: &[u8]) -> Result<bool, More> {
        for (offset, &byte) in word.iter().enumerate() {
            if self.at(up(position, offset))?.map(|b| b.to_ascii_lowercase()) != Some(byte) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The end of the run of bytes in `class` from a position on; at most `cap` bytes of it.
    pub(crate) fn run(&self, position: usize, cap: usize, class: impl Fn(u8) -> bool) -> Result<usize, More> {
        let limit = up(position, cap);
        let mut at = position;
        while at < limit {
            match self.at(at)? {
                Some(byte) if class(byte) => at = up(at, 1),
                _ => break,
            }
        }
        Ok(at)
    }
}

/// Letters, digits and `_` of ASCII: what may not stand beside a finding.
#[inline]
pub(crate) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::{More, View};

    #[test]
    fn the_end_of_an_open_stretch_is_not_the_end_of_the_text() {
        let open = View::part(b"abc", 7, false);
        assert_eq!(open.at(9), Ok(Some(b'c')));
        assert_eq!(open.at(10), Err(More));
        assert_eq!(View::part(b"abc", 7, true).at(10), Ok(None));
        assert_eq!(open.before(8), Some(b'a'));
        assert_eq!(open.before(7), None);
    }

    #[test]
    fn a_word_that_cannot_stand_there_is_known_before_its_end() {
        let open = View::part(b"gx", 0, false);
        assert_eq!(open.stands(0, b"ghp_"), Ok(false));
        assert_eq!(View::part(b"gh", 0, false).stands(0, b"ghp_"), Err(More));
    }

    #[test]
    fn a_run_stops_at_its_cap_without_asking_for_more() {
        let open = View::part(b"1234", 0, false);
        assert_eq!(open.run(0, 3, |b| b.is_ascii_digit()), Ok(3));
        assert_eq!(open.run(0, 9, |b| b.is_ascii_digit()), Err(More));
    }
}
