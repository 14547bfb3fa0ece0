//! What a stage is: a pure state machine of one exchange, and the part of the configuration that makes it.
//!
//! A stage gets bytes and gives opinions. It makes no call, reads no clock and draws no random number; whether an
//! opinion takes effect is decided in one place, [`crate::exchange::Exchange`].

use std::any::Any;

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
    /// Reads what all profiles share: its section of the document itself, if it has one. Gives the kind that then reads
    /// the profiles.
    fn shared(&self, document: &mut dyn Reader) -> Option<Box<dyn Kind>> {
        let _ = document;
        None
    }
    /// Reads its section. Called on an empty section when the document has none, so that defaults hold.
    fn read(&self, section: &mut dyn Reader) -> Box<dyn Settings>;
}

/// A stage's section of a profile, checked and compiled.
pub trait Settings: Send + Sync {
    /// Whether its verdicts take effect; [`Mode::Off`] keeps it from being opened.
    fn mode(&self) -> Mode;
    /// Whether its stages want the texts of answers. Where none does, answers pass untouched and unread.
    fn reads_answers(&self) -> bool {
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

    /// The next chunk of a text of the answer: appends to `out` what may go to the client by now. Called for stages
    /// that read answers, as often as there are chunks. In shadow mode what is appended goes nowhere.
    fn answer_text(&mut self, text: AnswerText, chunk: &str, out: &mut String) {
        let _ = text;
        out.push_str(chunk);
    }

    /// A text of the answer has ended: appends the rest of it. One of the same name may follow, and begins anew.
    fn answer_text_end(&mut self, text: AnswerText, out: &mut String) {
        let _ = (text, out);
    }

    /// Nothing more of the answer will come, whether it ended or broke off. What is held is dropped.
    fn answer_end(&mut self) -> Opinion {
        Opinion::default()
    }
}

/// A text of an answer: what the client puts together from its chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AnswerText {
    /// Tells it from the other texts of the answer.
    pub id: u32,
}
