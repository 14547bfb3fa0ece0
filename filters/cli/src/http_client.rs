//! One HTTP/1.1 request on a connection of its own: all that the admin interface and the demo need.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status line.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The whole body, framing removed.
    pub body: Bytes,
}

impl Reply {
    /// First value of a header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text; bytes that are not UTF-8 show as U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends one request and reads the answer to its end; `host` is the address unless a header says otherwise. A body cut
/// off by the peer is an error.
pub async fn fetch(
    to: SocketAddr,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Result<Reply> {
    let at = || format!("{method} http://{to}{path}");
    let stream = TcpStream::connect(to).await.with_context(at)?;
    stream.set_nodelay(true).with_context(at)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.with_context(at)?;
    let connection = tokio::spawn(connection);
    let mut request = Request::builder().method(&method).uri(path);
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        request = request.header(header::HOST, to.to_string());
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body.into())).with_context(at)?;
    let (head, body) = sender.send_request(request).await.with_context(at)?.into_parts();
    let body = body.collect().await.with_context(at)?.to_bytes();
    connection.abort();
    Ok(Reply { status: head.status, headers: head.headers, body })
}
