//! What a stage is: a pure state machine of one exchange, and the part of the configuration that makes it.
//!
//! A stage gets bytes and gives opinions. It makes no call, reads no clock and draws no random number; whether an
//! opinion takes effect is decided in one place, [`crate::exchange::Exchange`].

use crate::config::Reader;
use crate::head::Head;
use crate::verdict::{Mode, Opinion};
use crate::wire::Prompt;

/// A kind of stage: what a module lists.
pub trait Kind: Sync {
    /// Its section in a profile.
    fn key(&self) -> &'static str;
    /// What it does, in one sentence, for the schema.
    fn doc(&self) -> &'static str;
    /// Reads its section. Called on an empty section when the document has none, so that defaults hold.
    fn read(&self, section: &mut dyn Reader) -> Box<dyn Settings>;
}

/// A stage's section of a profile, checked and compiled.
pub trait Settings: Send + Sync {
    /// Whether its verdicts take effect; [`Mode::Off`] keeps it from being opened.
    fn mode(&self) -> Mode;
    /// A stage for one exchange.
    fn open(&self) -> Box<dyn Stage>;
}

/// A request whose body is whole and was read.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Its head.
    pub head: &'a Head,
    /// Its body, byte for byte as it arrived.
    pub body: &'a [u8],
    /// What was read from the body.
    pub prompt: &'a Prompt,
}

/// One stage of one exchange. Each method is called at most once, in the order given here.
pub trait Stage {
    /// The head of the request is here; nothing was forwarded.
    fn request_head(&mut self, head: &Head) -> Opinion {
        let _ = head;
        Opinion::default()
    }

    /// The body is whole and was read. Not called for requests without a body, or with one that cannot be read.
    fn request(&mut self, request: Request<'_>) -> Opinion {
        let _ = request;
        Opinion::default()
    }
}
