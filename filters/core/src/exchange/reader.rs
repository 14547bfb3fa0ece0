//! The body of an answer: its coding undone, its texts through the stages that read them, bytes out.

use super::Running;
use crate::answer::{self, Answer, Channel, Editor, Flow, Limits, Usage, Why};
use crate::coding::Decoder;
use crate::head::Head;
use crate::verdict::Mode;
use crate::wire::Unreadable;

/// Encoded bytes that are decoded at once: deflate makes at most 1032 times as many of them, which must not exceed
/// [`DECODED`].
const PIECE: usize = 8192;

/// Decoded bytes of one piece: the last window of a zstd frame comes at once.
const DECODED: usize = 16 << 20;

/// What reads an answer. Only a module with a stage that reads answers holds the code behind it: see [`ReadAnswers`].
pub(super) trait Read {
    /// Takes the next part of the body and appends what may go to the client.
    ///
    /// # Errors
    /// When the body cannot be read on. What was appended may go all the same.
    fn advance(&mut self, part: &[u8], ends: bool, stages: &mut [Running], out: &mut Vec<u8>)
    -> Result<(), Unreadable>;

    /// Lets go as it is what has arrived and could not be read on: no stage sees what follows.
    fn pass(&mut self, stages: &mut [Running], out: &mut Vec<u8>);

    /// Keeps from the client what says nothing but the cost: see [`Answer::drop_usage`].
    fn drop_usage(&mut self);

    /// What the answer has said by now of its cost.
    fn usage(&self) -> Usage;

    /// Whether a stage has ended the answer before its end.
    fn stopped(&self) -> bool;

    /// Whether bytes of the answer have arrived that have not gone out.
    fn holds(&self) -> bool;

    /// Whether the client gets other bytes than those that arrive, even where no stage changes anything.
    fn decodes(&self) -> bool;
}

type Open = fn(&Head, Limits) -> Result<Box<dyn Read>, Unreadable>;

/// The way to read answers, which a stage hands to the exchange: a module without such a stage is smaller by it.
#[derive(Clone, Copy)]
pub struct ReadAnswers(pub(super) Open);

impl ReadAnswers {
    /// Frames, dialects and codings of answers.
    pub const TEXTS: Self = Self(Reader::open);
}

/// Reads one answer.
struct Reader {
    decoder: Decoder,
    answer: Answer,
    stopped: bool,
}

impl Reader {
    /// Of the answer with this head.
    ///
    /// # Errors
    /// When its coding or its type is not known.
    fn open(head: &Head, limits: Limits) -> Result<Box<dyn Read>, Unreadable> {
        if head.is_respelled("content-encoding") {
            return Err(Unreadable::Coding);
        }
        let decoder = Decoder::open(head.all("content-encoding"), DECODED)?;
        let mut types = head.all("content-type");
        let content_type = types.next();
        if types.next().is_some() {
            return Err(Unreadable::Format);
        }
        let answer = Answer::open(&answer::Head { content_type, content_encoding: None }, limits)?;
        Ok(Box::new(Self { decoder, answer, stopped: false }))
    }
}

impl Read for Reader {
    fn advance(
        &mut self,
        part: &[u8],
        ends: bool,
        stages: &mut [Running],
        out: &mut Vec<u8>,
    ) -> Result<(), Unreadable> {
        let Self { decoder, answer, stopped } = self;
        let mut chain = Chain { stages, why: Why::Content, stopped };
        if decoder.is_identity() {
            if !part.is_empty() {
                answer.push(part, &mut chain, out)?;
            }
        } else {
            let mut decoded = Vec::new();
            for piece in part.chunks(PIECE) {
                decoder.push(piece, &mut decoded)?;
                answer.push(&decoded, &mut chain, out)?;
                decoded.clear();
            }
        }
        if ends {
            decoder.finish()?;
            answer.finish(&mut chain, out)?;
        }
        Ok(())
    }

    fn pass(&mut self, stages: &mut [Running], out: &mut Vec<u8>) {
        let Self { answer, stopped, .. } = self;
        answer.pass(&mut Chain { stages, why: Why::Content, stopped }, out);
    }

    fn drop_usage(&mut self) {
        self.answer.drop_usage();
    }

    fn usage(&self) -> Usage {
        self.answer.usage()
    }

    fn stopped(&self) -> bool {
        self.stopped
    }

    fn holds(&self) -> bool {
        self.answer.held_bytes() > 0
    }

    fn decodes(&self) -> bool {
        !self.decoder.is_identity()
    }
}

/// The stages that read answers, in the order of the module: each reads what the one before it lets through, and those
/// that do not act let through what they read.
struct Chain<'a> {
    stages: &'a mut [Running],
    why: Why,
    stopped: &'a mut bool,
}

impl Chain<'_> {
    fn each(&mut self) -> impl Iterator<Item = (Mode, &mut dyn Editor)> {
        let reading = self.stages.iter_mut().filter(|running| running.reads_answers.is_some());
        reading.filter_map(|running| Some((running.mode, running.stage.editor()?)))
    }

    fn pass(&mut self, channel: &Channel, chunk: &str, ends: bool, out: &mut String) -> Flow {
        let mut text = None;
        let mut held = 0_usize;
        let mut blocked = None;
        for (mode, editor) in self.each() {
            let read: &str = text.as_deref().unwrap_or(chunk);
            let mut next = String::with_capacity(read.len());
            let mut flow = Flow::Open { held: 0 };
            if !read.is_empty() {
                flow = editor.text(channel, read, &mut next);
            }
            if ends && flow != Flow::Blocked {
                flow = editor.end(channel, &mut next);
            }
            if mode != Mode::Enforce {
                continue;
            }
            text = Some(next);
            match flow {
                Flow::Open { held: more } => held = held.saturating_add(more),
                Flow::Blocked => {
                    blocked = Some(editor.why());
                    break;
                }
            }
        }
        out.push_str(text.as_deref().unwrap_or(chunk));
        self.why = blocked.unwrap_or(self.why);
        *self.stopped |= blocked.is_some();
        if blocked.is_some() { Flow::Blocked } else { Flow::Open { held } }
    }
}

impl Editor for Chain<'_> {
    fn label(&mut self, channel: &Channel, label: &str) {
        self.each().for_each(|(_, editor)| editor.label(channel, label));
    }

    fn text(&mut self, channel: &Channel, chunk: &str, out: &mut String) -> Flow {
        self.pass(channel, chunk, false, out)
    }

    fn why(&self) -> Why {
        self.why
    }

    fn end(&mut self, channel: &Channel, out: &mut String) -> Flow {
        self.pass(channel, "", true, out)
    }
}
