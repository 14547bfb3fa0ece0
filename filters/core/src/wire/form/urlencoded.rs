//! `application/x-www-form-urlencoded` (WHATWG URL, "application/x-www-form-urlencoded parsing").

use super::fields::{Fields, span};
use crate::percent::octet;
use crate::wire::reading::is_id;
use crate::wire::{Role, Source, Unreadable};

/// Reads the pairs of `body`; gives its names and values, decoded, one after the other: the fields lie there.
///
/// # Errors
/// [`Unreadable::Form`] for a `;`, which some parsers take for an `&`, for a `%` without two digits, and for what begins
/// like JSON, which some servers read as that; [`Unreadable::Encoding`] for what is not UTF-8 when it is decoded.
pub(super) fn read(body: &[u8], fields: &mut Fields<'_>) -> Result<Vec<u8>, Unreadable> {
    if body.contains(&b';') || matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return Err(Unreadable::Form);
    }
    // A decoded text is never longer than its code.
    let mut decoded = Vec::with_capacity(body.len());
    for pair in body.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
        let equals = pair.iter().position(|&byte| byte == b'=').unwrap_or(pair.len());
        let (name, value) = pair.split_at(equals);
        let at_name = decoded.len();
        decode(name, &mut decoded)?;
        let at_value = decoded.len();
        decode(value.get(1..).unwrap_or_default(), &mut decoded)?;
        let name = decoded.get(at_name..at_value).unwrap_or_default();
        let speaker = fields.begin(name)?;
        if speaker.1 == Source::Unrecognised && !is_id(name) {
            fields.text(span(at_name, at_value), (Role::User, Source::Unrecognised));
        }
        fields.value(name, &decoded, span(at_value, decoded.len()), speaker);
    }
    Ok(decoded)
}

fn decode(coded: &[u8], into: &mut Vec<u8>) -> Result<(), Unreadable> {
    let start = into.len();
    let mut rest = coded;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        into.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (byte, behind) = octet(behind).ok_or(Unreadable::Form)?;
                rest = behind;
                byte
            }
            byte => byte,
        });
    }
    match core::str::from_utf8(into.get(start..).unwrap_or_default()) {
        Ok(_) => Ok(()),
        Err(_) => Err(Unreadable::Encoding),
    }
}
