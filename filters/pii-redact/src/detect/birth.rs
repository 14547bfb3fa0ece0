//! Dates of birth: a day of the calendar, between 1900 and 2030, that a label announces.

use crate::check::{date, number};
use crate::kind::Kind;
use crate::label::Before;
use crate::shape::{Candidate, closes};
use crate::topics::DOB;
use crate::view::{More, View, down, up};

/// The first letters of the months, in the languages of the labels, by month.
const MONTHS: [&[&str]; 12] = [
    &["jan", "ene", "gen", "sty", "ian", "янв"],
    &["feb", "fév", "fev", "lut", "фев"],
    &["mar", "mär", "mrt", "мар"],
    &["apr", "avr", "abr", "kwi", "апр"],
    &["may", "mai", "mag", "mei", "maj", "мая", "май"],
    &["jun", "jui", "giu", "cze", "июн"],
    &["jul", "lip", "lug", "июл"],
    &["aug", "aoû", "ago", "sie", "авг"],
    &["sep", "set", "wrz", "сен"],
    &["oct", "okt", "ott", "out", "paź", "окт"],
    &["nov", "lis", "ноя"],
    &["dec", "déc", "dez", "dic", "gru", "дек"],
];

/// Whether two letters may begin the name of a month.
pub(crate) fn may_begin(first: u8, second: u8) -> bool {
    matches!(
        [first.to_ascii_lowercase(), second.to_ascii_lowercase()],
        [b'j', b'a' | b'u']
            | [b'e', b'n']
            | [b'g', b'e' | b'i' | b'r']
            | [b's', b't' | b'i' | b'e']
            | [b'i', b'a']
            | [b'f', b'e' | 0xc3]
            | [b'l', b'u' | b'i']
            | [b'm', b'a' | 0xc3 | b'r' | b'e']
            | [b'a', b'p' | b'v' | b'b' | b'u' | b'o' | b'g']
            | [b'k', b'w']
            | [b'c', b'z']
            | [b'w', b'r']
            | [b'o', b'c' | b'k' | b't' | b'u']
            | [b'p', b'a']
            | [b'n', b'o']
            | [b'd', b'e' | b'i' | 0xc3]
    )
}

/// The date that begins at `start`.
pub(crate) fn find(view: View<'_>, start: usize, before: &Before<'_>) -> Result<Option<Candidate>, More> {
    let end = match view.at(start)? {
        Some(byte) if byte.is_ascii_digit() => figures(view, start)?,
        _ => month_first(view, start)?,
    };
    let Some(end) = end else { return Ok(None) };
    if !closes(view, end)? {
        return Ok(None);
    }
    let Some(label) = before.announces(DOB) else { return Ok(None) };
    Ok(Some(Candidate { kind: Kind::Dob, end, weight: (true, down(end, start), label.end) }))
}

fn living(year: u64, month: u64, day: u64) -> bool {
    (1900..=2030).contains(&year) && date::exists(year, month, day)
}

fn digits(view: View<'_>, at: usize) -> Result<(u64, usize), More> {
    let end = view.run(at, 9, |byte| byte.is_ascii_digit())?;
    Ok((number(view.slice(at, end)), end))
}

/// `1985-04-22`, `22.04.1985`, `4/22/1985`, `19850422`, `22 Apr 1985`, `1985年4月22日`.
fn figures(view: View<'_>, start: usize) -> Result<Option<usize>, More> {
    let (first, at) = digits(view, start)?;
    let width = down(at, start);
    if width == 8 {
        return Ok(living(first / 10_000, first / 100 % 100, first % 100).then_some(at));
    }
    if width == 4 && view.stands(at, "年".as_bytes())? {
        let (month, at) = digits(view, up(at, 3))?;
        if !view.stands(at, "月".as_bytes())? {
            return Ok(None);
        }
        let (day, at) = digits(view, up(at, 3))?;
        return Ok((view.stands(at, "日".as_bytes())? && living(first, month, day)).then(|| up(at, 3)));
    }
    let Some(separator) = view.at(at)? else { return Ok(None) };
    if matches!(separator, b'-' | b'/' | b'.') && matches!(width, 1 | 2 | 4) {
        let (second, next) = digits(view, up(at, 1))?;
        if next == up(at, 1) || view.at(next)? != Some(separator) {
            return if width < 4 { word_month(view, first, at) } else { Ok(None) };
        }
        let (third, end) = digits(view, up(next, 1))?;
        let day = if width == 4 {
            living(first, second, third)
        } else {
            let year = match down(end, up(next, 1)) {
                4 => third,
                2 => third.saturating_add(1900),
                _ => return Ok(None),
            };
            living(year, second, first) || living(year, first, second)
        };
        return Ok(day.then_some(end));
    }
    let words = matches!(separator, b' ' | b's' | b'n' | b'r' | b't');
    if width < 3 && words { word_month(view, first, at) } else { Ok(None) }
}

/// After the day: `. April 1985`, ` de abril de 1985`, `-Apr-1985`, `th of April 1985`.
fn word_month(view: View<'_>, day: u64, at: usize) -> Result<Option<usize>, More> {
    let mut at = at;
    for suffix in [&b"st"[..], b"nd", b"rd", b"th"] {
        if view.stands(at, suffix)? {
            at = up(at, 2);
            break;
        }
    }
    let at = gap(view, at)?;
    let Some((month, at)) = month(view, at)? else { return Ok(None) };
    let at = gap(view, at)?;
    let (year, end) = digits(view, at)?;
    Ok((down(end, at) == 4 && living(year, month, day)).then_some(end))
}

/// `April 22, 1985`.
fn month_first(view: View<'_>, start: usize) -> Result<Option<usize>, More> {
    let Some((month, at)) = month(view, start)? else { return Ok(None) };
    let at = gap(view, at)?;
    let (day, next) = digits(view, at)?;
    if next == at {
        return Ok(None);
    }
    let mut next = next;
    for suffix in [&b"st"[..], b"nd", b"rd", b"th"] {
        if view.stands(next, suffix)? {
            next = up(next, 2);
            break;
        }
    }
    let at = gap(view, next)?;
    let (year, end) = digits(view, at)?;
    Ok((down(end, at) == 4 && living(year, month, day)).then_some(end))
}

/// Past blanks, a comma, a dot, a hyphen and the words `de` and `of`.
fn gap(view: View<'_>, at: usize) -> Result<usize, More> {
    let blank = |byte: u8| matches!(byte, b' ' | b',' | b'.' | b'-' | b'/');
    let at = view.run(at, 3, blank)?;
    for word in [&b"de "[..], b"of "] {
        if view.stands_caseless(at, word)? {
            return Ok(up(at, 3));
        }
    }
    Ok(at)
}

/// The month whose name stands at a position, and where the name ends.
fn month(view: View<'_>, at: usize) -> Result<Option<(u64, usize)>, More> {
    // Most words are told from all months by their first two letters.
    if let (Some(first), Some(second)) = (view.at(at)?, view.at(up(at, 1))?)
        && first.is_ascii()
        && !may_begin(first, second)
    {
        return Ok(None);
    }
    for (index, names) in MONTHS.iter().enumerate() {
        for name in *names {
            if view.stands_caseless(at, name.as_bytes())? {
                let end = view.run(at, 20, |byte| byte.is_ascii_alphabetic() || byte >= 0x80)?;
                let month = u64::try_from(index).unwrap_or(0).saturating_add(1);
                return Ok(Some((month, end)));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::{MONTHS, may_begin};

    #[test]
    fn every_month_in_latin_letters_passes_the_first_look() {
        for name in MONTHS.iter().flat_map(|names| names.iter()).filter(|name| name.is_char_boundary(1)) {
            assert!(may_begin(name.as_bytes()[0], name.as_bytes()[1]), "{name}");
        }
    }
}
