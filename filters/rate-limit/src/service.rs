//! The rate limit service: `envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit`, as envoyproxy/ratelimit and
//! Limitador speak it.
//!
//! Two messages of protocol buffers, written and read by hand: a request of a domain, descriptors and a cost, and of the
//! answer the code with the status of each descriptor. Field numbers are those of `envoy/service/ratelimit/v3/rls.proto`
//! and `envoy/extensions/common/ratelimit/v3/ratelimit.proto`.

/// The service with its package.
pub const SERVICE: &str = "envoy.service.ratelimit.v3.RateLimitService";
/// Its only method.
pub const METHOD: &str = "ShouldRateLimit";

/// What stands for what is counted: keys with values, in their order.
pub type Descriptor = Vec<(String, Vec<u8>)>;

/// Serialises a `RateLimitRequest`. `hits` of 0 are written, too: a question that takes nothing, where the service knows
/// that; others take 1.
pub fn request(domain: &str, descriptors: &[Descriptor], hits: u64) -> Vec<u8> {
    let mut message = Vec::new();
    field(&mut message, 1, domain.as_bytes());
    for descriptor in descriptors {
        let mut entries = Vec::new();
        for (key, value) in descriptor {
            let mut entry = Vec::new();
            field(&mut entry, 1, key.as_bytes());
            field(&mut entry, 2, value);
            field(&mut entries, 1, &entry);
        }
        field(&mut message, 2, &entries);
    }
    varint(&mut message, 3 << 3);
    varint(&mut message, hits.min(u64::from(u32::MAX)));
    message
}

fn field(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    varint(out, (number << 3) | 2);
    varint(out, u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    out.extend_from_slice(bytes);
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes().first().copied().unwrap_or(0) | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes().first().copied().unwrap_or(0));
}

/// What the service says of one descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether it is over its limit.
    pub over: bool,
    /// Units in a window, if the service has a limit for it.
    pub limit: Option<u64>,
    /// Units that are left.
    pub remaining: u64,
    /// Seconds until the window begins anew, if it says so.
    pub reset: Option<u64>,
}

/// What it says of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Whether any descriptor is over its limit.
    pub over: bool,
    /// Each descriptor's, in their order.
    pub statuses: Vec<Status>,
}

/// `OVER_LIMIT` of `RateLimitResponse.Code`.
const OVER: u64 = 2;

/// Reads a `RateLimitResponse`; `None` when it is none, or says neither yes nor no.
pub fn answer(message: &[u8]) -> Option<Answer> {
    let mut answer = Answer::default();
    let mut code = 0;
    for (number, value) in Fields(message) {
        match (number, value?) {
            (1, Value::Number(number)) => code = number,
            (2, Value::Bytes(bytes)) => answer.statuses.push(status(bytes)?),
            _ => {}
        }
    }
    answer.over = code == OVER;
    (code == OVER || code == 1).then_some(answer)
}

fn status(bytes: &[u8]) -> Option<Status> {
    let mut status = Status::default();
    for (number, value) in Fields(bytes) {
        match (number, value?) {
            (1, Value::Number(code)) => status.over = code == OVER,
            (2, Value::Bytes(limit)) => status.limit = number_of(limit, 1)?.or(status.limit),
            (3, Value::Number(left)) => status.remaining = left,
            (4, Value::Bytes(duration)) => status.reset = number_of(duration, 1)?.or(Some(0)),
            _ => {}
        }
    }
    Some(status)
}

/// A field of a message that is a number.
fn number_of(message: &[u8], wanted: u64) -> Option<Option<u64>> {
    let mut found = None;
    for (number, value) in Fields(message) {
        if let (true, Value::Number(value)) = (number == wanted, value?) {
            found = Some(value);
        }
    }
    Some(found)
}

enum Value<'m> {
    Number(u64),
    Bytes(&'m [u8]),
    /// Four or eight bytes, of which nothing here is made.
    Fixed,
}

/// The fields of a message. One that is broken ends it.
struct Fields<'m>(&'m [u8]);

impl<'m> Iterator for Fields<'m> {
    type Item = (u64, Option<Value<'m>>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.take();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.map_or((0, None), |(number, value)| (number, Some(value))))
    }
}

impl<'m> Fields<'m> {
    fn take(&mut self) -> Option<(u64, Value<'m>)> {
        let key = self.number()?;
        let value = match key & 7 {
            0 => Value::Number(self.number()?),
            1 => self.bytes(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(self.number()?).ok()?;
                Value::Bytes(self.bytes(length)?)
            }
            5 => self.bytes(4).map(|_| Value::Fixed)?,
            _ => return None,
        };
        Some((key >> 3, value))
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for place in 0..10_u32 {
            let (first, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(first & 0x7f).checked_shl(place.saturating_mul(7)).unwrap_or(0);
            if first & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn bytes(&mut self, length: usize) -> Option<&'m [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `protoc --encode` writes it.
    #[test]
    fn a_request_is_written_as_the_protocol_says() {
        let descriptors = [vec![("user".to_owned(), b"ann".to_vec()), ("m".to_owned(), vec![0xff])], Vec::new()];
        let expected =
            b"\x0a\x01d\x12\x15\x0a\x0b\x0a\x04user\x12\x03ann\x0a\x06\x0a\x01m\x12\x01\xff\x12\x00\x18\xac\x02";
        assert_eq!(request("d", &descriptors, 300), expected);
        assert!(request("d", &[], u64::MAX).ends_with(&[0x18, 0xff, 0xff, 0xff, 0xff, 0x0f]));
    }

    #[test]
    fn an_answer_is_read_with_what_is_left() {
        let status = b"\x08\x02\x12\x06\x08\x64\x10\x02\x1a\x00\x18\x07\x22\x02\x08\x1e";
        let message = [b"\x08\x02\x12\x10".as_slice(), status, b"\x1a\x04\x0a\x02xy\x25\x01\x02\x03\x04"].concat();
        let expected = Status { over: true, limit: Some(100), remaining: 7, reset: Some(30) };
        assert_eq!(answer(&message), Some(Answer { over: true, statuses: vec![expected] }));
        assert_eq!(answer(b"\x08\x01"), Some(Answer::default()));
    }

    #[test]
    fn what_is_broken_or_says_nothing_is_no_answer() {
        for message in [
            &b""[..],
            b"\x08\x00",
            b"\x08\x03",
            b"\x08",
            b"\x12\x05\x08",
            b"\x0f",
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            assert_eq!(answer(message), None, "{message:?}");
        }
        let whole = b"\x08\x01\x12\x10\x08\x02\x12\x06\x08\x64\x10\x02\x1a\x00\x18\x07\x22\x02\x08\x1e";
        for cut in 3..whole.len() {
            assert_eq!(answer(&whole[..cut]), None, "cut at {cut}");
        }
    }
}
