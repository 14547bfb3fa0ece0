//! The ways of `tests/cases/transports.json` by which a body is carried: version of HTTP, pieces, trailers, coding.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::cases::{self, Case};
use crate::{bodies, http1, http2};

/// One way.
#[derive(Clone, Debug)]
pub struct Transport {
    /// Unique.
    pub name: String,
    http2: bool,
    /// Bytes of a write, or of a DATA frame of HTTP/2.
    piece: usize,
    /// Bytes of a chunk of HTTP/1.1; None for a body with its length.
    chunk: Option<usize>,
    trailers: bool,
    coding: Option<String>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// `x-portcullis-verdict`.
    pub verdict: Option<String>,
    /// `content-type`.
    pub content_type: String,
    /// `x-amzn-errortype`.
    pub error_type: Option<String>,
    /// The body as text.
    pub body: String,
}

/// Every way, in the order of the file.
pub fn all() -> Vec<Transport> {
    let document = cases::document(&cases::folder().join("transports.json"));
    let number = |way: &Value, key: &str| way[key].as_u64().and_then(|number| usize::try_from(number).ok());
    let read = |way: &Value| Transport {
        name: way["name"].as_str().expect("transports.json: name").to_owned(),
        http2: way["http"] == 2,
        piece: number(way, "piece").unwrap_or(usize::MAX),
        chunk: number(way, "chunk"),
        trailers: way["trailers"] == true,
        coding: way["coding"].as_str().map(str::to_owned),
    };
    document.as_array().expect("transports.json: an array").iter().map(read).collect()
}

impl Transport {
    /// The bytes that are sent for a body.
    pub fn encode(&self, body: &str) -> Vec<u8> {
        let Some(coding) = &self.coding else { return body.as_bytes().to_vec() };
        let word = if coding == "deflate" { "zlib" } else { coding };
        bodies::in_word(body.as_bytes(), word).unwrap_or_else(|| panic!("transports.json: no coding {coding}"))
    }

    /// Sends bytes that [`encode`](Self::encode) gave, on a connection of their own; `id` goes along as `x-test`.
    pub async fn send(&self, to: SocketAddr, case: &Case, bytes: &[u8], id: &str) -> Result<Answer> {
        let coding = self.coding.iter().map(|coding| ("content-encoding", coding.as_str()));
        let own = case.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let headers: Vec<(&str, &str)> = own.chain(coding).chain([("x-test", id)]).collect();
        let sent = if self.http2 {
            self.send2(to, case, bytes, &headers).await
        } else {
            self.send1(to, case, bytes, &headers).await
        };
        sent.with_context(|| id.to_owned())
    }

    async fn send1(&self, to: SocketAddr, case: &Case, bytes: &[u8], headers: &[(&str, &str)]) -> Result<Answer> {
        let mut request = http1::Request::post_json(&case.path, bytes);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(size) = self.chunk {
            request = request.chunked(vec![size; bytes.len().div_ceil(size.max(1))]);
        }
        if self.trailers {
            request = request.trailer("x-end", "1");
        }
        let mut connection = http1::Connection::open(to).await?;
        let response = connection.send_in_pieces(&request, self.piece, Duration::ZERO).await?;
        let header = |name: &str| response.header(name).map(str::to_owned);
        Ok(Answer {
            status: response.status,
            verdict: header("x-portcullis-verdict"),
            content_type: header("content-type").unwrap_or_default(),
            error_type: header("x-amzn-errortype"),
            body: response.text(),
        })
    }

    async fn send2(&self, to: SocketAddr, case: &Case, bytes: &[u8], headers: &[(&str, &str)]) -> Result<Answer> {
        let mut request = http2::Request::post_json(&case.path, "").cut(bytes, self.piece);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if self.trailers {
            request = request.trailer("x-end", "1");
        }
        let response = http2::Connection::open(to).await?.send(request).await?;
        let header = |name: &str| response.header(name).map(str::to_owned);
        Ok(Answer {
            status: response.status,
            verdict: header("x-portcullis-verdict"),
            content_type: header("content-type").unwrap_or_default(),
            error_type: header("x-amzn-errortype"),
            body: response.text(),
        })
    }
}
