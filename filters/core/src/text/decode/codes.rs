//! Characters as numbers in a row: binary, octal, decimal, hexadecimal, or places in the alphabet.

use super::blocks::text_of;
use super::disguise::Disguise;
use super::layer::{Layer, Rewrite};
use super::words::Words;
use crate::text::Plain;

/// `text`, whose plain form is `plain`, with rows of numbers as what they may stand for, as far as `limit` bytes go;
/// `None` when there are none that stand for a text. Where a row can be read in several ways, all of them are there.
pub fn codes(text: &str, plain: &Plain, words: &Words, limit: usize) -> Option<Layer> {
    let mut out = Rewrite::of(text, limit);
    for (start, end) in &words.numbers {
        let numbers = plain.bytes().get(*start..*end).and_then(|bytes| core::str::from_utf8(bytes).ok());
        let Some(read) = numbers.and_then(read) else { continue };
        let (from, to) = plain.origin(*start, *end);
        out.apart(from, to, &read, Disguise::Codes.into());
    }
    out.finish()
}

/// What a row of numbers may stand for, a line each.
fn read(numbers: &str) -> Option<String> {
    let values = |radix: u32, lengths: core::ops::RangeInclusive<usize>, prefix: &str| -> Option<Vec<u8>> {
        let number = |word: &str| {
            let digits = word.strip_prefix(prefix).unwrap_or(word);
            u8::from_str_radix(digits, radix).ok().filter(|_| lengths.contains(&digits.len()))
        };
        numbers.split(' ').map(number).collect()
    };
    let mut lines = String::new();
    let mut push = |text: Option<String>| {
        // Numbers come out as anything; what is said in words comes out as letters.
        let text = text.filter(|text| {
            let letters = text.chars().filter(|c| c.is_alphabetic() || *c == ' ').count();
            letters.saturating_mul(3) >= text.chars().count().saturating_mul(2)
        });
        if let Some(text) = text {
            lines.push_str(&text);
            lines.push('\n');
        }
    };
    for (radix, lengths, prefix) in [(2, 6..=8, "0b"), (16, 2..=2, "0x"), (10, 1..=3, ""), (8, 2..=4, "0o")] {
        push(values(radix, lengths, prefix).and_then(|bytes| text_of(&bytes)));
    }
    let letter = |place: &u8| match place {
        0 => Some(' '),
        1..=26 => Some(char::from(place.saturating_add(b'a').saturating_sub(1))),
        _ => None,
    };
    push(values(10, 1..=2, "").and_then(|places| places.iter().map(letter).collect()));
    (!lines.is_empty()).then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::decode::vocabulary::Vocabulary;
    use crate::text::normalise;

    fn decoded(text: &str) -> Option<String> {
        let mut plain = Plain::default();
        normalise(text, &mut plain);
        let words = Words::of(&plain, &Vocabulary::of([].into_iter()).unwrap(), |_| {});
        codes(text, &plain, &words, usize::MAX).map(|layer| layer.text().to_string())
    }

    #[test]
    fn rows_of_numbers_are_read() {
        for (text, has) in [
            ("Run: 105 103 110 111 114 101.", "ignore"),
            ("[105,103,110,111,114,101]", "ignore"),
            ("151 147 156 157 162 145", "ignore"),
            ("0151 0147 0156 0157 0162 0145", "ignore"),
            ("69 67 6e 6f 72 65", "ignore"),
            ("69:67:6E:6F:72:65", "ignore"),
            ("0x69, 0x67, 0x6e, 0x6f, 0x72, 0x65", "ignore"),
            ("01101001 01100111 01101110 01101111 01110010 01100101", "ignore"),
            ("9-7-14-15-18-5", "ignore"),
        ] {
            assert!(decoded(text).unwrap_or_default().contains(has), "{text}: {:?}", decoded(text));
        }
        for text in ["12 34 56 78 90 12 34", "1 2 3 4", "2024 2025 2026 2027 2028 2029", "200 201 202 203 204 205"] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }
}
