//! What the server saw: every request from its headers on, also those whose body never ended.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Requests remembered; older ones are forgotten first.
const MAX_REQUESTS: usize = 4096;
/// Bytes of a body that are kept. More are counted and hashed, not kept.
pub const MAX_KEPT_BODY: usize = 2 << 20;
/// Bytes of all kept bodies together; the oldest bodies go first.
const MAX_KEPT_TOTAL: usize = 32 << 20;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct SeenRequest {
    /// Counts from 1 in the order of arrival.
    pub serial: u64,
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query as sent.
    pub path: String,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub version: String,
    /// In the order of arrival, names in lower case, values as bytes.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Body bytes that arrived so far.
    pub body_bytes: u64,
    /// The body's first bytes, at most [`MAX_KEPT_BODY`]; empty when they had to make room.
    pub body: Vec<u8>,
    /// SHA-256 of the body in hex, once it is complete.
    pub body_sha256: Option<String>,
    /// Trailers, like `headers`.
    pub trailers: Vec<(String, Vec<u8>)>,
    /// Whether the body (with trailers, if any) arrived to its end.
    pub complete: bool,
}

impl SeenRequest {
    /// First value of a header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }

    /// As answered by `/_echo` and `/_requests`. Bytes that are not UTF-8 show as U+FFFD; the body is in base64, or
    /// null when not all of it was kept.
    pub fn to_json(&self) -> Value {
        let pairs = |list: &[(String, Vec<u8>)]| -> Value {
            list.iter().map(|(key, value)| json!([key, String::from_utf8_lossy(value)])).collect()
        };
        let kept = self.body.len() as u64 == self.body_bytes;
        json!({
            "serial": self.serial, "method": self.method, "path": self.path, "version": self.version,
            "headers": pairs(&self.headers), "trailers": pairs(&self.trailers), "complete": self.complete,
            "body_bytes": self.body_bytes, "body_sha256": self.body_sha256,
            "body_base64": kept.then(|| STANDARD.encode(&self.body)),
        })
    }
}

/// Shared by all connections of a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    requests: VecDeque<Entry>,
    next_serial: u64,
    kept_bytes: usize,
}

#[derive(Debug)]
struct Entry {
    request: SeenRequest,
    hash: Sha256,
}

impl Recorder {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request's head has arrived. Returns its serial number.
    pub fn begin(&self, head: &http::request::Parts) -> u64 {
        let mut seen = self.seen();
        seen.next_serial += 1;
        let serial = seen.next_serial;
        if seen.requests.len() >= MAX_REQUESTS
            && let Some(old) = seen.requests.pop_front()
        {
            seen.kept_bytes -= old.request.body.len();
        }
        let path = head.uri.path_and_query().map_or_else(|| head.uri.path().to_owned(), ToString::to_string);
        let mut headers = pairs(&head.headers);
        if let Some(authority) = head.uri.authority().filter(|_| !head.headers.contains_key("host")) {
            headers.insert(0, (":authority".into(), authority.as_str().into()));
        }
        seen.requests.push_back(Entry {
            request: SeenRequest {
                serial,
                method: head.method.to_string(),
                path,
                version: format!("{:?}", head.version),
                headers,
                body_bytes: 0,
                body: Vec::new(),
                body_sha256: None,
                trailers: Vec::new(),
                complete: false,
            },
            hash: Sha256::new(),
        });
        serial
    }

    /// A piece of its body has arrived.
    pub fn data(&self, serial: u64, data: &[u8]) {
        let mut seen = self.seen();
        let Some(entry) = seen.find(serial) else { return };
        entry.hash.update(data);
        entry.request.body_bytes += data.len() as u64;
        let room = MAX_KEPT_BODY.saturating_sub(entry.request.body.len());
        let keep = data.len().min(room);
        entry.request.body.extend_from_slice(&data[..keep]);
        seen.kept_bytes += keep;
        seen.make_room(serial);
    }

    /// The request has ended.
    pub fn end(&self, serial: u64, trailers: Option<&http::HeaderMap>) {
        let mut seen = self.seen();
        let Some(entry) = seen.find(serial) else { return };
        let digest = entry.hash.clone().finalize();
        entry.request.body_sha256 = Some(digest.iter().map(|byte| format!("{byte:02x}")).collect());
        entry.request.trailers = trailers.map(pairs).unwrap_or_default();
        entry.request.complete = true;
    }

    /// One request, if it is still remembered.
    pub fn get(&self, serial: u64) -> Option<SeenRequest> {
        self.seen().find(serial).map(|entry| entry.request.clone())
    }

    /// All that is remembered, oldest first.
    pub fn all(&self) -> Vec<SeenRequest> {
        self.seen().requests.iter().map(|entry| entry.request.clone()).collect()
    }

    /// Those that `test` holds for, oldest first; they are forgotten.
    pub fn take(&self, test: impl Fn(&SeenRequest) -> bool) -> Vec<SeenRequest> {
        let mut seen = self.seen();
        let all = std::mem::take(&mut seen.requests);
        let (taken, rest): (VecDeque<Entry>, VecDeque<Entry>) = all.into_iter().partition(|entry| test(&entry.request));
        seen.requests = rest;
        seen.kept_bytes -= taken.iter().map(|entry| entry.request.body.len()).sum::<usize>();
        taken.into_iter().map(|entry| entry.request).collect()
    }

    /// Forgets everything seen so far; serial numbers go on.
    pub fn clear(&self) {
        let mut seen = self.seen();
        seen.requests.clear();
        seen.kept_bytes = 0;
    }
}

impl Seen {
    fn find(&mut self, serial: u64) -> Option<&mut Entry> {
        self.requests.iter_mut().rev().find(|entry| entry.request.serial == serial)
    }

    fn make_room(&mut self, current: u64) {
        let mut excess = self.kept_bytes.saturating_sub(MAX_KEPT_TOTAL);
        for entry in self.requests.iter_mut().filter(|entry| entry.request.serial != current) {
            if excess == 0 {
                break;
            }
            let freed = std::mem::take(&mut entry.request.body).len();
            self.kept_bytes -= freed;
            excess = excess.saturating_sub(freed);
        }
    }
}

fn pairs(headers: &http::HeaderMap) -> Vec<(String, Vec<u8>)> {
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(recorder: &Recorder) -> u64 {
        let (head, ()) = http::Request::post("/v1/x?y").header("a", "1").body(()).unwrap().into_parts();
        recorder.begin(&head)
    }

    #[test]
    fn an_unfinished_request_shows_what_arrived() {
        let recorder = Recorder::default();
        let serial = begin(&recorder);
        recorder.data(serial, b"abc");
        let seen = recorder.get(serial).unwrap();
        assert_eq!((seen.path.as_str(), seen.body_bytes, seen.complete), ("/v1/x?y", 3, false));
        assert_eq!((seen.header("A"), &seen.body_sha256), (Some("1"), &None));
        recorder.end(serial, None);
        let sha256 = recorder.get(serial).unwrap().body_sha256.unwrap();
        assert_eq!(sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn memory_is_bounded() {
        let recorder = Recorder::default();
        let big = vec![0; MAX_KEPT_BODY];
        let bodies = MAX_KEPT_TOTAL / MAX_KEPT_BODY + 2;
        for _ in 0..bodies {
            let serial = begin(&recorder);
            recorder.data(serial, &big);
            recorder.data(serial, b"not kept");
        }
        let all = recorder.all();
        assert_eq!(all.len(), bodies);
        assert!(all.iter().map(|seen| seen.body.len()).sum::<usize>() <= MAX_KEPT_TOTAL);
        assert!(all[0].body.is_empty() && all[0].body_bytes == MAX_KEPT_BODY as u64 + 8);
        for _ in 0..MAX_REQUESTS {
            begin(&recorder);
        }
        assert_eq!(recorder.all().len(), MAX_REQUESTS);
        assert_eq!(recorder.seen().kept_bytes, 0);
    }
}
