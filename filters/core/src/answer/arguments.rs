//! JSON in a string: the arguments of a tool call, as they stream.

use super::editor::{Channel, Editor, Flow};
use super::feed::number;
use super::source::{Source, common};

/// Longest number that is looked at as one.
const NUMBER: usize = 64;

/// Longest name that is given as a label.
const LABEL: usize = 128;

/// Levels of nesting in which names are told from values. Deeper, every string is a value.
const DEPTH: usize = 256;

/// Edits the values of a JSON text that arrives in chunks, and leaves the rest as it is.
///
/// It reads leniently: whatever it is given, all of it comes out again but for what the editor changed. What does not
/// begin like JSON is one text.
#[derive(Default)]
pub(super) struct Arguments {
    state: State,
    /// Whether the open levels are objects, innermost last.
    levels: Vec<bool>,
    /// Levels beyond [`DEPTH`].
    deeper: usize,
    /// Whether the next string of an object is a name.
    name: bool,
    /// What was given and not yet understood: the begin of an escape, of a number.
    rest: String,
    /// What was given to the editor and is not settled.
    source: Source,
    /// The last name.
    label: String,
    /// Whether the editor has the begin of a text.
    open: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// Nothing but space was seen.
    #[default]
    Start,
    /// Between strings and scalars.
    Between,
    /// In the name of a member.
    Name,
    /// In a string that is a value.
    Value,
    /// In a number or a literal, or in what should be one.
    Scalar,
    /// In what is no JSON, up to the next mark of JSON.
    Bare,
    /// All of it is one text.
    Plain,
}

impl Arguments {
    pub(super) fn push(&mut self, channel: &Channel, chunk: &str, editor: &mut dyn Editor, out: &mut String) -> Flow {
        let mut given = core::mem::take(&mut self.rest);
        given.push_str(chunk);
        let mut rest = given.as_str();
        while !rest.is_empty() {
            match self.step(channel, rest, editor, out) {
                Step::On(after) => rest = after,
                Step::More => break,
                Step::Blocked => return Flow::Blocked,
            }
        }
        self.rest = rest.to_owned();
        Flow::Open { held: self.rest.len().saturating_add(self.source.wire_len()) }
    }

    pub(super) fn end(&mut self, channel: &Channel, editor: &mut dyn Editor, out: &mut String) -> Flow {
        let rest = core::mem::take(&mut self.rest);
        let flow = match self.state {
            State::Scalar => self.scalar(channel, &rest, editor, out),
            State::Value if !rest.is_empty() => {
                let before = self.source.text().len();
                self.source.push(&rest);
                let text = self.source.from(before).to_owned();
                self.give(channel, &text, editor, out)
            }
            _ => {
                out.push_str(&rest);
                Flow::Open { held: 0 }
            }
        };
        if flow == Flow::Blocked || self.close(channel, editor, out) == Flow::Blocked {
            return Flow::Blocked;
        }
        *self = Self::default();
        Flow::Open { held: 0 }
    }

    /// Takes what can be taken from the front of `rest`.
    fn step<'r>(&mut self, channel: &Channel, rest: &'r str, editor: &mut dyn Editor, out: &mut String) -> Step<'r> {
        let split = |at: usize| rest.split_at_checked(at).unwrap_or((rest, ""));
        match self.state {
            State::Start => {
                let (space, after) = split(rest.find(|c: char| !c.is_ascii_whitespace()).unwrap_or(rest.len()));
                out.push_str(space);
                if !after.is_empty() {
                    self.state = if after.starts_with(['{', '[', '"']) { State::Between } else { State::Plain };
                    self.source = Source::verbatim("");
                }
                Step::On(after)
            }
            State::Between => {
                let (marks, after) = split(rest.find(|c: char| c == '"' || !mark(c)).unwrap_or(rest.len()));
                for mark in marks.chars() {
                    self.mark(mark);
                }
                out.push_str(marks);
                if let Some(after) = after.strip_prefix('"') {
                    out.push('"');
                    if self.levels.last() == Some(&true) && self.name && self.deeper == 0 {
                        self.state = State::Name;
                        self.label.clear();
                    } else {
                        self.state = State::Value;
                        self.source = Source::default();
                    }
                    return Step::On(after);
                }
                if !after.is_empty() {
                    self.state = State::Scalar;
                }
                Step::On(after)
            }
            State::Name => {
                let Some((piece, after, closed)) = string(rest) else { return Step::More };
                out.push_str(piece);
                let room = LABEL.saturating_sub(self.label.len());
                self.label.extend(Source::json(piece).text().chars().take(room));
                if closed {
                    out.push('"');
                    self.state = State::Between;
                    self.name = false;
                }
                Step::On(after)
            }
            State::Value => {
                let Some((piece, after, closed)) = string(rest) else { return Step::More };
                if !piece.is_empty() {
                    let before = self.source.text().len();
                    self.source.push(piece);
                    let text = self.source.from(before).to_owned();
                    if self.give(channel, &text, editor, out) == Flow::Blocked {
                        return Step::Blocked;
                    }
                }
                if closed {
                    if self.close(channel, editor, out) == Flow::Blocked {
                        return Step::Blocked;
                    }
                    out.push('"');
                    self.state = State::Between;
                }
                Step::On(after)
            }
            State::Scalar => match rest.find(ends_scalar) {
                Some(at) if at <= NUMBER => {
                    let (token, after) = split(at);
                    self.state = State::Between;
                    match self.scalar(channel, token, editor, out) {
                        Flow::Blocked => Step::Blocked,
                        Flow::Open { .. } => Step::On(after),
                    }
                }
                None if rest.len() <= NUMBER => Step::More,
                _ => {
                    self.state = State::Bare;
                    self.source = Source::verbatim("");
                    Step::On(rest)
                }
            },
            State::Bare => {
                let (piece, after) = split(rest.find(ends_scalar).unwrap_or(rest.len()));
                if self.verbatim(channel, piece, editor, out) == Flow::Blocked {
                    return Step::Blocked;
                }
                if !after.is_empty() {
                    if self.close(channel, editor, out) == Flow::Blocked {
                        return Step::Blocked;
                    }
                    self.state = State::Between;
                }
                Step::On(after)
            }
            State::Plain => match self.verbatim(channel, rest, editor, out) {
                Flow::Blocked => Step::Blocked,
                Flow::Open { .. } => Step::On(""),
            },
        }
    }

    /// Keeps count of levels, names and values.
    fn mark(&mut self, mark: char) {
        match mark {
            '{' | '[' if self.levels.len() >= DEPTH => self.deeper = self.deeper.saturating_add(1),
            '{' | '[' => {
                self.levels.push(mark == '{');
                self.name = mark == '{';
            }
            '}' | ']' if self.deeper > 0 => self.deeper = self.deeper.saturating_sub(1),
            '}' | ']' => {
                self.levels.pop();
                self.name = false;
            }
            ',' => self.name = self.levels.last() == Some(&true),
            _ => {}
        }
    }

    /// A number, a literal, or text where one should be.
    fn scalar(&mut self, channel: &Channel, token: &str, editor: &mut dyn Editor, out: &mut String) -> Flow {
        let bare = token.trim_ascii_end();
        if matches!(bare, "true" | "false" | "null") {
            out.push_str(token);
            return Flow::Open { held: 0 };
        }
        if !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) {
            editor.label(channel, &self.label);
            let flow = number(channel, bare, editor, out);
            out.push_str(token.get(bare.len()..).unwrap_or_default());
            return flow;
        }
        self.source = Source::verbatim("");
        match self.verbatim(channel, token, editor, out) {
            Flow::Blocked => Flow::Blocked,
            Flow::Open { .. } => self.close(channel, editor, out),
        }
    }

    fn verbatim(&mut self, channel: &Channel, text: &str, editor: &mut dyn Editor, out: &mut String) -> Flow {
        if text.is_empty() {
            return Flow::Open { held: 0 };
        }
        self.source.append(&Source::verbatim(text));
        self.give(channel, text, editor, out)
    }

    /// Gives text that was added to the source to the editor.
    fn give(&mut self, channel: &Channel, text: &str, editor: &mut dyn Editor, out: &mut String) -> Flow {
        if text.is_empty() {
            return Flow::Open { held: 0 };
        }
        if !self.open {
            self.open = true;
            if !self.label.is_empty() {
                editor.label(channel, &self.label);
            }
        }
        let mut back = String::new();
        let flow = editor.text(channel, text, &mut back);
        let held = match flow {
            Flow::Open { held } => held,
            Flow::Blocked => self.source.text().len(),
        };
        self.settle(&back, held, out);
        flow
    }

    /// Ends the text that the editor has, if it has one.
    fn close(&mut self, channel: &Channel, editor: &mut dyn Editor, out: &mut String) -> Flow {
        if !self.open {
            return Flow::Open { held: 0 };
        }
        self.open = false;
        let mut back = String::new();
        let flow = editor.end(channel, &mut back);
        self.settle(&back, 0, out);
        flow
    }

    /// Writes what came back for all but the last `held` bytes.
    fn settle(&mut self, back: &str, held: usize, out: &mut String) {
        let settled = self.source.text().len().saturating_sub(held);
        if settled == 0 && back.is_empty() {
            return;
        }
        let given = self.source.text().get(..settled).unwrap_or_default();
        let (front, rear) = common(given, back);
        let middle = back.get(front..back.len().saturating_sub(rear)).unwrap_or_default();
        out.push_str(self.source.wire(0, front));
        self.source.encode(middle, out);
        out.push_str(self.source.wire(settled.saturating_sub(rear), settled));
        self.source = self.source.after(settled);
    }
}

enum Step<'r> {
    On(&'r str),
    More,
    Blocked,
}

/// The content of a string up to its end or to the last whole escape; nothing when only a part of an escape is here.
fn string(rest: &str) -> Option<(&str, &str, bool)> {
    let mut at = 0_usize;
    let bytes = rest.as_bytes();
    loop {
        let found = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest));
        let Some(stop) = found.map(|found| at.saturating_add(found)) else { return Some((rest, "", false)) };
        if bytes.get(stop) == Some(&b'"') {
            let (piece, after) = rest.split_at_checked(stop)?;
            return Some((piece, after.strip_prefix('"').unwrap_or(after), true));
        }
        let needed = escape_len(bytes.get(stop..).unwrap_or_default()).unwrap_or(usize::MAX);
        let next = stop.saturating_add(needed);
        if next > bytes.len() || !rest.is_char_boundary(next) {
            return if stop == 0 {
                None
            } else {
                rest.split_at_checked(stop).map(|(piece, after)| (piece, after, false))
            };
        }
        at = next;
    }
}

/// Bytes of the escape, or the half of a pair with the other half, that `bytes` begin with; `None` when more must come.
fn escape_len(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        b'u' => {}
        // A backslash before a character of several bytes is no escape; it stands for itself.
        0x80.. => return Some(1),
        _ => return Some(2),
    }
    let digits = bytes.get(2..).unwrap_or_default();
    let count = digits.iter().take(4).take_while(|digit| digit.is_ascii_hexdigit()).count();
    match (count, digits.len()) {
        (4, _) => {}
        (count, length) if count == length => return None,
        _ => return Some(2),
    }
    let high = matches!(digits, [b'd' | b'D', b'8' | b'9' | b'a' | b'b' | b'A' | b'B', ..]);
    match digits.get(4..).unwrap_or_default() {
        [] | [b'\\'] if high => None,
        [b'\\', b'u', ..] if high && bytes.len() < 12 => None,
        [b'\\', b'u', low @ ..] if high && low.iter().take(4).all(u8::is_ascii_hexdigit) => Some(12),
        _ => Some(6),
    }
}

fn mark(character: char) -> bool {
    matches!(character, '{' | '}' | '[' | ']' | ',' | ':') || character.is_ascii_whitespace()
}

fn ends_scalar(character: char) -> bool {
    matches!(character, '{' | '}' | '[' | ']' | ',' | '"')
}
