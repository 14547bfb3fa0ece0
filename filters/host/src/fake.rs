//! A host for tests: keeps what it is told, and refuses what it is told to refuse.

use std::cell::RefCell;
use std::rc::Rc;

use portcullis_core::call::{Answered, Call, Message};
use portcullis_core::exchange::Reply;
use portcullis_core::head::Head;
use portcullis_core::store::{Memory, Properties, Store, StoreError, Stored, When};
use portcullis_core::telemetry::Counter;

use crate::envoy::{Arrived, Envoy, HostError, Token, Way};

/// What a fake host was told, and what it has.
#[derive(Default)]
pub struct State {
    /// The head of the request.
    pub request: Vec<(String, Vec<u8>)>,
    /// The head of the answer.
    pub response: Vec<(String, Vec<u8>)>,
    /// The trailers of the request.
    pub request_trailers: Vec<(String, Vec<u8>)>,
    /// The trailers of the answer.
    pub response_trailers: Vec<(String, Vec<u8>)>,
    /// The request's body, as far as it was buffered.
    pub body: Vec<u8>,
    /// The part of the answer's body that a callback is about, behind what was kept of it while we paused. Nothing when
    /// no callback shows it.
    pub answer: Option<Vec<u8>>,
    /// Answers in place of the upstream.
    pub replies: Vec<Reply>,
    /// Calls that were taken, in order; the token of one is its place.
    pub calls: Vec<Call>,
    /// The answer that a callback brings.
    pub answered: Answered,
    /// Messages that were let go on.
    pub resumed: Vec<Way>,
    /// Streams that were reset.
    pub resets: Vec<Way>,
    /// What access logs would find.
    pub published: Vec<(String, String)>,
    /// What was counted.
    pub counted: Vec<(Counter, u64)>,
    /// Calls that are refused, by name.
    pub refuses: Vec<&'static str>,
    /// Calls that panic, by name.
    pub panics: Vec<&'static str>,
    /// What is shared by all workers.
    pub shared: Memory,
    /// The clock: each look at it takes a microsecond.
    pub now: u64,
}

/// A handle on a fake host.
#[derive(Clone, Default)]
pub struct Fake(pub Rc<RefCell<State>>);

impl Fake {
    /// A host with a request of this head, `:method` POST and this path.
    pub fn post(path: &str, fields: &[(&str, &str)]) -> Self {
        let fake = Self::default();
        let head = [(":method", "POST"), (":path", path), (":authority", "gateway")];
        let all = head.iter().chain(fields).map(|(n, v)| ((*n).to_string(), v.as_bytes().to_vec()));
        fake.0.borrow_mut().request = all.collect();
        fake.0.borrow_mut().response = vec![(":status".into(), b"200".to_vec())];
        fake
    }

    /// How often `counter` was counted.
    pub fn counted(&self, counter: Counter) -> u64 {
        self.0.borrow().counted.iter().filter(|(c, _)| *c == counter).map(|(_, by)| by).sum()
    }

    fn call(&self, call: &'static str) -> Result<(), HostError> {
        let state = self.0.borrow();
        if state.panics.contains(&call) {
            drop(state);
            panic!("the fake host was told to panic");
        }
        if state.refuses.contains(&call) { Err(HostError { call, status: 2 }) } else { Ok(()) }
    }

    fn fields(state: &State, way: Way) -> &[(String, Vec<u8>)] {
        match way {
            Way::Request => &state.request,
            Way::Response => &state.response,
        }
    }
}

impl Store for Fake {
    fn get(&self, name: &[u8]) -> Result<Option<Stored>, StoreError> {
        self.call("get_shared").map_err(|_| StoreError)?;
        self.0.borrow().shared.get(name)
    }

    fn set(&self, name: &[u8], value: &[u8], when: When) -> Result<bool, StoreError> {
        self.call("set_shared").map_err(|_| StoreError)?;
        self.0.borrow().shared.set(name, value, when)
    }
}

impl Properties for Fake {
    fn property(&self, path: &[&str]) -> Option<Vec<u8>> {
        self.0.borrow().shared.property(path)
    }
}

impl Envoy for Fake {
    fn now(&self) -> u64 {
        self.0.borrow_mut().now += 1;
        self.0.borrow().now
    }

    fn random(&self) -> Result<[u8; 8], HostError> {
        self.call("random")?;
        Ok([7; 8])
    }

    fn head(&self, way: Way) -> Result<Head, HostError> {
        self.call("head")?;
        Ok(Self::fields(&self.0.borrow(), way).iter().map(|(n, v)| (n.as_bytes(), v.as_slice())).collect())
    }

    fn field(&self, way: Way, name: &str) -> Result<Option<Vec<u8>>, HostError> {
        self.call("field")?;
        Ok(Self::fields(&self.0.borrow(), way).iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()))
    }

    fn remove(&self, way: Way, name: &[u8]) -> Result<(), HostError> {
        self.call("remove")?;
        let mut state = self.0.borrow_mut();
        let fields = match way {
            Way::Request => &mut state.request,
            Way::Response => &mut state.response,
        };
        fields.retain(|(n, _)| n.as_bytes() != name);
        Ok(())
    }

    fn replace(&self, way: Way, name: &str, value: &str) -> Result<(), HostError> {
        self.call("replace")?;
        let mut state = self.0.borrow_mut();
        let fields = match way {
            Way::Request => &mut state.request,
            Way::Response => &mut state.response,
        };
        fields.retain(|(n, _)| n != name);
        fields.push((name.to_string(), value.as_bytes().to_vec()));
        Ok(())
    }

    fn trailers(&self, way: Way) -> Result<Head, HostError> {
        self.call("trailers")?;
        let state = self.0.borrow();
        let fields = match way {
            Way::Request => &state.request_trailers,
            Way::Response => &state.response_trailers,
        };
        Ok(fields.iter().map(|(n, v)| (n.as_bytes(), v.as_slice())).collect())
    }

    fn remove_trailer(&self, way: Way, name: &[u8]) -> Result<(), HostError> {
        self.call("remove_trailer")?;
        let mut state = self.0.borrow_mut();
        let fields = match way {
            Way::Request => &mut state.request_trailers,
            Way::Response => &mut state.response_trailers,
        };
        fields.retain(|(n, _)| n.as_bytes() != name);
        Ok(())
    }

    fn body(&self, way: Way, max: usize) -> Result<Vec<u8>, HostError> {
        self.call("body")?;
        let state = self.0.borrow();
        let body = match way {
            Way::Request if state.body.is_empty() => None,
            Way::Request => Some(&state.body),
            Way::Response => state.answer.as_ref(),
        };
        let body = body.ok_or(HostError { call: "body", status: 1 })?;
        Ok(body[..body.len().min(max)].to_vec())
    }

    fn set_body(&self, way: Way, size: usize, bytes: &[u8]) -> Result<(), HostError> {
        self.call("set_body")?;
        let mut state = self.0.borrow_mut();
        let body = match way {
            Way::Request => Some(&mut state.body),
            Way::Response => state.answer.as_mut(),
        };
        let body = body.ok_or(HostError { call: "set_body", status: 1 })?;
        body.splice(..size.min(body.len()), bytes.iter().copied());
        Ok(())
    }

    fn reply(&self, reply: &Reply) -> Result<(), HostError> {
        self.call("reply")?;
        self.0.borrow_mut().replies.push(reply.clone());
        Ok(())
    }

    fn reset(&self, way: Way) -> Result<(), HostError> {
        self.call("reset")?;
        self.0.borrow_mut().resets.push(way);
        Ok(())
    }

    fn resume(&self, way: Way) -> Result<(), HostError> {
        self.call("resume")?;
        self.0.borrow_mut().resumed.push(way);
        Ok(())
    }

    fn dispatch(&self, call: &Call) -> Result<Token, HostError> {
        self.call("dispatch")?;
        let mut state = self.0.borrow_mut();
        let token = u32::try_from(state.calls.len()).unwrap_or(u32::MAX);
        state.calls.push(call.clone());
        Ok(match call.message {
            Message::Http { .. } => Token::Http(token),
            Message::Grpc { .. } => Token::Grpc(token),
        })
    }

    fn answered(&self, _: Arrived, max: usize) -> Result<Answered, HostError> {
        self.call("answered")?;
        let mut answered = self.0.borrow().answered.clone();
        answered.body.truncate(max);
        Ok(answered)
    }

    fn publish(&self, property: &str, value: &str) -> Result<(), HostError> {
        self.call("publish")?;
        self.0.borrow_mut().published.push((property.to_string(), value.to_string()));
        Ok(())
    }

    fn count(&self, counter: Counter, by: u64) {
        self.0.borrow_mut().counted.push((counter, by));
    }
}
