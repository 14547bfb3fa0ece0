//! Addresses of machines: IPv4 (RFC 791 dotted quads), IPv6 (RFC 4291 section 2.2), MAC (IEEE 802, and Cisco's form).

use crate::detect::Match;
use crate::kind::Kind;
use crate::label::Before;
use crate::topics::VERSION;
use crate::view::{More, View, down, is_word, up};

/// Four decimal octets without leading zeros, unless the text before says that it is a version.
pub(crate) fn ipv4(view: View<'_>, start: usize, before: &Before<'_>) -> Result<Option<Match>, More> {
    let Some(end) = quad(view, start)? else { return Ok(None) };
    let clear = match view.before(start) {
        None => true,
        Some(b'-') => !view.before(down(start, 1)).is_some_and(is_word) || after_quad(view, down(start, 1))?,
        Some(b'.' | b'$' | b'+' | b'~' | b'^') => !view.before(down(start, 1)).is_some_and(is_word),
        Some(byte) => !is_word(byte) || hangs_on_escape(view, start),
    };
    let closed = match view.at(end)? {
        None => true,
        Some(b'.' | b'+') => !view.at(up(end, 1))?.is_some_and(|b| b.is_ascii_digit()),
        Some(b'-') => !view.at(up(end, 1))?.is_some_and(|b| b.is_ascii_alphabetic()),
        Some(byte) => !is_word(byte),
    };
    if !clear || !closed || before.nearest_is(VERSION) {
        return Ok(None);
    }
    Ok(Some(Match::closed(Kind::IpAddress, start, end)))
}

/// Whether a dotted quad ends at a position: the first address of a range.
fn after_quad(view: View<'_>, end: usize) -> Result<bool, More> {
    let mut start = end;
    while down(end, start) < 15 && view.before(start).is_some_and(|byte| byte.is_ascii_digit() || byte == b'.') {
        start = down(start, 1);
    }
    Ok(quad(view, start)? == Some(end))
}

fn hangs_on_escape(view: View<'_>, start: usize) -> bool {
    matches!(view.before(start), Some(b'n' | b'r' | b't')) && view.before(down(start, 1)) == Some(b'\\')
}

fn quad(view: View<'_>, start: usize) -> Result<Option<usize>, More> {
    let mut at = start;
    for octet in 0..4 {
        if octet > 0 {
            if view.at(at)? != Some(b'.') {
                return Ok(None);
            }
            at = up(at, 1);
        }
        let end = view.run(at, 4, |byte| byte.is_ascii_digit())?;
        let digits = view.slice(at, end);
        let value =
            digits.iter().fold(0_u32, |n, &d| n.saturating_mul(10).saturating_add(u32::from(d.saturating_sub(b'0'))));
        if digits.is_empty() || digits.len() > 3 || value > 255 || digits.len() > 1 && digits.first() == Some(&b'0') {
            return Ok(None);
        }
        at = end;
    }
    Ok(Some(at))
}

/// Eight groups of one to four hexadecimal digits, `::` once for the missing ones, a dotted quad for the last two.
///
/// `std::vec`, `a::b` and times have the same signs; an address has a digit, and three groups or one of three digits.
pub(crate) fn ipv6(view: View<'_>, start: usize) -> Result<Option<Match>, More> {
    if view.before(start).is_some_and(|byte| is_word(byte) || byte == b':') && !hangs_on_escape(view, start) {
        return Ok(None);
    }
    let mut at = start;
    let mut groups = 0_usize;
    let mut shortened = false;
    let mut digits = false;
    let mut long = false;
    let mut quad_end = None;
    loop {
        if view.at(at)? == Some(b':') && view.at(up(at, 1))? == Some(b':') {
            if shortened {
                return Ok(None);
            }
            shortened = true;
            at = up(at, 2);
        } else if groups > 0 {
            if view.at(at)? != Some(b':') || !view.at(up(at, 1))?.is_some_and(|byte| byte.is_ascii_hexdigit()) {
                break;
            }
            at = up(at, 1);
        }
        let end = view.run(at, 5, |byte| byte.is_ascii_hexdigit())?;
        if end == at {
            break;
        }
        if end > up(at, 4) || groups >= 8 {
            return Ok(None);
        }
        if view.at(end)? == Some(b'.') && (groups > 0 || shortened) {
            quad_end = quad(view, at)?;
            if quad_end.is_some() {
                groups = up(groups, 2);
                digits = true;
                break;
            }
        }
        let text = view.slice(at, end);
        digits |= text.iter().any(u8::is_ascii_digit);
        long |= text.len() > 2;
        groups = up(groups, 1);
        at = end;
    }
    let end = quad_end.unwrap_or(at);
    let full = if shortened { groups < 8 && groups > 0 } else { groups == 8 };
    let telling = digits && (long || shortened && (groups > 2 || view.slice(start, up(start, 2)) == b"::"));
    if !full || !telling {
        return Ok(None);
    }
    let closed = match view.at(end)? {
        None => true,
        Some(b':') => !view.at(up(end, 1))?.is_some_and(|byte| is_word(byte) || byte == b':'),
        Some(b'.') => !view.at(up(end, 1))?.is_some_and(|byte| byte.is_ascii_digit()),
        Some(byte) => !is_word(byte),
    };
    Ok(closed.then(|| Match::closed(Kind::IpAddress, start, end)))
}

/// Six groups of two hexadecimal digits with one separator, or three of four with dots; not all zeros or ones, and not
/// a part of a longer chain such as a fingerprint.
pub(crate) fn mac(view: View<'_>, start: usize) -> Result<Option<Match>, More> {
    let first = view.run(start, 5, |byte| byte.is_ascii_hexdigit())?;
    let (count, width) = match down(first, start) {
        2 => (6_usize, 2_usize),
        4 => (3, 4),
        _ => return Ok(None),
    };
    let Some(separator) = view.at(first)? else { return Ok(None) };
    if !(matches!(separator, b':' | b'-') && width == 2 || separator == b'.' && width == 4) {
        return Ok(None);
    }
    let chained = view.before(start) == Some(separator) && view.before(down(start, 1)).is_some_and(is_word);
    if chained || view.before(start).is_some_and(is_word) && !hangs_on_escape(view, start) {
        return Ok(None);
    }
    let mut at = start;
    for group in 0..count {
        if group > 0 {
            if view.at(at)? != Some(separator) {
                return Ok(None);
            }
            at = up(at, 1);
        }
        let end = view.run(at, up(width, 1), |byte| byte.is_ascii_hexdigit())?;
        if down(end, at) != width {
            return Ok(None);
        }
        at = end;
    }
    let closed = match view.at(at)? {
        None => true,
        Some(byte) if byte == separator => !view.at(up(at, 1))?.is_some_and(is_word),
        Some(byte) => !is_word(byte),
    };
    let hex = || view.slice(start, at).iter().filter(|byte| byte.is_ascii_hexdigit());
    let same = hex().all(|byte| *byte == b'0') || hex().all(|byte| byte.eq_ignore_ascii_case(&b'f'));
    let letters = separator == b':' || hex().any(u8::is_ascii_alphabetic);
    Ok((closed && !same && letters).then(|| Match::closed(Kind::MacAddress, start, at)))
}

#[cfg(test)]
mod tests {
    use super::{ipv6, mac};
    use crate::view::View;

    fn six(text: &str) -> Option<&str> {
        ipv6(View::whole(text.as_bytes()), 0).unwrap().map(|m| &text[m.start..m.end])
    }

    fn hardware(text: &str) -> Option<&str> {
        mac(View::whole(text.as_bytes()), 0).unwrap().map(|m| &text[m.start..m.end])
    }

    #[test]
    fn every_written_form_of_an_address_is_read() {
        for text in
            ["2001:db8::1", "::1", "fe80::1", "684D:1111:222:3333:4444:5555:6:77", "::ffff:192.0.2.1", "2001:db8::"]
        {
            assert_eq!(six(text), Some(text), "{text}");
        }
        assert_eq!(six("2001:db8::1/64"), Some("2001:db8::1"));
        assert_eq!(six("2001:db8::1: up"), Some("2001:db8::1"));
    }

    #[test]
    fn paths_times_and_fingerprints_are_no_addresses() {
        for text in
            ["12:34:56", "de::ab", "add::face", "::", "1:2:3:4:5:6:7:8:9", "aa:bb:cc:dd:ee:ff:00:11:22", "1::2::3"]
        {
            assert_eq!(six(text), None, "{text}");
        }
    }

    #[test]
    fn hardware_addresses_have_six_groups() {
        assert_eq!(hardware("00:1A:2b:3C:4D:5E,"), Some("00:1A:2b:3C:4D:5E"));
        assert_eq!(hardware("aabb.ccdd.eeff"), Some("aabb.ccdd.eeff"));
        for text in
            ["00:1A:2B:3C:4D", "00:00:00:00:00:00", "00:1A:2B:3C:4D:5E:6F", "00:1A-2B:3C:4D:5E", "02-00-20-11-10-09"]
        {
            assert_eq!(hardware(text), None, "{text}");
        }
    }
}
