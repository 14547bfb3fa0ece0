use super::*;
use crate::wire::{SkipReason, Skipped};

fn form(kind: FormKind) -> Form {
    let fields = vec![("instructions".to_owned(), Role::System), ("notes".to_owned(), Role::Document)];
    Form { kind, path: vec!["audio".into(), "x".into()], role: Role::User, fields }
}

fn under(kind: FormKind, content_type: &str, body: &[u8]) -> Option<Result<FormPrompt, Unreadable>> {
    let content_type = Some(content_type.as_bytes());
    let request = Request { method: b"POST", path: b"/v1/audio/x?q", content_type, anthropic: false, body };
    read(&request, &[form(kind)], &Limits::default())
}

fn multipart(body: &str) -> Result<Prompt, Unreadable> {
    under(FormKind::Multipart, "multipart/form-data; boundary=B", body.as_bytes()).unwrap().map(|(_, prompt)| prompt)
}

type Said = (Role, Source, String);

fn said(prompt: &Prompt, body: &[u8]) -> Vec<Said> {
    prompt.texts.iter().map(|t| (t.role, t.source, String::from_utf8(t.span.of(body).to_vec()).unwrap())).collect()
}

fn urlencoded(body: &str) -> Result<Vec<Said>, Unreadable> {
    let (decoded, prompt) =
        under(FormKind::Urlencoded, "application/x-www-form-urlencoded", body.as_bytes()).unwrap()?;
    Ok(said(&prompt, &decoded.unwrap()))
}

const PARTS: &str = "--B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n\
    --B\r\ncontent-disposition:form-data;name=prompt\r\ncontent-type: text/plain; charset=utf-8\r\n\r\nBe\r\nkind \u{e9}\\n\r\n\
    --B\r\nContent-Disposition: form-data; name=\"instructions\"\r\n\r\nSay it.\r\n\
    --B\r\nContent-Disposition: form-data; name=\"stream\"\r\n\r\ntrue\r\n\
    --B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a b.md\"\r\nContent-Type: application/octet-stream\r\n\
    Content-Transfer-Encoding: binary\r\nContent-Length: 6\r\n\r\n# Text\r\n\
    --B\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--B--\r\n";

#[test]
fn the_parts_of_a_form_are_its_texts() {
    let prompt = multipart(PARTS).unwrap();
    assert_eq!(prompt.model.unwrap().of(PARTS.as_bytes()), b"whisper-1");
    assert!(prompt.stream);
    let expected = [
        (Role::User, Source::Unrecognised, "Be\r\nkind \u{e9}\\n"),
        (Role::System, Source::Defined, "Say it."),
        (Role::Document, Source::Unrecognised, "a b.md"),
        (Role::Document, Source::Defined, "# Text"),
    ];
    assert_eq!(said(&prompt, PARTS.as_bytes()), expected.map(|(role, source, text)| (role, source, text.to_owned())));
    assert!(prompt.texts.iter().all(|text| !text.escaped) && prompt.skipped.is_empty());
}

#[test]
fn a_form_that_is_cut_off_anywhere_is_refused() {
    let whole = PARTS.strip_suffix("\r\n").unwrap();
    assert!(multipart(whole).is_ok());
    for begin in (0..whole.len()).filter_map(|end| whole.get(..end)) {
        assert!(multipart(begin).is_err(), "{} of {}", begin.len(), whole.len());
    }
}

#[test]
fn what_parsers_read_in_two_ways_is_no_form() {
    let part = |head: &str, content: &str| format!("--B\r\n{head}\r\n\r\n{content}\r\n--B--\r\n");
    let named = "Content-Disposition: form-data; name=\"a\"";
    assert!(multipart(&part(named, "x")).is_ok());
    for body in [
        // Around the delimiters.
        format!("preamble\r\n{}", part(named, "x")),
        format!("\r\n{}", part(named, "x")),
        format!("{}epilogue", part(named, "x")),
        part(named, "x").replace("--B--", "--B-"),
        part(named, "x").replacen("--B\r\n", "--B \r\n", 1),
        part(named, "x").replacen("--B\r\n", "--B\n", 1),
        part(named, "x").replace("\r\n", "\n"),
        "--B--\r\n--B\r\n".into(),
        // A delimiter that only some see.
        part(named, "x\n--B\ny"),
        part(named, "x--B"),
        part(named, "x\r\n--Bc\r\n"),
        part(named, "x\r--B\r\n"),
        // Headers.
        part("", "x"),
        part("Content-Type: text/plain", "x"),
        part("Content-Disposition: form-data", "x"),
        part("Content-Disposition: attachment; name=\"a\"", "x"),
        part(&format!("{named}\r\n{named}"), "x"),
        part(&format!("{named}\r\nContent-Type: text/plain\r\nContent-Type: text/html"), "x"),
        part(&format!("{named};\r\n filename=\"b\""), "x"),
        part(&format!("{named}\r\nX-Other: 1"), "x"),
        part(&format!("{named}\r\nContent-Encoding: gzip"), "x"),
        part(&format!("{named}\r\nContent-Transfer-Encoding: base64"), "x"),
        part(&format!("{named}\r\nContent-Transfer-Encoding: quoted-printable"), "x"),
        part(&format!("{named}\r\nContent-Length: 2"), "x"),
        part(&format!("{named}\r\nContent-Type: multipart/mixed; boundary=C"), "x"),
        part(&format!("{named}\r\nContent-Type: message/rfc822"), "x"),
        part(&format!("{named}\nContent-Type: text/plain"), "x"),
        part(&format!("{named}\rContent-Type: text/plain"), "x"),
        part("Content-Disposition : form-data; name=\"a\"", "x"),
        // Names.
        part("Content-Disposition: form-data; name=\"a\"; name=\"b\"", "x"),
        part("Content-Disposition: form-data; name*=utf-8''a", "x"),
        part("Content-Disposition: form-data; name=\"a\\\"b\"", "x"),
        part("Content-Disposition: form-data; name=\"a", "x"),
        part("Content-Disposition: form-data; name=", "x"),
        part("Content-Disposition: form-data; name=a b", "x"),
        part("Content-Disposition: form-data; name=\"a\";", "x"),
        part("Content-Disposition: form-data; name=\"a\"; filename=\"b\"; filename*=utf-8''c", "x"),
        format!("--B\r\n{named}\r\n\r\nx\r\n{}", part(named, "y")),
        part(&format!("{named}; filename=\"{}\"", "n".repeat(5000)), "x"),
    ] {
        assert_eq!(multipart(&body).err(), Some(Unreadable::Form), "{body:?}");
    }
    let twice = part("Content-Disposition: form-data; name=\"a[]\"", "x");
    let list = format!("--B\r\nContent-Disposition: form-data; name=\"a[]\"\r\n\r\nx\r\n{twice}");
    assert_eq!(multipart(&list).unwrap().texts.len(), 2, "a list has its name more than once");
}

#[test]
fn a_boundary_is_one_and_plain() {
    let body = |boundary: &str| {
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--{boundary}--")
    };
    let read = |parameters: &str, boundary: &str| {
        let content_type = format!("multipart/form-data{parameters}");
        under(FormKind::Multipart, &content_type, body(boundary).as_bytes()).unwrap().map(drop)
    };
    let long = "b".repeat(70);
    for (parameters, boundary) in [
        ("; boundary=----WebKitFormBoundaryA1", "----WebKitFormBoundaryA1"),
        (";boundary=\"=_a:(b),c/d?\"", "=_a:(b),c/d?"),
        ("; charset=utf-8; Boundary=x", "x"),
        (&format!("; boundary={long}"), long.as_str()),
    ] {
        assert_eq!(read(parameters, boundary), Ok(()), "{parameters}");
    }
    for (parameters, boundary) in [
        ("", "x"),
        ("; boundary=", ""),
        ("; boundary=\"\"", ""),
        ("; boundary=x; boundary=y", "x"),
        ("; boundary=x; boundary=x", "x"),
        ("; boundary*0=x", "x"),
        ("; boundary=x; a=b", "x"),
        ("; boundary=a=b", "a=b"),
        ("; boundary=\"a b\"", "a b"),
        ("; boundary=\"a\\b\"", "ab"),
        ("; boundary='x'", "x"),
        (&format!("; boundary={long}b"), &format!("{long}b")),
    ] {
        assert_eq!(read(parameters, boundary), Err(Unreadable::Form), "{parameters}");
    }
}

#[test]
fn bytes_that_are_no_text_are_skipped_or_refused() {
    let body = |head: &str| {
        [
            format!("--B\r\nContent-Disposition: form-data; name=\"a\"{head}\r\n\r\n").as_bytes(),
            b"\xff\xd8\xff",
            b"\r\n--B--",
        ]
        .concat()
    };
    let read = |head: &str| {
        let body = body(head);
        let read = under(FormKind::Multipart, "multipart/form-data; boundary=B", &body).unwrap();
        read.map(|(_, prompt)| prompt.skipped.iter().map(|Skipped { reason, span }| (*reason, span.len())).collect())
    };
    for (head, expected) in [
        ("; filename=\"x\"", Ok(vec![(SkipReason::File, 3)])),
        ("; filename=\"x\"\r\nContent-Type: image/jpeg", Ok(vec![(SkipReason::Image, 3)])),
        ("; filename=\"x\"\r\nContent-Type: audio/mpeg", Ok(vec![(SkipReason::Media, 3)])),
        ("; filename*=utf-8''x", Ok(vec![(SkipReason::File, 3)])),
        ("; filename=\"x\"\r\nContent-Type: text/plain", Err(Unreadable::Encoding)),
        ("; filename=\"x\"\r\nContent-Type: application/x-ndjson", Err(Unreadable::Encoding)),
        ("; filename=\"x\"\r\nContent-Type: image/jpeg; charset=utf-16", Err(Unreadable::Charset)),
        ("", Err(Unreadable::Encoding)),
        ("\r\nContent-Type: image/jpeg", Err(Unreadable::Encoding)),
    ] {
        assert_eq!(read(head), expected, "{head}");
    }
    let charset = "--B\r\nContent-Disposition: form-data; name=\"_charset_\"\r\n\r\nutf-8\r\n--B--";
    assert_eq!(multipart(charset).err(), Some(Unreadable::Charset));
}

#[test]
fn the_pairs_of_a_form_are_its_texts() {
    let text = |source, text: &str| (Role::User, source, text.to_owned());
    let unknown = |said: &str| text(Source::Unrecognised, said);
    assert_eq!(
        urlencoded("model=m&prompt=a+b%20c%C3%A9%26&&instructions=Be%20kind&a%20b=&flag&x=y=z&l[]=1&l[]=2").unwrap(),
        [
            unknown("a b cé&"),
            (Role::System, Source::Defined, "Be kind".into()),
            unknown("a b"),
            unknown("y=z"),
            unknown("l[]"),
            unknown("1"),
            unknown("l[]"),
            unknown("2"),
        ]
    );
    for (body, why) in [
        ("a=1;b=2", Unreadable::Form),
        ("a=%", Unreadable::Form),
        ("a=%2", Unreadable::Form),
        ("a=%zz", Unreadable::Form),
        ("a=%u0041", Unreadable::Form),
        ("a=1&a=2", Unreadable::Form),
        ("%61=1&a=2", Unreadable::Form),
        (" {\"messages\": []}", Unreadable::Form),
        ("[]=1", Unreadable::Form),
        ("a=%ff", Unreadable::Encoding),
        ("%c3=%a9", Unreadable::Encoding),
        ("_charset_=utf-8", Unreadable::Charset),
    ] {
        assert_eq!(urlencoded(body), Err(why), "{body}");
    }
}

#[test]
fn a_text_is_one_text_unless_it_is_a_request_in_json() {
    let read = |content_type: &str, body: &[u8]| {
        under(FormKind::Text, content_type, body)
            .map(|read| read.map(|(_, prompt)| (prompt.dialect, said(&prompt, body))))
    };
    let text = |text: &str| Some(Ok((Dialect::Unknown, vec![(Role::User, Source::Defined, text.to_owned())])));
    assert_eq!(read("text/plain", b"Hi \"there\" \\n"), text("Hi \"there\" \\n"));
    assert_eq!(read("Text/Plain; charset=UTF-8", b"[note] {x"), text("[note] {x"));
    assert_eq!(read("text/plain", b"{\"no\": \"dialect\"}"), text("{\"no\": \"dialect\"}"));
    let chat = br#"{"messages":[{"role":"system","content":"x"}]}"#;
    let (dialect, said) = read("text/plain", chat).unwrap().unwrap();
    assert_eq!((dialect, said[0].0), (Dialect::OpenAiChat, Role::System));
    assert_eq!(read("text/plain", br#"{"messages":[],"messages":[]}"#), Some(Err(Unreadable::DuplicateKey)));
    assert_eq!(read("text/plain", b"caf\xe9"), Some(Err(Unreadable::Encoding)));
    assert_eq!(read("text/plain", b"\xef\xbb\xbfHi"), Some(Err(Unreadable::Encoding)));
    assert_eq!(read("text/plain; charset=utf-7", b"Hi"), Some(Err(Unreadable::Charset)));
    assert_eq!(read("text/html", b"Hi"), None);
    assert_eq!(read("application/json", b"Hi"), None);
}

#[test]
fn only_the_paths_that_are_named_take_a_form() {
    let request = |path: &'static str| Request {
        method: b"POST",
        path: path.as_bytes(),
        content_type: Some(b"text/plain"),
        anthropic: false,
        body: b"Hi",
    };
    let read = |path| read(&request(path), &[form(FormKind::Text)], &Limits::default()).is_some();
    assert!(read("/audio/x") && read("/v1/AUDIO//x/?q=1") && read("/audio/./%78"));
    assert!(!read("/audio") && !read("/audio/x/y") && !read("/x") && !read("/audio/xy"));
}

#[test]
fn more_fields_than_values_are_too_many() {
    let limits = Limits { values: 3, ..Limits::default() };
    let body = b"a=1&b=2&c=3&d=4";
    let content_type = Some(&b"application/x-www-form-urlencoded"[..]);
    let request = Request { method: b"POST", path: b"/audio/x", content_type, anthropic: false, body };
    let read = read(&request, &[form(FormKind::Urlencoded)], &limits).unwrap();
    assert_eq!(read.map(drop), Err(Unreadable::Complexity));
}
