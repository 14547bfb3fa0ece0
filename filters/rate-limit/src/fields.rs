//! What clients are told: `RateLimit-Policy`, `RateLimit` and `Retry-After`.
//!
//! Source: draft-ietf-httpapi-ratelimit-headers-10, "RateLimit-Policy Field" and "RateLimit Field": lists of strings
//! (RFC 9651) with parameters. Its registry of quota units has requests only; ours for tokens are written under `qu` all
//! the same, because a quota without one is read as requests.

use std::fmt::Write as _;

use crate::rate::{Rate, Room};
use crate::settings::Unit;

/// What clients are told of the limits of a request.
#[derive(Default)]
pub(crate) struct Told {
    policy: String,
    limit: String,
    retry_after: Option<u64>,
}

impl Told {
    /// Tells of one more limit, whose name is a plain one.
    pub(crate) fn tell(&mut self, name: &str, unit: Unit, rate: &Rate, room: &Room) {
        for list in [&mut self.policy, &mut self.limit] {
            if !list.is_empty() {
                list.push_str(", ");
            }
        }
        // Writing to a string cannot fail.
        let _ = write!(self.policy, "\"{name}\";q={};w={}", rate.limit, rate.seconds());
        if unit != Unit::Requests {
            let _ = write!(self.policy, ";qu=\"{}\"", unit.name());
        }
        let _ = write!(self.limit, "\"{name}\";r={};t={}", room.remaining, seconds(room.wait));
    }

    /// Tells a client that was refused when to come again, `wait` microseconds from now.
    pub(crate) fn retry_after(&mut self, wait: u64) {
        self.retry_after = Some(seconds(wait).max(1));
    }

    pub(crate) fn into_fields(self) -> Vec<(&'static str, String)> {
        let mut fields = Vec::new();
        if !self.policy.is_empty() {
            fields.push(("ratelimit-policy", self.policy));
            fields.push(("ratelimit", self.limit));
        }
        fields.extend(self.retry_after.map(|seconds| ("retry-after", seconds.to_string())));
        fields
    }
}

fn seconds(micros: u64) -> u64 {
    micros.div_ceil(1_000_000)
}
