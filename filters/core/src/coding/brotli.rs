//! The coding `br` (RFC 7932).

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::{Layer, Sink};
use crate::wire::Unreadable;

type State = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

/// One stream. Its window, at most 16 MiB by the format, is made as large as what has been decoded asks for.
pub(super) struct Brotli {
    state: Box<State>,
    ended: bool,
}

impl Brotli {
    pub(super) fn new() -> Self {
        let alloc = StandardAlloc::default;
        // Strict: no windows above the 16 MiB of the RFC.
        Self { state: Box::new(BrotliState::new_strict(alloc(), alloc(), alloc())), ended: false }
    }
}

impl Layer for Brotli {
    fn push(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), Unreadable> {
        if self.ended {
            return if bytes.is_empty() { Ok(()) } else { Err(Unreadable::Coding) };
        }
        let (mut left, mut at) = (bytes.len(), 0);
        loop {
            let result = sink.fill(|out| {
                let (mut room, mut written, mut total) = (out.len(), 0, 0);
                let state = &mut self.state;
                let result =
                    BrotliDecompressStream(&mut left, &mut at, bytes, &mut room, &mut written, out, &mut total, state);
                (written, result)
            })?;
            match result {
                BrotliResult::NeedsMoreOutput => {}
                BrotliResult::NeedsMoreInput => return Ok(()),
                BrotliResult::ResultSuccess => {
                    self.ended = true;
                    return if left == 0 { Ok(()) } else { Err(Unreadable::Coding) };
                }
                BrotliResult::ResultFailure => return Err(Unreadable::Coding),
            }
        }
    }

    fn ended(&self) -> bool {
        self.ended
    }
}
