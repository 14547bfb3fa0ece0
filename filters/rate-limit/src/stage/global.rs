//! Limits that the rate limit service counts: what it is asked, what it says, what is done while it says nothing.

use portcullis_core::call::{Answered, Call, CallFailure, Message};
use portcullis_core::store::World;
use portcullis_core::telemetry::Cause;
use portcullis_core::verdict::{Opinion, Verdict};

use super::{Asking, Limiting, Taken, counter, judge};
use crate::fields::Told;
use crate::rate::{Cell, Room};
use crate::service::{self, Descriptor};
use crate::settings::{Limit, Limits, Service};
use crate::table::Tag;

/// How long a no holds here, in microseconds, at most: the service may be given another configuration.
const KNOWN: u64 = 60_000_000;

/// The longest answer that is read.
const LONGEST: usize = 65_536;

impl Limiting {
    /// Asks the service for one limit, unless it has said no to this key a moment ago.
    pub(super) fn ask(
        &mut self,
        service: &Service,
        number: usize,
        tag: Tag,
        descriptor: Descriptor,
        cost: u64,
        world: World<'_>,
    ) -> Asking {
        if cost == 0 {
            return Asking::Nothing;
        }
        let known = self.limits.table.update(world.store, &refused(&tag), world.now, |cell| (cell, cell.until));
        if let Ok((until, _)) = known
            && until > world.now
        {
            return Asking::Known(until.saturating_sub(world.now));
        }
        self.out.push(Taken { limit: number, tag, cost, until: 0 });
        Asking::Call(Call {
            tag: u32::try_from(number).unwrap_or(u32::MAX),
            cluster: service.cluster.clone(),
            timeout: service.timeout,
            max_answer: LONGEST,
            message: Message::Grpc {
                service: service::SERVICE.to_owned(),
                method: service::METHOD.to_owned(),
                message: service::request(&service.domain, &[descriptor], cost),
            },
        })
    }

    /// The service has answered, or not.
    pub(super) fn told(&mut self, tag: u32, answer: Result<Answered, CallFailure>, world: World<'_>) -> Opinion {
        let mut opinion = Opinion::default();
        let limits = std::sync::Arc::clone(&self.limits);
        let number = usize::try_from(tag).unwrap_or(usize::MAX);
        let place = self.out.iter().position(|asked| asked.limit == number);
        let asked = place.map(|place| self.out.swap_remove(place));
        let (Some(limit), Some(asked)) = (limits.limits.get(number), asked) else { return opinion };
        let offline = matches!(answer, Err(CallFailure::Offline));
        let said = answer.ok().filter(|answer| answer.status == 0).and_then(|answer| service::answer(&answer.body));
        let room = match said {
            Some(said) => {
                let status = said.statuses.first().copied().unwrap_or_default();
                let wait = status.reset.map(|seconds| seconds.max(1).saturating_mul(1_000_000));
                // A no to more than one unit does not speak for those who ask for less.
                if said.over
                    && asked.cost == 1
                    && let Some(wait) = wait
                {
                    let until = world.now.saturating_add(wait.min(KNOWN));
                    let _ = limits
                        .table
                        .update(world.store, &refused(&asked.tag), world.now, |_| (Cell { until, state: 1 }, ()));
                }
                Room { allowed: !said.over, remaining: status.remaining, wait: wait.unwrap_or(1_000_000) }
            }
            None if offline => return opinion,
            None => {
                opinion.counts.push(counter(limit, "unanswered"));
                match self.fall_back(&limits, limit, asked, world) {
                    Some(room) => room,
                    None => return Opinion { failed: true, cause: Cause::Call, ..opinion },
                }
            }
        };
        self.conclude(&limits, limit, room, world, opinion)
    }

    /// Counts here what the service would have counted, if that is wanted.
    fn fall_back(&mut self, limits: &Limits, limit: &Limit, asked: Taken, world: World<'_>) -> Option<Room> {
        if !limits.service.as_ref().is_some_and(|service| service.falls_back) {
            return None;
        }
        let Taken { tag, cost, .. } = asked;
        let taken = limits.table.update(world.store, &tag, world.now, |cell| limit.take(cell, cost, world.now));
        let ((room, until), _) = taken.ok()?;
        if room.allowed {
            self.taken.push(Taken { until, ..asked });
        }
        Some(room)
    }

    fn conclude(&mut self, limits: &Limits, limit: &Limit, room: Room, world: World<'_>, opinion: Opinion) -> Opinion {
        let (mut opinion, mut told) = (opinion, Told::default());
        if !limit.shadow && limits.tells {
            told.tell(&limit.name, limit.unit, &limit.rate, &room);
        }
        match (room.allowed, limit.shadow) {
            (true, _) => opinion.counts.push(counter(limit, "passed")),
            (false, true) => judge(&mut opinion, limit, Verdict::Flag, "shadow"),
            (false, false) => {
                judge(&mut opinion, limit, Verdict::Throttle, "throttled");
                told.retry_after(room.wait);
                self.give_back(world);
            }
        }
        opinion.fields = told.into_fields();
        opinion
    }
}

/// The cell that holds until when the service says no to a key.
fn refused(tag: &Tag) -> Tag {
    let mut refused = *tag;
    if let Some(last) = refused.last_mut() {
        *last = !*last;
    }
    refused
}
