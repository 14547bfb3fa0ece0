//! How a prompt tells the model server what to answer: directives such as `[[long 2000]]` in the last text of the
//! user. An unknown directive is text like any other.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use super::answer::{Answer, ToolCall};

/// What one request asked of the server.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Script {
    /// The user's text without its directives.
    pub text: String,
    /// `[[echo]]`: answer with exactly the user's text.
    pub echo: bool,
    /// `[[long 2000]]`: answer with that many words, at most [`MAX_WORDS`].
    pub words: Option<usize>,
    /// `[[pii]]`: answer with personal data and secrets (all of them documentation values).
    pub pii: bool,
    /// `[[tool]]`: answer with a tool call.
    pub tool: bool,
    /// `[[slow 50ms]]` or `[[slow 1s]]`: wait before each event, at most [`MAX_WAIT`].
    pub wait: Option<Duration>,
    /// `[[cut 3]]`: close the connection after so many events of a stream, or bytes of a whole answer.
    pub cut: Option<usize>,
    /// `[[status 500]]`: answer with this status and the dialect's error, 400 to 599.
    pub status: Option<StatusCode>,
    /// `[[in reasoning]]`, `[[in refusal]]`, `[[in tool]]`, `[[in all]]`: where what is said is said, instead of the text.
    pub channel: Channel,
    /// `[[choices 3]]`: that many choices, at most eight, where the dialect has several.
    pub choices: usize,
    /// `[[trailers]]`: end with trailers (HTTP/1.1: chunked, and only to a client that sent `te: trailers`).
    pub trailers: bool,
}

/// A place of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Channel {
    #[default]
    Text,
    /// Thoughts; the text behind them is short.
    Reasoning,
    Refusal,
    /// An argument of a call, `text` of `send_message`.
    Tool,
    /// Reasoning, text and a call, one after the other.
    All,
}

/// About 7 MB of text.
const MAX_WORDS: usize = 1_000_000;
const MAX_WAIT: Duration = Duration::from_secs(30);

impl Script {
    /// Reads the directives of a prompt. Never fails: what is not a directive stays text.
    pub fn read(prompt: &str) -> Self {
        let mut script = Self::default();
        let mut rest = prompt;
        while let Some((before, after)) = rest.split_once("[[") {
            script.text.push_str(before);
            match after.split_once("]]") {
                Some((directive, behind)) if script.obey(directive) => rest = behind,
                _ => {
                    script.text.push_str("[[");
                    rest = after;
                }
            }
        }
        script.text.push_str(rest);
        script.text = script.text.trim().to_owned();
        script
    }

    /// Whether `directive` is one, and then it is taken.
    fn obey(&mut self, directive: &str) -> bool {
        let (name, argument) = directive.split_once(' ').unwrap_or((directive, ""));
        let number = || argument.trim().parse::<usize>().ok();
        match name {
            "echo" => self.echo = true,
            "pii" => self.pii = true,
            "tool" => self.tool = true,
            "trailers" => self.trailers = true,
            "in" => match argument.trim() {
                "reasoning" => self.channel = Channel::Reasoning,
                "refusal" => self.channel = Channel::Refusal,
                "tool" => self.channel = Channel::Tool,
                "all" => self.channel = Channel::All,
                _ => return false,
            },
            "choices" => match number() {
                Some(choices) => self.choices = choices,
                None => return false,
            },
            "long" => match number() {
                Some(words) => self.words = Some(words.min(MAX_WORDS)),
                None => return false,
            },
            "cut" => match number() {
                Some(after) => self.cut = Some(after),
                None => return false,
            },
            "slow" => match duration(argument.trim()) {
                Some(wait) => self.wait = Some(wait.min(MAX_WAIT)),
                None => return false,
            },
            "status" => match argument.trim().parse::<StatusCode>() {
                Ok(status) if status.as_u16() >= 400 && status.as_u16() < 600 => self.status = Some(status),
                _ => return false,
            },
            _ => return false,
        }
        true
    }

    /// What the model says.
    pub fn answer(&self) -> Answer {
        let mut answer = Answer { choices: self.choices, ..Answer::default() };
        if self.tool {
            let arguments = json!({"city": "Lviv", "country": "UA", "unit": "celsius"});
            answer.tools.push(ToolCall { name: "get_weather".into(), arguments });
            return answer;
        }
        let said = self.said();
        if matches!(self.channel, Channel::Tool | Channel::All) {
            let arguments = json!({"to": "support", "text": said});
            answer.tools.push(ToolCall { name: "send_message".into(), arguments });
        }
        match self.channel {
            Channel::Tool => {}
            Channel::Text => answer.text = said,
            Channel::Refusal => answer.refusal = said,
            Channel::Reasoning => (answer.reasoning, answer.text) = (said, "That is all.".into()),
            Channel::All => (answer.reasoning, answer.text) = (said.clone(), said),
        }
        answer
    }

    fn said(&self) -> String {
        if self.pii {
            PERSONAL.to_owned()
        } else if let Some(words) = self.words {
            prose(words)
        } else if self.echo {
            self.text.clone()
        } else {
            let heard: String = self.text.chars().take(120).collect();
            format!("You said: {heard}")
        }
    }
}

fn duration(text: &str) -> Option<Duration> {
    if let Some(number) = text.strip_suffix("ms") {
        return number.trim().parse().ok().map(Duration::from_millis);
    }
    text.strip_suffix('s')?.trim().parse().ok().map(Duration::from_secs)
}

/// Values that their owners publish for documentation or tests; none belongs to a person.
const PERSONAL: &str = "The customer is Jane Doe, jane.doe@example.com, phone +1 202-555-0143. \
She paid with card 4111 1111 1111 1111 from account GB82 WEST 1234 5698 7654 32. \
Her social security number is 078-05-1120 and she last came from 203.0.113.42. \
The upload used the access key AKIAIOSFODNN7EXAMPLE. Nothing else is on file.";

/// So many words of plain English, the same ones every time.
pub fn prose(words: usize) -> String {
    const SENTENCES: &str = "The harbour was quiet when the first boats came in. Two men carried the nets to the \
shed and spread them over the rails to dry. A child asked how deep the water was, and nobody knew for certain. \
Later the wind turned, the market opened, and the morning went on as mornings do in a small town by the sea. ";
    let mut text = String::new();
    for (index, word) in SENTENCES.split_whitespace().cycle().take(words).enumerate() {
        if index > 0 {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_taken_out_of_the_text() {
        let script = Script::read("please [[slow 50ms]]answer [[long 7]] now [[cut 3]]");
        assert_eq!(script.text, "please answer  now");
        assert_eq!((script.wait, script.words, script.cut), (Some(Duration::from_millis(50)), Some(7), Some(3)));
        assert_eq!(script.answer(), Answer::text(&prose(7)));
        assert_eq!(prose(7).split(' ').count(), 7);
    }

    #[test]
    fn what_is_no_directive_stays_text() {
        for text in
            ["[[", "[[unknown]]", "[[long many]]", "[[status 200]]", "a [[ b ]] c", "[[cut", "[[slow 5]]", "[[in x]]"]
        {
            assert_eq!(Script::read(text), Script { text: text.into(), ..Script::default() });
        }
    }

    #[test]
    fn what_is_said_is_said_in_the_channel_that_was_asked_for() {
        let answer = |prompt: &str| Script::read(prompt).answer();
        let reasoning = answer("[[echo]][[in reasoning]] x");
        assert_eq!((reasoning.reasoning.as_str(), reasoning.text.as_str()), ("x", "That is all."));
        let refusal = answer("[[echo]][[in refusal]] x");
        assert_eq!((refusal.refusal.as_str(), refusal.text.as_str()), ("x", ""));
        let all = answer("[[echo]][[in all]][[choices 2]] x");
        assert_eq!((all.reasoning.as_str(), all.text.as_str(), all.choices), ("x", "x", 2));
        assert_eq!(all.tools[0].arguments["text"], "x");
        assert_eq!(answer("[[echo]][[in tool]] x").text, "");
    }

    #[test]
    fn waits_and_lengths_are_capped() {
        let script = Script::read("[[slow 1000s]][[long 99999999]]");
        assert_eq!((script.wait, script.words), (Some(MAX_WAIT), Some(MAX_WORDS)));
    }
}
