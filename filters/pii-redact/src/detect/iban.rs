//! International bank account numbers (ISO 13616): length by country, ISO 7064 MOD 97-10.

use crate::check::mod97;
use crate::kind::Kind;
use crate::label::{Before, Opening};
use crate::shape::Candidate;
use crate::topics::IBAN;
use crate::view::{More, View, is_word, up};

/// The characters of a number of this country: the SWIFT IBAN registry.
fn length(country: &[u8]) -> Option<usize> {
    match country.to_ascii_uppercase().as_slice() {
        b"NO" => Some(15),
        b"BE" => Some(16),
        b"DK" | b"FI" | b"FO" | b"GL" | b"NL" | b"SD" | b"FK" => Some(18),
        b"MK" | b"SI" => Some(19),
        b"AT" | b"BA" | b"EE" | b"KZ" | b"LT" | b"LU" | b"MN" | b"XK" => Some(20),
        b"CH" | b"CR" | b"HR" | b"LI" | b"LV" => Some(21),
        b"BG" | b"BH" | b"DE" | b"GB" | b"GE" | b"IE" | b"ME" | b"RS" | b"VA" => Some(22),
        b"AE" | b"GI" | b"IL" | b"IQ" | b"OM" | b"SO" | b"TL" => Some(23),
        b"AD" | b"CZ" | b"ES" | b"MD" | b"PK" | b"RO" | b"SA" | b"SE" | b"SK" | b"TN" | b"VG" | b"DZ" => Some(24),
        b"AO" | b"CV" | b"MZ" | b"PT" | b"ST" | b"LY" => Some(25),
        b"IR" | b"IS" | b"TR" | b"BI" => Some(26),
        b"BF" | b"BJ" | b"CF" | b"CG" | b"CI" | b"CM" | b"DJ" | b"FR" | b"GA" | b"GQ" | b"GR" | b"GW" | b"IT"
        | b"KM" | b"MC" | b"MG" | b"ML" | b"MR" | b"NE" | b"SM" | b"SN" | b"TD" | b"TG" => Some(27),
        b"AL" | b"AZ" | b"BY" | b"CY" | b"DO" | b"GT" | b"HN" | b"HU" | b"LB" | b"MA" | b"NI" | b"PL" | b"SV" => {
            Some(28)
        }
        b"BR" | b"EG" | b"PS" | b"QA" | b"UA" => Some(29),
        b"JO" | b"KW" | b"MU" | b"YE" => Some(30),
        b"MT" | b"SC" => Some(31),
        b"LC" => Some(32),
        b"RU" => Some(33),
        _ => None,
    }
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
    // Country and length say more than any label does.
    let weight = (true, at.saturating_sub(start), at);
    Ok(Some(Candidate { kind: Kind::Iban, end: at, weight }))
}
