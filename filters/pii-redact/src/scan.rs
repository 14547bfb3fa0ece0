//! One pass over a text, from word to word, that hands out findings in order.
//!
//! At each place where something may begin, the detectors are asked in a fixed order. A detector that needs bytes which
//! have not arrived stops the pass there; it goes on from the same place when they have. [`Scanner::held`] is the start
//! of what may still become a part of a finding.

use std::cell::RefCell;

use crate::Detector;
use crate::detect::email::{LOCAL_MAX, is_local};
use crate::detect::{
    Match, Swallow, assigned, birth, crypto, document, email, iban, jwt, network, pem, phone, token, url,
};
use crate::kind::Kind;
use crate::label::{Before, Opening, Trail};
use crate::shape::Candidate;
use crate::view::{More, View, down, is_word, up};

/// Bytes of a word that are looked at before its detectors are asked.
const WORD: usize = 64;

/// The longest run of base64 in a PEM block that is read in one step.
const PEM_RUN: usize = 4096;

/// Shorter runs are last lines, or prose after a block without END line.
const PEM_SHORT: usize = 20;

const LETTER: u8 = 1;
const DIGIT: u8 = 2;

/// What a byte is in a word; 0 for what ends one.
const CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    loop {
        // In a constant a wrong index cannot be built.
        #[expect(clippy::indexing_slicing)]
        if byte.is_ascii_digit() {
            table[byte as usize] = DIGIT;
        } else if is_word(byte) {
            table[byte as usize] = LETTER;
        }
        if byte == 255 {
            break;
        }
        byte = byte.wrapping_add(1);
    }
    table
};

/// What the pass comes upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A finding, from start to end.
    Found(Kind, usize, usize),
    /// The start of a finding whose end is not known yet.
    Opened(Kind, usize),
    /// The end of the finding that was opened.
    Closed(usize),
}

/// Where the pass stands.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    position: usize,
    /// The first letter of a run of bytes that may be the local part of an address.
    run: Option<usize>,
    /// In a word too long to be anything: on to its end.
    inside: bool,
    open: Option<Open>,
    trail: RefCell<Trail>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    swallow: Swallow,
    /// The end of what surely belongs to the finding.
    sure: usize,
    /// The last run of a PEM block was short.
    short: bool,
}

impl Scanner {
    /// The first byte that may still become a part of a finding; all before it is settled.
    pub(crate) fn held(&self) -> usize {
        if let Some(open) = self.open {
            return open.sure;
        }
        match self.run {
            Some(run) if down(self.position, run) <= LOCAL_MAX => run,
            _ => self.position,
        }
    }

    /// The next finding, `None` at the end of the text.
    pub(crate) fn next(&mut self, detector: &Detector, view: View<'_>) -> Result<Option<Event>, More> {
        loop {
            if let Some(open) = self.open {
                let end = self.swallow(view, open)?;
                self.open = None;
                self.position = end;
                return Ok(Some(Event::Closed(end)));
            }
            let at = self.position;
            let Some(byte) = view.at(at)? else { return Ok(None) };
            let found =
                if is_word(byte) { self.word(detector, view, at)? } else { self.mark(detector, view, at, byte)? };
            if let Some(found) = found {
                self.position = found.end;
                self.run = None;
                self.inside = false;
                let Some(swallow) = found.open else {
                    return Ok(Some(Event::Found(found.kind, found.start, found.end)));
                };
                self.open = Some(Open { swallow, sure: found.end, short: false });
                return Ok(Some(Event::Opened(found.kind, found.start)));
            }
        }
    }

    /// A word and what begins with it; moves past the word when that is nothing.
    #[inline]
    fn word(&mut self, detector: &Detector, view: View<'_>, at: usize) -> Result<Option<Match>, More> {
        let tail = view.tail(at);
        let mut length = 0_usize;
        let mut digit = false;
        for &byte in tail.iter().take(WORD) {
            let class = CLASS.get(usize::from(byte)).copied().unwrap_or(0);
            if class == 0 {
                break;
            }
            digit |= class == DIGIT;
            length = up(length, 1);
        }
        if length == tail.len() && length < WORD && !view.closed() {
            return Err(More);
        }
        let end = up(at, length);
        if self.inside {
            self.inside = length == WORD;
            self.position = end;
            return Ok(None);
        }
        if digit || detector.openings.hit(tail) || length <= 12 && code(view, at, end)? {
            let found = begins(detector, view, at, end, digit, &self.trail)?;
            if found.is_some() {
                return Ok(found);
            }
            if let Some(skip) = uuid(view, at, end)? {
                self.run = None;
                self.position = skip;
                return Ok(None);
            }
        }
        if length >= 3 && assigned::may_name(tail.get(..length).unwrap_or_default()) {
            let found = assigned::find(&detector.openings, view, at, end)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        if self.run.is_none() {
            self.run = Some(at);
        }
        self.inside = length == WORD;
        self.position = end;
        if tail.get(length) == Some(&b' ') {
            self.run = None;
            self.inside = false;
            self.position = up(end, 1);
        }
        Ok(None)
    }

    /// A byte that is no word and what begins with it; moves past it when that is nothing.
    #[inline]
    fn mark(&mut self, detector: &Detector, view: View<'_>, at: usize, byte: u8) -> Result<Option<Match>, More> {
        self.inside = false;
        let next = up(at, 1);
        let found = match byte {
            b'@' => match self.run {
                Some(run) => email::find(view, run, at)?,
                None => None,
            },
            b':' => match view.at(next)? {
                Some(b'/') => url::find(view, at)?,
                Some(b':') => network::ipv6(view, at)?,
                _ => None,
            },
            b'+' | b'(' if view.at(next)?.is_some_and(|b| b.is_ascii_digit()) => {
                let before = Before::new(view, at, &detector.labels, &self.trail);
                phone::find(view, at, &before)?.map(|found| Match::closed(found.kind, at, found.end))
            }
            b'-' if view.before(at) != Some(b'-') => pem::find(view, at)?,
            b'\\' if view.at(next)?.is_some_and(|b| matches!(b, b'n' | b'r' | b't')) => {
                self.run = None;
                self.position = up(at, 2);
                return Ok(None);
            }
            _ => None,
        };
        if found.is_some() {
            return Ok(found);
        }
        if !is_local(byte) {
            self.run = None;
        }
        self.position = next;
        Ok(None)
    }

    /// The end of an open finding.
    fn swallow(&mut self, view: View<'_>, open: Open) -> Result<usize, More> {
        let mut open = open;
        loop {
            let at = self.position;
            let end = match open.swallow {
                Swallow::Url => view.run(at, WORD, |byte| is_word(byte) || byte == b'-')?,
                Swallow::Base64 => {
                    view.run(at, WORD, |byte| is_word(byte) || matches!(byte, b'-' | b'+' | b'/' | b'=' | b'~'))?
                }
                Swallow::Dotted => {
                    let end = view.run(at, WORD, |byte| is_word(byte) || byte == b'-')?;
                    if view.at(end)? == Some(b'.') && view.at(up(end, 1))?.is_some_and(|b| is_word(b) || b == b'-') {
                        up(end, 1)
                    } else {
                        end
                    }
                }
                Swallow::Pem => match pem_step(view, at, &mut open)? {
                    Some(end) => end,
                    None => return Ok(open.sure),
                },
            };
            if end == at {
                return Ok(at);
            }
            self.position = end;
            if open.swallow != Swallow::Pem {
                open.sure = end;
            }
            self.open = Some(open);
        }
    }
}

/// One run of a PEM body, a header line or the END line; `None` when the block has ended.
fn pem_step(view: View<'_>, at: usize, open: &mut Open) -> Result<Option<usize>, More> {
    let mut from = at;
    while let Some(byte) = view.at(from)? {
        let escape = matches!(byte, b'n' | b'r') && view.before(from) == Some(b'\\');
        let filler = byte.is_ascii_whitespace() || matches!(byte, b'\\' | b'"' | b'\'' | b',');
        if !(filler || escape) || down(from, at) > 64 {
            break;
        }
        from = up(from, 1);
    }
    if view.stands(from, b"-----END ")? {
        let name =
            view.run(up(from, 9), 60, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ')?;
        open.sure = view.run(name, 5, |byte| byte == b'-')?;
        return Ok(None);
    }
    let end = view
        .run(from, PEM_RUN, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b':'))?;
    let text = view.slice(from, end);
    if text.is_empty() {
        return Ok(None);
    }
    if text.last() == Some(&b':') || text.contains(&b':') {
        let line = view.run(end, 200, |byte| byte != b'\n' && byte != b'\\')?;
        open.sure = line;
        return Ok(Some(line));
    }
    let short = text.len() < PEM_SHORT;
    if short && open.short {
        return Ok(None);
    }
    open.short = short;
    open.sure = end;
    Ok(Some(end))
}

/// A short word of letters that a digit follows across a blank or hyphen (`AB 12 34 56 C`, `KIRA-700913`), or that may
/// be the first group of an address (`ae:90:...`).
fn code(view: View<'_>, at: usize, end: usize) -> Result<bool, More> {
    let Some(separator) = view.at(end)? else { return Ok(false) };
    let length = down(end, at);
    let address = matches!((separator, length), (b':', 1..=4) | (b'-', 2) | (b'.', 4));
    if address && view.slice(at, end).iter().all(u8::is_ascii_hexdigit) {
        return Ok(true);
    }
    // What is at hand already may say no, before the word is looked at.
    if matches!(view.at(up(end, 1)), Ok(byte) if byte.is_none_or(|b| !(b.is_ascii_digit() || b == b' '))) {
        return Ok(false);
    }
    let short = length <= 3;
    let capitals = || length <= 6 && view.slice(at, end).iter().all(u8::is_ascii_uppercase);
    let month = || {
        let head = view.slice(at, up(at, 2));
        length >= 3 && matches!(head, [first, second] if birth::may_begin(*first, *second))
    };
    let follows = match separator {
        b' ' => short || month(),
        b'-' => short || capitals(),
        b'.' => month() && view.at(up(end, 1))? == Some(b' '),
        _ => false,
    };
    if separator == b'.' && follows {
        return Ok(view.at(up(end, 2))?.is_some_and(|byte| byte.is_ascii_digit()));
    }
    if !follows {
        return Ok(false);
    }
    Ok(view.at(up(end, 1))?.is_some_and(|byte| byte.is_ascii_digit()))
}

/// What begins with the word from `at` to `end`.
fn begins(
    detector: &Detector,
    view: View<'_>,
    at: usize,
    end: usize,
    digit: bool,
    trail: &RefCell<Trail>,
) -> Result<Option<Match>, More> {
    let head = view.slice(at, up(at, 2));
    let first = head.first().copied().unwrap_or(0);
    let second = head.get(1).copied().unwrap_or(0);
    let before = Before::new(view, at, &detector.labels, trail);
    let mut best: Option<Candidate> = None;
    if detector.openings.hit(view.slice(at, up(at, 3))) {
        if let Some(found) = token::find(&detector.openings, view, at)? {
            return Ok(Some(found));
        }
        if let Some(found) = jwt::find(view, at)? {
            return Ok(Some(found));
        }
    }
    if !digit && birth::may_begin(first, second) {
        best = birth::find(view, at, &before)?;
    }
    let length = down(end, at);
    if digit
        && length >= 26
        && let Some(found) = crypto::find(view, at, &before)?
    {
        return Ok(Some(found));
    }
    if length <= 4 {
        let next = view.at(end)?;
        let address = match next {
            Some(b'.') if first.is_ascii_digit() && length < 4 => network::ipv4(view, at, &before)?,
            Some(b'.') if length == 4 => network::mac(view, at)?,
            Some(b':' | b'-') => match network::mac(view, at)? {
                None if next == Some(b':') => network::ipv6(view, at)?,
                found => found,
            },
            _ => None,
        };
        if address.is_some() {
            return Ok(address);
        }
    }
    if before.opening() == Opening::Closed {
        return Ok(None);
    }
    if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() {
        best = Candidate::or(best, iban::find(view, at, &before)?);
    }
    best = Candidate::or(best, detector.shapes.find(view, at, &before)?);
    if first.is_ascii_digit() {
        best = Candidate::or(best, birth::find(view, at, &before)?);
        best = Candidate::or(best, phone::find(view, at, &before)?);
    }
    if digit || length <= 6 {
        best = Candidate::or(best, document::find(view, at, &before)?);
    }
    Ok(best.map(|found| Match::closed(found.kind, at, found.end)))
}

/// The end of a UUID (RFC 9562) that begins with the word from `at` to `end`: no part of it is anything else.
fn uuid(view: View<'_>, at: usize, end: usize) -> Result<Option<usize>, More> {
    if down(end, at) != 8 || !view.slice(at, end).iter().all(u8::is_ascii_hexdigit) {
        return Ok(None);
    }
    let mut position = end;
    for width in [4_usize, 4, 4, 12] {
        if view.at(position)? != Some(b'-') {
            return Ok(None);
        }
        let from = up(position, 1);
        position = view.run(from, width, |byte| byte.is_ascii_hexdigit())?;
        if down(position, from) != width {
            return Ok(None);
        }
    }
    Ok(Some(position))
}
