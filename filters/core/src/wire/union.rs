//! A body that may be read in two dialects, inspected in both.

use core::cmp::Ordering;

use super::{Prompt, Source, Text, reading};

/// `first`, and every text that only `second` sees: what `first` would skip or pass over there is inspected too.
///
/// Left out are identifiers at places that `second` does not define: both agree that they are no text. Both are readings
/// of `body`. Linear: texts and skipped parts are in the order of the body.
pub(super) fn of(body: &[u8], first: Prompt, second: Prompt) -> Prompt {
    let Prompt { dialect, model, stream, texts, mut skipped, calls } = first;
    let model_start = model.map(|span| span.start);
    let counts = |text: &Text| {
        let plain = text.source == Source::Unrecognised && !text.escaped && reading::is_id(text.span.of(body));
        !plain && Some(text.span.start) != model_start
    };
    let mut others = second.texts.into_iter().filter(counts).peekable();
    let mut only_there = Vec::new();
    let mut united = Vec::with_capacity(texts.len());
    let unrecognised = |text: Text| Text { source: Source::Unrecognised, ..text };
    for text in texts {
        while let Some(other) = others.next_if(|other| other.span.start < text.span.start) {
            united.push(unrecognised(other));
            only_there.push(other.span.start);
        }
        let _ = others.next_if(|other| other.span.start == text.span.start);
        united.push(text);
    }
    for other in others {
        united.push(unrecognised(other));
        only_there.push(other.span.start);
    }
    let mut seen = only_there.into_iter().peekable();
    skipped.retain(|part| {
        while seen.next_if(|start| start.cmp(&part.span.start) == Ordering::Less).is_some() {}
        seen.peek() != Some(&part.span.start)
    });
    Prompt { dialect, model, stream, texts: united, skipped, calls }
}
