//! A model server that speaks the vendors' dialects and answers what the prompt tells it to.
//!
//! `portcullis up` and the demo put it behind Envoy, the tests talk to it, and it remembers what reached it: that is
//! how a test proves that nothing of a refused body got through. HTTP/1.1 and HTTP/2 (prior knowledge) on one port,
//! loopback only, no TLS, no keys. It knows no model: see [`script`] for what a prompt can ask.
//!
//! | path | what |
//! |---|---|
//! | `POST …/chat/completions`, `…/completions`, `…/responses`, `…/embeddings` | OpenAI |
//! | `POST …/v1/messages`, `…/v1/messages/count_tokens` | Anthropic Messages |
//! | `POST …/models/{model}:generateContent`, `:streamGenerateContent`, `:countTokens` | Gemini, Vertex AI |
//! | `POST …/model/{model}/converse`, `/converse-stream`, `/invoke`, `/invoke-with-response-stream` | Bedrock |
//! | `POST …/api/chat`, `…/api/generate`, `…/api/embed`, `…/api/embeddings` | Ollama |
//! | `POST …/v1/chat`, `…/v2/chat` | Cohere |
//! | `POST …/mcp` | MCP over streamable HTTP |
//! | `POST …/a2a` | A2A |
//! | `GET …/v1/models` | the vendor's list (Anthropic's with an `anthropic-version` header) |
//! | `/_echo` | what arrived, as JSON |
//! | `GET`, `DELETE /_requests` | everything that arrived; forget it |

mod a2a;
mod answer;
mod anthropic_messages;
mod bedrock_converse;
mod bedrock_invoke;
mod cohere_chat;
mod dialect;
mod framing;
mod gemini;
mod json_rpc;
mod mcp;
mod ollama_chat;
mod ollama_generate;
mod openai_chat;
mod openai_completions;
mod openai_embeddings;
mod openai_responses;
mod record;
mod reply;
pub mod script;
mod service;

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::sync::watch;

use record::Recorder;
pub use record::{MAX_KEPT_BODY, SeenRequest};
pub use reply::TRAILER;

/// A running server on a thread of its own. It ends when this is dropped, with every connection it holds.
#[derive(Debug)]
pub struct ModelServer {
    address: SocketAddr,
    recorder: Recorder,
    stop: watch::Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl ModelServer {
    /// Listens on `127.0.0.1:port`; port 0 takes a free one. It serves when this returns.
    pub fn start(port: u16) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let recorder = Recorder::default();
        let (stop, stopped) = watch::channel(());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let seen = recorder.clone();
        let thread = std::thread::Builder::new()
            .name("model-server".into())
            .spawn(move || runtime.block_on(serve(listener, seen, stopped)))?;
        Ok(Self { address, recorder, stop, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything that arrived since the start or the last [`clear`](Self::clear), oldest first.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.recorder.all()
    }

    /// Takes out what arrived with this value of a header: it is not there afterwards.
    pub fn take_with(&self, header: &str, value: &str) -> Vec<SeenRequest> {
        self.recorder.take(|seen| seen.header(header) == Some(value))
    }

    /// Forgets what arrived.
    pub fn clear(&self) {
        self.recorder.clear();
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.stop.send_replace(());
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

async fn serve(listener: std::net::TcpListener, recorder: Recorder, mut stopped: watch::Receiver<()>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // A gateway in front may add headers; what it lets through is not ours to refuse.
    builder.http1().max_headers(2048).max_buf_size(2 << 20);
    builder.http2().max_header_list_size(2 << 20);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => return,
        };
        let Ok((stream, _)) = accepted else {
            // No file descriptors left, most likely: they come back when connections end.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let _kept_slow = stream.set_nodelay(true);
        let (builder, recorder) = (builder.clone(), recorder.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let recorder = recorder.clone();
                async move { Ok::<_, Infallible>(service::answer(request, recorder).await) }
            });
            let _broken_by_client = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
