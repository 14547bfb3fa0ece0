//! The modules in real Envoy: one builder for each participant, raw clients that decide how bytes are cut.
//!
//! ```no_run
//! # async fn test() {
//! use portcullis_integration::Gateway;
//! use serde_json::json;
//!
//! let gateway = Gateway::builder().module("portcullis").config(json!({})).start().await;
//! let reply = gateway.post_json("/v1/chat/completions", &json!({"model": "m", "messages": []})).await;
//! assert_eq!(reply.status, 200);
//! # }
//! ```
//!
//! Starting Envoy costs about a second: tests of one file share one where they can.
//!
//! ```no_run
//! use portcullis_integration::Gateway;
//! use tokio::sync::OnceCell;
//!
//! async fn gateway() -> &'static Gateway {
//!     static SHARED: OnceCell<Gateway> = OnceCell::const_new();
//!     SHARED.get_or_init(async || Gateway::builder().module("portcullis").start().await).await
//! }
//! ```
//!
//! Tests that share a gateway tell their requests apart by a header or a path of their own. Envoy comes from
//! `ENVOY_BIN` or `make setup`, modules from `PORTCULLIS_DIST` or `dist/` (`make build`).

pub mod bodies;
pub mod cases;
pub mod control_plane;
pub mod disguise;
mod gateway;
pub mod http1;
pub mod http2;
pub mod process;
pub mod transport;
pub mod upstream;

pub use gateway::{AccessRecord, Gateway, GatewayBuilder, Reconfigured};
pub use portcullis_cli::envoy::{Bootstrap, UpstreamProtocol};
pub use portcullis_cli::http_client::{Reply, fetch};
pub use portcullis_cli::model_server::{ModelServer, SeenRequest};
