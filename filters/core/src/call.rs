//! A question that a stage has for a service beside the gateway, and what came of it.
//!
//! A stage makes no call: it puts calls into its opinion, [`crate::verdict::Opinion::calls`]. The exchange then holds the
//! message, the host makes the calls, and each answer goes back to the stage that asked,
//! [`crate::stage::Stage::answered`].

use core::fmt;

/// At most this many calls are made for one exchange. A stage that asks for more could not do its work.
pub const MAX_CALLS: u32 = 64;

/// A call. Its `Debug` shows where it goes, never what it carries.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// The stage's own name for it: comes back with the answer.
    pub tag: u32,
    /// The host's name of the service: a cluster of Envoy.
    pub cluster: String,
    /// Milliseconds until it is given up, from 1.
    pub timeout: u32,
    /// The most bytes of an answer's body that the stage will read.
    pub max_answer: usize,
    /// What is sent.
    pub message: Message,
}

/// What a call sends.
#[derive(Clone, PartialEq, Eq)]
pub enum Message {
    /// An HTTP request.
    Http {
        /// The method.
        method: &'static str,
        /// The path with its query.
        path: String,
        /// The value of `:authority`, or `host`.
        authority: String,
        /// Header fields besides these. Names are in lower case.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// A unary gRPC call.
    Grpc {
        /// The service with its package.
        service: String,
        /// The method.
        method: String,
        /// The message, serialised.
        message: Vec<u8>,
    },
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("tag", &self.tag).field("cluster", &self.cluster).finish_non_exhaustive()
    }
}

/// What a service answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// The status of HTTP, or that of gRPC, of which 0 is success. What Envoy answers in the place of a service that it
    /// cannot reach is an answer, too: 503, and 504 when the time is over.
    pub status: u32,
    /// Header fields; none for gRPC.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The body, or the message of gRPC.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallFailure {
    /// The host knows no such service, or does not take the call.
    Refused,
    /// The time was over.
    Timeout,
    /// The stream to the service broke off.
    Reset,
    /// The answer has more bytes than the stage will read.
    Oversized,
    /// There is no network: a request is read from a file. What can be said without the service is wanted.
    Offline,
}

/// How a call ended, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallEnd {
    /// With an answer that says success: a status of 2xx, or 0 of gRPC.
    Answered,
    /// With an answer of another status.
    Status,
    /// Without one.
    Failed(CallFailure),
    /// With none that was waited for: the exchange was decided before.
    Abandoned,
}

impl CallEnd {
    /// Every end.
    pub const ALL: [Self; 8] = [
        Self::Answered,
        Self::Status,
        Self::Failed(CallFailure::Refused),
        Self::Failed(CallFailure::Timeout),
        Self::Failed(CallFailure::Reset),
        Self::Failed(CallFailure::Oversized),
        Self::Failed(CallFailure::Offline),
        Self::Abandoned,
    ];

    /// The word for it in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Status => "status",
            Self::Failed(CallFailure::Refused) => "refused",
            Self::Failed(CallFailure::Timeout) => "timeout",
            Self::Failed(CallFailure::Reset) => "reset",
            Self::Failed(CallFailure::Oversized) => "oversized",
            Self::Failed(CallFailure::Offline) => "offline",
            Self::Abandoned => "abandoned",
        }
    }
}
