//! The body of an answer, read as texts for the stages that want them.

use super::Running;
use crate::stage::AnswerText;
use crate::verdict::Mode;
use crate::wire::Unreadable;

/// Reads one answer.
#[derive(Default)]
pub(super) struct Reader {
    /// The start of a character whose rest has not arrived.
    cut: Vec<u8>,
}

impl Reader {
    /// Takes the next part of the body and appends what may go to the client.
    ///
    /// # Errors
    /// When the body cannot be read.
    pub(super) fn advance(
        &mut self,
        part: &[u8],
        ends: bool,
        stages: &mut [Running],
        out: &mut Vec<u8>,
    ) -> Result<(), Unreadable> {
        let bytes = [self.cut.as_slice(), part].concat();
        let text = match core::str::from_utf8(&bytes) {
            Ok(text) => text,
            Err(error) if error.error_len().is_none() && !ends => {
                let (whole, cut) = bytes.split_at_checked(error.valid_up_to()).unwrap_or_default();
                self.cut = cut.to_vec();
                core::str::from_utf8(whole).unwrap_or_default()
            }
            Err(_) => return Err(Unreadable::Encoding),
        };
        if text.len() == bytes.len() {
            self.cut.clear();
        }
        let mut chain = Chain { stages };
        let id = AnswerText { id: 0 };
        let mut edited = String::new();
        chain.text(id, text, &mut edited);
        if ends {
            chain.end(id, &mut edited);
        }
        out.extend_from_slice(edited.as_bytes());
        Ok(())
    }
}

/// The stages that read answers, in the order of the module: each reads what the one before it lets through.
struct Chain<'a> {
    stages: &'a mut [Running],
}

impl Chain<'_> {
    fn text(&mut self, id: AnswerText, chunk: &str, out: &mut String) {
        self.pass(id, chunk, false, out);
    }

    fn end(&mut self, id: AnswerText, out: &mut String) {
        self.pass(id, "", true, out);
    }

    fn pass(&mut self, id: AnswerText, chunk: &str, ends: bool, out: &mut String) {
        let mut text = chunk.to_owned();
        for running in self.stages.iter_mut().filter(|running| running.reads_answers) {
            let mut next = String::with_capacity(text.len());
            if !text.is_empty() {
                running.stage.answer_text(id, &text, &mut next);
            }
            if ends {
                running.stage.answer_text_end(id, &mut next);
            }
            if running.mode == Mode::Enforce {
                text = next;
            }
        }
        out.push_str(&text);
    }
}
