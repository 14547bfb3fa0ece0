//! Calls to other services. They are made by `proxy_wasm`, whose dispatcher knows no answer to a call that it did not
//! make itself. It panics on a status that it does not expect, so that it runs in a guard of its own.

use core::time::Duration;
#[cfg(target_arch = "wasm32")]
use std::panic::{AssertUnwindSafe, catch_unwind};

use portcullis_core::call::{Call, Message};
use proxy_wasm::hostcalls;
use proxy_wasm::types::Status;

use crate::envoy::{HostError, Token};

/// What is given in the place of a status that nobody knows.
const UNKNOWN: u32 = u32::MAX;

/// Makes a call.
///
/// # Errors
/// When the host does not take it.
pub fn dispatch(call: &Call) -> Result<Token, HostError> {
    let timeout = Duration::from_millis(u64::from(call.timeout));
    let (name, made) = match &call.message {
        Message::Http { method, path, authority, headers, body } => {
            let mut fields = vec![(":method", *method), (":path", path.as_str()), (":authority", authority.as_str())];
            fields.extend(headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            let body = Some(body.as_slice()).filter(|body| !body.is_empty());
            let made = guarded(|| hostcalls::dispatch_http_call(&call.cluster, fields, body, Vec::new(), timeout));
            ("proxy_http_call", made.map(|made| made.map(Token::Http)))
        }
        Message::Grpc { service, method, message } => {
            let message = Some(message.as_slice());
            let made =
                guarded(|| hostcalls::dispatch_grpc_call(&call.cluster, service, method, Vec::new(), message, timeout));
            ("proxy_grpc_call", made.map(|made| made.map(Token::Grpc)))
        }
    };
    match made {
        Some(Ok(token)) => Ok(token),
        Some(Err(status)) => Err(HostError { call: name, status: status as u32 }),
        None => Err(HostError { call: name, status: UNKNOWN }),
    }
}

#[cfg(target_arch = "wasm32")]
fn guarded(run: impl FnOnce() -> Result<u32, Status>) -> Option<Result<u32, Status>> {
    catch_unwind(AssertUnwindSafe(run)).ok()
}

/// Outside of a VM there is no host.
#[cfg(not(target_arch = "wasm32"))]
fn guarded(_: impl FnOnce() -> Result<u32, Status>) -> Option<Result<u32, Status>> {
    Some(Err(Status::InternalFailure))
}
