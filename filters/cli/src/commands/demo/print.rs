//! How the walk looks: short lines, colour only on a terminal.

use std::env;
use std::io::{self, IsTerminal as _, Write as _, stdout};

use http::HeaderMap;
use serde_json::Value;

use super::steps::Step;
use crate::http_client::Reply;

/// Headers that every answer of every Envoy has.
const DULL: [&str; 4] = ["date", "server", "x-envoy-upstream-service-time", "x-request-id"];
/// Characters of a body, or of one field, that are shown.
const SHORT: usize = 220;
const WIDTH: usize = 100;

/// Writes to standard output; its errors are those of writing there.
pub(super) struct Printer {
    colour: bool,
}

impl Printer {
    /// Colour on a terminal, unless `NO_COLOR` is set (<https://no-color.org>).
    pub fn new() -> Self {
        Self { colour: stdout().is_terminal() && env::var_os("NO_COLOR").is_none() }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub fn opening(&self, lines: &[String]) -> io::Result<()> {
        writeln!(stdout(), "{}", self.paint("1", "Portcullis in real Envoy"))?;
        lines.iter().try_for_each(|line| writeln!(stdout(), "  {line}"))
    }

    pub fn asked(&self, number: usize, step: &Step) -> io::Result<()> {
        writeln!(stdout(), "\n{}", self.paint("1", &format!("{number:>2} {}", step.title)))?;
        writeln!(stdout(), "   {}", step.shows)?;
        self.field("asked", &format!("POST {} {}", step.path, headers(step.headers.iter().copied())))?;
        self.field("", &short(&step.body))
    }

    pub fn answered(&self, reply: &Reply) -> io::Result<()> {
        let code = if reply.status.is_success() { "32" } else { "33" };
        self.field("answer", &self.paint(code, &reply.status.to_string()))?;
        for line in answer_headers(&reply.headers) {
            self.field("", &line)?;
        }
        self.field("", &short(&reply.text()))
    }

    /// The text of a stream, event by event.
    pub fn said(&self, deltas: &[String]) -> io::Result<()> {
        self.field("said", &deltas.join("|"))
    }

    /// What the model got.
    pub fn arrived(&self, body: &str) -> io::Result<()> {
        self.field("model", &short(body))
    }

    pub fn audited(&self, record: &Value) -> io::Result<()> {
        let Some(fields) = record.as_object() else { return self.field("audit", "(no record)") };
        let mut lines = vec![String::new()];
        for (key, value) in fields {
            let field = format!("{key}: {value}");
            let line = lines.last_mut().map_or(0, |line| line.chars().count());
            if line > 0 && line + field.chars().count() + 3 > WIDTH {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                line.push_str(if line.is_empty() { "" } else { ", " });
                line.push_str(&field);
            }
        }
        for (index, line) in lines.iter().enumerate() {
            self.field(if index == 0 { "audit" } else { "" }, line)?;
        }
        Ok(())
    }

    pub fn judged(&self, complaints: &[String]) -> io::Result<()> {
        if complaints.is_empty() {
            return self.field("", &self.paint("32", "as it should be"));
        }
        let mut complaints = complaints.iter();
        complaints.try_for_each(|it| self.field("", &self.paint("31", &format!("NOT as it should be: {it}"))))
    }

    pub fn closing(&self, right: usize, all: usize, not_yet: &[(&str, &str)]) -> io::Result<()> {
        writeln!(stdout(), "\n{}", self.paint("1", "Not yet"))?;
        not_yet.iter().try_for_each(|(word, what)| writeln!(stdout(), "   {word:<9}{what}"))?;
        let verdict = format!("{right} of {all} did what they say");
        writeln!(stdout(), "\n{}", self.paint(if right == all { "1;32" } else { "1;31" }, &verdict))
    }

    fn field(&self, name: &str, text: &str) -> io::Result<()> {
        writeln!(stdout(), "   {} {text}", self.paint("2", &format!("{name:>6}")))
    }
}

fn headers<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    pairs.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
}

fn answer_headers(headers: &HeaderMap) -> Vec<String> {
    let shown = headers.iter().filter(|(name, _)| !DULL.contains(&name.as_str()));
    shown.map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))).collect()
}

/// The start of a text in one line.
fn short(text: &str) -> String {
    let mut line: String = text.chars().take(SHORT).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(SHORT).is_some() {
        line.push('…');
    }
    line
}
