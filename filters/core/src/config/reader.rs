//! One description of a section, read two ways: checked against a document, or written as JSON Schema.
//!
//! A section is a function over a [`Reader`] that asks for each of its keys with a default, a range and a sentence.
//! [`Checked`] answers from a document and gathers every problem; [`super::schema::Described`] answers with defaults
//! and writes the schema down. Neither can know a key that the other does not.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Problem;
use super::nearest::nearest;

/// One word of a closed set, with what it means.
#[derive(Clone, Copy, Debug)]
pub struct Word<T: 'static> {
    /// As it stands in the document.
    pub word: &'static str,
    /// What it stands for.
    pub value: T,
    /// What it does, for the schema and for remedies.
    pub doc: &'static str,
}

/// Answers a section's questions. Every method gives a usable value, whatever the document holds; what is wrong is
/// kept as a problem and refuses the document as a whole.
pub trait Reader {
    /// A whole number from `min` to `max`.
    fn integer(&mut self, key: &'static str, default: u64, min: u64, max: u64, doc: &'static str) -> u64;
    /// A number from `min` to `max`.
    fn number(&mut self, key: &'static str, default: f64, min: f64, max: f64, doc: &'static str) -> f64;
    /// `true` or `false`.
    fn boolean(&mut self, key: &'static str, default: bool, doc: &'static str) -> bool;
    /// A text of at most `max` bytes that `pattern`, in words, describes and `valid` accepts.
    fn text(
        &mut self,
        key: &'static str,
        max: usize,
        pattern: &'static str,
        valid: &dyn Fn(&str) -> bool,
        doc: &'static str,
    ) -> Option<String>;
    /// A list of at most `max` texts, each as for [`Reader::text`], no two alike.
    fn texts(
        &mut self,
        key: &'static str,
        max: usize,
        pattern: &'static str,
        valid: &dyn Fn(&str) -> bool,
        doc: &'static str,
    ) -> Vec<String>;
    /// A list of at most `max` lists, each as for [`Reader::texts`] and not empty.
    fn text_lists(
        &mut self,
        key: &'static str,
        max: (usize, usize),
        pattern: &'static str,
        valid: &dyn Fn(&str) -> bool,
        doc: &'static str,
    ) -> Vec<Vec<String>>;
    /// The place of the chosen word in `words`; `default` when the key is absent.
    fn word(
        &mut self,
        key: &'static str,
        words: &[(&'static str, &'static str)],
        default: usize,
        doc: &'static str,
    ) -> usize;
    /// An object; `read` is called once, on an empty one when the key is absent. True when it stands in the document.
    fn section(&mut self, key: &'static str, doc: &'static str, read: &mut dyn FnMut(&mut dyn Reader)) -> bool;
    /// A list of at most `max` objects; `read` is called for each.
    fn list(&mut self, key: &'static str, max: usize, doc: &'static str, read: &mut dyn FnMut(&mut dyn Reader));
    /// An object whose keys are names that the operator chooses, at most `max`; `read` is called for each.
    fn map(&mut self, key: &'static str, max: usize, doc: &'static str, read: &mut dyn FnMut(&str, &mut dyn Reader));
    /// Reports a problem if `key`, which was asked for before, does not stand in its section, where there is one.
    fn required(&mut self, key: &'static str, remedy: &'static str);
    /// Whether `key` stands in the document.
    fn has(&self, key: &str) -> bool;
    /// Reports `problem` if `key` stands in the document, where it can have no meaning.
    fn misplaced(&mut self, key: &'static str, problem: &str, remedy: String);
    /// Reports a problem with `key`, or with the section itself when it is empty.
    fn problem(&mut self, key: &str, problem: String, remedy: String);
}

/// The value of the chosen word; the first of `words` is the default.
pub fn choose<T: Copy>(
    r: &mut dyn Reader,
    key: &'static str,
    words: &'static [Word<T>],
    doc: &'static str,
) -> Option<T> {
    let names: Vec<_> = words.iter().map(|w| (w.word, w.doc)).collect();
    let chosen = r.word(key, &names, 0, doc);
    words.get(chosen).map(|w| w.value)
}

/// Reads one object of a document.
pub struct Checked<'a> {
    path: String,
    fields: Option<&'a Map<String, Value>>,
    known: Vec<&'static str>,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Checked<'a> {
    /// Reads `value`, which stands at `path`; anything but an object is a problem and is read as an empty one.
    pub fn new(path: String, value: &'a Value, problems: &'a mut Vec<Problem>) -> Self {
        let fields = value.as_object();
        if fields.is_none() {
            problems.push(Problem::new(
                &path,
                format!("is {}, not an object", kind(value)),
                "give an object: {…}".into(),
            ));
        }
        Self { path, fields, known: Vec::new(), problems }
    }

    fn absent(path: String, problems: &'a mut Vec<Problem>) -> Self {
        Self { path, fields: None, known: Vec::new(), problems }
    }

    fn take(&mut self, key: &'static str) -> Option<&'a Value> {
        self.known.push(key);
        self.fields?.get(key)
    }

    fn at(&self, key: &str) -> String {
        join(&self.path, key)
    }

    fn wrong(&mut self, key: &str, value: &Value, wanted: &str, doc: &str) {
        let problem = format!("is {}; expected {wanted}", kind(value));
        self.problems.push(Problem::new(&self.at(key), problem, doc.to_string()));
    }

    /// Reports every key that no question asked for, with the nearest one that would have been understood.
    pub fn finish(self) {
        let Some(fields) = self.fields else { return };
        for key in fields.keys().filter(|k| !self.known.contains(&k.as_str())) {
            let remedy = match nearest(key, &self.known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", self.known.join(", ")),
            };
            self.problems.push(Problem::new(&join(&self.path, key), "unknown key".into(), remedy));
        }
    }

    fn number_in(&mut self, key: &'static str, min: f64, max: f64, whole: bool, doc: &str) -> Option<Value> {
        let value = self.take(key)?;
        let range = format!("a {}number from {min} to {max}", if whole { "whole " } else { "" });
        match value.as_f64() {
            Some(n) if (whole && value.as_u64().is_none()) || !(min..=max).contains(&n) => {
                self.problems.push(Problem::new(&self.at(key), format!("{n} is not {range}"), doc.to_string()));
                None
            }
            Some(_) => Some(value.clone()),
            None => {
                self.wrong(key, value, &range, doc);
                None
            }
        }
    }

    fn check_text(
        &mut self,
        at: &str,
        value: &Value,
        max: usize,
        pattern: &str,
        valid: &dyn Fn(&str) -> bool,
        doc: &str,
    ) -> Option<String> {
        match value.as_str() {
            Some(text) if text.len() <= max && valid(text) => Some(text.to_string()),
            Some(_) => {
                self.problems.push(Problem::new(
                    at,
                    format!("is not {pattern} of at most {max} bytes"),
                    doc.to_string(),
                ));
                None
            }
            None => {
                self.problems.push(Problem::new(
                    at,
                    format!("is {}; expected {pattern}", kind(value)),
                    doc.to_string(),
                ));
                None
            }
        }
    }
}

impl Checked<'_> {
    fn check_texts(
        &mut self,
        at: &str,
        value: &Value,
        max: usize,
        pattern: &str,
        valid: &dyn Fn(&str) -> bool,
        doc: &str,
    ) -> Vec<String> {
        let Some(items) = value.as_array() else {
            let problem = format!("is {}; expected a list", kind(value));
            self.problems.push(Problem::new(at, problem, doc.to_string()));
            return Vec::new();
        };
        if items.len() > max {
            let problem = format!("has {} entries", items.len());
            self.problems.push(Problem::new(at, problem, format!("at most {max}")));
        }
        let mut seen = BTreeSet::new();
        let mut texts: Vec<String> = Vec::new();
        for (i, item) in items.iter().take(max).enumerate() {
            let at = format!("{at}[{i}]");
            if let Some(text) = self.check_text(&at, item, 256, pattern, valid, doc) {
                if seen.insert(text.clone()) {
                    texts.push(text);
                } else {
                    self.problems.push(Problem::new(&at, "stands in the list before".into(), "leave it out".into()));
                }
            }
        }
        texts
    }
}

impl Reader for Checked<'_> {
    fn integer(&mut self, key: &'static str, default: u64, min: u64, max: u64, doc: &'static str) -> u64 {
        #[allow(clippy::cast_precision_loss, reason = "limits of a configuration lie far below 2^53")]
        let value = self.number_in(key, min as f64, max as f64, true, doc);
        value.and_then(|v| v.as_u64()).unwrap_or(default)
    }

    fn number(&mut self, key: &'static str, default: f64, min: f64, max: f64, doc: &'static str) -> f64 {
        self.number_in(key, min, max, false, doc).and_then(|v| v.as_f64()).unwrap_or(default)
    }

    fn boolean(&mut self, key: &'static str, default: bool, doc: &'static str) -> bool {
        let Some(value) = self.take(key) else { return default };
        value.as_bool().unwrap_or_else(|| {
            self.wrong(key, value, "true or false", doc);
            default
        })
    }

    fn text(
        &mut self,
        key: &'static str,
        max: usize,
        pattern: &'static str,
        valid: &dyn Fn(&str) -> bool,
        doc: &'static str,
    ) -> Option<String> {
        let value = self.take(key)?;
        let at = self.at(key);
        self.check_text(&at, value, max, pattern, valid, doc)
    }

    fn texts(
        &mut self,
        key: &'static str,
        max: usize,
        pattern: &'static str,
        valid: &dyn Fn(&str) -> bool,
        doc: &'static str,
    ) -> Vec<String> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let at = self.at(key);
        self.check_texts(&at, value, max, pattern, valid, doc)
    }

    fn text_lists(
        &mut self,
        key: &'static str,
        max: (usize, usize),
        pattern: &'static str,
        valid: &dyn Fn(&str) -> bool,
        doc: &'static str,
    ) -> Vec<Vec<String>> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let Some(items) = value.as_array() else {
            self.wrong(key, value, "a list of lists", doc);
            return Vec::new();
        };
        if items.len() > max.0 {
            self.problem(key, format!("has {} entries", items.len()), format!("at most {}", max.0));
        }
        let mut lists = Vec::new();
        for (i, item) in items.iter().take(max.0).enumerate() {
            let at = format!("{}[{i}]", self.at(key));
            if item.as_array().is_some_and(Vec::is_empty) {
                self.problems.push(Problem::new(&at, "is empty".into(), "leave it out, or fill it".into()));
            }
            lists.push(self.check_texts(&at, item, max.1, pattern, valid, doc));
        }
        lists
    }

    fn word(
        &mut self,
        key: &'static str,
        words: &[(&'static str, &'static str)],
        default: usize,
        doc: &'static str,
    ) -> usize {
        let Some(value) = self.take(key) else { return default };
        let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let Some(text) = value.as_str() else {
            self.wrong(key, value, &format!("one of {}", names.join(", ")), doc);
            return default;
        };
        names.iter().position(|name| *name == text).unwrap_or_else(|| {
            let remedy = match nearest(text, &names) {
                Some(near) => format!("did you mean `{near}`? Known: {}", names.join(", ")),
                None => format!("one of {}", names.join(", ")),
            };
            self.problem(key, "is not a word that is known here".into(), remedy);
            default
        })
    }

    fn section(&mut self, key: &'static str, _doc: &'static str, read: &mut dyn FnMut(&mut dyn Reader)) -> bool {
        let value = self.take(key);
        let path = self.at(key);
        let mut inner = match value {
            Some(value) => Checked::new(path, value, self.problems),
            None => Checked::absent(path, self.problems),
        };
        read(&mut inner);
        inner.finish();
        value.is_some()
    }

    fn list(&mut self, key: &'static str, max: usize, doc: &'static str, read: &mut dyn FnMut(&mut dyn Reader)) {
        let Some(value) = self.take(key) else { return };
        let Some(items) = value.as_array() else {
            return self.wrong(key, value, "a list of objects", doc);
        };
        if items.len() > max {
            self.problem(key, format!("has {} entries", items.len()), format!("at most {max}"));
        }
        for (i, item) in items.iter().take(max).enumerate() {
            let path = format!("{}[{i}]", self.at(key));
            let mut inner = Checked::new(path, item, self.problems);
            read(&mut inner);
            inner.finish();
        }
    }

    fn map(&mut self, key: &'static str, max: usize, doc: &'static str, read: &mut dyn FnMut(&str, &mut dyn Reader)) {
        let Some(value) = self.take(key) else { return };
        let Some(fields) = value.as_object() else {
            return self.wrong(key, value, "an object", doc);
        };
        if fields.len() > max {
            self.problem(key, format!("has {} entries", fields.len()), format!("at most {max}"));
        }
        for (name, item) in fields.iter().take(max) {
            let path = join(&self.at(key), name);
            if !is_name(name) {
                let remedy = "use 1 to 64 of a-z, A-Z, 0-9, `_`, `-` and `.`".to_string();
                self.problems.push(Problem::new(&path, "is not a name".into(), remedy));
            }
            let mut inner = Checked::new(path, item, self.problems);
            read(name, &mut inner);
            inner.finish();
        }
    }

    fn required(&mut self, key: &'static str, remedy: &'static str) {
        // A section that is absent lacks nothing.
        if self.fields.is_some_and(|fields| !fields.contains_key(key)) {
            self.problem(key, "is missing".into(), remedy.into());
        }
    }

    fn has(&self, key: &str) -> bool {
        self.fields.is_some_and(|fields| fields.contains_key(key))
    }

    fn misplaced(&mut self, key: &'static str, problem: &str, remedy: String) {
        if self.take(key).is_some() {
            self.problem(key, problem.to_string(), remedy);
        }
    }

    fn problem(&mut self, key: &str, problem: String, remedy: String) {
        let at = if key.is_empty() { self.path.clone() } else { self.at(key) };
        self.problems.push(Problem::new(&at, problem, remedy));
    }
}

/// Whether `name` may name a profile: it stands in records and log lines.
pub fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
}

pub(super) fn join(path: &str, key: &str) -> String {
    let key: String = key.chars().take(64).collect();
    let plain = is_name(&key) && !key.contains('.');
    match (path.is_empty(), plain) {
        (true, true) => key,
        (false, true) => format!("{path}.{key}"),
        (_, false) => format!("{path}[{key:?}]"),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_keys_are_quoted_in_paths() {
        assert_eq!(join("profiles", "chat"), "profiles.chat");
        assert_eq!(join("profiles", "a.b"), "profiles[\"a.b\"]");
        assert_eq!(join("", "a\nb"), "[\"a\\nb\"]");
    }
}
