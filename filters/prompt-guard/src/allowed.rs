//! Texts that the operator knows and allows: the platform's own system prompt, a template that every request carries.
//!
//! A text is allowed as a whole or not at all, and compared as it was decoded: only line ends and blanks around it do not
//! count. The form that rules see would not do: it drops what is not seen, and an attacker could write there.

use std::collections::BTreeMap;

use portcullis_core::config::{Reader, Word, choose};
use portcullis_core::wire::{Role, Source, Text};
use sha2::{Digest, Sha256};

use crate::exceptions::roles;
use crate::ruleset::bit;

/// Entries of a profile.
const MAX: usize = 256;
/// Bytes of a text that is written out in the configuration.
const MAX_WRITTEN: usize = 16_384;
/// Bytes of a text that is compared: longer ones are never allowed.
const MAX_BYTES: u32 = 65_536;

/// What is done with an allowed text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// It is not inspected, and counted as skipped.
    Unread,
    /// It is inspected; findings in it are recorded and add nothing to the score.
    Recorded,
}

const EFFECTS: &[Word<Leave>] = &[
    Word {
        word: "skip",
        value: Leave::Unread,
        doc: "The text is not inspected; its bytes count as skipped (`allowed`).",
    },
    Word {
        word: "record",
        value: Leave::Recorded,
        doc: "What is found in it is recorded and adds nothing to the score.",
    },
];

/// Texts by the SHA-256 of their compared form, with the roles that may speak them.
#[derive(Debug, Default)]
pub(crate) struct Allowed {
    texts: BTreeMap<[u8; 32], (u16, Leave)>,
    roles: u16,
}

impl Allowed {
    /// Reads `allowed`.
    pub fn read(r: &mut dyn Reader) -> Self {
        let mut allowed = Self::default();
        let doc = "Texts that are known and allowed, such as your own system prompt. A text must be the whole of what one \
                   message or part says: line ends and blanks around it do not count, every other byte does.";
        r.list("allowed", MAX, doc, &mut |r| allowed.entry(r));
        allowed
    }

    fn entry(&mut self, r: &mut dyn Reader) {
        let said = |s: &str| !s.trim().is_empty();
        let _ = r.text("reason", 512, "a sentence", &said, "Why the text is allowed. Required.");
        r.required("reason", "say why, for those who come after you");
        let doc = "The text. Give this or `sha256`.";
        let text = r.text("text", MAX_WRITTEN, "a text", &|s| !compared(s).is_empty(), doc);
        let doc =
            "SHA-256 of the text in UTF-8, with line feeds as line ends and without blanks around it, in hexadecimal.";
        let sum = r.text("sha256", 64, "64 hexadecimal digits", &|s| bytes(s).is_some(), doc);
        match (r.has("text"), r.has("sha256")) {
            (false, false) => r.problem("", "allows no text".into(), "give text or sha256".into()),
            (true, true) => r.problem("sha256", "stands beside `text`".into(), "leave one of them out".into()),
            _ => {}
        }
        let mut mask = roles(r, "Who may speak it; `system` when absent.");
        if !r.has("roles") {
            mask = bit(Role::System);
        }
        let effect = choose(r, "effect", EFFECTS, "What is done with the text.").unwrap_or(Leave::Recorded);
        let Some(sum) = text.map(|text| digest(&text)).or_else(|| bytes(&sum?)) else { return };
        self.roles |= mask;
        if self.texts.insert(sum, (mask, effect)).is_some() {
            r.problem("", "allows a text that an entry before allows".into(), "name its roles in one entry".into());
        }
    }

    /// Whether `text` may be one of them, by what is known before it is decoded.
    pub fn may_hold(&self, text: &Text) -> bool {
        self.roles & bit(text.role) != 0 && text.source == Source::Defined && text.span.len() <= MAX_BYTES
    }

    /// What is to be done with `text` when `role` speaks it; `None` when it is not allowed.
    pub fn find(&self, text: &str, role: Role) -> Option<Leave> {
        let (roles, leave) = self.texts.get(&digest(text))?;
        (roles & bit(role) != 0).then_some(*leave)
    }
}

/// A text as it is compared, but for its line ends.
fn compared(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

fn digest(text: &str) -> [u8; 32] {
    let mut sum = Sha256::new();
    for (place, line) in compared(text).split("\r\n").enumerate() {
        if place > 0 {
            sum.update(b"\n");
        }
        sum.update(line.as_bytes());
    }
    sum.finalize().into()
}

fn bytes(hex: &str) -> Option<[u8; 32]> {
    let mut sum = [0; 32];
    let digits: Vec<u8> =
        hex.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in sum.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair.iter().fold(0, |byte, digit| (byte << 4) | digit);
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_that_of_the_standard_over_line_feeds_and_no_blanks_around() {
        // FIPS 180-4, the message "abc".
        let abc = bytes("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD").unwrap();
        for text in ["abc", " abc\r\n", "\n\tabc"] {
            assert_eq!(digest(text), abc, "{text:?}");
        }
        assert_eq!(digest("a\r\nb"), digest("a\nb"));
        for other in ["a\rb", "a b", "a\n\nb", "a\n b", "A\nb", "a\u{200b}\nb", "a\nb\u{a0}", "a\nb\u{0}"] {
            assert_ne!(digest("a\nb"), digest(other), "{other:?}");
        }
        for wrong in ["", "ab", &"g".repeat(64), &"a".repeat(63), &"é".repeat(32)] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }
}
