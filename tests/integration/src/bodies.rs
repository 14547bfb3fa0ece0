//! The cases of `tests/cases/bodies`: ways to wrap a body. The tests of `filters/core` include this file, too.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use serde_json::Value;

/// One way to wrap a body.
#[derive(Clone, Debug)]
pub struct Wrapping {
    /// The file and the case, such as `codings: gzip`.
    pub name: String,
    /// Where it is sent.
    pub path: String,
    /// Header fields, `content-type` among them.
    pub headers: Vec<(String, String)>,
    /// The profile that it is read under.
    pub profile: String,
    /// The word of the reason for which it cannot be read; nothing when it is read.
    pub unreadable: Option<String>,
    body: String,
    made: Vec<Value>,
}

impl Wrapping {
    /// The bytes that are sent, with `text` in them.
    pub fn body(&self, text: &str) -> Vec<u8> {
        let quoted = Value::from(text).to_string();
        // In a body that is not JSON the texts of the cases stand as they are: nothing in them is escaped.
        let body = self.body.replace("{{text}}", quoted.trim_matches('"')).into_bytes();
        self.made.iter().fold(body, |body, step| made(body, step, &self.name))
    }
}

/// Every case of every file, in order.
pub fn all() -> Vec<Wrapping> {
    let folder = folder();
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry of the folder").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.retain(|file| !file.ends_with("profiles.json"));
    files.sort();
    files.iter().flat_map(|file| read(file)).collect()
}

/// The profiles that the cases name, as a configuration has them.
pub fn profiles() -> Value {
    parsed(&folder().join("profiles.json"))
}

fn folder() -> std::path::PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .map(|above| above.join("tests/cases/bodies"))
        .find(|path| path.is_dir())
        .expect("tests/cases/bodies")
}

fn parsed(file: &Path) -> Value {
    let bytes = std::fs::read(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

fn read(file: &Path) -> Vec<Wrapping> {
    let kind = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let cases = parsed(file);
    cases
        .as_array()
        .unwrap_or_else(|| panic!("{kind}.json is no array"))
        .iter()
        .map(|case| wrapping(&kind, case))
        .collect()
}

fn wrapping(kind: &str, case: &Value) -> Wrapping {
    const KEYS: [&str; 7] = ["name", "path", "headers", "body", "made", "profile", "expect"];
    let name = format!("{kind}: {}", case["name"].as_str().expect("a name"));
    for key in case.as_object().expect("an object").keys() {
        assert!(KEYS.contains(&key.as_str()), "{name}: {key}");
    }
    let text = |key: &str, default: &str| case[key].as_str().unwrap_or(default).to_owned();
    let mut headers = Vec::new();
    for (field, value) in case["headers"].as_object().into_iter().flatten() {
        let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        headers.extend(values.iter().filter_map(Value::as_str).map(|value| (field.clone(), value.to_owned())));
    }
    if case["headers"].get("content-type").is_none() {
        headers.push(("content-type".into(), "application/json".into()));
    }
    let chat = r#"{"model": "m", "messages": [{"role": "user", "content": "{{text}}"}]}"#;
    let body = match &case["body"] {
        Value::Null => chat.to_owned(),
        Value::String(body) => body.clone(),
        body => body.to_string(),
    };
    let expect = text("expect", "");
    assert!(!expect.is_empty(), "{name} expects nothing");
    Wrapping {
        path: text("path", "/v1/chat/completions"),
        profile: text("profile", "default"),
        unreadable: (expect != "read").then_some(expect),
        made: case["made"].as_array().cloned().unwrap_or_default(),
        headers,
        body,
        name,
    }
}

/// `body` after one step.
fn made(body: Vec<u8>, step: &Value, name: &str) -> Vec<u8> {
    if let Some(word) = step.as_str() {
        return in_word(&body, word).unwrap_or_else(|| panic!("{name}: {word} is no step"));
    }
    let (word, value) =
        step.as_object().and_then(|step| step.iter().next()).unwrap_or_else(|| panic!("{name}: {step}"));
    let number = || usize::try_from(value.as_u64().unwrap_or_else(|| panic!("{name}: {step}"))).expect("a size");
    let text = || value.as_str().unwrap_or_else(|| panic!("{name}: {step}"));
    match word.as_str() {
        "members" => {
            let (first, second) = body.split_at(body.len() / 2);
            let half = |part: &[u8]| in_word(part, text()).unwrap_or_else(|| panic!("{name}: {step}"));
            [half(first), half(second)].concat()
        }
        "repeat" => body.repeat(number()),
        "cut" => body[..body.len() - number()].to_vec(),
        "flip" => {
            let mut body = body;
            let at = body.len() - number();
            body[at] ^= 1;
            body
        }
        "append" => [body, hex(text())].concat(),
        "prepend" => [hex(text()), body].concat(),
        "bytes" => hex(text()),
        "spaces" => [body, vec![b' '; number()]].concat(),
        _ => panic!("{name}: {step} is no step"),
    }
}

/// `body` after a step that is a word alone, such as `gzip`.
pub fn in_word(body: &[u8], word: &str) -> Option<Vec<u8>> {
    let best = Compression::best();
    let text = || String::from_utf8_lossy(body).into_owned();
    Some(match word {
        "gzip" => written(GzEncoder::new(Vec::new(), best), body, GzEncoder::finish),
        "zlib" => written(ZlibEncoder::new(Vec::new(), best), body, ZlibEncoder::finish),
        "deflate" => written(DeflateEncoder::new(Vec::new(), best), body, DeflateEncoder::finish),
        "br" => {
            let encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
            written(encoder, body, |encoder| Ok(encoder.into_inner()))
        }
        "zstd" => ruzstd::encoding::compress_to_vec(body, ruzstd::encoding::CompressionLevel::Fastest),
        "utf-16le" => text().encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf-16be" => text().encode_utf16().flat_map(u16::to_be_bytes).collect(),
        "utf-32le" => text().chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(),
        "latin-1" => text().chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect(),
        _ => return None,
    })
}

fn written<W: Write>(mut encoder: W, body: &[u8], finish: impl FnOnce(W) -> std::io::Result<Vec<u8>>) -> Vec<u8> {
    encoder.write_all(body).and_then(|()| finish(encoder)).expect("a vector takes every byte")
}

fn hex(digits: &str) -> Vec<u8> {
    let byte =
        |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap_or_default(), 16).expect("hexadecimal");
    digits.as_bytes().chunks(2).map(byte).collect()
}
