//! Real Envoy as a child process: where its binary and the modules are, what it is told, how it starts and ends.

mod bootstrap;
mod locate;
mod log;
mod process;

pub use bootstrap::{Bootstrap, Upstream, UpstreamProtocol};
pub use locate::{envoy_binary, module_file};
pub use log::LogTail;
pub use process::{Envoy, Start};
