//! Who asks, and for what: parts of a request by which it is told from others, for limits and for access.

mod read;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::borrow::Cow;

pub use read::part;

use crate::config::normal_path;
use crate::head::Head;
use crate::store::World;

/// Where a part comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A header field.
    Header(String),
    /// A value that another filter left in the metadata of the request, such as a claim of a token that was checked.
    Metadata(Vec<String>),
    /// The client's address, of which so many bits count.
    Address {
        /// Of IPv4, at most 32.
        v4: u8,
        /// Of IPv6, at most 128.
        v6: u8,
    },
    /// The host that was asked, in lower case and without its port.
    Host,
    /// The path without its query, in one spelling.
    Path,
    /// The model that was asked for.
    Model,
    /// The profile of the request.
    Profile,
    /// What the last text of the user looks like, so that texts that are nearly equal look the same.
    Shape,
}

impl Source {
    /// Whether the body must be read for it.
    pub fn is_in_body(&self) -> bool {
        matches!(self, Self::Model | Self::Shape)
    }
}

/// A part of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it comes from.
    pub source: Source,
    /// Patterns of which a value must match one; any value when there is none. `*` stands for any characters.
    pub values: Vec<String>,
    /// Whether all values that match are one.
    pub shared: bool,
    /// What it is called where others count by it: the name of the field, of the value, or the word for it.
    pub label: String,
}

/// What is asked of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// Its value.
    Value(Cow<'a, [u8]>),
    /// There is none.
    Missing,
    /// There is more than one, or one that servers may read in two ways: whoever sends it could choose.
    Unclear,
    /// There is one, and it is none of those that are meant.
    Other,
}

/// What a request says of something that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named<'a> {
    /// Nothing.
    Nothing,
    /// This, in one spelling.
    One(&'a [u8]),
    /// Several things, none that has a spelling, or what was not read.
    Unclear,
}

/// What is known of a request.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// Its head.
    pub head: &'a Head,
    /// The model that it asks for, as [`crate::wire::model_name`] spells it, once that is known.
    pub model: Named<'a>,
    /// What the last text of the user looks like, once it is known.
    pub shape: Option<[u8; 8]>,
    /// What is around it.
    pub world: World<'a>,
}

impl Part {
    /// Its value in a request.
    pub fn find<'a>(&self, known: &Known<'a>) -> Found<'a> {
        let value = match &self.source {
            Source::Header(name) => match header(known.head, name) {
                Named::Nothing => None,
                Named::One(value) => Some(Cow::Borrowed(value)),
                Named::Unclear => return Found::Unclear,
            },
            Source::Metadata(path) => {
                let path: Vec<_> =
                    ["metadata", "filter_metadata"].into_iter().chain(path.iter().map(String::as_str)).collect();
                known.world.properties.property(&path).map(Cow::Owned)
            }
            Source::Address { v4, v6 } => {
                let address = known.world.properties.property(&["source", "address"]);
                address.and_then(|address| network(&address, *v4, *v6)).map(Cow::Owned)
            }
            Source::Host => Some(Cow::Owned(host(known.head))),
            Source::Path if known.head.path().is_empty() => None,
            Source::Path => match normal_path(known.head.path()) {
                Some(path) => Some(Cow::Owned(path)),
                None => return Found::Unclear,
            },
            Source::Model => match known.model {
                Named::Nothing => None,
                Named::One(model) => Some(Cow::Borrowed(model)),
                Named::Unclear => return Found::Unclear,
            },
            Source::Profile => Some(Cow::Borrowed(known.world.profile.as_bytes())),
            Source::Shape => known.shape.map(|shape| Cow::Owned(shape.to_vec())),
        };
        match value.filter(|value| !value.is_empty()) {
            None => Found::Missing,
            Some(value) if self.values.is_empty() || self.values.iter().any(|pattern| matches(pattern, &value)) => {
                Found::Value(value)
            }
            Some(_) => Found::Other,
        }
    }
}

/// A field that stands once. Which of several an upstream takes is not known, so that nobody may choose his key by one.
fn header<'a>(head: &'a Head, name: &str) -> Named<'a> {
    let times = head.names_with(name).filter(|other| other.len() == name.len()).count();
    match (times, head.get(name)) {
        (0, _) => Named::Nothing,
        (1, Some(value)) => Named::One(value),
        _ => Named::Unclear,
    }
}

fn host(head: &Head) -> Vec<u8> {
    let host = head.authority();
    let host = match host.iter().rposition(|byte| *byte == b':') {
        Some(colon) if !host.ends_with(b"]") => host.get(..colon).unwrap_or(host),
        _ => host,
    };
    host.strip_suffix(b".").unwrap_or(host).to_ascii_lowercase()
}

/// The network of an address as Envoy writes it, `192.0.2.1:80` or `[2001:db8::1]:80`. An IPv4 address in IPv6 is one of
/// IPv4.
fn network(address: &[u8], v4: u8, v6: u8) -> Option<Vec<u8>> {
    let text = core::str::from_utf8(address).ok()?;
    let bare = text.rsplit_once(':').map_or(text, |(bare, _)| bare);
    let parse = |text: &str| text.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    Some(match parse(text).or_else(|| parse(bare))?.to_canonical() {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(u32::from(v4))).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).octets().to_vec()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(u32::from(v6))).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).octets().to_vec()
        }
    })
}

/// Whether a value is as a pattern says, `*` standing for any bytes. Nothing is tried twice: the first place at which a
/// piece fits is as good as any later one.
pub fn matches(pattern: &str, value: &[u8]) -> bool {
    let mut pieces = pattern.as_bytes().split(|byte| *byte == b'*');
    let Some(mut rest) = pieces.next().and_then(|first| value.strip_prefix(first)) else { return false };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match find(rest, piece).and_then(|at| rest.get(at.saturating_add(piece.len())..)) {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    true
}

fn find(text: &[u8], piece: &[u8]) -> Option<usize> {
    if piece.is_empty() { Some(0) } else { text.windows(piece.len()).position(|window| window == piece) }
}

#[cfg(test)]
mod tests {
    use crate::store::Memory;

    use super::*;

    fn find(source: Source, values: &[&str], fields: &[(&str, &[u8])], memory: &Memory) -> Option<Option<Vec<u8>>> {
        let head: Head = fields.iter().map(|(name, value)| (*name, *value)).collect();
        let world = World { now: 0, store: memory, properties: memory, profile: "p" };
        let known = Known { head: &head, model: Named::One(b"gpt"), shape: None, world };
        let part = Part {
            source,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            shared: false,
            label: String::new(),
        };
        match part.find(&known) {
            Found::Value(value) => Some(Some(value.into_owned())),
            Found::Missing => Some(None),
            Found::Unclear => Some(Some(b"(unclear)".to_vec())),
            Found::Other => None,
        }
    }

    #[test]
    fn a_header_counts_when_it_stands_once_and_says_something() {
        let of = |fields: &[(&str, &[u8])]| find(Source::Header("x-user-id".into()), &[], fields, &Memory::default());
        assert_eq!(of(&[("x-user-id", b"ann")]), Some(Some(b"ann".to_vec())));
        assert_eq!(of(&[("x-user-id", b"caf\xe9\xff")]), Some(Some(b"caf\xe9\xff".to_vec())));
        assert_eq!(of(&[("x-user-id", &[b'a'; 10_000])]), Some(Some(vec![b'a'; 10_000])));
        for fields in [&[][..], &[("x-user-id", b"" as &[u8])]] {
            assert_eq!(of(fields), Some(None));
        }
        for fields in [
            &[("x-user-id", b"a" as &[u8]), ("x-user-id", b"b")][..],
            &[("x-user-id", b"a"), ("x_user_id", b"b")],
            &[("x_user_id", b"b")],
        ] {
            assert_eq!(of(fields), Some(Some(b"(unclear)".to_vec())), "a client can send it twice at will");
        }
    }

    #[test]
    fn values_that_are_not_meant_are_told_from_none() {
        let of = |value: &[u8]| {
            find(Source::Header("team".into()), &["red", "blue-*"], &[("team", value)], &Memory::default())
        };
        assert_eq!(of(b"red"), Some(Some(b"red".to_vec())));
        assert_eq!(of(b"blue-7"), Some(Some(b"blue-7".to_vec())));
        assert_eq!(of(b"green"), None);
        assert_eq!(of(b""), Some(None));
    }

    #[test]
    fn patterns_stand_for_any_bytes() {
        for (pattern, value, expected) in [
            ("*", &b""[..], true),
            ("*", b"\xff", true),
            ("a*", b"abc", true),
            ("a*", b"b", false),
            ("*c", b"abc", true),
            ("a*c", b"ac", true),
            ("a*c", b"abd", false),
            ("ab*ba", b"aba", false),
            ("a*b*c", b"a-b-b-c", true),
            ("a*b*c", b"a-c-b", false),
            ("**", b"x", true),
            ("abc", b"abc", true),
            ("abc", b"abcd", false),
            ("", b"", true),
            ("", b"x", false),
        ] {
            assert_eq!(matches(pattern, value), expected, "{pattern} {value:?}");
        }
    }

    #[test]
    fn addresses_count_by_their_network() {
        let of = |address: &[u8], v4, v6| {
            let memory = Memory::with(&[("source.address", address)]);
            find(Source::Address { v4, v6 }, &[], &[], &memory)
        };
        assert_eq!(of(b"192.0.2.77:4711", 24, 64), Some(Some(vec![192, 0, 2, 0])));
        assert_eq!(of(b"192.0.2.77:4711", 32, 64), Some(Some(vec![192, 0, 2, 77])));
        assert_eq!(of(b"192.0.2.77:4711", 0, 64), Some(Some(vec![0; 4])));
        let v6 = |last: u8| [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last].to_vec();
        assert_eq!(of(b"[2001:db8::77]:4711", 24, 64), Some(Some(v6(0))));
        assert_eq!(of(b"[2001:db8::77]:4711", 24, 128), Some(Some(v6(0x77))));
        assert_eq!(of(b"[::ffff:192.0.2.77]:80", 32, 64), Some(Some(vec![192, 0, 2, 77])));
        assert_eq!(of(b"@abstract", 24, 64), Some(None));
        assert_eq!(find(Source::Address { v4: 24, v6: 64 }, &[], &[], &Memory::default()), Some(None));
    }

    #[test]
    fn other_parts_come_in_one_spelling() {
        let memory = Memory::with(&[("metadata.filter_metadata.envoy.filters.http.jwt_authn.payload.sub", b"ann")]);
        let of = |source, fields: &[(&str, &[u8])]| find(source, &[], fields, &memory).unwrap();
        assert_eq!(of(Source::Host, &[(":authority", b"API.example.com.:443")]), Some(b"api.example.com".to_vec()));
        assert_eq!(of(Source::Path, &[(":path", b"/v1/./%63hat?x")]), Some(b"/v1/chat".to_vec()));
        assert_eq!(
            of(Source::Path, &[(":path", b"/v1%2fchat")]),
            Some(b"(unclear)".to_vec()),
            "it can be read in two ways"
        );
        assert_eq!(of(Source::Model, &[]), Some(b"gpt".to_vec()));
        assert_eq!(of(Source::Profile, &[]), Some(b"p".to_vec()));
        let path = ["envoy.filters.http.jwt_authn", "payload", "sub"].map(str::to_owned).to_vec();
        assert_eq!(of(Source::Metadata(path), &[]), Some(b"ann".to_vec()));
    }
}
