//! Frames that streams are made of: server-sent events, lines of JSON, and AWS event streams.

use bytes::{BufMut as _, Bytes, BytesMut};
use serde_json::Value;

/// An event without a name (WHATWG HTML, "Server-sent events").
pub(crate) fn data(document: &Value) -> Bytes {
    Bytes::from(format!("data: {document}\n\n"))
}

/// An event with a name.
pub(crate) fn event(name: &str, document: &Value) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {document}\n\n"))
}

/// An event that is named as its document's `type` says.
pub(crate) fn typed(document: &Value) -> Bytes {
    event(document["type"].as_str().unwrap_or_default(), document)
}

/// A document on a line of its own.
pub(crate) fn line(document: &Value) -> Bytes {
    Bytes::from(format!("{document}\n"))
}

/// One message of `application/vnd.amazon.eventstream`: an event of a JSON document.
///
/// Source: AWS, "Smithy event stream specification": length of all and length of the headers, CRC-32 of these eight
/// bytes, headers (length of the name, name, type 7, length of the text, text), payload, CRC-32 of all before.
pub(crate) fn amazon(event_type: &str, document: &Value) -> Bytes {
    let mut headers = BytesMut::new();
    for (name, value) in
        [(":event-type", event_type), (":content-type", "application/json"), (":message-type", "event")]
    {
        headers.put_u8(u8::try_from(name.len()).unwrap_or(u8::MAX));
        headers.put_slice(name.as_bytes());
        headers.put_u8(7);
        headers.put_u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
        headers.put_slice(value.as_bytes());
    }
    let payload = document.to_string();
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
    let mut message = BytesMut::new();
    message.put_u32(length(headers.len() + payload.len() + 16));
    message.put_u32(length(headers.len()));
    message.put_u32(crc32fast::hash(&message));
    message.put_slice(&headers);
    message.put_slice(payload.as_bytes());
    message.put_u32(crc32fast::hash(&message));
    message.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The CRC of the first eight bytes of a message without headers and payload, from the specification's own vector
    /// (`empty_message`): `0000001000000000 05c248eb 7d98c8ff`.
    #[test]
    fn the_checksum_is_that_of_the_specification() {
        assert_eq!(crc32fast::hash(&[0, 0, 0, 0x10, 0, 0, 0, 0]), 0x05c2_48eb);
        assert_eq!(crc32fast::hash(&[0, 0, 0, 0x10, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb]), 0x7d98_c8ff);
    }

    #[test]
    fn lengths_of_a_message_are_those_of_its_parts() {
        let message = amazon("chunk", &json!({"a": 1}));
        let number = |at: usize| u32::from_be_bytes(message[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!(number(0), message.len());
        assert_eq!(&message[12 + number(4)..message.len() - 4], br#"{"a":1}"#);
        assert_eq!(number(8), crc32fast::hash(&message[..8]) as usize);
        assert_eq!(number(message.len() - 4), crc32fast::hash(&message[..message.len() - 4]) as usize);
    }
}
