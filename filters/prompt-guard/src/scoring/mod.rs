//! Scores from elsewhere: what this stage is unsure of goes to a service that runs a larger model.
//!
//! [`Scorers`] is the section `scoring` of a profile; [`Asking`] is one request that waits; [`protocol`] writes questions
//! and reads answers, [`breaker`] keeps away from a service that fails, [`cache`] remembers what was answered.

mod asking;
mod breaker;
mod cache;
mod protocol;
mod settings;

pub(crate) use asking::{Asking, Local};
pub(crate) use settings::{Scorers, read};
