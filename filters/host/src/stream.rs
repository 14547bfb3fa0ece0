//! The callbacks of one HTTP stream, put into the order of an exchange.
//!
//! The request way: head, body in parts that the host keeps while we pause, then the end of the body or trailers in its
//! place. The response way: head, body in parts, end. Our own reply comes back through the response callbacks and is
//! left alone. A callback that comes late, twice or after the end changes nothing.

use std::rc::Rc;
use std::sync::Arc;

use portcullis_core::call::CallFailure;
use portcullis_core::config::Config;
use portcullis_core::exchange::{Act, Exchange};
use portcullis_core::head::Head;
use portcullis_core::telemetry::{AUDIT_PROPERTY, Callback, Cause, HEADER_PREFIX, VERDICT_HEADER};

use crate::envoy::{Arrived, Envoy, Token, Way};
use crate::guard::{Panicked, guarded, unplanted};

/// What the host does with the message after a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It goes on.
    Continue,
    /// It is kept, body and all, until a later callback lets it go.
    Pause,
}

/// One HTTP stream.
pub struct Stream<E> {
    envoy: E,
    config: Arc<Config>,
    exchange: Option<Exchange>,
    /// Bytes of the request's body that the host keeps.
    gathered: usize,
    /// The head of an answer has gone: nothing can replace it any more.
    answering: bool,
    /// Bytes of the message's body that the host shows in this callback.
    shown: usize,
    /// Calls that are out, with their numbers in the exchange and the most bytes that an answer may have.
    out: Vec<(Token, u32, usize)>,
    /// The body ended while the request was held for an answer about its head.
    whole: bool,
    /// Its creation panicked: the failure policy answers for it.
    stillborn: bool,
}

impl<E: Envoy + Clone + 'static> Stream<E> {
    /// A stream under this configuration.
    pub fn new(envoy: E, config: Arc<Config>) -> Self {
        let (gathered, shown, out) = (0, 0, Vec::new());
        Self { envoy, config, exchange: None, gathered, answering: false, shown, out, whole: false, stillborn: false }
    }

    /// A stream that could not be made: its request follows the failure policy.
    pub fn stillborn(envoy: E, config: Arc<Config>) -> Self {
        Self { stillborn: true, ..Self::new(envoy, config) }
    }

    /// The head of the request.
    pub fn on_request_headers(&mut self, ends: bool) -> Flow {
        self.request_way(Callback::RequestHeaders, |stream| {
            let now = stream.envoy.now();
            let Ok(head) = stream.envoy.head(Way::Request) else {
                return stream.exchange().request_failed(Cause::Host);
            };
            let forged: Vec<_> = head.names_with(HEADER_PREFIX).map(<[u8]>::to_vec).collect();
            let stillborn = stream.stillborn;
            let exchange = stream.exchange.insert(Exchange::open(&stream.config, head, now));
            exchange.share(Rc::new(stream.envoy.clone()));
            if exchange.wants_nonce() {
                match stream.envoy.random() {
                    Ok(nonce) => exchange.nonce(nonce),
                    Err(_) => return exchange.request_failed(Cause::Host),
                }
            }
            if stillborn {
                return exchange.request_failed(Cause::Panic);
            }
            for name in forged {
                exchange.forged();
                if stream.envoy.remove(Way::Request, &name).is_err() {
                    return exchange.request_failed(Cause::Host);
                }
            }
            let act = exchange.request_head(ends);
            if matches!(act, Act::Refuse(_)) { act } else { stream.prepare(act, ends) }
        })
    }

    /// Changes the fields of the request that stand in the way of what the stages are to do.
    fn prepare(&mut self, act: Act, ends: bool) -> Act {
        for name in self.exchange().stripped().to_vec() {
            if self.envoy.remove(Way::Request, &name).is_err() {
                return self.exchange().request_failed(Cause::Host);
            }
        }
        for (name, value) in self.exchange().request_fields(ends) {
            let changed = match value {
                Some(value) => self.envoy.replace(Way::Request, name, value),
                None => self.envoy.remove(Way::Request, name.as_bytes()),
            };
            if changed.is_err() {
                return self.exchange().request_failed(Cause::Host);
            }
        }
        act
    }

    /// A part of the body; the host keeps `size` bytes of it by now, as long as we pause.
    pub fn on_request_body(&mut self, size: usize, ends: bool) -> Flow {
        self.request_way(Callback::RequestBody, |stream| {
            stream.gathered = size;
            stream.shown = size;
            let act = stream.exchange().request_gathered(u64::try_from(size).unwrap_or(u64::MAX));
            if ends && act == Act::Hold { stream.request_whole() } else { act }
        })
    }

    /// Trailers: the body ended before them, and no callback said so.
    pub fn on_request_trailers(&mut self) -> Flow {
        self.shown = self.gathered;
        self.request_way(Callback::RequestTrailers, |stream| {
            let Ok(trailers) = stream.envoy.trailers(Way::Request) else {
                return stream.exchange().request_failed(Cause::Host);
            };
            for name in trailers.names_with(HEADER_PREFIX) {
                stream.exchange().forged();
                if stream.envoy.remove_trailer(Way::Request, name).is_err() {
                    return stream.exchange().request_failed(Cause::Host);
                }
            }
            stream.request_whole()
        })
    }

    /// A call came back. Tokens that are not known, or not any more, change nothing.
    pub fn on_call_answer(&mut self, token: Token, arrived: Arrived) {
        let Some(place) = self.out.iter().position(|(known, ..)| *known == token) else { return };
        let (_, id, max) = self.out.swap_remove(place);
        if self.answering {
            return;
        }
        self.shown = self.gathered;
        let act = self.run(Callback::CallAnswer, |stream| stream.answered(id, arrived, max), panicked);
        match self.act(Way::Request, act) {
            Flow::Pause => {}
            Flow::Continue => {
                if let Err(error) = self.envoy.resume(Way::Request) {
                    log::error!("portcullis: a stream could not be resumed and is reset: {error}");
                    let _ = self.envoy.reset(Way::Request);
                }
            }
        }
    }

    fn answered(&mut self, id: u32, arrived: Arrived, max: usize) -> Act {
        let answer = match arrived {
            Arrived::Http { fields: 0, .. } => Err(CallFailure::Reset),
            Arrived::Http { size, .. } | Arrived::Grpc { size, .. } if size > max => Err(CallFailure::Oversized),
            arrived => self.envoy.answered(arrived, max).map_err(|_| CallFailure::Reset),
        };
        let now = self.envoy.now();
        let act = self.exchange().answered(id, answer, now);
        let act = self.make_calls(act);
        // Only its head was held, and its body has come meanwhile.
        if act == Act::Forward && self.whole && !self.exchange().is_decided() {
            let act = self.request_whole();
            return self.make_calls(act);
        }
        // A part of it has come: to let that go now would let it go unread. Its end lets all of it go.
        if act == Act::Forward && self.gathered > 0 && !self.exchange().is_decided() {
            return Act::Hold;
        }
        act
    }

    /// Makes the calls that the exchange waits for. One that the host does not take is answered at once.
    fn make_calls(&mut self, act: Act) -> Act {
        let mut act = act;
        while act == Act::Hold {
            let calls = self.exchange.as_mut().map(Exchange::take_calls).unwrap_or_default();
            if calls.is_empty() {
                break;
            }
            for (id, call) in calls {
                match self.envoy.dispatch(&call) {
                    Ok(token) => self.out.push((token, id, call.max_answer)),
                    Err(error) => {
                        log::warn!("portcullis: a call to cluster {} could not be made: {error}", call.cluster);
                        let now = self.envoy.now();
                        act = self.exchange().answered(id, Err(CallFailure::Refused), now);
                    }
                }
                if act != Act::Hold {
                    break;
                }
            }
        }
        act
    }

    fn request_whole(&mut self) -> Act {
        let envoy = self.envoy.clone();
        let size = self.gathered;
        let exchange = self.exchange();
        if exchange.is_decided() {
            return exchange.request_gathered(0);
        }
        if exchange.is_held() {
            self.whole = true;
            return Act::Hold;
        }
        exchange.at(envoy.now());
        let body = if size == 0 { Ok(Vec::new()) } else { envoy.body(Way::Request, size) };
        match body {
            Ok(body) if body.len() == size => exchange.request_body(&body, &|| envoy.now()),
            _ => exchange.request_failed(Cause::Host),
        }
    }

    /// The head of the answer.
    pub fn on_response_headers(&mut self, ends: bool) -> Flow {
        let flow = self.response_way(Callback::ResponseHeaders, |stream| {
            let status = stream.envoy.field(Way::Response, ":status").ok().flatten();
            let status = status.and_then(|s| core::str::from_utf8(&s).ok()?.parse().ok()).unwrap_or(0);
            let now = stream.envoy.now();
            let upstream = stream.exchange().response_head(status, ends, now);
            if upstream && stream.envoy.remove(Way::Response, VERDICT_HEADER.as_bytes()).is_err() {
                return stream.exchange().response_failed(Cause::Host, false);
            }
            let fields = if upstream { stream.exchange().answer_fields().to_vec() } else { Vec::new() };
            if fields.iter().any(|(name, value)| stream.envoy.replace(Way::Response, name, value).is_err()) {
                return stream.exchange().response_failed(Cause::Host, false);
            }
            if upstream && stream.exchange().reads_answer() { stream.answer_head(ends) } else { Act::Forward }
        });
        self.answering = true;
        flow
    }

    /// The head of an answer that a stage wants.
    fn answer_head(&mut self, ends: bool) -> Act {
        let Ok(head) = self.envoy.head(Way::Response) else {
            return self.exchange().response_failed(Cause::Host, false);
        };
        let act = self.exchange().answer_head(&head, ends);
        for name in self.exchange().stale_fields() {
            if self.envoy.remove(Way::Response, name.as_bytes()).is_err() {
                return self.exchange().response_failed(Cause::Host, false);
            }
        }
        act
    }

    /// A part of the answer's body, `size` bytes. We never pause with bytes in it, so that the host shows new ones only.
    pub fn on_response_body(&mut self, size: usize, ends: bool) -> Flow {
        self.shown = size;
        self.response_way(Callback::ResponseBody, |stream| {
            let exchange = stream.exchange();
            exchange.response_body(u64::try_from(size).unwrap_or(u64::MAX), ends);
            if !exchange.wants_answer_body() {
                return Act::Forward;
            }
            let part = if size == 0 { Ok(Vec::new()) } else { stream.envoy.body(Way::Response, size) };
            match part {
                Ok(part) if part.len() == size => stream.exchange().answer_body(&part, ends),
                _ => stream.exchange().response_failed(Cause::Host, true),
            }
        })
    }

    /// Trailers: the answer ended before them.
    pub fn on_response_trailers(&mut self) -> Flow {
        // The host has no body by now.
        self.shown = 0;
        self.response_way(Callback::ResponseTrailers, |stream| {
            stream.exchange().response_body(0, true);
            // Our own reply has no trailers.
            if stream.envoy.remove_trailer(Way::Response, VERDICT_HEADER.as_bytes()).is_err() {
                return stream.exchange().response_failed(Cause::Host, true);
            }
            stream.exchange().answer_trailers()
        })
    }

    /// The end of the stream, whatever ended it: the audit record is left for the access log. A filter before us may have
    /// answered; what we never saw has no record.
    pub fn on_log(&mut self) {
        if self.exchange.is_none() {
            return;
        }
        let envoy = self.envoy.clone();
        let logged = guarded(&envoy, Callback::Log, || {
            self.exchange().at(envoy.now());
            self.exchange().end();
            let record = self.exchange().record().to_json();
            envoy.publish(AUDIT_PROPERTY, &record)
        });
        if let Ok(Err(error)) = logged {
            log::warn!("portcullis: an audit record was lost: {error}");
        }
        self.tally();
    }

    fn exchange(&mut self) -> &mut Exchange {
        self.exchange.get_or_insert_with(|| Exchange::open(&self.config, Head::default(), 0))
    }

    fn request_way(&mut self, callback: Callback, run: impl FnOnce(&mut Self) -> Act) -> Flow {
        let run = |stream: &mut Self| {
            let act = run(stream);
            stream.make_calls(act)
        };
        let act = self.run(callback, run, panicked);
        self.act(Way::Request, act)
    }

    fn response_way(&mut self, callback: Callback, run: impl FnOnce(&mut Self) -> Act) -> Flow {
        let begun = self.answering;
        let act = self.run(callback, run, |exchange| exchange.response_failed(Cause::Panic, begun));
        self.act(Way::Response, act)
    }

    /// Runs a callback; after a panic the exchange says what its failure policy wants. A second panic ends the stream.
    fn run(
        &mut self,
        callback: Callback,
        run: impl FnOnce(&mut Self) -> Act,
        failed: impl FnOnce(&mut Exchange) -> Act,
    ) -> Act {
        let envoy = self.envoy.clone();
        match guarded(&envoy, callback, || run(self)) {
            Ok(act) => act,
            Err(Panicked) => unplanted(&envoy, callback, || failed(self.exchange())).unwrap_or(Act::Reset),
        }
    }

    fn act(&mut self, way: Way, act: Act) -> Flow {
        self.tally();
        let error = match act {
            Act::Forward => return Flow::Continue,
            Act::Hold => return Flow::Pause,
            Act::Replace(bytes) => match self.envoy.set_body(way, self.shown, &bytes) {
                Ok(()) => return Flow::Continue,
                Err(error) => Some(error),
            },
            Act::Refuse(reply) => self.envoy.reply(&reply).err(),
            Act::Reset => self.envoy.reset(way).err(),
        };
        if let Some(error) = error {
            log::error!("portcullis: a stream could not be answered and is reset: {error}");
            let _ = self.envoy.reset(way);
        }
        Flow::Pause
    }

    fn tally(&mut self) {
        for (counter, by) in self.exchange.as_mut().map(Exchange::take_counts).unwrap_or_default() {
            self.envoy.count(counter, by);
        }
    }
}

fn panicked(exchange: &mut Exchange) -> Act {
    exchange.request_failed(Cause::Panic)
}

#[cfg(test)]
mod tests;
