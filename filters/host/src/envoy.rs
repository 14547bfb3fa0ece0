//! What an exchange needs of its host.

use core::fmt;

use portcullis_core::call::{Answered, Call};
use portcullis_core::exchange::Reply;
use portcullis_core::head::Head;
use portcullis_core::store::Outside;
use portcullis_core::telemetry::Counter;

/// A call that the host refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostError {
    /// The function's name in the ABI.
    pub call: &'static str,
    /// The status that came back; see the proxy-wasm specification.
    pub status: u32,
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} gave status {}", self.call, self.status)
    }
}

/// The direction of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the model.
    Request,
    /// Back to the client.
    Response,
}

/// The host's name for a call that is out. The two kinds count for themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// A call of HTTP.
    Http(u32),
    /// A call of gRPC.
    Grpc(u32),
}

/// What a callback says of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// Of HTTP. Without header fields there is no answer: the stream broke off.
    Http {
        /// How many header fields it has.
        fields: usize,
        /// Bytes of its body.
        size: usize,
    },
    /// Of gRPC.
    Grpc {
        /// The status.
        status: u32,
        /// Bytes of the message.
        size: usize,
    },
}

/// The host, for one stream. No method may panic, whatever the phase.
pub trait Envoy: Outside {
    /// Microseconds since the Unix epoch; 0 when the host has no clock.
    fn now(&self) -> u64;

    /// Bytes that nobody can foresee.
    ///
    /// # Errors
    /// When the host has none.
    fn random(&self) -> Result<[u8; 8], HostError>;

    /// The head of the message.
    ///
    /// # Errors
    /// When the host does not have it, or it is beyond the ABI's limits.
    fn head(&self, way: Way) -> Result<Head, HostError>;

    /// The first value of one field of the message's head, without copying the rest.
    ///
    /// # Errors
    /// As [`Envoy::head`].
    fn field(&self, way: Way, name: &str) -> Result<Option<Vec<u8>>, HostError>;

    /// Removes every field of this name.
    ///
    /// # Errors
    /// When the host cannot change the head any more.
    fn remove(&self, way: Way, name: &[u8]) -> Result<(), HostError>;

    /// Puts one field of this name in place of all there are.
    ///
    /// # Errors
    /// As [`Envoy::remove`].
    fn replace(&self, way: Way, name: &str, value: &str) -> Result<(), HostError>;

    /// The trailers of the message, in the callback that says that they are here.
    ///
    /// # Errors
    /// As [`Envoy::head`].
    fn trailers(&self, way: Way) -> Result<Head, HostError>;

    /// Removes every trailer of this name.
    ///
    /// # Errors
    /// When the host has no trailers.
    fn remove_trailer(&self, way: Way, name: &[u8]) -> Result<(), HostError>;

    /// What the host has of the body in this callback, at most `max` bytes: all of it that it keeps while we pause, and
    /// the part that has just arrived.
    ///
    /// # Errors
    /// When the host has none.
    fn body(&self, way: Way, max: usize) -> Result<Vec<u8>, HostError>;

    /// Puts `bytes` in place of the first `size` bytes of what [`Envoy::body`] gives.
    ///
    /// # Errors
    /// When the host has no body that can be changed.
    fn set_body(&self, way: Way, size: usize, bytes: &[u8]) -> Result<(), HostError>;

    /// Answers in place of the upstream.
    ///
    /// # Errors
    /// When an answer is under way.
    fn reply(&self, reply: &Reply) -> Result<(), HostError>;

    /// Ends the stream without an answer.
    ///
    /// # Errors
    /// When there is no stream any more.
    fn reset(&self, way: Way) -> Result<(), HostError>;

    /// Lets the message go on that a callback of another kind than this one paused.
    ///
    /// # Errors
    /// When there is no stream any more.
    fn resume(&self, way: Way) -> Result<(), HostError>;

    /// Makes a call; its answer comes in a callback with the token that this gives.
    ///
    /// # Errors
    /// When the host does not know the cluster, or does not take the call. No callback comes then.
    fn dispatch(&self, call: &Call) -> Result<Token, HostError>;

    /// What came back, in the callback that brings it: at most `max` bytes of a body of `size`.
    ///
    /// # Errors
    /// When the host has no answer.
    fn answered(&self, arrived: Arrived, max: usize) -> Result<Answered, HostError>;

    /// Leaves a value where access logs find it.
    ///
    /// # Errors
    /// When the stream's state cannot be changed any more.
    fn publish(&self, property: &str, value: &str) -> Result<(), HostError>;

    /// Adds to a counter. Counting is never worth a request, so there is no error.
    fn count(&self, counter: Counter, by: u64);
}
