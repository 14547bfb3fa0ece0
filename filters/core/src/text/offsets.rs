//! The way back from offsets of a text that was derived to those of the text it came from.

/// Maps offsets of a derived text to offsets of its origin, as runs in which both advance together.
///
/// Monotone: a later offset never maps before an earlier one, and none maps past the end of the origin.
#[derive(Clone, Debug, Default)]
pub struct OffsetMap {
    /// Where each run begins: in the derived text and in the origin, both ascending.
    runs: Vec<(u32, u32)>,
    /// Lengths of the derived text and of the origin.
    ends: (u32, u32),
}

impl OffsetMap {
    /// Forgets everything, and keeps the memory.
    pub fn clear(&mut self) {
        self.runs.clear();
        self.ends = (0, 0);
    }

    /// From `derived` on, the derived text comes from `origin` on. Both never go back.
    pub fn run(&mut self, derived: usize, origin: usize) {
        let (derived, origin) = (narrow(derived), narrow(origin));
        match self.runs.last_mut() {
            Some(last) if last.0 == derived => last.1 = origin,
            _ => self.runs.push((derived, origin)),
        }
    }

    /// Both texts end here.
    pub fn end(&mut self, derived: usize, origin: usize) {
        self.ends = (narrow(derived), narrow(origin));
    }

    /// The offset in the origin that `derived` comes from; the end of the origin for what lies at or past the end.
    pub fn origin(&self, derived: usize) -> usize {
        let derived = narrow(derived);
        if derived >= self.ends.0 {
            return self.ends.1 as usize;
        }
        let next = self.runs.partition_point(|run| run.0 <= derived);
        let limit = self.runs.get(next).map_or(self.ends.1, |run| run.1);
        let Some((start, origin)) = next.checked_sub(1).and_then(|i| self.runs.get(i)) else { return 0 };
        origin.saturating_add(derived.saturating_sub(*start)).min(limit) as usize
    }
}

/// Texts are capped far below 4 GiB; what is longer maps to the end.
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
