//! What is gathered from one payload.

use std::collections::BTreeMap;

use crate::answer::{Kind, Usage};
use crate::json::{self, Str, Value};
use crate::wire::{Dialect, Span};

/// Which channel a text belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) kind: Kind,
    /// The choice, candidate, block or item.
    pub(crate) group: u32,
    /// The part, call or place within it.
    pub(crate) part: u32,
}

/// How a text stands in its string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it is.
    Text,
    /// As JSON, whose values are texts.
    Json,
    /// Not in a string: a number.
    Number,
}

/// A text, or a part of one.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) span: Span,
    pub(crate) key: Key,
    pub(crate) form: Form,
    /// Whether it is a text of its own that begins and ends here.
    pub(crate) whole: bool,
    /// The place of the name of its member.
    pub(crate) label: Option<Span>,
}

/// What is written in the place of a companion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blank {
    Null,
    EmptyArray,
    /// Between the quotes.
    EmptyString,
}

/// When a companion is blanked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// When a text of the same group changes in this payload.
    ChangedHere,
    /// When the reasoning of the same group changed at any time.
    ReasoningChanged,
}

/// A value that repeats or vouches for a text: log probabilities, signatures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Companion {
    pub(crate) span: Span,
    pub(crate) group: u32,
    pub(crate) blank: Blank,
    pub(crate) when: When,
}

/// Channels that end with a payload, after its own texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    All,
    Group(u32),
    Reasoning(u32),
    One(Key),
}

/// What a payload holds.
#[derive(Debug)]
pub(crate) struct Sheet {
    pub(crate) dialect: Dialect,
    /// In the order of the payload.
    pub(crate) places: Vec<Place>,
    pub(crate) companions: Vec<Companion>,
    pub(crate) ends: Vec<End>,
    pub(crate) usage: Usage,
    /// Whether it has a number in a sequence, so that no payload may be added.
    pub(crate) numbered: bool,
    /// Groups of texts that stand in no stream.
    wholes: u32,
}

impl Default for Sheet {
    fn default() -> Self {
        Self {
            dialect: Dialect::Unknown,
            places: Vec::new(),
            companions: Vec::new(),
            ends: Vec::new(),
            usage: Usage::default(),
            numbered: false,
            wholes: u32::MAX,
        }
    }
}

/// Longest string that can be an id, a name or a setting.
const IDENTIFIER: usize = 256;

/// Members whose values name or set something, besides those that end in `id`, `_at` or `_type`.
const NAMES: [&str; 33] = [
    "created",
    "createTime",
    "done_reason",
    "event",
    "event_type",
    "finishReason",
    "finish_reason",
    "format",
    "jsonrpc",
    "kind",
    "language",
    "method",
    "mimeType",
    "mime_type",
    "modality",
    "mode",
    "model",
    "modelVersion",
    "model_name",
    "name",
    "next",
    "object",
    "phase",
    "probability",
    "protocolVersion",
    "provider",
    "role",
    "service_tier",
    "severity",
    "status",
    "stopReason",
    "stop_reason",
    "system_fingerprint",
];

/// Members whose values are bytes in base64, when they are as long as such are.
const BYTES: [&str; 9] =
    ["b64_json", "blob", "bytes", "data", "embedding", "embeddings", "partial_image_b64", "result", "transformed"];

/// Members whose values are padding, or sealed by the provider.
const SEALED: [&str; 6] = ["encrypted_content", "encrypted_index", "obfuscation", "p", "redactedContent", "padding"];

/// Shortest string that is taken for bytes.
const SHORTEST: usize = 256;

/// Most texts of a payload of no known dialect that stream on.
const STREAMS: usize = 32;

/// Members that carry text piece by piece in dialects that are not known.
const PIECES: [&str; 17] = [
    "answer",
    "completion",
    "content",
    "delta",
    "generated_text",
    "generation",
    "output",
    "outputText",
    "output_text",
    "partial",
    "reasoning",
    "reasoning_content",
    "response",
    "text",
    "thinking",
    "token",
    "value",
];

impl Sheet {
    /// A piece of the text of a channel; anything but a string is looked through.
    pub(crate) fn piece(&mut self, value: Value<'_>, key: Key) {
        self.string(value, key, Form::Text, false);
    }

    /// A piece of JSON in a string.
    pub(crate) fn json_piece(&mut self, value: Value<'_>, key: Key) {
        self.string(value, key, Form::Json, false);
    }

    /// A text of its own.
    pub(crate) fn whole(&mut self, value: Value<'_>, kind: Kind, group: u32) {
        self.string(value, Key { kind, group, part: 0 }, Form::Text, true);
    }

    /// JSON in a string, all of it.
    pub(crate) fn json_whole(&mut self, value: Value<'_>, kind: Kind, group: u32) {
        self.string(value, Key { kind, group, part: 0 }, Form::Json, true);
    }

    fn string(&mut self, value: Value<'_>, key: Key, form: Form, whole: bool) {
        match value.string() {
            Some(string) => self.places.push(Place { span: string.span(), key, form, whole, label: None }),
            None => self.every(value, key.kind, key.group),
        }
    }

    /// Every string and number of a value of any structure; names are left, and label what they name.
    pub(crate) fn every(&mut self, value: Value<'_>, kind: Kind, group: u32) {
        let key = Key { kind, group, part: 0 };
        let mut label = Label::default();
        for node in value.nodes() {
            let form = match node.kind() {
                json::Kind::Key => {
                    label.set(node.string());
                    continue;
                }
                json::Kind::String => Form::Text,
                json::Kind::Number => Form::Number,
                _ => continue,
            };
            self.places.push(Place { span: node.span(), key, form, whole: true, label: label.span });
        }
    }

    /// A member that no dialect defines: every string in it is a text of its own, but for what can only be inert.
    pub(crate) fn unknown(&mut self, name: Str<'_>, value: Value<'_>) {
        let key = Key { kind: Kind::Unrecognised, group: self.alone(), part: 0 };
        let mut label = Label::default();
        label.set(Some(name));
        for node in value.nodes() {
            match (node.kind(), node.string()) {
                (json::Kind::Key, name) => label.set(name),
                (json::Kind::String, Some(string)) if !inert(&label.name, string) => {
                    self.places.push(Place {
                        span: string.span(),
                        key,
                        form: Form::Text,
                        whole: true,
                        label: label.span,
                    });
                }
                _ => {}
            }
        }
    }

    /// As [`Self::unknown`], for a payload of no known dialect: when it is one of a stream, members that are named like
    /// text go on in the next.
    pub(crate) fn guessed(&mut self, root: Value<'_>, streams: bool) {
        let alone = Key { kind: Kind::Unrecognised, group: self.alone(), part: 0 };
        let mut label = Label::default();
        let mut parts: BTreeMap<u32, u32> = BTreeMap::new();
        let mut pieces = 0_usize;
        for node in root.nodes() {
            let span = match (node.kind(), node.string()) {
                (json::Kind::Key, name) => {
                    label.set(name);
                    continue;
                }
                (json::Kind::String, Some(string)) if !inert(&label.name, string) => string.span(),
                _ => continue,
            };
            let form = Form::Text;
            if streams && pieces < STREAMS && PIECES.contains(&label.name.as_str()) {
                let group = hash(&label.name);
                let part = parts.entry(group).or_default();
                let key = Key { kind: Kind::Unrecognised, group, part: *part };
                *part = part.saturating_add(1);
                pieces = pieces.saturating_add(1);
                self.places.push(Place { span, key, form, whole: false, label: None });
            } else {
                self.places.push(Place { span, key: alone, form, whole: true, label: label.span });
            }
        }
    }

    /// A member of an error.
    pub(crate) fn error(&mut self, value: Value<'_>) {
        let key = Key { kind: Kind::Error, group: self.alone(), part: 0 };
        let mut label = Label::default();
        for node in value.nodes() {
            match (node.kind(), node.string()) {
                (json::Kind::Key, name) => label.set(name),
                (json::Kind::String, Some(string)) => {
                    let word = matches!(label.name.as_str(), "code" | "param") && identifier(string);
                    if !word && !inert(&label.name, string) {
                        self.places.push(Place {
                            span: string.span(),
                            key,
                            form: Form::Text,
                            whole: true,
                            label: None,
                        });
                    }
                }
                _ => {}
            }
        }
        self.ends.push(End::All);
    }

    /// What vouches for the reasoning of a group. Nothing of it follows.
    pub(crate) fn signature(&mut self, value: Value<'_>, group: u32, when: When) {
        if value.string().is_some() {
            self.companions.push(Companion { span: value.span(), group, blank: Blank::EmptyString, when });
        }
    }

    /// What repeats the text of a group token by token.
    pub(crate) fn repeats(&mut self, value: Value<'_>, group: u32) {
        let blank = match value.kind() {
            json::Kind::Null => return,
            json::Kind::Array => Blank::EmptyArray,
            _ => Blank::Null,
        };
        self.companions.push(Companion { span: value.span(), group, blank, when: When::ChangedHere });
    }

    /// A group of its own, for texts that stand in no stream.
    pub(crate) fn alone(&mut self) -> u32 {
        self.wholes = self.wholes.saturating_sub(1);
        self.wholes
    }
}

/// The name that was read last. One that is too long to be a name of ours is none.
#[derive(Default)]
struct Label {
    name: String,
    span: Option<Span>,
}

impl Label {
    const LONGEST: u32 = 128;

    fn set(&mut self, name: Option<Str<'_>>) {
        let name = name.filter(|name| name.span().len() <= Self::LONGEST);
        self.name.clear();
        self.name.push_str(&name.map(|name| name.text()).unwrap_or_default());
        self.span = name.map(|name| name.span());
    }
}

/// Whether a string can only be an id, a name, a setting, padding or bytes.
fn inert(name: &str, string: Str<'_>) -> bool {
    let lower = name.to_ascii_lowercase();
    let base64 = || string.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte));
    if BYTES.contains(&name) {
        return string.raw().len() >= SHORTEST && base64();
    }
    if SEALED.contains(&name) || lower.ends_with("signature") {
        return base64();
    }
    let names = NAMES.contains(&name) || ["id", "_at", "type"].iter().any(|end| lower.ends_with(end));
    names && identifier(string)
}

/// Whether a string is one word of the characters of ids, names and dates.
fn identifier(string: Str<'_>) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:/+=,".contains(&byte);
    string.raw().len() <= IDENTIFIER && string.bytes().all(allowed)
}

/// FNV-1a, 32 bits: a place for a name. Two names that meet would only be held together.
pub(super) fn hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// A member that is a number, as an index.
pub(super) fn index(object: Value<'_>, name: &str) -> Option<u32> {
    number(object.get(name)?).and_then(|number| u32::try_from(number).ok())
}

/// A whole number.
pub(super) fn number(value: Value<'_>) -> Option<u64> {
    value.number()?.parse().ok()
}
