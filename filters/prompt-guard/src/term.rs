//! A term as rules write it, brought into the form that the matcher wants. The build uses this for the rules that ship,
//! the settings for an operator's own.

use portcullis_core::text::{Plain, normalise};

/// Punctuation that is looked at on either side of a literal.
pub(crate) const MAX_MARKS: usize = 8;

/// ` words between blanks `, or ` the begin` of a word, which is written `begin*`.
///
/// # Errors
/// What is wrong with it, as the rest of a sentence that begins with the term.
pub(crate) fn plain(term: &str) -> Result<String, &'static str> {
    let (words, stem) = term.strip_suffix('*').map_or((term, false), |words| (words, true));
    if words.contains('*') {
        return Err("has a `*` that is not at its end");
    }
    let mut plain = Plain::default();
    normalise(words, &mut plain);
    let mut text = String::from_utf8_lossy(plain.bytes()).into_owned();
    let letters = text.trim().chars().count();
    match () {
        () if letters == 0 => return Err("has no word in it"),
        () if stem && letters < if text.is_ascii() { 3 } else { 2 } => return Err("is too short a begin of a word"),
        () if text.len() > 160 => return Err("is over 160 bytes"),
        () if text.trim().split(' ').count() > 15 => return Err("has more than 15 words"),
        () => {}
    }
    if stem {
        text.truncate(text.trim_end().len());
    }
    Ok(text)
}

/// The plain form of a term, and those of its capitals where they differ.
///
/// A capital of Greek looks like another Latin letter than its small letter does (`Ν` and `ν`): such a term also stands
/// in capitals, and with one at its begin.
///
/// # Errors
/// As for [`plain`].
pub(crate) fn forms(term: &str) -> Result<Vec<String>, &'static str> {
    let mut forms = vec![plain(term)?];
    if term.contains(|c| matches!(c, '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}')) {
        let mut rest = term.chars();
        let first: String = rest.next().into_iter().flat_map(char::to_uppercase).collect();
        forms.push(plain(&term.to_uppercase())?);
        forms.push(plain(&(first + rest.as_str()))?);
    }
    Ok(forms)
}

/// The plain form of a literal's words, and the punctuation before and after them.
///
/// # Errors
/// As for [`plain`].
pub(crate) fn literal(literal: &str) -> Result<(String, String, String), &'static str> {
    let words = literal.trim_matches(|c: char| !c.is_alphanumeric());
    let squeezed: String = literal.split_whitespace().collect();
    let middle: String = words.split_whitespace().collect();
    let term = plain(words)?;
    match squeezed.split_once(middle.as_str()) {
        Some((before, after)) if before.is_empty() && after.is_empty() => {
            Err("has no punctuation around it: it is a phrase")
        }
        Some((before, after)) if before.chars().count().max(after.chars().count()) <= MAX_MARKS => {
            Ok((term, before.to_string(), after.to_string()))
        }
        _ => Err("has more than 8 marks on a side"),
    }
}
