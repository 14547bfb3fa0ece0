//! The seam as it is in a module: calls to the host that give errors.
#![allow(unsafe_code, reason = "the host writes into memory that it was given, or that it asked this module for")]

use std::cell::RefCell;
use std::ptr::null_mut;

use portcullis_core::call::{Answered, Call};
use portcullis_core::exchange::Reply;
use portcullis_core::head::Head;
use portcullis_core::store::{Properties, Store, StoreError, Stored, When};
use portcullis_core::telemetry::Counter;

use crate::envoy::{Arrived, Envoy, HostError, Token, Way};
use crate::{dispatch, imports};

/// `PluginConfiguration` of the ABI's buffer types.
const PLUGIN_CONFIGURATION: u32 = 7;
/// `HttpCallResponseBody` of the ABI's buffer types.
const HTTP_CALL_BODY: u32 = 4;
/// `GrpcReceiveBuffer` of the ABI's buffer types.
const GRPC_MESSAGE: u32 = 5;
/// `HttpCallResponseHeaders` of the ABI's header maps.
const HTTP_CALL_HEADERS: u32 = 6;
/// `NotFound` of the ABI's statuses.
const NOT_FOUND: u32 = 1;
/// `CasMismatch` of the ABI's statuses.
const CAS_MISMATCH: u32 = 8;
/// A version that no value has: a write on this condition succeeds only where there is no value. The host counts
/// versions up from 1, and takes 0 for no condition.
const NO_VERSION: u32 = u32::MAX;
/// What the host is told when it has no gRPC status to give.
const NO_GRPC_STATUS: i32 = -1;

/// Envoy, for the stream whose callback is running.
#[derive(Clone, Copy, Debug, Default)]
pub struct Calls;

fn check(call: &'static str, status: u32) -> Result<(), HostError> {
    if status == 0 { Ok(()) } else { Err(HostError { call, status }) }
}

/// Lets `call` fill in an address and a size, and takes over the bytes that it put there.
fn take(name: &'static str, call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Result<Vec<u8>, HostError> {
    let mut data: *mut u8 = null_mut();
    let mut size = 0_usize;
    check(name, call(&raw mut data, &raw mut size))?;
    if data.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: the host allocated `size` bytes by `proxy_on_memory_allocate`, which gives a boxed slice of exactly that
    // many, wrote all of them, and keeps no reference.
    Ok(unsafe { Vec::from_raw_parts(data, size, size) })
}

/// Writes a line to the host's log. A line that cannot be written is lost: there is nowhere to say so.
pub fn log(level: log::Level, line: &str) {
    let level = match level {
        log::Level::Trace => 0,
        log::Level::Debug => 1,
        log::Level::Info => 2,
        log::Level::Warn => 3,
        log::Level::Error => 4,
    };
    // SAFETY: the pointer and the size are those of `line`.
    unsafe { imports::proxy_log(level, line.as_ptr(), line.len()) };
}

/// The level from which the host writes log lines.
pub fn log_level() -> log::LevelFilter {
    let mut level = 2_u32;
    // SAFETY: the pointer is to a local.
    unsafe { imports::proxy_get_log_level(&raw mut level) };
    match level {
        0 => log::LevelFilter::Trace,
        1 => log::LevelFilter::Debug,
        2 => log::LevelFilter::Info,
        3 => log::LevelFilter::Warn,
        _ => log::LevelFilter::Error,
    }
}

/// The module's configuration, as the host was given it.
///
/// # Errors
/// When the host has none; an empty one is not an error.
pub fn configuration(size: usize) -> Result<Vec<u8>, HostError> {
    if size == 0 {
        return Ok(Vec::new());
    }
    take("proxy_get_buffer_bytes", |data, len| {
        // SAFETY: the pointers are to locals.
        unsafe { imports::proxy_get_buffer_bytes(PLUGIN_CONFIGURATION, 0, size, data, len) }
    })
}

const fn map(way: Way) -> u32 {
    match way {
        Way::Request => 0,
        Way::Response => 2,
    }
}

/// The buffer of the ABI that holds the body.
const fn buffer(way: Way) -> u32 {
    match way {
        Way::Request => 0,
        Way::Response => 1,
    }
}

const fn trailer_map(way: Way) -> u32 {
    match way {
        Way::Request => 1,
        Way::Response => 3,
    }
}

fn read(map: u32) -> Result<Head, HostError> {
    let name = "proxy_get_header_map_pairs";
    let bytes = take(name, |data, size| {
        // SAFETY: the pointers are to locals.
        unsafe { imports::proxy_get_header_map_pairs(map, data, size) }
    })?;
    pairs(&bytes).map(Head::new).ok_or(HostError { call: name, status: u32::MAX })
}

fn remove(map: u32, name: &[u8]) -> Result<(), HostError> {
    // SAFETY: the pointer and the size are those of `name`.
    let status = unsafe { imports::proxy_remove_header_map_value(map, name.as_ptr(), name.len()) };
    check("proxy_remove_header_map_value", status)
}

impl Envoy for Calls {
    fn now(&self) -> u64 {
        let mut nanos = 0_u64;
        // SAFETY: the pointer is to a local.
        unsafe { imports::proxy_get_current_time_nanoseconds(&raw mut nanos) };
        nanos / 1000
    }

    fn random(&self) -> Result<[u8; 8], HostError> {
        let mut bytes = [0; 8];
        // SAFETY: the pointer and the size are those of a local.
        let status = unsafe { imports::random_get(bytes.as_mut_ptr(), bytes.len()) };
        check("random_get", status).map(|()| bytes)
    }

    fn head(&self, way: Way) -> Result<Head, HostError> {
        read(map(way))
    }

    fn field(&self, way: Way, name: &str) -> Result<Option<Vec<u8>>, HostError> {
        let value = take("proxy_get_header_map_value", |data, size| {
            // SAFETY: the name's pointer and size belong together; the others are to locals.
            unsafe { imports::proxy_get_header_map_value(map(way), name.as_ptr(), name.len(), data, size) }
        });
        match value {
            Ok(value) => Ok(Some(value)),
            Err(HostError { status: NOT_FOUND, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn remove(&self, way: Way, name: &[u8]) -> Result<(), HostError> {
        remove(map(way), name)
    }

    fn replace(&self, way: Way, name: &str, value: &str) -> Result<(), HostError> {
        // SAFETY: each pointer and the size after it are those of one slice.
        let status = unsafe {
            imports::proxy_replace_header_map_value(map(way), name.as_ptr(), name.len(), value.as_ptr(), value.len())
        };
        check("proxy_replace_header_map_value", status)
    }

    fn trailers(&self, way: Way) -> Result<Head, HostError> {
        read(trailer_map(way))
    }

    fn remove_trailer(&self, way: Way, name: &[u8]) -> Result<(), HostError> {
        remove(trailer_map(way), name)
    }

    fn body(&self, way: Way, max: usize) -> Result<Vec<u8>, HostError> {
        take("proxy_get_buffer_bytes", |data, size| {
            // SAFETY: the pointers are to locals.
            unsafe { imports::proxy_get_buffer_bytes(buffer(way), 0, max, data, size) }
        })
    }

    fn set_body(&self, way: Way, size: usize, bytes: &[u8]) -> Result<(), HostError> {
        // SAFETY: the pointer and the size after it are those of one slice.
        let status = unsafe { imports::proxy_set_buffer_bytes(buffer(way), 0, size, bytes.as_ptr(), bytes.len()) };
        check("proxy_set_buffer_bytes", status)
    }

    fn reply(&self, reply: &Reply) -> Result<(), HostError> {
        let fields: Vec<_> = reply.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        let headers = serialize(&fields);
        let details = b"portcullis";
        // SAFETY: each pointer and the size after it are those of one slice.
        let status = unsafe {
            imports::proxy_send_local_response(
                u32::from(reply.status),
                details.as_ptr(),
                details.len(),
                reply.body.as_ptr(),
                reply.body.len(),
                headers.as_ptr(),
                headers.len(),
                NO_GRPC_STATUS,
            )
        };
        check("proxy_send_local_response", status)
    }

    fn reset(&self, way: Way) -> Result<(), HostError> {
        let kind = match way {
            Way::Request => 0,
            Way::Response => 1,
        };
        // SAFETY: takes no pointer.
        check("proxy_close_stream", unsafe { imports::proxy_close_stream(kind) })
    }

    fn resume(&self, way: Way) -> Result<(), HostError> {
        let kind = match way {
            Way::Request => 0,
            Way::Response => 1,
        };
        // SAFETY: takes no pointer.
        check("proxy_continue_stream", unsafe { imports::proxy_continue_stream(kind) })
    }

    fn dispatch(&self, call: &Call) -> Result<Token, HostError> {
        dispatch::dispatch(call)
    }

    fn answered(&self, arrived: Arrived, max: usize) -> Result<Answered, HostError> {
        let (kind, size) = match arrived {
            Arrived::Http { size, .. } => (HTTP_CALL_BODY, size),
            Arrived::Grpc { size, .. } => (GRPC_MESSAGE, size),
        };
        let body = if size == 0 {
            Vec::new()
        } else {
            take("proxy_get_buffer_bytes", |data, len| {
                // SAFETY: the pointers are to locals.
                unsafe { imports::proxy_get_buffer_bytes(kind, 0, size.min(max), data, len) }
            })?
        };
        Ok(match arrived {
            Arrived::Grpc { status, .. } => Answered { status, headers: Vec::new(), body },
            Arrived::Http { .. } => {
                let head = read(HTTP_CALL_HEADERS)?;
                let status = head.get(":status").and_then(|status| core::str::from_utf8(status).ok()?.parse().ok());
                let headers = head.fields().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
                Answered { status: status.unwrap_or(0), headers, body }
            }
        })
    }

    fn publish(&self, property: &str, value: &str) -> Result<(), HostError> {
        // SAFETY: each pointer and the size after it are those of one slice.
        let status =
            unsafe { imports::proxy_set_property(property.as_ptr(), property.len(), value.as_ptr(), value.len()) };
        check("proxy_set_property", status)
    }

    fn count(&self, counter: Counter, by: u64) {
        let Some(id) = metric(counter) else { return };
        // SAFETY: takes no pointer.
        unsafe { imports::proxy_increment_metric(id, i64::try_from(by).unwrap_or(i64::MAX)) };
    }
}

impl Store for Calls {
    fn get(&self, name: &[u8]) -> Result<Option<Stored>, StoreError> {
        let mut version = 0_u32;
        let value = take("proxy_get_shared_data", |data, size| {
            // SAFETY: the name's pointer and size belong together; the others are to locals.
            unsafe { imports::proxy_get_shared_data(name.as_ptr(), name.len(), data, size, &raw mut version) }
        });
        match value {
            Ok(value) => Ok(Some(Stored { value, version })),
            Err(HostError { status: NOT_FOUND, .. }) => Ok(None),
            Err(_) => Err(StoreError),
        }
    }

    fn set(&self, name: &[u8], value: &[u8], when: When) -> Result<bool, StoreError> {
        let cas = match when {
            When::Always => 0,
            When::Absent => NO_VERSION,
            When::Unchanged(version) => version,
        };
        // SAFETY: each pointer and the size after it are those of one slice.
        let status =
            unsafe { imports::proxy_set_shared_data(name.as_ptr(), name.len(), value.as_ptr(), value.len(), cas) };
        match status {
            0 => Ok(true),
            CAS_MISMATCH => Ok(false),
            _ => Err(StoreError),
        }
    }
}

impl Properties for Calls {
    fn property(&self, path: &[&str]) -> Option<Vec<u8>> {
        let path = path.join("\0");
        take("proxy_get_property", |data, size| {
            // SAFETY: the path's pointer and size belong together; the others are to locals.
            unsafe { imports::proxy_get_property(path.as_ptr(), path.len(), data, size) }
        })
        .ok()
    }
}

thread_local! {
    /// The host's numbers for counters that were used. A VM has one thread, and its numbers hold for all its streams.
    static METRICS: RefCell<Vec<(Counter, u32)>> = const { RefCell::new(Vec::new()) };
}

fn metric(counter: Counter) -> Option<u32> {
    METRICS.with_borrow_mut(|known| {
        if let Some((_, id)) = known.iter().find(|(c, _)| *c == counter) {
            return Some(*id);
        }
        let name = counter.name();
        let mut id = 0_u32;
        // SAFETY: the name's pointer and size belong together; the other is to a local.
        let status = unsafe { imports::proxy_define_metric(0, name.as_ptr(), name.len(), &raw mut id) };
        check("proxy_define_metric", status).ok()?;
        known.push((counter, id));
        Some(id)
    })
}

/// Reads the ABI's form of a header map: a count, the sizes of each name and value, then each with a NUL behind it.
fn pairs(bytes: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let (count, rest) = number(bytes)?;
    let (mut sizes, mut data) = rest.split_at_checked(count.checked_mul(8)?)?;
    let mut fields = Vec::with_capacity(count);
    while !sizes.is_empty() {
        let (name_size, rest) = number(sizes)?;
        let (value_size, rest) = number(rest)?;
        sizes = rest;
        let (name, rest) = data.split_at_checked(name_size)?;
        let (value, rest) = rest.get(1..)?.split_at_checked(value_size)?;
        data = rest.get(1..)?;
        fields.push((name.to_vec(), value.to_vec()));
    }
    Some(fields)
}

fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((usize::try_from(u32::from_le_bytes(*number)).ok()?, rest))
}

/// Writes the form that [`pairs`] reads.
fn serialize(fields: &[(&[u8], &[u8])]) -> Vec<u8> {
    let size = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
    let mut out = Vec::new();
    out.extend_from_slice(&u32::try_from(fields.len()).unwrap_or(u32::MAX).to_le_bytes());
    for (name, value) in fields {
        out.extend_from_slice(&size(name));
        out.extend_from_slice(&size(value));
    }
    for part in fields.iter().flat_map(|(name, value)| [name, value]) {
        out.extend_from_slice(part);
        out.push(0);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_maps_read_back_what_was_written() {
        let fields: [(&[u8], &[u8]); 3] = [(b":path", b"/v1"), (b"x-user", b"caf\xe9\xff"), (b"empty", b"")];
        let read = pairs(&serialize(&fields)).unwrap();
        assert!(read.iter().zip(fields).all(|((n, v), (name, value))| n == name && v == value));
        assert_eq!(read.len(), 3);
        assert_eq!(pairs(&[]), Some(Vec::new()));
    }

    #[test]
    fn a_header_map_that_is_cut_anywhere_is_an_error() {
        let whole = serialize(&[(b"a", b"b"), (b"cc", b"dd")]);
        for cut in 1..whole.len() {
            assert_eq!(pairs(&whole[..cut]), None, "cut at {cut}");
        }
    }

    #[test]
    fn a_count_that_no_memory_could_hold_is_an_error() {
        assert_eq!(pairs(&[0xff; 16]), None);
    }

    #[test]
    fn without_a_host_every_call_is_an_error_and_none_traps() {
        assert!(Calls.head(Way::Request).is_err());
        assert!(Calls.field(Way::Request, "a").is_err());
        assert!(Calls.remove(Way::Response, b"a").is_err());
        assert!(Calls.trailers(Way::Request).is_err());
        assert!(Calls.remove_trailer(Way::Response, b"a").is_err());
        assert!(Calls.random().is_err());
        assert!(Calls.replace(Way::Request, "a", "b").is_err());
        assert!(Calls.body(Way::Request, 1).is_err());
        assert!(Calls.set_body(Way::Response, 1, b"a").is_err());
        assert!(Calls.reply(&Reply { status: 403, headers: vec![("a", "b".into())], body: vec![] }).is_err());
        assert!(Calls.reset(Way::Response).is_err());
        assert!(Calls.publish("a", "b").is_err());
        assert!(Calls.resume(Way::Request).is_err());
        assert!(Calls.answered(Arrived::Grpc { status: 0, size: 1 }, 1).is_err());
        Calls.count(Counter::InspectedBytes, 1);
        assert_eq!(Calls.now(), 0);
    }
}
