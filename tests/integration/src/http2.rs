//! HTTP/2 with prior knowledge, frame by frame: the test decides the size of each DATA frame and the trailers.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tokio::net::TcpStream;

/// A request and how its body is cut.
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    path: String,
    headers: HeaderMap,
    frames: Vec<Bytes>,
    trailers: Option<HeaderMap>,
    pause: Duration,
}

impl Request {
    /// A request without a body.
    pub fn new(method: Method, path: &str) -> Self {
        Self {
            method,
            path: path.into(),
            headers: HeaderMap::new(),
            frames: Vec::new(),
            trailers: None,
            pause: Duration::ZERO,
        }
    }

    /// A POST of JSON in one frame.
    pub fn post_json(path: &str, body: impl Into<Bytes>) -> Self {
        Self::new(Method::POST, path).header("content-type", "application/json").frames([body.into()])
    }

    /// One more header. Panics when it is not one.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value.as_ref()).unwrap());
        self
    }

    /// The body, a DATA frame for each piece (a larger one than the peer's limit is cut by h2).
    pub fn frames(mut self, frames: impl IntoIterator<Item = Bytes>) -> Self {
        self.frames = frames.into_iter().collect();
        self
    }

    /// The body in frames of so many bytes.
    pub fn cut(self, body: &[u8], size: usize) -> Self {
        let frames: Vec<_> = body.chunks(size.max(1)).map(Bytes::copy_from_slice).collect();
        self.frames(frames)
    }

    /// A trailer: then the last DATA frame does not end the stream.
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        let trailers = self.trailers.get_or_insert_default();
        trailers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        self
    }

    /// A pause before each frame.
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }
}

/// An answer, and how it came.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// Sizes of the DATA frames.
    pub frames: Vec<usize>,
    /// Trailers, if the stream ended with them.
    pub trailers: Option<HeaderMap>,
    /// Why the stream was reset before its end, if it was. NO_ERROR means: the answer is whole, the rest of the
    /// request is not wanted.
    pub reset: Option<Reason>,
}

impl Response {
    /// First value of a header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text; bytes that are not UTF-8 show as U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// One connection; requests on it may run at the same time.
#[derive(Clone)]
pub struct Connection {
    sender: SendRequest<Bytes>,
    authority: String,
}

impl Connection {
    /// Connects with prior knowledge.
    pub async fn open(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = h2::client::handshake(stream).await?;
        tokio::spawn(connection);
        Ok(Self { sender, authority: to.to_string() })
    }

    /// Sends a request and reads the answer. A reset before the answer's head is an error; one after it is in the
    /// answer. When the peer answers early, the rest of the body is not sent.
    pub async fn send(&self, request: Request) -> Result<Response> {
        let uri = format!("http://{}{}", self.authority, request.path);
        let mut head = http::Request::builder().method(request.method).uri(uri).body(())?;
        *head.headers_mut() = request.headers;
        let mut sender = self.sender.clone().ready().await.context("the connection is closed")?;
        let ends_with_head = request.frames.is_empty() && request.trailers.is_none();
        let (answer, body) = sender.send_request(head, ends_with_head)?;
        let writing = async move {
            if !ends_with_head {
                // A peer that has answered may reset what is still coming: the answer tells.
                let _reset = write(body, request.frames, request.trailers, request.pause).await;
            }
            std::future::pending().await
        };
        tokio::select! {
            answer = async { read(answer.await?).await } => answer,
            never = writing => never,
        }
    }
}

async fn write(
    mut body: SendStream<Bytes>,
    frames: Vec<Bytes>,
    trailers: Option<HeaderMap>,
    pause: Duration,
) -> Result<()> {
    let last = frames.len().wrapping_sub(1);
    for (index, mut frame) in frames.into_iter().enumerate() {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        let ends = index == last && trailers.is_none();
        loop {
            body.reserve_capacity(frame.len());
            while body.capacity() == 0 && !frame.is_empty() {
                std::future::poll_fn(|context| body.poll_capacity(context)).await.context("reset")??;
            }
            let piece = frame.split_to(body.capacity().min(frame.len()));
            body.send_data(piece, ends && frame.is_empty())?;
            if frame.is_empty() {
                break;
            }
        }
        // Lets the connection's task write this frame before the next is queued behind it.
        tokio::task::yield_now().await;
    }
    if let Some(trailers) = trailers {
        body.send_trailers(trailers)?;
    }
    Ok(())
}

async fn read(answer: http::Response<RecvStream>) -> Result<Response> {
    let (head, mut body) = answer.into_parts();
    let mut response = Response { status: head.status.as_u16(), headers: head.headers, ..Response::default() };
    while let Some(data) = body.data().await {
        match data {
            Ok(data) => {
                body.flow_control().release_capacity(data.len())?;
                response.frames.push(data.len());
                response.body.extend_from_slice(&data);
            }
            Err(error) => {
                response.reset = Some(error.reason().unwrap_or(Reason::INTERNAL_ERROR));
                return Ok(response);
            }
        }
    }
    match body.trailers().await {
        Ok(trailers) => response.trailers = trailers,
        Err(error) => response.reset = Some(error.reason().unwrap_or(Reason::INTERNAL_ERROR)),
    }
    Ok(response)
}
