use super::*;
use crate::wire::{Limits, Span, Unreadable};

fn fails(body: &[u8]) -> Unreadable {
    parse(body, &Limits::default()).expect_err("accepted")
}

fn span(start: u32, end: u32) -> Span {
    Span { start, end }
}

#[test]
fn nodes_lie_where_they_stand() {
    let body = br#" {"a" : [1, "x\"y", {}], "b":{"c":null}} "#;
    let document = parse(body, &Limits::default()).unwrap();
    let nodes: Vec<_> = document.root().nodes().map(|node| (node.kind(), node.span().of(body))).collect();
    let expected: [(Kind, &[u8]); 10] = [
        (Kind::Object, br#"{"a" : [1, "x\"y", {}], "b":{"c":null}}"#),
        (Kind::Key, b"a"),
        (Kind::Array, br#"[1, "x\"y", {}]"#),
        (Kind::Number, b"1"),
        (Kind::String, br#"x\"y"#),
        (Kind::Object, b"{}"),
        (Kind::Key, b"b"),
        (Kind::Object, br#"{"c":null}"#),
        (Kind::Key, b"c"),
        (Kind::Null, b"null"),
    ];
    assert_eq!(nodes, expected);
}

#[test]
fn members_are_found_by_what_their_names_mean() {
    let document = parse(br#"{"a":[1],"r\u006fle":{"x":1},"b":true,"c":"v"}"#, &Limits::default()).unwrap();
    let root = document.root();
    assert_eq!(root.get("role").unwrap().kind(), Kind::Object);
    assert_eq!(root.get("b").unwrap().bool(), Some(true));
    assert!(root.get("c").unwrap().is("v"));
    assert!(root.get("x").is_none(), "a member of a member is none of its own");
    assert_eq!(root.entries().map(|(key, _)| key.text().into_owned()).collect::<Vec<_>>(), ["a", "role", "b", "c"]);
    assert_eq!(root.items().count(), 0);
    assert_eq!(root.get("a").unwrap().items().count(), 1);
    assert_eq!(root.get("a").unwrap().entries().count(), 0);
}

#[test]
fn a_node_takes_sixteen_bytes() {
    assert_eq!(size_of::<Node>(), 16);
}

#[test]
fn what_is_not_utf8_json_is_an_encoding() {
    let utf16: Vec<u8> = "{\"a\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16be: Vec<u8> = "{\"a\":1}".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let bodies: [&[u8]; 16] = [
        b"\xEF\xBB\xBF{}",
        b"\xFF\xFE{\0}\0",
        b"\xFE\xFF\0{\0}",
        &utf16,
        &utf16be,
        b"\0\0\0{",
        b"\"\xff\"",
        b"\"\xc3\"",
        b"\"\xed\xa0\x80\"",
        b"\"\xc0\xaf\"",
        b"\x1f\x8b\x08\x00",
        br#""\ud800""#,
        br#""\udc00""#,
        br#""\ud800\ud800""#,
        br#""\ud800x""#,
        br#"{"\udfff":1}"#,
    ];
    for body in bodies {
        assert_eq!(fails(body), Unreadable::Encoding, "{body:?}");
    }
}

#[test]
fn what_is_not_rfc_8259_is_malformed() {
    let bodies = [
        "",
        " ",
        "{",
        "[",
        "[1",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "\"a",
        "}",
        "]",
        "[}",
        "{]",
        "[1}",
        "{\"a\":1]",
        "{}{}",
        "{} x",
        "1 2",
        "null,",
        "[1,]",
        "[,1]",
        "[,]",
        "[1,,2]",
        "{,}",
        "{\"a\":1,}",
        "{\"a\",1}",
        "{\"a\" 1}",
        "{a:1}",
        "{'a':1}",
        "{1:1}",
        "{\"a\":}",
        "[1 2]",
        "tru",
        "truex",
        "nul",
        "True",
        "NaN",
        "Infinity",
        "01",
        "-",
        "+1",
        "1.",
        ".5",
        "1e",
        "0x1",
        "1_0",
        "\"\n\"",
        "\"\t\"",
        "\"abc\u{0}\"",
        "\"\u{1f}\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\u+123\"",
        "\"\\\"",
        "\"\\",
        "\"\\u",
        "\"\\ud83d\\u\"",
        "// c\n1",
        "/**/1",
        "\u{a0}1",
        "1\u{c}",
        "\u{feff}1",
    ];
    for body in bodies {
        let expected = if body.starts_with('\u{feff}') { Unreadable::Encoding } else { Unreadable::Malformed };
        assert_eq!(fails(body.as_bytes()), expected, "{body:?}");
    }
}

#[test]
fn what_is_rfc_8259_is_read() {
    let bodies = [
        "null",
        " true ",
        "\"\"",
        "0",
        "-0.0e-0",
        "1e999",
        "[]",
        "{}",
        "[[],{}]",
        "\t\r\n[\n1\t,\r2 ]\n",
        "\"\u{7f}\"",
        "\"\u{2028}\"",
        "\"\\u0000\"",
        "\"\\ud83d\\ude00\"",
        "\"\u{10ffff}\"",
        "{\"\":1}",
        "\"\\/\"",
        "{\"a\":{\"a\":1}}",
        "[{\"a\":1},{\"a\":1}]",
    ];
    for body in bodies {
        assert!(parse(body.as_bytes(), &Limits::default()).is_ok(), "{body:?}");
    }
}

#[test]
fn a_name_may_stand_once_in_an_object_however_it_is_spelled() {
    let twice = [
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"b":2,"a":3}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"\u0061":1,"\u0061":2}"#,
        r#"{"\n":1,"\u000a":2}"#,
        r#"{"é":1,"\u00e9":2}"#,
        r#"{"😀":1,"\ud83d\ude00":2}"#,
        r#"{"":1,"":2}"#,
        r#"[{"x":{"a":1,"a":2}}]"#,
        r#"{"x":{"b":1},"y":1,"x":2}"#,
    ];
    for body in twice {
        assert_eq!(fails(body.as_bytes()), Unreadable::DuplicateKey, "{body}");
    }
    let many = |last: &str| {
        let members: Vec<String> = (0..1000).map(|index| format!("\"k{index}\":{index}")).collect();
        format!("{{{},{last}:0}}", members.join(","))
    };
    assert_eq!(fails(many("\"k0\"").as_bytes()), Unreadable::DuplicateKey);
    assert_eq!(fails(many("\"k999\"").as_bytes()), Unreadable::DuplicateKey);
    assert_eq!(fails(many("\"\\u006b500\"").as_bytes()), Unreadable::DuplicateKey);
    assert!(parse(many("\"k1000\"").as_bytes(), &Limits::default()).is_ok());
}

#[test]
fn names_that_differ_only_in_case_or_form_are_two() {
    for body in [r#"{"a":1,"A":2}"#, "{\"\u{e9}\":1,\"e\u{301}\":2}", r#"{"a":1,"a ":2}"#] {
        assert!(parse(body.as_bytes(), &Limits::default()).is_ok(), "{body}");
    }
}

#[test]
fn every_limit_holds_to_the_last_unit() {
    let limits = Limits { body_bytes: 64, depth: 3, values: 5 };
    let read = |body: &str| parse(body.as_bytes(), &limits).map(|_| ());
    assert_eq!(read("[[[1]]]"), Ok(()));
    assert_eq!(read("[[[[]]]]"), Err(Unreadable::Depth));
    assert_eq!(read("{\"a\":{\"a\":{\"a\":{}}}}"), Err(Unreadable::Depth));
    assert_eq!(read("[1,2,3,4]"), Ok(()));
    assert_eq!(read("[1,2,3,4,5]"), Err(Unreadable::Complexity));
    assert_eq!(read(&" ".repeat(64)), Err(Unreadable::Malformed));
    assert_eq!(read(&" ".repeat(65)), Err(Unreadable::Size));
    assert_eq!(read(&"[".repeat(64)), Err(Unreadable::Depth));
}

#[test]
fn deep_nesting_needs_no_stack() {
    let depth = 500_000;
    let limits = Limits { body_bytes: usize::MAX, depth: usize::MAX, values: usize::MAX };
    let body = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(parse(body.as_bytes(), &limits).unwrap().root().nodes().count(), depth);
}

#[test]
fn escapes_are_read_and_places_found_again() {
    let body = r#"["é\n\ud83d\ude00x\u0041"]"#.as_bytes();
    let document = parse(body, &Limits::default()).unwrap();
    let string = document.root().items().next().unwrap().string().unwrap();
    let unescaped = unescape(body, string.span()).unwrap();
    assert_eq!(unescaped.text(), "é\n😀xA");
    let place = |text: &str| {
        let start = unescaped.text().find(text).unwrap();
        let span = unescaped.span(start..start + text.len());
        core::str::from_utf8(span.of(body)).unwrap()
    };
    assert_eq!(place("é"), "é");
    assert_eq!(place("\n"), r"\n");
    assert_eq!(place("😀"), r"\ud83d\ude00");
    assert_eq!(place("x"), "x");
    assert_eq!(place("A"), r"\u0041");
    assert_eq!(place("é\n😀xA"), r"é\n\ud83d\ude00x\u0041");
    assert_eq!(place("\n😀"), r"\n\ud83d\ude00");
    // A part of an escape takes it whole; nothing takes nothing.
    assert_eq!(unescaped.span(4..5).of(body), br"\ud83d\ude00");
    assert!(unescaped.span(3..3).is_empty());
    assert_eq!(unescaped.span(8..99).of(body), br"\u0041");
}

#[test]
fn a_string_without_escapes_is_borrowed() {
    let body = br#""plain""#;
    let unescaped = unescape(body, span(1, 6)).unwrap();
    assert_eq!(unescaped.span(1..3), span(2, 4));
    assert!(matches!(unescaped.into_text(), std::borrow::Cow::Borrowed("plain")));
}

#[test]
fn a_span_of_another_body_is_no_text() {
    for (body, place) in [
        (&b"abc"[..], span(2, 9)),
        (b"abc", span(3, 2)),
        (b"a\\", span(0, 2)),
        (b"a\\q", span(0, 3)),
        (b"\xc3\xa9", span(0, 1)),
    ] {
        assert!(unescape(body, place).is_none(), "{place:?}");
    }
}

#[test]
fn no_debug_form_shows_content() {
    let document = parse(br#"{"secret":"hidden"}"#, &Limits::default()).unwrap();
    let (key, value) = document.root().entries().next().unwrap();
    let shown = format!("{document:?} {value:?} {key:?} {:?}", unescape(b"hidden", span(0, 6)));
    assert!(!shown.contains("secret") && !shown.contains("hidden"), "{shown}");
}
