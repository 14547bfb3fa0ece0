//! An upstream that writes what the test says, part by part, over HTTP/1.1 and HTTP/2 with prior knowledge.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::channel::Channel;
use http_body_util::{BodyExt as _, Full, combinators::BoxBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// The header of a request that names the plan of its answer.
pub const PLAN: &str = "x-plan";

/// How an answer ends.
#[derive(Clone, Debug, Default)]
pub enum End {
    /// As it should.
    #[default]
    Clean,
    /// With this trailer.
    Trailer(&'static str, &'static str),
    /// The connection or stream is reset.
    Reset,
    /// Not at all, until the client leaves.
    Never,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its status.
    pub status: u16,
    /// Its fields.
    pub headers: Vec<(&'static str, String)>,
    /// Its body, in the parts that are written.
    pub parts: Vec<Bytes>,
    /// The wait before each part; without one, parts of HTTP/1.1 may be read together.
    pub wait: Duration,
    /// Whether the head says its length.
    pub sized: bool,
    /// Its end.
    pub end: End,
}

impl Plan {
    /// An answer with this type, cut into parts of these sizes; what is left is one more.
    pub fn cut(content_type: &str, body: &[u8], sizes: &[usize]) -> Self {
        let mut parts = Vec::new();
        let mut rest = body;
        for size in sizes.iter().copied().filter(|size| *size > 0) {
            let (part, behind) = rest.split_at(size.min(rest.len()));
            if !part.is_empty() {
                parts.push(Bytes::copy_from_slice(part));
            }
            rest = behind;
        }
        if !rest.is_empty() {
            parts.push(Bytes::copy_from_slice(rest));
        }
        Self {
            status: 200,
            headers: vec![("content-type", content_type.to_owned())],
            parts,
            wait: Duration::ZERO,
            sized: false,
            end: End::Clean,
        }
    }

    /// One more field.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Another status.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// A wait before each part.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// With a length in its head.
    pub fn sized(mut self) -> Self {
        self.sized = true;
        self
    }

    /// Another end.
    pub fn end(mut self, end: End) -> Self {
        self.end = end;
        self
    }
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its fields.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

#[derive(Default)]
struct State {
    plans: HashMap<String, Plan>,
    seen: HashMap<String, Seen>,
}

/// A running upstream, on a thread of its own so that tests can share it; it ends when this is dropped.
pub struct Upstream {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    stop: watch::Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stop.send_replace(());
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

impl Upstream {
    /// Listens on a free port of the loopback interface.
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a socket that can wait");
        let address = listener.local_addr().expect("the port that was taken");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let state = Arc::default();
        let (stop, mut stopped) = watch::channel(());
        let served = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(listener, served) => {}
                    _ = stopped.changed() => {}
                }
            });
        });
        Self { address, state, stop, thread: Some(thread) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What requests with this name in [`PLAN`] are answered with.
    pub fn plan(&self, name: &str, plan: Plan) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).plans.insert(name.to_owned(), plan);
    }

    /// The last request with this name in [`PLAN`].
    pub fn seen(&self, name: &str) -> Option<Seen> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).seen.get(name).cloned()
    }
}

#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("reset as the test asked")
    }
}

impl std::error::Error for Cut {}

async fn serve(listener: std::net::TcpListener, state: Arc<Mutex<State>>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    while let Ok((stream, _)) = listener.accept().await {
        let _kept_slow = stream.set_nodelay(true);
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let state = Arc::clone(&state);
                async move { Ok::<_, Infallible>(answer(request, &state).await) }
            });
            let builder = auto::Builder::new(TokioExecutor::new());
            let _broken_by_client = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(request: Request<Incoming>, state: &Mutex<State>) -> Response<BoxBody<Bytes, Cut>> {
    let (head, body) = request.into_parts();
    let name = head.headers.get(PLAN).and_then(|name| name.to_str().ok()).unwrap_or_default().to_owned();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let plan = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.seen.insert(name.clone(), Seen { headers: head.headers, body });
        state.plans.get(&name).cloned()
    };
    let Some(plan) = plan else {
        let mut response =
            Response::new(Full::new(Bytes::from("no such plan")).map_err(|never| match never {}).boxed());
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let length: usize = plan.parts.iter().map(Bytes::len).sum();
    let mut headers = HeaderMap::new();
    for (name, value) in &plan.headers {
        headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a field value"));
    }
    if plan.sized {
        headers.insert(http::header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    if let End::Trailer(name, _) = plan.end {
        headers.insert(http::header::TRAILER, HeaderValue::from_static(name));
    }
    let status = StatusCode::from_u16(plan.status).expect("a status");
    let mut response = Response::new(body_of(plan));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn body_of(plan: Plan) -> BoxBody<Bytes, Cut> {
    if plan.parts.is_empty() && matches!(plan.end, End::Clean) {
        return Full::new(Bytes::new()).map_err(|never| match never {}).boxed();
    }
    let (mut sender, body) = Channel::<Bytes, Cut>::new(1);
    tokio::spawn(async move {
        for part in plan.parts {
            if !plan.wait.is_zero() {
                tokio::time::sleep(plan.wait).await;
            }
            if sender.send_data(part).await.is_err() {
                return;
            }
        }
        match plan.end {
            End::Clean => {}
            End::Trailer(name, value) => {
                let mut trailers = HeaderMap::new();
                trailers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
                let _client_has_gone = sender.send_trailers(trailers).await;
            }
            End::Reset => {
                // What was sent before has to reach the socket: an error throws away what is not flushed yet.
                tokio::time::sleep(Duration::from_millis(50)).await;
                sender.abort(Cut);
            }
            End::Never => tokio::time::sleep(Duration::from_secs(600)).await,
        }
    });
    body.boxed()
}
