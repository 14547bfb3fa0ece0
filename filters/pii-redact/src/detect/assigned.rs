//! Secrets that a name gives away: `password = ...`, `"api_key": "..."`, `Authorization: Bearer ...`.

use crate::detect::token::{Openings, entropy};
use crate::detect::{Match, Swallow, jwt, token};
use crate::kind::Kind;
use crate::view::{More, View, down, is_word, up};

/// Bytes between a name and its value.
const GAP: usize = 12;

/// The longest value read to its end.
const VALUE: usize = 220;

/// What a name promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Promise {
    /// Something a person chose.
    Password,
    /// Something a machine drew.
    Key,
    /// As `Key`, but the name says little: the value must be long.
    Vague,
    /// The scheme of an `Authorization` header.
    Bearer,
    Basic,
}

/// The last letters of the names, for a first look at a word.
#[inline]
pub(crate) fn may_name(word: &[u8]) -> bool {
    let tail = word.get(word.len().saturating_sub(3)..).unwrap_or_default();
    let lower = |index: usize| tail.get(index).map_or(0, u8::to_ascii_lowercase);
    matches!(
        [lower(0), lower(1), lower(2)],
        [b'o', b'r', b'd']
            | [b'e' | b's', b'w', b'd']
            | [b'p', b'w', b'd']
            | [b'a', b's', b's']
            | [b'a', b's', b'e']
            | [b'r', b'e', b't']
            | [b'k', b'e', b'n']
            | [b'k', b'e', b'y']
            | [b'p', b'a', b't']
            | [b'r', b'e', b'r']
            | [b's', b'i', b'c']
            | [b'r', b's', b'a']
            | [b'a', b'p', b'h']
            | [b's', b'i', b'g']
            | [b'o', b'd', b'e']
    )
}

fn promise(view: View<'_>, start: usize, end: usize) -> Option<Promise> {
    let word = view.slice(start, end).to_ascii_lowercase();
    let word = word.as_slice();
    let ends = |suffix: &str| word.ends_with(suffix.as_bytes());
    // A key that is published and a token that only ties a form to a page protect nothing.
    let before = view.slice(down(start, 16), start).to_ascii_lowercase();
    if word.starts_with(b"public")
        || before.ends_with(b"public ")
        || before.ends_with(b"csrf-")
        || word.starts_with(b"csrf")
    {
        return None;
    }
    if ends("password")
        || ends("passwd")
        || ends("passphrase")
        || ends("passcode")
        || ends("pwd")
        || ends("passwort")
        || word == b"pass"
        || ends("_pass")
    {
        return Some(Promise::Password);
    }
    if ends("secret")
        || ends("token")
        || ends("apikey")
        || ends("_pat")
        || word == b"pat"
        || ends("accesskey")
        || ends("secretkey")
        || ends("accountkey")
        || ends("sharedaccesskey")
        || ends("authkey")
    {
        return Some(Promise::Key);
    }
    if word == b"bearer" {
        return Some(Promise::Bearer);
    }
    if word == b"basic" {
        return Some(Promise::Basic);
    }
    if ends("_key") || word == b"key" || word == b"sig" {
        let named = [
            "api",
            "access",
            "secret",
            "storage",
            "account",
            "auth",
            "master",
            "private",
            "signing",
            "encryption",
            "shared",
            "subscription",
            "maps",
            "stripe",
            "openai",
            "claude",
            "sendgrid",
            "license",
        ];
        let known = |text: &[u8]| {
            let text = text.strip_suffix(b"_key").unwrap_or(text);
            let text = text.strip_suffix(b" ").or_else(|| text.strip_suffix(b"-")).unwrap_or(text);
            named.iter().any(|name| text.ends_with(name.as_bytes()))
        };
        return Some(if known(word) || known(&before) { Promise::Key } else { Promise::Vague });
    }
    None
}

/// The value that belongs to the name from `start` to `end`.
pub(crate) fn find(openings: &Openings, view: View<'_>, start: usize, end: usize) -> Result<Option<Match>, More> {
    let Some(promise) = promise(view, start, end) else { return Ok(None) };
    let Some(gap) = gap(view, end)? else { return Ok(None) };
    if nested(view, start) {
        return Ok(None);
    }
    let from = gap.end;
    if gap.quote.is_none() && (token::find(openings, view, from)?.is_some() || jwt::find(view, from)?.is_some()) {
        return Ok(None);
    }
    let stop = |byte: u8| match gap.quote {
        Some(quote) => byte == quote || byte == b'\n' || byte == b'\r',
        None => {
            byte.is_ascii_whitespace()
                || matches!(
                    byte,
                    b'"' | b'\'' | b'`' | b'<' | b'>' | b'|' | b',' | b';' | b'&' | b')' | b'}' | b']' | b'\\'
                )
        }
    };
    let mut to = view.run(from, VALUE, |byte| !stop(byte))?;
    if down(to, from) >= VALUE {
        return long(view, from, to, promise);
    }
    if let Some(quote) = gap.quote {
        if view.at(to)? != Some(quote) {
            return Ok(None);
        }
        if token::find(openings, view, from)?.is_some() || jwt::find(view, from)?.is_some() {
            return Ok(None);
        }
    }
    let mut value = view.slice(from, to);
    while let Some((&(b'.' | b':' | b'?'), rest)) = value.split_last() {
        value = rest;
        to = down(to, 1);
    }
    let kind = match promise {
        Promise::Password if chosen(value, &gap) => Kind::Password,
        Promise::Key | Promise::Password if drawn(value, 16) && (gap.operator || value.len() >= 20) => {
            match (value.len(), promise) {
                (88, _) if value.ends_with(b"==") => Kind::AzureStorageKey,
                (40, Promise::Key) if !value.iter().all(u8::is_ascii_hexdigit) => Kind::AwsSecretKey,
                _ => Kind::GenericSecret,
            }
        }
        Promise::Vague if drawn(value, 24) && gap.operator && !value.iter().all(u8::is_ascii_hexdigit) => {
            if value.len() == 88 { Kind::AzureStorageKey } else { Kind::GenericSecret }
        }
        Promise::Bearer if opaque(value) => Kind::BearerToken,
        Promise::Basic
            if value.len() >= 8
                && value.iter().all(|&b| jwt::base64(b).is_some() || b == b'=')
                && jwt::is_basic(value) =>
        {
            Kind::BasicAuth
        }
        _ => return Ok(None),
    };
    Ok((!is_placeholder(value)).then(|| Match::closed(kind, from, to)))
}

/// Whether a name stands deep in the value of other names, as in `key=key=key=`: each would read the same value again.
fn nested(view: View<'_>, start: usize) -> bool {
    let text = view.slice(down(start, 64), start);
    let value =
        text.rsplit(|&byte| byte.is_ascii_whitespace() || matches!(byte, b'&' | b';' | b',' | b'?' | b'"' | b'\''));
    let operators = |part: &[u8]| part.iter().filter(|byte| matches!(byte, b'=' | b':')).count();
    value.take(1).map(operators).any(|count| count > 4)
}

/// A value longer than what is read: a secret when what was read is one.
fn long(view: View<'_>, from: usize, to: usize, promise: Promise) -> Result<Option<Match>, More> {
    let value = view.slice(from, to);
    let plain = value.iter().all(|&byte| is_word(byte) || matches!(byte, b'-' | b'.' | b'+' | b'/' | b'=' | b'~'));
    if plain && drawn(value, 16) && promise != Promise::Basic {
        return Ok(Some(Match { kind: Kind::GenericSecret, start: from, end: to, open: Some(Swallow::Base64) }));
    }
    Ok(None)
}

struct Gap {
    end: usize,
    operator: bool,
    quote: Option<u8>,
}

/// What stands between a name and its value: closing quotes, `=` or `:` or `is`, opening quotes.
fn gap(view: View<'_>, end: usize) -> Result<Option<Gap>, More> {
    let mut at = end;
    let mut operator = false;
    let mut blank = false;
    let mut quote = None;
    while let Some(byte) = view.at(at)? {
        if down(at, end) > GAP {
            return Ok(None);
        }
        match byte {
            b' ' | b'\t' => {
                // A quote before a blank closed the name.
                quote = None;
                blank = true;
            }
            b'=' | b':' | b'|' => {
                operator = true;
                quote = None;
            }
            b'>' if operator => {}
            b',' if quote.is_some() => {
                operator = true;
                quote = None;
            }
            b'"' | b'\'' | b'`' => quote = Some(byte),
            b']' | b'*' | b')' if !operator => {}
            b'\\' if view.at(up(at, 1))?.is_some_and(|next| next == b'"') => {}
            _ => break,
        }
        at = up(at, 1);
    }
    for word in [&b"is "[..], b"was ", b"of "] {
        if blank && !operator && view.stands_caseless(at, word)? {
            operator = true;
            at = up(at, word.len());
            if let Some(mark @ (b'"' | b'\'' | b'`')) = view.at(at)? {
                quote = Some(mark);
                at = up(at, 1);
            }
        }
    }
    if at == end || view.at(at)?.is_none() {
        return Ok(None);
    }
    Ok(Some(Gap { end: at, operator, quote }))
}

/// Whether a value can be a password: not code, not a word of the language, long enough.
fn chosen(value: &[u8], gap: &Gap) -> bool {
    let has = |test: fn(&u8) -> bool| value.iter().any(test);
    let digit = has(u8::is_ascii_digit);
    let upper = has(u8::is_ascii_uppercase);
    let lower = has(u8::is_ascii_lowercase);
    let mark =
        value.iter().any(|b| b.is_ascii_punctuation() && !matches!(b, b'.' | b'_' | b'-' | b'/' | b'(' | b'[' | b'{'));
    let code = value.iter().any(|b| matches!(b, b'(' | b'[' | b'{' | b'$')) && !(digit && mark);
    let code = code || value.windows(2).any(|pair| pair == b"::");
    let path =
        value.first() == Some(&b'/') || value.starts_with(b"--") || value.contains(&b'/') && value.contains(&b'.');
    let dotted = value.contains(&b'.') && !digit && !mark;
    let kinds = [digit, upper, lower, mark].into_iter().filter(|&has| has).count();
    let words = value.iter().filter(|&&b| b == b' ').count();
    let sure = gap.quote.is_some() || gap.operator;
    if code || path || dotted || words > 2 {
        return false;
    }
    if sure && gap.operator {
        return value.len() >= 6 && kinds >= 2 && (digit || mark) && (digit || gap.quote.is_some() || upper);
    }
    value.len() >= 8 && kinds >= 2 && (mark || digit) && (gap.quote.is_some() || kinds >= 3)
}

/// Whether a value can be the token of an `Authorization` header: nothing but a token stands there.
fn opaque(value: &[u8]) -> bool {
    let plain = value.iter().all(|&byte| is_word(byte) || matches!(byte, b'-' | b'.' | b'+' | b'/' | b'=' | b'~'));
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    plain && value.len() >= 16 && digits > 1 && entropy(value) >= 3.0
}

/// Whether a value looks drawn at random: enough of it, digits among letters, not an identifier of a program.
pub(crate) fn drawn(value: &[u8], least: usize) -> bool {
    let plain = value.iter().all(|&byte| is_word(byte) || matches!(byte, b'-' | b'.' | b'+' | b'/' | b'=' | b'~'));
    if value.len() < least || !plain || is_uuid(value) {
        return false;
    }
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let upper = value.iter().filter(|b| b.is_ascii_uppercase()).count();
    let lower = value.iter().filter(|b| b.is_ascii_lowercase()).count();
    let hex = value.iter().all(u8::is_ascii_hexdigit);
    if digits == value.len() || upper.saturating_add(lower) == 0 {
        return false;
    }
    let letters = upper.min(lower) >= 5 && value.len() >= 20;
    // Words joined by marks are a name: `my-key-vault-2`, `app.config.token`.
    let name =
        value.split(|b| matches!(b, b'-' | b'_' | b'.' | b'/')).filter(|part| !part.is_empty()).all(|part| {
            part.iter().all(u8::is_ascii_alphabetic) || part.iter().all(u8::is_ascii_digit) || part.len() <= 4
        }) && value.iter().any(|b| matches!(b, b'-' | b'_' | b'.'));
    !name && entropy(value) >= if hex { 3.0 } else { 3.4 } && (digits >= 2 || letters) && alternates(value)
}

/// Whether letters, capitals and digits change places often, as in no name that people give.
fn alternates(value: &[u8]) -> bool {
    let class = |byte: u8| match byte {
        b'0'..=b'9' => 0,
        b'A'..=b'Z' => 1,
        b'a'..=b'z' => 2,
        _ => 3,
    };
    let changes = value.windows(2).filter(|pair| matches!(pair, [a, b] if class(*a) != class(*b))).count();
    changes.saturating_mul(4) >= value.len()
}

fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().filter(|&&b| b == b'-').count() == 4
        && value.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-')
}

/// Words that stand for a value: of templates, manuals and configurations.
pub(crate) fn is_placeholder(value: &[u8]) -> bool {
    const WORDS: &[&str] = &[
        "password",
        "passwd",
        "pass",
        "pwd",
        "secret",
        "token",
        "changeme",
        "none",
        "null",
        "true",
        "false",
        "undefined",
        "string",
        "str",
        "example",
        "user",
        "test",
        "redacted",
        "hidden",
        "empty",
        "required",
        "optional",
        "value",
        "pw",
        "key",
        "mypassword",
        "your_password",
    ];
    const PARTS: &[&str] = &[
        "example",
        "placeholder",
        "your-",
        "your_",
        "<",
        "${",
        "{{",
        "xxxx",
        "****",
        "...",
        "changeme",
        "redacted",
        "process.env",
        "os.environ",
        "getenv",
        "my-",
        "my_",
    ];
    let lower = value.to_ascii_lowercase();
    let has = |part: &str| lower.windows(part.len()).any(|window| window == part.as_bytes());
    value.is_empty()
        || value.first() == Some(&b'$') && value.iter().skip(1).all(|&b| is_word(b))
        || value.first() == Some(&b'%') && value.last() == Some(&b'%')
        || value.iter().all(|b| Some(b) == value.first())
        || WORDS.iter().any(|word| lower == word.as_bytes())
        || PARTS.iter().any(|part| has(part))
}
