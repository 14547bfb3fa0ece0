//! International bank account numbers (ISO 13616): length by country, ISO 7064 MOD 97-10.

use crate::check::mod97;
use crate::kind::Kind;
use crate::label::{Before, Opening};
use crate::shape::Candidate;
use crate::topics::IBAN;
use crate::view::{More, View, is_word, up};

/// SWIFT IBAN registry: the countries by the length of their numbers.
const LENGTHS: &[(usize, &str)] = &[
    (15, "NO"),
    (16, "BE"),
    (18, "DK FI FO GL NL SD FK"),
    (19, "MK SI"),
    (20, "AT BA EE KZ LT LU MN XK"),
    (21, "CH CR HR LI LV"),
    (22, "BG BH DE GB GE IE ME RS VA"),
    (23, "AE GI IL IQ OM SO TL"),
    (24, "AD CZ ES MD PK RO SA SE SK TN VG DZ"),
    (25, "AO CV MZ PT ST LY"),
    (26, "IR IS TR BI"),
    (27, "BF BJ CF CG CI CM DJ FR GA GQ GR GW IT KM MC MG ML MR NE SM SN TD TG"),
    (28, "AL AZ BY CY DO GT HN HU LB MA NI PL SV"),
    (29, "BR EG PS QA UA"),
    (30, "JO KW MU YE"),
    (31, "MT SC"),
    (32, "LC"),
    (33, "RU"),
];

/// The characters of a number of this country.
fn length(country: &[u8]) -> Option<usize> {
    LENGTHS
        .iter()
        .find(|(_, codes)| codes.split(' ').any(|code| code.as_bytes().eq_ignore_ascii_case(country)))
        .map(|&(length, _)| length)
}

/// The number that begins at `start`, in groups of four or in one.
pub(crate) fn find(view: View<'_>, start: usize, before: &Before<'_>) -> Result<Option<Candidate>, More> {
    for offset in 0..4 {
        let byte = view.at(up(start, offset))?;
        let fits = if offset < 2 {
            byte.is_some_and(|b| b.is_ascii_alphabetic())
        } else {
            byte.is_some_and(|b| b.is_ascii_digit())
        };
        if !fits {
            return Ok(None);
        }
    }
    let Some(length) = length(view.slice(start, up(start, 2))) else { return Ok(None) };
    if before.opening() == Opening::Closed {
        return Ok(None);
    }
    let mut characters: Vec<u8> = Vec::with_capacity(length);
    let mut at = start;
    let mut separator = None;
    while characters.len() < length {
        match view.at(at)? {
            Some(byte) if byte.is_ascii_alphanumeric() => characters.push(byte),
            Some(byte @ (b' ' | b'-')) if characters.len().is_multiple_of(4) && view.before(at) != Some(byte) => {
                if separator.is_some_and(|s| s != byte) {
                    return Ok(None);
                }
                separator = Some(byte);
            }
            _ => return Ok(None),
        }
        at = up(at, 1);
    }
    if view.at(at)?.is_some_and(is_word) {
        return Ok(None);
    }
    let holds = mod97(characters.iter().skip(4).chain(characters.iter().take(4)).copied()) == 1;
    let label = before.announces(IBAN);
    if !holds && !label.is_some_and(|label| label.adjacent) {
        return Ok(None);
    }
    let weight = (true, at.saturating_sub(start), label.map_or(0, |label| label.end));
    Ok(Some(Candidate { kind: Kind::Iban, end: at, weight }))
}
