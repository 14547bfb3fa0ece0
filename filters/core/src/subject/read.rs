//! A part of a request, as a configuration names it.

use super::{Part, Source};
use crate::config::{Reader, Word, choose};
use crate::wire::model_pattern;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Address,
    Host,
    Path,
    Model,
    Profile,
    Shape,
}

const NAMED: &[Word<Named>] = &[
    Word { word: "address", value: Named::Address, doc: "The client's address, as Envoy knows it." },
    Word { word: "host", value: Named::Host, doc: "The host that was asked, without its port." },
    Word { word: "path", value: Named::Path, doc: "The path without its query, in one spelling." },
    Word { word: "model", value: Named::Model, doc: "The model that was asked for." },
    Word { word: "profile", value: Named::Profile, doc: "The profile of the request." },
    Word {
        word: "prompt_shape",
        value: Named::Shape,
        doc: "A hash of the last text of the user that texts nearly equal share: for limits on asking the same over and over.",
    },
];

/// Reads a part of a request from a section: what it is, and which values are meant.
pub fn part(r: &mut dyn Reader) -> Option<Part> {
    let token = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let header = r.text(
        "header",
        128,
        "a header name",
        &token,
        "A header field, best one that the gateway sets: a client can send any other.",
    );
    let metadata = r.texts(
        "metadata",
        8,
        "a name",
        &|s| !s.is_empty() && !s.contains('\0'),
        "The path of a value that another filter left in the request's metadata: the filter's name, then the keys, such as \
         envoy.filters.http.jwt_authn, the payload's name, sub.",
    );
    let of = r.has("of").then(|| choose(r, "of", NAMED, "Another part of the request."));
    if of.is_none() {
        // The schema asks for every key.
        choose(r, "of", NAMED, "Another part of the request.");
    }
    let of = of.flatten();
    let given = ["header", "metadata", "of"].iter().filter(|key| r.has(key)).count();
    if given != 1 {
        let problem = if given == 0 { "names no part of a request" } else { "names more than one part" };
        r.problem("", problem.into(), "give one of header, metadata and of".into());
    }
    let v4 = r.integer("v4_bits", 32, 0, 32, "Bits of an IPv4 address that count; 24 takes a network of 256 for one.");
    let v6 = r.integer("v6_bits", 64, 0, 128, "Bits of an IPv6 address that count.");
    for key in ["v4_bits", "v6_bits"] {
        if !matches!(of, Some(Named::Address)) && r.has(key) {
            r.problem(key, "has no effect on anything but an address".into(), "leave it out".into());
        }
    }
    let values = r.texts(
        "values",
        256,
        "a value, in which `*` stands for any characters",
        &|s| !s.is_empty(),
        "Values that are meant; a request with another is not limited by this. Any value when it is not given.",
    );
    if matches!(of, Some(Named::Address | Named::Shape)) && r.has("values") {
        r.problem("values", "has no effect on an address or a shape".into(), "leave it out".into());
    }
    let shared = r.boolean("shared", false, "Whether all values that are meant count as one.");
    let bits = |bits: u64| u8::try_from(bits).unwrap_or(u8::MAX);
    let values: Vec<String> = match of {
        Some(Named::Model) => values.iter().map(|value| model_pattern(value)).collect(),
        _ => values,
    };
    let label = r.text(
        "label",
        128,
        "a name",
        &|s| !s.is_empty(),
        "The key of this part in a descriptor for the rate limit service. The name of the header field, the last of the names \
         in metadata, or the word of `of` when it is not given.",
    );
    let word = of.and_then(|of| NAMED.iter().find(|named| named.value == of)).map(|named| named.word);
    let own = header.clone().map(|header| header.to_ascii_lowercase()).or_else(|| word.map(str::to_owned));
    let label = label.or(own).or_else(|| metadata.last().cloned()).unwrap_or_default();
    let source = match (header, of) {
        (Some(header), _) => Source::Header(header.to_ascii_lowercase()),
        (None, Some(Named::Address)) => Source::Address { v4: bits(v4), v6: bits(v6) },
        (None, Some(Named::Host)) => Source::Host,
        (None, Some(Named::Path)) => Source::Path,
        (None, Some(Named::Model)) => Source::Model,
        (None, Some(Named::Profile)) => Source::Profile,
        (None, Some(Named::Shape)) => Source::Shape,
        (None, None) if !metadata.is_empty() => Source::Metadata(metadata),
        (None, None) => return None,
    };
    Some(Part { source, values, shared, label })
}
