//! What reads and edits the text of an answer.

/// What a text of an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What the model says.
    Content,
    /// What it thinks, or a summary of it.
    Reasoning,
    /// Why it does not answer.
    Refusal,
    /// The words of what it says aloud.
    Transcript,
    /// A value in the arguments of a tool call, or the whole of an argument that is plain text.
    ToolArgument,
    /// What a tool answered.
    ToolResult,
    /// An error, which may repeat the prompt.
    Error,
    /// A string at a place that no dialect defines.
    Unrecognised,
}

/// One text of an answer: it begins with the first chunk of its `id` and goes on until its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Channel {
    /// Tells it from all that are open at the same time. After its end the same id may begin another text: the values
    /// of one tool call come one after the other.
    pub id: u32,
    /// What it is.
    pub kind: Kind,
    /// Which choice, candidate or block it belongs to.
    pub index: u32,
}

/// How a text goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It goes on. The last `held` bytes that were given are not settled: what stands for them comes with a later call.
    Open {
        /// Bytes of the text that was given, at most as many as were given since its begin.
        held: usize,
    },
    /// The answer ends here. What was written counts; nothing after it does.
    Blocked,
}

/// Why an editor ends an answer: the word for it that a client of its dialect gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Why {
    /// For what it says.
    #[default]
    Content,
    /// For how long it is.
    Length,
}

/// Reads the texts of an answer as they arrive, and says what the client gets in their place.
///
/// What is written for a text must depend on the text alone, not on how it was cut. An editor that writes what it is
/// given and holds nothing leaves every byte of the body as it is.
pub trait Editor {
    /// What the next text of a channel is the value of: the name of a member, of a header. Comes before its first chunk,
    /// is no part of the text, and is not edited.
    fn label(&mut self, channel: &Channel, label: &str) {
        let _ = (channel, label);
    }

    /// Takes the next chunk, never empty, and appends to `out` what is settled.
    fn text(&mut self, channel: &Channel, chunk: &str, out: &mut String) -> Flow;

    /// Why it has ended the answer, once it has.
    fn why(&self) -> Why {
        Why::Content
    }

    /// Ends the text and appends what is left of it. A `held` that it gives is not looked at.
    fn end(&mut self, channel: &Channel, out: &mut String) -> Flow;
}
