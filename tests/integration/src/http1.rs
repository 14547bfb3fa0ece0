//! HTTP/1.1 byte by byte: the test decides what is written when, and sees what came back, framing included.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A request that has not been cut yet.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    path: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    chunk_sizes: Option<Vec<usize>>,
    trailers: Vec<(String, Vec<u8>)>,
}

impl Request {
    /// Any request; `host` is added when it is written.
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            headers: Vec::new(),
            body: Vec::new(),
            chunk_sizes: None,
            trailers: Vec::new(),
        }
    }

    /// A POST of JSON with a `content-length`.
    pub fn post_json(path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new("POST", path).header("content-type", "application/json").body(body)
    }

    /// One more header, bytes as they are.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.into(), value.as_ref().into()));
        self
    }

    /// The body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends the body chunked, in chunks of these sizes; what is left is one more chunk.
    pub fn chunked(mut self, sizes: impl Into<Vec<usize>>) -> Self {
        self.chunk_sizes = Some(sizes.into());
        self
    }

    /// A trailer after the last chunk; makes the body chunked.
    pub fn trailer(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.trailers.push((name.into(), value.as_ref().into()));
        self.chunk_sizes.get_or_insert_default();
        self
    }

    /// The head as it goes over the wire, blank line included.
    pub fn head(&self, host: &str) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: {host}\r\n", self.method, self.path).into_bytes();
        let framing = match self.chunk_sizes {
            Some(_) => "transfer-encoding: chunked\r\n".to_owned(),
            None if self.body.is_empty() => String::new(),
            None => format!("content-length: {}\r\n", self.body.len()),
        };
        head.extend_from_slice(framing.as_bytes());
        write_fields(&mut head, &self.headers);
        head
    }

    /// Everything after the head as it goes over the wire.
    pub fn payload(&self) -> Vec<u8> {
        let Some(sizes) = &self.chunk_sizes else { return self.body.clone() };
        let mut wire = Vec::new();
        let mut rest = self.body.as_slice();
        for size in sizes.iter().copied().filter(|size| *size > 0).chain([usize::MAX]) {
            let (chunk, behind) = rest.split_at(size.min(rest.len()));
            rest = behind;
            if !chunk.is_empty() {
                wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                wire.extend_from_slice(chunk);
                wire.extend_from_slice(b"\r\n");
            }
        }
        wire.extend_from_slice(b"0\r\n");
        write_fields(&mut wire, &self.trailers);
        wire
    }
}

fn write_fields(into: &mut Vec<u8>, fields: &[(String, Vec<u8>)]) {
    for (name, value) in fields {
        into.extend_from_slice(name.as_bytes());
        into.extend_from_slice(b": ");
        into.extend_from_slice(value);
        into.extend_from_slice(b"\r\n");
    }
    into.extend_from_slice(b"\r\n");
}

/// An answer, and how it came.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers in their order, names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body without its framing.
    pub body: Vec<u8>,
    /// Sizes of the chunks, when it was chunked.
    pub chunks: Vec<usize>,
    /// Trailers after the last chunk, names in lower case.
    pub trailers: Vec<(String, Vec<u8>)>,
    /// False when the connection ended before the body did.
    pub complete: bool,
}

impl Response {
    /// First value of a header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(key, _)| key == name)?;
        std::str::from_utf8(value).ok()
    }

    /// The body as text; bytes that are not UTF-8 show as U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    host: String,
    read: Vec<u8>,
}

impl Connection {
    /// Connects, small writes unmerged.
    pub async fn open(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, host: to.to_string(), read: Vec::new() })
    }

    /// What its requests say as `host`, if not the address.
    pub fn host(mut self, name: &str) -> Self {
        self.host = name.into();
        self
    }

    /// Writes a request at once and reads the answer.
    pub async fn send(&mut self, request: &Request) -> io::Result<Response> {
        let mut wire = request.head(&self.host);
        wire.extend_from_slice(&request.payload());
        self.write(&wire).await?;
        if request.method == "HEAD" { self.response_head().await } else { self.response().await }
    }

    /// Writes the head at once, then what follows in pieces of so many bytes with a pause before each, and reads the
    /// answer. An answer that comes before the request has ended is returned, and the rest is not written.
    pub async fn send_in_pieces(&mut self, request: &Request, size: usize, pause: Duration) -> io::Result<Response> {
        let head = request.head(&self.host);
        self.write(&head).await?;
        for piece in request.payload().chunks(size.max(1)) {
            tokio::time::sleep(pause).await;
            if self.has_answer()? || self.write(piece).await.is_err() {
                break;
            }
        }
        self.response().await
    }

    /// Writes bytes as they are and flushes.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Says that nothing more is written; the other half stays open.
    pub async fn finish(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    /// Whether bytes have arrived that nobody has read yet.
    fn has_answer(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 4096];
        match self.stream.try_read(&mut buffer) {
            Ok(count) => {
                self.read.extend_from_slice(&buffer[..count]);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(!self.read.is_empty()),
            Err(error) => Err(error),
        }
    }

    /// Reads one answer; interim answers (1xx) are skipped.
    pub async fn response(&mut self) -> io::Result<Response> {
        loop {
            let response = self.any_response().await?;
            if response.status >= 200 || response.status == 101 {
                return Ok(response);
            }
        }
    }

    /// Reads the head of a chunked answer and so many bytes of its body, which may go on.
    pub async fn body_of(&mut self, length: usize) -> io::Result<Vec<u8>> {
        self.response_head().await?;
        let mut body = Vec::new();
        while body.len() < length {
            let line = self.until(b"\r\n").await?.ok_or_else(|| invalid("the connection ended in a body"))?;
            let line = String::from_utf8_lossy(&line).trim().to_owned();
            let size = usize::from_str_radix(&line, 16).map_err(|_| invalid(&format!("not a chunk size: {line}")))?;
            if !self.at_least(size + 2).await? {
                return Err(invalid("the connection ended in a chunk"));
            }
            body.extend_from_slice(&self.take(size));
            self.take(2);
        }
        Ok(body)
    }

    /// Reads the head of an answer, which is the whole of one to HEAD.
    async fn response_head(&mut self) -> io::Result<Response> {
        let head = self.until(b"\r\n\r\n").await?.ok_or_else(|| invalid("the connection ended before an answer"))?;
        let head = String::from_utf8_lossy(&head).into_owned();
        let (status_line, fields) = head.split_once("\r\n").ok_or_else(|| invalid("no status line"))?;
        let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
        Ok(Response {
            status: status.ok_or_else(|| invalid(&format!("not a status line: {status_line}")))?,
            headers: parse_fields(fields),
            complete: true,
            ..Response::default()
        })
    }

    async fn any_response(&mut self) -> io::Result<Response> {
        let mut response = self.response_head().await?;
        if matches!(response.status, 100..200 | 204 | 304) {
            return Ok(response);
        }
        if response.header("transfer-encoding").is_some_and(|value| value.ends_with("chunked")) {
            self.chunks(&mut response).await?;
        } else if let Some(length) = response.header("content-length") {
            let length: usize = length.parse().map_err(|_| invalid("content-length"))?;
            response.complete = self.at_least(length).await?;
            response.body = self.take(length);
        } else {
            self.at_least(usize::MAX).await?;
            response.body = self.take(usize::MAX);
        }
        Ok(response)
    }

    async fn chunks(&mut self, response: &mut Response) -> io::Result<()> {
        response.complete = false;
        while let Some(line) = self.until(b"\r\n").await? {
            let line = String::from_utf8_lossy(&line).trim().to_owned();
            let size = line.split(';').next().unwrap_or_default();
            let size = usize::from_str_radix(size, 16).map_err(|_| invalid(&format!("not a chunk size: {line}")))?;
            if size == 0 {
                while let Some(field) = self.until(b"\r\n").await? {
                    if field == b"\r\n" {
                        response.complete = true;
                        return Ok(());
                    }
                    response.trailers.extend(parse_fields(&String::from_utf8_lossy(&field)));
                }
                return Ok(());
            }
            let whole = self.at_least(size + 2).await?;
            let mut chunk = self.take(size + 2);
            if whole {
                chunk.truncate(size);
            }
            response.chunks.push(chunk.len());
            response.body.extend_from_slice(&chunk);
            if !whole {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Reads up to and with `end`. None when the connection ends before.
    async fn until(&mut self, end: &[u8]) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(at) = self.read.windows(end.len()).position(|window| window == end) {
                return Ok(Some(self.take(at + end.len())));
            }
            if !self.more().await? {
                return Ok(None);
            }
        }
    }

    async fn at_least(&mut self, count: usize) -> io::Result<bool> {
        while self.read.len() < count {
            if !self.more().await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn more(&mut self) -> io::Result<bool> {
        match self.stream.read_buf(&mut self.read).await {
            Ok(count) => Ok(count > 0),
            // A peer that closes with our bytes unread resets: what it had sent before counts all the same.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        let rest = self.read.split_off(count.min(self.read.len()));
        std::mem::replace(&mut self.read, rest)
    }
}

fn parse_fields(text: &str) -> Vec<(String, Vec<u8>)> {
    let pairs = text.split("\r\n").filter_map(|line| line.split_once(':'));
    pairs.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().as_bytes().to_vec())).collect()
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}
