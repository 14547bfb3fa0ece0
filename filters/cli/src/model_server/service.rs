//! One request in, one answer out: reads and records the body, finds the dialect, obeys the script.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use portcullis_core::coding::Decoder;
use portcullis_core::wire::Unreadable;
use serde_json::{Value, json};

use super::a2a::A2a;
use super::anthropic_messages::AnthropicMessages;
use super::bedrock_converse::BedrockConverse;
use super::bedrock_invoke::BedrockInvoke;
use super::cohere_chat::CohereChat;
use super::dialect::{Asked, Dialect};
use super::gemini::Gemini;
use super::mcp::Mcp;
use super::ollama_chat::OllamaChat;
use super::ollama_generate::OllamaGenerate;
use super::openai_chat::OpenAiChat;
use super::openai_completions::OpenAiCompletions;
use super::openai_embeddings::OpenAiEmbeddings;
use super::openai_responses::OpenAiResponses;
use super::record::Recorder;
use super::reply::{self, Body};
use super::script::Script;

/// Every dialect spoken; the first that recognises a path answers what is posted there.
const DIALECTS: [&dyn Dialect; 13] = [
    &OpenAiChat,
    &OpenAiCompletions,
    &OpenAiResponses,
    &OpenAiEmbeddings,
    &AnthropicMessages,
    &Gemini,
    &BedrockConverse,
    &BedrockInvoke,
    &OllamaChat,
    &OllamaGenerate,
    &CohereChat,
    &Mcp,
    &A2a,
];

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
    if head.method == Method::POST
        && let Some(dialect) = DIALECTS.into_iter().find(|dialect| dialect.speaks(path))
    {
        let accept = head.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let accepts_events = accept.contains("text/event-stream");
        let asked = Asked { path, query: head.uri.query().unwrap_or_default(), accepts_events };
        let Ok(body) = decoded(&head.headers, &body) else {
            let message = "the body is not in the content-encoding that its head names";
            return reply::json(StatusCode::BAD_REQUEST, &dialect.error(StatusCode::BAD_REQUEST, message));
        };
        return converse(dialect, &asked, &body, serial).await;
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

/// A body with its content codings undone.
fn decoded(headers: &HeaderMap, body: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let fields = headers.get_all(header::CONTENT_ENCODING).iter().map(HeaderValue::as_bytes);
    let mut decoder = Decoder::open(fields, MAX_BODY)?;
    let mut decoded = Vec::new();
    decoder.push(body, &mut decoded)?;
    decoder.finish().map(|()| decoded)
}

async fn converse(dialect: &dyn Dialect, asked: &Asked<'_>, body: &[u8], serial: u64) -> Response<Body> {
    let refuse = |status: StatusCode, message: &str| {
        let mut response = reply::json(status, &dialect.error(status, message));
        if let Some(kind) = dialect.error_type(status) {
            response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(kind));
        }
        response
    };
    let question = serde_json::from_slice::<Value>(body)
        .map_err(|error| format!("the body is not JSON: {error}"))
        .and_then(|body| dialect.read(asked, &body));
    let mut question = match question {
        Ok(question) => question,
        Err(message) => return refuse(StatusCode::BAD_REQUEST, &message),
    };
    question.serial = serial;
    question.created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let script = Script::read(&question.user_text);
    if let Some(status) = script.status {
        return refuse(status, "the prompt asked for this status");
    }
    let answer = script.answer();
    if question.stream {
        return reply::streamed(dialect.stream_content_type(&question), dialect.events(&question, &answer), &script);
    }
    match dialect.whole(&question, &answer) {
        Value::Null => reply::accepted(),
        document => reply::whole(&document, &script).await,
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
