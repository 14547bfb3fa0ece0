//! A route: which requests get a profile.

use super::reader::Reader;
use crate::head::Head;
use crate::percent::octet;

/// Conditions that must all hold. A route without any is a mistake and is refused: it would hide all that follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    host: Option<Host>,
    path_prefix: Option<Vec<u8>>,
    method: Option<String>,
    header: Option<Field>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Exact(Vec<u8>),
    Suffix(Vec<u8>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    name: String,
    value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Present,
    Exact(Vec<u8>),
    Prefix(Vec<u8>),
}

/// What routes look at, prepared once for a request.
pub(super) struct Target<'a> {
    head: &'a Head,
    host: Vec<u8>,
    path: Vec<u8>,
}

impl<'a> Target<'a> {
    /// `None` for a path that upstreams may read in two ways: no route may vouch for such a request.
    pub(super) fn of(head: &'a Head) -> Option<Self> {
        let path = normal_path(head.path())?;
        let host = head.authority();
        let host = match host.iter().rposition(|b| *b == b':') {
            Some(colon) if !host.ends_with(b"]") => host.get(..colon).unwrap_or(host),
            _ => host,
        };
        let host = host.strip_suffix(b".").unwrap_or(host);
        Some(Self { head, host: host.to_ascii_lowercase(), path })
    }
}

impl Route {
    pub(super) fn read(r: &mut dyn Reader) -> Self {
        let doc = "A header field, best one that the gateway sets: a client can send any other.";
        Self::conditions(r, doc).unwrap_or_else(|| {
            let remedy = "give host, path_prefix, method or header; for all requests use default_profile".to_string();
            r.problem("", "matches every request".into(), remedy);
            Self { host: None, path_prefix: None, method: None, header: None }
        })
    }

    /// Reads the conditions of a section; `None` when it gives none. `doc` says what a header field is good for.
    pub fn conditions(r: &mut dyn Reader, doc: &'static str) -> Option<Self> {
        let host = r.text(
            "host",
            253,
            "a host name, or `*.` and a domain",
            &is_host,
            "The request's host without its port, exact, or `*.example.com` for every host below that domain.",
        );
        let path_prefix = r.text(
            "path_prefix",
            512,
            "a path that starts with `/`",
            &|s| normal_path(s.as_bytes()).is_some_and(|p| p == s.as_bytes()),
            "A prefix of whole path segments. Paths are compared after percent-decoding and removal of dot segments; one \
             that cannot be read that way matches no route.",
        );
        let method = r.text(
            "method",
            32,
            "an HTTP method in capitals",
            &|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_uppercase()),
            "The request's method.",
        );
        let mut header = None;
        let mut named = false;
        let given = r.section("header", doc, &mut |r| {
            named = r.has("name");
            header = read_header(r);
        });
        if given && !named {
            r.problem("header", "has no name".into(), "name the header field".into());
        }
        let route = Self {
            host: host.map(|host| match host.to_ascii_lowercase().strip_prefix('*') {
                Some(suffix) => Host::Suffix(suffix.as_bytes().to_vec()),
                None => Host::Exact(host.to_ascii_lowercase().into_bytes()),
            }),
            path_prefix: path_prefix.map(String::into_bytes),
            method,
            header,
        };
        let some = ["host", "path_prefix", "method"].iter().any(|key| r.has(key)) || given;
        some.then_some(route)
    }

    /// Whether every condition holds for a request. None does for a path that can be read in two ways.
    pub fn holds(&self, head: &Head) -> bool {
        Target::of(head).is_some_and(|target| self.matches(&target))
    }

    /// The header field that is asked for, and whether any value of it will do.
    pub fn header(&self) -> Option<(&str, bool)> {
        self.header.as_ref().map(|field| (field.name.as_str(), field.value == Value::Present))
    }

    pub(super) fn matches(&self, target: &Target<'_>) -> bool {
        let host = match &self.host {
            None => true,
            Some(Host::Exact(host)) => *host == target.host,
            Some(Host::Suffix(suffix)) => target.host.len() > suffix.len() && target.host.ends_with(suffix),
        };
        let path = self.path_prefix.as_ref().is_none_or(|prefix| {
            let rest = target.path.strip_prefix(prefix.as_slice());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/") || prefix.ends_with(b"/"))
        });
        let method = self.method.as_ref().is_none_or(|method| method.as_bytes() == target.head.method());
        let header = self.header.as_ref().is_none_or(|field| {
            // A field that stands more than once is ambiguous: the upstream may take either.
            let mut values = target.head.all(&field.name);
            match (values.next(), values.next(), &field.value) {
                (Some(_), _, Value::Present) => true,
                (Some(value), None, Value::Exact(exact)) => value == exact,
                (Some(value), None, Value::Prefix(prefix)) => value.starts_with(prefix),
                _ => false,
            }
        });
        host && path && method && header
    }
}

fn read_header(r: &mut dyn Reader) -> Option<Field> {
    let name = r.text(
        "name",
        128,
        "a header name in lower case",
        &|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b)),
        "The field's name. Required.",
    );
    let any = |s: &str| !s.is_empty();
    let exact = r.text("exact", 1024, "a value", &any, "The whole value. Without `exact` and `prefix`: any value.");
    let prefix = r.text("prefix", 1024, "the start of a value", &any, "The start of the value.");
    if r.has("exact") && r.has("prefix") {
        r.problem("prefix", "has no effect beside `exact`".into(), "leave one of them out".into());
    }
    let value = match (exact, prefix) {
        (Some(exact), _) => Value::Exact(exact.into_bytes()),
        (None, Some(prefix)) => Value::Prefix(prefix.into_bytes()),
        (None, None) => Value::Present,
    };
    Some(Field { name: name?, value })
}

fn is_host(s: &str) -> bool {
    let name = s.strip_prefix("*.").unwrap_or(s);
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

/// The path without query and fragment, percent-decoded once, with empty and dot segments removed (RFC 3986 §5.2.4).
///
/// `None` when it does not start with `/`, has a bad escape, or can be read in two ways: when a slash, a backslash, a
/// control character, an escape or bytes that are not UTF-8 come out of an escape, or when a segment is a dot segment
/// but for blanks or path parameters (`..;x`). What an upstream makes of those cannot be known, so that no route may
/// vouch for them.
pub fn normal_path(path: &[u8]) -> Option<Vec<u8>> {
    let end = path.iter().position(|b| b"?#".contains(b)).unwrap_or(path.len());
    let path = path.get(..end)?;
    let mut segments: Vec<Vec<u8>> = Vec::new();
    let trailing = path.ends_with(b"/") || path.ends_with(b"/.") || path.ends_with(b"/..");
    for raw in path.strip_prefix(b"/")?.split(|b| *b == b'/') {
        let segment = decode(raw)?;
        match segment.as_slice() {
            b"" | b"." => {}
            b".." => {
                segments.pop();
            }
            _ if is_ambiguous(&segment) => return None,
            _ => segments.push(segment),
        }
    }
    let mut normal = Vec::with_capacity(path.len());
    for segment in &segments {
        normal.push(b'/');
        normal.extend_from_slice(segment);
    }
    if trailing || normal.is_empty() {
        normal.push(b'/');
    }
    Some(normal)
}

/// Whether servers differ on a segment that was decoded once.
fn is_ambiguous(segment: &[u8]) -> bool {
    let name = segment.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let escape =
        |bytes: &[u8]| matches!(bytes, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
    matches!(name, b"" | b"." | b"..")
        || segment.iter().any(u8::is_ascii_control)
        || segment.windows(3).any(escape)
        || core::str::from_utf8(segment).is_err()
}

fn decode(segment: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(segment.len());
    let mut rest = segment;
    while let Some((&first, behind)) = rest.split_first() {
        let (byte, behind) = if first == b'%' { octet(behind)? } else { (first, behind) };
        if matches!(byte, b'\\' | 0) || (first == b'%' && byte == b'/') {
            return None;
        }
        out.push(byte);
        rest = behind;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_out_in_one_spelling() {
        for (path, normal) in [
            ("/v1/chat?x=/../", "/v1/chat"),
            ("//v1/./chat//completions", "/v1/chat/completions"),
            ("/a/../v1/%63hat", "/v1/chat"),
            ("/v1/%2e%2e/admin", "/admin"),
            ("/..", "/"),
            ("/v1/", "/v1/"),
        ] {
            assert_eq!(normal_path(path.as_bytes()).as_deref(), Some(normal.as_bytes()), "{path}");
        }
    }

    #[test]
    fn paths_that_upstreams_may_read_in_two_ways_have_no_spelling() {
        for path in [
            "v1",
            "",
            "/v1%2fchat",
            "/v1/%",
            "/v1/%zz",
            "/v1\\chat",
            "/%5c",
            "/%00",
            "*",
            "/a/..;/v1",
            "/a/..;x=1/v1",
            "/a/%2e%2e%3b/v1",
            "/a/.;/v1",
            "/a/;/v1",
            "/a/..%20/v1",
            "/a/%20../v1",
            "/a/..%09/v1",
            "/a/%252e%252e/v1",
            "/a/%c0%ae%c0%ae/v1",
            "/a/%0a",
        ] {
            assert_eq!(normal_path(path.as_bytes()), None, "{path}");
        }
    }
}
