//! What a reader gathers, and the rule of [`super`] that every string ends in one place.

use super::{Calls, Dialect, Prompt, Role, SkipReason, Skipped, Source, Span, Text};
use crate::json::{Kind, Str, Value};

/// Longest identifier at a place that some models are shown: tool call ids, ids of files.
const ID: usize = 64;

/// Longest identifier at a place that no model is shown: clients join UUIDs and hashes to name users and sessions.
const SETTING: usize = 256;

/// Whether a dialect defines a member, and it was read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Yes,
    No,
}

/// A prompt in the making.
pub(super) struct Reading {
    prompt: Prompt,
}

impl Reading {
    pub(super) fn new(dialect: Dialect) -> Self {
        let (texts, skipped) = (Vec::with_capacity(16), Vec::new());
        Self { prompt: Prompt { dialect, model: None, stream: false, texts, skipped, calls: Calls::default() } }
    }

    pub(super) fn finish(self) -> Prompt {
        self.prompt
    }

    /// The model's name.
    pub(super) fn model(&mut self, value: Value<'_>) {
        match value.string() {
            Some(name) => self.prompt.model = Some(name.span()),
            None => self.unrecognised(value, Role::User),
        }
    }

    /// Whether a stream is asked for.
    pub(super) fn stream(&mut self, value: Value<'_>) {
        self.prompt.stream = value.bool() == Some(true);
        self.setting(value);
    }

    /// Says that a stream comes unless it is declined.
    pub(super) fn streams(&mut self) {
        self.prompt.stream = true;
    }

    /// A call that expects an answer to `id`, a string or a number; nothing else is an id (JSON-RPC 2.0, section 4).
    pub(super) fn call(&mut self, id: Value<'_>) {
        let Span { start, end } = id.span();
        match id.kind() {
            Kind::Number => self.prompt.calls.ids.push(Span { start, end }),
            Kind::String => {
                self.prompt.calls.ids.push(Span { start: start.saturating_sub(1), end: end.saturating_add(1) });
            }
            _ => {}
        }
    }

    /// Says that the calls came as an array.
    pub(super) fn batch(&mut self) {
        self.prompt.calls.batch = true;
    }

    /// A string at a place for text; anything else there is not recognised.
    pub(super) fn text(&mut self, value: Value<'_>, role: Role) {
        match value.string() {
            Some(string) => self.push(string, role, Source::Defined),
            None => self.unrecognised(value, role),
        }
    }

    /// A text, or the numbers of its tokens, or an array of either: what holds no string is skipped whole.
    pub(super) fn text_or_tokens(&mut self, value: Value<'_>, role: Role) {
        match value.kind() {
            Kind::Array if value.nodes().any(|node| node.kind() == Kind::String) => {
                value.items().for_each(|item| match item.kind() {
                    Kind::Array => self.tokens(item, role),
                    _ => self.text(item, role),
                });
            }
            Kind::Array => self.tokens(value, role),
            _ => self.text(value, role),
        }
    }

    /// Numbers of tokens; anything else there is not recognised.
    pub(super) fn tokens(&mut self, value: Value<'_>, role: Role) {
        let mut nodes = value.nodes();
        if nodes.all(|node| matches!(node.kind(), Kind::Array | Kind::Number)) {
            if value.nodes().any(|node| node.kind() == Kind::Number) {
                self.prompt.skipped.push(Skipped { reason: SkipReason::Tokens, span: value.span() });
            }
        } else {
            self.unrecognised(value, role);
        }
    }

    /// Every string and every key of a value that the dialect defines for text of any structure.
    pub(super) fn all(&mut self, value: Value<'_>, role: Role) {
        self.walk(value, role, Source::Defined);
    }

    /// Every string and every key of a value that the dialect does not define.
    pub(super) fn unrecognised(&mut self, value: Value<'_>, role: Role) {
        self.walk(value, role, Source::Unrecognised);
    }

    /// A value that no model sees: whatever in it is not an identifier is inspected all the same.
    pub(super) fn setting(&mut self, value: Value<'_>) {
        for string in value.nodes().filter_map(Value::string).filter(|string| !identifier(*string, SETTING)) {
            self.push(string, Role::User, Source::Unrecognised);
        }
    }

    /// An id, which some models are shown: whatever is not short and an identifier is inspected.
    pub(super) fn id(&mut self, value: Value<'_>, role: Role) {
        match value.string() {
            Some(string) if identifier(string, ID) => {}
            _ => self.unrecognised(value, role),
        }
    }

    /// The id of something that is stored elsewhere and not inspected; whatever cannot be an id is inspected.
    pub(super) fn stored(&mut self, value: Value<'_>, reason: SkipReason, role: Role) {
        match value.string() {
            Some(string) if identifier(string, ID) => self.skip(value, reason, role),
            _ => self.unrecognised(value, role),
        }
    }

    /// A word of a closed enumeration; any other string is inspected.
    pub(super) fn word(&mut self, value: Value<'_>, words: &[&str], role: Role) {
        match value.string() {
            Some(string) if words.iter().any(|word| string.is(word)) => {}
            _ => self.unrecognised(value, role),
        }
    }

    /// A string that is not inspected; anything else there is not recognised.
    pub(super) fn skip(&mut self, value: Value<'_>, reason: SkipReason, role: Role) {
        match value.string() {
            Some(string) => self.prompt.skipped.push(Skipped { reason, span: string.span() }),
            None => self.unrecognised(value, role),
        }
    }

    /// The values of an array, one by one; what is no array is not recognised.
    pub(super) fn each(&mut self, array: Value<'_>, role: Role, mut read: impl FnMut(&mut Self, Value<'_>)) {
        match array.kind() {
            Kind::Array => array.items().for_each(|item| read(self, item)),
            _ => self.unrecognised(array, role),
        }
    }

    /// The members of an object, one by one; what is no object is not recognised.
    ///
    /// `read` is given each name with its escapes read, and says whether the dialect knows it there; if not, the member
    /// is not recognised.
    pub(super) fn members(
        &mut self,
        object: Value<'_>,
        role: Role,
        mut read: impl FnMut(&mut Self, &str, Value<'_>) -> Known,
    ) {
        if object.kind() != Kind::Object {
            return self.unrecognised(object, role);
        }
        for (key, value) in object.entries() {
            if let Known::No = read(self, &key.text(), value) {
                self.push(key, role, Source::Unrecognised);
                self.unrecognised(value, role);
            }
        }
    }

    /// Bytes that only the provider can read, in base64; whatever cannot be that is inspected.
    pub(super) fn opaque(&mut self, value: Value<'_>, role: Role) {
        self.base64(value, SkipReason::Opaque, role);
    }

    /// Bytes in base64 (either alphabet) that are not inspected; whatever cannot be that is inspected.
    pub(super) fn base64(&mut self, value: Value<'_>, reason: SkipReason, role: Role) {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte);
        match value.string() {
            Some(string) if string.bytes().all(allowed) => self.skip(value, reason, role),
            _ => self.unrecognised(value, role),
        }
    }

    /// One string.
    pub(super) fn push(&mut self, string: Str<'_>, role: Role, source: Source) {
        self.prompt.texts.push(Text { role, source, span: string.span(), escaped: string.escaped() });
    }

    fn walk(&mut self, value: Value<'_>, role: Role, source: Source) {
        for node in value.nodes() {
            if let Kind::String | Kind::Key = node.kind()
                && let Some(string) = node.string()
            {
                self.push(string, role, source);
            }
        }
    }
}

/// Whether a string can be an identifier and nothing else: `longest` bytes of ASCII letters, digits and `_ - . : / @`.
fn identifier(string: Str<'_>, longest: usize) -> bool {
    string.span().len() as usize <= longest && string.bytes().all(in_identifiers)
}

/// Whether these bytes of a body, without escapes, can be an id and nothing else.
pub(super) fn is_id(bytes: &[u8]) -> bool {
    bytes.len() <= ID && bytes.iter().copied().all(in_identifiers)
}

fn in_identifiers(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.:/@".contains(&byte)
}

/// Whether `list`, ordered by length and then by bytes, holds `word`. Lengths are cheap to compare and tell most apart.
pub(super) fn listed(word: &str, list: &[&str]) -> bool {
    list.binary_search_by(|other| other.len().cmp(&word.len()).then_with(|| (*other).cmp(word))).is_ok()
}
