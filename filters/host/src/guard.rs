//! Where panics end: one request, one counter, one log line.
//!
//! Modules are built with unwinding, so that a panic in a callback is caught here and the VM lives on. What is not
//! caught: a stack overflow, memory that runs out, and a build without unwinding (`PANIC=abort`).

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use portcullis_core::telemetry::{Callback, Counter};

use crate::envoy::Envoy;

thread_local! {
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A callback that panicked. What it panicked with is not kept: it may quote content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panicked;

/// Remembers where a panic began, in place of the default hook, which prints its message.
pub fn install_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
        PLACE.set(place.unwrap_or_default());
    }));
}

/// Runs a callback. A panic in it is counted and logged with its place in our source.
///
/// # Errors
/// [`Panicked`] when it did.
pub fn guarded<T>(envoy: &impl Envoy, callback: Callback, run: impl FnOnce() -> T) -> Result<T, Panicked> {
    unplanted(envoy, callback, || {
        #[cfg(feature = "plant-panics")]
        planted::spring(envoy, callback);
        run()
    })
}

/// [`guarded`], where no test build panics on demand: for what a failure policy does after a panic.
///
/// # Errors
/// [`Panicked`] when it did.
pub fn unplanted<T>(envoy: &impl Envoy, callback: Callback, run: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|message| {
        // Its destructor could panic in turn, and outside of any guard.
        std::mem::forget(message);
        envoy.count(Counter::Panics(callback), 1);
        log::error!("portcullis: caught a panic in {} at {}", callback.name(), PLACE.take());
        Panicked
    })
}

/// Panics on demand, for a test build: a request names the callback that is to fail in `x-plant-panic`; the two that
/// no request reaches are named in the environment, `PLANT_PANIC`.
#[cfg(feature = "plant-panics")]
mod planted {
    use std::cell::RefCell;

    use portcullis_core::telemetry::Callback;

    use crate::envoy::{Envoy, Way};

    thread_local! {
        /// What the newest request asked for: the host shows its head in the first callback only.
        static NAMED: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
    }

    #[allow(clippy::panic, reason = "this is what it is for; no shipped module has the feature")]
    pub fn spring(envoy: &impl Envoy, callback: Callback) {
        if callback == Callback::RequestHeaders {
            NAMED.set(envoy.field(Way::Request, "x-plant-panic").ok().flatten());
        }
        let named = match callback {
            Callback::Configure | Callback::Create => std::env::var("PLANT_PANIC").ok().map(String::into_bytes),
            _ => NAMED.with_borrow(Clone::clone),
        };
        if named.is_some_and(|name| name == callback.name().as_bytes()) {
            panic!("planted");
        }
    }
}
