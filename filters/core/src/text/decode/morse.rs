//! Morse code (ITU-R M.1677-1) in full stops and hyphens.

use super::disguise::Disguise;
use super::layer::{Layer, Rewrite};

/// Letters that a run must have.
const LETTERS: usize = 8;

/// `text` with Morse code in letters, as far as `limit` bytes go; `None` when there is none.
///
/// Letters are parted by a blank, words by `/`, `|`, a line break or more blanks.
pub fn morse(text: &str, limit: usize) -> Option<Layer> {
    let mut out = Rewrite::of(text, limit);
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(ahead) = bytes.get(at..)?.iter().position(|byte| is_sign(*byte)) {
        let from = at.saturating_add(ahead);
        // The end of a sentence, or a hyphen in a word.
        if from.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(u8::is_ascii_alphanumeric) {
            at = from.saturating_add(1);
            continue;
        }
        let run = bytes.get(from..)?.iter().take_while(|byte| is_sign(**byte) || is_space(**byte)).count();
        at = from.saturating_add(run);
        let run = text.get(from..at)?;
        if let Some(read) = letters(run) {
            out.apart(from, from.saturating_add(run.trim_end().len()), &read, Disguise::Morse.into());
        }
    }
    out.finish()
}

fn letters(run: &str) -> Option<String> {
    if run.len() < LETTERS.saturating_mul(2) {
        return None;
    }
    let mut text = String::new();
    let (mut known, mut both) = (0_usize, false);
    for group in run.split([' ', '\t', '\r']) {
        for (i, group) in group.split(['/', '|', '\n']).enumerate() {
            if (group.is_empty() || i > 0) && !text.ends_with(' ') {
                text.push(' ');
            }
            if group.is_empty() {
                continue;
            }
            text.push(letter(group)?);
            known = known.saturating_add(1);
            both |= group.contains('.') && group.contains('-');
        }
    }
    (known >= LETTERS && both).then(|| text.trim().into())
}

fn is_sign(byte: u8) -> bool {
    matches!(byte, b'.' | b'-' | b'_')
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'/' | b'|' | b'\n' | b'\r' | b'\t')
}

/// The letters from `.` on, where a full stop leads to twice the place and a hyphen to one more.
const TREE: &[u8; 64] = b"  etianmsurwdkgohvf.l.pjbxcyzq..54.3...2.......16.......7...8.90";

fn letter(group: &str) -> Option<char> {
    if group.len() > 5 {
        // Punctuation.
        return (group.len() == 6).then_some('.');
    }
    let place =
        group.bytes().fold(1_usize, |place, sign| place.saturating_mul(2).saturating_add(usize::from(sign != b'.')));
    TREE.get(place).copied().map(char::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        morse(text, usize::MAX).map(|layer| layer.text().to_string())
    }

    #[test]
    fn letters_and_digits_are_those_of_the_code() {
        let alphabet = ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- \
            -.-- --.. ----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----.";
        assert_eq!(read(alphabet).unwrap(), "\n\nabcdefghijklmnopqrstuvwxyz0123456789\n\n");
        assert_eq!(
            read("so: .. --. -. --- .-. . / .- .-.. .-..  -. --- .--  ok").unwrap(),
            "so: \n\nignore all now\n\n  ok"
        );
    }

    #[test]
    fn lists_tables_and_dots_stay() {
        for text in [
            "- a\n- b\n",
            "|---|---|---|---|---|---|---|---|---|",
            "wait... - no ... -",
            "-. -. -. -- .",
            "... ... ... ... ... ... ... ... ...",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
