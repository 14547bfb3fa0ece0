//! The cases of `tests/cases/streams`: bodies built from their events, and read again by a decoder of its own.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::collections::BTreeMap;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// One case.
pub struct Case {
    pub file: String,
    pub name: String,
    pub content_type: String,
    pub content_encoding: Option<String>,
    pub frame: String,
    /// As it comes from upstream, coded.
    pub body: Vec<u8>,
    /// The same, decoded.
    pub plain: Vec<u8>,
    /// What the texts are once e-mail addresses are replaced.
    pub channels: BTreeMap<String, String>,
    /// Channels that hold JSON.
    pub json: Vec<String>,
    /// What must not be found in the redacted body.
    pub gone: Vec<String>,
    /// What must be.
    pub has: Vec<String>,
    pub unchanged: bool,
    pub numbered: bool,
    pub usage: Option<[Option<u64>; 3]>,
}

/// All cases, by file and in order.
pub fn cases() -> &'static [Case] {
    static CASES: std::sync::LazyLock<Vec<Case>> = std::sync::LazyLock::new(read);
    &CASES
}

fn read() -> Vec<Case> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/streams");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let mut cases = Vec::new();
    for path in files {
        let rows: Vec<Value> = serde_json::from_slice(&std::fs::read(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for row in rows {
            cases.push(case(path.file_stem().unwrap().to_string_lossy().into_owned(), &row));
        }
    }
    assert!(cases.len() > 60, "{} cases", cases.len());
    cases
}

fn case(file: String, row: &Value) -> Case {
    let text = |name: &str| row[name].as_str().map(str::to_owned);
    let list = |name: &str| -> Vec<String> { serde_json::from_value(row[name].clone()).unwrap_or_default() };
    let frame = text("frame").unwrap();
    let plain = body(&frame, row["events"].as_array().unwrap());
    let body = match text("content_encoding").as_deref() {
        Some("gzip") => {
            let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            coder.write_all(&plain).unwrap();
            coder.finish().unwrap()
        }
        Some(other) => panic!("no coder for {other}"),
        None => plain.clone(),
    };
    Case {
        file,
        name: text("name").unwrap(),
        content_type: text("content_type").unwrap(),
        content_encoding: text("content_encoding"),
        frame,
        body,
        plain,
        channels: serde_json::from_value(row["channels"].clone()).unwrap(),
        json: list("json"),
        gone: list("gone"),
        has: list("has"),
        unchanged: row["unchanged"] == json!(true),
        numbered: row["numbered"] == json!(true),
        usage: serde_json::from_value(row["usage"].clone()).ok(),
    }
}

fn body(frame: &str, events: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    if frame == "sse_noisy" {
        out.extend_from_slice(b"\xEF\xBB\xBF: keepalive\n\nretry: 3000\n\n");
    }
    for (number, event) in events.iter().enumerate() {
        let data = event.as_str().map_or_else(|| event.to_string(), str::to_owned);
        let name = event["type"].as_str().unwrap_or("message");
        let last = number + 1 == events.len();
        match frame {
            "sse" | "sse_raw" => write!(out, "data: {data}\n\n"),
            "sse_crlf" => write!(out, "data:{data}\r\n\r\n"),
            "sse_cr" => write!(out, "data: {data}\r\r"),
            "sse_noisy" => write!(out, ": ping\n\nid: {number}\nevent: {name}\n: in it\ndata: {data}\n\n"),
            "sse_lines" => {
                let lines = event.as_str().map_or_else(|| format!("{event:#}"), str::to_owned);
                write!(out, "data: {}\n\n", lines.replace('\n', "\ndata: "))
            }
            "sse_cut" if last => write!(out, "data: {data}"),
            "sse_cut" => write!(out, "data: {data}\n\n"),
            "sse_named" => write!(out, "event: {name}\ndata: {data}\n\n"),
            "lines" => writeln!(out, "{data}"),
            "array" if number == 0 => write!(out, "[{data}{}", if last { "]" } else { "" }),
            "array" => write!(out, ",\r\n{data}{}", if last { "]\n" } else { "" }),
            "amazon" => {
                message(&mut out, event[0].as_str().unwrap(), event[1].to_string().as_bytes());
                Ok(())
            }
            "amazon_bytes" => {
                let wrapped = json!({ "bytes": STANDARD.encode(data), "p": "abcd" });
                message(&mut out, "chunk", wrapped.to_string().as_bytes());
                Ok(())
            }
            "document" => write!(out, "{event}"),
            "text" => write!(out, "{data}"),
            other => panic!("no frame {other}"),
        }
        .unwrap();
    }
    out
}

fn message(out: &mut Vec<u8>, event: &str, payload: &[u8]) {
    let mut headers = Vec::new();
    for (name, value) in [(":event-type", event), (":content-type", "application/json"), (":message-type", "event")] {
        headers.push(name.len() as u8);
        headers.extend_from_slice(name.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&(value.len() as u16).to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let start = out.len();
    out.extend_from_slice(&(16 + headers.len() as u32 + payload.len() as u32).to_be_bytes());
    out.extend_from_slice(&(headers.len() as u32).to_be_bytes());
    out.extend_from_slice(&crc32fast::hash(&out[start..]).to_be_bytes());
    out.extend_from_slice(&headers);
    out.extend_from_slice(payload);
    out.extend_from_slice(&crc32fast::hash(&out[start..]).to_be_bytes());
}

impl Case {
    pub fn title(&self) -> String {
        format!("{}: {}", self.file, self.name)
    }

    /// Whether the body leaves piece by piece.
    pub fn streams(&self) -> bool {
        self.frame != "document" && self.frame != "text"
    }

    /// The payloads of a body, or of the whole frames at its begin.
    pub fn payloads(&self, body: &[u8]) -> Vec<String> {
        let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        match self.frame.as_str() {
            frame if frame.starts_with("sse") => sse(&utf8(body)),
            "lines" => utf8(body).lines().map(str::to_owned).collect(),
            "array" => {
                let inner = utf8(body);
                let inner =
                    inner.trim().trim_start_matches('[').trim_end_matches(']').trim_end_matches([',', '\r', '\n']);
                let whole = serde_json::from_str::<Vec<Value>>(&format!("[{inner}]")).unwrap();
                whole.iter().map(Value::to_string).collect()
            }
            "amazon" | "amazon_bytes" => messages(body)
                .map(|payload| match self.frame.as_str() {
                    "amazon" => utf8(payload),
                    _ => {
                        let outer: Value = serde_json::from_slice(payload).unwrap();
                        utf8(&STANDARD.decode(outer["bytes"].as_str().unwrap()).unwrap())
                    }
                })
                .collect(),
            _ => vec![utf8(body)],
        }
    }

    /// Every string of a body by its place, joined over all payloads.
    pub fn texts(&self, body: &[u8]) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for payload in self.payloads(body) {
            if self.frame == "text" {
                texts.insert(String::new(), payload);
                continue;
            }
            // A lone surrogate is read as its UTF-16 unit, marked; pairs are joined below.
            let Ok(root) = serde_json::from_str::<Value>(&marked(&payload)) else { continue };
            let mut prefix = String::new();
            if let Some(kind) = root["type"].as_str() {
                prefix = format!("{kind} ");
                for name in ["index", "output_index", "content_index"] {
                    if let Some(index) = root[name].as_u64() {
                        prefix += &format!("{name}={index} ");
                    }
                }
            }
            walk(&root, prefix, true, &mut texts);
        }
        texts.values_mut().for_each(|text| *text = unmarked(text));
        texts
    }

    /// Sequence numbers, in order.
    pub fn numbers(&self, body: &[u8]) -> Vec<u64> {
        let payloads = self.payloads(body);
        payloads.iter().filter_map(|p| serde_json::from_str::<Value>(p).unwrap()["sequence_number"].as_u64()).collect()
    }
}

fn walk(value: &Value, path: String, root: bool, texts: &mut BTreeMap<String, String>) {
    match value {
        Value::String(text) => texts.entry(path).or_default().push_str(text),
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                let index = item["index"].as_u64().unwrap_or(position as u64);
                let thought = if item["thought"] == json!(true) { "thought" } else { "" };
                walk(item, format!("{path}#{index}{thought}"), false, texts);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let dot = if root { "" } else { "." };
                walk(member, format!("{path}{dot}{name}"), false, texts);
            }
        }
        _ => {}
    }
}

/// Escaped surrogates as private characters, so that a strict parser reads them one by one.
fn marked(json: &str) -> String {
    let mut out = json.to_owned();
    for (from, to) in [("\\ud83d", "\u{E001}"), ("\\ude42", "\u{E002}")] {
        out = out.replace(from, to);
    }
    out
}

fn unmarked(text: &str) -> String {
    // One half alone is the begin of what is cut in two.
    text.replace("\u{E001}\u{E002}", "🙂").replace('\u{E001}', "")
}

fn sse(body: &str) -> Vec<String> {
    let body = body.trim_start_matches('\u{FEFF}').replace("\r\n", "\n").replace('\r', "\n");
    let (mut events, mut data) = (Vec::new(), Vec::new());
    for line in body.split('\n').chain([""]) {
        if line.is_empty() && !data.is_empty() {
            events.push(std::mem::take(&mut data).join("\n"));
        } else if let Some(value) = line.strip_prefix("data:") {
            data.push(value.strip_prefix(' ').unwrap_or(value).to_owned());
        }
    }
    events
}

fn messages(mut body: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        if body.is_empty() {
            return None;
        }
        let word = |at: usize| u32::from_be_bytes(body[at..at + 4].try_into().unwrap());
        let (total, headers) = (word(0) as usize, word(4) as usize);
        assert_eq!(crc32fast::hash(&body[..8]), word(8), "checksum of the prelude");
        assert_eq!(crc32fast::hash(&body[..total - 4]), word(total - 4), "checksum of the message");
        let payload = &body[12 + headers..total - 4];
        body = &body[total..];
        Some(payload)
    })
}

/// The sizes of chunks over and over, until the body is at its end.
pub fn cut<'b>(body: &'b [u8], sizes: &[usize]) -> Vec<&'b [u8]> {
    let (mut rest, mut chunks) = (body, Vec::new());
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, after) = rest.split_at((*size).clamp(1, rest.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks
}
