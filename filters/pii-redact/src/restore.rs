//! Numbers of a ledger, turned back into their values in a text that arrives in chunks.

use crate::kind::Kind;
use crate::policy::Ledger;

/// The longest that a number with its kind and its nonce can be, with the brackets.
const LONGEST: usize = 64;

/// Turns back what one text repeats of a ledger's numbers. A number is known by the nonce it carries; any other text in
/// brackets, even of the same form, stays.
#[derive(Default)]
pub(crate) struct Restorer {
    /// From a bracket on, what may still become a number.
    held: String,
}

impl Restorer {
    /// Takes the next chunk and appends what is settled. The result does not depend on how the text is cut.
    pub(crate) fn push(&mut self, chunk: &str, ledger: &Ledger, out: &mut String) {
        let mut rest = chunk;
        loop {
            if self.held.is_empty() {
                let Some(open) = rest.find('[') else {
                    out.push_str(rest);
                    return;
                };
                let (before, from) = rest.split_at_checked(open).unwrap_or((rest, ""));
                out.push_str(before);
                self.held.push('[');
                rest = from.get(1..).unwrap_or_default();
            }
            let within = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            let run = rest.find(|c| !within(c)).unwrap_or(rest.len());
            let (run, behind) = rest.split_at_checked(run).unwrap_or((rest, ""));
            self.held.push_str(run);
            rest = behind;
            match rest.chars().next() {
                None if self.held.len() <= LONGEST => return,
                Some(']') => {
                    self.held.push(']');
                    rest = rest.get(1..).unwrap_or_default();
                    out.push_str(value(&self.held, ledger).unwrap_or(&self.held));
                }
                _ => out.push_str(&self.held),
            }
            self.held.clear();
        }
    }

    /// Ends the text and appends what is left of it.
    pub(crate) fn finish(&mut self, out: &mut String) {
        out.push_str(&core::mem::take(&mut self.held));
    }

    /// Bytes that have arrived and are not settled.
    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }
}

fn value<'a>(token: &str, ledger: &'a Ledger) -> Option<&'a str> {
    let token = token.strip_prefix('[')?.strip_suffix(']')?;
    let (token, nonce) = token.rsplit_once('_')?;
    if ledger.nonce() != Some(nonce) {
        return None;
    }
    let (kind, number) = token.rsplit_once('_')?;
    // A number is written in one way only.
    let number = number.parse().ok().filter(|n: &u32| n.to_string() == number)?;
    ledger.value(Kind::named(kind)?, number)
}

#[cfg(test)]
mod tests {
    use super::Restorer;
    use crate::kind::Kind;
    use crate::policy::{Ledger, Operator, Policy};

    fn ledger() -> Ledger {
        let mut ledger = Ledger::default();
        ledger.set_nonce("7KQ2M9".into());
        let policy = Policy::all(Operator::Number);
        for value in ["ann@acme.org", "bo@acme.org"] {
            let mut out = String::new();
            policy.write(Kind::Email, value, &mut ledger, &mut out);
            assert!(out.ends_with("_7KQ2M9]"), "{out}");
        }
        ledger
    }

    #[test]
    fn numbers_are_turned_back_however_the_text_is_cut() {
        let ledger = ledger();
        let text = "To [EMAIL_1_7KQ2M9] and [[EMAIL_2_7KQ2M9], not [EMAIL_1], [EMAIL_3_7KQ2M9], [EMAIL_1_7KQ2M8], \
                    [EMAIL_01_7KQ2M9], [email_1_7kq2m9], [PHONE_1_7KQ2M9], [ x ] é [EMAIL_1_7KQ2M9";
        let expected = "To ann@acme.org and [bo@acme.org, not [EMAIL_1], [EMAIL_3_7KQ2M9], [EMAIL_1_7KQ2M8], \
                        [EMAIL_01_7KQ2M9], [email_1_7kq2m9], [PHONE_1_7KQ2M9], [ x ] é [EMAIL_1_7KQ2M9";
        for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            let mut restorer = Restorer::default();
            let mut out = String::new();
            restorer.push(&text[..cut], &ledger, &mut out);
            restorer.push(&text[cut..], &ledger, &mut out);
            restorer.finish(&mut out);
            assert_eq!(out, expected, "cut at {cut}");
        }
    }

    #[test]
    fn no_more_is_held_than_a_number_can_be() {
        let (ledger, mut restorer, mut out) = (ledger(), Restorer::default(), String::new());
        for _ in 0..1000 {
            restorer.push("[A", &ledger, &mut out);
            restorer.push(&"A".repeat(40), &ledger, &mut out);
            assert!(restorer.held() <= 64);
        }
    }

    #[test]
    fn another_ledger_turns_nothing_back() {
        let (mut out, mut other) = (String::new(), ledger());
        other.set_nonce("AAAAAA".into());
        Restorer::default().push("[EMAIL_1_7KQ2M9]", &other, &mut out);
        assert_eq!(out, "[EMAIL_1_7KQ2M9]");
    }
}
