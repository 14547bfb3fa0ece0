//! A module: its configuration, and the contexts that `proxy_wasm` dispatches to.

use std::sync::Arc;

use portcullis_core::config::Config;
use portcullis_core::stage::Kind;
use portcullis_core::telemetry::Callback;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};

use crate::calls::{self, Calls};
use crate::envoy::{Arrived, Token};
use crate::guard::{guarded, install_hook};
use crate::stream::{Flow, Stream};

/// The kinds of stages of a module, in the order in which they run.
pub type Kinds = &'static [&'static dyn Kind];

/// Defines what a module exports: `module!(A, B)` runs stage `A`, then stage `B`.
#[macro_export]
macro_rules! module {
    ($($kind:expr),+ $(,)?) => {
        const _: () = {
            const KINDS: $crate::module::Kinds = &[$(&$kind),+];

            #[cfg(target_os = "wasi")]
            unsafe extern "C" {
                fn __wasm_call_ctors();
            }

            /// Called once in each VM, before anything else.
            #[unsafe(no_mangle)]
            pub extern "C" fn _initialize() {
                #[cfg(target_os = "wasi")]
                // SAFETY: a reactor's constructors run once, here, as the WASI application ABI has it.
                unsafe {
                    __wasm_call_ctors();
                }
                $crate::start(|_| $crate::module::root(KINDS));
            }
        };
    };
}

/// Prepares the VM: log, panic hook, and what makes a root context.
pub fn start(root: fn(u32) -> Box<dyn RootContext>) {
    install_hook();
    // Fails only when a logger is there already.
    let _ = log::set_logger(&HostLog);
    log::set_max_level(log::LevelFilter::Info);
    proxy_wasm::set_root_context(root);
}

/// A root context for a module with these stages.
pub fn root(kinds: Kinds) -> Box<dyn RootContext> {
    Box::new(Root { kinds, config: None })
}

struct HostLog;

impl log::Log for HostLog {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            calls::log(record.level(), &record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// One configuration of the module. A changed one is a root context of its own, beside this one until it drains, so
/// that no request sees two.
struct Root {
    kinds: Kinds,
    config: Option<Arc<Config>>,
}

impl Root {
    fn configure(&self, size: usize) -> Option<Config> {
        let text = match calls::configuration(size) {
            Ok(text) => text,
            Err(error) => {
                log::error!("portcullis: the configuration could not be read: {error}");
                return None;
            }
        };
        match Config::parse(&text, self.kinds, &|name| std::env::var(name).ok()) {
            Ok(config) => Some(config),
            Err(problems) => {
                log::error!("portcullis: the configuration is refused, {} to mend:", problems.len());
                for problem in problems {
                    log::error!("portcullis: {problem}");
                }
                None
            }
        }
    }
}

impl Context for Root {}

impl RootContext for Root {
    fn on_vm_start(&mut self, _size: usize) -> bool {
        log::set_max_level(calls::log_level());
        true
    }

    fn on_configure(&mut self, size: usize) -> bool {
        let Some(config) = guarded(&Calls, Callback::Configure, || self.configure(size)).ok().flatten() else {
            return false;
        };
        self.config = Some(Arc::new(config));
        true
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        // The host makes no stream before a configuration was accepted, and the dispatcher panics on `None`.
        let Some(config) = &self.config else {
            return Some(Box::new(Http(Stream::stillborn(Calls, Arc::new(Config::unconfigured())))));
        };
        let made = guarded(&Calls, Callback::Create, || Stream::new(Calls, Arc::clone(config)));
        Some(Box::new(Http(made.unwrap_or_else(|_| Stream::stillborn(Calls, Arc::clone(config))))))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Http(Stream<Calls>);

const fn action(flow: Flow) -> Action {
    match flow {
        Flow::Continue => Action::Continue,
        Flow::Pause => Action::Pause,
    }
}

impl Context for Http {
    fn on_http_call_response(&mut self, token: u32, fields: usize, size: usize, _trailers: usize) {
        self.0.on_call_answer(Token::Http(token), Arrived::Http { fields, size });
    }

    fn on_grpc_call_response(&mut self, token: u32, status: u32, size: usize) {
        self.0.on_call_answer(Token::Grpc(token), Arrived::Grpc { status, size });
    }
}

impl HttpContext for Http {
    fn on_http_request_headers(&mut self, _fields: usize, end_of_stream: bool) -> Action {
        action(self.0.on_request_headers(end_of_stream))
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        action(self.0.on_request_body(size, end_of_stream))
    }

    fn on_http_request_trailers(&mut self, _fields: usize) -> Action {
        action(self.0.on_request_trailers())
    }

    fn on_http_response_headers(&mut self, _fields: usize, end_of_stream: bool) -> Action {
        action(self.0.on_response_headers(end_of_stream))
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        action(self.0.on_response_body(size, end_of_stream))
    }

    fn on_http_response_trailers(&mut self, _fields: usize) -> Action {
        action(self.0.on_response_trailers())
    }

    fn on_log(&mut self) {
        self.0.on_log();
    }
}
