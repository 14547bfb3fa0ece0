//! The head of a request or an answer: header fields as bytes.

/// Header fields in the order they arrived, pseudo-headers among them. Names are lower case (RFC 9113 §8.2; Envoy
/// lowers HTTP/1.1 names). Values are bytes: HTTP allows octets that are not UTF-8 (RFC 9110 §5.5).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Head {
    fields: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Shows how many fields there are, never what stands in them.
impl core::fmt::Debug for Head {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Head").field("fields", &self.fields.len()).finish()
    }
}

impl Head {
    /// A head of these fields.
    pub fn new(fields: Vec<(Vec<u8>, Vec<u8>)>) -> Self {
        Self { fields }
    }

    /// The first value under `name`, which is lower case.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find(|(n, _)| n == name.as_bytes()).map(|(_, v)| v.as_slice())
    }

    /// Every field, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// Every value under `name`, which is lower case, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().filter(move |(n, _)| n == name.as_bytes()).map(|(_, v)| v.as_slice())
    }

    /// Takes out every field of this name.
    pub fn remove(&mut self, name: &[u8]) {
        self.fields.retain(|(known, _)| known != name);
    }

    /// Every name that starts with `prefix`, once for each time it stands here. `_` counts as `-`: gateways of the CGI
    /// family (RFC 3875 §4.1.18), WSGI among them, give both to an application under one name.
    pub fn names_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let dashed = |byte: &u8| if *byte == b'_' { b'-' } else { *byte };
        let names = self.fields.iter().map(|(n, _)| n.as_slice());
        names.filter(move |n| n.get(..prefix.len()).is_some_and(|n| n.iter().map(dashed).eq(prefix.bytes())))
    }

    /// `:method`, or nothing.
    pub fn method(&self) -> &[u8] {
        self.get(":method").unwrap_or_default()
    }

    /// `:path` with its query, or nothing.
    pub fn path(&self) -> &[u8] {
        self.get(":path").unwrap_or_default()
    }

    /// `:authority`, or nothing.
    pub fn authority(&self) -> &[u8] {
        self.get(":authority").unwrap_or_default()
    }

    /// The value of `content-length` when there is exactly one that is a number.
    pub fn content_length(&self) -> Option<u64> {
        let mut all = self.all("content-length");
        let value = core::str::from_utf8(all.next()?).ok()?.parse().ok();
        if all.next().is_some() { None } else { value }
    }

    /// Whether the body is encoded: a `content-encoding` other than `identity` (RFC 9110 §8.4), in any spelling.
    pub fn is_encoded(&self) -> bool {
        self.is_respelled("content-encoding")
            || self
                .all("content-encoding")
                .flat_map(|v| v.split(|b| *b == b','))
                .map(<[u8]>::trim_ascii)
                .any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
    }

    /// Whether there is a field that some servers take for `name` and others do not: with `_` in the place of `-`, see
    /// [`Self::names_with`].
    pub fn is_respelled(&self, name: &str) -> bool {
        self.names_with(name).any(|other| other.len() == name.len() && other != name.as_bytes())
    }

    /// Whether the request leaves HTTP behind: CONNECT, or an `upgrade` that is asked for.
    ///
    /// Envoy hands both kinds to filters in the HTTP/1.1 shape or, over HTTP/2, as extended CONNECT (RFC 8441).
    pub fn is_upgrade(&self) -> bool {
        self.method().eq_ignore_ascii_case(b"CONNECT") || self.get("upgrade").is_some()
    }
}

impl<N: Into<Vec<u8>>, V: Into<Vec<u8>>> FromIterator<(N, V)> for Head {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        Self::new(fields.into_iter().map(|(n, v)| (n.into(), v.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(fields: &[(&str, &str)]) -> Head {
        fields.iter().map(|(n, v)| (*n, *v)).collect()
    }

    #[test]
    fn two_content_lengths_are_none() {
        assert_eq!(head(&[("content-length", "12")]).content_length(), Some(12));
        assert_eq!(head(&[("content-length", "12"), ("content-length", "12")]).content_length(), None);
        assert_eq!(head(&[("content-length", "-1")]).content_length(), None);
    }

    #[test]
    fn any_coding_but_identity_is_an_encoding() {
        assert!(!head(&[]).is_encoded());
        assert!(!head(&[("content-encoding", " Identity ,")]).is_encoded());
        assert!(head(&[("content-encoding", "identity, gzip")]).is_encoded());
        assert!(head(&[("content-encoding", "identity"), ("content-encoding", "x")]).is_encoded());
        assert!(head(&[("content_encoding", "identity")]).is_encoded());
    }

    #[test]
    fn a_prefix_is_found_in_either_spelling() {
        let head = head(&[("x-a-b", ""), ("x_a_b", ""), ("x-a_c", ""), ("x-ab", ""), ("x", "")]);
        assert_eq!(head.names_with("x-a-").collect::<Vec<_>>(), [&b"x-a-b"[..], b"x_a_b", b"x-a_c"]);
    }

    #[test]
    fn connect_and_upgrade_leave_http() {
        assert!(head(&[(":method", "CONNECT")]).is_upgrade());
        assert!(head(&[(":method", "GET"), ("upgrade", "websocket")]).is_upgrade());
        assert!(!head(&[(":method", "POST")]).is_upgrade());
    }

    #[test]
    fn its_debug_form_shows_no_value() {
        assert_eq!(format!("{:?}", head(&[("authorization", "secret")])), "Head { fields: 1 }");
    }
}
