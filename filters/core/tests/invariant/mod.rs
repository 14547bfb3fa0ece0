//! What must hold for every body that was read: the oracle of the property test and of the fuzz target.

use std::collections::{HashMap, HashSet};

use portcullis_core::json::{self, Kind, Value};
use portcullis_core::wire::{Limits, Prompt, Span};

/// Names under which a string may be left out of inspection, with its reason.
const SKIPPED_UNDER: [&str; 33] = [
    "url",
    "image_url",
    "audio_url",
    "video_url",
    "data",
    "id",
    "file_id",
    "file_data",
    "signature",
    "encrypted_content",
    "encrypted_index",
    "encrypted_stdout",
    "source",
    "previous_message_id",
    "file_url",
    "prompt_embeds",
    "result",
    "images",
    "image",
    "inputImage",
    "maskImage",
    "conditionImage",
    "bytes",
    "fileUri",
    "file_uri",
    "uri",
    "raw",
    "blob",
    "thoughtSignature",
    "thought_signature",
    "redactedContent",
    "fileWithBytes",
    "fileWithUri",
];

/// Panics unless every string of `body` ended in exactly one place: a text, a skipped part, the model's name, or, if it
/// can be nothing but an identifier or a known word, nowhere.
pub fn check(body: &[u8], limits: &Limits, prompt: &Prompt) {
    let document = json::parse(body, limits).expect("what was read parses");
    let increasing = |spans: &[Span]| spans.is_sorted_by(|a, b| a.start < b.start && a.end <= b.start);
    let texts: Vec<Span> = prompt.texts.iter().map(|text| text.span).collect();
    let skipped: Vec<Span> = prompt.skipped.iter().map(|part| part.span).collect();
    assert!(increasing(&texts) && increasing(&skipped), "places are in the order of the body, each once");

    let places = texts.iter().chain(&skipped).chain(&prompt.model);
    // Empty strings share no byte, yet no two begin at the same one.
    let mut unclaimed: HashSet<u32> = places.clone().map(|span| span.start).collect();
    assert_eq!(unclaimed.len(), texts.len() + skipped.len() + usize::from(prompt.model.is_some()), "one place each");
    let skipped: HashSet<u32> = skipped.iter().map(|span| span.start).collect();

    let mut under = HashMap::new();
    names_above(document.root(), "", &mut under);
    for node in document.root().nodes() {
        let Some(string) = node.string() else {
            // What is skipped as tokens is skipped whole, and holds no string.
            if skipped.contains(&node.span().start) && unclaimed.remove(&node.span().start) {
                assert!(node.nodes().all(|node| matches!(node.kind(), Kind::Array | Kind::Number)), "tokens");
            }
            continue;
        };
        let text = string.text();
        let claimed = unclaimed.remove(&string.span().start);
        assert!(
            claimed || identifier(&text),
            "{:?} at {:?} was lost, and it is no identifier",
            node.kind(),
            string.span()
        );
        if skipped.contains(&string.span().start) {
            assert!(node.kind() == Kind::String, "names are never skipped");
            let above = under.get(&string.span().start).map_or("", String::as_str);
            assert!(SKIPPED_UNDER.contains(&above), "skipped under {above:?}");
        }
    }
    assert!(unclaimed.is_empty(), "every place is that of a string: {unclaimed:?}");

    for text in &prompt.texts {
        let raw = std::str::from_utf8(text.span.of(body)).expect("texts lie on boundaries of characters");
        let unescaped = json::unescape(body, text.span).expect("texts can be read");
        assert_eq!(text.escaped, raw.contains('\\'));
        assert_eq!(unescaped.span(0..unescaped.text().len()), text.span, "the whole text is the whole place");
    }
}

/// For the place of each string, the name of the member that holds it, be it in arrays.
fn names_above(value: Value<'_>, name: &str, under: &mut HashMap<u32, String>) {
    if value.kind() == Kind::String {
        under.insert(value.span().start, name.to_owned());
    }
    value.items().for_each(|item| names_above(item, name, under));
    value.entries().for_each(|(name, value)| names_above(value, &name.text(), under));
}

fn identifier(text: &str) -> bool {
    text.len() <= 256 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:/@$".contains(&byte))
}
