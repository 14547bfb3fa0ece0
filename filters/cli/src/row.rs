//! A line of input: a text, a request, or the audit record of one.

use std::io::{self, BufRead, Read as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_core::head::Head;
use serde_json::{Map, Value};

/// What a line holds.
pub enum Row {
    /// What a user says, with no wire format around it.
    Text(String),
    /// A request.
    Request {
        /// Its head.
        head: Head,
        /// Its body; `None` when it has none.
        body: Option<Vec<u8>>,
    },
    /// An audit record, by its members; none for a request of an access log that has no record.
    Audit(Map<String, Value>),
}

impl Row {
    /// Reads a line: its id, null when it has none, and what it holds.
    ///
    /// # Errors
    /// What is wrong with it, in words for who wrote it.
    pub fn read(line: &[u8]) -> (Value, Result<Self, String>) {
        match serde_json::from_slice::<Value>(line) {
            Ok(Value::Object(mut row)) => {
                let id = row.remove("id");
                let read = Self::of(row);
                // A line of an access log has none; its record may.
                let own = match &read {
                    Ok(Self::Audit(record)) => record.get("id").cloned(),
                    _ => None,
                };
                (id.or(own).unwrap_or(Value::Null), read)
            }
            Ok(_) => (Value::Null, Err("is not an object".to_string())),
            Err(error) => (Value::Null, Err(format!("is not JSON: {error}"))),
        }
    }

    fn of(mut row: Map<String, Value>) -> Result<Self, String> {
        let known = |key: &str| matches!(key, "text" | "path" | "method" | "headers" | "body" | "body_base64");
        match (row.remove("text"), body(&mut row)?) {
            (Some(Value::String(text)), None) => return Ok(Self::Text(text)),
            (Some(_), None) => return Err("text: is not a string".into()),
            (Some(_), Some(_)) => return Err("has both text and body".into()),
            (None, Some(body)) => return Ok(Self::Request { head: head(&row)?, body: Some(body) }),
            (None, None) => {}
        }
        if let Some(audit) = audit(&mut row)? {
            return Ok(Self::Audit(audit));
        }
        match row.keys().find(|key| !known(key)) {
            Some(key) => Err(format!("has neither text nor body, but {key:?}")),
            None if row.contains_key("path") => Ok(Self::Request { head: head(&row)?, body: None }),
            None => Err("has neither text nor body".into()),
        }
    }
}

/// The bytes of a row's body: a string, or any other value as JSON, or bytes in base64.
fn body(row: &mut Map<String, Value>) -> Result<Option<Vec<u8>>, String> {
    match (row.remove("body"), row.remove("body_base64")) {
        (Some(_), Some(_)) => Err("has both body and body_base64".into()),
        (Some(Value::String(body)), None) => Ok(Some(body.into_bytes())),
        (Some(body), None) => Ok(Some(body.to_string().into_bytes())),
        (None, Some(body)) => {
            let body = body.as_str().and_then(|body| STANDARD.decode(body).ok());
            body.map(Some).ok_or_else(|| "body_base64: is not base64".into())
        }
        (None, None) => Ok(None),
    }
}

/// An audit record, as it is or as the `audit` of an access log's line: JSON, or JSON in a string.
fn audit(row: &mut Map<String, Value>) -> Result<Option<Map<String, Value>>, String> {
    match row.remove("audit") {
        Some(Value::Object(record)) => Ok(Some(record)),
        // What Envoy writes for a filter state that is not there.
        Some(Value::Null) => Ok(Some(Map::new())),
        Some(Value::String(record)) if record == "-" => Ok(Some(Map::new())),
        Some(Value::String(record)) => {
            let record = serde_json::from_str(&record).map_err(|error| format!("audit: is not JSON: {error}"))?;
            Ok(Some(record))
        }
        Some(_) => Err("audit: is not a record".into()),
        None if ["profile", "inspected_bytes"].iter().all(|key| row.contains_key(*key)) => {
            Ok(Some(std::mem::take(row)))
        }
        None => Ok(None),
    }
}

/// The head that a client would send: `POST`, JSON unless `headers` say something else. A header is a string, or a list
/// of strings when it stands more than once.
pub(crate) fn head(row: &Map<String, Value>) -> Result<Head, String> {
    let text = |key: &str| match row.get(key) {
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(format!("{key}: is not a string")),
        None => Ok(None),
    };
    let path = text("path")?.ok_or("path: is missing")?;
    let method = text("method")?.unwrap_or("POST");
    let empty = Map::new();
    let headers = match row.get("headers") {
        None | Some(Value::Null) => &empty,
        Some(Value::Object(headers)) => headers,
        Some(_) => return Err("headers: is not an object".into()),
    };
    let mut fields =
        vec![(b":method".to_vec(), method.as_bytes().to_vec()), (b":path".to_vec(), path.as_bytes().to_vec())];
    for (name, value) in headers {
        let name = match name.to_ascii_lowercase() {
            host if host == "host" => ":authority".to_string(),
            name => name,
        };
        let values = match value {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        for value in values {
            let value = value.as_str().ok_or_else(|| format!("headers: {name:?} is not a string"))?;
            fields.push((name.clone().into_bytes(), value.as_bytes().to_vec()));
        }
    }
    if !fields.iter().any(|(name, _)| name == b"content-type") {
        fields.push((b"content-type".to_vec(), b"application/json".to_vec()));
    }
    Ok(Head::new(fields))
}

/// At most this many bytes of a line are kept: a line that is longer is cut, and no JSON any more.
const MAX_LINE: u64 = 67_108_864;

/// At most `count` lines that are not blank, which end when they have `bytes`; none at the end of the input.
///
/// # Errors
/// Those of the input.
pub fn lines(input: &mut impl BufRead, count: usize, bytes: usize) -> io::Result<Vec<Vec<u8>>> {
    let mut lines = Vec::new();
    let mut held = 0_usize;
    while lines.len() < count && held < bytes {
        let mut line = Vec::new();
        if input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if !line.ends_with(b"\n") {
            input.skip_until(b'\n')?;
        }
        if !line.trim_ascii().is_empty() {
            held = held.saturating_add(line.len());
            lines.push(line);
        }
    }
    Ok(lines)
}

/// What `each` makes of the lines, in their order, by `jobs` threads; `None` for those of a thread that failed.
pub fn in_parallel<T: Send>(lines: &[Vec<u8>], jobs: usize, each: impl Fn(&[u8]) -> T + Sync) -> Vec<Option<T>> {
    let all = |lines: &[Vec<u8>]| lines.iter().map(|line| Some(each(line))).collect::<Vec<_>>();
    if jobs == 1 || lines.len() < 2 {
        return all(lines);
    }
    let all = &all;
    std::thread::scope(|scope| {
        let shares: Vec<_> = lines
            .chunks(lines.len().div_ceil(jobs))
            .map(|share| (share.len(), scope.spawn(move || all(share))))
            .collect();
        let gone = |lines: usize| std::iter::repeat_with(|| None).take(lines).collect();
        shares.into_iter().flat_map(|(lines, answers)| answers.join().unwrap_or_else(|_| gone(lines))).collect()
    })
}
