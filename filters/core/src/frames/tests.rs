use super::{Frames, Medium, Unit};
use crate::wire::Unreadable;

/// The units of a body that comes in pieces of `size` bytes, and their payloads.
fn units(medium: Medium, body: &[u8], size: usize) -> Result<Vec<Unit>, Unreadable> {
    let mut frames = Frames::new(medium, 4096).unwrap();
    let mut units = Vec::new();
    for piece in body.chunks(size) {
        frames.feed(piece);
        while let Some(unit) = frames.next(false)? {
            units.push(unit);
        }
    }
    while let Some(unit) = frames.next(true)? {
        units.push(unit);
    }
    assert_eq!(units.iter().flat_map(|unit| unit.raw().to_vec()).collect::<Vec<_>>(), body, "nothing is lost");
    Ok(units)
}

fn payloads(medium: Medium, body: &str) -> Vec<String> {
    let read = |size| -> Vec<String> {
        let units = units(medium, body.as_bytes(), size).unwrap();
        units.iter().filter_map(Unit::payload).map(|bytes| String::from_utf8(bytes.into_owned()).unwrap()).collect()
    };
    let whole = read(body.len());
    for size in 1..body.len().min(9) {
        assert_eq!(read(size), whole, "in pieces of {size}");
    }
    whole
}

#[test]
fn an_event_has_lines_of_any_ending() {
    for end in ["\n", "\r\n", "\r"] {
        let body = [
            "event: x",
            "data: one",
            "data:two",
            ": comment",
            "data",
            "",
            "id: 1",
            "",
            "data: three",
            "",
            "",
            "data: cut",
        ];
        let read = payloads(Medium::EventStream, &body.join(end));
        assert_eq!(read, ["one\ntwo\n", "three", "cut"], "{end:?}");
    }
}

#[test]
fn values_end_where_they_end() {
    assert_eq!(payloads(Medium::Json, " {\"a\":\"}\\\"{\"}\n[1] \"x\""), [r#"{"a":"}\"{"}"#, "[1]", "\"x\""]);
    assert_eq!(payloads(Medium::Json, "[{\"a\":[1]},\r\n{} , 2, \"]\"]\n"), [r#"{"a":[1]}"#, "{}", "2", "\"]\""]);
    assert_eq!(payloads(Medium::Json, "{\"cut\": [\"of"), ["{\"cut\": [\"of"]);
    assert_eq!(payloads(Medium::Json, "4111 1111\nno JSON"), ["4111 1111", "no JSON"]);
    assert_eq!(payloads(Medium::Lines, "\u{1e}{\"a\":1}\r\n\n {}"), ["{\"a\":1}", "{}"]);
}

#[test]
fn a_body_that_is_of_the_other_kind_is_read_as_such() {
    assert_eq!(payloads(Medium::Json, "\n: hi\ndata: {}\n\n"), ["{}"]);
    assert_eq!(payloads(Medium::EventStream, "{\"error\":1}"), ["{\"error\":1}"]);
}

#[test]
fn space_before_a_body_of_either_kind_is_not_kept() {
    for medium in [Medium::Json, Medium::EventStream] {
        let mut frames = Frames::new(medium, 4096).unwrap();
        for piece in ["\u{feff}", " ", "\n", "\r", "\t\n"].iter().cycle().take(10_000) {
            frames.feed(piece.as_bytes());
            assert_eq!(frames.next(false).unwrap().unwrap().raw(), piece.as_bytes());
            assert_eq!((frames.next(false).unwrap().is_none(), frames.waiting()), (true, 0));
        }
        frames.feed(b"\xEF\xBB");
        assert!(frames.next(false).unwrap().is_none(), "it may be a mark");
        frames.feed(b"\xBF{}");
        assert_eq!(frames.next(false).unwrap().unwrap().raw(), b"\xEF\xBB\xBF");
        assert_eq!(frames.next(false).unwrap().unwrap().payload().as_deref(), Some(&b"{}"[..]), "{medium:?}");
    }
}

#[test]
fn a_message_with_a_false_sum_or_length_is_malformed() {
    let good = super::event("chunk", b"{}");
    assert_eq!(units(Medium::AmazonEventStream, &good, 3).map(|units| units.len()), Ok(1));
    for at in [0, 5, 9, 20, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert_eq!(units(Medium::AmazonEventStream, &bad, 7).err(), Some(Unreadable::Malformed), "byte {at}");
    }
    assert_eq!(units(Medium::AmazonEventStream, &good[..30], 7).err(), Some(Unreadable::Malformed));
    let long = super::event("chunk", &[b'a'; 5000]);
    assert_eq!(units(Medium::AmazonEventStream, &long, 100).err(), Some(Unreadable::Size));
}

#[test]
fn a_unit_over_the_limit_is_refused_however_it_comes() {
    for (medium, body) in [
        (Medium::EventStream, format!("data: {}\n\n", "a".repeat(5000))),
        (Medium::Lines, format!("{}\n", "a".repeat(5000))),
        (Medium::Json, format!("[\"{}\"]", "a".repeat(5000))),
    ] {
        for size in [1, 100, 10_000] {
            assert_eq!(units(medium, body.as_bytes(), size).err(), Some(Unreadable::Size));
        }
    }
}
