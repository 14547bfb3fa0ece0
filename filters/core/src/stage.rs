//! What a stage is: a pure state machine of one exchange, and the part of the configuration that makes it.
//!
//! A stage gets bytes and gives opinions. It makes no call, reads no clock and draws no random number: the time and
//! what is shared with other exchanges are arguments, [`World`]. Whether an opinion takes effect is decided in one
//! place, [`crate::exchange::Exchange`].

use std::any::Any;

use crate::answer::{Editor, Usage};
use crate::call::{Answered, CallFailure};
use crate::config::Reader;
use crate::exchange::ReadAnswers;
use crate::head::Head;
use crate::store::World;
use crate::telemetry::Cause;
use crate::verdict::{Mode, Opinion};
use crate::wire::Prompt;

/// A kind of stage: what a module lists.
pub trait Kind: Sync {
    /// Its section in a profile.
    fn key(&self) -> &'static str;
    /// What it does, in one sentence, for the schema.
    fn doc(&self) -> &'static str;
    /// Reads what all profiles share: its section of the document itself, if it has one. Gives the kind that then reads
    /// the profiles.
    fn shared(&self, document: &mut dyn Reader) -> Option<Box<dyn Kind>> {
        let _ = document;
        None
    }
    /// Reads its section. Called on an empty section when the document has none, so that defaults hold.
    fn read(&self, section: &mut dyn Reader) -> Box<dyn Settings>;
    /// Whether it runs in profiles that do not name it. One that is alone in its module always does.
    fn by_default(&self) -> bool {
        true
    }
}

/// A stage's section of a profile, checked and compiled.
pub trait Settings: Send + Sync {
    /// Whether its verdicts take effect; [`Mode::Off`] keeps it from being opened.
    fn mode(&self) -> Mode;
    /// How its stages read answers, if they do: [`ReadAnswers::TEXTS`]. Where none does, answers pass untouched and unread.
    fn reads_answers(&self) -> Option<ReadAnswers> {
        None
    }
    /// Whether its stages ask for the body of a request. Where none does, a request is decided by its head, and its body
    /// passes unread.
    fn reads_requests(&self) -> bool {
        true
    }
    /// Whether its stages may change answers that they read. Where none may, answers pass as they are, byte for byte,
    /// and are read on the way.
    fn edits_answers(&self) -> bool {
        true
    }
    /// Whether its stages may change requests. The upstream then gets bodies in chunks, without a length.
    fn edits_requests(&self) -> bool {
        false
    }
    /// Whether its stages want a random word of the exchange: [`Stage::nonce`].
    fn wants_nonce(&self) -> bool {
        false
    }
    /// Whether its stages cannot do without the key of the configuration: [`Stage::key`].
    fn wants_key(&self) -> bool {
        false
    }
    /// A stage for one exchange.
    fn open(&self) -> Box<dyn Stage>;
    /// Itself, for who knows its type and wants to show what is in it.
    fn as_any(&self) -> Option<&dyn Any> {
        None
    }
}

/// A request whose body is whole and was read.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Its head.
    pub head: &'a Head,
    /// Its body, byte for byte as it arrived but for its content codings, which are undone, and for a URL-encoded form,
    /// of which the decoded names and values stand here.
    pub body: &'a [u8],
    /// What was read from the body.
    pub prompt: &'a Prompt,
    /// The time, and what is shared.
    pub world: World<'a>,
}

/// How an exchange ended.
#[derive(Clone, Copy)]
pub struct Ended<'a> {
    /// The status that the client got; 0 when it left before there was one.
    pub status: u16,
    /// Whether the request went to the upstream; not when it was refused.
    pub forwarded: bool,
    /// Whether the upstream's answer was refused, and ours took its place.
    pub replaced: bool,
    /// Whether the answer came to its end, and was let go and, where it is read, read to it.
    pub complete: bool,
    /// What the answer said of its cost, if it was read.
    pub usage: Usage,
    /// The time, and what is shared.
    pub world: World<'a>,
}

/// One stage of one exchange. Each method is called at most once, in the order given here, but for [`Stage::answered`].
pub trait Stage {
    /// The key of the configuration, if there is one and the settings want it.
    fn key(&mut self, key: &[u8]) {
        let _ = key;
    }

    /// A random word of this exchange, if the settings want one and the host can draw it.
    fn nonce(&mut self, nonce: [u8; 8]) {
        let _ = nonce;
    }

    /// The head of the request is here; nothing was forwarded.
    fn request_head(&mut self, head: &Head, world: World<'_>) -> Opinion {
        let _ = (head, world);
        Opinion::default()
    }

    /// The body is whole and was read. Not called for requests without a body, or with one that cannot be read.
    fn request(&mut self, request: Request<'_>) -> Opinion {
        let _ = request;
        Opinion::default()
    }

    /// The request has no body, or one of `bytes` that will not be read and goes on all the same. In place of
    /// [`Stage::request`].
    fn unread(&mut self, head: &Head, bytes: u64, world: World<'_>) -> Opinion {
        let _ = (head, bytes, world);
        Opinion::default()
    }

    /// Whether it asked the upstream for a report of the cost that the client did not ask for, and that must not reach it.
    /// Answered before the answer is read, by stages that edit answers.
    fn drops_usage(&self) -> bool {
        false
    }

    /// A call that it asked for came back: once for each call, between its opinion and the next method. Not called for
    /// calls that nobody waits for any more: the request was refused, or the client left.
    ///
    /// It may ask again. A stage that has no other answer to a failure could not do its work.
    fn answered(&mut self, tag: u32, answer: Result<Answered, CallFailure>, world: World<'_>) -> Opinion {
        let _ = (tag, world);
        let failed = answer.is_err_and(|why| why != CallFailure::Offline);
        Opinion { failed, cause: Cause::Call, ..Opinion::default() }
    }

    /// What reads the texts of the answer, and edits them; for stages that read answers. In shadow mode what it writes
    /// goes nowhere.
    fn editor(&mut self) -> Option<&mut dyn Editor> {
        None
    }

    /// Nothing more of the answer will come, whether it ended or broke off. What is held is dropped.
    fn answer_end(&mut self) -> Opinion {
        Opinion::default()
    }

    /// The exchange is over, whatever ended it.
    fn ended(&mut self, end: Ended<'_>) {
        let _ = end;
    }
}
