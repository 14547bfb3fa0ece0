//! Bodies of answers: whole or event by event, paced, cut off, with trailers.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::channel::Channel;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;

use super::script::Script;

pub(crate) type Body = BoxBody<Bytes, Cut>;

/// The server ends the connection on purpose.
#[derive(Debug)]
pub(crate) struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut off as the prompt asked")
    }
}

impl std::error::Error for Cut {}

/// Name of the trailer that `[[trailers]]` asks for; its value is `end`.
pub const TRAILER: &str = "x-model-trailer";

/// A JSON document with its length.
pub(crate) fn json(status: StatusCode, document: &Value) -> Response<Body> {
    let body = Bytes::from(document.to_string());
    let mut response = Response::new(Full::new(body).map_err(|never| match never {}).boxed());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Nothing to say: taken note of.
pub(crate) fn accepted() -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::new()).map_err(|never| match never {}).boxed());
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

/// A whole answer, as the script wants it sent.
pub(crate) async fn whole(document: &Value, script: &Script) -> Response<Body> {
    if let Some(wait) = script.wait {
        tokio::time::sleep(wait).await;
    }
    if script.cut.is_none() && !script.trailers {
        return json(StatusCode::OK, document);
    }
    let bytes = Bytes::from(document.to_string());
    let (pieces, end, length) = match script.cut {
        // Only a promised length tells the client of HTTP/1.1 that bytes are missing.
        Some(after) => (vec![bytes.slice(..after.min(bytes.len()))], End::Cut, Some(bytes.len())),
        None => (vec![bytes], End::Trailers, None),
    };
    let mut response = Response::new(paced(pieces, None, end));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(length) = length {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    if script.trailers {
        response.headers_mut().insert(header::TRAILER, HeaderValue::from_static(TRAILER));
    }
    response
}

/// A streamed answer: one event a frame.
pub(crate) fn streamed(content_type: &'static str, mut events: Vec<Bytes>, script: &Script) -> Response<Body> {
    let end = match script.cut {
        Some(after) => {
            events.truncate(after);
            End::Cut
        }
        None if script.trailers => End::Trailers,
        None => End::Clean,
    };
    let mut response = Response::new(paced(events, script.wait, end));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if script.trailers {
        headers.insert(header::TRAILER, HeaderValue::from_static(TRAILER));
    }
    response
}

enum End {
    Clean,
    Trailers,
    Cut,
}

fn paced(pieces: Vec<Bytes>, wait: Option<Duration>, end: End) -> Body {
    let (mut sender, body) = Channel::<Bytes, Cut>::new(1);
    tokio::spawn(async move {
        for piece in pieces {
            if let Some(wait) = wait {
                tokio::time::sleep(wait).await;
            }
            if sender.send_data(piece).await.is_err() {
                return;
            }
        }
        match end {
            End::Clean => {}
            End::Trailers => {
                let mut trailers = HeaderMap::new();
                trailers.insert(HeaderName::from_static(TRAILER), HeaderValue::from_static("end"));
                let _client_has_gone = sender.send_trailers(trailers).await;
            }
            End::Cut => {
                // What was sent before has to reach the socket: an error throws away what is not flushed yet.
                tokio::time::sleep(Duration::from_millis(20)).await;
                sender.abort(Cut);
            }
        }
    });
    body.boxed()
}
