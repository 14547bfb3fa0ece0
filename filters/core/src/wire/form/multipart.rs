//! `multipart/form-data` (RFC 7578 on RFC 2046), as every parser reads it.
//!
//! Parsers differ on what stands before the first delimiter and behind the last, on white space behind one, on bare line
//! ends, on escapes in names, on transfer encodings and on unknown headers. Clients send none of these.

use core::ops::Range;

use memchr::memmem::Finder;

use super::fields::{Fields, span};
use crate::wire::content_type::{check_charset, essence, parameters};
use crate::wire::{Role, SkipReason, Source, Unreadable, reference};

/// Longest boundary (RFC 2046 §5.1.1).
const MAX_BOUNDARY: usize = 70;

/// Longest header of a part: two fields, a name and the name of a file.
const MAX_HEADER: usize = 4096;

/// Reads every part of `body` into `fields`.
///
/// # Errors
/// [`Unreadable::Form`] for any other form than the one of RFC 7578 in its plainest writing; [`Unreadable::Encoding`] and
/// [`Unreadable::Charset`] for text that is not UTF-8.
pub(super) fn read(content_type: &[u8], body: &[u8], fields: &mut Fields<'_>) -> Result<(), Unreadable> {
    let delimiter = [&b"--"[..], boundary(content_type)?].concat();
    let finder = Finder::new(&delimiter);
    let mut rest = body.strip_prefix(delimiter.as_slice()).ok_or(Unreadable::Form)?;
    loop {
        if let Some(end) = rest.strip_prefix(b"--") {
            return if matches!(end, b"" | b"\r\n") { Ok(()) } else { Err(Unreadable::Form) };
        }
        let part = rest.strip_prefix(b"\r\n").ok_or(Unreadable::Form)?;
        let next = finder.find(part).ok_or(Unreadable::Form)?;
        let (part, behind) = part.split_at_checked(next).ok_or(Unreadable::Form)?;
        // Wherever the delimiter stands it parts: not all parsers ask for the line end before it.
        let part = part.strip_suffix(b"\r\n").ok_or(Unreadable::Form)?;
        rest = behind.get(delimiter.len()..).unwrap_or_default();
        let at = body.len().saturating_sub(behind.len()).saturating_sub(part.len()).saturating_sub(2);
        read_part(part, at, body, fields)?;
    }
}

/// The boundary that a content type names: its only parameter but for `charset`.
fn boundary(content_type: &[u8]) -> Result<&[u8], Unreadable> {
    let mut boundary = None;
    for (name, value) in parameters(content_type).ok_or(Unreadable::Form)? {
        let name = content_type.get(name).unwrap_or_default();
        if name.eq_ignore_ascii_case(b"charset") {
            continue;
        }
        if !name.eq_ignore_ascii_case(b"boundary") || boundary.replace(value).is_some() {
            return Err(Unreadable::Form);
        }
    }
    let boundary = boundary.and_then(|place| content_type.get(place)).unwrap_or_default();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(byte);
    let fits = (1..=MAX_BOUNDARY).contains(&boundary.len()) && boundary.iter().all(plain);
    if fits { Ok(boundary) } else { Err(Unreadable::Form) }
}

/// Reads one part, which begins at `at` of `body`.
fn read_part(part: &[u8], at: usize, body: &[u8], fields: &mut Fields<'_>) -> Result<(), Unreadable> {
    let searched = part.get(..part.len().min(MAX_HEADER)).unwrap_or_default();
    let end = memchr::memmem::find(searched, b"\r\n\r\n").ok_or(Unreadable::Form)?;
    let (head, content) = part.split_at_checked(end).ok_or(Unreadable::Form)?;
    let content = content.get(4..).unwrap_or_default();
    let header = Header::read(head, content.len())?;
    let place = |start: usize, end: usize| span(at.saturating_add(start), at.saturating_add(end));
    let name = head.get(header.name).unwrap_or_default();
    let (role, source) = fields.begin(name)?;
    if let Some(filename) = &header.filename {
        fields.text(place(filename.start, filename.end), (Role::Document, Source::Unrecognised));
    }
    check_charset(header.content_type, content)?;
    let whole = place(part.len().saturating_sub(content.len()), part.len());
    match (header.filename.is_some(), core::str::from_utf8(content).is_ok()) {
        (false, true) => fields.value(name, body, whole, (role, source)),
        (true, true) => {
            let role = if source == Source::Defined { role } else { Role::Document };
            fields.text(whole, (role, Source::Defined));
        }
        (is_file, false) => {
            let media_type = essence(header.content_type.unwrap_or_default());
            if !is_file || reference::textual(&media_type) {
                return Err(Unreadable::Encoding);
            }
            fields.skip(whole, reference::kind(&media_type).unwrap_or(SkipReason::File));
        }
    }
    Ok(())
}

/// What the header of a part says. Places are in the header.
struct Header<'a> {
    name: Range<usize>,
    filename: Option<Range<usize>>,
    content_type: Option<&'a [u8]>,
}

impl<'a> Header<'a> {
    /// Reads the header of a part with so many bytes of content.
    fn read(head: &'a [u8], length: usize) -> Result<Self, Unreadable> {
        let (mut disposition, mut content_type) = (None, None);
        let mut at = 0_usize;
        // Split at line feeds: what is left of each line must end in the other half, but for the last.
        for line in head.split(|&byte| byte == b'\n') {
            let start = at;
            at = at.saturating_add(line.len()).saturating_add(1);
            let line = if at > head.len() { line } else { line.strip_suffix(b"\r").ok_or(Unreadable::Form)? };
            let colon = line.iter().position(|&byte| byte == b':').ok_or(Unreadable::Form)?;
            let (name, value) = line.split_at_checked(colon).ok_or(Unreadable::Form)?;
            let value = value.get(1..).unwrap_or_default();
            let control = |byte: &u8| *byte < b' ' || *byte == 0x7f;
            if value.iter().any(control) || core::str::from_utf8(value).is_err() {
                return Err(Unreadable::Form);
            }
            let again = match name.to_ascii_lowercase().as_slice() {
                b"content-disposition" => {
                    let value_at = start.saturating_add(colon).saturating_add(1);
                    disposition.replace((value_at, value)).is_some()
                }
                b"content-type" => content_type.replace(value.trim_ascii()).is_some(),
                // What some clients add and no parser minds, as long as it says nothing new (RFC 7578 §4.7).
                b"content-transfer-encoding" => {
                    !matches!(value.trim_ascii().to_ascii_lowercase().as_slice(), b"binary" | b"8bit" | b"7bit")
                }
                b"content-length" => value.trim_ascii() != length.to_string().as_bytes(),
                _ => true,
            };
            if again {
                return Err(Unreadable::Form);
            }
        }
        let nested = |value: &[u8]| {
            let essence = essence(value);
            essence.starts_with(b"multipart/") || essence.starts_with(b"message/")
        };
        let (at, disposition) = disposition.ok_or(Unreadable::Form)?;
        if content_type.is_some_and(nested) || essence(disposition) != b"form-data" {
            return Err(Unreadable::Form);
        }
        let (mut name, mut filename) = (None, None);
        for (key, value) in parameters(disposition).ok_or(Unreadable::Form)? {
            let place = Range { start: at.saturating_add(value.start), end: at.saturating_add(value.end) };
            let again = match disposition.get(key).unwrap_or_default().to_ascii_lowercase().as_slice() {
                b"name" => name.replace(place).is_some(),
                // RFC 7578 §4.2 forbids the second; older clients send it for names beyond ASCII, in the place of the first.
                b"filename" | b"filename*" => filename.replace(place).is_some(),
                _ => true,
            };
            if again {
                return Err(Unreadable::Form);
            }
        }
        Ok(Self { name: name.ok_or(Unreadable::Form)?, filename, content_type })
    }
}
