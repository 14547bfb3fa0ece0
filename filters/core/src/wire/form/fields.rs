//! The fields of a form, in the making of a prompt.

use super::Form;
use crate::wire::reading::is_id;
use crate::wire::{Limits, Prompt, Role, SkipReason, Skipped, Source, Span, Text, Unreadable};

/// What is gathered from the fields of a form.
pub(super) struct Fields<'f> {
    form: &'f Form,
    left: usize,
    names: std::collections::BTreeSet<Vec<u8>>,
    prompt: Prompt,
}

impl<'f> Fields<'f> {
    pub(super) fn new(form: &'f Form, limits: &Limits) -> Self {
        Self { form, left: limits.values, names: std::collections::BTreeSet::new(), prompt: super::empty() }
    }

    pub(super) fn finish(self) -> Prompt {
        self.prompt
    }

    /// Begins a field of this name; gives who speaks it, and whether the form names it.
    ///
    /// # Errors
    /// [`Unreadable::Form`] for a name that stood there before and does not say that it is a list (`[]`): parsers take
    /// the first, the last or all. [`Unreadable::Charset`] for `_charset_` (RFC 7578 §4.6), which changes how the others
    /// are read. [`Unreadable::Complexity`] for too many.
    pub(super) fn begin(&mut self, name: &[u8]) -> Result<(Role, Source), Unreadable> {
        self.left = self.left.checked_sub(1).ok_or(Unreadable::Complexity)?;
        if name.eq_ignore_ascii_case(b"_charset_") {
            return Err(Unreadable::Charset);
        }
        if !self.names.insert(name.to_vec()) && !name.ends_with(b"[]") {
            return Err(Unreadable::Form);
        }
        let named = self.form.fields.iter().find(|(field, _)| field.as_bytes() == name);
        Ok(named.map_or((self.form.role, Source::Unrecognised), |(_, role)| (*role, Source::Defined)))
    }

    /// A text at `span` of `bytes`; nothing when it is empty.
    pub(super) fn text(&mut self, span: Span, (role, source): (Role, Source)) {
        if !span.is_empty() {
            self.prompt.texts.push(Text { role, source, span, escaped: false });
        }
    }

    /// The value of a field at `span` of `bytes`: the model's name, whether a stream is asked for, or a text.
    pub(super) fn value(&mut self, name: &[u8], bytes: &[u8], span: Span, speaker: (Role, Source)) {
        let value = span.of(bytes);
        match name {
            b"model" if is_id(value) => self.prompt.model = Some(span),
            b"stream" if matches!(value, b"true" | b"True" | b"1") => self.prompt.stream = true,
            _ => self.text(span, speaker),
        }
    }

    /// A part that is not inspected.
    pub(super) fn skip(&mut self, span: Span, reason: SkipReason) {
        self.prompt.skipped.push(Skipped { reason, span });
    }
}

/// A span of a body, which has at most `u32::MAX` bytes.
pub(super) fn span(start: usize, end: usize) -> Span {
    let narrow = |place| u32::try_from(place).unwrap_or(u32::MAX);
    Span { start: narrow(start), end: narrow(end) }
}
