//! One request in, one answer out: reads and records the body, finds the dialect, obeys the script.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::anthropic_messages::AnthropicMessages;
use super::dialect::Dialect;
use super::openai_chat::OpenAiChat;
use super::record::Recorder;
use super::reply::{self, Body};
use super::script::Script;

/// Every dialect spoken; the first that recognises a request answers it.
const DIALECTS: [&dyn Dialect; 2] = [&OpenAiChat, &AnthropicMessages];

/// A larger body is answered with 413; it is recorded all the same.
const MAX_BODY: usize = 64 << 20;

/// Answers one request. Never fails: what goes wrong is an answer, or the client has gone.
pub(crate) async fn answer(request: Request<Incoming>, recorder: Recorder) -> Response<Body> {
    let (head, body) = request.into_parts();
    if head.uri.path() == "/_requests" {
        return control(&head.method, &recorder);
    }
    let serial = recorder.begin(&head);
    let (body, trailers) = match read(body, serial, &recorder).await {
        Ok(read) => read,
        Err(status) => {
            return reply::json(status, &json!({"error": {"message": "the request body could not be read"}}));
        }
    };
    recorder.end(serial, trailers.as_ref());
    let path = head.uri.path();
    if path == "/_echo" {
        let seen = recorder.get(serial).map_or(Value::Null, |seen| seen.to_json());
        return reply::json(StatusCode::OK, &seen);
    }
    if let Some(dialect) = DIALECTS.into_iter().find(|dialect| dialect.speaks(&head.method, path)) {
        return converse(dialect, path, &body, serial).await;
    }
    if head.method == Method::GET && path.ends_with("/v1/models") {
        return reply::json(StatusCode::OK, &models(head.headers.contains_key("anthropic-version")));
    }
    let message = format!("nothing is served at {} {path}", head.method);
    reply::json(StatusCode::NOT_FOUND, &json!({"error": {"message": message, "type": "not_found_error"}}))
}

async fn read(mut body: Incoming, serial: u64, recorder: &Recorder) -> Result<(Bytes, Option<HeaderMap>), StatusCode> {
    let mut bytes = BytesMut::new();
    let mut trailers = None;
    let mut total = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| StatusCode::BAD_REQUEST)?;
        match frame.into_data() {
            Ok(data) => {
                recorder.data(serial, &data);
                total += data.len();
                if total <= MAX_BODY {
                    bytes.extend_from_slice(&data);
                }
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    if total > MAX_BODY { Err(StatusCode::PAYLOAD_TOO_LARGE) } else { Ok((bytes.freeze(), trailers)) }
}

async fn converse(dialect: &dyn Dialect, path: &str, body: &[u8], serial: u64) -> Response<Body> {
    let question = serde_json::from_slice::<Value>(body)
        .map_err(|error| format!("the body is not JSON: {error}"))
        .and_then(|body| dialect.read(path, &body));
    let mut question = match question {
        Ok(question) => question,
        Err(message) => return reply::json(StatusCode::BAD_REQUEST, &dialect.error(StatusCode::BAD_REQUEST, &message)),
    };
    question.serial = serial;
    question.created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let script = Script::read(&question.user_text);
    if let Some(status) = script.status {
        return reply::json(status, &dialect.error(status, "the prompt asked for this status"));
    }
    let answer = script.answer();
    if question.stream {
        reply::streamed(dialect.stream_content_type(), dialect.events(&question, &answer), &script)
    } else {
        reply::whole(&dialect.whole(&question, &answer), &script).await
    }
}

fn control(method: &Method, recorder: &Recorder) -> Response<Body> {
    match *method {
        Method::GET => {
            let requests: Vec<Value> = recorder.all().iter().map(|seen| seen.to_json()).collect();
            reply::json(StatusCode::OK, &json!({"requests": requests}))
        }
        Method::DELETE => {
            recorder.clear();
            reply::json(StatusCode::OK, &json!({"requests": []}))
        }
        _ => reply::json(StatusCode::METHOD_NOT_ALLOWED, &json!({"error": {"message": "GET or DELETE"}})),
    }
}

/// Both vendors list models at the same path; Anthropic's clients always send their version header.
fn models(anthropic: bool) -> Value {
    if anthropic {
        json!({
            "data": [{
                "type": "model", "id": "claude-portcullis", "display_name": "Portcullis model server",
                "created_at": "2025-01-01T00:00:00Z",
            }],
            "has_more": false, "first_id": "claude-portcullis", "last_id": "claude-portcullis",
        })
    } else {
        json!({
            "object": "list",
            "data": [{"id": "gpt-portcullis", "object": "model", "created": 1_735_689_600, "owned_by": "portcullis"}],
        })
    }
}
