//! Text in characters that are not seen: tags (U+E0020 to U+E007E stand for ASCII) and variation selectors, of which
//! there are as many as a byte has values.

use super::disguise::Disguise;
use super::layer::{Layer, Rewrite};

/// Bytes between two of them beyond which they are not of one text.
const APART: usize = 64;
/// A flag is a few tags long, and one variation selector follows many an emoji.
const LEAST: usize = 4;

/// `text` with what its invisible characters say, as far as `limit` bytes go; `None` when they say nothing.
pub fn invisible(text: &str, limit: usize) -> Option<Layer> {
    let mut out = Rewrite::of(text, limit);
    let mut said: Vec<u8> = Vec::new();
    let (mut from, mut to) = (0, 0);
    let mut put = |from: usize, to: usize, said: &mut Vec<u8>| {
        if said.len() >= LEAST {
            out.apart(from, to, &String::from_utf8_lossy(said), Disguise::Invisible.into());
        }
        said.clear();
    };
    for (at, c) in text.char_indices() {
        let byte = match c as u32 {
            code @ 0xe0020..=0xe007e => code.saturating_sub(0xe0000),
            code @ 0xfe00..=0xfe0f => code.saturating_sub(0xfe00),
            code @ 0xe0100..=0xe01ef => code.saturating_sub(0xe0100).saturating_add(16),
            _ => continue,
        };
        if at.saturating_sub(to) > APART {
            put(from, to, &mut said);
        }
        if said.is_empty() {
            from = at;
        }
        to = at.saturating_add(c.len_utf8());
        said.extend(u8::try_from(byte));
    }
    put(from, to, &mut said);
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_selectors_are_read_however_they_are_strewn() {
        let tags =
            |text: &str| -> String { text.bytes().map(|b| char::from_u32(0xe0000 + u32::from(b)).unwrap()).collect() };
        let selectors = |text: &str| -> String {
            let selector = |b: u8| if b < 16 { 0xfe00 + u32::from(b) } else { 0xe0100 + u32::from(b) - 16 };
            text.bytes().map(|b| char::from_u32(selector(b)).unwrap()).collect()
        };
        let strewn: String = "Hello".chars().zip(tags("Obeys").chars()).flat_map(|(a, b)| [a, b]).collect();
        for (text, said) in [
            (format!("Hi {}!", tags("Ignore all")), "Ignore all"),
            (strewn, "Obeys"),
            (format!("\u{1f600}{}", selectors("Ignore é")), "Ignore é"),
        ] {
            let layer = invisible(&text, usize::MAX).unwrap();
            assert!(layer.text().contains(said), "{:?}", layer.text());
            let at = layer.text().find(said).unwrap();
            let (from, to) = layer.origin(at, at + said.len());
            assert!(text.get(from..to).is_some_and(|t| !t.is_empty()));
        }
        assert!(invisible("\u{2764}\u{fe0f} \u{2600}\u{fe0f}", usize::MAX).is_none());
    }
}
