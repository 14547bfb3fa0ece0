//! What the native command is made of: the embedded model server, Envoy as a child process, scoring,
//! validation, the subcommands.
//!
//! The tests in real Envoy use the same server and the same bootstrap.

pub mod commands;
pub mod decision;
pub mod envoy;
pub mod http_client;
pub mod model_server;
pub mod replay;
pub mod row;
pub mod score;
pub mod validate;
