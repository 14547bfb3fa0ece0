//! What the model says, whatever the dialect: channels, and how they are cut and counted.

use serde_json::Value;

/// An answer. Channels that a dialect does not have are said where it has the nearest: a refusal as text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answer {
    /// Thoughts before the answer.
    pub reasoning: String,
    /// The answer itself.
    pub text: String,
    /// Why there is no answer, where the dialect has a place of its own for that.
    pub refusal: String,
    /// Calls of tools.
    pub tools: Vec<ToolCall>,
    /// The prompt asked for so many choices; see [`Answer::choices`].
    pub choices: usize,
}

/// A call of one tool.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ToolCall {
    pub name: String,
    /// An object.
    pub arguments: Value,
}

/// Why the model stopped, in the dialects' own words.
pub(crate) struct Stops {
    pub end: &'static str,
    pub tools: &'static str,
    pub refused: &'static str,
}

impl Answer {
    /// An answer that is text alone.
    #[cfg(test)]
    pub fn text(text: &str) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// An answer that is a call alone.
    #[cfg(test)]
    pub fn tool(name: &str, arguments: Value) -> Self {
        Self { tools: vec![ToolCall { name: name.into(), arguments }], ..Self::default() }
    }

    /// Tokens of one choice, reasoning among them.
    pub fn output_tokens(&self) -> usize {
        let tool = |call: &ToolCall| tokens(call.name.len() + call.arguments.to_string().len());
        let said = [&self.text, &self.refusal].iter().map(|said| counted(said)).sum::<usize>();
        (said + self.reasoning_tokens() + self.tools.iter().map(tool).sum::<usize>()).max(1)
    }

    /// Tokens of reasoning in one choice.
    pub fn reasoning_tokens(&self) -> usize {
        counted(&self.reasoning)
    }

    /// Text and refusal, for dialects that have one place for both.
    pub fn spoken(&self) -> String {
        format!("{}{}", self.text, self.refusal)
    }

    /// How many choices there are, when the request asked for `requested`; at least one, at most eight.
    pub fn choices(&self, requested: usize) -> usize {
        self.choices.max(requested).clamp(1, 8)
    }

    /// The word for why it stopped.
    pub fn stop(&self, words: &Stops) -> &'static str {
        if !self.refusal.is_empty() {
            words.refused
        } else if self.tools.is_empty() {
            words.end
        } else {
            words.tools
        }
    }
}

/// Four bytes a token: the rule of thumb for English text, never zero.
pub(crate) fn tokens(bytes: usize) -> usize {
    bytes.div_ceil(4).max(1)
}

fn counted(text: &str) -> usize {
    if text.is_empty() { 0 } else { tokens(text.len()) }
}

/// Cuts a text the way models stream it: a word with the space before it. The pieces joined are the text.
pub(crate) fn deltas(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut previous_is_space = true;
    for (index, character) in text.char_indices() {
        let is_space = character.is_whitespace();
        if is_space && !previous_is_space && index > start {
            pieces.push(&text[start..index]);
            start = index;
        }
        previous_is_space = is_space;
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

/// The same eight numbers between -1 and 1 for the same text, of length one together.
pub(crate) fn vector(text: &str) -> Vec<f32> {
    let mut sums = [1.0_f32; 8];
    for (index, byte) in text.bytes().enumerate() {
        sums[index % 8] += f32::from(byte % 17) - 8.0;
    }
    let length = sums.iter().map(|sum| sum * sum).sum::<f32>().sqrt().max(1.0);
    sums.iter().map(|sum| sum / length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deltas_join_to_the_text() {
        for text in ["", " ", "one", "one two", "  one  two\n\nthree ", "żółw — 你好 two"] {
            assert_eq!(deltas(text).concat(), text);
        }
        assert_eq!(deltas("one two three"), ["one", " two", " three"]);
    }

    #[test]
    fn every_channel_is_counted_once() {
        let all = Answer { reasoning: "12345678".into(), refusal: "1234".into(), ..Answer::text("1234") };
        assert_eq!((all.output_tokens(), all.reasoning_tokens()), (4, 2));
        assert_eq!(Answer::default().output_tokens(), 1);
    }

    #[test]
    fn vectors_differ_and_have_length_one() {
        let (a, b) = (vector("one"), vector("two"));
        assert_ne!(a, b);
        assert!((a.iter().map(|number| number * number).sum::<f32>() - 1.0).abs() < 1e-5);
    }
}
