//! From a text on the wire to the editor and back.

use super::arguments::Arguments;
use super::editor::{Channel, Editor, Flow};

/// How the text of a channel is given to the editor.
#[derive(Default)]
pub(super) enum Feed {
    /// As it is.
    #[default]
    Text,
    /// As JSON: each value in it is a text.
    Json(Box<Arguments>),
}

impl Feed {
    pub(super) fn json() -> Self {
        Self::Json(Box::default())
    }

    /// Takes a chunk; `held` of the flow counts bytes of what was given here.
    pub(super) fn push(&mut self, channel: &Channel, chunk: &str, editor: &mut dyn Editor, out: &mut String) -> Flow {
        match self {
            Self::Text => editor.text(channel, chunk, out),
            Self::Json(arguments) => arguments.push(channel, chunk, editor, out),
        }
    }

    /// Ends the text.
    pub(super) fn end(&mut self, channel: &Channel, editor: &mut dyn Editor, out: &mut String) -> Flow {
        match self {
            Self::Text => editor.end(channel, out),
            Self::Json(arguments) => arguments.end(channel, editor, out),
        }
    }
}

/// Gives a number to the editor; what it changes becomes `0`, so that a number stays one.
pub(super) fn number(channel: &Channel, digits: &str, editor: &mut dyn Editor, out: &mut String) -> Flow {
    let mut back = String::new();
    if editor.text(channel, digits, &mut back) == Flow::Blocked || editor.end(channel, &mut back) == Flow::Blocked {
        return Flow::Blocked;
    }
    out.push_str(if back == digits { digits } else { "0" });
    Flow::Open { held: 0 }
}
