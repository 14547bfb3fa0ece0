//! YAML and JSON with lines: a text comes in, its documents come out, every key and value with the line it stands on.
//!
//! JSON is read as the YAML that it is, after a JSON reader has accepted it. What YAML 1.1 and YAML 1.2 read
//! differently is marked, because kubectl and Envoy read the former.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError};
use serde_json::{Map, Number, Value};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// Line of its first character, from 1. A block scalar begins on the line after its indicator.
    pub line: usize,
    /// What it is.
    pub data: Data,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Data {
    /// A scalar that is not a string, or a string in quotes.
    Scalar(Value),
    /// A scalar without quotes that is no string in YAML 1.1 and one in YAML 1.2, such as `off`.
    Ambiguous(String),
    /// A string of which each line is one of the source, so that lines in it can be told.
    Literal(String),
    /// A list.
    List(Vec<Node>),
    /// An object, in the order of the source; a key that stands twice is there twice.
    Object(Vec<(Key, Node)>),
}

/// The key of a member.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its name.
    pub name: String,
    /// The line it stands on, from 1.
    pub line: usize,
}

/// Why a text could not be read.
#[derive(Clone, Debug)]
pub struct Unreadable {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

/// Values of all documents of a text, aliases counted each time: what grows beyond is refused.
const MAX_NODES: usize = 500_000;
/// Levels of nesting.
const MAX_DEPTH: usize = 200;

impl Node {
    /// The member called `name`; of several, the last, as most readers take it.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.entry(name).map(|(_, node)| node)
    }

    /// The member called `name`, with its key.
    pub fn entry(&self, name: &str) -> Option<(&Key, &Node)> {
        self.entries().iter().rev().find(|(key, _)| key.name == name).map(|(key, node)| (key, node))
    }

    /// The node at the end of `names`.
    pub fn at(&self, names: &[&str]) -> Option<&Node> {
        names.iter().try_fold(self, |node, name| node.get(name))
    }

    /// Its members; none of anything but an object.
    pub fn entries(&self) -> &[(Key, Node)] {
        match &self.data {
            Data::Object(entries) => entries,
            _ => &[],
        }
    }

    /// Its items; none of anything but a list.
    pub fn items(&self) -> &[Node] {
        match &self.data {
            Data::List(items) => items,
            _ => &[],
        }
    }

    /// The string, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar(Value::String(text)) | Data::Ambiguous(text) | Data::Literal(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is `true`.
    pub fn is_true(&self) -> bool {
        matches!(self.data, Data::Scalar(Value::Bool(true)))
    }

    /// The same without lines.
    pub fn value(&self) -> Value {
        match &self.data {
            Data::Scalar(value) => value.clone(),
            Data::Ambiguous(text) | Data::Literal(text) => Value::String(text.clone()),
            Data::List(items) => Value::Array(items.iter().map(Node::value).collect()),
            Data::Object(entries) => {
                Value::Object(entries.iter().map(|(key, node)| (key.name.clone(), node.value())).collect::<Map<_, _>>())
            }
        }
    }

    /// Gives every line as `to` has it, for a text that stands inside another.
    pub fn relocate(&mut self, to: &dyn Fn(usize) -> usize) {
        self.line = to(self.line);
        match &mut self.data {
            Data::List(items) => items.iter_mut().for_each(|item| item.relocate(to)),
            Data::Object(entries) => {
                for (key, node) in entries {
                    key.line = to(key.line);
                    node.relocate(to);
                }
            }
            _ => {}
        }
    }
}

/// Reads one JSON document.
pub fn json(text: &str) -> Result<Node, Unreadable> {
    serde_json::from_str::<Value>(text)
        .map_err(|e| Unreadable { line: e.line().max(1), problem: format!("is not JSON: {e}") })?;
    // JSON strings hold no bare tab, and YAML is particular about tabs.
    let documents = yaml(&text.replace('\t', " "))?;
    documents.into_iter().next().ok_or_else(|| Unreadable { line: 1, problem: "is empty".into() })
}

/// Reads every document of a YAML text; those without content are left out.
pub fn yaml(text: &str) -> Result<Vec<Node>, Unreadable> {
    let mut reader = Reader::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e: ScanError| Unreadable {
            line: e.marker().line().max(1),
            problem: format!("is not YAML: {}", e.info()),
        })?;
        reader.take(event, span.start.line().max(1))?;
    }
    let empty = |node: &Node| matches!(node.data, Data::Scalar(Value::Null));
    Ok(reader.documents.into_iter().filter(|document| !empty(document)).collect())
}

/// An object or list that is not closed yet.
struct Open {
    node: Node,
    anchor: usize,
    /// The key whose value comes next.
    key: Option<Key>,
}

#[derive(Default)]
struct Reader {
    documents: Vec<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), Unreadable> {
        match event {
            Event::MappingStart(_, anchor, _) => self.enter(Data::Object(Vec::new()), anchor, line),
            Event::SequenceStart(_, anchor, _) => self.enter(Data::List(Vec::new()), anchor, line),
            Event::MappingEnd | Event::SequenceEnd => match self.open.pop() {
                Some(open) => self.put(open.node, open.anchor, line),
                None => Ok(()),
            },
            Event::Scalar(text, style, anchor, tag) => {
                let string = tag.as_ref().is_some_and(|tag| tag.core_suffix() == Some("str"));
                let data = match style {
                    ScalarStyle::Plain if !string => plain(&text),
                    ScalarStyle::Literal => Data::Literal(text.into_owned()),
                    _ => Data::Scalar(Value::String(text.into_owned())),
                };
                self.put(Node { line, data }, anchor, line)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some((node, size)) => {
                    self.count(size, line)?;
                    self.put(node, 0, line)
                }
                None => Err(Unreadable { line, problem: "has an alias inside its own anchor".into() }),
            },
            _ => Ok(()),
        }
    }

    fn enter(&mut self, data: Data, anchor: usize, line: usize) -> Result<(), Unreadable> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Unreadable { line, problem: format!("is nested more than {MAX_DEPTH} levels deep") });
        }
        self.count(1, line)?;
        self.open.push(Open { node: Node { line, data }, anchor, key: None });
        Ok(())
    }

    fn count(&mut self, nodes: usize, line: usize) -> Result<(), Unreadable> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            return Err(Unreadable { line, problem: format!("has more than {MAX_NODES} values") });
        }
        Ok(())
    }

    fn put(&mut self, node: Node, anchor: usize, line: usize) -> Result<(), Unreadable> {
        self.count(1, line)?;
        if anchor != 0 {
            let size = size(&node);
            self.count(size, line)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        match (&mut open.node.data, open.key.take()) {
            (Data::List(items), _) => items.push(node),
            (Data::Object(entries), Some(key)) => entries.push((key, node)),
            (_, _) => {
                let line = node.line;
                let name = match node.data {
                    Data::Scalar(Value::String(name)) | Data::Ambiguous(name) | Data::Literal(name) => name,
                    Data::Scalar(other) => other.to_string(),
                    _ => return Err(Unreadable { line, problem: "has a key that is an object or a list".into() }),
                };
                if name == "<<" {
                    let problem = "merges with `<<`, which Envoy does not read; write the keys out".into();
                    return Err(Unreadable { line, problem });
                }
                open.key = Some(Key { name, line });
            }
        }
        Ok(())
    }
}

fn size(node: &Node) -> usize {
    let inner = node.items().iter().chain(node.entries().iter().map(|(_, node)| node));
    inner.map(size).fold(1, usize::saturating_add)
}

/// A scalar without quotes, by the core schema of YAML 1.2.
fn plain(text: &str) -> Data {
    let scalar = match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => match number(text) {
            Some(number) => Value::Number(number),
            None if ambiguous(text) => return Data::Ambiguous(text.into()),
            None => Value::String(text.into()),
        },
    };
    Data::Scalar(scalar)
}

fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || leading_zero(digits) {
        return None;
    }
    let whole = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from));
    whole.ok().or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64))
}

/// `010` is eight in YAML 1.1 and ten in YAML 1.2.
fn leading_zero(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Booleans and numbers to kubectl or to Envoy, strings in YAML 1.2: the words of yaml.org/type/bool.html, octal, binary
/// and hexadecimal numbers, and digits with `_` between them. (Seen with kubectl 1.32 and Envoy 1.40.)
fn ambiguous(text: &str) -> bool {
    const WORDS: [&str; 6] = ["y", "n", "yes", "no", "on", "off"];
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let other_base = |base: &str| {
        let rest = digits.strip_prefix(base).unwrap_or_default();
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_hexdigit() || b == b'_')
    };
    let grouped = digits.contains('_')
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'_' || b == b'.');
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
        || grouped
        || leading_zero(digits)
        || ["0x", "0o", "0b"].into_iter().any(other_base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn yaml_and_json_have_the_same_values_and_lines() {
        let block = yaml("a: [1, x, null]\nb:\n  c: \"off\"\n  d: 0.5\n").unwrap().remove(0);
        let flow = json("{\"a\": [1, \"x\", null],\n\t\"b\": {\n\t\t\"c\": \"off\",\n\t\t\"d\": 0.5}}").unwrap();
        assert_eq!(block.value(), json!({"a": [1, "x", null], "b": {"c": "off", "d": 0.5}}));
        assert_eq!(flow.value(), block.value());
        assert_eq!(block.get("b").unwrap().entry("d").unwrap().0.line, 4);
        assert_eq!(flow.get("b").unwrap().entry("d").unwrap().0.line, 4);
    }

    #[test]
    fn strings_of_json_come_out_as_a_json_reader_has_them() {
        let text =
            r#"{"\u0061\/": "\ud83d\ude00 \b\f\n\r\t\"\\ é", "empty": "", "n": -1.5e3, "long": 18446744073709551615}"#;
        assert_eq!(json(text).unwrap().value(), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn words_that_are_booleans_in_yaml_1_1_are_marked() {
        let node =
            yaml("[off, Yes, n, 010, 1_000, 0x1f, 0o17, 0b11, \"off\", offer, on-call, 0xyz]").unwrap().remove(0);
        let marked: Vec<_> = node.items().iter().map(|item| matches!(item.data, Data::Ambiguous(_))).collect();
        assert_eq!(marked, [true, true, true, true, true, true, true, true, false, false, false, false]);
    }

    #[test]
    fn aliases_cannot_grow_without_end() {
        let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_string();
        for (name, of) in ('b'..='z').zip('a'..='z') {
            let list = vec![format!("*{of}"); 10].join(", ");
            bomb.push_str(&format!("{name}: &{name} [{list}]\n"));
        }
        assert!(yaml(&bomb).unwrap_err().problem.contains("more than 500000 values"));
        assert!(yaml(&"[".repeat(100_000)).is_err());
        assert!(yaml("a: &a [*a]").is_err());
    }

    #[test]
    fn lines_inside_a_block_scalar_are_those_of_the_source() {
        let node = yaml("a:\n  value: |\n    {\n      \"x\": 1}\n").unwrap().remove(0);
        let value = node.at(&["a", "value"]).unwrap();
        assert!(matches!(value.data, Data::Literal(_)));
        let mut inner = json(value.text().unwrap()).unwrap();
        inner.relocate(&|line| line + value.line - 1);
        assert_eq!(inner.entry("x").unwrap().0.line, 4);
    }

    #[test]
    fn what_is_neither_is_named_with_its_line() {
        assert_eq!(yaml("a: 1\nb: [1\nc: 2\n").unwrap_err().line, 3);
        assert_eq!(json("{\n\"a\": }").unwrap_err().line, 2);
        assert_eq!(yaml("--- \n---\na: 1\n...\n").unwrap().len(), 1);
    }
}
