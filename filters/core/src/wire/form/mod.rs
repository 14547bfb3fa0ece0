//! Bodies that are not JSON, read by configuration: multipart forms (RFC 7578), URL-encoded forms and plain text.
//!
//! No shape tells what a field of a form means. So a profile names the paths that take one, and the roles of its fields;
//! a field that it does not name is inspected as a user's text. Whatever two parsers could read in two ways is
//! [`Unreadable::Form`]: real clients send none of it.

mod fields;
mod multipart;
mod urlencoded;

#[cfg(test)]
mod tests;

use super::{Calls, Dialect, Limits, Prompt, Request, Role, Source, Span, Text, Unreadable};
use super::{content_type, path};
use fields::Fields;

/// How a form is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormKind {
    /// `multipart/form-data`: fields and files.
    Multipart,
    /// `application/x-www-form-urlencoded`.
    Urlencoded,
    /// `text/plain`: the body is one text.
    Text,
}

impl FormKind {
    const fn media_type(self) -> &'static [u8] {
        match self {
            Self::Multipart => b"multipart/form-data",
            Self::Urlencoded => b"application/x-www-form-urlencoded",
            Self::Text => b"text/plain",
        }
    }
}

/// A form that a profile allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// How it is written.
    pub kind: FormKind,
    /// The last segments of the paths that take it, in lower case.
    pub path: Vec<String>,
    /// Who speaks a text body, and the fields that [`Self::fields`] does not name.
    pub role: Role,
    /// Fields by name, with who speaks them.
    pub fields: Vec<(String, Role)>,
}

impl Form {
    fn takes(&self, request: &Request<'_>) -> bool {
        let named = request.content_type.map(content_type::essence);
        if named.as_deref() != Some(self.kind.media_type()) {
            return false;
        }
        let segments = path::segments(request.path);
        let segments: Vec<&[u8]> = segments.iter().map(Vec::as_slice).collect();
        let names: Vec<&str> = self.path.iter().map(String::as_str).collect();
        path::ends_with(&segments, &names)
    }
}

/// A form that was read: what was asked, and the bytes in which the spans of the prompt lie, where they are not those of
/// the body: the names and values of a URL-encoded form, decoded, one after the other.
pub type FormPrompt = (Option<Vec<u8>>, Prompt);

/// Reads the body as the first of `forms` that takes it; `None` when there is none, and the body is to be read as JSON.
///
/// Texts come with [`Source::Defined`] where the form names the field, and for text bodies and files; else with
/// [`Source::Unrecognised`]. `model` and `stream` are what they are in JSON.
///
/// # Errors
/// [`Unreadable::Form`] for what parsers read in several ways, [`Unreadable::Charset`] and [`Unreadable::Encoding`] for
/// text that is not UTF-8, [`Unreadable::Complexity`] for more fields than [`Limits::values`]. For a body of plain text
/// that is JSON, those of [`super::read`], which then reads it.
pub fn read(request: &Request<'_>, forms: &[Form], limits: &Limits) -> Option<Result<FormPrompt, Unreadable>> {
    let form = forms.iter().find(|form| form.takes(request))?;
    let body = request.body;
    if let Err(why) = content_type::check_charset(request.content_type, body) {
        return Some(Err(why));
    }
    match form.kind {
        FormKind::Multipart => {
            let mut fields = Fields::new(form, limits);
            let read = multipart::read(request.content_type.unwrap_or_default(), body, &mut fields);
            Some(read.map(|()| (None, fields.finish())))
        }
        FormKind::Urlencoded => {
            let mut fields = Fields::new(form, limits);
            let read = urlencoded::read(body, &mut fields);
            Some(read.map(|decoded| (Some(decoded), fields.finish())))
        }
        FormKind::Text => match super::read(request, limits) {
            // Servers that do not mind the content type read it as JSON.
            Ok(prompt) => Some(Ok((None, prompt))),
            Err(Unreadable::Format) => Some(text(body, form.role).map(|prompt| (None, prompt))),
            Err(why) => Some(Err(why)),
        },
    }
}

/// A body that is one text.
fn text(body: &[u8], role: Role) -> Result<Prompt, Unreadable> {
    if body.starts_with("\u{feff}".as_bytes()) || core::str::from_utf8(body).is_err() {
        return Err(Unreadable::Encoding);
    }
    let span = Span { start: 0, end: u32::try_from(body.len()).map_err(|_| Unreadable::Size)? };
    let text = Text { role, source: Source::Defined, span, escaped: false };
    Ok(Prompt { texts: vec![text], ..empty() })
}

fn empty() -> Prompt {
    let (texts, skipped) = (Vec::new(), Vec::new());
    Prompt { dialect: Dialect::Unknown, model: None, stream: false, texts, skipped, calls: Calls::default() }
}
